//! Requests of data sources to servers outside of the cloud, signed with a role where a data source says so.
//!
//! Not here: what a data source makes of an answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{PRINCIPAL, wait};
use crate::cloud::client::{Client, Told, request};
use crate::cloud::iam::{Credentials, Iam, RoleRequest};
use crate::cloud::service::{ApiError, Shared};

/// The largest answer that is read (AppSync quotas: 5 MB of a resolver's result).
const ANSWER_LIMIT_BYTES: usize = 5 * 1024 * 1024;

/// How long the credentials of a role are used, and how long before their end new ones are made.
const SESSION_S: i64 = 3600;
const SESSION_SPARE_S: i64 = 300;

/// Headers that belong to the connection and not to the request: ours are sent instead.
const OWN_HEADERS: [&str; 6] = ["host", "content-length", "connection", "transfer-encoding", "upgrade", "expect"];

/// What is written as it is in a query: unreserved characters (RFC 3986), as signatures want it.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The client of all data sources.
pub(in crate::cloud::appsync) struct Wire {
    shared: Arc<Shared>,
    iam: Arc<Iam>,
    client: Client,
    /// Credentials that are still good, by role.
    sessions: Mutex<BTreeMap<String, Credentials>>,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub method: String,
    /// With the query.
    pub address: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What a request is signed for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signing<'a> {
    pub role: &'a str,
    pub service: &'a str,
    pub region: &'a str,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub status: u16,
    /// In the order in which they came; names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// The role may not be taken.
    Refused(ApiError),
    TooLate,
    /// No connection, no HTTP, or a request that cannot be written.
    Broken(String),
}

impl Silence {
    /// Type and message of the error that a handler sees.
    pub(super) fn told(self, kind: &str) -> (String, String) {
        match self {
            Self::Refused(error) => (format!("{kind}:{}", error.code), error.message),
            Self::TooLate => ("ExecutionTimeout".to_owned(), "Execution timed out.".to_owned()),
            Self::Broken(reason) => (format!("{kind}:RequestFailed"), reason),
        }
    }
}

impl Wire {
    pub(in crate::cloud::appsync) fn new(shared: Arc<Shared>, iam: Arc<Iam>) -> Self {
        Self { shared, iam, client: Client::default(), sessions: Mutex::default() }
    }

    /// Sends a request and waits for the answer, so it must run where waiting holds nothing up.
    pub(super) fn send(&self, outgoing: &Outgoing, signing: Option<&Signing<'_>>) -> Result<Incoming, Silence> {
        let request = self.request(outgoing, signing)?;
        let broken = |error: String| Silence::Broken(format!("{}: {error}", place(&outgoing.address)));
        let told = wait(self.client.send(request, ANSWER_LIMIT_BYTES)).ok_or(Silence::TooLate)?;
        let Told { status, headers, body } = told.map_err(broken)?;
        Ok(Incoming { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
    }

    fn request(&self, outgoing: &Outgoing, signing: Option<&Signing<'_>>) -> Result<HttpRequest, Silence> {
        let added = signing.map(|signing| self.signature(outgoing, signing)).transpose()?.unwrap_or_default();
        let own = outgoing.headers.iter().filter(|(name, _)| !is_own(name)).cloned();
        let body = Bytes::from(outgoing.body.clone());
        request((&outgoing.method, &outgoing.address), own.chain(added), body)
            .map_err(|error| Silence::Broken(format!("the request cannot be sent: {error}")))
    }

    /// The headers that sign a request.
    fn signature(&self, outgoing: &Outgoing, signing: &Signing<'_>) -> Result<Vec<(String, String)>, Silence> {
        let broken = |error: &dyn std::fmt::Display| Silence::Broken(format!("the request cannot be signed: {error}"));
        let credentials = self.credentials(signing.role).map_err(Silence::Refused)?;
        let identity = aws_credential_types::Credentials::new(
            credentials.access_key,
            credentials.secret_key.reveal().clone(),
            Some(credentials.session_token.reveal().clone()),
            None,
            "role",
        )
        .into();
        let now_ms = u64::try_from(self.shared.clock.now_ms()).unwrap_or_default();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(signing.region)
            .name(signing.service)
            .time(UNIX_EPOCH + Duration::from_millis(now_ms))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| broken(&error))?
            .into();
        let headers = outgoing.headers.iter().filter(|(name, _)| !is_own(name));
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Bytes(outgoing.body.as_bytes());
        let signable = SignableRequest::new(&outgoing.method, &outgoing.address, headers, body);
        let signed = sign(signable.map_err(|error| broken(&error))?, &parameters).map_err(|error| broken(&error))?;
        let (instructions, _) = signed.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Credentials of a role that AppSync may take.
    fn credentials(&self, role_arn: &str) -> Result<Credentials, ApiError> {
        let now_s = self.shared.clock.now_s();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sessions.get(role_arn).filter(|known| known.expires_at_s > now_s + SESSION_SPARE_S) {
            return Ok(known.clone());
        }
        let made = self.iam.assume(&RoleRequest {
            role_arn,
            session_name: "appsync",
            principal: ("Service", PRINCIPAL),
            action: "sts:AssumeRole",
            context: BTreeMap::new(),
            seconds: SESSION_S,
        })?;
        sessions.insert(role_arn.to_owned(), made.clone());
        Ok(made)
    }
}

fn is_own(name: &str) -> bool {
    OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// An address without its query, which may hold what is nobody's business.
fn place(address: &str) -> &str {
    address.split('?').next().unwrap_or_default()
}

/// A name or value of a query.
pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}
