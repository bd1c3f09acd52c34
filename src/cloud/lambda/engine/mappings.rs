//! Event source mappings: streams of tables and queues, read on behalf of a function.
//!
//! Source: "How Lambda processes records from stream and queue-based event sources" of the Lambda guide and
//! `CreateEventSourceMapping` of the API reference. The function's own role must be allowed to read the source.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::Engine;
use super::invocation::{Event, Invocation};
pub(in crate::cloud::lambda) use super::mapping_record::{Mapping, SourceKind};
use super::names::Named;
use super::not_found;
use super::record::Function;
use super::settings::invalid;
use crate::cloud::pattern::Pattern;
use crate::cloud::service::{ApiError, Permission};

/// The pause after something that may heal by itself (a permission that is missing, a table that is gone).
const PROBLEM_PAUSE: Duration = Duration::from_secs(2);

/// What reading a source came to.
pub(super) enum Step {
    /// Something was done: go on at once.
    More,
    /// Nothing was there: look again after this pause.
    Pause(Duration),
    /// It cannot be read, and why.
    Problem(String),
}

impl Engine {
    /// Goes on with the mappings that are enabled.
    pub(in crate::cloud::lambda) fn resume_mappings(self: &Arc<Self>) {
        for (id, _) in self.mappings.all() {
            self.poll(id);
        }
    }

    /// Every mapping, of one source or one function when they are named.
    pub(in crate::cloud::lambda) fn mappings(
        &self,
        source: Option<&str>,
        function: Option<&str>,
    ) -> Result<Vec<Mapping>, ApiError> {
        let function = function.map(|text| Named::read(&self.shared, text)).transpose()?;
        let arn = function.map(|named| named.arn(&self.shared));
        let all = self.mappings.all().into_iter().map(|(_, mapping)| mapping);
        Ok(all
            .filter(|mapping| source.is_none_or(|source| mapping.source == source))
            .filter(|mapping| arn.as_ref().is_none_or(|arn| mapping.function == *arn))
            .collect())
    }

    /// A mapping, or `ResourceNotFoundException`.
    pub(in crate::cloud::lambda) fn mapping(&self, id: &str) -> Result<Mapping, ApiError> {
        self.mappings.get(id).ok_or_else(|| not_found("The resource you requested does not exist."))
    }

    /// Makes a mapping and begins to read.
    pub(in crate::cloud::lambda) fn create_mapping(self: &Arc<Self>, input: &Value) -> Result<Mapping, ApiError> {
        let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
        let named = Named::read(&self.shared, text("FunctionName"))?;
        let function = self.resolve(&named)?;
        let source = text("EventSourceArn");
        let kind = SourceKind::of(source)?;
        let mut mapping = Mapping::new(self.shared.ids.uuid(), source, named.arn(&self.shared), kind).with(input)?;
        mapping.check_start()?;
        mapping.modified_ms = self.shared.clock.now_ms();
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let twin = self.mappings(Some(source), None)?.into_iter().find(|other| other.function == mapping.function);
        if let Some(twin) = twin {
            let message = format!(
                "An event source mapping with event source (\" {source} \") and function (\" {} \") already exists. \
                 Please update or delete the existing mapping with UUID {}",
                function.name, twin.id
            );
            return Err(ApiError::new("ResourceConflictException", message).status(409));
        }
        self.check_source(&function, &mapping)?;
        if kind == SourceKind::Stream {
            // What is `LATEST` is decided now, not when the source is looked at for the first time.
            let start = self.stream_start(&mapping)?;
            self.positions.put(&mapping.id, &start)?;
        }
        self.mappings.put(&mapping.id, &mapping)?;
        self.poll(mapping.id.clone());
        Ok(mapping)
    }

    /// Changes a mapping; what the input does not name stays.
    pub(in crate::cloud::lambda) fn update_mapping(
        self: &Arc<Self>,
        id: &str,
        input: &Value,
    ) -> Result<Mapping, ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut mapping = self.mapping(id)?.with(input)?;
        if let Some(text) = input.get("FunctionName").and_then(Value::as_str) {
            let named = Named::read(&self.shared, text)?;
            self.resolve(&named)?;
            mapping.function = named.arn(&self.shared);
        }
        let function = self.resolve(&Named::read(&self.shared, &mapping.function)?)?;
        self.check_source(&function, &mapping)?;
        mapping.modified_ms = self.shared.clock.now_ms();
        self.mappings.put(id, &mapping)?;
        self.poll(id.to_owned());
        Ok(mapping)
    }

    /// Deletes a mapping; what is read at the moment is worked on to its end.
    pub(in crate::cloud::lambda) fn delete_mapping(&self, id: &str) -> Result<Mapping, ApiError> {
        let mapping = self.mapping(id)?;
        self.mappings.remove(id)?;
        self.positions.remove(id)?;
        Ok(mapping)
    }

    /// Refuses a source that is not there or that the function's role may not read.
    fn check_source(&self, function: &Function, mapping: &Mapping) -> Result<(), ApiError> {
        match SourceKind::of(&mapping.source)? {
            SourceKind::Queue => self.check_queue(function, mapping),
            SourceKind::Stream => self.check_stream(function, mapping),
        }
    }

    /// The first of these actions that the function's role may not do.
    pub(super) fn lacks<'a>(&self, function: &Function, actions: &[&'a str], resource: &str) -> Option<&'a str> {
        let caller = Self::caller_of(function);
        actions
            .iter()
            .find(|action| self.iam.authorize(&caller, &Permission::new(**action, resource)).is_err())
            .copied()
    }

    /// Reads a source until the mapping is disabled or gone.
    fn poll(self: &Arc<Self>, id: String) {
        if !self.polling.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone()) {
            return;
        }
        // Reading does not keep the cloud open.
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                let pause = {
                    let Some(engine) = weak.upgrade().filter(|engine| !engine.pool.is_closed()) else { return };
                    let Some(mapping) = engine.still_enabled(&id) else { return };
                    let step = match SourceKind::of(&mapping.source) {
                        Ok(SourceKind::Queue) => engine.read_queue(&mapping).await,
                        Ok(SourceKind::Stream) => engine.read_stream(&mapping).await,
                        Err(error) => Step::Problem(error.to_string()),
                    };
                    match step {
                        Step::More => Duration::ZERO,
                        Step::Pause(pause) => pause,
                        Step::Problem(reason) => {
                            engine.note(&id, &format!("PROBLEM: {reason}"));
                            PROBLEM_PAUSE
                        }
                    }
                };
                tokio::time::sleep(pause).await;
            }
        });
    }

    /// The mapping when it is to be read; else the one who reads it is told off.
    fn still_enabled(&self, id: &str) -> Option<Mapping> {
        let mut polling = self.polling.lock().unwrap_or_else(PoisonError::into_inner);
        let mapping = self.mappings.get(id).filter(|mapping| mapping.enabled);
        if mapping.is_none() {
            polling.remove(id);
        }
        mapping
    }

    /// Keeps how the last reading ended.
    pub(super) fn note(&self, id: &str, result: &str) {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut mapping) = self.mappings.get(id).filter(|mapping| mapping.last_result != result) else { return };
        result.clone_into(&mut mapping.last_result);
        if let Err(error) = self.mappings.put(id, &mapping) {
            tracing::warn!(%error, "a mapping could not be written");
        }
    }

    /// The function of a mapping as it is now.
    pub(super) fn target(&self, mapping: &Mapping) -> Result<Function, ApiError> {
        self.resolve(&Named::read(&self.shared, &mapping.function)?)
    }

    /// Asks the function of a mapping.
    pub(super) async fn hand_over(
        self: &Arc<Self>,
        function: &Function,
        mapping: &Mapping,
        records: &[Value],
    ) -> Result<Invocation, ApiError> {
        let payload = serde_json::json!({"Records": records}).to_string();
        let event = Event {
            id: self.shared.ids.uuid(),
            payload: payload.into(),
            arn: mapping.function.clone(),
            client_context: None,
        };
        self.run(function, event).await
    }
}

/// Which records a mapping's filters let pass; `seen` gives what a pattern looks at.
pub(super) fn wanted(mapping: &Mapping, record: &Value, seen: impl Fn(&Value) -> Vec<Value>) -> bool {
    if mapping.filters.is_empty() {
        return true;
    }
    let forms = seen(record);
    let patterns = mapping.filters.iter().filter_map(|text| Pattern::parse_text(text).ok());
    patterns.into_iter().any(|pattern| forms.iter().any(|form| pattern.fits(form)))
}

/// The identifiers of the records that a function says it has failed, when it tells them; the error is an answer that
/// says nothing that could be understood, which fails all.
pub(super) fn failures(invocation: &Invocation) -> Result<Vec<String>, ()> {
    let answer: Value = serde_json::from_slice(&invocation.payload).unwrap_or(Value::Null);
    match answer.get("batchItemFailures") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| {
                let text = item.get("itemIdentifier").and_then(Value::as_str).filter(|text| !text.is_empty());
                text.map(str::to_owned).ok_or(())
            })
            .collect(),
        Some(_) => Err(()),
    }
}

/// Refuses a pattern that cannot be read.
pub(super) fn check_pattern(text: &str) -> Result<(), ApiError> {
    Pattern::parse_text(text)
        .map(|_| ())
        .map_err(|error| invalid(format!("Invalid filter pattern definition. ({error})")))
}
