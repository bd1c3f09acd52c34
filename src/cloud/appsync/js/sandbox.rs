//! One JavaScript engine with the prelude loaded: runs handlers within limits of time and memory.
//!
//! A sandbox belongs to one thread. Its globals are frozen, and every run makes a fresh instance of the program, so that
//! nothing leaks from one request to the next. Not here: choosing a thread.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{CatchResultExt, Context, Function, Persistent, Runtime};
use serde::Deserialize;
use serde_json::Value;

use super::source::Program;
use super::util::{Tools, native, prelude};

/// The most memory that one sandbox may hold.
pub(in crate::cloud::appsync) const MEMORY_LIMIT_BYTES: usize = 32 * 1024 * 1024;

/// The longest that one handler may run.
pub(in crate::cloud::appsync) const TIME_LIMIT: Duration = Duration::from_secs(2);

/// How long a handler may keep a thread that answers other requests too. One that needs longer begins anew, with the thread
/// to itself: it has changed nothing outside of the sandbox.
const BRIEF: Duration = Duration::from_millis(5);

/// The most of the thread's stack that the engine may use.
const STACK_LIMIT_BYTES: usize = 512 * 1024;

/// How many programs a sandbox holds before it is made anew.
const PROGRAM_LIMIT: usize = 1024;

/// What the context of a sandbox has: no dates, maps, proxies, typed arrays (AppSync has none of them). Promises are there
/// because the engine does not come down cleanly without them; the prelude takes them away.
type Built = (intrinsic::Eval, intrinsic::RegExpCompiler, intrinsic::RegExp, intrinsic::Json, intrinsic::Promise);

/// Why a handler gave no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::cloud::appsync) enum SandboxError {
    /// It ran too long.
    #[error("the handler ran for more than {} ms", TIME_LIMIT.as_millis())]
    Time,
    /// The engine stopped it: memory, stack.
    #[error("the handler was stopped: {0}")]
    Stopped(String),
    /// The program is not well formed.
    #[error("{message}")]
    Syntax {
        message: String,
        /// From 1; 0 when the engine does not tell.
        line: usize,
    },
}

/// An error that code raised.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(in crate::cloud::appsync) struct Problem {
    pub message: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub data: Option<Value>,
    pub info: Option<Value>,
}

/// What came of a handler.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::cloud::appsync) struct Outcome {
    /// The program exports no such handler.
    pub absent: bool,
    pub value: Value,
    /// `runtime.earlyReturn` was called.
    pub early: bool,
    /// It was called with `skipTo: "END"`.
    pub end: bool,
    /// The value is the data source's result, which the engine was not given.
    pub through: bool,
    pub error: Option<Problem>,
    /// `util.appendError`.
    pub appended: Vec<Problem>,
    pub stash: Value,
    /// Response headers.
    pub headers: std::collections::BTreeMap<String, String>,
    /// `extensions.setSubscriptionFilter` and the like.
    pub filters: Vec<Value>,
}

/// One engine.
pub(in crate::cloud::appsync) struct Sandbox {
    /// Dropped before the engine that it lives in.
    driver: Option<Persistent<Function<'static>>>,
    context: Option<Context>,
    runtime: Option<Runtime>,
    deadline: Rc<Cell<Option<Instant>>>,
    programs: usize,
    tools: Tools,
    limit: Duration,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sandbox").field("programs", &self.programs).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// A sandbox that opens its engine on first use.
    pub(in crate::cloud::appsync) fn new(tools: Tools) -> Self {
        let limit = TIME_LIMIT;
        Self { driver: None, context: None, runtime: None, deadline: Rc::default(), programs: 0, tools, limit }
    }

    /// One for a thread of the asynchronous runtime that answers requests too.
    pub(super) fn brief(tools: Tools) -> Self {
        Self { limit: BRIEF, ..Self::new(tools) }
    }

    /// Whether the engine accepts a program; nothing of it is run.
    pub(in crate::cloud::appsync) fn check(&mut self, program: &Program) -> Result<(), SandboxError> {
        self.open()?;
        let context = self.context.as_ref().expect("opening makes the context");
        context.with(|ctx| {
            let factory: rquickjs::Result<Function<'_>> = ctx.eval_with_options(program.factory.as_str(), options());
            factory.catch(&ctx).map(|_| ()).map_err(|caught| syntax(&caught))
        })
    }

    /// Runs a handler of the program known as `name` with a context in JSON.
    pub(in crate::cloud::appsync) fn run(
        &mut self,
        name: &str,
        program: &Program,
        handler: &str,
        context_json: &str,
    ) -> Result<Outcome, SandboxError> {
        self.run_as("run", name, program, handler, context_json)
    }

    /// Runs the response handler of a program that hands its result through; the context has none.
    pub(in crate::cloud::appsync) fn run_through(
        &mut self,
        name: &str,
        program: &Program,
        context_json: &str,
    ) -> Result<Outcome, SandboxError> {
        self.run_as("through", name, program, "response", context_json)
    }

    fn run_as(
        &mut self,
        action: &str,
        name: &str,
        program: &Program,
        handler: &str,
        context_json: &str,
    ) -> Result<Outcome, SandboxError> {
        if self.programs > PROGRAM_LIMIT {
            self.close();
        }
        self.open()?;
        self.deadline.set(Some(Instant::now() + self.limit));
        let answer = self.call(action, name, program, handler, context_json);
        let late = self.deadline.replace(None).is_some_and(|deadline| Instant::now() >= deadline);
        match answer {
            Ok(text) => {
                serde_json::from_str(&text).map_err(|error| SandboxError::Stopped(format!("no outcome: {error}")))
            }
            Err(error) => {
                // What stopped it may have left the engine half done.
                self.close();
                if late && self.limit < TIME_LIMIT {
                    self.limit = TIME_LIMIT;
                    let again = || self.run_as(action, name, program, handler, context_json);
                    let answer = tokio::task::block_in_place(again);
                    self.limit = BRIEF;
                    return answer;
                }
                Err(if late { SandboxError::Time } else { error })
            }
        }
    }

    fn call(
        &mut self,
        action: &str,
        name: &str,
        program: &Program,
        handler: &str,
        context_json: &str,
    ) -> Result<String, SandboxError> {
        let context = self.context.clone().expect("opening makes the context");
        let driver = self.driver.clone().expect("opening makes the driver");
        context.with(|ctx| {
            let stopped = |caught: rquickjs::CaughtError<'_>| SandboxError::Stopped(caught.to_string());
            let driver = driver.restore(&ctx).catch(&ctx).map_err(stopped)?;
            let run = || driver.call::<_, String>((action, name, handler, context_json)).catch(&ctx);
            let answer = run().map_err(stopped)?;
            if !answer.is_empty() {
                return Ok(answer);
            }
            // Not known here yet: compile it once.
            let factory: rquickjs::Result<Function<'_>> = ctx.eval_with_options(program.factory.as_str(), options());
            let factory = factory.catch(&ctx).map_err(|caught| syntax(&caught))?;
            driver.call::<_, String>(("define", name, factory)).catch(&ctx).map_err(stopped)?;
            self.programs += 1;
            run().map_err(stopped)
        })
    }

    fn open(&mut self) -> Result<(), SandboxError> {
        if self.context.is_some() {
            return Ok(());
        }
        let failed = |error: rquickjs::Error| SandboxError::Stopped(error.to_string());
        let runtime = Runtime::new().map_err(failed)?;
        runtime.set_memory_limit(MEMORY_LIMIT_BYTES);
        runtime.set_max_stack_size(STACK_LIMIT_BYTES);
        let deadline = Rc::clone(&self.deadline);
        runtime.set_interrupt_handler(Some(Box::new(move || {
            deadline.get().is_some_and(|deadline| Instant::now() >= deadline)
        })));
        let context = Context::custom::<Built>(&runtime).map_err(failed)?;
        let tools = self.tools.clone();
        let driver = context.with(|ctx| {
            let stopped = |caught: rquickjs::CaughtError<'_>| SandboxError::Stopped(caught.to_string());
            let native = native(&ctx, &tools).catch(&ctx).map_err(stopped)?;
            let prelude: Function<'_> = ctx.eval_with_options(prelude(), options()).catch(&ctx).map_err(stopped)?;
            let driver: Function<'_> = prelude.call((native,)).catch(&ctx).map_err(stopped)?;
            Ok(Persistent::save(&ctx, driver))
        })?;
        (self.driver, self.context, self.runtime) = (Some(driver), Some(context), Some(runtime));
        self.programs = 0;
        Ok(())
    }

    fn close(&mut self) {
        self.driver = None;
        self.context = None;
        self.runtime = None;
    }
}

fn options() -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some("code.js".to_owned());
    options
}

fn syntax(caught: &rquickjs::CaughtError<'_>) -> SandboxError {
    match caught {
        rquickjs::CaughtError::Exception(exception) => {
            let stack = exception.stack().unwrap_or_default();
            // `    at code.js:3:7`
            let line = stack.split("code.js:").nth(1).and_then(|rest| rest.split(':').next());
            let line = line.and_then(|line| line.trim().parse().ok()).unwrap_or_default();
            SandboxError::Syntax { message: exception.message().unwrap_or_default(), line }
        }
        other => SandboxError::Stopped(other.to_string()),
    }
}
