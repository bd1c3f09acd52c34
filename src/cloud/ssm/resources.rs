//! How CloudFormation makes parameters.
//!
//! Source: `AWS::SSM::Parameter` in CloudFormation's reference. It makes no secure strings, as CloudFormation does not:
//! the value would stand in the template.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::store::{Parameters, Wanted, invalid};
use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

pub(super) struct ParameterType(pub Arc<Parameters>);

impl ParameterType {
    fn put(&self, name: String, request: &ResourceRequest, overwrite: bool) -> Result<Provisioned, ApiError> {
        let kind = request.text("Type").unwrap_or_default();
        if kind == "SecureString" {
            return Err(invalid("SecureString parameters cannot be made by CloudFormation: use ssm:PutParameter"));
        }
        let mut tags: BTreeMap<String, String> = request.tags.iter().cloned().collect();
        let own = request.property("Tags").and_then(Value::as_object).into_iter().flatten();
        tags.extend(own.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
        let wanted = Wanted {
            name,
            value: request.text("Value").unwrap_or_default(),
            kind: Some(kind),
            description: request.text("Description"),
            pattern: request.text("AllowedPattern"),
            data_type: request.text("DataType"),
            tier: request.text("Tier"),
            key: None,
            tags: Some(tags),
            overwrite,
        };
        let (kind, value) = (json!(wanted.kind), json!(wanted.value));
        let parameter = self.0.put(wanted)?;
        let attributes = BTreeMap::from([("Type".to_owned(), kind), ("Value".to_owned(), value)]);
        Ok(Provisioned { physical_id: parameter.name, attributes })
    }
}

impl ResourceHandler for ParameterType {
    fn kind(&self) -> &'static str {
        "AWS::SSM::Parameter"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["AllowedPattern", "DataType", "Description", "Name", "Tags", "Tier", "Type", "Value"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Type", "Value"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["Name"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Type", "Value"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            // CloudFormation's own form of a name for parameters.
            let generated = || {
                let tail = self.0.shared.ids.short(12);
                format!("CFN-{}-{tail}", request.logical_id)
            };
            Ok(self.put(request.text("Name").unwrap_or_else(generated), request, false)?)
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move { Ok(self.put(current.physical_id.clone(), request, true)?) })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            match self.0.delete(&current.physical_id) {
                Err(error) if error.code == "ParameterNotFound" => Ok(()),
                other => Ok(other?),
            }
        })
    }
}
