//! The values on the way through a state, one by one: what TestState tells of one.

use serde_json::Value;

use super::super::fault::Fault;
use super::Situation;
use super::code::{Source, Step, Ways, Work};
use super::view::View;

/// The values on the way through a state; what its language and kind do not have, or what was not reached, is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// After `InputPath`.
    pub after_input_path: Option<Value>,
    /// After `Parameters`.
    pub after_parameters: Option<Value>,
    /// After `Arguments`.
    pub after_arguments: Option<Value>,
    /// After `ItemsPath`.
    pub after_items_path: Option<Value>,
    /// After `ResultSelector`.
    pub after_result_selector: Option<Value>,
    /// After `ResultPath`.
    pub after_result_path: Option<Value>,
}

impl Step {
    /// Follows the input, and the result where there is one. What a fault leaves is kept in `inspection`.
    pub fn inspect(
        &self,
        situation: &Situation<'_>,
        result: Option<&Value>,
        inspection: &mut Inspection,
    ) -> Result<(), Fault> {
        let effective = self.effective(situation)?;
        let view = View::new(situation, &effective);
        match &self.flow {
            Ways::Jsonata { arguments, .. } => {
                // The service tells the arguments of tasks alone.
                let told = arguments.as_ref().filter(|_| matches!(self.work, Work::Task(_)));
                let arguments = told.map(|arguments| view.template(arguments, "Arguments"));
                inspection.after_arguments = arguments.transpose()?;
            }
            Ways::Path { parameters, selector, result: placement, .. } => {
                inspection.after_input_path = Some(effective.clone().into_owned());
                if let Work::Map(iteration) = &self.work
                    && let Source::Path(path) = &iteration.items
                {
                    inspection.after_items_path = path.evaluate(view.scope()).ok().map(std::borrow::Cow::into_owned);
                }
                let parameters = parameters.as_ref().map(|parameters| parameters.fill(view.scope())).transpose()?;
                inspection.after_parameters.clone_from(&parameters);
                let own = match &self.work {
                    Work::Pass { result } => Some(
                        result.as_deref().cloned().or(parameters).unwrap_or_else(|| effective.clone().into_owned()),
                    ),
                    _ => result.cloned(),
                };
                let Some(result) = own else { return Ok(()) };
                let selected = match selector {
                    Some(selector) => {
                        let selected = selector.fill(View::of_result(situation, &result).scope())?;
                        inspection.after_result_selector = Some(selected.clone());
                        selected
                    }
                    None => result,
                };
                if matches!(self.work, Work::Pass { .. } | Work::Task(_) | Work::Parallel { .. } | Work::Map(_)) {
                    inspection.after_result_path = Some(placement.place(situation.input.clone(), selected)?);
                }
            }
        }
        Ok(())
    }
}
