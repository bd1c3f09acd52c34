//! Where handlers run: on the thread that answers the request while that is quick, on worker threads otherwise, each with
//! an engine of its own that is started when it is first needed.
//!
//! A change of threads costs more than most handlers do. Not here: what is run in them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;

use super::sandbox::Sandbox;
use super::util::Tools;

/// The stack of a worker thread: the engine's share and room for our own frames.
const THREAD_STACK_BYTES: usize = 2 * 1024 * 1024;

/// The most worker threads, however many cores there are.
const MOST_WORKERS: usize = 16;

/// The pool did not answer: the worker panicked, or the cloud is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the resolver's sandbox failed")]
pub(in crate::cloud::appsync) struct PoolError;

thread_local! {
    /// The sandbox of a thread that answers requests, and the pool that it belongs to.
    static HERE: RefCell<Option<(Arc<Inner>, Sandbox)>> = const { RefCell::new(None) };
}

type Job = Box<dyn FnOnce(&mut Sandbox) + Send>;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    idle: usize,
    workers: usize,
    closed: bool,
}

struct Inner {
    queue: Mutex<Queue>,
    arrived: Condvar,
    tools: Tools,
    most: usize,
}

/// Worker threads with sandboxes.
pub(in crate::cloud::appsync) struct SandboxPool(Arc<Inner>);

impl std::fmt::Debug for SandboxPool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SandboxPool").field("most", &self.0.most).finish_non_exhaustive()
    }
}

impl SandboxPool {
    /// A pool that starts its threads when they are needed, one for each core.
    pub(in crate::cloud::appsync) fn new(tools: Tools) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let most = cores.clamp(2, MOST_WORKERS);
        Self(Arc::new(Inner { queue: Mutex::default(), arrived: Condvar::new(), tools, most }))
    }

    /// Runs `work` in a sandbox.
    pub(in crate::cloud::appsync) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Sandbox) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |sandbox| {
            // A request that went away needs no answer.
            let _ = sender.send(work(sandbox));
        });
        self.submit(job)?;
        receiver.await.map_err(|_| PoolError)
    }

    /// Whether the thread that asks may run handlers itself: one that is not quick gets it to itself, which needs others
    /// that take over.
    pub(in crate::cloud::appsync) fn may_run_here() -> bool {
        Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
    }

    /// Runs `work` at once, on the thread that asks, where [`SandboxPool::may_run_here`].
    pub(in crate::cloud::appsync) fn run_here<T>(&self, work: impl FnOnce(&mut Sandbox) -> T) -> T {
        let kept = HERE.take().filter(|(owner, _)| Arc::ptr_eq(owner, &self.0));
        // While it works nothing is kept: a panic takes the sandbox with it.
        let (owner, mut sandbox) = kept.unwrap_or_else(|| (Arc::clone(&self.0), Sandbox::brief(self.0.tools.clone())));
        let done = work(&mut sandbox);
        HERE.replace(Some((owner, sandbox)));
        done
    }

    /// Runs `work`, which may wait for long, in a sandbox and on a thread of its own.
    pub(in crate::cloud::appsync) async fn run_apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Sandbox) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let tools = self.0.tools.clone();
        let job = move || work(&mut Sandbox::new(tools));
        tokio::task::spawn_blocking(job).await.map_err(|_| PoolError)
    }

    fn submit(&self, job: Job) -> Result<(), PoolError> {
        let mut queue = self.0.lock();
        queue.jobs.push_back(job);
        if queue.idle < queue.jobs.len() && queue.workers < self.0.most {
            let inner = Arc::clone(&self.0);
            let thread = std::thread::Builder::new().name("appsync-js".to_owned()).stack_size(THREAD_STACK_BYTES);
            match thread.spawn(move || inner.work()) {
                Ok(_) => queue.workers += 1,
                Err(_) if queue.workers > 0 => {}
                Err(_) => return Err(PoolError),
            }
        }
        drop(queue);
        self.0.arrived.notify_one();
        Ok(())
    }
}

impl Drop for SandboxPool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.arrived.notify_all();
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut sandbox = Sandbox::new(self.tools.clone());
        while let Some(job) = self.next() {
            // A panic costs its own request only: the sandbox is made anew.
            let run = std::panic::AssertUnwindSafe(|| job(&mut sandbox));
            if std::panic::catch_unwind(run).is_err() {
                sandbox = Sandbox::new(self.tools.clone());
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue.idle += 1;
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }
}
