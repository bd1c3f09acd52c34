//! EventBridge's CloudFormation types.
//!
//! Source: `AWS::Events::EventBus`, `AWS::Events::EventBusPolicy` and `AWS::Events::Rule` in CloudFormation's reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{rule, tags, targets};
use super::records::{DEFAULT, Engine, bus_name};
use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};

/// The types of this service.
pub(super) fn handlers(engine: &Arc<Engine>) -> Vec<Box<dyn ResourceHandler>> {
    vec![
        Box::new(BusType(Arc::clone(engine))),
        Box::new(BusPolicyType(Arc::clone(engine))),
        Box::new(RuleType(Arc::clone(engine))),
    ]
}

struct BusType(Arc<Engine>);
struct BusPolicyType(Arc<Engine>);
struct RuleType(Arc<Engine>);

impl ResourceHandler for BusType {
    fn kind(&self) -> &'static str {
        "AWS::Events::EventBus"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["Description", "Name", "Tags"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Name"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["Name"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "Name"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let name = request.text("Name").unwrap_or_default();
            self.0.create_bus(&name, request.text("Description"), all_tags(request))?;
            let attributes = [("Arn", json!(self.0.bus_arn(&name))), ("Name", json!(name))];
            let attributes = attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            Ok(Provisioned { physical_id: name, attributes })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.0.change_bus(&current.physical_id, |bus| {
                bus.description = request.text("Description");
                bus.tags = all_tags(request);
            })?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { Ok(self.0.delete_bus(&current.physical_id)?) })
    }
}

impl ResourceHandler for BusPolicyType {
    fn kind(&self) -> &'static str {
        "AWS::Events::EventBusPolicy"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["EventBusName", "Statement", "StatementId"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Statement", "StatementId"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["EventBusName", "StatementId"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let (bus, sid) = (bus_of(request), request.text("StatementId").unwrap_or_default());
            self.put(request)?;
            Ok(Provisioned { physical_id: format!("{bus}|{sid}"), attributes: BTreeMap::new() })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            self.put(request)?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            let (bus, sid) = current.physical_id.split_once('|').unwrap_or_default();
            unless_gone(self.0.set_statement(bus, sid, None))
        })
    }
}

impl BusPolicyType {
    fn put(&self, request: &ResourceRequest) -> Result<(), ResourceError> {
        let sid = request.text("StatementId").unwrap_or_default();
        let mut statement = request.property("Statement").cloned().unwrap_or_default();
        statement["Sid"] = json!(sid);
        Ok(self.0.set_statement(&bus_of(request), &sid, Some(statement))?)
    }
}

impl ResourceHandler for RuleType {
    fn kind(&self) -> &'static str {
        "AWS::Events::Rule"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "Description",
            "EventBusName",
            "EventPattern",
            "Name",
            "RoleArn",
            "ScheduleExpression",
            "State",
            "Tags",
            "Targets",
        ]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["EventBusName", "Name"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let bus = bus_of(request);
            let name = request.text("Name").unwrap_or_else(|| request.generated_name(&*self.0.shared.ids, 64));
            if self.0.rule(&bus, &name).is_ok() {
                return Err(ResourceError(format!("{name} already exists")));
            }
            self.put(request, &bus, &name)?;
            // `Ref` is the name, with the bus before it when that is not the default.
            let physical_id = if bus == DEFAULT { name.clone() } else { format!("{bus}|{name}") };
            let attributes = BTreeMap::from([("Arn".to_owned(), json!(self.0.rule_arn(&bus, &name)))]);
            Ok(Provisioned { physical_id, attributes })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let (bus, name) = place(&current.physical_id);
            self.put(request, bus, name)?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            let (bus, name) = place(&current.physical_id);
            unless_gone(self.0.change_rule(bus, name, |rule| {
                rule.targets.clear();
                Ok(())
            }))?;
            Ok(self.0.delete_rule(bus, name)?)
        })
    }
}

impl RuleType {
    fn put(&self, request: &ResourceRequest, bus: &str, name: &str) -> Result<(), ResourceError> {
        let wanted = rule(&request.properties, bus, name)?;
        let list = targets(request.property("Targets").map(numbers).as_ref())?;
        let tags = all_tags(request);
        self.0.put_rule(wanted)?;
        self.0.change_rule(bus, name, |rule| {
            rule.targets.clear();
            rule.tags = tags;
            Ok(())
        })?;
        Ok(self.0.put_targets(bus, name, list)?)
    }
}

/// Numbers may stand as text in templates.
fn numbers(targets: &Value) -> Value {
    let mut targets = targets.clone();
    for target in targets.as_array_mut().into_iter().flatten() {
        let Some(policy) = target.get_mut("RetryPolicy").and_then(Value::as_object_mut) else { continue };
        for value in policy.values_mut() {
            if let Some(number) = value.as_str().and_then(|text| text.parse::<i64>().ok()) {
                *value = json!(number);
            }
        }
    }
    targets
}

fn bus_of(request: &ResourceRequest) -> String {
    bus_name(&request.text("EventBusName").unwrap_or_else(|| DEFAULT.to_owned())).to_owned()
}

/// The bus and the name in a `Ref`.
fn place(physical_id: &str) -> (&str, &str) {
    physical_id.split_once('|').unwrap_or((DEFAULT, physical_id))
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
