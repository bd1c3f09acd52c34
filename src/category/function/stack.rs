//! The stack of a function: the function, its log, its role, and what makes it run.

use indexmap::IndexMap;
use serde::Serialize;

use super::access::{self, Granted, Statement};
use super::models::{self, Models};
use super::{
    Architecture, FunctionSpec, Runtime, Trigger, UrlCallers, code_folder, handler, is_typescript, names, own_function,
    secret,
};
use crate::base::{LogicalId, ResourceName};
use crate::category::api::ApiAuth;
use crate::category::synthesis::{ArtifactRequest, Need, refuse, rendered};
use crate::category::{Context, ResourceSpec, Synthesis};
use crate::error::{Code, Problem};

/// Context of `function/stack.yaml`.
#[derive(Debug, Serialize)]
struct FunctionStack<'a> {
    description: String,
    /// Text for `!Sub`.
    function_name: String,
    runtime: Runtime,
    handler: &'a str,
    architecture: Architecture,
    memory: u32,
    timeout: u32,
    reserved_concurrency: Option<u16>,
    layers: &'a [String],
    /// Where the code lies, relative to the stacks.
    code: String,
    variables: Vec<Variable>,
    retention: u16,
    /// The project's name is part of the names of its secrets.
    project: bool,
    /// Parameters that other stacks fill.
    parameters: Vec<Parameter>,
    statements: Vec<Statement>,
    schedules: Vec<Schedule<'a>>,
    /// Patterns of events, as JSON.
    events: &'a [String],
    /// Streams of changes, as parameters with their ARNs.
    streams: Vec<Stream>,
    queue: bool,
    /// How many seconds a message is hidden while the function works on it.
    visibility: u32,
    url: Option<UrlCallers>,
    /// Services that may invoke it.
    callers: Vec<Caller>,
}

/// A variable of the environment.
#[derive(Debug, Serialize)]
struct Variable {
    name: String,
    /// Text, for `!Sub` when `substituted`.
    value: String,
    substituted: bool,
}

#[derive(Debug, Serialize)]
struct Parameter {
    name: String,
    description: String,
}

#[derive(Debug, Serialize)]
struct Schedule<'a> {
    id: String,
    label: String,
    expression: &'a str,
    time_zone: &'a str,
}

#[derive(Debug, Serialize)]
struct Stream {
    id: String,
    label: String,
    /// The parameter with its ARN.
    parameter: String,
}

/// A service that may invoke the function, for one resource.
#[derive(Debug, Serialize)]
struct Caller {
    id: String,
    label: String,
    principal: &'static str,
    /// Text for `!Sub`.
    source: String,
}

/// The stack.
pub(super) fn synthesize(spec: &FunctionSpec, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
    refuse(context.name, &spec.check())?;
    refuse(context.name, &spec.check_among(&context.among()))?;
    let file = handler::file(spec, context).map_err(|problem| vec![problem])?;
    let folder = code_folder(context.name);
    // Stacks lie in `ampup/stacks/`.
    let code = format!("../{}", folder.trim_start_matches("ampup/"));
    let models =
        models::find(spec, context).or_else(|problems| refuse(context.name, &problems).map(|()| Models::default()))?;
    let mut granted = access::granted(&spec.access, &context.among(), &models);
    secret::grant(&spec.secrets, &mut granted);
    let streams = streams(spec, context, &mut granted, &models);
    let callers = callers(spec, context, &mut granted);
    let stack = FunctionStack {
        description: format!("The function {}: code, log and role", context.name),
        function_name: names::name(context.name),
        runtime: spec.runtime,
        handler: &spec.handler,
        architecture: spec.architecture,
        memory: spec.memory,
        timeout: spec.timeout,
        reserved_concurrency: spec.reserved_concurrency,
        layers: &spec.layers,
        code: code.clone(),
        variables: variables(spec, &granted, is_typescript(&file)),
        retention: spec.log_retention,
        project: !spec.secrets.is_empty(),
        parameters: granted.taken.iter().map(|taken| parameter(taken, context)).collect(),
        statements: granted.statements.iter().filter(|statement| !statement.actions.is_empty()).cloned().collect(),
        schedules: spec.schedules.iter().enumerate().map(|(index, schedule)| scheduled(index, schedule)).collect(),
        events: &spec.events,
        streams,
        queue: spec.has_queue(),
        // "Six times the function's time-out", as Lambda's guide advises for queues.
        visibility: spec.timeout * 6,
        url: spec.url,
        callers,
    };
    let mut synthesis = rendered(context, "function/stack.yaml", &stack, IndexMap::new())?;
    synthesis.artifacts.push(ArtifactRequest { folder, path: code });
    synthesis.needs = granted.taken.iter().map(need).collect::<Result<_, _>>()?;
    Ok(synthesis)
}

fn scheduled(index: usize, schedule: &super::Schedule) -> Schedule<'_> {
    Schedule {
        id: format!("Schedule{}", index + 1),
        label: format!("schedule {schedule}"),
        expression: &schedule.expression,
        time_zone: schedule.time_zone.as_deref().unwrap_or("UTC"),
    }
}

fn parameter(taken: &access::Taken, context: &Context<'_>) -> Parameter {
    let kind = context.siblings.get(&taken.of).map_or("resource", ResourceSpec::kind);
    Parameter { name: taken.parameter.clone(), description: format!("Output {} of {kind} {}", taken.output, taken.of) }
}

fn need(taken: &access::Taken) -> Result<Need, Vec<Problem>> {
    let id = |text: &str| LogicalId::new(text).map_err(|error| vec![Problem::new(Code::AMP0901, error.to_string())]);
    Ok(Need { parameter: id(&taken.parameter)?, of: taken.of.clone(), output: id(&taken.output)? })
}

/// The variables that the user sets, and those by which the code finds what it may use; the user's win.
fn variables(spec: &FunctionSpec, granted: &Granted, bundled: bool) -> Vec<Variable> {
    let own = spec.environment.iter().map(|(name, value)| variable(name, value));
    let given = granted.variables.iter().filter(|(name, _)| !spec.environment.contains_key(name));
    let given = given.map(|(name, value)| Variable { name: name.clone(), value: value.clone(), substituted: true });
    // Traces name the lines of the user's files, not of the bundle.
    let maps = (bundled && !spec.environment.contains_key("NODE_OPTIONS"))
        .then(|| variable("NODE_OPTIONS", "--enable-source-maps"));
    own.chain(given).chain(maps).collect()
}

/// A variable whose value may name the environment.
fn variable(name: &str, value: &str) -> Variable {
    let substituted = value.contains("${env}");
    let parts: Vec<String> = value.split("${env}").map(|part| part.replace("${", "${!")).collect();
    let value = if substituted { parts.join("${Environment}") } else { value.to_owned() };
    Variable { name: name.to_owned(), value, substituted }
}

/// The streams of the tables whose changes make the function run.
fn streams(spec: &FunctionSpec, context: &Context<'_>, granted: &mut Granted, models: &Models) -> Vec<Stream> {
    let mut streams = Vec::new();
    for name in context.siblings.keys() {
        if spec.triggers.iter().any(|trigger| trigger.is_of_table(name)) {
            streams.push(stream(name, None, "StreamArn", granted));
        }
        for model in models::followed(spec, name) {
            if let Some(found) = models.table(name, model) {
                streams.push(stream(name, Some(model), &found.stream, granted));
            }
        }
    }
    streams
}

/// The stream of a table: an output of a resource.
fn stream(name: &ResourceName, model: Option<&str>, output: &str, granted: &mut Granted) -> Stream {
    let arn = granted.take(name, output);
    let actions =
        ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"];
    granted.statements.push(Statement { actions: actions.to_vec(), resources: vec![arn] });
    let parameter = format!("{}{output}", name.logical());
    Stream {
        id: format!("{}Changes", parameter.trim_end_matches("StreamArn")),
        label: format!("changes of {}", models::joined(name.as_str(), model)),
        parameter,
    }
}

/// User pools and APIs that ask the function. Their stacks name it and come first, so that it may use them.
fn callers(spec: &FunctionSpec, context: &Context<'_>, granted: &mut Granted) -> Vec<Caller> {
    let mut callers = Vec::new();
    let caller = |name: &ResourceName, principal, source| Caller {
        id: format!("{}Permission", name.logical()),
        label: format!("permission of {name}"),
        principal,
        source,
    };
    for (name, sibling) in context.siblings {
        match sibling {
            ResourceSpec::Auth(_) if spec.triggers.iter().any(|trigger| matches!(trigger, Trigger::User { .. })) => {
                let source = granted.take(name, "UserPoolArn");
                callers.push(caller(name, "cognito-idp.amazonaws.com", source));
            }
            ResourceSpec::Api(api) => {
                let asks = |auth: &ApiAuth| match auth {
                    ApiAuth::Lambda(lambda) => own_function(&lambda.function, context.siblings) == Some(context.name),
                    _ => false,
                };
                if std::iter::once(&api.auth).chain(&api.additional_auth).any(asks) {
                    let id = granted.take(name, "GraphQLApiId");
                    let arn = "arn:${AWS::Partition}:appsync:${AWS::Region}:${AWS::AccountId}:apis";
                    callers.push(caller(name, "appsync.amazonaws.com", format!("{arn}/{id}")));
                }
            }
            _ => {}
        }
    }
    callers
}
