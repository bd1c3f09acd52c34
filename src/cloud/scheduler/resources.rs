//! EventBridge Scheduler's CloudFormation types.
//!
//! Source: `AWS::Scheduler::Schedule` and `AWS::Scheduler::ScheduleGroup` in CloudFormation's reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::api::tags;
use super::records::{DEFAULT, Engine};
use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

/// The types of this service.
pub(super) fn handlers(engine: &Arc<Engine>) -> Vec<Box<dyn ResourceHandler>> {
    vec![Box::new(ScheduleType(Arc::clone(engine))), Box::new(GroupType(Arc::clone(engine)))]
}

struct ScheduleType(Arc<Engine>);
struct GroupType(Arc<Engine>);

impl ResourceHandler for ScheduleType {
    fn kind(&self) -> &'static str {
        "AWS::Scheduler::Schedule"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "Description",
            "EndDate",
            "FlexibleTimeWindow",
            "GroupName",
            "KmsKeyArn",
            "Name",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "StartDate",
            "State",
            "Target",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["FlexibleTimeWindow", "ScheduleExpression", "Target"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["GroupName", "Name"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let name = request.text("Name").unwrap_or_else(|| request.generated_name(&*self.0.shared.ids, 64));
            let entry = self.0.put(&group_of(request), &name, &request.properties, false)?;
            let arn = self.0.arn(&format!("schedule/{}", entry.key()));
            Ok(Provisioned { physical_id: name, attributes: BTreeMap::from([("Arn".to_owned(), json!(arn))]) })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.0.put(&group_of(request), &current.physical_id, &request.properties, true)?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { unless_gone(self.0.delete(&group_of(request), &current.physical_id)) })
    }
}

impl ResourceHandler for GroupType {
    fn kind(&self) -> &'static str {
        "AWS::Scheduler::ScheduleGroup"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["Name", "Tags"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["Name"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let name = request.text("Name").unwrap_or_else(|| request.generated_name(&*self.0.shared.ids, 64));
            self.0.create_group(&name, all_tags(request))?;
            let arn = self.0.arn(&format!("schedule-group/{name}"));
            Ok(Provisioned { physical_id: name, attributes: BTreeMap::from([("Arn".to_owned(), json!(arn))]) })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let mut group = self.0.group(&current.physical_id)?;
            group.tags = all_tags(request);
            self.0.groups.put(&group.name, &group).map_err(ApiError::from)?;
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

fn group_of(request: &ResourceRequest) -> String {
    request.text("GroupName").unwrap_or_else(|| DEFAULT.to_owned())
}

fn all_tags(request: &ResourceRequest) -> BTreeMap<String, String> {
    request.tags.iter().cloned().chain(tags(request.property("Tags"))).collect()
}

fn unless_gone(outcome: Result<(), ApiError>) -> Result<(), ResourceError> {
    match outcome {
        Err(error) if error.code != "ResourceNotFoundException" => Err(error.into()),
        _ => Ok(()),
    }
}
