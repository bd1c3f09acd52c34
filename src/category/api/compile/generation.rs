//! `@generation`: where it may stand, what it asks of the model, and the schema of the answer.

use indexmap::IndexSet;
use serde_json::{Map, Value as Json, json};

use super::draft::{Catalogue, Kind};
use super::names;
use super::output::Output;
use super::report::Report;
use crate::category::api::plan::{Action, Resolver, Source};
use crate::category::api::services::{Additions, Generation, Service};
use crate::error::Code;
use crate::graphql::{Directive, Field, Literal, TypeDefinition, TypeKind, TypeRef, Value};

/// Scalars that a language model writes as they are wanted.
const SUPPORTED: [&str; 6] = ["Boolean", "Int", "Float", "String", "ID", "AWSJSON"];

/// Checks a directive on a field of a type.
pub(super) fn check(found: &TypeDefinition, directive: &Directive, catalogue: &Catalogue<'_>, report: &mut Report<'_>) {
    if found.name != catalogue.roots.query {
        let hint = Some(format!("move the field to type {}", catalogue.roots.query));
        let message = "@generation directive must be used on Query field";
        report.add_with_hint(Code::AMP0305, &directive.span, message, hint);
    }
    check_inference("generation", directive, report);
}

/// The ranges of `inferenceConfiguration`, which `@conversation` has too.
pub(super) fn check_inference(name: &str, directive: &Directive, report: &mut Report<'_>) {
    let Some(given) = directive.argument("inferenceConfiguration") else { return };
    let mut add = |value: &Literal, message: String| report.add(Code::AMP0305, &value.span, message);
    for (setting, most) in [("maxTokens", None), ("temperature", Some(1.0)), ("topP", Some(1.0))] {
        let Some(value) = given.get(setting) else { continue };
        let number = match &value.value {
            Value::Int(text) => text.parse::<f64>(),
            Value::Float(text) if most.is_some() => text.parse::<f64>(),
            Value::Float(_) => {
                add(value, format!("\"{setting}\" of @{name} must be a whole number, not {value}"));
                continue;
            }
            _ => continue,
        };
        let Ok(number) = number else { continue };
        match most {
            None if number < 1.0 => {
                let message = format!("@{name} directive maxTokens valid range: minimum value of 1, provided: {value}");
                add(value, message);
            }
            Some(most) if !(0.0..=most).contains(&number) => {
                let message = format!(
                    "@{name} directive {setting} valid range: minimum value of 0, maximum value of 1, provided: {value}"
                );
                add(value, message);
            }
            _ => {}
        }
    }
}

/// What `inferenceConfiguration` gives.
pub(super) fn inference(directive: &Directive) -> Map<String, Json> {
    let Some(Value::Object(entries)) = directive.argument("inferenceConfiguration").map(|given| &given.value) else {
        return Map::new();
    };
    let number = |value: &Literal| match &value.value {
        Value::Int(number) | Value::Float(number) => serde_json::from_str(number).ok(),
        _ => None,
    };
    entries.iter().filter_map(|(name, value)| Some((name.name.clone(), number(value)?))).collect()
}

/// Adds the resolvers of all fields with the directive; the schema is expanded already.
pub(super) fn build(catalogue: &Catalogue<'_>, output: &Output, report: &mut Report<'_>, additions: &mut Additions) {
    let Some(query) = catalogue.types.get(catalogue.roots.query.as_str()).copied() else { return };
    for field in query.fields() {
        let Some(directive) = field.directive("generation") else { continue };
        let text = |name: &str| directive.argument(name).and_then(Literal::as_str).unwrap_or_default().to_owned();
        let mut reader = AnswerReader { catalogue, output, inputs: false, inside: IndexSet::new() };
        let schema = match reader.schema(&field.type_ref) {
            Ok(schema) => schema,
            Err(message) => {
                report.add(Code::AMP0305, &field.span, message);
                continue;
            }
        };
        let source = format!("GenerationBedrockDataSource{}DataSource", names::upper(&field.name));
        let ai_model = text("aiModel");
        let generation = Generation {
            ai_model: ai_model.clone(),
            system_prompt: text("systemPrompt"),
            inference: inference(directive),
            schema,
            text: is_text(catalogue, field),
        };
        additions.sources.push((source.clone(), Source::Service { service: Service::Bedrock { ai_model } }));
        additions.resolvers.push(Resolver {
            type_name: query.name.clone(),
            field: field.name.clone(),
            action: Action::Generate { generation },
            source,
            origin: report.location(field.span.start),
        });
    }
}

fn is_text(catalogue: &Catalogue<'_>, field: &Field) -> bool {
    match catalogue.kind(field.type_ref.name()) {
        Kind::Scalar => !matches!(field.type_ref.name(), "Boolean" | "Int" | "Float"),
        Kind::Enum => true,
        _ => false,
    }
}

/// Makes the JSON schema of an answer.
pub(super) struct AnswerReader<'r, 'a> {
    catalogue: &'r Catalogue<'a>,
    output: &'r Output,
    /// It reads inputs instead of objects.
    inputs: bool,
    /// The types that are being read.
    inside: IndexSet<String>,
}

impl<'r, 'a> AnswerReader<'r, 'a> {
    /// A reader of the arguments of a query.
    pub(super) fn for_arguments(catalogue: &'r Catalogue<'a>, output: &'r Output) -> Self {
        Self { catalogue, output, inputs: true, inside: IndexSet::new() }
    }

    pub(super) fn schema(&mut self, type_ref: &TypeRef) -> Result<Json, String> {
        match type_ref {
            TypeRef::List(inner) => Ok(json!({ "type": "array", "items": self.schema(inner)? })),
            TypeRef::NonNull(inner) => {
                let name = inner.name();
                let scalar = self.catalogue.kind(name) == Kind::Scalar;
                if scalar && !inner.is_list() && !SUPPORTED.contains(&name) {
                    return Err(format!(
                        "disallowed required field type {name} without a default value: use one of the supported \
                         scalar types for generation routes: {}",
                        SUPPORTED.join(", ")
                    ));
                }
                self.schema(inner)
            }
            TypeRef::Named(named) => self.named(&named.name),
        }
    }

    fn named(&mut self, name: &str) -> Result<Json, String> {
        if self.catalogue.kind(name) == Kind::Scalar {
            return Ok(scalar(name));
        }
        let output = self.output;
        match output.get(name).map(|found| &found.kind) {
            Some(TypeKind::Enum(values)) => {
                let names: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
                Ok(json!({ "type": "string", "enum": names }))
            }
            Some(TypeKind::Object { fields, .. }) if !self.inputs => {
                self.object(name, fields.iter().map(|field| (&field.name, &field.type_ref)))
            }
            Some(TypeKind::Input(fields)) if self.inputs => {
                self.object(name, fields.iter().map(|field| (&field.name, &field.type_ref)))
            }
            Some(_) => Err(format!("unsupported type definition: a language model cannot write a {name}")),
            None => Err(format!("type {name} not found")),
        }
    }

    fn object<'f>(
        &mut self,
        name: &str,
        fields: impl Iterator<Item = (&'f String, &'f TypeRef)>,
    ) -> Result<Json, String> {
        if !self.inside.insert(name.to_owned()) {
            return Err(format!("what the language model writes would never end: type {name} holds itself"));
        }
        let mut properties = Map::new();
        let mut required: Vec<&str> = Vec::new();
        for (field, type_ref) in fields {
            properties.insert(field.clone(), self.schema(type_ref)?);
            if type_ref.is_required() {
                required.push(field);
            }
        }
        self.inside.shift_remove(name);
        Ok(json!({ "type": "object", "properties": properties, "required": required }))
    }
}

/// The JSON schema of a scalar, with words that tell the model how to write it.
pub(super) fn scalar(name: &str) -> Json {
    let (kind, words) = match name {
        "Boolean" => return json!({ "type": "boolean" }),
        "Int" => ("integer", "a whole number of 32 bits"),
        "Float" => return json!({ "type": "number" }),
        "AWSTimestamp" => ("integer", "seconds since 1970-01-01T00:00Z"),
        "AWSJSON" => ("string", "a JSON document as a text"),
        "AWSEmail" => ("string", "an email address"),
        "AWSDate" => ("string", "a date, YYYY-MM-DD"),
        "AWSTime" => ("string", "a time, hh:mm:ss.sss"),
        "AWSDateTime" => ("string", "a moment, YYYY-MM-DDThh:mm:ss.sssZ"),
        "AWSPhone" => ("string", "a telephone number with its country code"),
        "AWSURL" => ("string", "an absolute URL"),
        "AWSIPAddress" => ("string", "an IPv4 or IPv6 address"),
        _ => return json!({ "type": "string" }),
    };
    json!({ "type": kind, "description": words })
}
