//! What a cloud needs to know before it starts.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{Clock, Ids, Region, Secret, ServiceEndpoints};

/// The account that the embedded cloud plays.
pub const ACCOUNT_ID: &str = "000000000000";

/// The access key of the account's root, and its secret. Well known: the cloud listens on loopback only.
pub const ROOT_ACCESS_KEY: &str = "test";

/// Settings of a cloud.
#[derive(Clone)]
pub struct CloudConfig {
    /// Port on the loopback address; 0 lets the system choose.
    pub port: u16,
    /// Where the state lives; `None` keeps it in memory and in a temporary folder.
    pub state: Option<PathBuf>,
    /// The region it plays.
    pub region: Region,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub ids: Arc<dyn Ids>,
    /// A second root key besides the well-known one: access key and secret.
    pub root_key: Option<(String, Secret<String>)>,
    /// Where services are that it does not have itself.
    pub endpoints: ServiceEndpoints,
}

impl std::fmt::Debug for CloudConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("CloudConfig")
            .field("port", &self.port)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
