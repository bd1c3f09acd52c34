//! What an expression can see: the state's input, the context object, variables, and a source of random bytes.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::base::Ids;

/// Variables by name, without the `$`.
pub type Variables = Map<String, Value>;

/// What `$`, `$$` and `$name` mean while a state is evaluated.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `$`: the state's input, or the result where a result is shaped.
    pub input: &'a Value,
    /// `$$`: the context object.
    pub context: &'a Value,
    /// `$name`: variables as they were when the state was entered.
    pub variables: &'a Variables,
    /// Where `States.UUID`, `States.MathRandom` and their JSONata kin draw from.
    pub ids: &'a Arc<dyn Ids>,
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Scope").field("input", self.input).field("variables", self.variables).finish()
    }
}

impl<'a> Scope<'a> {
    /// The same scope over another `$`.
    pub fn over(self, input: &'a Value) -> Self {
        Self { input, ..self }
    }
}
