//! The ways in which callers of an API may identify themselves, as settings.
//!
//! Not here: what rules allow them.

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ApiSpec;
use super::compile::AuthKind;
use crate::category::SettingProblem;

/// A way for callers to identify themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ApiAuth {
    /// A token of the project's user pool.
    UserPool,
    /// An API key.
    #[default]
    ApiKey,
    /// A signature with credentials of a role (identity pool).
    Iam,
    /// A token of an OpenID Connect provider.
    Oidc(OidcSettings),
    /// Whatever a Lambda function takes for good.
    Lambda(AuthoriserSettings),
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OidcSettings {
    /// Its address: `https://accounts.example.com`.
    pub issuer: String,
    /// The audience of tokens, or a regular expression for it; any when absent.
    pub client_id: Option<String>,
    /// How many seconds a token is taken after its user signed in.
    pub auth_ttl: Option<u32>,
    /// How many seconds a token is taken after it was issued.
    pub iat_ttl: Option<u32>,
}

/// A Lambda authoriser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthoriserSettings {
    /// Name of the function; `${env}` in it stands for the environment.
    pub function: String,
    /// For how many seconds AppSync keeps its answers.
    pub ttl: Option<u32>,
}

/// The longest that AppSync keeps the answer of an authoriser, in seconds.
const LONGEST_TTL_S: u32 = 3600;

/// The names of the ways that need no settings.
const NAMES: [&str; 3] = ["user-pool", "api-key", "iam"];

/// The keys of the ways that have settings.
const KEYS: [&str; 6] = ["oidc", "client-id", "auth-ttl", "iat-ttl", "lambda", "ttl"];

impl From<&ApiAuth> for AuthKind {
    fn from(auth: &ApiAuth) -> Self {
        match auth {
            ApiAuth::UserPool => Self::AmazonCognitoUserPools,
            ApiAuth::ApiKey => Self::ApiKey,
            ApiAuth::Iam => Self::AwsIam,
            ApiAuth::Oidc(_) => Self::OpenidConnect,
            ApiAuth::Lambda(_) => Self::AwsLambda,
        }
    }
}

impl ApiAuth {
    /// Whether both are of the same kind, whatever their settings.
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// Values that their types cannot refuse; `setting` names it.
    fn check(&self, setting: &'static str) -> Vec<SettingProblem> {
        let problem = |why: String, hint: &str| vec![SettingProblem::new(setting, why).hint(hint)];
        match self {
            Self::Oidc(oidc) if !is_issuer(&oidc.issuer) => {
                let why = format!(
                    "an OpenID Connect provider is known by its https address, not by `{}`",
                    oidc.issuer.escape_debug()
                );
                problem(why, "`{ oidc = \"https://accounts.example.com\" }`, or `--oidc-issuer ADDRESS`")
            }
            Self::UserPool | Self::ApiKey | Self::Iam | Self::Oidc(_) => Vec::new(),
            Self::Lambda(lambda) if !is_function(&lambda.function) => {
                let why = format!("`{}` is no name of a Lambda function", lambda.function.escape_debug());
                problem(why, "`{ lambda = \"authoriser-${env}\" }`, or `--authoriser NAME`")
            }
            Self::Lambda(lambda) => match lambda.ttl {
                Some(ttl) if ttl > LONGEST_TTL_S => {
                    let why =
                        format!("AppSync keeps an authoriser's answer for at most {LONGEST_TTL_S} seconds, not {ttl}");
                    problem(why, "`ttl = 300`")
                }
                _ => Vec::new(),
            },
        }
    }
}

/// What is wrong with the ways of an API: each by itself, and kinds that are there twice.
pub(super) fn check(default: &ApiAuth, additional: &[ApiAuth]) -> Vec<SettingProblem> {
    let mut problems = default.check("auth");
    for (position, auth) in additional.iter().enumerate() {
        problems.extend(auth.check("additional-auth"));
        let mut earlier = std::iter::once(default).chain(&additional[..position]);
        if earlier.any(|other| other.is_like(auth)) {
            let why = "a kind of caller is named twice: an API takes one of each".to_owned();
            problems.push(SettingProblem::new("additional-auth", why).hint("leave one of both out"));
        }
    }
    problems
}

/// What is wrong with the settings about signed requests that pass all rules.
pub(super) fn check_signers(spec: &ApiSpec) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let takes_signatures = std::iter::once(&spec.auth).chain(&spec.additional_auth).any(|way| *way == ApiAuth::Iam);
    let given = [("admin-roles", !spec.admin_roles.is_empty()), ("iam-access", spec.iam_access)];
    for (setting, _) in given.into_iter().filter(|(_, given)| *given && !takes_signatures) {
        let why = format!("`{setting}` is about signed requests, which this API does not take");
        problems.push(SettingProblem::new(setting, why).hint("`additional-auth = [\"iam\"]`"));
    }
    for name in spec.admin_roles.iter().filter(|name| !is_role(name)) {
        let why = format!("`{}` is no name of a role or user", name.escape_debug());
        problems.push(SettingProblem::new("admin-roles", why).hint("the name alone: not an ARN, and without a path"));
    }
    problems
}

/// "IAM and AWS STS quotas": names of roles and users have 1 to 64 letters, digits and some signs.
fn is_role(name: &str) -> bool {
    let plain = name.replace("${env}", "e");
    !plain.is_empty() && plain.len() <= 64 && plain.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c))
}

/// An https address; plain http only on this computer, for providers that are tried out.
fn is_issuer(address: &str) -> bool {
    let host = |rest: &str| rest.split(['/', ':']).next().unwrap_or_default().to_owned();
    let clean = !address.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '?' | '#'));
    clean
        && match address.split_once("://") {
            Some(("https", rest)) => !host(rest).is_empty(),
            Some(("http", rest)) => matches!(host(rest).as_str(), "localhost" | "127.0.0.1"),
            _ => false,
        }
}

fn is_function(name: &str) -> bool {
    let plain = name.replace("${env}", "e");
    !plain.is_empty() && plain.len() <= 64 && plain.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

impl Serialize for ApiAuth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::UserPool => serializer.serialize_str(NAMES[0]),
            Self::ApiKey => serializer.serialize_str(NAMES[1]),
            Self::Iam => serializer.serialize_str(NAMES[2]),
            Self::Oidc(oidc) => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("oidc", &oidc.issuer)?;
                entry(&mut map, "client-id", oidc.client_id.as_ref())?;
                entry(&mut map, "auth-ttl", oidc.auth_ttl.as_ref())?;
                entry(&mut map, "iat-ttl", oidc.iat_ttl.as_ref())?;
                map.end()
            }
            Self::Lambda(lambda) => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("lambda", &lambda.function)?;
                entry(&mut map, "ttl", lambda.ttl.as_ref())?;
                map.end()
            }
        }
    }
}

fn entry<M: SerializeMap, T: Serialize>(map: &mut M, key: &str, value: Option<&T>) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(key, value))
}

impl<'de> Deserialize<'de> for ApiAuth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = ApiAuth;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("`user-pool`, `api-key`, `iam`, `{ oidc = … }` or `{ lambda = … }`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ApiAuth, E> {
        match text {
            "user-pool" => Ok(ApiAuth::UserPool),
            "api-key" => Ok(ApiAuth::ApiKey),
            "iam" => Ok(ApiAuth::Iam),
            other => Err(E::unknown_variant(other, &NAMES)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ApiAuth, A::Error> {
        let (mut oidc, mut lambda) = (OidcSettings::default(), AuthoriserSettings::default());
        let mut seen: Vec<String> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "oidc" => oidc.issuer = map.next_value()?,
                "client-id" => oidc.client_id = map.next_value()?,
                "auth-ttl" => oidc.auth_ttl = map.next_value()?,
                "iat-ttl" => oidc.iat_ttl = map.next_value()?,
                "lambda" => lambda.function = map.next_value()?,
                "ttl" => lambda.ttl = map.next_value()?,
                other => return Err(de::Error::unknown_field(other, &KEYS)),
            }
            seen.push(key);
        }
        let has = |key: &str| seen.iter().any(|one| one == key);
        let strays = |known: &[&str]| seen.iter().find(|key| !known.contains(&key.as_str())).cloned();
        let (found, stray) = match (has("oidc"), has("lambda")) {
            (true, false) => (ApiAuth::Oidc(oidc), strays(&KEYS[..4])),
            (false, true) => (ApiAuth::Lambda(lambda), strays(&KEYS[4..])),
            _ => return Err(de::Error::custom("a way to identify has either `oidc` or `lambda`")),
        };
        match stray {
            None => Ok(found),
            Some(stray) => Err(de::Error::custom(format!("`{stray}` does not belong to this way to identify"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ApiAuth, String> {
        #[derive(Debug, Deserialize)]
        struct Holder {
            auth: ApiAuth,
        }
        toml::from_str(&format!("auth = {text}")).map(|holder: Holder| holder.auth).map_err(|error| error.to_string())
    }

    #[test]
    fn each_way_is_read_and_written_alike() {
        for text in [
            "\"user-pool\"",
            "\"api-key\"",
            "\"iam\"",
            "{ oidc = \"https://id.example\" }",
            "{ oidc = \"https://id.example\", client-id = \"web\", auth-ttl = 60, iat-ttl = 30 }",
            "{ lambda = \"authoriser-${env}\", ttl = 300 }",
        ] {
            let auth = read(text).unwrap();
            assert!(auth.check("auth").is_empty(), "{text}");
            let json = serde_json::to_string(&auth).unwrap();
            assert_eq!(serde_json::from_str::<ApiAuth>(&json).unwrap(), auth, "{json}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let cases = [
            ("\"oidc\"", "unknown variant"),
            ("{ oidc = \"https://a.b\", ttl = 5 }", "`ttl` does not belong"),
            ("{ ttl = 5 }", "either `oidc` or `lambda`"),
            ("{ oidc = \"https://a.b\", clientid = \"x\" }", "unknown field `clientid`"),
        ];
        for (text, wanted) in cases {
            let error = read(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
        for text in [
            "{ oidc = \"http://id.example\" }",
            "{ oidc = \"\" }",
            "{ lambda = \"a b\" }",
            "{ lambda = \"f\", ttl = 3601 }",
        ] {
            assert_eq!(read(text).unwrap().check("auth").len(), 1, "{text}");
        }
    }

    #[test]
    fn signed_requests_need_the_way_iam_and_plain_names() {
        let spec = |auth: ApiAuth, roles: &[&str], iam_access: bool| ApiSpec {
            auth,
            admin_roles: roles.iter().map(|name| (*name).to_owned()).collect(),
            iam_access,
            ..ApiSpec::default()
        };
        let cases = [
            (spec(ApiAuth::Iam, &["Auditor-${env}", "ada@example.com"], true), 0),
            (spec(ApiAuth::ApiKey, &[], false), 0),
            (spec(ApiAuth::ApiKey, &["Auditor"], true), 2),
            (spec(ApiAuth::Iam, &["arn:aws:iam::1:role/Auditor"], false), 1),
            (spec(ApiAuth::Iam, &["", "a b"], false), 2),
        ];
        for (spec, wanted) in cases {
            assert_eq!(check_signers(&spec).len(), wanted, "{spec:?}");
        }
    }
}
