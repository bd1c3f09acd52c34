//! Lambda's CloudFormation types.
//!
//! Source: `AWS::Lambda::Function` and `AWS::Lambda::Permission` in CloudFormation's reference. Properties that are not
//! listed are refused by name before a handler is asked.

mod beside;
mod permission;
mod simple;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::engine::{Engine, Family, Function, Named, Settings, Source, inline, invalid};
use crate::base::BoxFuture;
use crate::cloud::service::{ApiError, Provisioned, ResourceError, ResourceHandler, ResourceRequest};
use permission::PermissionType;
use simple::{Kind, Simple};

/// The longest inline code, in bytes.
const INLINE_BYTES: usize = 4 * 1024 * 1024;

/// The types of this service.
pub(super) fn handlers(engine: &Arc<Engine>) -> Vec<Box<dyn ResourceHandler>> {
    static KINDS: [Kind; 6] =
        [beside::VERSION, beside::ALIAS, beside::LAYER, beside::URL, beside::EVENT_INVOKE_CONFIG, beside::MAPPING];
    let mut all: Vec<Box<dyn ResourceHandler>> =
        vec![Box::new(FunctionType(Arc::clone(engine))), Box::new(PermissionType(Arc::clone(engine)))];
    for kind in &KINDS {
        all.push(Box::new(Simple { engine: Arc::clone(engine), kind }));
    }
    all
}

/// Work that waits for the disk, away from the threads that answer requests.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ResourceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(ResourceError(format!("the work ended early: {error}"))),
    }
}

struct FunctionType(Arc<Engine>);

impl ResourceHandler for FunctionType {
    fn kind(&self) -> &'static str {
        "AWS::Lambda::Function"
    }

    fn properties(&self) -> &'static [&'static str] {
        &[
            "Architectures",
            "Code",
            "DeadLetterConfig",
            "Description",
            "Environment",
            "EphemeralStorage",
            "FunctionName",
            "Handler",
            "KmsKeyArn",
            "Layers",
            "LoggingConfig",
            "MemorySize",
            "PackageType",
            "ReservedConcurrentExecutions",
            "Role",
            "Runtime",
            "Tags",
            "Timeout",
            "TracingConfig",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Code", "Role"]
    }

    fn create_only(&self) -> &'static [&'static str] {
        &["FunctionName", "PackageType"]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn create<'a>(&'a self, request: &'a ResourceRequest) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        let (engine, request) = (Arc::clone(&self.0), request.clone());
        Box::pin(apart(move || {
            let generated = || request.generated_name(&*engine.shared.ids, 64);
            let text = request.text("FunctionName").unwrap_or_else(generated);
            let name = Named::read(&engine.shared, &text)?.name;
            let settings = Settings::default().with(&request.properties)?;
            let source = source(&request, &settings)?;
            engine.create(&name, settings, &source, tags(&request)).map(|function| provisioned(&function))
        }))
    }

    fn update<'a>(
        &'a self,
        current: &'a Provisioned,
        request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<Provisioned, ResourceError>> {
        let (engine, request, name) = (Arc::clone(&self.0), request.clone(), current.physical_id.clone());
        Box::pin(apart(move || {
            let settings = Settings::default().with(&request.properties)?;
            settings.check_complete()?;
            let source = source(&request, &settings)?;
            let named = Named::read(&engine.shared, &name)?;
            // The same bucket and key mean the same code, as CloudFormation has it.
            let same = request.previous.as_ref().is_some_and(|before| {
                before.get("Code") == request.property("Code")
                    && (matches!(source, Source::Object { .. }) || before.get("Runtime") == request.property("Runtime"))
            });
            let function = engine.change(&named, None, |function| {
                function.settings = settings;
                function.tags = tags(&request);
                if !same {
                    function.code = engine.keep(&source)?;
                }
                Ok(())
            })?;
            Ok(provisioned(&function))
        }))
    }

    fn delete<'a>(
        &'a self,
        current: &'a Provisioned,
        _request: &'a ResourceRequest,
    ) -> BoxFuture<'a, Result<(), ResourceError>> {
        let (engine, name) = (Arc::clone(&self.0), current.physical_id.clone());
        Box::pin(apart(move || unless_gone(Named::read(&engine.shared, &name).and_then(|named| engine.delete(&named)))))
    }
}

fn provisioned(function: &Function) -> Provisioned {
    let attributes = BTreeMap::from([("Arn".to_owned(), json!(function.arn))]);
    Provisioned { physical_id: function.name.clone(), attributes }
}

/// What is gone already is deleted.
fn unless_gone(outcome: Result<(), ApiError>) -> Result<(), ApiError> {
    match outcome {
        Err(error) if error.code == "ResourceNotFoundException" => Ok(()),
        other => other,
    }
}

/// The stack's tags and the resource's own, which win.
fn tags(request: &ResourceRequest) -> BTreeMap<String, String> {
    let mut tags: BTreeMap<String, String> = request.tags.iter().cloned().collect();
    let own = request.property("Tags").and_then(Value::as_array).into_iter().flatten();
    tags.extend(
        own.filter_map(|tag| Some((tag.get("Key")?.as_str()?.to_owned(), tag.get("Value")?.as_str()?.to_owned()))),
    );
    tags
}

/// The code: text in the template, or an object.
fn source(request: &ResourceRequest, settings: &Settings) -> Result<Source, ApiError> {
    let code = request.property("Code").cloned().unwrap_or_default();
    let text = |name: &str| code.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let known = ["ZipFile", "S3Bucket", "S3Key"];
    if let Some(name) =
        code.as_object().into_iter().flat_map(|members| members.keys()).find(|name| !known.contains(&name.as_str()))
    {
        return Err(ApiError::not_built("lambda", &format!("Code with {name}")));
    }
    match (text("ZipFile"), text("S3Bucket"), text("S3Key")) {
        (Some(inlined), None, None) => {
            if inlined.len() > INLINE_BYTES {
                return Err(invalid(format!(
                    "Zip file size exceeds the limit of {INLINE_BYTES} bytes for inline code"
                )));
            }
            let name = match Family::of(&settings.runtime) {
                Family::Node => "index.js",
                Family::Python => "index.py",
                Family::Provided => {
                    return Err(invalid(format!(
                        "ZipFile can only be used when Runtime is set to nodejs or python, not {}",
                        settings.runtime
                    )));
                }
            };
            Ok(Source::Archive(inline(name, inlined)))
        }
        (None, Some(bucket), Some(key)) => Ok(Source::Object { bucket: bucket.to_owned(), key: key.to_owned() }),
        _ => Err(invalid("Please provide either ZipFile, or S3Bucket and S3Key, as the Code of the function.")),
    }
}
