//! What becomes of a failure: the state is tried again, another state takes over, or the branch fails.

use super::super::fault::Fault;
use super::super::intrinsic::JavaRandom;
use super::super::scope::Scope;
use super::super::task::{Jitter, Retrier, errors_match};
use super::code::Step;
use super::view::{View, within_limit};
use super::{Exit, Failure, Situation};

/// How often each retrier of a state was used since the state was entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    used: Vec<u64>,
}

impl Attempts {
    /// All retries together: `$$.State.RetryCount`.
    pub fn total(&self) -> u64 {
        self.used.iter().sum()
    }

    /// The counts, to be stored; a restored execution goes on with them.
    pub fn counts(&self) -> &[u64] {
        &self.used
    }

    /// From stored counts.
    pub fn from_counts(used: Vec<u64>) -> Self {
        Self { used }
    }
}

/// What becomes of a failure.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The state is tried again after so many milliseconds.
    Retry {
        /// The delay.
        after_ms: u64,
    },
    /// A catcher hands on to another state.
    Caught(Exit),
    /// Nothing matches: the branch fails, and with it the state around it.
    Uncaught,
}

impl Step {
    /// What becomes of a failure in the state: its retriers first, then its catchers. A retry is counted in `attempts`.
    pub fn judge(
        &self,
        situation: &Situation<'_>,
        failure: &Failure,
        attempts: &mut Attempts,
    ) -> Result<Verdict, Fault> {
        attempts.used.resize(self.retry.len().max(attempts.used.len()), 0);
        // The first retrier that matches decides; when it is used up, the next ones are not asked.
        let matching = self.retry.iter().position(|retrier| errors_match(&retrier.errors, &failure.error));
        if let Some(index) = matching {
            let (retrier, used) = (&self.retry[index], attempts.used[index]);
            if used < retrier.max_attempts {
                attempts.used[index] = used + 1;
                return Ok(Verdict::Retry { after_ms: delay_ms(retrier, used, situation) });
            }
        }
        self.caught(situation, failure)
    }

    fn caught(&self, situation: &Situation<'_>, failure: &Failure) -> Result<Verdict, Fault> {
        let Some(index) = self.catch.iter().position(|catcher| errors_match(&catcher.errors, &failure.error)) else {
            return Ok(Verdict::Uncaught);
        };
        let catcher = &self.catch[index];
        let error = failure.output();
        let view = View::of_error(situation, &error);
        let field = |name: &str| format!("Catch[{index}]/{name}");
        let assigned = view.assign(catcher.assign.as_ref(), &field("Assign"), &self.name)?;
        let output = match (&catcher.output, &self.flow) {
            (Some(output), _) => view.template(output, &field("Output"))?,
            (None, super::code::Ways::Jsonata { .. }) => error.clone(),
            (None, super::code::Ways::Path { .. }) => catcher.result.place(situation.input.clone(), error.clone())?,
        };
        within_limit(&output, &self.name)?;
        Ok(Verdict::Caught(Exit { output, assigned, next: Some(catcher.next.clone()) }))
    }
}

/// The delay before the next attempt, after `used` ones: the interval, multiplied for each, not above the limit, and
/// drawn from zero to that where the retrier wants jitter.
fn delay_ms(retrier: &Retrier, used: u64, situation: &Situation<'_>) -> u64 {
    // The longest delay that the service takes: a year.
    const LONGEST_SECONDS: f64 = 31_622_400.0;
    let power = i32::try_from(used).unwrap_or(i32::MAX);
    #[expect(clippy::cast_precision_loss, reason = "intervals are far below 2^53 seconds")]
    let (interval, limit) =
        (retrier.interval_seconds as f64, retrier.max_delay_seconds.map_or(LONGEST_SECONDS, |limit| limit as f64));
    let seconds = (interval * retrier.backoff_rate.powi(power)).min(limit).min(LONGEST_SECONDS);
    let share = match retrier.jitter {
        Jitter::None => 1.0,
        Jitter::Full => {
            let Situation { input, context, variables, ids, .. } = *situation;
            JavaRandom::drawn(&Scope { input, context, variables, ids }).unit()
        }
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the delay is positive and at most a year"
    )]
    ((seconds * share * 1000.0).round() as u64)
}
