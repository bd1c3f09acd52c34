//! Outputs of a deployed root stack, by resource; what a person reads of them.

use indexmap::IndexMap;
use serde::Serialize;

use super::OperationError;
use crate::base::{LogicalId, ResourceName};
use crate::category::ResourceSpec;
use crate::manifest::Manifest;

/// The outputs of the root stack.
pub type RootOutputs = IndexMap<LogicalId, String>;

/// The root's output for `output` of `resource`: their names joined.
pub fn find<'a>(outputs: &'a RootOutputs, resource: &ResourceName, output: &str) -> Result<&'a str, OperationError> {
    let name = format!("{}{output}", resource.logical());
    match outputs.get(name.as_str()) {
        Some(value) => Ok(value),
        None => Err(OperationError::NoOutput { output: name }),
    }
}

/// An address that people use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Address {
    /// What it is: `GraphQL`, `Users`, `Site`.
    pub name: &'static str,
    /// The resource it belongs to.
    pub resource: ResourceName,
    /// The address or id.
    pub value: String,
}

/// The addresses of everything deployed, in the order of the manifest.
pub fn addresses(manifest: &Manifest, outputs: &RootOutputs) -> Vec<Address> {
    let mut found = Vec::new();
    for (resource, spec) in &manifest.resources {
        let shown: &[(&'static str, &str)] = match spec {
            ResourceSpec::Auth(_) => &[("Users", "UserPoolId")],
            ResourceSpec::Api(_) => &[("GraphQL", "GraphQLUrl")],
            ResourceSpec::Hosting(_) => &[("Site", "DomainName")],
            ResourceSpec::Function(_) => &[("Function", "FunctionName"), ("Function URL", "FunctionUrl")],
            ResourceSpec::Storage(_) => &[("Bucket", "BucketName"), ("Table", "TableName")],
        };
        for (name, output) in shown {
            let Ok(value) = find(outputs, resource, output) else { continue };
            let value = if *name == "Site" { site_url(value) } else { value.to_owned() };
            found.push(Address { name, resource: resource.clone(), value });
        }
    }
    found
}

/// The URL of a site: CloudFront's names are HTTPS, those of a cloud on this computer are not.
pub fn site_url(domain: &str) -> String {
    if domain.contains("://") {
        domain.to_owned()
    } else if domain.contains("localhost") {
        format!("http://{domain}")
    } else {
        format!("https://{domain}")
    }
}
