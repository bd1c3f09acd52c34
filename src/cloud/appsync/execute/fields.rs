//! The fields of an object: each by its resolver, or out of what its parent gave.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::Poll;

use apollo_compiler::Node;
use apollo_compiler::executable::{Field, SelectionSet};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::path::{Bubble, Path, Segment, null_for};
use super::selection::Merged;
use super::together::Siblings;
use super::{Execution, FIELD_LIMIT, RESOLVER_LIMIT, coerce, introspect};
use crate::base::BoxFuture;
use crate::cloud::appsync::compiled::Resolver;
use crate::cloud::appsync::datasource::{invoke_alone, is_batch};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::js::{Sandbox, SandboxPool};
use crate::cloud::appsync::resolve::{FieldCall, Progress, Resolved, not_authorized, resolve};

/// How often a request may invalidate subscriptions (AppSync guide, "Extensions").
const INVALIDATIONS_LIMIT: usize = 5;

/// How many resolvers of a request run one after the other on its own thread, before further ones are given to workers
/// that run at the same time.
const RUN_HERE: usize = 8;

impl<'a> Execution<'a> {
    pub(super) fn object<'f>(
        &'f self,
        (name, serial): (&'f str, bool),
        fields: IndexMap<&'a str, Merged<'a>>,
        source: &'f Value,
        path: Option<&'f Path<'f>>,
    ) -> BoxFuture<'f, Result<Value, Bubble>> {
        Box::pin(async move {
            let mut values = Vec::with_capacity(fields.len());
            let keys: Vec<&'a str> = fields.keys().copied().collect();
            if serial {
                for entry in fields {
                    values.push(self.mutation(name, entry, source).await);
                }
            } else {
                let pending: Vec<_> = fields.into_iter().map(|entry| self.field(name, entry, source, path)).collect();
                values = together(pending).await;
            }
            let mut object = Map::new();
            for (key, value) in keys.into_iter().zip(values) {
                object.insert(key.to_owned(), value?);
            }
            Ok(Value::Object(object))
        })
    }

    /// A field of the mutation type; those who listen to it are told what it gave.
    async fn mutation(
        &self,
        object: &str,
        (key, fields): (&'a str, Merged<'a>),
        source: &Value,
    ) -> Result<Value, Bubble> {
        let field = fields[0];
        let sets: Vec<&'a SelectionSet> = fields.iter().map(|field| &field.selection_set).collect();
        let calls_out = self.api.resolver(object, &field.name).is_some_and(|resolver| resolver.calls_out());
        // Code outside may send mutations itself, which would wait for this one.
        let _turn = if calls_out { None } else { self.hub.turn(&self.api.api.id, &field.name).await };
        let fields_of = fields.clone();
        let answer = self.field(object, (key, fields), source, None).await;
        let said = std::mem::take(&mut *self.filters.lock().unwrap_or_else(PoisonError::into_inner));
        let mut requests: Vec<&Value> = Vec::new();
        for request in said.iter().filter(|one| one["kind"] == "invalidate").map(|one| &one["request"]) {
            if !requests.contains(&request) {
                requests.push(request);
            }
        }
        if requests.len() > INVALIDATIONS_LIMIT {
            let message = format!("A request invalidates subscriptions at most {INVALIDATIONS_LIMIT} times.");
            self.record(
                Fault::raised("BadRequest", message),
                &fields_of,
                Path { parent: None, segment: Segment::Key(key) },
            );
            requests.clear();
        }
        for request in requests {
            let name = request["subscriptionField"].as_str().unwrap_or_default();
            self.hub.invalidate(&self.api.api.id, name, &request["payload"]);
        }
        if let Some(answer) = answer.as_ref().ok().filter(|answer| !answer.is_null()) {
            let payload = self.by_name(field.definition.ty.inner_named_type(), &sets, answer);
            self.hub.publish(&self.setting(), &field.name, &payload).await;
        }
        answer
    }

    fn field<'f>(
        &'f self,
        object: &'f str,
        (key, fields): (&'a str, Merged<'a>),
        source: &'f Value,
        parent: Option<&'f Path<'f>>,
    ) -> BoxFuture<'f, Result<Value, Bubble>> {
        Box::pin(async move {
            let path = Path { parent, segment: Segment::Key(key) };
            let field = fields[0];
            match field.name.as_str() {
                "__typename" => return Ok(object.into()),
                "__schema" | "__type" => return Ok(source.get(key).cloned().unwrap_or_default()),
                _ => {}
            }
            let name = field.name.as_str();
            if self.fields.fetch_add(1, Ordering::Relaxed) >= FIELD_LIMIT {
                return self.too_many(&fields, path);
            }
            if !self.requester.may_see(self.api, &self.backends.iam, (object, name)) {
                self.record(Fault::raised("Unauthorized", not_authorized(object, name)), &fields, path);
                return null_for(&field.definition.ty);
            }
            let Some(resolver) = self.api.resolver(object, name).filter(|_| self.resolves) else {
                let value = source.get(name).unwrap_or(&Value::Null);
                return self.complete(&field.definition.ty, (object, &fields), value, path).await;
            };
            let resolver = Arc::clone(resolver);
            let before = self.fault_count();
            let value = match self.call(resolver, (object, &fields), source, path).await {
                Ok(value) => value,
                Err(fault) => {
                    self.record(fault, &fields, path);
                    Value::Null
                }
            };
            // The error of the resolver is told once, not again for the null that it leaves.
            if value.is_null() && self.fault_count() > before && self.faulty(path) {
                return null_for(&field.definition.ty);
            }
            self.complete(&field.definition.ty, (object, &fields), &value, path).await
        })
    }

    fn fault_count(&self) -> usize {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether an error stands at a path already.
    fn faulty(&self, path: Path<'_>) -> bool {
        let path = path.to_values();
        self.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|fault| fault.path.as_ref() == Some(&path))
    }

    pub(super) async fn call(
        &self,
        resolver: Arc<Resolver>,
        (object, fields): (&str, &[&'a Node<Field>]),
        source: &Value,
        path: Path<'_>,
    ) -> Result<Value, Fault> {
        let field = fields[0];
        let limit = match self.api.api.settings.resolver_count_limit {
            0 => RESOLVER_LIMIT,
            limit => limit,
        };
        let count = self.resolvers.fetch_add(1, Ordering::Relaxed);
        if count >= limit {
            let message = format!("The request runs more than {limit} resolvers.");
            return Err(Fault::raised("ResolverExecutionLimitReached", message));
        }
        let arguments = coerce::arguments(&self.api.schema.schema, field, &self.variables);
        let arguments = arguments.map_err(|message| Fault::document(message, None))?;
        // A root field has no parent; what stands there is the answer to introspection.
        let source = if path.parent.is_none() { Value::Null } else { source.clone() };
        let call = FieldCall {
            info: self.info(&resolver, (object, fields)),
            resolver,
            backends: self.backends.clone(),
            requester: Arc::clone(&self.requester),
            fixed: Arc::clone(&self.fixed),
            arguments,
            source,
            type_name: object.to_owned(),
            field_name: field.name.to_string(),
        };
        let kept = self.entry(&call);
        if let Some(value) = kept.as_ref().and_then(|(key, _)| self.backends.caches.get(key, self.now_ms())) {
            return Ok(value);
        }
        let Resolved { value, faults, headers, mut filters } = self.resolved(call, count, path).await?;
        self.evict(&mut filters);
        if let Some((key, ttl_s)) = kept.filter(|_| faults.is_empty()) {
            self.backends.caches.put(key, &value, (self.now_ms(), ttl_s));
        }
        for fault in faults {
            self.record(fault, fields, path);
        }
        self.headers.lock().unwrap_or_else(PoisonError::into_inner).extend(headers);
        self.filters.lock().unwrap_or_else(PoisonError::into_inner).extend(filters);
        Ok(value)
    }

    /// Runs a resolver to its end, from one answer that it waits for to the next.
    async fn resolved(&self, call: FieldCall, count: usize, path: Path<'_>) -> Result<Resolved, Fault> {
        let siblings = self.api.gathers.then(|| Siblings::of(&call.type_name, &call.field_name, path));
        let _busy = siblings.clone().map(|siblings| self.gathering.busy(siblings));
        let (blocks, call) = (call.resolver.blocks(), Arc::new(call));
        let mut resumed = None;
        loop {
            let (again, from) = (Arc::clone(&call), resumed.take());
            let work = move |sandbox: &mut Sandbox| resolve(sandbox, &again, from);
            let progress = if blocks {
                // Code outside may take long, and ask us for more: it must not hold the workers.
                self.pool.run_apart(work).await
            } else if count < RUN_HERE && SandboxPool::may_run_here() {
                Ok(self.pool.run_here(work))
            } else {
                self.pool.run(work).await
            };
            let waiting = match progress.map_err(|error| Fault::raised("InternalFailure", error.to_string()))? {
                Progress::Done(resolved) => return Ok(resolved),
                Progress::Waits(waiting) => *waiting,
            };
            let step = siblings.as_ref().zip(call.resolver.step(waiting.step));
            let answer = match step {
                Some((siblings, step)) if is_batch(&waiting.request) => {
                    self.together_with(siblings, (waiting.step, step), (count, waiting.request.clone())).await
                }
                Some((_, step)) => invoke_alone(self.backends, &step.source, &waiting.request).await,
                None => Err(Fault::raised("InternalFailure", "the step is gone")),
            };
            match answer {
                Ok(answer) => resumed = Some((waiting, answer)),
                Err(fault) => return Ok(waiting.failed(fault)),
            }
        }
    }

    /// `ctx.info`; the selections are written out only for code that looks at it.
    fn info(&self, resolver: &Resolver, (object, fields): (&str, &[&'a Node<Field>])) -> Value {
        let mut info = json!({
            "fieldName": fields[0].name.as_str(),
            "parentTypeName": object,
            "variables": self.given,
        });
        if resolver.uses_info() {
            let plain: Vec<&Field> = fields.iter().map(|field| &***field).collect();
            info["selectionSetList"] = introspect::paths(self.document, &plain).into();
            info["selectionSetGraphQL"] = introspect::text(&plain).into();
        }
        info
    }
}

/// Waits for all of them, each going on while others wait.
pub(super) async fn together<T>(mut pending: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut done: Vec<Option<T>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (slot, future) in done.iter_mut().zip(&mut pending) {
            if slot.is_none() {
                match Pin::as_mut(future).poll(context) {
                    Poll::Ready(value) => *slot = Some(value),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    done.into_iter().flatten().collect()
}
