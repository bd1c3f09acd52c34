//! One use case a file; joins the rooms below. No text, no questions.
//!
//! Whoever calls has asked everything before; whoever reports shows the typed results.

pub mod access;
pub mod add;
pub mod backend;
mod build;
mod code;
pub mod codegen;
pub mod compile;
mod database;
pub mod delete;
pub mod dev;
pub mod doctor;
pub mod environment;
pub mod error;
pub mod explain;
pub mod first_query;
pub mod init;
mod local;
pub mod logs;
pub mod outputs;
pub mod place;
pub mod publish;
pub mod pull;
pub mod push;
pub mod quickstart;
pub mod remove;
pub mod render;
pub mod secret;
pub mod status;
mod syntax;
pub mod workflow;

use std::sync::Arc;
use std::time::Instant;

use crate::base::{Clock, Event, Ids, Outcome, Reporter, Secret, ServiceEndpoints, Step};
use crate::error::Failure;

pub use crate::category::api::access::{Access as CellAccess, ApiAccess, Cell, FieldAccess, ModelAccess, Row, Verb};
pub use crate::project::{Applied, Project};
pub use error::OperationError;

/// What every operation is handed.
#[derive(Clone)]
pub struct Session {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub ids: Arc<dyn Ids>,
    /// Takes what happens.
    pub reporter: Arc<dyn Reporter>,
    /// Keys of the environment for clouds with an address of their own.
    pub keys: Option<(String, Secret<String>)>,
    /// Where services are that the embedded cloud does not have itself.
    pub endpoints: ServiceEndpoints,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Session").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Session {
    /// Reports a step around work that may fail.
    pub fn step<T>(
        &self,
        step: Step,
        work: impl FnOnce() -> Result<T, Failure>,
        facts: impl FnOnce(&T) -> String,
    ) -> Result<T, Failure> {
        self.reporter.report(Event::StepStarted { step });
        let began = Instant::now();
        let result = work();
        self.ended(step, began, result.as_ref().map(facts).map_err(|_| ()));
        result
    }

    /// As [`Session::step`], around work that waits.
    pub async fn step_async<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, Failure>>,
        facts: impl FnOnce(&T) -> String,
    ) -> Result<T, Failure> {
        self.reporter.report(Event::StepStarted { step });
        let began = Instant::now();
        let result = work.await;
        self.ended(step, began, result.as_ref().map(facts).map_err(|_| ()));
        result
    }

    fn ended(&self, step: Step, began: Instant, facts: Result<String, ()>) {
        let outcome = facts.map_or(Outcome::Failed, |facts| Outcome::Done { facts });
        self.reporter.report(Event::StepFinished { step, outcome, elapsed: began.elapsed() });
    }
}

/// Whole milliseconds since a moment.
pub(crate) fn elapsed_ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}
