//! Secrets Manager: secrets that functions read, sealed with the key of the installation.
//!
//! Built: secrets, their versions by stage, deletion with a recovery window, generated passwords, tags. Refused by name:
//! rotation, replication, resource policies. A KMS key is kept as a name.

mod api;
mod generate;
mod resources;
mod store;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};
use store::Secrets;

/// Secrets Manager: secrets that functions read.
pub(in crate::cloud) struct SecretsManager {
    secrets: Arc<Secrets>,
}

impl Service for SecretsManager {
    fn id(&self) -> ServiceId {
        ServiceId::SecretsManager
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        Access::Requires(vec![api::permission(&self.secrets, call)])
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { api::answer(&self.secrets, &call).map(ApiReply::json) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        vec![Box::new(resources::SecretType(Arc::clone(&self.secrets)))]
    }

    fn snapshot(&self) -> Value {
        let secrets = self.secrets.all();
        let rows: Vec<Value> = secrets.iter().map(|secret| json!({"name": secret.name, "arn": secret.arn})).collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Secrets", "rows": rows}) }
    }
}

impl SecretsManager {
    pub(in crate::cloud) fn new(shared: Arc<Shared>) -> Self {
        Self { secrets: Arc::new(Secrets::new(shared)) }
    }

    /// The text of a secret: its current version, or another one by stage or id.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, `InvalidRequestException` of a deleted secret.
    pub(in crate::cloud) fn read(
        &self,
        id: &str,
        stage: Option<&str>,
        version: Option<&str>,
    ) -> Result<String, ApiError> {
        let secret = self.secrets.live(id)?;
        let stage = stage.unwrap_or(store::CURRENT);
        let found = secret.versions.iter().find(|one| match version {
            Some(version) => one.id == version,
            None => one.stages.iter().any(|held| held == stage),
        });
        let found = found.filter(|one| !one.binary).ok_or_else(store::not_found)?;
        self.secrets.reveal(&secret, found)
    }
}
