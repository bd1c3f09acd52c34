//! Refusals of Cognito in its own words.
//!
//! The texts are those that client libraries show and match; each was seen in answers of the service or stands in its
//! API reference.

use crate::cloud::service::ApiError;

pub(super) fn not_authorized(message: impl Into<String>) -> ApiError {
    ApiError::new("NotAuthorizedException", message)
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}

pub(super) fn wrong_password() -> ApiError {
    not_authorized("Incorrect username or password.")
}

pub(super) fn no_user() -> ApiError {
    ApiError::new("UserNotFoundException", "User does not exist.")
}

pub(super) fn wrong_code() -> ApiError {
    ApiError::new("CodeMismatchException", "Invalid verification code provided, please try again.")
}

pub(super) fn expired_code() -> ApiError {
    ApiError::new("ExpiredCodeException", "Invalid code provided, please request a code again.")
}

pub(super) fn too_many_attempts() -> ApiError {
    ApiError::new("LimitExceededException", "Attempt limit exceeded, please try after some time.")
}

pub(super) fn bad_session() -> ApiError {
    not_authorized("Invalid session for the user.")
}
