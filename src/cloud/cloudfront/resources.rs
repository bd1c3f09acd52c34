//! How CloudFormation makes distributions and what they refer to.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::rows::{Distribution, EdgeFunction, Referred, Rows};
use super::{function, headers, site};
use crate::base::BoxFuture;
use crate::base::clock::iso_ms;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};
use crate::cloud::store::Table;

/// The types of this service.
pub(super) fn handlers(rows: &Arc<Rows>) -> Vec<Box<dyn ResourceHandler>> {
    vec![
        Box::new(ReferredType { rows: Arc::clone(rows), kind: &ACCESS_CONTROL }),
        Box::new(ReferredType { rows: Arc::clone(rows), kind: &HEADER_POLICY }),
        Box::new(ReferredType { rows: Arc::clone(rows), kind: &CACHE_POLICY }),
        Box::new(FunctionType(Arc::clone(rows))),
        Box::new(DistributionType(Arc::clone(rows))),
    ]
}

/// A type that is one configuration behind an id.
struct ReferredKind {
    name: &'static str,
    properties: &'static [&'static str],
    attributes: &'static [&'static str],
    table: fn(&Rows) -> &Table<Referred>,
    check: fn(&Value) -> Option<String>,
}

static ACCESS_CONTROL: ReferredKind = ReferredKind {
    name: "AWS::CloudFront::OriginAccessControl",
    properties: &["OriginAccessControlConfig"],
    attributes: &["Id"],
    table: |rows| &rows.access_controls,
    check: |config| {
        let is = |name: &str, wanted: &str| config.get(name).and_then(Value::as_str) == Some(wanted);
        let good = is("OriginAccessControlOriginType", "s3")
            && is("SigningBehavior", "always")
            && is("SigningProtocol", "sigv4");
        (!good).then(|| "an origin access control other than type s3, signing always with sigv4".to_owned())
    },
};

static HEADER_POLICY: ReferredKind = ReferredKind {
    name: "AWS::CloudFront::ResponseHeadersPolicy",
    properties: &["ResponseHeadersPolicyConfig"],
    attributes: &["Id", "LastModifiedTime"],
    table: |rows| &rows.header_policies,
    check: headers::unknown,
};

static CACHE_POLICY: ReferredKind = ReferredKind {
    name: "AWS::CloudFront::CachePolicy",
    properties: &["CachePolicyConfig"],
    attributes: &["Id", "LastModifiedTime"],
    table: |rows| &rows.cache_policies,
    check: |_| None,
};

struct ReferredType {
    rows: Arc<Rows>,
    kind: &'static ReferredKind,
}

impl ReferredType {
    fn row(&self, request: &ResourceRequest, own_id: Option<&str>) -> Result<Referred, ResourceError> {
        let property = self.kind.properties.first().copied().unwrap_or_default();
        let config = request.property(property).cloned().unwrap_or_default();
        if let Some(what) = (self.kind.check)(&config) {
            return Err(ResourceError(format!("the embedded cloud has no {what} in {}", self.kind.name)));
        }
        let name = config.get("Name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(ResourceError(format!("{property}: Name is required")));
        }
        let taken = (self.kind.table)(&self.rows)
            .all()
            .into_iter()
            .any(|(id, row)| row.name == name && Some(id.as_str()) != own_id);
        if taken {
            return Err(ResourceError(format!("{}: one with the name {name} already exists", self.kind.name)));
        }
        Ok(Referred { name, config, modified_ms: self.rows.shared.clock.now_ms() })
    }

    fn provisioned(id: &str, row: &Referred) -> Provisioned {
        let attributes = BTreeMap::from([
            ("Id".to_owned(), json!(id)),
            ("LastModifiedTime".to_owned(), json!(iso_ms(row.modified_ms))),
        ]);
        Provisioned { physical_id: id.to_owned(), attributes }
    }
}

impl ResourceHandler for ReferredType {
    fn kind(&self) -> &'static str {
        self.kind.name
    }

    fn properties(&self) -> &'static [&'static str] {
        self.kind.properties
    }

    fn required(&self) -> &'static [&'static str] {
        self.kind.properties
    }

    fn create_only(&self) -> &'static [&'static str] {
        &[]
    }

    fn attributes(&self) -> &'static [&'static str] {
        self.kind.attributes
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let row = self.row(request, None)?;
            // Access controls have ids like distributions, policies have UUIDs.
            let id = if self.kind.attributes.len() == 1 { self.rows.new_id() } else { self.rows.shared.ids.uuid() };
            (self.kind.table)(&self.rows).put(&id, &row).map_err(ApiError::from)?;
            Ok(Self::provisioned(&id, &row))
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let row = self.row(request, Some(&current.physical_id))?;
            (self.kind.table)(&self.rows).put(&current.physical_id, &row).map_err(ApiError::from)?;
            Ok(Self::provisioned(&current.physical_id, &row))
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            let id = &current.physical_id;
            let user = self.rows.distributions.all().into_iter().find(|(_, row)| mentions(&row.config, id));
            if let Some((distribution, _)) = user {
                return Err(ResourceError(format!("{} {id} is in use by distribution {distribution}", self.kind.name)));
            }
            Ok((self.kind.table)(&self.rows).remove(id).map_err(ApiError::from)?)
        })
    }
}

/// Whether a text stands anywhere in a configuration.
fn mentions(config: &Value, wanted: &str) -> bool {
    match config {
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().any(|item| mentions(item, wanted)),
        Value::Object(fields) => fields.values().any(|value| mentions(value, wanted)),
        _ => false,
    }
}

struct FunctionType(Arc<Rows>);

impl FunctionType {
    fn row(request: &ResourceRequest) -> Result<EdgeFunction, ResourceError> {
        let code = request.text("FunctionCode").unwrap_or_default();
        let config = request.property("FunctionConfig").cloned().unwrap_or_default();
        if let Some(unknown) = config
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.keys())
            .find(|name| !matches!(name.as_str(), "Comment" | "Runtime"))
        {
            return Err(ResourceError(format!("the embedded cloud has no `{unknown}` in FunctionConfig")));
        }
        match config.get("Runtime").and_then(Value::as_str) {
            Some("cloudfront-js-1.0" | "cloudfront-js-2.0") => {}
            _ => return Err(ResourceError("FunctionConfig: Runtime must be cloudfront-js-1.0 or 2.0".to_owned())),
        }
        function::check(&code).map_err(|error| ResourceError(error.to_string()))?;
        let live = request.flag("AutoPublish").unwrap_or(false).then(|| code.clone());
        Ok(EdgeFunction { name: request.text("Name").unwrap_or_default(), code, live })
    }

    fn provisioned(arn: &str) -> Provisioned {
        let attributes = BTreeMap::from([
            ("FunctionARN".to_owned(), json!(arn)),
            ("FunctionMetadata.FunctionARN".to_owned(), json!(arn)),
            ("Stage".to_owned(), json!("LIVE")),
        ]);
        Provisioned { physical_id: arn.to_owned(), attributes }
    }
}

impl ResourceHandler for FunctionType {
    fn kind(&self) -> &'static str {
        "AWS::CloudFront::Function"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["AutoPublish", "FunctionCode", "FunctionConfig", "Name"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["FunctionCode", "FunctionConfig", "Name"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["Name"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["FunctionARN", "FunctionMetadata.FunctionARN", "Stage"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let row = Self::row(request)?;
            let arn = format!("arn:aws:cloudfront::{}:function/{}", self.0.shared.account, row.name);
            if self.0.functions.get(&arn).is_some() {
                return Err(ResourceError(format!("Function {} already exists", row.name)));
            }
            self.0.functions.put(&arn, &row).map_err(ApiError::from)?;
            Ok(Self::provisioned(&arn))
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let mut row = Self::row(request)?;
            // Without AutoPublish the code that was published before stays in use.
            if row.live.is_none() {
                row.live = self.0.functions.get(&current.physical_id).and_then(|before| before.live);
            }
            self.0.functions.put(&current.physical_id, &row).map_err(ApiError::from)?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move {
            let arn = &current.physical_id;
            let user = self.0.distributions.all().into_iter().find(|(_, row)| mentions(&row.config, arn));
            if let Some((distribution, _)) = user {
                return Err(ResourceError(format!("Cannot delete function {arn}: it is in use by {distribution}")));
            }
            Ok(self.0.functions.remove(arn).map_err(ApiError::from)?)
        })
    }
}

struct DistributionType(Arc<Rows>);

impl ResourceHandler for DistributionType {
    fn kind(&self) -> &'static str {
        "AWS::CloudFront::Distribution"
    }

    fn properties(&self) -> &'static [&'static str] {
        &["DistributionConfig", "Tags"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["DistributionConfig"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &[]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["DomainName", "Id"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let config = request.property("DistributionConfig").cloned().unwrap_or_default();
            check_config(&self.0, &config)?;
            let id = self.0.new_id();
            let host = format!("{}.cloudfront.localhost", id.to_ascii_lowercase());
            let row = Distribution {
                id: id.clone(),
                host: host.clone(),
                config,
                etag: self.0.new_id(),
                modified_ms: self.0.shared.clock.now_ms(),
                invalidations: Vec::new(),
            };
            self.0.distributions.put(&id, &row).map_err(ApiError::from)?;
            let port = self.0.shared.endpoint.rsplit(':').next().unwrap_or_default();
            let attributes = BTreeMap::from([
                ("DomainName".to_owned(), json!(format!("{host}:{port}"))),
                ("Id".to_owned(), json!(id)),
            ]);
            Ok(Provisioned { physical_id: id, attributes })
        })
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        Box::pin(async move {
            let config = request.property("DistributionConfig").cloned().unwrap_or_default();
            check_config(&self.0, &config)?;
            let mut row = self.0.distribution(&current.physical_id)?;
            row.config = config;
            row.etag = self.0.new_id();
            row.modified_ms = self.0.shared.clock.now_ms();
            self.0.distributions.put(&current.physical_id, &row).map_err(ApiError::from)?;
            Ok(current.clone())
        })
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        Box::pin(async move { Ok(self.0.distributions.remove(&current.physical_id).map_err(ApiError::from)?) })
    }
}

/// What a configuration, an origin and a behavior may have. Anything else is refused by name.
const CONFIG: &[&str] = &[
    "Aliases",
    "CacheBehaviors",
    "Comment",
    "CustomErrorResponses",
    "DefaultCacheBehavior",
    "DefaultRootObject",
    "Enabled",
    "HttpVersion",
    "IPV6Enabled",
    "Origins",
    "PriceClass",
    "Restrictions",
    "ViewerCertificate",
];
const ORIGIN: &[&str] = &[
    "ConnectionAttempts",
    "ConnectionTimeout",
    "DomainName",
    "Id",
    "OriginAccessControlId",
    "OriginPath",
    "S3OriginConfig",
];
const BEHAVIOR: &[&str] = &[
    "AllowedMethods",
    "CachePolicyId",
    "CachedMethods",
    "Compress",
    "DefaultTTL",
    "ForwardedValues",
    "FunctionAssociations",
    "MaxTTL",
    "MinTTL",
    "OriginRequestPolicyId",
    "PathPattern",
    "ResponseHeadersPolicyId",
    "TargetOriginId",
    "ViewerProtocolPolicy",
];

/// Checks a configuration and everything that it refers to.
fn check_config(rows: &Rows, config: &Value) -> Result<(), ResourceError> {
    known(config, CONFIG, "DistributionConfig")?;
    if config.get("Enabled").is_none() {
        return Err(ResourceError("DistributionConfig: Enabled is required".to_owned()));
    }
    let origins = config.get("Origins").and_then(Value::as_array).filter(|origins| !origins.is_empty());
    let origins = origins.ok_or_else(|| ResourceError("DistributionConfig: Origins are required".to_owned()))?;
    for origin in origins {
        check_origin(rows, origin)?;
    }
    let default = config.get("DefaultCacheBehavior");
    let default = default.ok_or_else(|| ResourceError("DefaultCacheBehavior is required".to_owned()))?;
    let others = config.get("CacheBehaviors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for behavior in std::iter::once(default).chain(others) {
        check_behavior(rows, behavior, origins)?;
    }
    Ok(())
}

fn check_origin(rows: &Rows, origin: &Value) -> Result<(), ResourceError> {
    known(origin, ORIGIN, "Origins")?;
    let text = |name: &str| origin.get(name).and_then(Value::as_str).unwrap_or_default();
    let domain = text("DomainName");
    if site::bucket_of(domain).is_none() {
        return Err(ResourceError(format!("the embedded cloud serves S3 origins only, and `{domain}` is none")));
    }
    let control = text("OriginAccessControlId");
    if rows.access_controls.get(control).is_none() {
        return Err(ResourceError(if control.is_empty() {
            format!("the embedded cloud serves origins with an OriginAccessControlId only, and `{domain}` has none")
        } else {
            format!("Illegal origin access control: {control} does not exist")
        }));
    }
    let identity = origin.get("S3OriginConfig").and_then(|config| config.get("OriginAccessIdentity"));
    if identity.and_then(Value::as_str).is_some_and(|identity| !identity.is_empty()) {
        let message = "an origin cannot have both an OriginAccessIdentity and an OriginAccessControlId";
        return Err(ResourceError(message.to_owned()));
    }
    Ok(())
}

fn check_behavior(rows: &Rows, behavior: &Value, origins: &[Value]) -> Result<(), ResourceError> {
    known(behavior, BEHAVIOR, "a cache behavior")?;
    let target = behavior.get("TargetOriginId");
    if target.is_none() || !origins.iter().any(|origin| origin.get("Id") == target) {
        return Err(ResourceError(
            "One or more of your origins or origin groups do not exist: TargetOriginId must name one".to_owned(),
        ));
    }
    if let Some(id) = behavior.get("ResponseHeadersPolicyId").and_then(Value::as_str)
        && headers::managed(id).is_none()
        && rows.header_policies.get(id).is_none()
    {
        return Err(ResourceError(format!("the embedded cloud has no response headers policy {id}")));
    }
    let associations = behavior.get("FunctionAssociations").and_then(Value::as_array);
    for association in associations.into_iter().flatten() {
        let text = |name: &str| association.get(name).and_then(Value::as_str).unwrap_or_default();
        if !matches!(text("EventType"), "viewer-request" | "viewer-response") {
            return Err(ResourceError("EventType must be viewer-request or viewer-response".to_owned()));
        }
        let arn = text("FunctionARN");
        if rows.functions.get(arn).and_then(|function| function.live).is_none() {
            return Err(ResourceError(format!("The function {arn} does not exist or is not published")));
        }
    }
    Ok(())
}

fn known(value: &Value, names: &[&str], place: &str) -> Result<(), ResourceError> {
    let given = value.as_object().into_iter().flat_map(|fields| fields.keys());
    match given.into_iter().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(ResourceError(format!("the embedded cloud has no `{name}` in {place} of a distribution"))),
        None => Ok(()),
    }
}
