//! What happened in the cloud, as events: for the front page and the log of `dev`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast;

/// How many past events are kept for those who come later.
const KEPT: usize = 200;

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Happening {
    /// A GraphQL request was answered.
    GraphQl {
        /// Milliseconds since 1970.
        at_ms: i64,
        /// Top-level fields.
        operation: String,
        /// HTTP status.
        status: u16,
        /// How long it took.
        elapsed_ms: u64,
        /// Who asked: `user ada`, `api key`, `guest`.
        caller: String,
    },
    /// A message was put into the mailbox.
    Mail {
        /// Milliseconds since 1970.
        at_ms: i64,
        /// E-mail address or phone number.
        to: String,
        /// The code in it.
        code: String,
    },
    /// A stack reached a state.
    Stack {
        /// Milliseconds since 1970.
        at_ms: i64,
        /// Its name.
        stack: String,
        /// `CREATE_COMPLETE`, ….
        status: String,
    },
}

/// Takes happenings and hands them to whoever listens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed {
    kept: Arc<Mutex<VecDeque<Happening>>>,
    sender: broadcast::Sender<Happening>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { kept: Arc::default(), sender: broadcast::channel(KEPT).0 }
    }
}

impl Feed {
    /// Takes one.
    pub fn publish(&self, happening: Happening) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(happening.clone());
        // Nobody listening is no error.
        let _ = self.sender.send(happening);
    }

    /// The last ones, oldest first.
    pub fn recent(&self) -> Vec<Happening> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Those from now on.
    pub fn listen(&self) -> broadcast::Receiver<Happening> {
        self.sender.subscribe()
    }
}
