//! The smallest HTTP client that the suites need: one request, one connection, the whole answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Sends a request to `endpoint` (`http://localhost:4700`); the `Host` header is the endpoint's unless given.
pub(crate) fn try_send(
    endpoint: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Answer> {
    let authority = endpoint.trim_start_matches("http://").trim_end_matches('/');
    let port = authority.rsplit(':').next().unwrap();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head += &["host: ", authority, "\r\n"].concat();
    }
    for (name, value) in headers {
        head += &[name, ": ", value, "\r\n"].concat();
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| std::io::Error::other("the answer was cut off"))
}

/// As [`try_send`]; panics when there is no answer.
pub(crate) fn send(endpoint: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    try_send(endpoint, method, path, headers, body).unwrap_or_else(|error| panic!("{method} {endpoint}{path}: {error}"))
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[split + 4..];
    let find =
        |name: &str| headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
    let body = if find("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        unchunk(rest)?
    } else if let Some(length) = find("content-length").and_then(|value| value.parse::<usize>().ok()) {
        rest.get(..length).map_or_else(
            || if status == 304 || rest.is_empty() { Some(Vec::new()) } else { None },
            |body| Some(body.to_vec()),
        )?
    } else {
        rest.to_vec()
    };
    Some(Answer { status, headers, body })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim(), 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// A call of a JSON service: target `Service.Action`.
pub(crate) fn target(endpoint: &str, target: &str, input: &Value) -> Answer {
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
    send(endpoint, "POST", "/", &headers, input.to_string().as_bytes())
}

/// A GraphQL request with one credential header.
pub(crate) fn graphql(url: &str, credential: (&str, &str), query: &str, variables: &Value) -> Answer {
    let url = url.replacen("HTTP://", "http://", 1);
    let (endpoint, path) = split_url(&url);
    let body = serde_json::json!({ "query": query, "variables": variables }).to_string();
    send(&endpoint, "POST", &path, &[("content-type", "application/json"), credential], body.as_bytes())
}

/// Endpoint and path of a URL.
pub(crate) fn split_url(url: &str) -> (String, String) {
    let rest = url.trim_start_matches("http://");
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    (format!("http://{authority}"), format!("/{path}"))
}
