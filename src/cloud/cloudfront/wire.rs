//! CloudFront's API: what is there, and invalidations. Distributions are made by CloudFormation only.

use http::Method;
use serde_json::{Map, Value, json};

use super::rows::{Distribution, Invalidation, Rows};
use crate::base::clock::iso_ms;
use crate::cloud::protocol::xml;
use crate::cloud::service::{ApiCall, ApiError, ApiReply, ReplyBody};

/// The operation that a request is, and the distribution it is about.
pub(super) fn operation(call: &ApiCall) -> (&'static str, Option<String>) {
    let segments: Vec<&str> = call.path.trim_matches('/').split('/').skip(1).collect();
    let id = segments.get(1).map(|id| (*id).to_owned());
    let name = match (&call.method, segments.as_slice()) {
        (&Method::GET, ["distribution"]) => "ListDistributions",
        (&Method::POST, ["distribution"]) => "CreateDistribution",
        (&Method::GET, ["distribution", _]) => "GetDistribution",
        (&Method::DELETE, ["distribution", _]) => "DeleteDistribution",
        (&Method::GET, ["distribution", _, "config"]) => "GetDistributionConfig",
        (&Method::PUT, ["distribution", _, "config"]) => "UpdateDistribution",
        (&Method::GET, ["distribution", _, "invalidation"]) => "ListInvalidations",
        (&Method::POST, ["distribution", _, "invalidation"]) => "CreateInvalidation",
        (&Method::GET, ["distribution", _, "invalidation", _]) => "GetInvalidation",
        _ => "UnknownOperation",
    };
    (name, id)
}

/// Carries out a call.
pub(super) fn answer(rows: &Rows, call: &ApiCall) -> Result<ApiReply, ApiError> {
    let (name, id) = operation(call);
    let id = id.unwrap_or_default();
    match name {
        "ListDistributions" => {
            let all = rows.distributions.all();
            let items: Vec<Value> = all.iter().map(|(_, distribution)| summary(rows, distribution)).collect();
            Ok(document("DistributionList", listed("DistributionSummary", items, "")))
        }
        "GetDistribution" => {
            let found = rows.distribution(&id)?;
            let mut fields = identity(rows, &found);
            fields.insert("DistributionConfig".to_owned(), config(&found));
            Ok(tagged(document("Distribution", Value::Object(fields)), &found))
        }
        "GetDistributionConfig" => {
            let found = rows.distribution(&id)?;
            Ok(tagged(document("DistributionConfig", config(&found)), &found))
        }
        "CreateInvalidation" => invalidate(rows, call, &id),
        "ListInvalidations" => {
            let found = rows.distribution(&id)?;
            let one = |item: &Invalidation| json!({"Id": item.id, "CreateTime": iso_ms(item.created_ms), "Status": "Completed"});
            let items = found.invalidations.iter().rev().map(one).collect();
            Ok(document("InvalidationList", listed("InvalidationSummary", items, "")))
        }
        "GetInvalidation" => {
            let found = rows.distribution(&id)?;
            let wanted = call.path.rsplit('/').next().unwrap_or_default();
            let missing =
                || ApiError::new("NoSuchInvalidation", "The specified invalidation does not exist.").status(404);
            let item = found.invalidations.iter().find(|item| item.id == wanted).ok_or_else(missing)?;
            Ok(document("Invalidation", invalidation(item)))
        }
        "UnknownOperation" => {
            let what = format!("{} {}", call.method, call.path);
            Err(ApiError::not_built("cloudfront", &what))
        }
        other => Err(ApiError::not_built("cloudfront", other)),
    }
}

fn invalidate(rows: &Rows, call: &ApiCall, id: &str) -> Result<ApiReply, ApiError> {
    let mut found = rows.distribution(id)?;
    let malformed = || ApiError::new("MalformedInput", "The body is not an InvalidationBatch.");
    let text = std::str::from_utf8(&call.body).map_err(|_| malformed())?;
    let batch = xml::parse(text).ok().filter(|batch| batch.name == "InvalidationBatch").ok_or_else(malformed)?;
    let reference = batch.child_text("CallerReference").filter(|text| !text.is_empty()).ok_or_else(malformed)?;
    let items = batch.child("Paths").and_then(|paths| paths.child("Items")).ok_or_else(malformed)?;
    let paths: Vec<String> = items.all("Path").map(|path| path.text.trim().to_owned()).collect();
    if paths.is_empty() || paths.iter().any(|path| !path.starts_with('/')) {
        return Err(ApiError::new("InvalidArgument", "Your request contains one or more invalid invalidation paths."));
    }
    let same = found.invalidations.iter().find(|item| item.reference == reference);
    let item = match same {
        Some(item) if item.paths == paths => item.clone(),
        Some(_) => {
            let message = "Your request contains a caller reference that was used for a previous invalidation batch \
                           with different paths.";
            return Err(ApiError::new("InvalidationBatchAlreadyExists", message));
        }
        None => {
            let item = Invalidation {
                id: format!("I{}", rows.shared.ids.short(13).to_ascii_uppercase()),
                reference: reference.to_owned(),
                paths,
                created_ms: rows.shared.clock.now_ms(),
            };
            found.invalidations.push(item.clone());
            rows.distributions.put(id, &found)?;
            item
        }
    };
    let mut reply = document("Invalidation", invalidation(&item));
    reply.status = 201;
    let place = format!("{}/2020-05-31/distribution/{id}/invalidation/{}", rows.shared.endpoint, item.id);
    reply.headers.push(("location".to_owned(), place));
    Ok(reply)
}

fn invalidation(item: &Invalidation) -> Value {
    json!({
        "Id": item.id, "Status": "Completed", "CreateTime": iso_ms(item.created_ms),
        "InvalidationBatch": {
            "Paths": {"Quantity": item.paths.len(), "Items": {"Path": item.paths}}, "CallerReference": item.reference,
        },
    })
}

fn identity(rows: &Rows, distribution: &Distribution) -> Map<String, Value> {
    let port = rows.shared.endpoint.rsplit(':').next().unwrap_or_default();
    let value = json!({
        "Id": distribution.id, "ARN": rows.arn(&distribution.id), "Status": "Deployed",
        "LastModifiedTime": iso_ms(distribution.modified_ms), "InProgressInvalidationBatches": 0,
        "DomainName": format!("{}:{port}", distribution.host),
    });
    value.as_object().cloned().unwrap_or_default()
}

fn summary(rows: &Rows, distribution: &Distribution) -> Value {
    let mut fields = identity(rows, distribution);
    if let Value::Object(config) = config(distribution) {
        fields.extend(config.into_iter().filter(|(name, _)| name != "CallerReference" && name != "DefaultRootObject"));
    }
    Value::Object(fields)
}

/// The configuration as the API writes it: lists with a quantity and elements of their own names.
fn config(distribution: &Distribution) -> Value {
    let mut fields = Map::new();
    fields.insert("CallerReference".to_owned(), json!(distribution.id));
    for (name, value) in distribution.config.as_object().into_iter().flatten() {
        fields.insert(name.clone(), wire_form(name, value));
    }
    Value::Object(fields)
}

fn wire_form(name: &str, value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let inner = match name {
                "Aliases" => "CNAME",
                "Origins" => "Origin",
                "CacheBehaviors" => "CacheBehavior",
                "CustomErrorResponses" => "CustomErrorResponse",
                "FunctionAssociations" => "FunctionAssociation",
                "AllowedMethods" | "CachedMethods" => "Method",
                _ => "Item",
            };
            let items: Vec<Value> = items.iter().map(|item| wire_form(inner, item)).collect();
            json!({"Quantity": items.len(), "Items": {inner: items}})
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), wire_form(name, value))).collect())
        }
        other => other.clone(),
    }
}

fn listed(inner: &str, items: Vec<Value>, marker: &str) -> Value {
    json!({
        "Marker": marker, "MaxItems": 100, "IsTruncated": false, "Quantity": items.len(), "Items": {inner: items},
    })
}

fn tagged(mut reply: ApiReply, distribution: &Distribution) -> ApiReply {
    reply.headers.push(("etag".to_owned(), distribution.etag.clone()));
    reply
}

/// A document with CloudFront's namespace.
fn document(root: &str, value: Value) -> ApiReply {
    let mut inside = String::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        xml::write(&mut inside, name, value, false);
    }
    let text = format!(
        "{}<{root} xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">{inside}</{root}>",
        xml::DECLARATION
    );
    let headers = vec![("content-type".to_owned(), "text/xml".to_owned())];
    ApiReply { status: 200, headers, body: ReplyBody::Bytes(text.into()) }
}
