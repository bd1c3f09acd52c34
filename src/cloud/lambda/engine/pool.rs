//! The processes of all functions: those that wait are used again, more are started as they are needed.
//!
//! Starting costs the machine more than waiting, so only as many start at the same time as it has cores; an invocation
//! takes whatever comes first, a process that becomes free or one that has started.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::process::{LONGEST_LIFE, Process};
use super::record::Function;
use crate::cloud::service::ApiError;

/// The most processes at the same time, of all functions.
const MOST_PROCESSES: usize = 128;

/// The most invocations at the same time, of all functions: an account's quota.
const MOST_INVOCATIONS: usize = 1000;

/// How long a process may wait for its next event before it is ended.
const LONGEST_IDLE: Duration = Duration::from_mins(5);

/// How often idle processes are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How long a process that has answered may take until it asks for the next event, before another is started.
const TURN: Duration = Duration::from_millis(100);

/// How long ended processes are waited for when the cloud stops.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// The processes of all functions.
#[derive(Debug)]
pub(super) struct Pool {
    state: Mutex<State>,
    /// Told whenever a process is free or gone.
    changed: Notify,
    places: Arc<Semaphore>,
    starting: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Idle>,
    /// Processes that have answered and not yet asked, by function.
    turning: BTreeMap<String, usize>,
    /// Invocations that run, by function.
    running: BTreeMap<String, usize>,
    all: Vec<Weak<Process>>,
    /// Builds that nothing runs any more once their processes have answered.
    retired: BTreeSet<String>,
    watched: bool,
    closed: bool,
}

#[derive(Debug)]
struct Idle {
    function: String,
    since: Instant,
    process: Arc<Process>,
}

/// What an invocation got.
pub(super) enum Turn<'a> {
    /// A process that waits for an event.
    Warm(Arc<Process>),
    /// The right to start one.
    Cold { place: OwnedSemaphorePermit, starting: SemaphorePermit<'a> },
}

/// The right of an invocation to run.
#[derive(Debug)]
pub(super) struct Admission<'a> {
    pool: &'a Pool,
    function: String,
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        self.pool.lock().lower(&self.function);
    }
}

impl State {
    fn lower(&mut self, function: &str) {
        if let Some(count) = self.running.get_mut(function) {
            *count -= 1;
            if *count == 0 {
                self.running.remove(function);
            }
        }
    }
}

impl Default for Pool {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            places: Arc::new(Semaphore::new(MOST_PROCESSES)),
            starting: Semaphore::new(cores.max(2)),
        }
    }
}

impl Pool {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an invocation run, or refuses it when too many do (`TooManyRequestsException`).
    pub(super) fn admit(&self, function: &Function) -> Result<Admission<'_>, ApiError> {
        let mut state = self.lock();
        if state.closed {
            return Err(ApiError::new("ServiceException", "the embedded cloud stops").status(500));
        }
        let all: usize = state.running.values().sum();
        let own = state.running.get(&function.name).copied().unwrap_or_default();
        let reserved = function.settings.reserved.and_then(|most| usize::try_from(most).ok());
        let reason = match reserved {
            Some(most) if own >= most => "ReservedFunctionConcurrentInvocationLimitExceeded",
            _ if all >= MOST_INVOCATIONS => "ConcurrentInvocationLimitExceeded",
            _ => {
                state.running.insert(function.name.clone(), own + 1);
                return Ok(Admission { pool: self, function: function.name.clone() });
            }
        };
        let mut error = ApiError::new("TooManyRequestsException", "Rate Exceeded.").status(429);
        error.extra.insert("Reason".to_owned(), reason.into());
        Err(error)
    }

    /// Whether the cloud stops.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// A process of the function that waits, or the right to start one.
    pub(super) async fn turn(&self, function: &Function) -> Turn<'_> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if let Some(process) = self.idle(function) {
                return Turn::Warm(process);
            }
            if self.is_turning(&function.key()) && tokio::time::timeout(TURN, changed.as_mut()).await.is_ok() {
                continue;
            }
            if self.places.available_permits() == 0 {
                self.give_up_one();
            }
            tokio::select! {
                biased;
                () = changed => {}
                turn = self.right_to_start() => return turn,
            }
        }
    }

    async fn right_to_start(&self) -> Turn<'_> {
        let starting = self.starting.acquire().await.expect("this semaphore is never closed");
        let place = Arc::clone(&self.places).acquire_owned().await.expect("this semaphore is never closed");
        Turn::Cold { place, starting }
    }

    /// Takes an idle process out; those that run an old build or are old themselves are ended on the way.
    fn idle(&self, function: &Function) -> Option<Arc<Process>> {
        let mut state = self.lock();
        let key = function.key();
        while let Some(at) = state.idle.iter().rposition(|idle| idle.function == key) {
            let Idle { process, .. } = state.idle.swap_remove(at);
            if process.build == function.build && !process.has_ended() && process.started.elapsed() < LONGEST_LIFE {
                return Some(process);
            }
        }
        None
    }

    fn is_turning(&self, function: &str) -> bool {
        self.lock().turning.get(function).is_some_and(|count| *count > 0)
    }

    /// Ends the process that has been idle for the longest.
    fn give_up_one(&self) {
        let mut state = self.lock();
        if let Some(at) = (0..state.idle.len()).min_by_key(|at| state.idle[*at].since) {
            state.idle.swap_remove(at);
        }
    }

    /// Takes note of a process that was started.
    pub(super) fn started(self: &Arc<Self>, process: &Arc<Process>) {
        let mut state = self.lock();
        state.all.retain(|one| one.strong_count() > 0);
        state.all.push(Arc::downgrade(process));
        let running: BTreeSet<String> =
            state.all.iter().filter_map(Weak::upgrade).map(|process| process.build.clone()).collect();
        state.retired.retain(|build| running.contains(build));
        if state.closed {
            process.kill();
        }
        if !state.watched {
            state.watched = true;
            let pool = Arc::downgrade(self);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(LOOK_EVERY).await;
                    let Some(pool) = pool.upgrade() else { return };
                    pool.lock().idle.retain(|idle| idle.since.elapsed() < LONGEST_IDLE && !idle.process.has_ended());
                }
            });
        }
    }

    /// Gives a process back that has answered. It is used again when it asks for the next event within `limit`.
    pub(super) fn give_back(self: &Arc<Self>, function: &str, process: Arc<Process>, limit: Duration) {
        let function = function.to_owned();
        *self.lock().turning.entry(function.clone()).or_default() += 1;
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            let ready = matches!(tokio::time::timeout(limit, process.ready()).await, Ok(Ok(())));
            {
                let mut state = pool.lock();
                if let Some(count) = state.turning.get_mut(&function) {
                    *count -= 1;
                    if *count == 0 {
                        state.turning.remove(&function);
                    }
                }
                if ready && !state.closed && !state.retired.contains(&process.build) {
                    state.idle.push(Idle { function, since: Instant::now(), process });
                }
            }
            pool.changed.notify_waiters();
        });
    }

    /// Ends the processes of a build: the idle ones now, those that work when they have answered.
    pub(super) fn retire(&self, function: &Function) {
        let mut state = self.lock();
        state.retired.insert(function.build.clone());
        state.idle.retain(|idle| idle.process.build != function.build);
    }

    /// The keys of the code that processes run.
    pub(super) fn code_in_use(&self) -> BTreeSet<String> {
        self.lock().all.iter().filter_map(Weak::upgrade).map(|process| process.code.clone()).collect()
    }

    /// Ends every process and waits until they are gone.
    pub(super) async fn stop(&self) {
        let all: Vec<Arc<Process>> = {
            let mut state = self.lock();
            state.closed = true;
            state.idle.clear();
            state.all.drain(..).filter_map(|process| process.upgrade()).collect()
        };
        let gone = async {
            for process in &all {
                process.killed().await;
            }
        };
        // What is not gone by then, the warden kills when it ends.
        let _ = tokio::time::timeout(STOP_LIMIT, gone).await;
    }
}
