//! The hot paths of the writing wing: a schema becomes an API, a definition a state machine. Whole-process figures are made by `figures.py`.

use std::fmt::Write as _;

use ampup::asl::picture::{Progress, as_svg};
use ampup::asl::{Type, check};
use ampup::category::api::compile::compile;
use ampup::category::api::{CodegenSpec, CompileOptions, SchemaSource, Target, codegen};

fn main() {
    divan::main();
}

/// A schema in groups of five: each model has two rules and one composite index, the first of a group has many of each
/// of the others, and they belong to it.
fn schema(models: usize) -> String {
    let mut text = String::new();
    for number in 0..models {
        let parent = number - number % 5;
        let mut links = String::new();
        if number == parent {
            links.push_str("  kind: String @index(name: \"byKind\", sortKeyFields: [\"status\", \"day\"])\n");
            for child in (parent + 1..parent + 5).filter(|child| *child < models) {
                writeln!(links, "  all{child}: [Model{child}] @hasMany(indexName: \"byParent\", fields: [\"id\"])")
                    .expect("writing to a string cannot fail");
            }
        } else {
            write!(
                links,
                "  parentId: ID! @index(name: \"byParent\", sortKeyFields: [\"status\", \"day\"])\n  \
                 parent: Model{parent} @belongsTo(fields: [\"parentId\"])\n"
            )
            .expect("writing to a string cannot fail");
        }
        writeln!(
            text,
            "type Model{number} @model @auth(rules: [{{ allow: owner }}, {{ allow: public, operations: [read] }}]) {{\n  \
             id: ID!\n  title: String!\n  status: String!\n  day: AWSDate!\n{links}}}"
        )
        .expect("writing to a string cannot fail");
    }
    text
}

fn options() -> CompileOptions {
    serde_json::from_str(r#"{"defaultAuth": "AMAZON_COGNITO_USER_POOLS", "additionalAuth": ["API_KEY"]}"#)
        .expect("the options are well-formed")
}

/// Documents, types and models together.
#[divan::bench(args = [10, 50, 200, 500])]
fn generate_code(bencher: divan::Bencher<'_, '_>, models: usize) {
    let (text, options) = (schema(models), options());
    let source = SchemaSource { path: "schema.graphql", text: &text };
    let plan = compile(&source, &options).expect("the schema is well-formed");
    let spec = CodegenSpec::new(vec![Target::Ts, Target::Types, Target::ModelsJs]);
    bencher.bench(|| codegen::files(&source, &options, &plan, &spec).expect("the plan is the schema's"));
}

#[divan::bench(args = [10, 50, 200, 500])]
fn compile_models(bencher: divan::Bencher<'_, '_>, models: usize) {
    let (text, options) = (schema(models), options());
    bencher.bench(|| {
        compile(&SchemaSource { path: "schema.graphql", text: &text }, &options).expect("the schema is well-formed")
    });
}

/// A definition in groups of three: a task with a retry and a catcher, a decision, a wait that leads back.
fn definition(groups: usize) -> String {
    let mut states = String::new();
    for number in 0..groups {
        let next = if number + 1 == groups { "Done".to_owned() } else { format!("Work{}", number + 1) };
        write!(
            states,
            r#""Work{number}": {{ "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
                "Parameters": {{ "QueueUrl": "q", "MessageBody": {{ "id.$": "$.id", "at.$": "States.Format('{{}}', $.n)" }} }},
                "ResultPath": "$.sent", "Retry": [{{ "ErrorEquals": ["States.ALL"], "MaxAttempts": 2 }}],
                "Catch": [{{ "ErrorEquals": ["States.TaskFailed"], "Next": "Wait{number}" }}], "Next": "Decide{number}" }},
              "Decide{number}": {{ "Type": "Choice", "Default": "{next}", "Choices": [
                {{ "Variable": "$.sent.again", "BooleanEquals": true, "Next": "Wait{number}" }}] }},
              "Wait{number}": {{ "Type": "Wait", "SecondsPath": "$.seconds", "Next": "Work{number}" }},"#
        )
        .expect("writing to a string cannot fail");
    }
    format!(r#"{{ "StartAt": "Work0", "States": {{ {states} "Done": {{ "Type": "Succeed" }} }} }}"#)
}

#[divan::bench(args = [3, 30, 300])]
fn check_definition(bencher: divan::Bencher<'_, '_>, groups: usize) {
    let text = definition(groups);
    bencher.bench(|| check(&text, Type::Standard).machine.expect("the definition is valid"));
}

#[divan::bench(args = [3, 30])]
fn draw_machine(bencher: divan::Bencher<'_, '_>, groups: usize) {
    let machine = check(&definition(groups), Type::Standard).machine.expect("the definition is valid");
    bencher.bench(|| as_svg(&machine, &Progress::new(), "bench").expect("it is small enough"));
}
