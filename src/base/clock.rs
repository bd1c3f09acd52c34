//! The one reader of the time. Everything else is handed a [`Clock`].

use std::sync::{Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;

    /// Seconds since 1970-01-01T00:00:00Z.
    fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Whether time stands still until somebody moves the clock; `waker` is called then. Clocks that run by themselves
    /// do not keep it.
    fn stands(&self, _waker: &Waker) -> bool {
        false
    }
}

/// The computer's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
    fn now_ms(&self) -> i64 {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A clock that stands still until it is moved; for tests.
#[derive(Debug, Default)]
pub struct FixedClock {
    now_ms: std::sync::atomic::AtomicI64,
    waiting: Mutex<Vec<Waker>>,
}

impl FixedClock {
    /// A clock that shows `now_ms`.
    pub fn at(now_ms: i64) -> Self {
        Self { now_ms: now_ms.into(), waiting: Mutex::default() }
    }

    /// Moves the clock by `by_ms` milliseconds and wakes those who wait for it.
    pub fn advance(&self, by_ms: i64) {
        self.now_ms.fetch_add(by_ms, std::sync::atomic::Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Clock for FixedClock {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn stands(&self, waker: &Waker) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(waker.clone());
        true
    }
}

/// `2026-01-02T03:04:05.678Z`, the form of AppSync's and most of AWS's timestamps.
pub fn iso_ms(epoch_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(epoch_ms)
        .map_or_else(|_| epoch_ms.to_string(), |time| time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}
