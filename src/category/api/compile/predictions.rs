//! `@predictions`: which steps may follow each other, the inputs that they take, and the pipeline that they become.

use indexmap::IndexSet;

use super::draft::Catalogue;
use super::names;
use super::options::CompileOptions;
use super::output::Output;
use super::report::Report;
use crate::category::api::plan::{Action, Function, NONE_SOURCE, Resolver, Step};
use crate::category::api::services::{Additions, Prediction};
use crate::error::Code;
use crate::graphql::{Directive, Field, InputValue, TypeDefinition, TypeRef};

/// The steps of a directive, without those that do not exist.
fn steps(directive: &Directive) -> Vec<Prediction> {
    let given = directive.argument("actions").map(crate::graphql::Literal::elements).unwrap_or_default();
    let step = |word: String| Prediction::ALL.into_iter().find(|step| step.name() == word);
    given.into_iter().filter_map(|element| step(element.to_string())).collect()
}

/// Checks a directive on a field of a type.
pub(super) fn check(
    found: &TypeDefinition,
    directive: &Directive,
    catalogue: &Catalogue<'_>,
    options: &CompileOptions,
    report: &mut Report<'_>,
) {
    let mut add = |message: &str, hint: Option<String>| {
        report.add_with_hint(Code::AMP0305, &directive.span, message, hint);
    };
    if options.has_no_predictions_bucket() {
        let message = "please configure storage in your project in order to use the @predictions directive";
        let hint = "name the bucket with the pictures: `ampup update API --predictions-bucket BUCKET`";
        add(message, Some(hint.to_owned()));
    }
    if found.name != catalogue.roots.query {
        let hint = Some(format!("move the field to type {}", catalogue.roots.query));
        add("@predictions directive only works under Query operations", hint);
    }
    let Some(given) = directive.argument("actions").filter(|given| !given.is_null()) else { return };
    if given.elements().is_empty() {
        add("@predictions directive requires at least one action", None);
    }
    if given.elements().iter().any(|element| element.is_null()) {
        add("expected a value of type \"PredictionsActions!\" in \"actions\" of @predictions, found null", None);
    }
    for pair in steps(directive).windows(2) {
        let (before, after) = (pair[0], pair[1]);
        if !before.next().contains(&after) {
            let allowed: Vec<&str> = before.next().iter().map(|step| step.name()).collect();
            let hint = match &allowed[..] {
                [] => format!("{} is the last step", before.name()),
                allowed => format!("after {} comes {}", before.name(), allowed.join(" or ")),
            };
            add(&format!("{} is not supported in this context", after.name()), Some(hint));
        }
    }
}

fn fields<'a>(catalogue: &Catalogue<'a>) -> impl Iterator<Item = (&'a Field, &'a Directive)> {
    let query = catalogue.types.get(catalogue.roots.query.as_str()).copied();
    query
        .into_iter()
        .flat_map(TypeDefinition::fields)
        .filter_map(|field| Some((field, field.directive("predictions")?)))
}

fn input_name(field: &str, step: Option<Prediction>) -> String {
    format!("{}{}Input", names::upper(field), names::upper(step.map(Prediction::name).unwrap_or_default()))
}

/// The input that a whole field takes must be new.
pub(super) fn check_names(catalogue: &Catalogue<'_>, report: &mut Report<'_>) {
    for (field, directive) in fields(catalogue) {
        let name = input_name(&field.name, None);
        if catalogue.types.contains_key(name.as_str()) {
            let message = format!("conflicting input type '{name}' found: @predictions adds one of that name");
            report.add(Code::AMP0316, &directive.span, message);
        }
    }
}

/// Gives every field with the directive its input, and the type of what its steps give.
pub(super) fn expand(catalogue: &Catalogue<'_>, output: &mut Output) {
    for (field, directive) in fields(catalogue) {
        let steps = steps(directive);
        for (place, step) in steps.iter().enumerate() {
            let required = |name: &&str| InputValue::new(*name, TypeRef::required("String"));
            let fields = arguments(*step, place == 0).iter().map(required).collect();
            output.add(TypeDefinition::input(input_name(&field.name, Some(*step)), fields));
        }
        let part =
            |step: &Prediction| InputValue::new(step.name(), TypeRef::required(input_name(&field.name, Some(*step))));
        let whole = input_name(&field.name, None);
        output.add(TypeDefinition::input(&whole, steps.iter().map(part).collect()));
        if let Some(own) = output.field_mut(&catalogue.roots.query, &field.name) {
            own.arguments = vec![InputValue::new("input", TypeRef::required(whole))];
            own.type_ref = if gives_list(&steps) { TypeRef::list_of("String") } else { TypeRef::named("String") };
        }
    }
}

/// What a step takes; the text comes from the step before, when there is one.
fn arguments(step: Prediction, first: bool) -> &'static [&'static str] {
    match (step, first) {
        (Prediction::IdentifyText | Prediction::IdentifyLabels, _) => &["key"],
        (Prediction::TranslateText, true) => &["sourceLanguage", "targetLanguage", "text"],
        (Prediction::TranslateText, false) => &["sourceLanguage", "targetLanguage"],
        (Prediction::ConvertTextToSpeech, true) => &["voiceID", "text"],
        (Prediction::ConvertTextToSpeech, false) => &["voiceID"],
    }
}

/// Labels are a list until they are spoken.
fn gives_list(steps: &[Prediction]) -> bool {
    steps.contains(&Prediction::IdentifyLabels) && !steps.contains(&Prediction::ConvertTextToSpeech)
}

/// Adds the pipelines of all fields with the directive.
pub(super) fn build(catalogue: &Catalogue<'_>, report: &Report<'_>, additions: &mut Additions) {
    let mut made: IndexSet<&str> = IndexSet::new();
    for (field, directive) in fields(catalogue) {
        let steps = steps(directive);
        let origin = report.location(field.span.start);
        for step in &steps {
            let (source, what) = step.source();
            if made.insert(step.name()) {
                additions.sources.push((source.to_owned(), what));
                let function = Function {
                    source: source.to_owned(),
                    step: Step::Predict { prediction: *step },
                    origin: origin.clone(),
                };
                additions.functions.push((step.name().to_owned(), function));
            }
        }
        let last = steps.last().map_or(NONE_SOURCE, |step| step.source().0);
        additions.resolvers.push(Resolver {
            type_name: catalogue.roots.query.clone(),
            field: field.name.clone(),
            action: Action::Predict {
                functions: steps.iter().map(|step| step.name().to_owned()).collect(),
                list: gives_list(&steps),
            },
            source: last.to_owned(),
            origin,
        });
    }
}
