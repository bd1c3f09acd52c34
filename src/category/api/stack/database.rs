//! What SQL models and statements add to a stack: the data source that reaches the user's own database, and its role.

use serde::Serialize;

use crate::base::ResourceName;
use crate::category::api::database::{DatabaseParameters, DatabaseSpec};
use crate::category::api::plan::SQL_SOURCE;

/// Logical id of the data source. No model has it: theirs end in `DataSource`.
pub(super) const SOURCE_ID: &str = "SqlSource";

/// Part of the context of `api/stack.yaml`.
#[derive(Debug, Serialize)]
pub(super) struct Database {
    source_id: &'static str,
    source_name: &'static str,
    /// What it speaks, as people write it.
    engine: &'static str,
    /// Its name in the cluster.
    name: String,
    cluster_parameter: String,
    secret_parameter: String,
}

/// The database of an API, when something reads or writes it.
pub(super) fn database(spec: Option<&DatabaseSpec>, api: &ResourceName, used: bool) -> Option<Database> {
    let spec = spec.filter(|_| used)?;
    let parameters = DatabaseParameters::of(api);
    Some(Database {
        source_id: SOURCE_ID,
        source_name: SQL_SOURCE,
        engine: spec.engine.title(),
        name: spec.database.to_string(),
        cluster_parameter: parameters.cluster,
        secret_parameter: parameters.secret,
    })
}
