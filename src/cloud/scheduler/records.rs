//! Schedules and their groups as stored, and the rules for changing them.
//!
//! Source: the EventBridge Scheduler API reference.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use crate::base::{Schedule, schedule};
use crate::cloud::delivery::Delivery;
use crate::cloud::iam::Iam;
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::{Batch, Table};

/// The group that every account has.
pub(super) const DEFAULT: &str = "default";

/// The members of a schedule that a request may have.
const MEMBERS: [&str; 14] = [
    "ActionAfterCompletion",
    "ClientToken",
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
    "Tags",
];

/// The members of a target that are built.
const TARGET: [&str; 7] =
    ["Arn", "DeadLetterConfig", "EventBridgeParameters", "Input", "RetryPolicy", "RoleArn", "SqsParameters"];

/// A schedule as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Entry {
    pub name: String,
    pub group: String,
    /// The members as they were given, checked.
    pub members: Map<String, Value>,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
    /// When it came for the last time, in milliseconds since 1970.
    pub came_ms: Option<i64>,
}

/// A group as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Group {
    pub name: String,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    pub tags: BTreeMap<String, String>,
}

/// The schedules of the account.
pub(super) struct Engine {
    pub shared: Arc<Shared>,
    pub iam: Arc<Iam>,
    pub delivery: Arc<Delivery>,
    /// By `group/name`.
    pub entries: Table<Entry>,
    pub groups: Table<Group>,
    /// When each comes next by the calendar, and when it is sent: a window lies between the two. Milliseconds since 1970.
    pub next: Mutex<BTreeMap<String, (i64, i64)>>,
    /// Told when a schedule changes.
    pub changed: Notify,
}

impl Entry {
    /// The key in the store.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }

    /// A member that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }

    /// A member that is a time, in milliseconds since 1970.
    pub(super) fn time_ms(&self, name: &str) -> Option<i64> {
        time_ms(self.members.get(name)?)
    }

    /// The schedule with its time zone.
    pub(super) fn schedule(&self) -> Option<(Schedule, TimeZone)> {
        let schedule = Schedule::parse(self.text("ScheduleExpression")?).ok()?;
        let zone = schedule::time_zone(self.text("ScheduleExpressionTimezone").unwrap_or("UTC"))?;
        Some((schedule, zone))
    }

    /// How many minutes it may come later.
    pub(super) fn window_min(&self) -> i64 {
        let minutes = self.members.get("FlexibleTimeWindow").and_then(|window| window.get("MaximumWindowInMinutes"));
        minutes.and_then(whole).unwrap_or_default()
    }

    /// The target.
    pub(super) fn target(&self, name: &str) -> Option<&Value> {
        self.members.get("Target").and_then(|target| target.get(name))
    }
}

impl Engine {
    pub(super) fn new(shared: Arc<Shared>, iam: Arc<Iam>, delivery: Arc<Delivery>) -> Self {
        let store = || Arc::clone(&shared.store);
        let engine = Self {
            entries: Table::new(store(), "scheduler.schedule"),
            groups: Table::new(store(), "scheduler.group"),
            next: Mutex::default(),
            changed: Notify::new(),
            shared,
            iam,
            delivery,
        };
        engine.entries.all().iter().for_each(|(_, entry)| engine.plan(entry));
        engine
    }

    /// The ARN of a schedule or group: `schedule/group/name`, `schedule-group/name`.
    pub(super) fn arn(&self, rest: &str) -> String {
        format!("arn:aws:scheduler:{}:{}:{rest}", self.shared.region, self.shared.account)
    }

    /// A group, or `ResourceNotFoundException`.
    pub(super) fn group(&self, name: &str) -> Result<Group, ApiError> {
        let fresh = || (name == DEFAULT).then(|| Group { name: name.to_owned(), ..Group::default() });
        self.groups.get(name).or_else(fresh).ok_or_else(|| missing(&format!("Schedule group {name} does not exist.")))
    }

    /// A schedule, or `ResourceNotFoundException`.
    pub(super) fn entry(&self, group: &str, name: &str) -> Result<Entry, ApiError> {
        let found = self.entries.get(&format!("{group}/{name}"));
        found.ok_or_else(|| missing(&format!("Schedule {name} does not exist.")))
    }

    /// Makes a schedule, or replaces one.
    pub(super) fn put(&self, group: &str, name: &str, input: &Value, replace: bool) -> Result<Entry, ApiError> {
        check_name("name", name)?;
        self.group(group)?;
        let key = format!("{group}/{name}");
        let before = self.entries.get(&key);
        match (&before, replace) {
            (Some(_), false) => {
                let message = format!("Schedule {name} already exists.");
                return Err(ApiError::new("ConflictException", message).status(409));
            }
            (None, true) => return Err(missing(&format!("Schedule {name} does not exist."))),
            _ => {}
        }
        let now_ms = self.shared.clock.now_ms();
        let members = self.checked(input)?;
        let created_ms = before.map_or(now_ms, |before| before.created_ms);
        let entry = Entry {
            name: name.to_owned(),
            group: group.to_owned(),
            members,
            created_ms,
            modified_ms: now_ms,
            came_ms: None,
        };
        self.entries.put(&key, &entry)?;
        self.plan(&entry);
        Ok(entry)
    }

    /// Deletes a schedule.
    pub(super) fn delete(&self, group: &str, name: &str) -> Result<(), ApiError> {
        let entry = self.entry(group, name)?;
        self.entries.remove(&entry.key())?;
        self.unplan(&entry.key());
        Ok(())
    }

    /// Makes a group.
    pub(super) fn create_group(&self, name: &str, tags: BTreeMap<String, String>) -> Result<(), ApiError> {
        check_name("name", name)?;
        if name == DEFAULT || self.groups.get(name).is_some() {
            let message = format!("Schedule group {name} already exists.");
            return Err(ApiError::new("ConflictException", message).status(409));
        }
        let group = Group { name: name.to_owned(), created_ms: self.shared.clock.now_ms(), tags };
        Ok(self.groups.put(name, &group)?)
    }

    /// Deletes a group with its schedules.
    pub(super) fn delete_group(&self, name: &str) -> Result<(), ApiError> {
        if name == DEFAULT {
            return Err(invalid("The default schedule group cannot be deleted."));
        }
        self.group(name)?;
        let mut batch = Batch::default();
        self.groups.drop(&mut batch, name);
        let inside = self.entries.starting_with(&format!("{name}/"));
        inside.iter().for_each(|(key, _)| self.entries.drop(&mut batch, key));
        self.shared.store.commit(batch)?;
        inside.iter().for_each(|(key, _)| self.unplan(key));
        Ok(())
    }

    /// The members of a request, checked.
    fn checked(&self, input: &Value) -> Result<Map<String, Value>, ApiError> {
        let mut members = input.as_object().cloned().unwrap_or_default();
        members.retain(|_, value| !value.is_null());
        if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(invalid(&format!("{unknown} is no member of a schedule.")));
        }
        for name in ["Name", "GroupName", "ClientToken", "Tags"] {
            members.shift_remove(name);
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let expression = text("ScheduleExpression").ok_or_else(|| required("scheduleExpression"))?;
        let zone = text("ScheduleExpressionTimezone").unwrap_or("UTC");
        if schedule::time_zone(zone).is_none() {
            return Err(invalid(&format!("Invalid Schedule Expression Timezone {zone}.")));
        }
        Schedule::parse(expression)
            .map_err(|error| invalid(&format!("Invalid Schedule Expression {expression}. Reason: {error}.")))?;
        if !matches!(text("State"), None | Some("ENABLED" | "DISABLED"))
            || !matches!(text("ActionAfterCompletion"), None | Some("NONE" | "DELETE"))
        {
            return Err(invalid("State is ENABLED or DISABLED, ActionAfterCompletion is NONE or DELETE."));
        }
        for name in ["StartDate", "EndDate"] {
            if members.get(name).is_some_and(|value| time_ms(value).is_none()) {
                return Err(invalid(&format!("{name} is no time.")));
            }
        }
        check_window(members.get("FlexibleTimeWindow"))?;
        self.check_target(members.get("Target"))?;
        Ok(members)
    }

    fn check_target(&self, target: Option<&Value>) -> Result<(), ApiError> {
        let fields = target.and_then(Value::as_object).ok_or_else(|| required("target"))?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let arn = text("Arn").ok_or_else(|| required("target.arn"))?;
        let role = text("RoleArn").ok_or_else(|| required("target.roleArn"))?;
        if let Some(unbuilt) = fields.keys().find(|name| !TARGET.contains(&name.as_str())) {
            return Err(ApiError::not_built("scheduler", &format!("targets with {unbuilt}")));
        }
        if !self.delivery.takes(arn) {
            return Err(ApiError::not_built("scheduler", &format!("targets of {arn}")));
        }
        let is_bus = arn.starts_with("arn:aws:events:");
        if is_bus != fields.contains_key("EventBridgeParameters") {
            return Err(invalid("EventBridgeParameters must be given for an event bus, and for nothing else."));
        }
        self.iam.act_as(role, "scheduler.amazonaws.com").map(|_| ()).map_err(|_| {
            invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
        })?;
        let number = |pointer: &str| target.and_then(|target| target.pointer(pointer));
        let tries = number("/RetryPolicy/MaximumRetryAttempts").map(whole);
        let age = number("/RetryPolicy/MaximumEventAgeInSeconds").map(whole);
        let fits = tries.is_none_or(|tries| tries.is_some_and(|tries| (0..=185).contains(&tries)))
            && age.is_none_or(|age| age.is_some_and(|age| (60..=86_400).contains(&age)));
        if fits { Ok(()) } else { Err(invalid("RetryPolicy is out of range.")) }
    }
}

fn check_window(window: Option<&Value>) -> Result<(), ApiError> {
    let window = window.ok_or_else(|| required("flexibleTimeWindow"))?;
    let minutes = window.get("MaximumWindowInMinutes").map(whole);
    match (window.get("Mode").and_then(Value::as_str), minutes) {
        (Some("OFF"), None) => Ok(()),
        (Some("FLEXIBLE"), Some(Some(1..=1440))) => Ok(()),
        (Some("FLEXIBLE"), _) => Err(invalid("MaximumWindowInMinutes must be between 1 and 1440.")),
        _ => Err(invalid("The mode of FlexibleTimeWindow is OFF, or FLEXIBLE with MaximumWindowInMinutes.")),
    }
}

/// A whole number; templates may give it as text.
pub(super) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// A time in seconds, as the API gives it, or as templates write it; in milliseconds since 1970.
#[expect(clippy::cast_possible_truncation, reason = "seconds of a time fit")]
pub(super) fn time_ms(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_f64().map(|time_s| (time_s * 1000.0) as i64),
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        _ => None,
    }
}

fn check_name(member: &str, name: &str) -> Result<(), ApiError> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if (1..=64).contains(&name.len()) && name.chars().all(good) {
        return Ok(());
    }
    Err(invalid(&format!(
        "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [0-9a-zA-Z-_.]+"
    )))
}

fn required(member: &str) -> ApiError {
    invalid(&format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

/// `ValidationException`.
pub(super) fn invalid(message: &str) -> ApiError {
    let mut error = ApiError::new("ValidationException", message);
    error.extra.insert("Message".to_owned(), json!(message));
    error
}

/// `ResourceNotFoundException`.
pub(super) fn missing(message: &str) -> ApiError {
    let mut error = ApiError::new("ResourceNotFoundException", message).status(404);
    error.extra.insert("Message".to_owned(), json!(message));
    error
}
