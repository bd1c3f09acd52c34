//! `@conversation`: the models, operations and inputs that it adds to a schema, and the pipelines behind them.
//!
//! What it adds is written as GraphQL and read like the user's own text, so that every other rule holds for it too.

use serde_json::{Map, Value as Json, json};

use super::draft::{Catalogue, Kind};
use super::generation::{AnswerReader, check_inference, inference};
use super::names;
use super::output::Output;
use super::plural::plural;
use super::report::Report;
use crate::category::api::plan::{
    Action, AttributeType, Function, Index, Key, KeyField, NONE_SOURCE, Projection, Resolver, Source, Step,
    table_source,
};
use crate::category::api::services::{Additions, Conversation, ConversationStep};
use crate::error::Code;
use crate::graphql::{self, Directive, Document, Field, Literal, Span, TypeDefinition, TypeRef};

/// The interface that messages implement.
const MESSAGE: &str = "AmplifyAIConversationMessage";
/// A part of an answer.
const PART: &str = "AmplifyAIConversationMessageStreamPart";
/// The user's types that what is added names.
const NEEDED: [&str; 6] = [
    MESSAGE,
    PART,
    "AmplifyAIConversationParticipantRole",
    "AmplifyAIContentBlock",
    "AmplifyAIContentBlockInput",
    "AmplifyAIToolConfiguration",
];

/// The conversations of a document whose places and types are right.
fn found(document: &Document) -> Vec<(String, Span)> {
    let root = document.types.iter().find(|found| found.name == document.roots.mutation);
    let fields = root.map(TypeDefinition::fields).unwrap_or_default();
    let known = |name: &str| document.types.iter().any(|found| found.name == name);
    if !NEEDED.iter().all(|name| known(name)) {
        return Vec::new();
    }
    let fits = |field: &&Field| matches!(&field.type_ref, TypeRef::Named(named) if named.name == MESSAGE);
    let spans = fields.iter().filter(fits).filter_map(|field| {
        let directive = field.directive("conversation")?;
        Some((field.name.clone(), directive.span.clone()))
    });
    spans.collect()
}

/// The names of what conversations add to a document.
#[derive(Clone, Debug, Default)]
pub(super) struct Added {
    pub types: Vec<String>,
    /// Fields of root types.
    pub fields: Vec<String>,
}

/// Adds models, inputs and operations to a document.
pub(super) fn extend(document: &mut Document, report: &mut Report<'_>) -> Added {
    let mut added = Added::default();
    for (field, span) in found(document) {
        let Ok(more) = graphql::parse(&text(&names::upper(&field))) else { continue };
        for mut found in more.types {
            found.span = span.clone();
            respan(&mut found, &span);
            let root = match found.name.as_str() {
                "Mutation" => Some(document.roots.mutation.clone()),
                "Subscription" => Some(document.roots.subscription.clone()),
                _ => None,
            };
            match root {
                Some(root) => {
                    added.fields.extend(found.fields().iter().map(|field| field.name.clone()));
                    extend_root(document, &root, found);
                }
                None if added.types.contains(&found.name) => {}
                None if document.types.iter().any(|own| own.name == found.name) => {
                    let message =
                        format!("type '{}' is declared already: @conversation adds one of that name", found.name);
                    report.add(Code::AMP0316, &span, message);
                }
                None => {
                    added.types.push(found.name.clone());
                    document.types.push(found);
                }
            }
        }
    }
    added
}

fn extend_root(document: &mut Document, root: &str, more: TypeDefinition) {
    let new = more.fields().to_vec();
    if let Some(fields) = document.types.iter_mut().find(|own| own.name == root).and_then(TypeDefinition::fields_mut) {
        fields.extend(new);
    } else {
        document.types.push(TypeDefinition { name: root.to_owned(), ..more });
    }
}

/// Puts everything that can be told about at the line of the directive.
fn respan(found: &mut TypeDefinition, span: &Span) {
    let directives = |list: &mut Vec<Directive>| {
        for directive in list {
            directive.span = span.clone();
            directive.arguments.iter_mut().for_each(|(name, value)| {
                name.span = span.clone();
                value.span = span.clone();
            });
        }
    };
    directives(&mut found.directives);
    for field in found.fields_mut().into_iter().flatten() {
        field.span = span.clone();
        directives(&mut field.directives);
    }
}

/// What the conversation of a field adds.
fn text(name: &str) -> String {
    format!(
        "
type Conversation{name} @model(subscriptions: {{ level: off }}) @auth(rules: [{{ allow: owner, ownerField: \"owner\" }}]) {{
  id: ID!
  name: String
  metadata: AWSJSON
  messages: [ConversationMessage{name}] @hasMany(references: \"conversationId\")
}}
type ConversationMessage{name} implements {MESSAGE}
  @model(subscriptions: {{ onUpdate: null, onDelete: null }}, mutations: {{ update: null }})
  @auth(rules: [{{ allow: owner, ownerField: \"owner\" }}]) {{
  id: ID!
  conversationId: ID!
  conversation: Conversation{name} @belongsTo(references: \"conversationId\")
  role: AmplifyAIConversationParticipantRole
  content: [AmplifyAIContentBlock]
  aiContext: AWSJSON
  toolConfiguration: AmplifyAIToolConfiguration
  associatedUserMessageId: ID
}}
input AmplifyAIConversationTurnErrorInput {{ errorType: String! message: String! }}
input CreateConversationMessage{name}AssistantInput {{
  conversationId: ID
  content: [AmplifyAIContentBlockInput]
  associatedUserMessageId: ID
}}
input CreateConversationMessage{name}AssistantStreamingInput {{
  conversationId: ID!
  associatedUserMessageId: ID!
  contentBlockIndex: Int
  contentBlockText: String
  contentBlockDeltaIndex: Int
  contentBlockToolUse: AWSJSON
  contentBlockDoneAtIndex: Int
  stopReason: String
  accumulatedTurnContent: [AmplifyAIContentBlockInput]
  errors: [AmplifyAIConversationTurnErrorInput]
  p: String
}}
type Mutation {{
  createAssistantResponse{name}(input: CreateConversationMessage{name}AssistantInput!): ConversationMessage{name}
    @aws_cognito_user_pools
  createAssistantResponseStream{name}(input: CreateConversationMessage{name}AssistantStreamingInput!): {PART}
    @aws_cognito_user_pools
}}
type Subscription {{
  onCreateAssistantResponse{name}(conversationId: ID): {PART}
    @aws_subscribe(mutations: [\"createAssistantResponseStream{name}\"]) @aws_cognito_user_pools
}}
"
    )
}

/// Checks a directive on a field of a type.
pub(super) fn check(
    found: &TypeDefinition,
    field: &Field,
    directive: &Directive,
    catalogue: &Catalogue<'_>,
    report: &mut Report<'_>,
) {
    let mut add = |message: String| report.add(Code::AMP0305, &directive.span, message);
    if found.name != catalogue.roots.mutation {
        add("@conversation directive must be used on Mutation field".to_owned());
    }
    if !matches!(&field.type_ref, TypeRef::Named(named) if named.name == MESSAGE) {
        add(format!("@conversation return type must be {MESSAGE}"));
    }
    for name in NEEDED.iter().filter(|name| !catalogue.types.contains_key(*name)) {
        add(format!("type {name} not found: @conversation needs it for its messages"));
    }
    check_handler(directive, report);
    check_tools(directive, report);
    check_inference("conversation", directive, report);
}

fn check_handler(directive: &Directive, report: &mut Report<'_>) {
    let given = |name: &str| directive.argument(name).filter(|value| !value.is_null());
    let (handler, function) = (given("handler"), given("functionName"));
    if handler.is_some() && function.is_some() {
        let message = "'functionName' and 'handler' are mutually exclusive";
        report.add(Code::AMP0305, &directive.span, message);
    }
    if let Some(version) = handler.and_then(|handler| handler.get("eventVersion")).and_then(Literal::as_str) {
        let digits: String =
            version.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        if digits != "1" {
            let message = format!(
                "unsupported custom conversation handler: expected eventVersion to match 1.x, received {version}"
            );
            report.add(Code::AMP0305, &directive.span, message);
        }
    }
    if let Some(own) = handler.or(function) {
        let message =
            "a conversation handler of one's own is not built yet: every conversation has the default handler";
        report.add(Code::AMP0304, &own.span, message);
    }
}

fn check_tools(directive: &Directive, report: &mut Report<'_>) {
    let mut invalid: Vec<&str> = Vec::new();
    for tool in tools(directive) {
        let given = |name: &str| tool.get(name).is_some();
        let name = tool.get("name").and_then(Literal::as_str).unwrap_or_default();
        let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.len() <= 64;
        if !plain {
            let message = format!(
                "tool name must be between 1 and 64 characters, start with a letter, and contain only letters, numbers, \
                 and underscores. Found: {name}"
            );
            report.add(Code::AMP0305, &tool.span, message);
        }
        let of_model = given("modelName") && given("modelOperation") && !given("queryName");
        let of_query = given("queryName") && !given("modelName") && !given("modelOperation");
        if !of_model && !of_query {
            invalid.push(name);
        }
    }
    if !invalid.is_empty() {
        let message = format!(
            "tool definitions must contain a modelName and modelOperation, or queryName. Invalid tools: {}",
            invalid.join(", ")
        );
        report.add(Code::AMP0305, &directive.span, message);
    }
}

fn tools(directive: &Directive) -> Vec<&Literal> {
    directive.argument("tools").filter(|value| !value.is_null()).map(Literal::elements).unwrap_or_default()
}

/// Adds the pipelines of all conversations; the schema is expanded already.
pub(super) fn build(catalogue: &Catalogue<'_>, output: &Output, report: &mut Report<'_>, additions: &mut Additions) {
    let Some(root) = catalogue.types.get(catalogue.roots.mutation.as_str()).copied() else { return };
    for field in root.fields() {
        let Some(directive) = field.directive("conversation") else { continue };
        let text = |name: &str| directive.argument(name).and_then(Literal::as_str).unwrap_or_default().to_owned();
        let mut read = Vec::new();
        for tool in tools(directive) {
            match read_tool(tool, catalogue, output) {
                Ok(tool) => read.push(tool),
                Err(message) => report.add(Code::AMP0305, &tool.span, message),
            }
        }
        let name = names::upper(&field.name);
        let conversation = Conversation {
            list_query: format!("list{}", plural(&format!("ConversationMessage{name}"))),
            field: field.name.clone(),
            ai_model: text("aiModel"),
            system_prompt: text("systemPrompt"),
            inference: inference(directive),
            tools: read,
            selection: selection(&TypeRef::named(PART), catalogue, output, &mut Vec::new()).unwrap_or_default(),
            name,
        };
        Builder { catalogue, conversation, span: &field.span, report }.add(additions);
    }
}

/// Makes the resolvers of one conversation.
struct Builder<'r, 'a, 's> {
    catalogue: &'r Catalogue<'a>,
    conversation: Conversation,
    span: &'r Span,
    report: &'r Report<'s>,
}

impl Builder<'_, '_, '_> {
    fn add(&self, additions: &mut Additions) {
        use ConversationStep as S;
        let conversation = &self.conversation;
        let (mutation, query) = (&self.catalogue.roots.mutation, &self.catalogue.roots.query);
        let handler = conversation.handler_source();
        additions
            .sources
            .push((handler.clone(), Source::ConversationHandler { ai_model: conversation.ai_model.clone() }));
        for step in [S::Touch, S::Write, S::Ask, S::Check, S::Respond, S::Stream] {
            let source = match step {
                S::Touch | S::Check => table_source(&conversation.model()),
                S::Write | S::Respond | S::Stream => table_source(&conversation.message_model()),
                S::Ask => handler.clone(),
            };
            let name = format!("{}{}", conversation.name, step.name());
            let step = Step::Converse { step, conversation: Box::new(conversation.clone()) };
            additions.functions.push((name, Function { source, step, origin: self.origin() }));
        }
        let messages = table_source(&conversation.message_model());
        let pipelines: [(String, &[S], &String); 3] = [
            (conversation.field.clone(), &[S::Touch, S::Write, S::Ask], &handler),
            (format!("createAssistantResponse{}", conversation.name), &[S::Check, S::Respond], &messages),
            (conversation.stream_mutation(), &[S::Check, S::Stream], &messages),
        ];
        for (field, steps, source) in pipelines {
            let functions = steps.iter().map(|step| format!("{}{}", conversation.name, step.name())).collect();
            additions.resolvers.push(self.resolver(mutation, field, Action::Converse { functions }, source));
        }
        let field = format!("onCreateAssistantResponse{}", conversation.name);
        let action = Action::SubscribeToAnswers;
        additions.resolvers.push(self.resolver(&self.catalogue.roots.subscription, field, action, NONE_SOURCE));
        for (model, by_typename) in [(conversation.model(), true), (conversation.message_model(), false)] {
            let field = names::camel(&["list", &plural(&model)]);
            let source = table_source(&model);
            let (partition, sort) =
                if by_typename { ("__typename", "updatedAt") } else { ("conversationId", "createdAt") };
            let index = if by_typename { CONVERSATIONS_INDEX } else { MESSAGES_INDEX };
            additions.indexes.push((model.clone(), new_index(index, partition, sort)));
            let action = Action::ListLatest { model, index: index.to_owned() };
            additions.resolvers.push(self.resolver(query, field, action, &source));
        }
    }

    fn origin(&self) -> crate::base::Location {
        self.report.location(self.span.start)
    }

    fn resolver(&self, type_name: &str, field: String, action: Action, source: &str) -> Resolver {
        Resolver { type_name: type_name.to_owned(), field, action, source: source.to_owned(), origin: self.origin() }
    }
}

/// Conversations by the time of their last message.
const CONVERSATIONS_INDEX: &str = "gsi-Conversation.typename.updatedAt";
/// Messages of a conversation by their time.
const MESSAGES_INDEX: &str = "gsi-ConversationMessage.conversationId.createdAt";

fn new_index(name: &str, partition: &str, sort: &str) -> Index {
    let part =
        |name: &str| KeyField { name: name.to_owned(), type_name: "String".to_owned(), attribute: AttributeType::S };
    Index {
        name: name.to_owned(),
        key: Key { partition: part(partition), sort: vec![part(sort)] },
        query_field: None,
        local: false,
        projection: Projection::All,
        origin: None,
    }
}

/// A tool as handlers take it: what the model is told, and the query that it stands for.
fn read_tool(tool: &Literal, catalogue: &Catalogue<'_>, output: &Output) -> Result<Json, String> {
    let text = |name: &str| tool.get(name).and_then(Literal::as_str).unwrap_or_default();
    let name = text("name");
    let of_model = tool.get("modelName").is_some();
    let query = if of_model { list_query(text("modelName"), catalogue)? } else { text("queryName").to_owned() };
    let queries = output.get(&catalogue.roots.query).map(TypeDefinition::fields).unwrap_or_default();
    if queries.is_empty() {
        return Err("tools must be queries - no queries found in the schema".to_owned());
    }
    let Some(field) = queries.iter().find(|field| field.name == query) else {
        return Err(format!(
            "tool \"{name}\" defined in @conversation directive has no matching Query field definition"
        ));
    };
    let (mut properties, mut types, mut required) = (Map::new(), Map::new(), Vec::new());
    for argument in field.arguments.iter().filter(|_| !of_model) {
        let mut reader = AnswerReader::for_arguments(catalogue, output);
        properties.insert(argument.name.clone(), reader.schema(&argument.type_ref)?);
        types.insert(argument.name.clone(), Json::from(argument.type_ref.to_string()));
        if argument.type_ref.is_required() {
            required.push(argument.name.clone());
        }
    }
    Ok(json!({
        "name": name,
        "description": text("description"),
        "inputSchema": { "json": { "type": "object", "properties": properties, "required": required } },
        "graphqlRequestInputDescriptor": {
            "selectionSet": selection(&field.type_ref, catalogue, output, &mut Vec::new()).unwrap_or_default(),
            "propertyTypes": types,
            "queryName": query,
        },
    }))
}

/// Name of the list query of a model.
fn list_query(model: &str, catalogue: &Catalogue<'_>) -> Result<String, String> {
    let found = catalogue.types.get(model).filter(|found| found.is_object());
    let Some(found) = found else { return Err(format!("could not find type definition for {model}")) };
    let queries = found.directive("model").and_then(|directive| directive.argument("queries"));
    let given = queries.and_then(|queries| queries.get("list")).and_then(Literal::as_str);
    Ok(given.map_or_else(|| names::camel(&["list", &plural(&names::upper(model))]), str::to_owned))
}

/// Everything that can be selected of a type without going in a circle; `None` for a scalar or an enum.
fn selection(
    type_ref: &TypeRef,
    catalogue: &Catalogue<'_>,
    output: &Output,
    inside: &mut Vec<String>,
) -> Option<String> {
    let name = type_ref.name();
    if matches!(catalogue.kind(name), Kind::Scalar | Kind::Enum) {
        return None;
    }
    if inside.iter().any(|known| known == name) {
        return Some(String::new());
    }
    inside.push(name.to_owned());
    let fields = output.get(name).map(TypeDefinition::fields).unwrap_or_default();
    let mut parts = Vec::new();
    for field in fields {
        match selection(&field.type_ref, catalogue, output, inside) {
            None => parts.push(field.name.clone()),
            Some(inner) if inner.is_empty() => {}
            Some(inner) => parts.push(format!("{} {{ {inner} }}", field.name)),
        }
    }
    inside.pop();
    Some(parts.join(" "))
}
