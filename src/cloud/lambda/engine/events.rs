//! Asynchronous invocations: events are kept until the function has taken them or all tries have failed.
//!
//! Source: "How Lambda handles errors and retries with asynchronous invocation" of the Lambda guide.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Engine;
use super::destinations::{EventConfig, Fate};
use super::invocation::{Event, Invocation};
use super::names::Named;
use super::record::Function;
use crate::cloud::service::ApiError;

/// The pauses before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];

/// The first and the longest pause after a try that could not be made (too many invocations, the interpreter missing).
const FIRST_BUSY_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_BUSY_PAUSE: Duration = Duration::from_mins(5);

/// How long an event is kept when nothing is said, in seconds.
const LONGEST_AGE_S: u64 = 6 * 3600;

/// How often a function that failed is asked again when nothing is said.
const RETRIES: usize = 2;

/// An event as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cloud::lambda) struct Kept {
    pub(super) arn: String,
    /// In Base64.
    payload: String,
    client_context: Option<String>,
    /// Tries that the function has failed.
    failed: usize,
    /// Tries that could not be made, one after the other.
    #[serde(default)]
    busy: u32,
    /// Milliseconds since 1970.
    since_ms: i64,
}

impl Kept {
    pub(super) fn payload(&self) -> Vec<u8> {
        STANDARD.decode(&self.payload).unwrap_or_default()
    }

    /// How often the function was asked and has answered.
    pub(super) fn asked(&self) -> usize {
        self.failed
    }
}

/// What comes after a try.
enum Next {
    Again(Duration),
    Done(Fate),
    /// The function is gone.
    Dropped,
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
            busy: 0,
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
                        Next::Again(pause) => pause,
                        Next::Done(fate) => {
                            engine.tell(&id, &kept, fate);
                            return engine.forget(&id);
                        }
                        Next::Dropped => return engine.forget(&id),
                    }
                };
                tokio::time::sleep(pause).await;
            }
        });
    }

    /// One try.
    async fn attempt(self: &Arc<Self>, id: &str, kept: &mut Kept) -> Next {
        let Ok(named) = Named::read(&self.shared, &kept.arn) else { return Next::Dropped };
        // A function that was deleted meanwhile takes nothing.
        let Ok(function) = self.resolve(&named) else { return Next::Dropped };
        let config = self.event_config_of(&named).unwrap_or_default();
        let longest_ms = i64::try_from(config.max_age_s.unwrap_or(LONGEST_AGE_S) * 1000).unwrap_or(i64::MAX);
        let too_old = |kept: &Kept| self.shared.clock.now_ms() - kept.since_ms > longest_ms;
        if kept.failed + usize::try_from(kept.busy).unwrap_or(usize::MAX) > 0 && too_old(kept) {
            return Next::Done(Fate::TooOld);
        }
        let event = Event {
            id: id.to_owned(),
            payload: kept.payload().into(),
            arn: kept.arn.clone(),
            client_context: kept.client_context.clone(),
        };
        let next = self.outcome(&function, event, &config, kept).await;
        if matches!(next, Next::Again(_))
            && let Err(error) = self.events.put(id, kept)
        {
            tracing::warn!(%error, "an event could not be kept");
        }
        next
    }

    async fn outcome(
        self: &Arc<Self>,
        function: &Function,
        event: Event,
        config: &EventConfig,
        kept: &mut Kept,
    ) -> Next {
        match self.run(function, event).await {
            Ok(invocation) if !invocation.failed => Next::Done(Fate::Success(invocation)),
            // The end of the cloud is no fault of the function: the event waits for the next run.
            Ok(_) if self.pool.is_closed() => Next::Again(LONGEST_BUSY_PAUSE),
            Ok(invocation) => {
                let pause = PAUSES.get(kept.failed).copied();
                kept.failed += 1;
                kept.busy = 0;
                let more = kept.failed <= config.retries.unwrap_or(RETRIES);
                pause.filter(|_| more).map_or(Next::Done(Fate::Failed(invocation)), Next::Again)
            }
            // Nothing is reserved for it: it will not run.
            Err(_) if function.settings.reserved == Some(0) => Next::Done(Fate::Failed(Invocation::refused())),
            Err(error) => {
                tracing::warn!(%error, function = function.name, "an event waits");
                let pause = FIRST_BUSY_PAUSE.saturating_mul(1 << kept.busy.min(16)).min(LONGEST_BUSY_PAUSE);
                kept.busy = kept.busy.saturating_add(1);
                Next::Again(pause)
            }
        }
    }

    fn forget(&self, id: &str) {
        if let Err(error) = self.events.remove(id) {
            tracing::warn!(%error, "an event could not be forgotten");
        }
    }
}
