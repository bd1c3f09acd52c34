//! Signed JSON calls (AWS JSON 1.1, Signature Version 4) to services for which there is no client of the SDK.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::DeployError;
use super::error::Cause;
use super::sdk_error::Callee;
use crate::base::{Clock as _, SystemClock};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How often a call is made when the service is busy or out of reach, and the first pause between.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(200);

/// One service, called with the caller's credentials.
#[derive(Debug)]
pub(super) struct SignedJson {
    pub(super) connector: Connector,
    pub(super) credentials: SharedCredentialsProvider,
    pub(super) callee: Callee,
    pub(super) region: String,
    /// The address of the service.
    pub(super) address: String,
    /// The service's name in signatures: `logs`.
    pub(super) service: &'static str,
    /// What the target header begins with: `Logs_20140328`.
    pub(super) target: &'static str,
}

/// An answer: status and body.
type Answer = (u16, Bytes);

impl SignedJson {
    /// Calls an action and gives its answer.
    pub(super) async fn call(&self, action: &str, input: &Value) -> Result<Value, DeployError> {
        let operation = format!("{}:{action}", self.service);
        let body = Bytes::from(input.to_string());
        let mut pause = PAUSE;
        for last in (0..TRIES).map(|number| number + 1 == TRIES) {
            let outcome = self.once(&operation, action, &body).await;
            let again = match &outcome {
                Ok((status, body)) => *status >= 500 || is_throttled(&fault(body).0),
                Err(error) => matches!(error, DeployError::Unreachable { .. }),
            };
            if again && !last {
                tokio::time::sleep(pause).await;
                pause *= 2;
                continue;
            }
            return self.read(operation, outcome?);
        }
        unreachable!("the last try always returns")
    }

    fn read(&self, operation: String, (status, body): Answer) -> Result<Value, DeployError> {
        if status < 300 {
            return serde_json::from_slice(&body)
                .map_err(|error| DeployError::Unexpected { operation, source: error.into() });
        }
        let (code, message) = fault(&body);
        if code.is_empty() {
            let source = format!("{} answered with status {status}", self.address).into();
            return Err(DeployError::Unexpected { operation, source });
        }
        Err(Callee::refusal(operation, code, message))
    }

    async fn once(&self, operation: &str, action: &str, body: &Bytes) -> Result<Answer, DeployError> {
        let credentials = self.credentials.provide_credentials().await.map_err(|error| DeployError::NoCredentials {
            profile: self.callee.profile.clone(),
            source: error.to_string().into(),
        })?;
        let unexpected = |source: Cause| DeployError::Unexpected { operation: operation.to_owned(), source };
        let request = self.signed(action, body, credentials).map_err(unexpected)?;
        let unreachable = |source: Cause| DeployError::Unreachable { address: self.callee.address.clone(), source };
        let exchange = async {
            let answer = self.connector.call(request).await.map_err(|error| unreachable(error.into()))?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.map_err(unreachable)?;
            Ok((status, body.to_bytes()))
        };
        tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or_else(|error| Err(unreachable(error.into())))
    }

    fn signed(&self, action: &str, body: &Bytes, credentials: Credentials) -> Result<HttpRequest, Cause> {
        let identity = credentials.into();
        let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(SystemClock.now_ms())?);
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(now)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let target = format!("{}.{action}", self.target);
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let signable = SignableRequest::new("POST", &self.address, headers.into_iter(), SignableBody::Bytes(body))?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body.clone()));
        request.set_method("POST")?;
        request.set_uri(self.address.as_str())?;
        for (name, value) in headers.into_iter().chain(instructions.headers()) {
            request.headers_mut().try_insert(name.to_owned(), value.to_owned())?;
        }
        Ok(request)
    }
}

/// Code and message of an answer that is an error; no code when it is none of AWS.
fn fault(body: &[u8]) -> (String, String) {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |names: [&str; 2]| names.iter().find_map(|name| document[*name].as_str()).unwrap_or_default();
    let code = text(["__type", "code"]);
    let code = code.rsplit('#').next().unwrap_or(code).split(':').next().unwrap_or(code);
    let message = text(["message", "Message"]);
    (code.to_owned(), if message.is_empty() { "no reason given".to_owned() } else { message.to_owned() })
}

fn is_throttled(code: &str) -> bool {
    code.contains("Throttl") || code == "TooManyRequestsException" || code == "ServiceUnavailableException"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_in_every_form_that_services_use() {
        for (body, code, message) in [
            (r#"{"__type":"ResourceNotFoundException","message":"gone"}"#, "ResourceNotFoundException", "gone"),
            (r#"{"__type":"com.amazonaws.logs#ThrottlingException","Message":"slow"}"#, "ThrottlingException", "slow"),
            (r#"{"code":"AccessDeniedException:http://x/"}"#, "AccessDeniedException", "no reason given"),
            ("<html>", "", "no reason given"),
        ] {
            assert_eq!(fault(body.as_bytes()), (code.to_owned(), message.to_owned()));
        }
        assert!(is_throttled("ThrottlingException") && !is_throttled("ResourceNotFoundException"));
    }
}
