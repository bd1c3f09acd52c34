//! Tests of generation, predictions and conversations, from the directive to the stack.

use indexmap::IndexMap;

use super::conformance::compile_case;
use super::plan::Action;
use super::{ApiAuth, ApiSpec, CompileOptions, Plan, SchemaSource, compile, resolvers};
use crate::base::ResourceName;
use crate::category::{AuthSpec, Context, ResourceSpec, Sources, Synthesis};
use crate::cfn;
use crate::error::Problem;
use crate::render::Renderer;

const POOLS: &str = r#"{"defaultAuth":"AMAZON_COGNITO_USER_POOLS","additionalAuth":["API_KEY"]}"#;
const MODEL: &str = "aiModel: \"anthropic.claude-3-haiku-20240307-v1:0\", systemPrompt: \"It's ${short}.\"";

/// The types that messages are made of.
const MESSAGES: &str = "
interface AmplifyAIConversationMessage { id: ID! conversationId: ID! content: [AmplifyAIContentBlock] owner: String }
enum AmplifyAIConversationParticipantRole { user assistant }
type AmplifyAIContentBlock { text: String }
input AmplifyAIContentBlockInput { text: String }
type AmplifyAIToolConfiguration { tools: [String] }
type AmplifyAIConversationMessageStreamPart @aws_cognito_user_pools { id: ID! owner: String contentBlockText: String }
";

fn plan(schema: &str) -> Plan {
    let options = CompileOptions::parse("options.json", POOLS).unwrap();
    compile::compile(&SchemaSource { path: "schema.graphql", text: schema }, &options).unwrap()
}

/// The text of every resolver and function, by path.
fn files(schema: &str) -> IndexMap<String, String> {
    let (plan, render) = (plan(schema), Renderer::default());
    let resolvers = resolvers::write(&plan, &render).unwrap().into_iter().map(|file| (file.path, file.text));
    let functions = resolvers::write_functions(&plan, &render).unwrap();
    resolvers.chain(functions.into_iter().map(|file| (file.path, file.text))).collect()
}

fn check(files: &IndexMap<String, String>, path: &str, parts: &[&str]) {
    for part in parts {
        assert!(files[path].contains(part), "no {part} in {path}:\n{}", files[path]);
    }
}

fn try_stack(schema: &str, bucket: Option<&str>) -> Result<Synthesis, Vec<Problem>> {
    let name = ResourceName::new("blog").unwrap();
    let spec = ApiSpec { auth: ApiAuth::UserPool, predictions_bucket: bucket.map(str::to_owned), ..ApiSpec::default() };
    let users = (ResourceName::new("users").unwrap(), ResourceSpec::Auth(AuthSpec::default()));
    let siblings = IndexMap::from([(name.clone(), ResourceSpec::Api(spec.clone())), users]);
    let mut sources = Sources::default();
    sources.insert(ApiSpec::schema_path(&name), schema);
    let render = Renderer::default();
    spec.synthesize(&Context { name: &name, sources: &sources, siblings: &siblings, render: &render })
}

fn stack(schema: &str) -> Synthesis {
    let synthesis = try_stack(schema, Some("pictures")).unwrap();
    assert_eq!(cfn::check::check(&synthesis.template), Vec::new());
    synthesis
}

fn chat(arguments: &str) -> String {
    let auth = "auth: { strategy: owner, provider: userPools }";
    format!(
        "type Mutation {{ chat(conversationId: ID!, content: [AmplifyAIContentBlockInput]): \
         AmplifyAIConversationMessage @conversation({MODEL}, {auth}{arguments}) @aws_cognito_user_pools }} {MESSAGES}"
    )
}

#[test]
fn what_is_wrong_is_refused_with_its_reason() {
    let generation = |arguments: &str| format!("type Query {{ a: String @generation({MODEL}{arguments}) }}");
    let answer = |types: &str| format!("{types} type Query {{ a: R @generation({MODEL}) }}");
    let predictions = |actions: &str| format!("type Query {{ a: String @predictions(actions: {actions}) }}");
    let cases = [
        (format!("type Mutation {{ a: String @generation({MODEL}) }}"), "must be used on Query field"),
        (generation(", inferenceConfiguration: { maxTokens: 0 }"), "maxTokens valid range"),
        (generation(", inferenceConfiguration: { maxTokens: 1.5 }"), "whole number"),
        (generation(", inferenceConfiguration: { temperature: -0.1 }"), "temperature valid range"),
        (generation(", inferenceConfiguration: { topP: 1.1 }"), "topP valid range"),
        (generation(", inferenceConfiguration: { topP: \"1\" }"), "must be a number"),
        (answer("type R { at: AWSDateTime! }"), "disallowed required field type AWSDateTime"),
        (answer("type R { a: R }"), "holds itself"),
        (answer("union R = S type S { a: Int }"), "unsupported type definition"),
        (predictions("[translateText, identifyText]"), "identifyText is not supported in this context"),
        (predictions("[]"), "at least one action"),
        (predictions("[null]"), "found null"),
        ("type Mutation { a: String @predictions(actions: [translateText]) }".to_owned(), "only works under Query"),
        (format!("input AInput {{ a: Int }} {}", predictions("[translateText]")), "conflicting input type 'AInput'"),
        (chat(", tools: [{ name: \"1\", description: \"d\", queryName: \"q\" }]"), "start with a letter"),
        (chat(", tools: [{ name: \"a\", description: \"d\" }]"), "Invalid tools: a"),
        (chat(", tools: [{ name: \"a\", description: \"d\", queryName: \"q\" }]"), "no matching Query field"),
        (chat(", handler: { functionName: \"f\", eventVersion: \"2.0\" }"), "match 1.x, received 2.0"),
        (chat(", functionName: \"f\""), "is not built yet"),
        (chat("").replace("AmplifyAIConversationMessage @", "AmplifyAIConversationMessage! @"), "return type must be"),
        (chat("").replace("type AmplifyAIContentBlock ", "type Other "), "needs it for its messages"),
        (format!("{} type ConversationChat {{ a: Int }}", chat("")), "is declared already"),
    ];
    for (schema, reason) in cases {
        let problems = compile_case("schema.graphql", &schema, POOLS).expect_err(reason);
        assert!(problems.iter().any(|problem| problem.message.contains(reason)), "{reason}: {problems:#?}");
        assert!(problems.iter().all(|problem| problem.location.is_some()), "{problems:#?}");
    }
}

#[test]
fn a_generation_asks_its_model_for_the_type_of_the_field() {
    let schema = format!(
        "enum Kind {{ A B }} type R {{ kind: Kind! parts: [Int!] }}
         type Query {{
           make(idea: String!): R @generation({MODEL}, inferenceConfiguration: {{ topP: 0.5 }})
             @auth(rules: [{{ allow: private }}])
           say: String @generation({MODEL})
         }}"
    );
    let files = files(&schema);
    let parts = [
        "resourcePath: '/model/anthropic.claude-3-haiku-20240307-v1:0/converse'",
        "system: [{ text: 'It\\'s ${short}.' }]",
        "inferenceConfig: { topP: 0.5 }",
        "kind: { type: 'string', enum: ['A', 'B'] }",
        "parts: { type: 'array', items: { type: 'integer'",
        "required: ['kind']",
        "if (!access(ctx)) {",
        "typeof value === 'string' ? JSON.parse(value) : value",
    ];
    check(&files, "resolvers/Query.make.js", &parts);
    let say = &files["resolvers/Query.say.js"];
    assert!(say.contains("return value;") && !say.contains("access(ctx)") && !say.contains("inferenceConfig"), "{say}");
    let text = stack(&schema).text;
    assert_eq!(text.matches("bedrock:InvokeModel").count(), 1, "both fields ask the same model");
    assert!(text.contains("foundation-model/anthropic.claude-3-haiku-20240307-v1:0'"), "{text}");
}

#[test]
fn predictions_are_pipelines_that_share_their_functions() {
    let schema = "type Query {
        speak: String @predictions(actions: [identifyText, translateText, convertTextToSpeech])
        labels: String @predictions(actions: [identifyLabels, translateText])
      }";
    let plan = plan(schema);
    assert_eq!(plan.functions.len(), 4);
    let action = |field: &str| plan.resolvers.iter().find(|resolver| resolver.field == field).unwrap().action.clone();
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let wanted = Action::Predict { functions: names(&["identifyLabels", "translateText"]), list: true };
    assert_eq!(action("labels"), wanted);
    assert!(plan.schema.contains("labels(input: LabelsInput!): [String]"), "{}", plan.schema);
    assert!(plan.schema.contains("speak(input: SpeakInput!): String"), "{}", plan.schema);
    let files = files(schema);
    check(&files, "resolvers/Query.labels.js", &["ctx.prev.result.split(',')"]);
    check(&files, "functions/identifyText.js", &["ctx.env.PREDICTIONS_BUCKET", "RekognitionService.DetectText"]);
    check(&files, "functions/translateText.js", &["text ?? ctx.prev.result"]);
    check(&files, "functions/convertTextToSpeech.js", &["operation: 'Invoke'", "ctx.result.url"]);
    let text = stack(schema).text;
    for part in [
        "PREDICTIONS_BUCKET: !Ref PredictionsBucket",
        "'arn:${AWS::Partition}:s3:::${PredictionsBucket}/public/*'",
        "Default: pictures",
        "polly:SynthesizeSpeech",
        "'translate:TranslateText'",
    ] {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
    let problems = try_stack(schema, None).unwrap_err();
    assert!(problems[0].message.contains("please configure storage"), "{problems:?}");
}

#[test]
fn a_conversation_has_models_pipelines_and_a_handler() {
    let schema = chat(", tools: [{ name: \"w\", description: \"d\", queryName: \"weather\" }]")
        + "type Query { weather(city: String!): String @function(name: \"weather\") @aws_cognito_user_pools }";
    let plan = plan(&schema);
    assert_eq!(plan.models.keys().collect::<Vec<_>>(), ["ConversationChat", "ConversationMessageChat"]);
    assert!(plan.models.values().all(|model| !model.stream));
    assert_eq!(plan.introspection["models"], serde_json::json!({}));
    assert_eq!(plan.introspection["conversations"]["chat"]["message"]["modelName"], "ConversationMessageChat");
    let files = files(&schema);
    let check = |path: &str, parts: &[&str]| check(&files, path, parts);
    check("resolvers/Mutation.chat.js", &["ctx.stash.owners = identities(", "'User Pool Authorization'"]);
    check("functions/ChatTouchConversation.js", &["or: ctx.stash.owners.map", "'ResourceNotFound'"]);
    check("functions/ChatWriteMessage.js", &["...ctx.args", "role: 'user'"]);
    check("functions/ChatAskHandler.js", &["invocationType: 'Event'", "propertyTypes: { city: 'String!' }"]);
    check("functions/ChatCheckConversation.js", &["ctx.stash.owners.includes(ctx.result.owner)"]);
    check("functions/ChatStreamAnswer.js", &["if_not_exists(#createdAt, :createdAt)", "attributeExists: false"]);
    check("resolvers/Query.listConversationChats.js", &["const partition = 'ConversationChat';", "shown(item)"]);
    check("resolvers/Query.listConversationMessageChats.js", &["items.reverse()", "operation: 'Scan'"]);
    check("resolvers/Subscription.onCreateAssistantResponseChat.js", &["fieldName: 'owner', operator: 'in'"]);
    let synthesis = stack(&schema);
    for name in ["bedrock.mjs", "graphql.mjs", "history.mjs", "index.mjs"] {
        assert!(synthesis.files.contains_key(&format!("blog/conversation/{name}")), "{name}");
    }
    for part in ["Code: ./blog/conversation/", "bedrock:InvokeModelWithResponseStream", "MaximumRetryAttempts: 0"] {
        assert!(synthesis.text.contains(part), "no {part}");
    }
    assert!(!synthesis.text.contains("StreamViewType"), "nobody reads the changes of conversations");
}
