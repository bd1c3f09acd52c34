//! A target becomes a connection: SDK configuration, HTTP client, and who we are there.
//!
//! The only file that knows `aws-config`. A target with an address of plain HTTP gets a client without TLS: reading the
//! root certificates costs a tenth of a second.

use std::path::Path;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region as SdkRegion};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;

use super::DeployError;
use super::artifacts_s3::S3Objects;
use super::logs::WireLogs;
use super::sdk_error::Callee;
use super::secrets::WireSecrets;
use super::signed::SignedJson;
use super::stacks_sdk::SdkStacks;
use super::watch::Pace;
use crate::base::{Endpoint, Target};

/// The credentials of clouds on this computer: their keys are public, as in LocalStack's documentation.
const LOCAL_KEY: &str = "test";
/// How long to wait for a cloud to take a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the connection goes, with everything that is known on this computer.
#[derive(Clone, Debug)]
pub struct ConnectRequest<'a> {
    /// The target.
    pub target: &'a Target,
    /// The address of the embedded cloud, for [`Target::Local`].
    pub local: Option<&'a Endpoint>,
    /// The folder of the project, which paths of the target are relative to.
    pub root: &'a Path,
    /// Keys from the environment for an address (LocalStack accounts).
    pub keys: Option<(String, crate::base::Secret<String>)>,
}

/// Who we are at the target.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Identity {
    /// The account.
    pub account: String,
    /// The ARN of the caller.
    pub arn: String,
}

/// A connection to a target; cheap to make, nothing is called before [`Connection::identity`].
#[derive(Debug)]
pub struct Connection {
    config: SdkConfig,
    /// The configuration of the first call: it does not try again.
    ping: SdkConfig,
    callee: Callee,
    endpoint: Option<Endpoint>,
    /// The certificates that are trusted instead of the system's.
    bundle: Option<Vec<u8>>,
    pace: Pace,
}

impl Connection {
    /// Prepares a connection.
    ///
    /// # Errors
    /// [`DeployError::CaBundle`].
    ///
    /// # Panics
    /// When a local target comes without the address of its cloud.
    pub async fn open(request: &ConnectRequest<'_>) -> Result<Self, DeployError> {
        let region = SdkRegion::new(request.target.region().to_string());
        match request.target {
            Target::Aws { profile, .. } => {
                let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region);
                loader = loader.http_client(https(None)).timeout_config(timeouts());
                if let Some(profile) = profile {
                    loader = loader.profile_name(profile.as_str());
                }
                let config = Box::pin(loader.load()).await;
                let profile = profile.as_ref().map(ToString::to_string);
                let callee = Callee { address: format!("AWS {}", request.target.region()), profile };
                let ping = config.clone();
                Ok(Self { ping, config, callee, endpoint: None, bundle: None, pace: Pace::remote() })
            }
            Target::LocalStack { endpoint, ca_bundle, .. } => {
                let bundle = ca_bundle.as_ref().map(|path| request.root.join(path));
                Self::at(request, endpoint, region, bundle.as_deref(), Pace::near())
            }
            Target::Local { .. } => {
                let endpoint =
                    request.local.expect("the operation starts or finds the embedded cloud before it connects");
                Self::at(request, endpoint, region, None, Pace::local())
            }
        }
    }

    /// A connection to one address with keys that need no lookup.
    fn at(
        request: &ConnectRequest<'_>,
        endpoint: &Endpoint,
        region: SdkRegion,
        ca_bundle: Option<&Path>,
        pace: Pace,
    ) -> Result<Self, DeployError> {
        let bundle = ca_bundle.map(read_bundle).transpose()?;
        let client =
            if endpoint.as_str().starts_with("http://") { Builder::new().build_http() } else { https(bundle.clone()) };
        let keys = match &request.keys {
            Some((key, secret)) => Credentials::new(key, secret.reveal(), None, None, "environment"),
            None => Credentials::new(LOCAL_KEY, LOCAL_KEY, None, None, "local"),
        };
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .endpoint_url(endpoint.as_str())
            .http_client(client)
            .timeout_config(timeouts())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .sleep_impl(async_sleep())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .retry_config(RetryConfig::standard())
            .build();
        Ok(Self {
            ping: config.to_builder().retry_config(RetryConfig::disabled()).build(),
            config,
            callee: Callee { address: endpoint.to_string(), profile: None },
            endpoint: Some(endpoint.clone()),
            bundle,
            pace,
        })
    }

    /// Reaches the target and learns who we are there.
    pub async fn identity(&self) -> Result<Identity, DeployError> {
        let client = aws_sdk_sts::Client::new(&self.ping);
        let answer = client.get_caller_identity().send().await;
        let answer = answer.map_err(|error| self.callee.error("sts:GetCallerIdentity", error))?;
        match (answer.account(), answer.arn()) {
            (Some(account), Some(arn)) => Ok(Identity { account: account.to_owned(), arn: arn.to_owned() }),
            _ => Err(DeployError::Unexpected {
                operation: "sts:GetCallerIdentity".to_owned(),
                source: "the answer names no account".into(),
            }),
        }
    }

    /// The stacks of the target.
    pub fn stacks(&self) -> SdkStacks {
        SdkStacks::new(&self.config, self.callee.clone())
    }

    /// The objects of a bucket of the target.
    pub fn bucket(&self, name: &str) -> S3Objects {
        let region = self.config.region().map(ToString::to_string).unwrap_or_default();
        S3Objects::new(&self.config, self.callee.clone(), self.endpoint.clone(), region, name)
    }

    /// The logs of the target.
    ///
    /// # Errors
    /// [`DeployError::NoCredentials`], when the target was given none at all.
    pub fn logs(&self) -> Result<WireLogs, DeployError> {
        Ok(WireLogs(self.signed("logs", "Logs_20140328")?))
    }

    /// Where the target keeps secrets.
    ///
    /// # Errors
    /// [`DeployError::NoCredentials`], when the target was given none at all.
    pub fn secrets(&self) -> Result<WireSecrets, DeployError> {
        let parameters = self.signed("ssm", "AmazonSSM")?;
        Ok(WireSecrets { parameters, manager: self.signed("secretsmanager", "secretsmanager")? })
    }

    /// A client of a service: its name in addresses and signatures, and what its target header begins with.
    fn signed(&self, service: &'static str, target: &'static str) -> Result<SignedJson, DeployError> {
        let region = self.config.region().map(ToString::to_string).unwrap_or_default();
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let address = self.config.endpoint_url().map_or_else(
            || format!("https://{service}.{region}.{suffix}/"),
            |address| format!("{}/", address.trim_end_matches('/')),
        );
        let credentials = self.config.credentials_provider().ok_or_else(|| DeployError::NoCredentials {
            profile: self.callee.profile.clone(),
            source: "the configuration names no source of credentials".into(),
        })?;
        let connector = connector(&address, self.bundle.clone());
        Ok(SignedJson { connector, credentials, callee: self.callee.clone(), region, address, service, target })
    }

    /// How often to look while a stack moves.
    pub fn pace(&self) -> Pace {
        self.pace
    }
}

fn async_sleep() -> aws_sdk_s3::config::SharedAsyncSleep {
    aws_sdk_s3::config::SharedAsyncSleep::new(TokioSleep)
}

/// The runtime's timer, for retries and time limits.
#[derive(Debug)]
pub(super) struct TokioSleep;

impl aws_sdk_s3::config::AsyncSleep for TokioSleep {
    fn sleep(&self, duration: Duration) -> aws_sdk_s3::config::Sleep {
        aws_sdk_s3::config::Sleep::new(tokio::time::sleep(duration))
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build()
}

/// Who is trusted: the system's certificate authorities, or those of a bundle alone.
fn trust(bundle: Option<Vec<u8>>) -> Option<TlsContext> {
    let store = match bundle {
        Some(pem) => TrustStore::empty().with_pem_certificate(pem),
        None => TrustStore::default(),
    };
    TlsContext::builder().with_trust_store(store).build().ok()
}

/// What sends requests to one address, without TLS where the address has none.
fn connector(address: &str, bundle: Option<Vec<u8>>) -> Connector {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let builder = Connector::builder().connector_settings(settings).sleep_impl(async_sleep());
    if address.starts_with("http://") {
        return builder.build_http();
    }
    let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
    match trust(bundle) {
        Some(context) => builder.tls_context(context).build(),
        None => builder.build(),
    }
}

/// A client with TLS.
fn https(bundle: Option<Vec<u8>>) -> SharedHttpClient {
    let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    match trust(bundle) {
        Some(context) => builder.tls_context(context).build_https(),
        None => builder.build_https(),
    }
}

/// The certificates of a bundle, looked through first: the client would panic on a text that is none.
fn read_bundle(path: &Path) -> Result<Vec<u8>, DeployError> {
    let failed = |reason: String| DeployError::CaBundle { path: path.display().to_string(), reason };
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is no PEM text".to_owned()))?;
    let blocks: Vec<&str> = text.split("-----BEGIN CERTIFICATE-----").skip(1).collect();
    if blocks.is_empty() {
        return Err(failed("it holds no `BEGIN CERTIFICATE`".to_owned()));
    }
    for (index, block) in blocks.iter().enumerate() {
        let body = block.split_once("-----END CERTIFICATE-----").map(|(body, _)| body);
        let body = body.ok_or_else(|| failed(format!("certificate {} has no end", index + 1)))?;
        let compact: String = body.split_whitespace().collect();
        let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, compact);
        // A certificate is a DER sequence.
        if !der.is_ok_and(|der| der.first() == Some(&0x30)) {
            return Err(failed(format!("certificate {} is damaged", index + 1)));
        }
    }
    Ok(bytes)
}
