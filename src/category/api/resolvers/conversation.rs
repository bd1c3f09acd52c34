//! Resolvers of conversations: pipelines that send messages and take answers, lists of the latest, and who hears what.

use serde::Serialize;
use serde_json::{Map, Value};

use super::access::Guard;
use super::services::FieldRules;
use super::{Helpers, KeyEntry, Scene, all, denied, shown};
use crate::category::api::plan::{Operation, Plan, Resolver};
use crate::category::api::services::{Conversation, ConversationStep};
use crate::render::{RenderError, Renderer};

/// Context of `converse.js` and `answers.js`.
#[derive(Debug, Serialize)]
struct Converse {
    title: String,
    checked: bool,
    guards: Vec<Guard>,
    helpers: Helpers,
}

/// Context of `latest.js`.
#[derive(Debug, Serialize)]
struct Latest {
    title: String,
    dynamic: bool,
    index: String,
    partition: String,
    /// JavaScript for the partition; `None` where the filter may name it.
    value: Option<String>,
    shown: Vec<KeyEntry>,
    guards: Vec<Guard>,
    helpers: Helpers,
}

/// Context of `conversation_step.js`.
#[derive(Debug, Serialize)]
struct StepContext<'a> {
    title: String,
    step: &'static str,
    model: String,
    message_model: String,
    ai_model: &'a str,
    system_prompt: &'a str,
    inference: &'a Map<String, Value>,
    tools: &'a [Value],
    selection: &'a str,
    stream_mutation: String,
    list_query: &'a str,
}

fn title(resolver: &Resolver, words: &str) -> String {
    format!("{}.{}: {words}", resolver.type_name, resolver.field)
}

/// The resolvers around the steps of a conversation.
pub(super) fn converse(plan: &Plan, resolver: &Resolver, render: &Renderer) -> Result<String, RenderError> {
    let FieldRules { checked, guards, mut helpers } =
        FieldRules::of(plan, &format!("{}.{}", resolver.type_name, resolver.field));
    helpers.identities = true;
    let title = title(resolver, "its steps, one after the other.");
    render.render("api/resolver/converse.js", &Converse { title, checked, guards, helpers })
}

/// `Subscription.onCreateAssistantResponseChat`
pub(super) fn answers(resolver: &Resolver, render: &Renderer) -> Result<String, RenderError> {
    let helpers = Helpers { identities: true, groups: false, meets: false };
    let title = title(resolver, "the parts of answers in the caller's own conversations.");
    render.render("api/resolver/answers.js", &Converse { title, checked: false, guards: Vec::new(), helpers })
}

/// `Query.listConversationChats`: the latest first, by an index.
pub(super) fn latest(scene: &Scene<'_>, index: &str, render: &Renderer) -> Result<String, RenderError> {
    let found = scene.model.indexes.iter().find(|own| own.name == index);
    let Some(found) = found else {
        return Err(scene.fault(format!("{} has no index `{index}`", scene.model.name)));
    };
    let rules = scene.reading_rules(&[Operation::List]);
    let comment = format!("What the rules of {} let the caller read.", scene.model.name);
    let guard = Guard::new("access", comment, &all(&rules), None);
    if guard.is_closed() {
        return denied(scene, render);
    }
    let partition = found.key.partition.name.clone();
    let guards = vec![guard];
    let context = Latest {
        title: title(scene.resolver, "the latest of them."),
        dynamic: guards[0].dynamic,
        index: index.to_owned(),
        value: (partition == "__typename").then(|| super::script::text(&scene.model.name)),
        partition,
        shown: shown(scene.model),
        helpers: Helpers::of(&guards, false),
        guards,
    };
    render.render("api/resolver/latest.js", &context)
}

/// One step.
pub(super) fn step(
    step: ConversationStep,
    conversation: &Conversation,
    render: &Renderer,
) -> Result<String, RenderError> {
    let words = match step {
        ConversationStep::Touch => "the time of the conversation, when it is the caller's.",
        ConversationStep::Write => "stores the user's message.",
        ConversationStep::Ask => "gives the message to the handler, which answers later.",
        ConversationStep::Check => "whether the conversation is the caller's.",
        ConversationStep::Respond => "stores an answer.",
        ConversationStep::Stream => "stores what there is of an answer, and passes the new part on.",
    };
    let context = StepContext {
        title: format!("{}{}: {words}", conversation.name, step.name()),
        step: step.name(),
        model: conversation.model(),
        message_model: conversation.message_model(),
        ai_model: &conversation.ai_model,
        system_prompt: &conversation.system_prompt,
        inference: &conversation.inference,
        tools: &conversation.tools,
        selection: &conversation.selection,
        stream_mutation: conversation.stream_mutation(),
        list_query: &conversation.list_query,
    };
    render.render("api/resolver/conversation_step.js", &context)
}
