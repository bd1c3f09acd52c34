//! Function URLs: an address for a function or one of its aliases.
//!
//! Source: "Creating and managing Lambda function URLs" of the Lambda guide.

use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::names::Named;
use super::settings::{constraint, invalid};
use super::{Engine, not_found};
use crate::cloud::service::{ApiError, Shared};

/// What stands between the id and the region in the host of a URL.
pub(in crate::cloud) const URL_LABEL: &str = "lambda-url";

/// A function URL as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud::lambda) struct FunctionUrl {
    /// The first label of its host.
    pub id: String,
    pub function: String,
    /// The alias, unless it is for the function as it is.
    pub qualifier: Option<String>,
    /// Whether requests must be signed (`AWS_IAM`); else anyone may send them (`NONE`).
    pub signed: bool,
    pub cors: Option<Cors>,
    pub created_ms: i64,
    pub modified_ms: i64,
}

/// What pages of other origins may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::cloud::lambda) struct Cors {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_credentials: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_headers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_methods: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_origins: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
}

impl FunctionUrl {
    /// The address, by that of the cloud: `http://<id>.lambda-url.<region>.localhost:4700/`.
    pub(in crate::cloud::lambda) fn address(&self, shared: &Shared) -> String {
        let (scheme, host) = shared.endpoint.split_once("://").unwrap_or(("http", &shared.endpoint));
        format!("{scheme}://{}.{URL_LABEL}.{}.{host}/", self.id, shared.region)
    }

    /// The URL as the API gives it.
    pub(in crate::cloud::lambda) fn described(&self, shared: &Shared) -> Value {
        let named = Named { name: self.function.clone(), qualifier: self.qualifier.clone() };
        let mut told = json!({
            "FunctionUrl": self.address(shared), "FunctionArn": named.arn(shared),
            "AuthType": if self.signed { "AWS_IAM" } else { "NONE" },
            "CreationTime": crate::base::clock::iso_ms(self.created_ms),
            "LastModifiedTime": crate::base::clock::iso_ms(self.modified_ms), "InvokeMode": "BUFFERED",
        });
        if let Some(cors) = &self.cors {
            told["Cors"] = json!(cors);
        }
        told
    }

    fn with(mut self, input: &Value) -> Result<Self, ApiError> {
        match input.get("AuthType").and_then(Value::as_str) {
            None => {}
            Some("NONE") => self.signed = false,
            Some("AWS_IAM") => self.signed = true,
            Some(other) => {
                return Err(constraint(other, "authType", "satisfy enum value set: [NONE, AWS_IAM]"));
            }
        }
        if let Some(mode) = input.get("InvokeMode").and_then(Value::as_str).filter(|mode| *mode != "BUFFERED") {
            return Err(ApiError::not_built("lambda", &format!("function URLs with InvokeMode {mode}")));
        }
        if let Some(cors) = input.get("Cors").filter(|cors| !cors.is_null()) {
            let mut cors = cors.clone();
            // CloudFormation writes numbers and booleans as texts as well.
            for name in ["MaxAge", "AllowCredentials"] {
                if let Some(read) = cors.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok()) {
                    cors[name] = read;
                }
            }
            let cors: Cors =
                serde_json::from_value(cors).map_err(|error| invalid(format!("Cors cannot be read: {error}")))?;
            self.cors = (cors != Cors::default()).then_some(cors);
        }
        Ok(self)
    }
}

impl Engine {
    fn url_of(&self, named: &Named) -> Option<FunctionUrl> {
        let mine = |url: &FunctionUrl| url.function == named.name && url.qualifier == named.qualifier;
        self.urls.all().into_iter().map(|(_, url)| url).find(mine)
    }

    /// The URLs of a function and its aliases.
    pub(in crate::cloud::lambda) fn urls_of(&self, name: &str) -> Vec<FunctionUrl> {
        self.urls.all().into_iter().map(|(_, url)| url).filter(|url| url.function == name).collect()
    }

    /// A URL by the first label of its host.
    pub(in crate::cloud::lambda) fn url_by_id(&self, id: &str) -> Option<FunctionUrl> {
        self.urls.get(id)
    }

    /// The URL of a function or alias, or `ResourceNotFoundException`.
    pub(in crate::cloud::lambda) fn url(&self, named: &Named) -> Result<FunctionUrl, ApiError> {
        self.url_of(named).ok_or_else(|| not_found("The resource you requested does not exist."))
    }

    /// Makes a URL.
    pub(in crate::cloud::lambda) fn create_url(&self, named: &Named, input: &Value) -> Result<FunctionUrl, ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_qualifier(named)?;
        if named.qualifier.as_deref().is_some_and(|qualifier| qualifier.parse::<u64>().is_ok()) {
            return Err(constraint(
                named.qualifier.as_deref().unwrap_or_default(),
                "qualifier",
                "satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)",
            ));
        }
        if input.get("AuthType").is_none() {
            return Err(constraint("null", "authType", "not be null"));
        }
        if self.url_of(named).is_some() {
            let message = format!(
                "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig exists \
                 for this Lambda function",
                named.arn(&self.shared)
            );
            return Err(ApiError::new("ResourceConflictException", message).status(409));
        }
        let now_ms = self.shared.clock.now_ms();
        let fresh = FunctionUrl {
            id: self.shared.ids.short(32),
            function: named.name.clone(),
            qualifier: named.qualifier.clone(),
            signed: true,
            cors: None,
            created_ms: now_ms,
            modified_ms: now_ms,
        };
        let url = fresh.with(input)?;
        self.urls.put(&url.id, &url)?;
        Ok(url)
    }

    /// Changes a URL; what the input does not name stays.
    pub(in crate::cloud::lambda) fn update_url(&self, named: &Named, input: &Value) -> Result<FunctionUrl, ApiError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut url = self.url(named)?.with(input)?;
        url.modified_ms = self.shared.clock.now_ms();
        self.urls.put(&url.id, &url)?;
        Ok(url)
    }

    /// Deletes a URL.
    pub(in crate::cloud::lambda) fn delete_url(&self, named: &Named) -> Result<(), ApiError> {
        let url = self.url(named)?;
        Ok(self.urls.remove(&url.id)?)
    }
}
