//! Carries out what was asked of stacks: create, update, delete, and the ways back.
//!
//! Every step is written before the next begins. When the cloud is opened again, a stack that was moving is brought to
//! an end: creations and updates are rolled back, deletions, cleanups and rollbacks go on (see [`resume`]).

mod delete;
mod deploy;
mod nested;
mod resume;
mod rollback;
mod step;

pub(super) use step::takes_tags;

use std::sync::Arc;

use serde_json::Value;

use super::dynamic::Values;
use super::lookup::{Facts, Found, StackLookup};
use super::model::{Memory, Model};
use super::prepare::{Prepared, Ready, read_template};
use super::record::{Definition, Stack};
use crate::cfn::{EvaluateError, evaluate};
use crate::cloud::s3::S3;
use crate::cloud::service::{ApiError, ResourceHandler, Shared};

/// What the engine works with.
pub(in crate::cloud) struct Engine {
    pub shared: Arc<Shared>,
    pub s3: Arc<S3>,
    /// Where values stand that templates refer to.
    pub values: Box<dyn Values>,
    pub handlers: Vec<Box<dyn ResourceHandler>>,
    pub model: Model,
}

impl Engine {
    pub(in crate::cloud) fn new(
        shared: Arc<Shared>,
        s3: Arc<S3>,
        values: Box<dyn Values>,
        mut handlers: Vec<Box<dyn ResourceHandler>>,
    ) -> Arc<Self> {
        handlers.push(Box::new(super::wait_handle::WaitHandle::new(Arc::clone(&shared))));
        let model = Model::open(Arc::clone(&shared));
        Arc::new(Self { shared, s3, values, handlers, model })
    }

    fn handler(&self, kind: &str) -> Option<&dyn ResourceHandler> {
        self.handlers.iter().map(AsRef::as_ref).find(|handler| handler.kind() == kind)
    }

    /// Where and who a stack is.
    pub(in crate::cloud) fn facts(&self, stack_id: &str, stack_name: &str) -> Facts {
        Facts {
            region: self.shared.region.to_string(),
            account: self.shared.account,
            stack_id: stack_id.to_owned(),
            stack_name: stack_name.to_owned(),
        }
    }

    /// The ARN of a new stack.
    pub(in crate::cloud) fn new_stack_id(&self, name: &str) -> String {
        let Shared { region, account, ids, .. } = &*self.shared;
        format!("arn:aws:cloudformation:{region}:{account}:stack/{name}/{}", ids.uuid())
    }

    /// A definition made ready: its template is read and checked again.
    pub(in crate::cloud) fn prepare(&self, definition: &Definition, facts: &Facts) -> Result<Ready, ApiError> {
        let template = read_template(&definition.body, &self.handlers)?;
        Ok(Arc::new(Prepared::new(template, definition.clone(), facts)?))
    }

    /// What a stack is defined as now, ready.
    fn current(&self, stack_id: &str) -> Result<Ready, ApiError> {
        let (definition, facts) = {
            let memory = self.model.memory();
            let Some(stack) = memory.stacks.get(stack_id) else {
                return Err(super::prepare::refusal(format!("Stack with id {stack_id} does not exist")));
            };
            (stack.definition.clone(), self.facts(&stack.id, &stack.name))
        };
        self.prepare(&definition, &facts)
    }

    /// Evaluates values of a stack with what is made of it now.
    fn evaluate(
        &self,
        memory: &Memory,
        stack: &Stack,
        prepared: &Prepared,
        value: &crate::cfn::Value,
    ) -> Result<Value, EvaluateError> {
        let facts = self.facts(&stack.id, &stack.name);
        let resource = |id: &str| match stack.resources.get(id).and_then(|record| record.made.as_ref()) {
            Some(made) => Found::Made(made.provisioned.clone()),
            None => Found::Absent,
        };
        let export = |name: &str| memory.export(name).map(|(_, value)| value.to_owned());
        evaluate(value, &StackLookup::new(prepared, &facts, &resource, &export))
    }
}
