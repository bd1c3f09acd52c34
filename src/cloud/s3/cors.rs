//! A bucket's CORS rules: which pages may read its answers.
//!
//! Source: "Elements of a CORS configuration" of the S3 user guide.

use http::{HeaderMap, Method};

use super::buckets::Bucket;
use crate::cloud::protocol::xml;

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rule {
    origins: Vec<String>,
    methods: Vec<String>,
    headers: Vec<String>,
    exposed: Vec<String>,
    kept_s: Option<String>,
}

/// What a browser asks.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    origin: String,
    method: String,
    headers: Vec<String>,
    preflight: bool,
}

impl Asked {
    /// From a preflight or from the request itself.
    pub(super) fn of(method: &Method, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let preflight = *method == Method::OPTIONS;
        let list = text("access-control-request-headers");
        Self {
            origin: text("origin"),
            method: if preflight { text("access-control-request-method") } else { method.to_string() },
            headers: list
                .split(',')
                .map(|name| name.trim().to_ascii_lowercase())
                .filter(|name| !name.is_empty())
                .collect(),
            preflight,
        }
    }
}

/// The rules of a bucket, in order.
pub(super) fn rules(bucket: &Bucket) -> Vec<Rule> {
    let Some(root) = bucket.configurations.get("cors").and_then(|text| xml::parse(text).ok()) else {
        return Vec::new();
    };
    let rule = |element: &xml::Element| {
        let texts = |name: &str| element.all(name).map(|child| child.text.trim().to_owned()).collect::<Vec<_>>();
        Rule {
            origins: texts("AllowedOrigin"),
            methods: texts("AllowedMethod"),
            headers: texts("AllowedHeader").iter().map(|name| name.to_ascii_lowercase()).collect(),
            exposed: texts("ExposeHeader"),
            kept_s: element.child_text("MaxAgeSeconds").map(str::to_owned),
        }
    };
    root.all("CORSRule").map(rule).collect()
}

/// The headers of the first rule that fits.
pub(super) fn answer(rules: &[Rule], asked: &Asked) -> Option<Vec<(String, String)>> {
    let rule = rules.iter().find(|rule| {
        rule.origins.iter().any(|origin| one_star(origin, &asked.origin))
            && rule.methods.contains(&asked.method)
            && asked.headers.iter().all(|name| rule.headers.iter().any(|allowed| one_star(allowed, name)))
    })?;
    let everyone = rule.origins.iter().any(|origin| origin == "*");
    let mut headers = vec![
        ("access-control-allow-origin", if everyone { "*".to_owned() } else { asked.origin.clone() }),
        ("access-control-allow-methods", rule.methods.join(", ")),
        ("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method".to_owned()),
    ];
    if !everyone {
        headers.push(("access-control-allow-credentials", "true".to_owned()));
    }
    if !rule.exposed.is_empty() {
        headers.push(("access-control-expose-headers", rule.exposed.join(", ")));
    }
    if asked.preflight {
        if !asked.headers.is_empty() {
            headers.push(("access-control-allow-headers", asked.headers.join(", ")));
        }
        headers.extend(rule.kept_s.clone().map(|seconds| ("access-control-max-age", seconds)));
    }
    Some(headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Whether a text fits a pattern with at most one star.
fn one_star(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
        }
    }
}
