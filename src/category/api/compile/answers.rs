//! Who answers the fields that are no models' own: `@function` and `@http`, with what is wrong with them.
//!
//! What the requests look like is for `http`; nothing is added to the schema here.

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::draft::Catalogue;
use super::http::{self, HttpField};
use super::names;
use super::output::Output;
use super::report::Report;
use crate::category::api::plan::{Action, Function, LambdaFunction, Source, Step};
use crate::error::Code;
use crate::graphql::{Directive, Field, Literal, Span, TypeDefinition, TypeKind, TypeRef};

/// What AppSync runs in one pipeline ("AWS AppSync quotas").
const MOST_FUNCTIONS: usize = 10;
/// The type that says whether an event was taken.
const EVENT_RESPONSE: &str = "EventInvocationResponse";
const EVENT_SHAPE: &str = "type EventInvocationResponse { success: Boolean! }";

/// The answered fields, by type and field.
#[derive(Debug, Default)]
pub(super) struct Answers<'a> {
    pub fields: IndexMap<(&'a str, &'a str), By<'a>>,
}

/// What answers a field.
#[derive(Debug)]
pub(super) enum By<'a> {
    /// Lambda functions, one after the other.
    Functions(Vec<Invocation>),
    /// A request to another server.
    Http(HttpField<'a>),
}

/// One `@function`.
#[derive(Clone, Debug)]
pub(super) struct Invocation {
    pub function: LambdaFunction,
    pub event: bool,
    pub span: Span,
}

impl Answers<'_> {
    /// Regroups the arguments of the fields that other servers answer.
    pub(super) fn expand(&self, output: &mut Output) {
        for by in self.fields.values() {
            if let By::Http(http) = by {
                http.expand(output);
            }
        }
    }
}

/// Reads the answers of a document.
pub(super) fn read<'a>(catalogue: &Catalogue<'a>, report: &mut Report<'_>) -> Answers<'a> {
    let mut answers = Answers::default();
    for (name, found) in &catalogue.types {
        if !found.is_object() {
            continue;
        }
        for field in found.fields() {
            let functions: Vec<&Directive> = field.directives.iter().filter(|own| own.name == "function").collect();
            let http = field.directive("http");
            if let (Some(function), Some(_)) = (functions.first(), http) {
                let message =
                    format!("{name}.{} has @function and @http: a field is answered by one of them", field.name);
                report.add(Code::AMP0305, &function.span, message);
                continue;
            }
            let by = match http {
                Some(directive) => http::read(found, field, directive, catalogue, report).map(By::Http),
                None if functions.is_empty() => None,
                None => Some(By::Functions(invocations(found, field, &functions, catalogue, report))),
            };
            if let Some(by) = by {
                answers.fields.insert((*name, field.name.as_str()), by);
            }
        }
    }
    answers
}

fn invocations(
    found: &TypeDefinition,
    field: &Field,
    directives: &[&Directive],
    catalogue: &Catalogue<'_>,
    report: &mut Report<'_>,
) -> Vec<Invocation> {
    if let Some(extra) = directives.get(MOST_FUNCTIONS) {
        let message = format!(
            "{}.{} has {} functions: AppSync runs {MOST_FUNCTIONS} in one pipeline",
            found.name,
            field.name,
            directives.len()
        );
        report.add(Code::AMP0317, &extra.span, message);
    }
    let mut invocations = Vec::new();
    for directive in directives {
        // What is no text is told with the arguments of the directive.
        let text = |name: &str| directive.argument(name).and_then(Literal::as_str);
        let Some(name) = text("name") else { continue };
        check_name(directive, name, report);
        for (argument, fits) in [("region", is_region as fn(&str) -> bool), ("accountId", is_digits)] {
            if let Some(value) = text(argument).filter(|value| !value.is_empty() && !fits(value)) {
                let what = if argument == "region" { "a region of AWS, such as us-east-1" } else { "twelve digits" };
                report.add(Code::AMP0305, span_of(directive, argument), format!("\"{value}\" is not {what}"));
            }
        }
        let given = |name: &str| text(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let function = LambdaFunction { name: name.to_owned(), region: given("region"), account: given("accountId") };
        let event = directive.argument("invocationType").is_some_and(|value| value.to_string() == "Event");
        invocations.push(Invocation { function, event, span: directive.span.clone() });
    }
    check_events(found, field, &invocations, catalogue, report);
    invocations
}

fn span_of<'a>(directive: &'a Directive, argument: &str) -> &'a Span {
    directive.argument(argument).map_or(&directive.span, |value| &value.span)
}

/// Lambda takes letters, digits, hyphens and underscores, and after a colon a version or an alias.
fn check_name(directive: &Directive, name: &str, report: &mut Report<'_>) {
    let plain = name.replace("${env}", "");
    let span = span_of(directive, "name");
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
    if plain.contains("${") {
        let message = format!("the function name \"{name}\" has a placeholder that is not known");
        report.add_with_hint(Code::AMP0305, span, message, Some("the only one is ${env}".to_owned()));
    } else if name.is_empty() || !plain.chars().all(letters) {
        let message = format!("\"{name}\" is not the name of a Lambda function");
        let hint = "letters, digits, hyphens and underscores; ${env} stands for the environment".to_owned();
        report.add_with_hint(Code::AMP0305, span, message, Some(hint));
    }
}

fn is_region(text: &str) -> bool {
    text.contains('-') && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_digits(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit())
}

/// Events are sent from queries and mutations, and the last one says whether it was taken.
fn check_events(
    found: &TypeDefinition,
    field: &Field,
    invocations: &[Invocation],
    catalogue: &Catalogue<'_>,
    report: &mut Report<'_>,
) {
    let Some(event) = invocations.iter().find(|invocation| invocation.event) else { return };
    let roots = catalogue.roots;
    if found.name != roots.query && found.name != roots.mutation {
        let message = "@function definition with 'invocationType: Event' must be defined on Query or Mutation field";
        report.add(Code::AMP0305, &event.span, message);
        return;
    }
    let Some(last) = invocations.last().filter(|last| last.event) else { return };
    let named = matches!(&field.type_ref, TypeRef::Named(named) if named.name == EVENT_RESPONSE);
    if !named {
        let message = format!(
            "invalid return type {} for {} @function(name: {}, invocationType: Event): use return type \
             '{EVENT_RESPONSE}' and, if necessary, add '{EVENT_SHAPE}' to your model schema",
            field.type_ref, field.name, last.function.name
        );
        report.add(Code::AMP0305, &last.span, message);
        return;
    }
    let Some(response) = catalogue.types.get(EVENT_RESPONSE) else { return };
    let only = |one: &Field| one.name == "success" && one.type_ref.to_string() == "Boolean!";
    let fits = matches!((&response.kind, response.fields()), (TypeKind::Object { .. }, [one]) if only(one));
    if !fits {
        let message = format!("invalid '{EVENT_RESPONSE}' definition: update the type definition in your schema");
        report.add_with_hint(Code::AMP0305, &response.span, message, Some(format!("`{EVENT_SHAPE}`")));
    }
}

/// The data sources, functions and actions that answers become.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub sources: IndexMap<String, Source>,
    pub functions: IndexMap<String, Function>,
    /// By type and field: the action and its data source.
    pub actions: IndexMap<(String, String), (Action, String)>,
}

/// Plans the answers. One function is a resolver of its own; several are functions that resolvers share.
pub(super) fn plan(answers: &Answers<'_>, report: &Report<'_>) -> Answered {
    let mut answered = Answered::default();
    for ((type_name, field), by) in &answers.fields {
        let action = match by {
            By::Http(http) => {
                let source = answered.source(http.source_name(), Source::Http { endpoint: http.endpoint.clone() });
                (Action::Request(http.request.clone()), source)
            }
            By::Functions(invocations) => match &invocations[..] {
                [] => continue,
                [one] => (Action::Invoke { event: one.event }, answered.lambda(&one.function)),
                many => {
                    let functions = many.iter().map(|one| answered.step(one, report)).collect();
                    let last = &many[many.len() - 1];
                    (Action::Pipeline { functions }, answered.lambda(&last.function))
                }
            },
        };
        answered.actions.insert(((*type_name).to_owned(), (*field).to_owned()), action);
    }
    answered
}

impl Answered {
    fn lambda(&mut self, function: &LambdaFunction) -> String {
        let region = function.region.as_deref().map(simple).unwrap_or_default();
        let account = function.account.as_deref().unwrap_or_default();
        let name = format!("{}{region}{account}LambdaDataSource", simple(&function.name));
        self.source(name, Source::Lambda(function.clone()))
    }

    /// The name of a data source; one that another source has already gets a digest.
    fn source(&mut self, name: String, source: Source) -> String {
        let taken = self.sources.get(&name).is_some_and(|known| *known != source);
        let name = if taken { format!("{name}{}", digest(&format!("{source:?}"))) } else { name };
        self.sources.insert(name.clone(), source);
        name
    }

    fn step(&mut self, invocation: &Invocation, report: &Report<'_>) -> String {
        let source = self.lambda(&invocation.function);
        let name = format!("Invoke{source}{}", if invocation.event { "Event" } else { "" });
        let origin = report.location(invocation.span.start);
        let step = Step::Invoke { event: invocation.event };
        self.functions.entry(name.clone()).or_insert(Function { source, step, origin });
        name
    }
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..4])
}

/// `my-function-${env}` → `MyFunction`, as the reference transformer names the data source of a function.
fn simple(name: &str) -> String {
    let mut plain = String::new();
    let mut rest = name;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let before = &rest[..start];
        let before = before.strip_suffix('_').unwrap_or(before);
        plain.push_str(before.strip_suffix('-').unwrap_or(before));
        rest = &rest[start + length + 1..];
    }
    plain.push_str(rest);
    let start = plain.find(|c: char| c.is_ascii_alphabetic() || c == '_').unwrap_or(plain.len());
    let words = plain[start..].split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.map(names::upper).collect()
}
