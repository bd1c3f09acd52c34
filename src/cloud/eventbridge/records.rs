//! Buses, rules and targets as stored, and the rules for changing them.
//!
//! Source: the EventBridge API reference.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;

use crate::base::Schedule;
use crate::cloud::delivery::Delivery;
use crate::cloud::iam::Iam;
use crate::cloud::iam::policy::{Policy, PolicyKind};
use crate::cloud::pattern::Pattern;
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::{Batch, Table};

/// The bus that every account has.
pub(super) const DEFAULT: &str = "default";

/// How many targets a rule may have.
const TARGETS_LIMIT: usize = 5;

/// A bus as stored. The default bus is stored when something is said of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Bus {
    pub name: String,
    pub description: Option<String>,
    /// The statements of its policy by their ids.
    pub statements: BTreeMap<String, Value>,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}

/// A rule as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Rule {
    pub name: String,
    pub bus: String,
    /// As it was given.
    pub pattern: Option<String>,
    pub schedule: Option<String>,
    pub enabled: bool,
    pub description: Option<String>,
    pub role: Option<String>,
    pub targets: BTreeMap<String, Target>,
    pub tags: BTreeMap<String, String>,
    /// From when a rate counts, in milliseconds since 1970.
    pub since_ms: i64,
}

/// A target as stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Target {
    pub id: String,
    pub arn: String,
    #[serde(rename = "RoleArn", skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_path: Option<String>,
    #[serde(rename = "InputTransformer", skip_serializing_if = "Option::is_none")]
    pub transformer: Option<Transformer>,
    #[serde(rename = "SqsParameters", skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueFacts>,
    #[serde(rename = "DeadLetterConfig", skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<DeadLetterFacts>,
    #[serde(rename = "RetryPolicy", skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryFacts>,
}

/// A text with names, and where their values stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transformer {
    #[serde(rename = "InputPathsMap", default)]
    pub paths: BTreeMap<String, String>,
    #[serde(rename = "InputTemplate")]
    pub template: String,
}

/// What a FIFO queue needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct QueueFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_group_id: Option<String>,
}

/// Where events go that cannot be delivered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeadLetterFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
}

/// How long and how often a target is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RetryFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_retry_attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_event_age_in_seconds: Option<i64>,
}

/// The buses and rules of the account.
pub(super) struct Engine {
    pub shared: Arc<Shared>,
    pub iam: Arc<Iam>,
    pub delivery: Arc<Delivery>,
    pub buses: Table<Bus>,
    /// By `bus/rule`.
    pub rules: Table<Rule>,
    /// When rules with a schedule come next, by their keys, in milliseconds since 1970.
    pub next: Mutex<BTreeMap<String, i64>>,
    /// Told when a schedule changes.
    pub changed: Notify,
}

impl Rule {
    /// The key of the rule in the store.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.bus, self.name)
    }

    /// What the rule is for.
    pub(super) fn read_pattern(&self) -> Option<Pattern> {
        self.pattern.as_deref().and_then(|text| Pattern::parse_text(text).ok())
    }
}

impl Engine {
    pub(super) fn new(shared: Arc<Shared>, iam: Arc<Iam>, delivery: Arc<Delivery>) -> Self {
        let store = || Arc::clone(&shared.store);
        let engine = Self {
            buses: Table::new(store(), "events.bus"),
            rules: Table::new(store(), "events.rule"),
            next: Mutex::default(),
            changed: Notify::new(),
            shared,
            iam,
            delivery,
        };
        engine.rules.all().iter().for_each(|(_, rule)| engine.plan(rule));
        engine
    }

    fn arn(&self, rest: &str) -> String {
        format!("arn:aws:events:{}:{}:{rest}", self.shared.region, self.shared.account)
    }

    /// The ARN of a bus.
    pub(super) fn bus_arn(&self, name: &str) -> String {
        self.arn(&format!("event-bus/{name}"))
    }

    /// The ARN of a rule.
    pub(super) fn rule_arn(&self, bus: &str, name: &str) -> String {
        self.arn(&if bus == DEFAULT { format!("rule/{name}") } else { format!("rule/{bus}/{name}") })
    }

    /// A bus by its name or ARN.
    pub(super) fn bus(&self, name: &str) -> Result<Bus, ApiError> {
        let name = bus_name(name);
        let fresh = || (name == DEFAULT).then(|| Bus { name: name.to_owned(), ..Bus::default() });
        self.buses.get(name).or_else(fresh).ok_or_else(|| missing(format!("Event bus {name} does not exist.")))
    }

    /// The policy of a bus as a document.
    pub(super) fn document(bus: &Bus) -> Option<Value> {
        let statements: Vec<&Value> = bus.statements.values().collect();
        (!statements.is_empty()).then(|| serde_json::json!({"Version": "2012-10-17", "Statement": statements}))
    }

    /// The policy of a bus.
    pub(super) fn policy(&self, bus: &str) -> Option<Policy> {
        let document = Self::document(&self.bus(bus).ok()?)?;
        Policy::parse(&document, PolicyKind::Resource).ok()
    }

    /// Makes a bus.
    pub(super) fn create_bus(
        &self,
        name: &str,
        description: Option<String>,
        tags: BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        check_name("name", name, 256, "/")?;
        if name == DEFAULT || self.buses.get(name).is_some() {
            let message = format!("Event bus {name} already exists.");
            return Err(ApiError::new("ResourceAlreadyExistsException", message));
        }
        let created_ms = self.shared.clock.now_ms();
        let bus = Bus { name: name.to_owned(), description, tags, created_ms, ..Bus::default() };
        Ok(self.buses.put(name, &bus)?)
    }

    /// Changes a bus.
    pub(super) fn change_bus(&self, name: &str, change: impl FnOnce(&mut Bus)) -> Result<(), ApiError> {
        let mut bus = self.bus(name)?;
        change(&mut bus);
        Ok(self.buses.put(&bus.name, &bus)?)
    }

    /// Puts a statement into the policy of a bus, or takes it out.
    pub(super) fn set_statement(&self, bus: &str, sid: &str, statement: Option<Value>) -> Result<(), ApiError> {
        if let Some(statement) = &statement {
            let document = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
            Policy::parse(&document, PolicyKind::Resource).map_err(|error| invalid(error.message))?;
        }
        self.change_bus(bus, |bus| {
            match statement {
                Some(statement) => bus.statements.insert(sid.to_owned(), statement),
                None => bus.statements.remove(sid),
            };
        })
    }

    /// Deletes a bus with its rules; one that is gone is a success.
    pub(super) fn delete_bus(&self, name: &str) -> Result<(), ApiError> {
        if name == DEFAULT {
            return Err(invalid("Cannot delete event bus default.".to_owned()));
        }
        let mut batch = Batch::default();
        self.buses.drop(&mut batch, name);
        for (key, _) in self.rules.starting_with(&format!("{name}/")) {
            self.rules.drop(&mut batch, &key);
        }
        Ok(self.shared.store.commit(batch)?)
    }

    /// A rule of a bus.
    pub(super) fn rule(&self, bus: &str, name: &str) -> Result<Rule, ApiError> {
        let bus = self.bus(bus)?.name;
        let missing = || missing(format!("Rule {name} does not exist on EventBus {bus}."));
        self.rules.get(&format!("{bus}/{name}")).ok_or_else(missing)
    }

    /// Makes a rule, or changes it; targets and tags stay.
    pub(super) fn put_rule(&self, mut rule: Rule) -> Result<(), ApiError> {
        self.bus(&rule.bus)?;
        check_name("name", &rule.name, 64, "")?;
        if rule.pattern.is_none() && rule.schedule.is_none() {
            return Err(invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.".to_owned()));
        }
        if let Some(pattern) = &rule.pattern {
            Pattern::parse_text(pattern).map_err(|error| {
                let message = format!("Event pattern is not valid. Reason: {error}");
                ApiError::new("InvalidEventPatternException", message)
            })?;
        }
        if let Some(schedule) = &rule.schedule {
            if rule.bus != DEFAULT {
                return Err(invalid("ScheduleExpression is supported only on the default event bus.".to_owned()));
            }
            let refuse =
                |reason: String| invalid(format!("Parameter ScheduleExpression is not valid. Reason: {reason}."));
            if let Schedule::At(_) = Schedule::parse(schedule).map_err(|error| refuse(error.to_string()))? {
                return Err(refuse("rules know rate(…) and cron(…)".to_owned()));
            }
        }
        rule.since_ms = self.shared.clock.now_ms();
        if let Some(before) = self.rules.get(&rule.key()) {
            rule.targets = before.targets;
            rule.tags = before.tags.into_iter().chain(rule.tags).collect();
            if before.schedule == rule.schedule && before.enabled == rule.enabled {
                rule.since_ms = before.since_ms;
            }
        }
        self.save(&rule)
    }

    /// Stores a rule, and plans when it comes next.
    pub(super) fn save(&self, rule: &Rule) -> Result<(), ApiError> {
        self.rules.put(&rule.key(), rule)?;
        self.plan(rule);
        Ok(())
    }

    /// Changes a rule.
    pub(super) fn change_rule(
        &self,
        bus: &str,
        name: &str,
        change: impl FnOnce(&mut Rule) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let mut rule = self.rule(bus, name)?;
        change(&mut rule)?;
        self.save(&rule)
    }

    /// Deletes a rule that has no targets any more; one that is gone is a success.
    pub(super) fn delete_rule(&self, bus: &str, name: &str) -> Result<(), ApiError> {
        let Ok(rule) = self.rule(bus, name) else { return Ok(()) };
        if !rule.targets.is_empty() {
            return Err(invalid("Rule can't be deleted since it has targets.".to_owned()));
        }
        self.rules.remove(&rule.key())?;
        self.plan(&Rule { enabled: false, ..rule });
        Ok(())
    }

    /// Puts targets into a rule.
    pub(super) fn put_targets(&self, bus: &str, name: &str, targets: Vec<Target>) -> Result<(), ApiError> {
        targets.iter().try_for_each(|target| self.check_target(target))?;
        self.change_rule(bus, name, |rule| {
            rule.targets.extend(targets.into_iter().map(|target| (target.id.clone(), target)));
            if rule.targets.len() > TARGETS_LIMIT {
                let message = format!("The requested resource exceeds the maximum number of targets, {TARGETS_LIMIT}.");
                return Err(ApiError::new("LimitExceededException", message));
            }
            Ok(())
        })
    }

    fn check_target(&self, target: &Target) -> Result<(), ApiError> {
        check_name("targets.id", &target.id, 64, "")?;
        if !target.arn.starts_with("arn:") {
            return Err(invalid(format!(
                "Parameter {} is not valid. Reason: Provided Arn is not in correct format.",
                target.arn
            )));
        }
        if !self.delivery.takes(&target.arn) {
            let service = target.arn.split(':').nth(2).unwrap_or_default();
            return Err(ApiError::not_built("events", &format!("PutTargets with targets of {service}")));
        }
        let given = [target.input.is_some(), target.input_path.is_some(), target.transformer.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            let message =
                format!("Only one of Input, InputPath, or InputTransformer must be provided for target {}.", target.id);
            return Err(invalid(message));
        }
        if target.input.as_deref().is_some_and(|input| serde_json::from_str::<Value>(input).is_err()) {
            return Err(invalid(format!("JSON syntax error in input for target {}", target.id)));
        }
        let paths = target.transformer.iter().flat_map(|transformer| transformer.paths.values());
        let mut paths = paths.chain(&target.input_path);
        if paths.any(|path| super::transform::steps(path).is_none()) {
            return Err(invalid(format!("Invalid input path for target {}", target.id)));
        }
        let retry = target.retry.unwrap_or_default();
        if retry.maximum_retry_attempts.is_some_and(|tries| tries > 185)
            || retry.maximum_event_age_in_seconds.is_some_and(|age| !(60..=86_400).contains(&age))
        {
            return Err(invalid(format!("RetryPolicy of target {} is out of range", target.id)));
        }
        Ok(())
    }
}

/// The name of a bus, from a name or an ARN.
pub(super) fn bus_name(text: &str) -> &str {
    text.rsplit_once("event-bus/").map_or(text, |(_, name)| name)
}

fn check_name(member: &str, name: &str, longest: usize, more: &str) -> Result<(), ApiError> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter) || more.contains(letter);
    if (1..=longest).contains(&name.len()) && name.chars().all(good) {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [\\.\\-_A-Za-z0-9]+"
    )))
}

/// `ValidationException`.
pub(super) fn invalid(message: String) -> ApiError {
    ApiError::new("ValidationException", message)
}

/// `ResourceNotFoundException`.
pub(super) fn missing(message: String) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}
