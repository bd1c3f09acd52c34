//! Runs work that waits, until it is done or Ctrl-C. The runtime is made only for commands that need one.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::error::{Code, Diagnose, Failure};

/// How long what still runs may take when the program ends.
const LAST_WORK: Duration = Duration::from_millis(300);

/// Ctrl-C.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("interrupted")]
pub(super) struct Interrupted;

impl Diagnose for Interrupted {
    fn code(&self) -> Code {
        Code::AMP0204
    }
}

/// The system gives no threads or sockets.
#[derive(Debug, thiserror::Error)]
#[error("the program cannot start its threads: {0}")]
struct RuntimeError(#[source] std::io::Error);

impl Diagnose for RuntimeError {
    fn code(&self) -> Code {
        Code::AMP0901
    }
}

/// A runtime for one command.
pub(super) struct Runner(Option<Runtime>);

impl Runner {
    pub(super) fn new() -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread().enable_all().build().map_err(RuntimeError)?;
        Ok(Self(Some(runtime)))
    }

    /// Waits for work, or for Ctrl-C.
    pub(super) fn run<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let runtime = self.0.as_ref().expect("the runtime is there until the runner is dropped");
        runtime.block_on(async {
            tokio::select! {
                result = work => result,
                _ = tokio::signal::ctrl_c() => Err(Interrupted.into()),
            }
        })
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(LAST_WORK);
        }
    }
}
