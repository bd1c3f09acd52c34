//! One plain HTTP request to a cloud on this computer: the health of the embedded cloud, the first query of a quickstart.
//!
//! No TLS, no signature, no second try.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;

use super::DeployError;
use crate::base::Endpoint;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON, when it is JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Sends plain requests; connections are kept between them.
#[derive(Debug)]
pub struct Wire {
    connector: Connector,
}

impl Default for Wire {
    fn default() -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(2)).build();
        let sleep = aws_sdk_s3::config::SharedAsyncSleep::new(super::connection::TokioSleep);
        Self { connector: Connector::builder().connector_settings(settings).sleep_impl(sleep).build_http() }
    }
}

impl Wire {
    /// `GET` of a path (with its query) at an address.
    pub async fn get(&self, endpoint: &Endpoint, path: &str) -> Result<Answer, DeployError> {
        self.send("GET", &format!("{endpoint}{path}"), &[], Bytes::new()).await
    }

    /// `POST` of JSON to a URL.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &serde_json::Value,
    ) -> Result<Answer, DeployError> {
        self.send("POST", url, headers, Bytes::from(body.to_string())).await
    }

    async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, DeployError> {
        let unreachable = |source: super::error::Cause| DeployError::Unreachable { address: url.to_owned(), source };
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).map_err(|error| unreachable(error.into()))?;
        request.set_uri(url).map_err(|error| unreachable(error.into()))?;
        for (name, value) in headers {
            let value = (*value).to_owned();
            request.headers_mut().try_insert((*name).to_owned(), value).map_err(|error| unreachable(error.into()))?;
        }
        let exchange = async {
            let answer = self.connector.call(request).await.map_err(|error| unreachable(error.into()))?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.map_err(unreachable)?;
            Ok(Answer { status, body: body.to_bytes() })
        };
        match tokio::time::timeout(TIMEOUT, exchange).await {
            Ok(answer) => answer,
            Err(error) => Err(unreachable(error.into())),
        }
    }
}
