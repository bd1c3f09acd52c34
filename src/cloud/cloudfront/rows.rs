//! What CloudFront keeps: distributions and what they refer to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::Table;

/// A distribution as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Distribution {
    pub id: String,
    /// The host by which it is reached, without port: `e1….cloudfront.localhost`.
    pub host: String,
    /// `DistributionConfig` as CloudFormation writes it.
    pub config: Value,
    /// Changes with every update.
    pub etag: String,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
    pub invalidations: Vec<Invalidation>,
}

/// A request to forget cached answers. Nothing is cached here, so it is complete at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Invalidation {
    pub id: String,
    pub reference: String,
    pub paths: Vec<String>,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}

/// A configuration that distributions refer to by id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Referred {
    pub name: String,
    pub config: Value,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
}

/// A function as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct EdgeFunction {
    pub name: String,
    pub code: String,
    /// The published code; a distribution runs only that.
    pub live: Option<String>,
}

/// The rows of this service.
pub(super) struct Rows {
    pub shared: Arc<Shared>,
    pub distributions: Table<Distribution>,
    pub access_controls: Table<Referred>,
    pub header_policies: Table<Referred>,
    pub cache_policies: Table<Referred>,
    /// By ARN.
    pub functions: Table<EdgeFunction>,
}

impl Rows {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let store = || Arc::clone(&shared.store);
        Self {
            distributions: Table::new(store(), "cloudfront.distribution"),
            access_controls: Table::new(store(), "cloudfront.access-control"),
            header_policies: Table::new(store(), "cloudfront.header-policy"),
            cache_policies: Table::new(store(), "cloudfront.cache-policy"),
            functions: Table::new(store(), "cloudfront.function"),
            shared,
        }
    }

    /// The distribution that answers for a host.
    pub(super) fn by_host(&self, host: &str) -> Option<Distribution> {
        let first = host.split('.').next().unwrap_or_default();
        let own = host.ends_with(".cloudfront.localhost") || host.ends_with(".cloudfront.net");
        if own {
            return self.distributions.get(&first.to_ascii_uppercase());
        }
        // Names of the loopback address and of AWS are no aliases; most requests carry one of them.
        if host == "localhost" || host == "127.0.0.1" || host == "[::1]" || host.ends_with(".amazonaws.com") {
            return None;
        }
        let all = self.distributions.all().into_iter().map(|(_, distribution)| distribution);
        all.into_iter().find(|distribution| {
            let aliases = distribution.config.get("Aliases").and_then(Value::as_array);
            aliases.is_some_and(|aliases| aliases.iter().any(|alias| alias == host))
        })
    }

    /// A distribution, or `NoSuchDistribution`.
    pub(super) fn distribution(&self, id: &str) -> Result<Distribution, ApiError> {
        let missing = || ApiError::new("NoSuchDistribution", "The specified distribution does not exist.").status(404);
        self.distributions.get(id).ok_or_else(missing)
    }

    /// `arn:aws:cloudfront::…:distribution/E…`.
    pub(super) fn arn(&self, id: &str) -> String {
        format!("arn:aws:cloudfront::{}:distribution/{id}", self.shared.account)
    }

    /// A new id in CloudFront's manner.
    pub(super) fn new_id(&self) -> String {
        format!("E{}", self.shared.ids.short(13).to_ascii_uppercase())
    }
}
