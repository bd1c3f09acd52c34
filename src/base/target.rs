//! Where an environment lives, as a value.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::names::NameError;

/// Where an environment lives. Everything that differs between clouds is in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Target {
    /// An AWS account.
    Aws {
        /// Named profile; the default chain when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        profile: Option<ProfileName>,
        /// Region of the stacks.
        region: Region,
    },
    /// LocalStack or anything else that speaks the AWS protocols at one address.
    #[serde(rename = "localstack")]
    LocalStack {
        /// The address.
        endpoint: Endpoint,
        /// Region sent with each call.
        region: Region,
        /// PEM file of the certificate authorities to trust, relative to the project.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca_bundle: Option<String>,
    },
    /// The embedded cloud on this computer.
    Local {
        /// Region that the embedded cloud plays.
        #[serde(default)]
        region: Region,
    },
}

impl Target {
    /// The region of the target.
    pub fn region(&self) -> &Region {
        match self {
            Self::Aws { region, .. } | Self::LocalStack { region, .. } | Self::Local { region } => region,
        }
    }

    /// `aws`, `localstack` or `local`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Aws { .. } => "aws",
            Self::LocalStack { .. } => "localstack",
            Self::Local { .. } => "local",
        }
    }
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes a good value.
            ///
            /// # Errors
            /// [`NameError`] with the rule, when the text breaks it.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err(NameError { what: $what, rule: $rule, text }) }
            }

            /// The value as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

text_type!(
    /// An AWS region: `eu-west-1`.
    Region, "a region", "lower-case letters, digits and hyphens, like `eu-west-1`",
    |text| (5..=32).contains(&text.len())
        && text.contains('-')
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
);
text_type!(
    /// A named profile of the AWS configuration files.
    ProfileName, "a profile name", "1 to 64 printable characters without brackets or spaces",
    |text| !text.is_empty() && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '[' | ']'))
);

impl Default for Region {
    fn default() -> Self {
        Self("us-east-1".to_owned())
    }
}

/// The address of a cloud: `http://127.0.0.1:4566`. No path, no credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint(String);

/// An address that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be an endpoint: it must be like `http://127.0.0.1:4566`, without a path", .0.escape_debug())]
pub struct EndpointError(pub String);

impl Endpoint {
    /// Takes a good address.
    ///
    /// # Errors
    /// [`EndpointError`] when it is not `http(s)://host[:port]`.
    pub fn new(text: impl Into<String>) -> Result<Self, EndpointError> {
        let text = text.into();
        let trimmed = text.trim_end_matches('/').to_owned();
        let authority = trimmed.strip_prefix("http://").or_else(|| trimmed.strip_prefix("https://"));
        let good = authority.is_some_and(|authority| {
            let (host, port) = match authority.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
                _ => (authority, None),
            };
            !host.is_empty()
                && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'))
                && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        });
        if good { Ok(Self(trimmed)) } else { Err(EndpointError(text)) }
    }

    /// The address as text, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Endpoint {
    type Error = EndpointError;
    fn try_from(text: String) -> Result<Self, EndpointError> {
        Self::new(text)
    }
}

impl std::str::FromStr for Endpoint {
    type Err = EndpointError;
    fn from_str(text: &str) -> Result<Self, EndpointError> {
        Self::new(text)
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> String {
        endpoint.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Region};

    #[test]
    fn endpoints() {
        for good in ["http://localhost:4566", "https://127.0.0.1:9297/", "http://[::1]:4566", "https://aws.example"] {
            assert!(Endpoint::new(good).is_ok(), "{good}");
        }
        for bad in ["localhost:4566", "ftp://a", "http://", "http://a/b", "http://a:x", "http://u:p@a", "http://a:0"] {
            assert!(Endpoint::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions() {
        assert!(Region::new("eu-west-1").is_ok());
        assert!(Region::new("EU").is_err());
        assert!(Region::new("us-east-1\n").is_err());
    }
}
