//! Leaving a state with its result.

use serde_json::Value;

use super::super::fault::Fault;
use super::code::{Step, Ways, Work};
use super::view::{View, within_limit};
use super::{Exit, Situation};

impl Step {
    /// How the state is left with `result`: what a service, the branches or the iterations gave; of Wait, its input.
    pub fn leave(&self, situation: &Situation<'_>, result: Value) -> Result<Exit, Fault> {
        within_limit(&result, &self.name)?;
        let has_result = matches!(self.work, Work::Task(_) | Work::Parallel { .. } | Work::Map(_));
        let view = if has_result { View::of_result(situation, &result) } else { View::new(situation, &result) };
        let assigned = view.assign(self.assign.as_ref(), "Assign", &self.name)?;
        let output = match &self.flow {
            Ways::Jsonata { output: Some(output), .. } => view.template(output, "Output")?,
            Ways::Jsonata { output: None, .. } => result,
            Ways::Path { selector, result: placement, output, .. } => {
                let shaped = match selector {
                    Some(selector) => selector.fill(view.scope())?,
                    None => result.clone(),
                };
                // Wait and Succeed have no result: what they hand on is their effective input.
                let placed = if matches!(self.work, Work::Seconds(_) | Work::Timestamp(_) | Work::Succeed) {
                    shaped
                } else {
                    placement.place(situation.input.clone(), shaped)?
                };
                within_limit(&placed, &self.name)?;
                output.select(&view.scope().over(&placed))?
            }
        };
        within_limit(&output, &self.name)?;
        Ok(Exit { output, assigned, next: self.next.clone() })
    }

    /// How a Wait state is left once its time has come.
    pub fn waited(&self, situation: &Situation<'_>) -> Result<Exit, Fault> {
        let effective = self.effective(situation)?.into_owned();
        self.leave(situation, effective)
    }
}
