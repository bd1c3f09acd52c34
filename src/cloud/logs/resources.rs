//! How CloudFormation makes log groups and streams.
//!
//! Source: `AWS::Logs::LogGroup` and `AWS::Logs::LogStream` in CloudFormation's reference. Data protection, index and
//! resource policies are no properties of ours and are refused by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{group_arn, group_name, retention};
use super::database::Group;
use super::engine::Engine;
use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

/// The types of this service.
pub(super) fn handlers(engine: &Arc<Engine>) -> Vec<Box<dyn ResourceHandler>> {
    vec![Box::new(GroupType(Arc::clone(engine))), Box::new(StreamType(Arc::clone(engine)))]
}

struct GroupType(Arc<Engine>);
struct StreamType(Arc<Engine>);

/// What a template says of a group, in a group.
fn configure(request: &ResourceRequest) -> Result<impl FnOnce(&mut Group) + use<>, ApiError> {
    let class = request.text("LogGroupClass").unwrap_or_else(|| "STANDARD".to_owned());
    if !matches!(class.as_str(), "STANDARD" | "INFREQUENT_ACCESS") {
        return Err(ApiError::not_built("logs", &format!("log groups of the class {class}")));
    }
    let days = request.text("RetentionInDays").map(|days| retention(days.parse().unwrap_or_default())).transpose()?;
    let mut tags: BTreeMap<String, String> = request.tags.iter().cloned().collect();
    let own = request.property("Tags").and_then(Value::as_array).into_iter().flatten();
    tags.extend(
        own.filter_map(|tag| Some((tag.get("Key")?.as_str()?.to_owned(), tag.get("Value")?.as_str()?.to_owned()))),
    );
    let kms_key = request.text("KmsKeyId");
    Ok(move |group: &mut Group| {
        group.retention_days = days;
        group.kms_key = kms_key;
        group.class = class;
        group.tags = json!(tags).to_string();
    })
}

/// What is gone already is deleted.
fn unless_gone(outcome: Result<(), ApiError>) -> Result<(), ResourceError> {
    match outcome {
        Err(error) if error.code == "ResourceNotFoundException" => Ok(()),
        other => other.map_err(ResourceError::from),
    }
}

impl ResourceHandler for GroupType {
    fn kind(&self) -> &'static str {
        "AWS::Logs::LogGroup"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["LogGroupClass", "LogGroupName"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let generated = || request.generated_name(&*self.0.shared.ids, 512);
            let name = group_name(&request.text("LogGroupName").unwrap_or_else(generated))?;
            self.0.create_group(&name, configure(request)?)?;
            let arn = json!(format!("{}:*", group_arn(&self.0.shared, &name)));
            Ok(Provisioned { physical_id: name, attributes: BTreeMap::from([("Arn".to_owned(), arn)]) })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.0.change_group(&current.physical_id, configure(request)?)?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { unless_gone(self.0.delete_group(&current.physical_id)) })
    }
}

impl ResourceHandler for StreamType {
    fn kind(&self) -> &'static str {
        "AWS::Logs::LogStream"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["LogGroupName", "LogStreamName"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["LogGroupName"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        self.properties()
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let generated = || request.generated_name(&*self.0.shared.ids, 512);
            let name = request.text("LogStreamName").unwrap_or_else(generated);
            self.0.create_stream(&request.text("LogGroupName").unwrap_or_default(), &name)?;
            Ok(Provisioned { physical_id: name, attributes: BTreeMap::new() })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        // Every property is create-only: what changes is made anew.
        Box::pin(async move { Ok(current.clone()) })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            let group = request.text("LogGroupName").unwrap_or_default();
            unless_gone(self.0.delete_stream(&group, &current.physical_id))
        })
    }
}
