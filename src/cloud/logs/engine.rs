//! What may be asked of logs, and the limits of the service.
//!
//! Source: `PutLogEvents`, `GetLogEvents` and `FilterLogEvents` in the API reference of CloudWatch Logs, and its quotas.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::database::{Database, EVENT_OVERHEAD_BYTES, FileError, Group, MOST_BYTES, Place, Selection, Stored, Stream};
use super::pattern::Pattern;
use super::{LogEvent, api};
use crate::cloud::iam::Iam;
use crate::cloud::service::{ApiError, Caller, Shared};

/// The largest batch, in bytes.
const BATCH_BYTES: usize = 1_048_576;

/// The largest answer, in bytes.
const ANSWER_BYTES: usize = 1_048_576;

/// How far in the past and in the future the time of an event may lie, and how long a batch may be, in milliseconds.
const OLDEST_MS: i64 = 14 * DAY_MS;
const NEWEST_MS: i64 = 2 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// How often old events are looked for, in milliseconds of the clock.
const SWEEP_EVERY_MS: i64 = 60_000;

/// How many events are looked at in one step of a search.
const STEP: usize = 2_000;

/// The logs of the cloud.
pub(super) struct Engine {
    pub shared: Arc<Shared>,
    iam: Arc<Iam>,
    state: Mutex<State>,
    waiting: Mutex<Vec<Waiting>>,
}

struct State {
    database: Database,
    swept_at_ms: i64,
    most_bytes: i64,
}

/// What one of our services has logged and the file does not have yet.
struct Waiting {
    caller: Caller,
    group: String,
    stream: String,
    events: Vec<LogEvent>,
}

/// What was not taken of a batch, by indices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rejected {
    pub too_new_from: Option<usize>,
    pub too_old_until: Option<usize>,
    pub expired_until: Option<usize>,
}

/// Which part of one stream is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub from_ms: i64,
    pub until_ms: i64,
    pub after: Option<Place>,
    pub before: Option<Place>,
    /// Whether the first ones are wanted; else the last ones.
    pub from_head: bool,
    pub limit: usize,
}

/// What is searched in a group.
#[derive(Debug)]
pub(super) struct Search {
    pub streams: Vec<Stream>,
    pub from_ms: i64,
    pub until_ms: i64,
    pub after: Option<Place>,
    pub pattern: Pattern,
    pub limit: usize,
}

/// An error of ours.
pub(super) fn fault(message: impl Into<String>) -> ApiError {
    ApiError::new("ServiceUnavailableException", message).status(500)
}

/// A refusal of a value.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

fn not_found(what: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", format!("The specified log {what} does not exist."))
}

fn of_file(error: FileError) -> ApiError {
    fault(format!("the file of the logs could not be used: {error}"))
}

impl Engine {
    pub(super) fn open(shared: Arc<Shared>, iam: Arc<Iam>) -> Result<Self, ApiError> {
        let database = Database::open(&shared.folder.join("logs.sqlite")).map_err(of_file)?;
        let state = State { database, swept_at_ms: 0, most_bytes: MOST_BYTES };
        Ok(Self { shared, iam, state: Mutex::new(state), waiting: Mutex::default() })
    }

    /// The file, with all that was logged before, and nothing that is too old.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if !waiting.is_empty()
            && let Err(error) = state.database.together(|database| self.write_all(database, &waiting))
        {
            tracing::warn!(%error, "logs could not be written");
        }
        let now_ms = self.shared.clock.now_ms();
        let due = now_ms - state.swept_at_ms >= SWEEP_EVERY_MS || state.database.bytes() > state.most_bytes;
        if due {
            state.swept_at_ms = now_ms;
            let most_bytes = state.most_bytes;
            let swept = state.database.together(|database| database.sweep(now_ms, most_bytes));
            if let Err(error) = swept.and_then(|gone| if gone { state.database.shrink() } else { Ok(()) }) {
                tracing::warn!(%error, "old log events could not be deleted");
            }
        }
        state
    }

    /// Another bound; for tests.
    #[cfg(test)]
    pub(super) fn keep_at_most(&self, bytes: i64) {
        self.state().most_bytes = bytes;
    }

    /// Takes events for later; see [`super::Logs::write_for`].
    pub(super) fn write_later(self: &Arc<Self>, caller: Caller, group: &str, stream: &str, events: Vec<LogEvent>) {
        let one = Waiting { caller, group: group.to_owned(), stream: stream.to_owned(), events };
        let first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(one);
            waiting.len() == 1
        };
        if first {
            let engine = Arc::clone(self);
            let write = move || drop(engine.state());
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(write)),
                Err(_) => write(),
            }
        }
    }

    fn write_all(&self, database: &mut Database, waiting: &[Waiting]) -> Result<(), FileError> {
        let now_ms = self.shared.clock.now_ms();
        for Waiting { caller, group, stream, events } in waiting {
            let may = |action: &str, stream: &str| {
                self.iam.authorize(caller, &api::on_stream(&self.shared, action, group, stream)).is_ok()
            };
            if !may("PutLogEvents", stream) {
                continue;
            }
            if database.group(group)?.is_none() {
                if !may("CreateLogGroup", "") {
                    continue;
                }
                database.put_group(&fresh_group(group, now_ms))?;
            }
            let id = match database.stream(group, stream)? {
                Some(known) => known.id,
                None if may("CreateLogStream", stream) => database.put_stream(group, stream, now_ms)?,
                None => continue,
            };
            database.add(id, now_ms, events)?;
        }
        Ok(())
    }

    pub(super) fn groups(&self, prefix: &str) -> Result<Vec<Group>, ApiError> {
        self.state().database.groups(prefix).map_err(of_file)
    }

    /// A group, or `ResourceNotFoundException`.
    pub(super) fn group(&self, name: &str) -> Result<Group, ApiError> {
        self.state().database.group(name).map_err(of_file)?.ok_or_else(|| not_found("group"))
    }

    /// Makes a group.
    pub(super) fn create_group(&self, name: &str, change: impl FnOnce(&mut Group)) -> Result<(), ApiError> {
        let state = self.state();
        if state.database.group(name).map_err(of_file)?.is_some() {
            return Err(ApiError::new("ResourceAlreadyExistsException", "The specified log group already exists"));
        }
        let mut group = fresh_group(name, self.shared.clock.now_ms());
        change(&mut group);
        state.database.put_group(&group).map_err(of_file)
    }

    /// Changes a group.
    pub(super) fn change_group(&self, name: &str, change: impl FnOnce(&mut Group)) -> Result<(), ApiError> {
        let mut state = self.state();
        let mut group = state.database.group(name).map_err(of_file)?.ok_or_else(|| not_found("group"))?;
        change(&mut group);
        // What a shorter retention does not keep goes with the next look.
        state.swept_at_ms = 0;
        state.database.put_group(&group).map_err(of_file)
    }

    pub(super) fn delete_group(&self, name: &str) -> Result<(), ApiError> {
        let mut state = self.state();
        state.database.group(name).map_err(of_file)?.ok_or_else(|| not_found("group"))?;
        state.database.together(|database| database.delete_group(name)).map_err(of_file)
    }

    /// The streams of a group, in order of the names.
    pub(super) fn streams(&self, group: &str) -> Result<Vec<Stream>, ApiError> {
        let state = self.state();
        state.database.group(group).map_err(of_file)?.ok_or_else(|| not_found("group"))?;
        state.database.streams(group).map_err(of_file)
    }

    /// A stream, or `ResourceNotFoundException` for it or its group.
    pub(super) fn stream(&self, group: &str, name: &str) -> Result<Stream, ApiError> {
        let state = self.state();
        state.database.group(group).map_err(of_file)?.ok_or_else(|| not_found("group"))?;
        state.database.stream(group, name).map_err(of_file)?.ok_or_else(|| not_found("stream"))
    }

    pub(super) fn create_stream(&self, group: &str, name: &str) -> Result<(), ApiError> {
        let state = self.state();
        state.database.group(group).map_err(of_file)?.ok_or_else(|| not_found("group"))?;
        if state.database.stream(group, name).map_err(of_file)?.is_some() {
            return Err(ApiError::new("ResourceAlreadyExistsException", "The specified log stream already exists"));
        }
        state.database.put_stream(group, name, self.shared.clock.now_ms()).map(|_| ()).map_err(of_file)
    }

    pub(super) fn delete_stream(&self, group: &str, name: &str) -> Result<(), ApiError> {
        let id = self.stream(group, name)?.id;
        self.state().database.together(|database| database.delete_stream(id)).map_err(of_file)
    }

    /// Takes a batch; what lies too far from now is not taken, and told.
    pub(super) fn put(&self, group: &str, stream: &str, events: Vec<LogEvent>) -> Result<Rejected, ApiError> {
        check_batch(&events)?;
        let retention_ms = self.group(group)?.retention_days.map(|days| days * DAY_MS);
        let id = self.stream(group, stream)?.id;
        let now_ms = self.shared.clock.now_ms();
        let last_before = |limit_ms: i64| events.iter().rposition(|event| event.at_ms < limit_ms).map(|at| at + 1);
        let rejected = Rejected {
            too_new_from: events.iter().position(|event| event.at_ms > now_ms + NEWEST_MS),
            too_old_until: last_before(now_ms - OLDEST_MS),
            expired_until: retention_ms.and_then(|retention_ms| last_before(now_ms - retention_ms)),
        };
        let from = rejected.too_old_until.max(rejected.expired_until).unwrap_or_default();
        let until = rejected.too_new_from.unwrap_or(events.len()).max(from);
        let taken = &events[from..until];
        if !taken.is_empty() {
            self.state().database.together(|database| database.add(id, now_ms, taken)).map_err(of_file)?;
        }
        Ok(rejected)
    }

    /// Events of one stream, in order of their times.
    pub(super) fn read(&self, stream: &Stream, wanted: Reading) -> Result<Vec<Stored>, ApiError> {
        let Reading { from_ms, until_ms, after, before, from_head, limit } = wanted;
        let streams = vec![stream.id];
        let selection = Selection { streams, from_ms, until_ms, after, before, backwards: !from_head, limit };
        let mut found = self.state().database.select(&selection).map_err(of_file)?;
        let mut bytes = 0;
        // One event is given whatever its size.
        let kept = found.iter().take_while(|event| {
            let first = bytes == 0;
            bytes += event.message.len() + EVENT_OVERHEAD_BYTES;
            first || bytes <= ANSWER_BYTES
        });
        let kept = kept.count();
        found.truncate(kept);
        if !from_head {
            found.reverse();
        }
        Ok(found)
    }

    /// The events of a group that match, and where the search goes on when there may be more.
    pub(super) fn search(&self, search: &Search) -> Result<(Vec<Stored>, Option<Place>), ApiError> {
        let mut selection = Selection {
            streams: search.streams.iter().map(|stream| stream.id).collect(),
            from_ms: search.from_ms,
            until_ms: search.until_ms,
            after: search.after,
            before: None,
            backwards: false,
            limit: STEP,
        };
        let (mut found, mut bytes) = (Vec::new(), 0);
        loop {
            let step = self.state().database.select(&selection).map_err(of_file)?;
            let last = step.len() < STEP;
            for event in step {
                let place = event.place;
                if search.pattern.matches(&event.message) {
                    let size = event.message.len() + EVENT_OVERHEAD_BYTES;
                    if found.len() == search.limit || (bytes + size > ANSWER_BYTES && !found.is_empty()) {
                        return Ok((found, selection.after));
                    }
                    bytes += size;
                    found.push(event);
                }
                selection.after = Some(place);
            }
            if last {
                return Ok((found, None));
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // What waits is written.
        drop(self.state());
    }
}

fn fresh_group(name: &str, now_ms: i64) -> Group {
    Group {
        name: name.to_owned(),
        created_ms: now_ms,
        retention_days: None,
        kms_key: None,
        class: "STANDARD".to_owned(),
        tags: "{}".to_owned(),
        bytes: 0,
    }
}

fn check_batch(events: &[LogEvent]) -> Result<(), ApiError> {
    if events.windows(2).any(|pair| pair[0].at_ms > pair[1].at_ms) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let span_ms = events.last().zip(events.first()).map_or(0, |(last, first)| last.at_ms - first.at_ms);
    if span_ms > DAY_MS {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    let bytes: usize = events.iter().map(|event| event.message.len() + EVENT_OVERHEAD_BYTES).sum();
    if bytes > BATCH_BYTES {
        return Err(invalid(format!("Upload too large: {bytes} bytes exceeds limit of {BATCH_BYTES}")));
    }
    Ok(())
}
