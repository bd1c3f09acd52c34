//! The functions of pipelines: what each does, and with which data source.

use super::Operation;
use crate::base::Location;
use crate::category::api::services::{Conversation, ConversationStep, Prediction};

/// A step of pipelines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its data source, a key of [`super::Plan::sources`].
    pub source: String,
    /// What it does.
    pub step: Step,
    /// Where the line stands that it comes from.
    pub origin: Location,
}

/// What a function of a pipeline does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A step of `@predictions`.
    Predict {
        /// Which one.
        prediction: Prediction,
    },
    /// A step of a conversation.
    Converse {
        /// Which one.
        step: ConversationStep,
        /// The conversation.
        conversation: Box<Conversation>,
    },
    /// Invoke the Lambda function that is the data source.
    Invoke {
        /// Do not wait for its result.
        event: bool,
    },
    /// What the user's file says, see [`super::Plan::own_files`].
    Own,
    /// Let the caller of a field in, or end the request.
    Check {
        /// Its type.
        type_name: String,
        /// The field.
        field: String,
    },
    /// Read the item that a write names, and end the request when it is not the caller's to write.
    CheckItem {
        /// The model.
        model: String,
        /// The write: update or delete.
        write: Operation,
    },
    /// Update or delete the item, as a resolver of its own would.
    WriteItem {
        /// The model.
        model: String,
        /// The write: update or delete.
        write: Operation,
    },
}

impl Step {
    /// The model whose table the step uses.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::CheckItem { model, .. } | Self::WriteItem { model, .. } => Some(model),
            Self::Predict { .. } | Self::Converse { .. } | Self::Invoke { .. } | Self::Own | Self::Check { .. } => None,
        }
    }
}

/// Names of the functions of a write that reads the item first, in their order.
pub fn checked_write(model: &str, write: Operation) -> [String; 2] {
    let verb = if write == Operation::Delete { "Delete" } else { "Update" };
    [format!("Check{verb}{model}"), format!("{verb}{model}")]
}
