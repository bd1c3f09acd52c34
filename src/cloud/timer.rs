//! Waiting by the cloud's clock: nothing runs until something is due, and tests move the clock instead of sleeping.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Sleep;

use crate::base::Clock;

/// The longest sleep without a look at the clock: it may be set, and computers are suspended.
const LONGEST_SLEEP_MS: i64 = 10 * 60 * 1000;

/// Waits until the clock shows `due_ms` (milliseconds since 1970).
pub(in crate::cloud) async fn reach(clock: &dyn Clock, due_ms: i64) {
    let mut sleep: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|context| {
        loop {
            // Asked before the time is read: a clock that is moved in between wakes us again.
            let stands = clock.stands(context.waker());
            let left_ms = due_ms - clock.now_ms();
            if left_ms <= 0 {
                return Poll::Ready(());
            }
            if stands {
                return Poll::Pending;
            }
            let length = Duration::from_millis(left_ms.min(LONGEST_SLEEP_MS).unsigned_abs());
            let running = sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(length)));
            if running.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            sleep = None;
        }
    })
    .await;
}

/// Waits until the clock shows `due_ms`, or something changes; without a time, for a change alone.
pub(in crate::cloud) async fn reach_or_change(clock: &dyn Clock, due_ms: Option<i64>, changed: &Notify) {
    match due_ms {
        None => changed.notified().await,
        Some(due_ms) => tokio::select! {
            () = changed.notified() => {}
            () = reach(clock, due_ms) => {}
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{reach, reach_or_change};
    use crate::base::Clock as _;
    use crate::base::{FixedClock, SystemClock};

    #[tokio::test]
    async fn a_clock_that_is_moved_wakes_those_who_wait() {
        let clock = Arc::new(FixedClock::at(1_000));
        let waiting = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move { reach(&*clock, 5_000).await }
        });
        tokio::task::yield_now().await;
        clock.advance(3_999);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "one millisecond is left");
        clock.advance(1);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn the_computers_clock_runs_by_itself() {
        let due = SystemClock.now_ms() + 20;
        reach(&SystemClock, due).await;
        assert!(SystemClock.now_ms() >= due);
    }

    #[tokio::test]
    async fn a_change_ends_the_wait() {
        let changed = tokio::sync::Notify::new();
        changed.notify_one();
        let clock = FixedClock::at(0);
        let wait = reach_or_change(&clock, Some(i64::MAX), &changed);
        tokio::time::timeout(Duration::from_secs(5), wait).await.unwrap();
    }
}
