//! The API of EventBridge: who may, what is asked, what is answered.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::put::Origin;
use super::records::{DEFAULT, Engine, Rule, Target, bus_name, invalid, missing};
use crate::cloud::iam::Guest;
use crate::cloud::pattern::Pattern;
use crate::cloud::service::{ApiError, Caller, Permission};

/// How many entries `PutEvents` takes.
const ENTRIES_LIMIT: usize = 10;

/// How many rows a page has when nothing is said.
const PAGE: usize = 100;

/// One request.
struct Request<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
    action: &'a str,
    input: &'a Value,
}

/// Carries out a request.
pub(super) fn answer(engine: &Engine, caller: &Caller, action: &str, input: &Value) -> Result<Value, ApiError> {
    let request = Request { engine, caller, action, input };
    match action {
        "PutEvents" => request.put_events(),
        "TestEventPattern" => request.test_pattern(),
        "CreateEventBus" | "UpdateEventBus" | "DeleteEventBus" | "DescribeEventBus" | "ListEventBuses"
        | "PutPermission" | "RemovePermission" => request.bus(),
        "ListRules" | "ListRuleNamesByTarget" => request.list_rules(),
        "PutRule" | "DeleteRule" | "DescribeRule" | "EnableRule" | "DisableRule" => request.rule(),
        "PutTargets" | "RemoveTargets" | "ListTargetsByRule" => request.targets(),
        "TagResource" | "UntagResource" | "ListTagsForResource" => request.tag(),
        _ => Err(ApiError::not_built("events", action)),
    }
}

impl Request<'_> {
    fn optional(&self, name: &str) -> Option<&str> {
        self.input.get(name).and_then(Value::as_str)
    }

    fn text(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name).ok_or_else(|| {
            let mut member = name.to_owned();
            if let Some(first) = member.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            invalid(format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
            ))
        })
    }

    fn bus_of(&self) -> &str {
        bus_name(self.optional("EventBusName").unwrap_or(DEFAULT))
    }

    fn allow(&self, resource: &str) -> Result<(), ApiError> {
        self.engine.iam.authorize(self.caller, &Permission::new(format!("events:{}", self.action), resource))
    }

    fn put_events(&self) -> Result<Value, ApiError> {
        let entries = self.input.get("Entries").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if !(1..=ENTRIES_LIMIT).contains(&entries.len()) {
            return Err(invalid(format!(
                "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length \
                 less than or equal to {ENTRIES_LIMIT} and greater than or equal to 1"
            )));
        }
        if self.optional("EndpointId").is_some() {
            return Err(ApiError::not_built("events", "PutEvents with EndpointId"));
        }
        let bus_of =
            |entry: &Value| bus_name(entry.get("EventBusName").and_then(Value::as_str).unwrap_or(DEFAULT)).to_owned();
        for entry in entries {
            self.engine.check_put(&Guest::Caller(self.caller.clone()), &bus_of(entry))?;
        }
        let mut failed = 0;
        let mut results = Vec::new();
        for entry in entries {
            match self.engine.event(entry) {
                Ok(event) => {
                    self.engine.take(&bus_of(entry), &event, Origin::Sender)?;
                    results.push(json!({"EventId": event["id"]}));
                }
                Err((code, message)) => {
                    failed += 1;
                    results.push(json!({"ErrorCode": code, "ErrorMessage": message}));
                }
            }
        }
        Ok(json!({"FailedEntryCount": failed, "Entries": results}))
    }

    fn test_pattern(&self) -> Result<Value, ApiError> {
        self.allow("*")?;
        let pattern = Pattern::parse_text(self.text("EventPattern")?).map_err(|error| {
            let message = format!("Event pattern is not valid. Reason: {error}");
            ApiError::new("InvalidEventPatternException", message)
        })?;
        let event: Value = serde_json::from_str(self.text("Event")?).unwrap_or_default();
        let needed = ["id", "account", "source", "time", "region", "resources", "detail-type"];
        if let Some(absent) = needed.iter().find(|name| event.get(**name).is_none()) {
            return Err(invalid(format!(
                "Parameter Event is not valid. Reason: it must be JSON with the member {absent}."
            )));
        }
        Ok(json!({"Result": pattern.fits(&event)}))
    }

    /// What is about buses.
    fn bus(&self) -> Result<Value, ApiError> {
        let engine = self.engine;
        let member = if self.action.ends_with("Permission") { "EventBusName" } else { "Name" };
        let name = bus_name(self.optional(member).unwrap_or(DEFAULT));
        self.allow(&if self.action == "ListEventBuses" { "*".to_owned() } else { engine.bus_arn(name) })?;
        match self.action {
            "CreateEventBus" => {
                if self.optional("EventSourceName").is_some() {
                    return Err(ApiError::not_built("events", "CreateEventBus with EventSourceName"));
                }
                let description = self.optional("Description").map(str::to_owned);
                engine.create_bus(self.text("Name")?, description, tags(self.input.get("Tags")))?;
                Ok(json!({"EventBusArn": engine.bus_arn(name)}))
            }
            "UpdateEventBus" => {
                let description = self.optional("Description").map(str::to_owned);
                engine.change_bus(name, |bus| bus.description = description)?;
                Ok(json!({"Arn": engine.bus_arn(name), "Name": name}))
            }
            "DeleteEventBus" => engine.delete_bus(self.text("Name")?).map(|()| json!({})),
            "DescribeEventBus" => Ok(self.shown_bus(&engine.bus(name)?)),
            "ListEventBuses" => {
                let mut all = engine.buses.all();
                if !all.iter().any(|(name, _)| name == DEFAULT) {
                    all.push((DEFAULT.to_owned(), engine.bus(DEFAULT)?));
                }
                let prefix = self.optional("NamePrefix").unwrap_or_default();
                let rows = all.iter().filter(|(name, _)| name.starts_with(prefix));
                Ok(self.page("EventBuses", rows.map(|(name, bus)| (name.clone(), self.shown_bus(bus))).collect()))
            }
            "PutPermission" => self.put_permission(name),
            _ => {
                if self.input.get("RemoveAllPermissions").and_then(Value::as_bool) == Some(true) {
                    engine.change_bus(name, |bus| bus.statements.clear())?;
                } else {
                    let sid = self.text("StatementId")?;
                    if !engine.bus(name)?.statements.contains_key(sid) {
                        return Err(missing("EventBus does not have a policy with this statement.".to_owned()));
                    }
                    engine.set_statement(name, sid, None)?;
                }
                Ok(json!({}))
            }
        }
    }

    fn shown_bus(&self, bus: &super::records::Bus) -> Value {
        let mut shown = json!({"Name": bus.name, "Arn": self.engine.bus_arn(&bus.name)});
        if let Some(description) = &bus.description {
            shown["Description"] = json!(description);
        }
        if let Some(document) = Engine::document(bus) {
            shown["Policy"] = json!(document.to_string());
        }
        shown
    }

    fn put_permission(&self, name: &str) -> Result<Value, ApiError> {
        if let Some(policy) = self.optional("Policy") {
            let document: Value = serde_json::from_str(policy).unwrap_or_default();
            let list = match document.get("Statement") {
                Some(Value::Array(list)) => list.clone(),
                Some(one) => vec![one.clone()],
                None => return Err(invalid("Policy is not valid.".to_owned())),
            };
            self.engine.change_bus(name, |bus| bus.statements.clear())?;
            for (at, statement) in list.into_iter().enumerate() {
                let sid = statement.get("Sid").and_then(Value::as_str).map_or_else(|| at.to_string(), str::to_owned);
                self.engine.set_statement(name, &sid, Some(statement))?;
            }
            return Ok(json!({}));
        }
        let (sid, principal) = (self.text("StatementId")?, self.text("Principal")?);
        let principal =
            if principal == "*" { json!("*") } else { json!({"AWS": format!("arn:aws:iam::{principal}:root")}) };
        let statement = json!({
            "Sid": sid, "Effect": "Allow", "Principal": principal, "Action": self.text("Action")?,
            "Resource": self.engine.bus_arn(name),
        });
        self.engine.set_statement(name, sid, Some(statement))?;
        Ok(json!({}))
    }

    fn list_rules(&self) -> Result<Value, ApiError> {
        self.allow("*")?;
        let bus = self.engine.bus(self.bus_of())?.name;
        let all = self.engine.rules.starting_with(&format!("{bus}/")).into_iter().map(|(_, rule)| rule);
        if self.action == "ListRuleNamesByTarget" {
            let arn = self.text("TargetArn")?;
            let fits = |rule: &Rule| rule.targets.values().any(|target| target.arn == arn);
            let rows = all.filter(fits).map(|rule| (rule.name.clone(), json!(rule.name)));
            return Ok(self.page("RuleNames", rows.collect()));
        }
        let prefix = self.optional("NamePrefix").unwrap_or_default();
        let rows = all.filter(|rule| rule.name.starts_with(prefix));
        Ok(self.page("Rules", rows.map(|rule| (rule.name.clone(), self.shown_rule(&rule))).collect()))
    }

    fn shown_rule(&self, rule: &Rule) -> Value {
        let mut shown = json!({
            "Name": rule.name, "Arn": self.engine.rule_arn(&rule.bus, &rule.name), "EventBusName": rule.bus,
            "State": if rule.enabled { "ENABLED" } else { "DISABLED" },
        });
        let further = [
            ("EventPattern", &rule.pattern),
            ("ScheduleExpression", &rule.schedule),
            ("Description", &rule.description),
            ("RoleArn", &rule.role),
        ];
        for (name, value) in further {
            if let Some(value) = value {
                shown[name] = json!(value);
            }
        }
        shown
    }

    /// What is about one rule.
    fn rule(&self) -> Result<Value, ApiError> {
        let (engine, bus, name) = (self.engine, self.bus_of(), self.text("Name")?);
        self.allow(&engine.rule_arn(bus, name))?;
        match self.action {
            "PutRule" => {
                if let Some(role) = self.optional("RoleArn") {
                    engine.iam.authorize(self.caller, &Permission::new("iam:PassRole", role))?;
                }
                engine.put_rule(rule(self.input, bus, name)?)?;
                Ok(json!({"RuleArn": engine.rule_arn(bus, name)}))
            }
            "DeleteRule" => engine.delete_rule(bus, name).map(|()| json!({})),
            "DescribeRule" => {
                let mut shown = self.shown_rule(&engine.rule(bus, name)?);
                shown["CreatedBy"] = json!(engine.shared.account);
                Ok(shown)
            }
            action => {
                let (enabled, now_ms) = (action == "EnableRule", engine.shared.clock.now_ms());
                engine.change_rule(bus, name, |rule| {
                    rule.since_ms = if rule.enabled == enabled { rule.since_ms } else { now_ms };
                    rule.enabled = enabled;
                    Ok(())
                })?;
                Ok(json!({}))
            }
        }
    }

    /// What is about the targets of a rule.
    fn targets(&self) -> Result<Value, ApiError> {
        let (engine, bus, name) = (self.engine, self.bus_of(), self.text("Rule")?);
        self.allow(&engine.rule_arn(bus, name))?;
        match self.action {
            "PutTargets" => {
                let targets = targets(self.input.get("Targets"))?;
                for role in targets.iter().filter_map(|target| target.role.as_deref()) {
                    engine.iam.authorize(self.caller, &Permission::new("iam:PassRole", role))?;
                }
                engine.put_targets(bus, name, targets)?;
                Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
            }
            "RemoveTargets" => {
                let ids = self.input.get("Ids").and_then(Value::as_array).cloned().unwrap_or_default();
                engine.change_rule(bus, name, |rule| {
                    rule.targets.retain(|id, _| !ids.contains(&json!(id)));
                    Ok(())
                })?;
                Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
            }
            _ => {
                let rule = engine.rule(bus, name)?;
                Ok(self.page("Targets", rule.targets.into_iter().map(|(id, target)| (id, json!(target))).collect()))
            }
        }
    }

    fn tag(&self) -> Result<Value, ApiError> {
        let arn = self.text("ResourceARN")?;
        self.allow(arn)?;
        let rest = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let more = tags(self.input.get("Tags"));
        let gone = self.input.get("TagKeys").and_then(Value::as_array).cloned().unwrap_or_default();
        let change = |tags: &mut BTreeMap<String, String>| {
            tags.extend(more.clone());
            tags.retain(|key, _| !gone.contains(&json!(key)));
        };
        let found = if let Some(rule) = rest.strip_prefix("rule/") {
            let (bus, name) = rule.rsplit_once('/').unwrap_or((DEFAULT, rule));
            let mut rule = self.engine.rule(bus, name)?;
            change(&mut rule.tags);
            self.engine.rules.put(&rule.key(), &rule)?;
            rule.tags
        } else {
            let mut bus = self.engine.bus(rest)?;
            change(&mut bus.tags);
            if self.action != "ListTagsForResource" {
                self.engine.buses.put(&bus.name, &bus)?;
            }
            bus.tags
        };
        if self.action != "ListTagsForResource" {
            return Ok(json!({}));
        }
        Ok(json!({"Tags": found.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect::<Vec<_>>()}))
    }

    /// A page of rows in order of their names; the token is the last name of the page before.
    fn page(&self, member: &str, mut rows: Vec<(String, Value)>) -> Value {
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        let most = self.input.get("Limit").and_then(Value::as_u64).and_then(|most| usize::try_from(most).ok());
        let from = self.optional("NextToken").unwrap_or_default();
        let mut rows = rows.into_iter().filter(|(name, _)| from.is_empty() || name.as_str() > from);
        let page: Vec<(String, Value)> = rows.by_ref().take(most.unwrap_or(PAGE).clamp(1, PAGE)).collect();
        let last = page.last().map(|(name, _)| name.clone());
        let mut answer = Map::new();
        answer.insert(member.to_owned(), page.into_iter().map(|(_, row)| row).collect());
        if let Some(last) = last.filter(|_| rows.next().is_some()) {
            answer.insert("NextToken".to_owned(), json!(last));
        }
        Value::Object(answer)
    }
}

/// A rule as it is asked for; patterns stand as text or as objects.
pub(super) fn rule(input: &Value, bus: &str, name: &str) -> Result<Rule, ApiError> {
    let text = |member: &str| match input.get(member) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let enabled = match text("State").as_deref() {
        None | Some("ENABLED") => true,
        Some("DISABLED") => false,
        Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => {
            return Err(ApiError::not_built("events", "rules for CloudTrail's management events"));
        }
        Some(other) => return Err(invalid(format!("State {other} is not valid."))),
    };
    Ok(Rule {
        name: name.to_owned(),
        bus: bus.to_owned(),
        pattern: text("EventPattern").filter(|text| !text.is_empty()),
        schedule: text("ScheduleExpression").filter(|text| !text.is_empty()),
        enabled,
        description: text("Description"),
        role: text("RoleArn"),
        tags: tags(input.get("Tags")),
        ..Rule::default()
    })
}

/// Targets as they are asked for; what other kinds of targets have is refused by name.
pub(super) fn targets(value: Option<&Value>) -> Result<Vec<Target>, ApiError> {
    let list = value.and_then(Value::as_array).cloned().unwrap_or_default();
    list.into_iter()
        .map(|target| {
            serde_json::from_value(target)
                .map_err(|error| ApiError::not_built("events", &format!("targets as given: {error}")))
        })
        .collect()
}

/// Tags as a list of keys and values.
pub(super) fn tags(value: Option<&Value>) -> BTreeMap<String, String> {
    let pair = |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
    value.and_then(Value::as_array).into_iter().flatten().filter_map(pair).collect()
}
