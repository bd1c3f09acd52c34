//! Errors of the AWS SDK in our own words. No other room sees one.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;

use super::DeployError;

/// Codes that mean the credentials themselves are bad.
const BAD_CREDENTIALS: [&str; 10] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "UnrecognizedClientException",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "AuthFailure",
];

/// Where a call went, for its errors.
#[derive(Clone, Debug)]
pub(super) struct Callee {
    /// The address, or the name of the cloud.
    pub(super) address: String,
    /// The profile of the credentials.
    pub(super) profile: Option<String>,
}

impl Callee {
    /// The error of a call in our words.
    pub(super) fn error<E, R>(&self, operation: &str, error: SdkError<E, R>) -> DeployError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let operation = operation.to_owned();
        if no_credentials(&error) {
            return DeployError::NoCredentials { profile: self.profile.clone(), source: innermost(error) };
        }
        match &error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("Unknown").to_owned();
                let message = service.err().message().unwrap_or("no reason given").to_owned();
                Self::refusal(operation, code, message)
            }
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                DeployError::Unreachable { address: self.address.clone(), source: innermost(error) }
            }
            _ => DeployError::Unexpected { operation, source: innermost(error) },
        }
    }
}

impl Callee {
    /// What a service said, in our words.
    pub(super) fn refusal(operation: String, code: String, message: String) -> DeployError {
        if BAD_CREDENTIALS.contains(&code.as_str()) {
            DeployError::Refused { code, message }
        } else if code.starts_with("AccessDenied") {
            DeployError::Forbidden { operation, message }
        } else {
            DeployError::Service { operation, code, message }
        }
    }
}

/// True when the call never left, because nobody gave credentials.
fn no_credentials<E, R>(error: &SdkError<E, R>) -> bool
where
    E: Error + 'static,
    R: std::fmt::Debug,
{
    let mut next: Option<&(dyn Error + 'static)> = match error {
        SdkError::ServiceError(_) => None,
        other => Error::source(other),
    };
    while let Some(cause) = next {
        if cause.is::<CredentialsError>() {
            return true;
        }
        next = cause.source();
    }
    false
}

/// The end of the chain of causes: what the operating system or the parser said. The links above it name SDK internals.
fn innermost<E, R>(error: SdkError<E, R>) -> super::error::Cause
where
    E: Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let mut text = error.to_string();
    let mut next = Error::source(&error);
    while let Some(cause) = next {
        text = cause.to_string();
        next = cause.source();
    }
    text.into()
}
