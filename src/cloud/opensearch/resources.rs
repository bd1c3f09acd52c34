//! OpenSearch's CloudFormation type.
//!
//! Source: `AWS::OpenSearchService::Domain` in CloudFormation's reference. How large a domain is, how it is encrypted and
//! reached is taken and makes no difference: the engine stands elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Domain, OpenSearch};
use crate::base::BoxFuture;
use crate::cloud::iam::policy::{Policy, PolicyKind};
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

/// The longest name of a domain.
const NAME_LIMIT: usize = 28;

/// The type of this service.
pub(super) fn handlers(service: &Arc<OpenSearch>) -> Vec<Box<dyn ResourceHandler>> {
    vec![Box::new(DomainType(Arc::clone(service)))]
}

struct DomainType(Arc<OpenSearch>);

impl ResourceHandler for DomainType {
    fn kind(&self) -> &'static str {
        "AWS::OpenSearchService::Domain"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "AccessPolicies",
            "ClusterConfig",
            "DomainEndpointOptions",
            "DomainName",
            "EBSOptions",
            "EncryptionAtRestOptions",
            "EngineVersion",
            "IPAddressType",
            "NodeToNodeEncryptionOptions",
            "SoftwareUpdateOptions",
            "Tags",
        ]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["DomainName"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "DomainArn", "DomainEndpoint", "Id"]
    }

    fn absence(&self) -> Option<String> {
        self.0.absence()
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let generated = || request.generated_name(&*self.0.shared.ids, NAME_LIMIT).to_lowercase();
            let name = request.text("DomainName").unwrap_or_else(generated);
            if self.0.domains.get(&name).is_some() {
                return Err(ResourceError(format!("{name} already exists")));
            }
            self.put(&name, request)
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move { self.put(&current.physical_id, request) })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { Ok(self.0.domains.remove(&current.physical_id).map_err(ApiError::from)?) })
    }
}

impl DomainType {
    fn put(&self, name: &str, request: &ResourceRequest) -> Result<Provisioned, ResourceError> {
        if let Some(reason) = self.0.absence() {
            return Err(ResourceError(reason));
        }
        let policy = request.property("AccessPolicies").cloned();
        let policy = match policy {
            Some(Value::String(text)) => {
                let read = serde_json::from_str(&text);
                Some(read.map_err(|error| ResourceError(format!("AccessPolicies is not JSON: {error}")))?)
            }
            other => other,
        };
        if let Some(document) = &policy {
            Policy::parse(document, PolicyKind::Resource)?;
        }
        self.0.domains.put(name, &Domain { policy }).map_err(ApiError::from)?;
        let shared = &self.0.shared;
        let host = shared.endpoint.rsplit("//").next().unwrap_or_default();
        let arn = self.0.arn(name);
        let id = format!("{}/{name}", shared.account);
        let attributes =
            [("Arn", json!(arn)), ("DomainArn", json!(arn)), ("DomainEndpoint", json!(host)), ("Id", json!(id))];
        let attributes: BTreeMap<String, Value> =
            attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Ok(Provisioned { physical_id: name.to_owned(), attributes })
    }
}
