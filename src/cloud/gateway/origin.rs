//! Whose requests are answered, and what browsers may read of the answers.
//!
//! A page on the internet can make a browser send requests to the loopback address, under a name of its own (DNS
//! rebinding) or with its `Origin`. Both are refused.

use http::HeaderMap;

/// Methods that front ends use.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Answer headers that front ends may read.
const EXPOSED: &str = "x-amzn-requestid, x-amzn-errortype, x-amzn-errormessage, x-amz-request-id, x-amz-id-2, \
                       x-amz-version-id, etag, date";

/// How long browsers may keep a preflight's answer, in seconds.
const KEPT_S: &str = "86400";

/// The name in a `Host` header: without port, in lower case.
pub(in crate::cloud) fn host_name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|digit| digit.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether a host name means this computer.
pub(super) fn is_loopback(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost") || name == "127.0.0.1" || name == "[::1]"
}

/// Whether requests for this host are ours: loopback names, our own sites, and the names of AWS's services for clients
/// with their own resolver. Nobody but AWS can give such a name another address.
pub(super) fn host_is_ours(name: &str, knows: &dyn Fn(&str) -> bool) -> bool {
    is_loopback(name) || name.ends_with(".amazonaws.com") || knows(name)
}

/// Whether a page of this origin may send requests: front ends on this computer, our own sites among them. A public name,
/// even of a site of ours, may be anybody's page in a browser.
pub(super) fn origin_is_ours(origin: &str) -> bool {
    let Some((_, authority)) = origin.split_once("://") else { return false };
    is_loopback(&host_name(authority))
}

/// Whether a request is a browser's question before the real request.
pub(super) fn is_preflight(method: &http::Method, headers: &HeaderMap) -> bool {
    *method == http::Method::OPTIONS
        && headers.contains_key("origin")
        && headers.contains_key("access-control-request-method")
}

/// The answer to a preflight: every header that was asked for.
pub(super) fn preflight_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let asked = headers.get("access-control-request-headers").and_then(|value| value.to_str().ok());
    let mut answer = answer_headers();
    answer.push(("access-control-allow-methods".to_owned(), METHODS.to_owned()));
    answer.push(("access-control-allow-headers".to_owned(), asked.unwrap_or("*").to_owned()));
    answer.push(("access-control-max-age".to_owned(), KEPT_S.to_owned()));
    if headers.contains_key("access-control-request-private-network") {
        answer.push(("access-control-allow-private-network".to_owned(), "true".to_owned()));
    }
    answer
}

/// What every answer carries, refusals too: a browser hides an answer without it as a network error.
pub(super) fn answer_headers() -> Vec<(String, String)> {
    vec![
        ("access-control-allow-origin".to_owned(), "*".to_owned()),
        ("access-control-expose-headers".to_owned(), EXPOSED.to_owned()),
    ]
}
