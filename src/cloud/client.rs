//! Requests to servers outside of the cloud, by HTTP and HTTPS.
//!
//! Not here: signatures, and what an answer means.

use std::sync::OnceLock;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};

/// The client of what speaks to others.
pub(in crate::cloud) struct Client {
    plain: Connector,
    /// Made when it is first needed: the system's certificates take time to read.
    secure: OnceLock<Connector>,
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Told {
    pub status: u16,
    /// In the order in which they came; names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Default for Client {
    fn default() -> Self {
        Self { plain: Connector::builder().build_http(), secure: OnceLock::new() }
    }
}

/// A request with its headers, or why it cannot be written.
pub(in crate::cloud) fn request(
    (method, address): (&str, &str),
    headers: impl IntoIterator<Item = (String, String)>,
    body: Bytes,
) -> Result<HttpRequest, String> {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method(method).map_err(|error| error.to_string())?;
    request.set_uri(address).map_err(|error| error.to_string())?;
    for (name, value) in headers {
        request.headers_mut().try_insert(name.to_lowercase(), value).map_err(|error| error.to_string())?;
    }
    Ok(request)
}

impl Client {
    /// Sends a request and reads its answer, up to a size in bytes; the error says what went wrong.
    pub(in crate::cloud) async fn send(&self, request: HttpRequest, limit: usize) -> Result<Told, String> {
        let secure = || Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
        let is_secure = request.uri().starts_with("https:");
        let connector = if is_secure { self.secure.get_or_init(secure) } else { &self.plain };
        let answer = connector.call(request).await.map_err(|error| reasons(&error))?;
        let status = answer.status().as_u16();
        let text = |(name, value): (&str, &str)| (name.to_lowercase(), value.to_owned());
        let headers = answer.headers().iter().map(text).collect();
        let body = Limited::new(answer.into_body(), limit).collect().await;
        Ok(Told { status, headers, body: body.map_err(|error| error.to_string())?.to_bytes() })
    }
}

/// An error with what led to it.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
