//! The API of EventBridge Scheduler: paths and methods to what the engine does.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value, json};

use super::records::{DEFAULT, Engine, Entry, Group, invalid};
use crate::cloud::protocol::percent;
use crate::cloud::service::{Access, ApiCall, ApiError, Permission};

/// How many rows a page has.
const PAGE: usize = 100;

/// What a request is: the operation and the name or ARN in its path.
pub(super) struct Operation {
    pub name: &'static str,
    pub subject: String,
}

/// The operation of a request.
pub(super) fn operation(call: &ApiCall) -> Operation {
    let segments: Vec<String> = call.path.trim_matches('/').split('/').map(percent::decode).collect();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (name, subject) = match (parts.as_slice(), &call.method) {
        (["schedules"], &Method::GET) => ("ListSchedules", ""),
        (["schedules", name], &Method::POST) => ("CreateSchedule", *name),
        (["schedules", name], &Method::PUT) => ("UpdateSchedule", *name),
        (["schedules", name], &Method::GET) => ("GetSchedule", *name),
        (["schedules", name], &Method::DELETE) => ("DeleteSchedule", *name),
        (["schedule-groups"], &Method::GET) => ("ListScheduleGroups", ""),
        (["schedule-groups", name], &Method::POST) => ("CreateScheduleGroup", *name),
        (["schedule-groups", name], &Method::GET) => ("GetScheduleGroup", *name),
        (["schedule-groups", name], &Method::DELETE) => ("DeleteScheduleGroup", *name),
        (["tags", ..], &Method::GET) => ("ListTagsForResource", ""),
        (["tags", ..], &Method::POST) => ("TagResource", ""),
        (["tags", ..], &Method::DELETE) => ("UntagResource", ""),
        _ => ("this operation", ""),
    };
    // An ARN has slashes of its own.
    let subject = if parts.first() == Some(&"tags") { parts[1..].join("/") } else { subject.to_owned() };
    Operation { name, subject }
}

fn input(call: &ApiCall) -> Value {
    serde_json::from_slice(&call.body).unwrap_or_default()
}

fn asked<'a>(call: &'a ApiCall, name: &str) -> Option<&'a str> {
    call.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The group that a request names.
fn group_of(call: &ApiCall, input: &Value) -> String {
    let named = asked(call, "groupName").or_else(|| input.get("GroupName").and_then(Value::as_str));
    named.unwrap_or(DEFAULT).to_owned()
}

/// What the caller of a request must be allowed.
pub(super) fn access(engine: &Engine, call: &ApiCall) -> Access {
    let Operation { name, subject } = operation(call);
    let input = input(call);
    let resource = match name {
        "ListSchedules" | "ListScheduleGroups" | "this operation" => "*".to_owned(),
        "TagResource" | "UntagResource" | "ListTagsForResource" => subject,
        name if name.ends_with("Group") => engine.arn(&format!("schedule-group/{subject}")),
        _ => engine.arn(&format!("schedule/{}/{subject}", group_of(call, &input))),
    };
    let mut needed = vec![Permission::new(format!("scheduler:{name}"), resource)];
    if matches!(name, "CreateSchedule" | "UpdateSchedule")
        && let Some(role) = input.pointer("/Target/RoleArn").and_then(Value::as_str)
    {
        needed.push(Permission::new("iam:PassRole", role));
    }
    Access::Requires(needed)
}

/// Carries out a request.
pub(super) fn answer(engine: &Engine, call: &ApiCall) -> Result<Value, ApiError> {
    let Operation { name, subject } = operation(call);
    let input = input(call);
    let group = group_of(call, &input);
    match name {
        "CreateSchedule" | "UpdateSchedule" => {
            let entry = engine.put(&group, &subject, &input, name == "UpdateSchedule")?;
            Ok(json!({"ScheduleArn": engine.arn(&format!("schedule/{}", entry.key()))}))
        }
        "GetSchedule" => Ok(shown(engine, &engine.entry(&group, &subject)?)),
        "DeleteSchedule" => engine.delete(&group, &subject).map(|()| json!({})),
        "ListSchedules" => Ok(list(engine, call)),
        "CreateScheduleGroup" => {
            engine.create_group(&subject, tags(input.get("Tags")))?;
            Ok(json!({"ScheduleGroupArn": engine.arn(&format!("schedule-group/{subject}"))}))
        }
        "GetScheduleGroup" => Ok(shown_group(engine, &engine.group(&subject)?)),
        "DeleteScheduleGroup" => engine.delete_group(&subject).map(|()| json!({})),
        "ListScheduleGroups" => {
            let mut all = engine.groups.all();
            if !all.iter().any(|(name, _)| name == DEFAULT) {
                all.push((DEFAULT.to_owned(), engine.group(DEFAULT)?));
            }
            let prefix = asked(call, "NamePrefix").unwrap_or_default();
            let rows = all.into_iter().filter(|(name, _)| name.starts_with(prefix));
            Ok(page(call, "ScheduleGroups", rows.map(|(name, group)| (name, shown_group(engine, &group))).collect()))
        }
        "TagResource" | "UntagResource" | "ListTagsForResource" => tag(engine, call, name, &subject, &input),
        name => Err(ApiError::not_built("scheduler", name)),
    }
}

fn seconds(ms: i64) -> Value {
    json!(ms.div_euclid(1000))
}

fn shown(engine: &Engine, entry: &Entry) -> Value {
    let mut members: Map<String, Value> = entry.members.clone();
    let defaults = [
        ("State", json!("ENABLED")),
        ("ScheduleExpressionTimezone", json!("UTC")),
        ("ActionAfterCompletion", json!("NONE")),
    ];
    for (name, value) in defaults {
        members.entry(name).or_insert(value);
    }
    for name in ["StartDate", "EndDate"] {
        if let Some(ms) = entry.time_ms(name) {
            members.insert(name.to_owned(), seconds(ms));
        }
    }
    members.insert("Arn".to_owned(), json!(engine.arn(&format!("schedule/{}", entry.key()))));
    members.insert("GroupName".to_owned(), json!(entry.group));
    members.insert("Name".to_owned(), json!(entry.name));
    members.insert("CreationDate".to_owned(), seconds(entry.created_ms));
    members.insert("LastModificationDate".to_owned(), seconds(entry.modified_ms));
    Value::Object(members)
}

fn shown_group(engine: &Engine, group: &Group) -> Value {
    json!({
        "Arn": engine.arn(&format!("schedule-group/{}", group.name)), "Name": group.name, "State": "ACTIVE",
        "CreationDate": seconds(group.created_ms), "LastModificationDate": seconds(group.created_ms),
    })
}

fn list(engine: &Engine, call: &ApiCall) -> Value {
    let group = asked(call, "ScheduleGroup").map(|group| format!("{group}/")).unwrap_or_default();
    let prefix = asked(call, "NamePrefix").unwrap_or_default();
    let fits = |entry: &Entry| {
        let state = entry.text("State").unwrap_or("ENABLED");
        entry.name.starts_with(prefix) && asked(call, "State").is_none_or(|wanted| wanted == state)
    };
    let row = |(key, entry): (String, Entry)| {
        let row = json!({
            "Arn": engine.arn(&format!("schedule/{key}")), "Name": entry.name, "GroupName": entry.group,
            "State": entry.text("State").unwrap_or("ENABLED"), "CreationDate": seconds(entry.created_ms),
            "LastModificationDate": seconds(entry.modified_ms), "Target": {"Arn": entry.target("Arn")},
        });
        (key, row)
    };
    let all = engine.entries.starting_with(&group).into_iter().filter(|(_, entry)| fits(entry));
    page(call, "Schedules", all.map(row).collect())
}

/// A page of rows in order of their names; the token is the last name of the page before.
fn page(call: &ApiCall, member: &str, mut rows: Vec<(String, Value)>) -> Value {
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    let most = asked(call, "MaxResults").and_then(|most| most.parse().ok()).unwrap_or(PAGE).clamp(1, PAGE);
    let from = asked(call, "NextToken").unwrap_or_default();
    let mut rows = rows.into_iter().filter(|(name, _)| from.is_empty() || name.as_str() > from);
    let page: Vec<(String, Value)> = rows.by_ref().take(most).collect();
    let last = page.last().map(|(name, _)| name.clone());
    let mut answer = Map::new();
    answer.insert(member.to_owned(), page.into_iter().map(|(_, row)| row).collect());
    if let Some(last) = last.filter(|_| rows.next().is_some()) {
        answer.insert("NextToken".to_owned(), json!(last));
    }
    Value::Object(answer)
}

/// Only groups have tags.
fn tag(engine: &Engine, call: &ApiCall, name: &str, arn: &str, input: &Value) -> Result<Value, ApiError> {
    let group = arn.rsplit_once("schedule-group/").map(|(_, group)| group);
    let mut group = engine.group(group.ok_or_else(|| invalid("Only schedule groups have tags."))?)?;
    if name == "ListTagsForResource" {
        let rows = group.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
        return Ok(json!({"Tags": rows.collect::<Vec<_>>()}));
    }
    group.tags.extend(tags(input.get("Tags")));
    group.tags.retain(|key, _| !call.query.iter().any(|(name, value)| name == "TagKeys" && value == key));
    engine.groups.put(&group.name, &group)?;
    Ok(json!({}))
}

/// Tags as a list of keys and values.
pub(super) fn tags(value: Option<&Value>) -> BTreeMap<String, String> {
    let pair = |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
    value.and_then(Value::as_array).into_iter().flatten().filter_map(pair).collect()
}
