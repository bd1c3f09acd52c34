//! The front page: what is deployed, addresses, the mailbox, commands to paste.
//!
//! It only looks: it has no state and no door of its own into an engine. Its answers are for itself alone. A page of
//! another origin is refused, so that no web page can read the mailbox.

mod api;

#[cfg(test)]
mod tests;

use axum::body::Bytes;
use http::Method;

use super::service::{ApiCall, ApiReply, ReplyBody};
use super::services::Services;

/// Scripts and styles come from this address only, nothing is inline, nothing may frame the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                                       img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers a request below `/_ampup` and `/_local`, and for the front page itself.
pub(in crate::cloud) async fn answer(services: &Services, call: &ApiCall) -> ApiReply {
    if !matches!(call.method, Method::GET | Method::HEAD) {
        let mut refused = reply(405, "text/plain; charset=utf-8", "this page only looks: use GET\n");
        refused.headers.push(("allow".to_owned(), "GET, HEAD".to_owned()));
        return refused;
    }
    if is_foreign(call) {
        return reply(403, "text/plain; charset=utf-8", "pages of other origins may not read this\n");
    }
    match call.path.trim_end_matches('/') {
        "" | "/_ampup" => reply(200, "text/html; charset=utf-8", include_str!("assets/index.html")),
        "/_ampup/app.js" => reply(200, "text/javascript; charset=utf-8", include_str!("assets/app.js")),
        "/_ampup/style.css" => reply(200, "text/css; charset=utf-8", include_str!("assets/style.css")),
        "/_ampup/api/snapshot" => json(&api::snapshot(services)),
        "/_ampup/authority.pem" => authority(services),
        "/_ampup/mailbox" | "/_local/mailbox" => json(&api::mailbox(services, &call.query)),
        _ => reply(404, "text/plain; charset=utf-8", "there is nothing here: the front page is at /_ampup\n"),
    }
}

/// The certificate of the authority that clients of TLS must trust.
fn authority(services: &Services) -> ApiReply {
    match std::fs::read(services.shared.folder.join("tls").join("authority.pem")) {
        Ok(text) => reply(200, "application/x-pem-file", text),
        Err(error) => reply(500, "text/plain; charset=utf-8", format!("the certificate cannot be read: {error}\n")),
    }
}

/// Whether a page of another origin asks. Browsers say so in `Origin` (for every request whose answer a page could
/// read) and in `Sec-Fetch-Site`; programs that are no browsers say neither.
fn is_foreign(call: &ApiCall) -> bool {
    let header = |name: &str| call.headers.get(name).map(|value| value.to_str().unwrap_or("?").to_ascii_lowercase());
    let host = header("host").unwrap_or_default();
    let other_origin = header("origin").is_some_and(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_none_or(|authority| authority != host)
    });
    // A link that is clicked on another page is no reading: the page comes to the user, not to the other page.
    let navigates = header("sec-fetch-mode").as_deref() == Some("navigate");
    let other_site = header("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site");
    other_origin || (other_site && !navigates)
}

fn json(value: &serde_json::Value) -> ApiReply {
    reply(200, "application/json", value.to_string())
}

fn reply(status: u16, kind: &str, body: impl Into<Bytes>) -> ApiReply {
    let headers = [
        ("content-type", kind),
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cache-control", "no-store"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    ApiReply { status, headers, body: ReplyBody::Bytes(body.into()) }
}
