//! Asynchronous invocations: events are kept until the function has taken them or all tries have failed.
//!
//! Source: "How Lambda handles errors and retries with asynchronous invocation" of the Lambda guide. Destinations and
//! dead-letter queues are absent: an event that fails for the last time is written to the log of the function and dropped.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Engine;
use super::invocation::Event;
use super::names::Named;
use crate::cloud::service::ApiError;

/// The pauses before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];

/// The pause after a try that could not be made (too many invocations, the interpreter missing).
const BUSY_PAUSE: Duration = Duration::from_secs(5);

/// How long an event is kept, in milliseconds.
const LONGEST_AGE_MS: i64 = 6 * 3600 * 1000;

/// An event as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cloud::lambda) struct Kept {
    arn: String,
    /// In Base64.
    payload: String,
    client_context: Option<String>,
    /// Tries that the function has failed.
    failed: usize,
    /// Milliseconds since 1970.
    since_ms: i64,
}

impl Engine {
    /// Takes an event and answers at once; the function runs later, after a restart too.
    pub(in crate::cloud::lambda) fn accept(self: &Arc<Self>, event: Event) -> Result<(), ApiError> {
        let Event { id, payload, arn, client_context } = event;
        let kept = Kept {
            arn,
            payload: STANDARD.encode(&payload),
            client_context,
            failed: 0,
            since_ms: self.shared.clock.now_ms(),
        };
        self.events.put(&id, &kept)?;
        self.deliver(id, kept);
        Ok(())
    }

    /// Goes on with the events that an earlier run of the cloud has accepted.
    pub(in crate::cloud::lambda) fn resume(self: &Arc<Self>) {
        for (id, kept) in self.events.all() {
            self.deliver(id, kept);
        }
    }

    fn deliver(self: &Arc<Self>, id: String, mut kept: Kept) {
        // The queue does not keep the cloud open: when that is gone, the event waits for the next run.
        let engine = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                let pause = {
                    let Some(engine) = engine.upgrade() else { return };
                    match engine.attempt(&id, &mut kept).await {
                        Some(pause) => pause,
                        None => return engine.forget(&id),
                    }
                };
                tokio::time::sleep(pause).await;
            }
        });
    }

    /// One try; gives the pause before the next one, or nothing when there is none.
    async fn attempt(self: &Arc<Self>, id: &str, kept: &mut Kept) -> Option<Duration> {
        let named = Named::read(&self.shared, &kept.arn).ok()?;
        // A function that was deleted meanwhile takes nothing.
        let function = self.function(&named).ok()?;
        let event = Event {
            id: id.to_owned(),
            payload: STANDARD.decode(&kept.payload).ok()?.into(),
            arn: kept.arn.clone(),
            client_context: kept.client_context.clone(),
        };
        let pause = match self.run(&function, event).await {
            Ok(invocation) if !invocation.failed => return None,
            // The end of the cloud is no fault of the function: the event waits for the next run.
            Ok(_) if self.pool.is_closed() => return Some(BUSY_PAUSE),
            Ok(_) => {
                let pause = PAUSES.get(kept.failed).copied();
                kept.failed += 1;
                pause?
            }
            Err(error) => {
                tracing::warn!(%error, function = function.name, "an event waits");
                BUSY_PAUSE
            }
        };
        if self.shared.clock.now_ms() - kept.since_ms > LONGEST_AGE_MS {
            return None;
        }
        if let Err(error) = self.events.put(id, kept) {
            tracing::warn!(%error, "an event could not be kept");
        }
        Some(pause)
    }

    fn forget(&self, id: &str) {
        if let Err(error) = self.events.remove(id) {
            tracing::warn!(%error, "an event could not be forgotten");
        }
    }
}
