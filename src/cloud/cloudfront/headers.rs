//! Response headers policies: which headers a site's answers carry.
//!
//! Source: "Understand response headers policies" and "Use managed response headers policies" of the CloudFront guide.
//! CORS settings and server timing are refused by name when the policy is made.

use serde_json::{Value, json};

/// The policy of AWS that sets security headers.
const MANAGED_SECURITY: &str = "67f7725c-6f97-4210-82d7-5512b31e9d03";

/// The content of a policy that AWS manages, as far as this cloud knows it.
pub(super) fn managed(id: &str) -> Option<Value> {
    (id == MANAGED_SECURITY).then(|| {
        json!({"SecurityHeadersConfig": {
            "ContentTypeOptions": {"Override": true},
            "FrameOptions": {"FrameOption": "SAMEORIGIN", "Override": false},
            "ReferrerPolicy": {"ReferrerPolicy": "strict-origin-when-cross-origin", "Override": false},
            "StrictTransportSecurity": {"AccessControlMaxAgeSec": 31_536_000, "Override": false},
            "XSSProtection": {"Protection": true, "ModeBlock": true, "Override": false},
        }})
    })
}

/// What of a policy this cloud does not have, as `section.field`.
pub(super) fn unknown(config: &Value) -> Option<String> {
    const SECTIONS: &[(&str, &[&str])] = &[
        ("Name", &[]),
        ("Comment", &[]),
        (
            "SecurityHeadersConfig",
            &[
                "ContentSecurityPolicy",
                "ContentTypeOptions",
                "FrameOptions",
                "ReferrerPolicy",
                "StrictTransportSecurity",
                "XSSProtection",
            ],
        ),
        ("CustomHeadersConfig", &["Items"]),
        ("RemoveHeadersConfig", &["Items"]),
    ];
    for (section, value) in config.as_object()? {
        let Some((_, fields)) = SECTIONS.iter().find(|(known, _)| known == section) else {
            return Some(section.clone());
        };
        let given = value.as_object().into_iter().flat_map(|fields| fields.keys());
        if let Some(field) = given.into_iter().find(|field| !fields.contains(&field.as_str())) {
            return Some(format!("{section}.{field}"));
        }
    }
    None
}

/// Puts a policy's headers on an answer.
pub(super) fn apply(config: &Value, headers: &mut Vec<(String, String)>) {
    let items = |section: &str| {
        let items = config.get(section).and_then(|section| section.get("Items")).and_then(Value::as_array);
        items.cloned().unwrap_or_default()
    };
    for item in items("RemoveHeadersConfig") {
        let name = text(&item, "Header");
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
    }
    for (name, value, over) in security(config.get("SecurityHeadersConfig").unwrap_or(&Value::Null)) {
        set(headers, name, value, over);
    }
    for item in items("CustomHeadersConfig") {
        set(headers, &text(&item, "Header").to_ascii_lowercase(), text(&item, "Value"), flag(&item, "Override"));
    }
}

fn security(config: &Value) -> Vec<(&'static str, String, bool)> {
    let mut found = Vec::new();
    let mut add = |section: &str, name: &'static str, value: &dyn Fn(&Value) -> String| {
        if let Some(section) = config.get(section) {
            found.push((name, value(section), flag(section, "Override")));
        }
    };
    add("ContentSecurityPolicy", "content-security-policy", &|section| text(section, "ContentSecurityPolicy"));
    add("ContentTypeOptions", "x-content-type-options", &|_| "nosniff".to_owned());
    add("FrameOptions", "x-frame-options", &|section| text(section, "FrameOption"));
    add("ReferrerPolicy", "referrer-policy", &|section| text(section, "ReferrerPolicy"));
    add("StrictTransportSecurity", "strict-transport-security", &|section| {
        let subdomains = if flag(section, "IncludeSubdomains") { "; includeSubDomains" } else { "" };
        let preload = if flag(section, "Preload") { "; preload" } else { "" };
        format!("max-age={}{subdomains}{preload}", text(section, "AccessControlMaxAgeSec"))
    });
    add("XSSProtection", "x-xss-protection", &|section| {
        if !flag(section, "Protection") {
            return "0".to_owned();
        }
        let block = if flag(section, "ModeBlock") { "; mode=block" } else { "" };
        let report = section.get("ReportUri").and_then(Value::as_str).map(|uri| format!("; report={uri}"));
        format!("1{block}{}", report.unwrap_or_default())
    });
    found
}

/// Sets a header; one that the origin sent stays unless the policy overrides it.
fn set(headers: &mut Vec<(String, String)>, name: &str, value: String, over: bool) {
    if headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
        if !over {
            return;
        }
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }
    headers.push((name.to_owned(), value));
}

fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn flag(value: &Value, name: &str) -> bool {
    text(value, name) == "true"
}
