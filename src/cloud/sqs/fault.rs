//! The refusals of SQS, by the names of its JSON model; the gateway writes the older names of the Query protocol.

use crate::cloud::service::ApiError;

/// A value that does not fit.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterValueException", message)
}

/// A value of a parameter that does not fit, and why.
pub(super) fn invalid_value(value: &str, parameter: &str, reason: &str) -> ApiError {
    invalid(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

/// A parameter that must be there.
pub(super) fn missing(parameter: &str) -> ApiError {
    let message = format!("The request must contain the parameter {parameter}.");
    ApiError::new("MissingRequiredParameterException", message)
}

/// A queue that is not there.
pub(super) fn no_queue() -> ApiError {
    ApiError::new("QueueDoesNotExist", "The specified queue does not exist.")
}

/// A receipt handle that was never given out.
pub(super) fn bad_receipt(handle: &str) -> ApiError {
    ApiError::new(
        "ReceiptHandleIsInvalid",
        format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
    )
}

/// An attribute of a queue whose value does not fit.
pub(super) fn bad_attribute(name: &str) -> ApiError {
    ApiError::new("InvalidAttributeValue", format!("Invalid value for the parameter {name}."))
}

/// The same, with a reason.
pub(super) fn bad_attribute_because(value: &str, name: &str, reason: &str) -> ApiError {
    let message = format!("Value {value} for parameter {name} is invalid. Reason: {reason}");
    ApiError::new("InvalidAttributeValue", message)
}
