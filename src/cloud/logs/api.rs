//! The actions of CloudWatch Logs: their inputs, their permissions, their answers.
//!
//! Source: the "Amazon CloudWatch Logs API Reference", and "Actions, resources, and condition keys for Amazon CloudWatch
//! Logs" of the service authorisation reference.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::LogEvent;
use super::database::{Group, Place, Stored, Stream};
use super::engine::{Engine, Reading, Rejected, Search, invalid};
use super::pattern::Pattern;
use crate::cloud::service::{ApiCall, ApiError, Permission, Shared};

/// The days that `PutRetentionPolicy` takes.
const RETENTIONS: [i64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The most events of a page.
const PAGE: usize = 10_000;

/// The most groups or streams of a page.
const LIST_PAGE: usize = 50;

/// The ARN of a group.
pub(super) fn group_arn(shared: &Shared, group: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{group}", shared.region, shared.account)
}

/// `logs:<action>` on a stream. What is asked of a whole group is asked of the stream without a name, as AWS does it.
pub(super) fn on_stream(shared: &Shared, action: &str, group: &str, stream: &str) -> Permission {
    Permission::new(format!("logs:{action}"), format!("{}:log-stream:{stream}", group_arn(shared, group)))
}

/// What the caller of a request must be allowed.
pub(super) fn permission(shared: &Shared, call: &ApiCall) -> Permission {
    let input = Input(&call.input);
    if matches!(call.action.as_str(), "TagResource" | "UntagResource" | "ListTagsForResource") {
        return Permission::new(format!("logs:{}", call.action), input.text("resourceArn").unwrap_or("*"));
    }
    let group = input.text("logGroupName").map(str::to_owned).or_else(|| {
        let identifier = input.text("logGroupIdentifier")?;
        Some(identified(shared, identifier).unwrap_or_default())
    });
    on_stream(shared, &call.action, &group.unwrap_or_default(), input.text("logStreamName").unwrap_or_default())
}

/// Carries out an action.
pub(super) fn answer(engine: &Engine, call: &ApiCall) -> Result<Value, ApiError> {
    let input = Input(&call.input);
    match call.action.as_str() {
        "CreateLogGroup" => create_group(engine, &input),
        "DeleteLogGroup" => engine.delete_group(&input.group(engine)?).map(|()| json!({})),
        "DescribeLogGroups" => describe_groups(engine, &input),
        "ListLogGroups" => list_groups(engine, &input),
        "CreateLogStream" => engine.create_stream(&input.group(engine)?, input.stream()?).map(|()| json!({})),
        "DeleteLogStream" => engine.delete_stream(&input.group(engine)?, input.stream()?).map(|()| json!({})),
        "DescribeLogStreams" => describe_streams(engine, &input),
        "PutLogEvents" => put_events(engine, &input),
        "GetLogEvents" => get_events(engine, &input),
        "FilterLogEvents" => filter_events(engine, &input),
        "PutRetentionPolicy" => {
            let days = retention(input.number("retentionInDays")?.unwrap_or_default())?;
            let change = |group: &mut Group| group.retention_days = Some(days);
            engine.change_group(&input.group(engine)?, change).map(|()| json!({}))
        }
        "DeleteRetentionPolicy" => {
            let change = |group: &mut Group| group.retention_days = None;
            engine.change_group(&input.group(engine)?, change).map(|()| json!({}))
        }
        "TagResource" | "TagLogGroup" => {
            let given = tags(input.0.get("tags"))?;
            change_tags(engine, &input.tagged(engine)?, |own| own.extend(given))
        }
        "UntagResource" | "UntagLogGroup" => {
            let names: Vec<&str> = ["tagKeys", "tags"].iter().flat_map(|member| input.texts(member)).collect();
            change_tags(engine, &input.tagged(engine)?, |own| own.retain(|name, _| !names.contains(&name.as_str())))
        }
        "ListTagsForResource" | "ListTagsLogGroup" => {
            let group = engine.group(&input.tagged(engine)?)?;
            let tags: Value = serde_json::from_str(&group.tags).unwrap_or_default();
            Ok(json!({"tags": tags}))
        }
        other => Err(ApiError::not_built("logs", other)),
    }
}

/// The days of a retention, when the service has them.
pub(super) fn retention(days: i64) -> Result<i64, ApiError> {
    if RETENTIONS.contains(&days) {
        return Ok(days);
    }
    let known: Vec<String> = RETENTIONS.iter().map(i64::to_string).collect();
    Err(invalid(format!(
        "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must \
         satisfy enum value set: [{}]",
        known.join(", ")
    )))
}

/// The name of a group, when it can be one.
pub(super) fn group_name(name: &str) -> Result<String, ApiError> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "._-/#".contains(letter);
    if (1..=512).contains(&name.len()) && name.chars().all(good) && !name.starts_with("aws/") {
        return Ok(name.to_owned());
    }
    Err(constraint(name, "logGroupName", r"[\.\-_/#A-Za-z0-9]+"))
}

fn constraint(value: &str, member: &str, pattern: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: {pattern}"
    ))
}

/// The name in an identifier: itself, or an ARN of a group of ours.
fn identified(shared: &Shared, identifier: &str) -> Option<String> {
    if !identifier.starts_with("arn:") {
        return Some(identifier.to_owned());
    }
    let name = identifier.strip_prefix(&group_arn(shared, ""))?;
    Some(name.strip_suffix(":*").unwrap_or(name).to_owned())
}

/// The input of an action.
struct Input<'a>(&'a Value);

impl<'a> Input<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str)
    }

    fn texts(&self, name: &str) -> Vec<&'a str> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Value::as_bool)
    }

    fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| {
                ApiError::new("SerializationException", format!("{name} must be a whole number, not {value}"))
            }),
        }
    }

    /// `limit`, from 1 to `most`.
    fn limit(&self, most: usize) -> Result<usize, ApiError> {
        match self.number("limit")?.map(usize::try_from) {
            None => Ok(most),
            Some(Ok(limit)) if (1..=most).contains(&limit) => Ok(limit),
            Some(_) => Err(invalid(format!(
                "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have value \
                 from 1 to {most}"
            ))),
        }
    }

    fn group(&self, engine: &Engine) -> Result<String, ApiError> {
        match (self.text("logGroupName"), self.text("logGroupIdentifier")) {
            (Some(_), Some(_)) => Err(invalid("Only one of logGroupName and logGroupIdentifier may be given.")),
            (Some(name), None) => group_name(name),
            (None, Some(identifier)) => {
                let name = identified(&engine.shared, identifier);
                group_name(&name.ok_or_else(|| constraint(identifier, "logGroupIdentifier", r"[\w#+=/:,.@-]*"))?)
            }
            (None, None) => Err(invalid(
                "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must \
                 not be null",
            )),
        }
    }

    /// The group that is tagged, by its ARN or its name.
    fn tagged(&self, engine: &Engine) -> Result<String, ApiError> {
        match self.text("resourceArn") {
            None => self.group(engine),
            Some(arn) => identified(&engine.shared, arn).ok_or_else(|| {
                ApiError::new("ResourceNotFoundException", format!("The resource {arn} is no log group of this cloud."))
            }),
        }
    }

    fn stream(&self) -> Result<&'a str, ApiError> {
        let name = self.text("logStreamName").unwrap_or_default();
        if name.is_empty() || name.len() > 512 || name.contains([':', '*']) {
            return Err(constraint(name, "logStreamName", "[^:*]*"));
        }
        Ok(name)
    }

    /// `startTime` and `endTime`; the latter is the first that is not wanted, or the last that is.
    fn times(&self, last_is_wanted: bool) -> Result<(i64, i64), ApiError> {
        let until = self.number("endTime")?.map_or(i64::MAX, |until| until.saturating_add(i64::from(last_is_wanted)));
        Ok((self.number("startTime")?.unwrap_or(i64::MIN), until))
    }
}

fn tags(given: Option<&Value>) -> Result<BTreeMap<String, String>, ApiError> {
    let members = given.and_then(Value::as_object).into_iter().flatten();
    let read = |(name, value): (&String, &Value)| match value.as_str() {
        Some(value) if (1..=128).contains(&name.len()) && value.len() <= 256 => Ok((name.clone(), value.to_owned())),
        _ => Err(invalid(format!("the tag {name} must have a name of 1 to 128 and a text of up to 256 letters"))),
    };
    members.map(read).collect()
}

fn change_tags(
    engine: &Engine,
    group: &str,
    change: impl FnOnce(&mut BTreeMap<String, String>),
) -> Result<Value, ApiError> {
    engine.change_group(group, |group| {
        let mut own: BTreeMap<String, String> = serde_json::from_str(&group.tags).unwrap_or_default();
        change(&mut own);
        group.tags = json!(own).to_string();
    })?;
    Ok(json!({}))
}

fn create_group(engine: &Engine, input: &Input<'_>) -> Result<Value, ApiError> {
    let class = input.text("logGroupClass").unwrap_or("STANDARD");
    if !matches!(class, "STANDARD" | "INFREQUENT_ACCESS") {
        return Err(ApiError::not_built("logs", &format!("log groups of the class {class}")));
    }
    let tags = tags(input.0.get("tags"))?;
    engine.create_group(&input.group(engine)?, |group| {
        class.clone_into(&mut group.class);
        group.kms_key = input.text("kmsKeyId").map(str::to_owned);
        group.tags = json!(tags).to_string();
    })?;
    Ok(json!({}))
}

/// One page of a list, by the name of its last entry.
fn page<T>(
    mut all: Vec<T>,
    input: &Input<'_>,
    name: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let limit = input.limit(LIST_PAGE)?;
    if let Some(token) = input.text("nextToken") {
        let last = all.iter().position(|entry| name(entry) == token);
        let last = last.ok_or_else(|| invalid("The specified nextToken is invalid."))?;
        all.drain(..=last);
    }
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|entry| name(entry).to_owned());
    Ok((all, next))
}

fn wanted_groups(engine: &Engine, input: &Input<'_>) -> Result<Vec<Group>, ApiError> {
    let mut groups = engine.groups(input.text("logGroupNamePrefix").unwrap_or_default())?;
    if let Some(part) = input.text("logGroupNamePattern") {
        let part = part.to_lowercase();
        groups.retain(|group| group.name.to_lowercase().contains(&part));
    }
    let identifiers = input.texts("logGroupIdentifiers");
    if !identifiers.is_empty() {
        let names: Vec<String> =
            identifiers.iter().filter_map(|identifier| identified(&engine.shared, identifier)).collect();
        groups.retain(|group| names.contains(&group.name));
    }
    if let Some(class) = input.text("logGroupClass") {
        groups.retain(|group| group.class == class);
    }
    Ok(groups)
}

fn describe_groups(engine: &Engine, input: &Input<'_>) -> Result<Value, ApiError> {
    if input.text("logGroupNamePrefix").is_some() && input.text("logGroupNamePattern").is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let (groups, next) = page(wanted_groups(engine, input)?, input, |group| &group.name)?;
    let described: Vec<Value> = groups
        .iter()
        .map(|group| {
            let arn = group_arn(&engine.shared, &group.name);
            present(json!({
                "logGroupName": group.name, "creationTime": group.created_ms, "retentionInDays": group.retention_days,
                "metricFilterCount": 0, "arn": format!("{arn}:*"), "storedBytes": group.bytes,
                "kmsKeyId": group.kms_key, "logGroupClass": group.class, "logGroupArn": arn,
            }))
        })
        .collect();
    Ok(present(json!({"logGroups": described, "nextToken": next})))
}

fn list_groups(engine: &Engine, input: &Input<'_>) -> Result<Value, ApiError> {
    let (groups, next) = page(wanted_groups(engine, input)?, input, |group| &group.name)?;
    let arn = |group: &Group| group_arn(&engine.shared, &group.name);
    let listed = groups
        .iter()
        .map(|group| json!({"logGroupName": group.name, "logGroupArn": arn(group), "logGroupClass": group.class}));
    Ok(present(json!({"logGroups": listed.collect::<Vec<Value>>(), "nextToken": next})))
}

fn describe_streams(engine: &Engine, input: &Input<'_>) -> Result<Value, ApiError> {
    let group = input.group(engine)?;
    let prefix = input.text("logStreamNamePrefix");
    let by_time = match input.text("orderBy").unwrap_or("LogStreamName") {
        "LogStreamName" => false,
        "LastEventTime" => true,
        other => {
            return Err(invalid(format!(
                "1 validation error detected: Value '{other}' at 'orderBy' failed to satisfy constraint: Member must \
                 satisfy enum value set: [LogStreamName, LastEventTime]"
            )));
        }
    };
    if by_time && prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let mut streams = engine.streams(&group)?;
    streams.retain(|stream| prefix.is_none_or(|prefix| stream.name.starts_with(prefix)));
    if by_time {
        streams.sort_by_key(|stream| stream.last_ms);
    }
    if input.flag("descending") == Some(true) {
        streams.reverse();
    }
    let (streams, next) = page(streams, input, |stream| &stream.name)?;
    let described = streams.iter().map(|stream| {
        present(json!({
            "logStreamName": stream.name, "creationTime": stream.created_ms, "firstEventTimestamp": stream.first_ms,
            "lastEventTimestamp": stream.last_ms, "lastIngestionTime": stream.ingested_ms,
            "uploadSequenceToken": stream.id.to_string(), "storedBytes": 0,
            "arn": format!("{}:log-stream:{}", group_arn(&engine.shared, &group), stream.name),
        }))
    });
    Ok(present(json!({"logStreams": described.collect::<Vec<Value>>(), "nextToken": next})))
}

fn put_events(engine: &Engine, input: &Input<'_>) -> Result<Value, ApiError> {
    let given = input.0.get("logEvents").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    if given.is_empty() || given.len() > PAGE {
        return Err(invalid(format!(
            "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length \
             from 1 to {PAGE}"
        )));
    }
    let read = |event: &Value| {
        let at_ms = event.get("timestamp").and_then(Value::as_i64).filter(|at_ms| *at_ms >= 0);
        let message = event.get("message").and_then(Value::as_str).filter(|message| !message.is_empty());
        let (at_ms, message) = at_ms.zip(message).ok_or_else(|| {
            invalid("Each log event must have a timestamp of 0 or more and a message of 1 or more letters.")
        })?;
        Ok(LogEvent { at_ms, message: message.to_owned() })
    };
    let events = given.iter().map(read).collect::<Result<Vec<LogEvent>, ApiError>>()?;
    let rejected = engine.put(&input.group(engine)?, input.stream()?, events)?;
    let mut answer = json!({"nextSequenceToken": engine.shared.ids.digits(56)});
    if rejected != Rejected::default() {
        answer["rejectedLogEventsInfo"] = present(json!({
            "tooNewLogEventStartIndex": rejected.too_new_from, "tooOldLogEventEndIndex": rejected.too_old_until,
            "expiredLogEventEndIndex": rejected.expired_until,
        }));
    }
    Ok(answer)
}

fn get_events(engine: &Engine, input: &Input<'_>) -> Result<Value, ApiError> {
    let stream = engine.stream(&input.group(engine)?, input.stream()?)?;
    let (from_ms, until_ms) = input.times(false)?;
    let from_head = input.flag("startFromHead") == Some(true);
    let mut wanted = Reading { from_ms, until_ms, after: None, before: None, from_head, limit: input.limit(PAGE)? };
    let token = input.text("nextToken");
    if let Some(token) = token {
        let unknown = || invalid("The specified nextToken is invalid.");
        let (direction, place) = token.split_once('/').ok_or_else(unknown)?;
        let place = place_of(place.strip_suffix("/s").ok_or_else(unknown)?).ok_or_else(unknown)?;
        match direction {
            "f" => wanted = Reading { after: Some(place), from_head: true, ..wanted },
            "b" => wanted = Reading { before: Some(place), from_head: false, ..wanted },
            _ => return Err(unknown()),
        }
    }
    let events = engine.read(&stream, wanted)?;
    // At the end of a stream the same token comes again.
    let stay = wanted.after.or(wanted.before).unwrap_or_default();
    let first = events.first().map_or(stay, |event| event.place);
    let last = events.last().map_or(stay, |event| event.place);
    let told: Vec<Value> = events.iter().map(event).collect();
    Ok(json!({
        "events": told, "nextForwardToken": format!("f/{}/s", place_text(last)),
        "nextBackwardToken": format!("b/{}/s", place_text(first)),
    }))
}

fn filter_events(engine: &Engine, input: &Input<'_>) -> Result<Value, ApiError> {
    let group = input.group(engine)?;
    let names = input.texts("logStreamNames");
    let prefix = input.text("logStreamNamePrefix");
    if prefix.is_some() && !names.is_empty() {
        return Err(invalid("LogStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
    }
    let mut streams: Vec<Stream> = engine.streams(&group)?;
    if let Some(missing) = names.iter().find(|name| !streams.iter().any(|stream| stream.name == **name)) {
        let message = format!("The specified log stream does not exist: {missing}.");
        return Err(ApiError::new("ResourceNotFoundException", message));
    }
    streams.retain(|stream| names.is_empty() || names.contains(&stream.name.as_str()));
    streams.retain(|stream| prefix.is_none_or(|prefix| stream.name.starts_with(prefix)));
    let (from_ms, until_ms) = input.times(true)?;
    let after = input
        .text("nextToken")
        .map(|token| place_of(token).ok_or_else(|| invalid("The specified nextToken is invalid.")));
    let search = Search {
        from_ms,
        until_ms,
        after: after.transpose()?,
        pattern: Pattern::read(input.text("filterPattern").unwrap_or_default()).map_err(invalid)?,
        limit: input.limit(PAGE)?,
        streams,
    };
    let (found, next) = engine.search(&search)?;
    let name = |id: i64| search.streams.iter().find(|stream| stream.id == id).map(|stream| stream.name.as_str());
    let told = found.iter().map(|stored| {
        let mut told = event(stored);
        told["logStreamName"] = json!(name(stored.stream));
        told["eventId"] = json!(place_text(stored.place));
        told
    });
    let told: Vec<Value> = told.collect();
    Ok(present(json!({"events": told, "searchedLogStreams": [], "nextToken": next.map(place_text)})))
}

fn event(stored: &Stored) -> Value {
    json!({"timestamp": stored.place.at_ms, "message": stored.message, "ingestionTime": stored.ingested_ms})
}

/// A place as 56 digits, like AWS's ids of events.
fn place_text(place: Place) -> String {
    format!("{:020}{:036}", place.at_ms, place.id)
}

fn place_of(text: &str) -> Option<Place> {
    let digits = text.len() == 56 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (at_ms, id) = text.split_at_checked(20).filter(|_| digits)?;
    Some(Place { at_ms: at_ms.parse().ok()?, id: id.parse().ok()? })
}

/// An object without its null members.
fn present(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        let kept: Map<String, Value> =
            std::mem::take(members).into_iter().filter(|(_, value)| !value.is_null()).collect();
        *members = kept;
    }
    value
}
