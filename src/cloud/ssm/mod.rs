//! Systems Manager, as far as functions and stacks need it: the parameters of Parameter Store.
//!
//! Built: texts, lists and secure strings, their versions, paths and tags. Refused by name: labels, policies of
//! parameters, and everything of Systems Manager that is no parameter. A KMS key is kept as a name; secure strings are
//! sealed with the key of the installation.

mod api;
mod resources;
mod store;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::BoxFuture;

use super::service::{Access, ApiCall, ApiError, ApiReply, CallContext, ResourceHandler, Service, ServiceId, Shared};
use store::Parameters;

/// Systems Manager: the parameters of Parameter Store.
pub(in crate::cloud) struct Ssm {
    parameters: Arc<Parameters>,
}

impl Service for Ssm {
    fn id(&self) -> ServiceId {
        ServiceId::Ssm
    }

    fn access(&self, _context: &CallContext, call: &ApiCall) -> Access {
        Access::Requires(api::permissions(&self.parameters, call))
    }

    fn call<'a>(&'a self, _context: &'a CallContext, call: ApiCall) -> BoxFuture<'a, Result<ApiReply, ApiError>> {
        Box::pin(async move { api::answer(&self.parameters, &call).map(ApiReply::json) })
    }

    fn resources(self: Arc<Self>) -> Vec<Box<dyn ResourceHandler>> {
        vec![Box::new(resources::ParameterType(Arc::clone(&self.parameters)))]
    }

    fn snapshot(&self) -> Value {
        let row = |parameter: store::Parameter| json!({"name": parameter.name, "type": parameter.kind, "version": parameter.version()});
        let rows: Vec<Value> = self.parameters.all().into_iter().map(row).collect();
        if rows.is_empty() { Value::Null } else { json!({"title": "Parameters", "rows": rows}) }
    }
}

impl Ssm {
    pub(in crate::cloud) fn new(shared: Arc<Shared>) -> Self {
        Self { parameters: Arc::new(Parameters::new(shared)) }
    }

    /// Type and value of a parameter, in its newest version or another one. Secure strings stay sealed.
    pub(in crate::cloud) fn read(&self, name: &str, version: Option<u64>) -> Option<(String, String)> {
        let parameter = self.parameters.get(&self.parameters.name_of(name)).ok()?;
        let mut versions = parameter.versions.iter().rev();
        let found = versions.find(|one| version.is_none_or(|version| one.number == version))?;
        let value = self.parameters.value(&parameter.name, found, false).ok()?;
        Some((parameter.kind, value))
    }
}
