//! Services that the cloud does not have itself: where they answer, and who may ask them.
//!
//! Whoever answers at an address that the user gave knows no roles of this cloud, so their rights are looked at here.

use http::StatusCode;
use serde_json::Value;

use super::wire::{Incoming, Outgoing, Signing};
use super::{Answer, Backends, PRINCIPAL};
use crate::base::Endpoint;
use crate::base::endpoints::{BEDROCK_RUNTIME_VARIABLE, RDS_DATA_VARIABLE};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::service::{ApiError, Permission, Shared};

/// A service outside of this cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outside {
    RdsData,
    BedrockRuntime,
}

impl Outside {
    /// The service of a host of AWS, such as `bedrock-runtime.us-east-1.amazonaws.com`.
    fn of_host(host: &str) -> Option<Self> {
        match host.split('.').next()? {
            "rds-data" => Some(Self::RdsData),
            "bedrock-runtime" => Some(Self::BedrockRuntime),
            _ => None,
        }
    }

    fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::RdsData => ("RDS Data API", RDS_DATA_VARIABLE),
            Self::BedrockRuntime => ("Bedrock", BEDROCK_RUNTIME_VARIABLE),
        }
    }

    /// Its address; a service without one is refused by name.
    pub(super) fn endpoint(self, shared: &Shared) -> Result<&Endpoint, Fault> {
        let known = match self {
            Self::RdsData => &shared.outside.rds_data,
            Self::BedrockRuntime => &shared.outside.bedrock_runtime,
        };
        known.as_ref().ok_or_else(|| {
            let (title, variable) = self.title();
            let message = format!(
                "the embedded cloud has no {title}; start it with the address of one: {variable}=http://127.0.0.1:PORT"
            );
            Fault::raised("NotImplemented", message)
        })
    }
}

/// Where signed requests to an endpoint go, and for which service outside: AWS knows no role of this cloud, so what is
/// addressed to it is answered at the address that the user gave, or by the cloud itself.
pub(super) fn place(shared: &Shared, endpoint: &str) -> Result<(String, Option<Outside>), Fault> {
    let (_, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if !host.ends_with(".amazonaws.com") && !host.ends_with(".amazonaws.com.cn") {
        return Ok((endpoint.to_owned(), None));
    }
    let service = Outside::of_host(host);
    let base = match service {
        Some(service) => service.endpoint(shared)?.as_str(),
        None => shared.endpoint.as_str(),
    };
    Ok((format!("{base}{path}"), service))
}

/// Whether the role of a data source has each of the rights.
pub(super) fn may(backends: &Backends, role: &str, rights: &[Permission]) -> Result<(), ApiError> {
    let caller = backends.iam.act_as(role, PRINCIPAL)?;
    rights.iter().try_for_each(|right| backends.iam.authorize(&caller, right))
}

/// The right to ask a model of Bedrock, which is named by its id or its ARN.
pub(super) fn model_right(shared: &Shared, model: &str) -> Permission {
    let resource = if model.starts_with("arn:") {
        model.to_owned()
    } else if is_profile(model) {
        format!("arn:aws:bedrock:{}:{}:inference-profile/{model}", shared.region, shared.account)
    } else {
        format!("arn:aws:bedrock:{}::foundation-model/{model}", shared.region)
    };
    Permission::new("bedrock:InvokeModel", resource)
}

/// Whether an id is one of an inference profile, which begins with a group of regions: `eu.amazon.nova-micro-v1:0`.
fn is_profile(model: &str) -> bool {
    let group = model.split('.').next().unwrap_or_default();
    model.matches('.').count() > 1 && (group.len() <= 4 || group == "global" || group == "us-gov")
}

/// The answer of a service of AWS to a caller without the right.
pub(super) fn denied(error: &ApiError) -> Incoming {
    let body = serde_json::json!({ "message": error.message }).to_string();
    let headers = vec![("x-amzn-errortype".to_owned(), "AccessDeniedException".to_owned())];
    Incoming { status: 403, headers, body }
}

/// `400 Bad Request`.
pub(super) fn status_line(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("{status} {}", reason.unwrap_or_default()).trim_end().to_owned()
}

/// Sends a request of JSON with the role of a data source and gives the whole answer, whatever its status.
pub(super) fn ask(
    backends: &Backends,
    (service, signing): (Outside, &Signing<'_>),
    (path, headers, body): (&str, Vec<(String, String)>, &Value),
) -> Result<Result<Incoming, Answer>, Fault> {
    let endpoint = service.endpoint(&backends.shared)?;
    let mut headers = headers;
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    let address = format!("{endpoint}{path}");
    let outgoing = Outgoing { method: "POST".to_owned(), address, headers, body: body.to_string() };
    Ok(backends.wire.send(&outgoing, Some(signing)).map_err(|silence| {
        let kind = if service == Outside::RdsData { "RDSHttp" } else { "Bedrock" };
        let (kind, message) = silence.told(kind);
        Answer::error(kind, message, Value::Null)
    }))
}

#[cfg(test)]
mod tests {
    use super::{is_profile, status_line};

    #[test]
    fn profiles_begin_with_a_group_of_regions() {
        for profile in ["eu.amazon.nova-micro-v1:0", "us.anthropic.claude-3-5-haiku-20241022-v1:0", "apac.a.b"] {
            assert!(is_profile(profile), "{profile}");
        }
        for model in ["amazon.nova-micro-v1:0", "anthropic.claude-3-5-sonnet-20240620-v1:0", "cohere.embed-v3"] {
            assert!(!is_profile(model), "{model}");
        }
    }

    #[test]
    fn states_are_told_with_their_reason() {
        assert_eq!(status_line(400), "400 Bad Request");
        assert_eq!(status_line(599), "599");
    }
}
