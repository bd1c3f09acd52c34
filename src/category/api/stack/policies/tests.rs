//! What roles may call, for schemas with every kind of field.

use super::{MOST_CHARACTERS, PREFIX, policies};
use crate::base::ResourceName;
use crate::category::api::compile::{CompileOptions, SchemaSource, compile};

/// The entries of the policies for signed-in users and for guests.
fn entries(schema: &str) -> [Vec<String>; 2] {
    let options = r#"{"defaultAuth":"AMAZON_COGNITO_USER_POOLS","additionalAuth":["AWS_IAM","API_KEY"]}"#;
    let options = CompileOptions::parse("options.json", options).unwrap();
    let plan = compile(&SchemaSource { path: "schema.graphql", text: schema }, &options)
        .unwrap_or_else(|problems| panic!("{problems:#?}"));
    let made = policies(&plan, &ResourceName::new("api").unwrap(), &[]);
    let of = |id: &str| {
        let found = made.iter().find(|policy| policy.id == id).map(|policy| policy.paths.clone());
        found.unwrap_or_default().iter().map(|path| path.replace("${GraphQLApi.Arn}/types/", "")).collect()
    };
    [of("SignedInPolicy"), of("GuestPolicy")]
}

fn sorted(mut entries: Vec<String>) -> String {
    entries.sort();
    entries.join(" ")
}

#[test]
fn roles_may_call_what_rules_name_and_read_what_is_within_it() {
    let [signed_in, guests] = entries(
        "type Post @model @searchable @auth(rules: [{ allow: private, provider: iam, operations: [read] }, { allow: owner }]) {
           id: ID! meta: Meta comments: [Comment] @hasMany
         }
         type Comment @model @auth(rules: [{ allow: public, provider: iam, operations: [create] }, { allow: owner }]) {
           id: ID! post: Post @belongsTo pin: Pin
         }
         type Meta { a: Inner } type Inner { b: Int } type Pin { x: Float }",
    );
    assert_eq!(
        sorted(signed_in),
        "Inner/* Meta/* ModelCommentConnection/* Post/* Query/fields/getPost Query/fields/listPosts \
         Query/fields/searchPosts Subscription/fields/onCreatePost Subscription/fields/onDeletePost \
         Subscription/fields/onUpdatePost"
    );
    assert_eq!(sorted(guests), "Comment/* Mutation/fields/createComment Pin/*");
}

#[test]
fn roles_may_ask_services() {
    let model = "anthropic.claude-3-haiku-20240307-v1:0";
    let [signed_in, guests] = entries(&format!(
        "type Recipe {{ name: String! steps: [Step] }} type Step {{ text: String }}
         type Query {{
           closed: Recipe @generation(aiModel: \"{model}\", systemPrompt: \"cook\") @auth(rules: [{{ allow: private, provider: iam }}])
           open: Recipe @generation(aiModel: \"{model}\", systemPrompt: \"cook\") @auth(rules: [{{ allow: public, provider: iam }}])
           users: Recipe @generation(aiModel: \"{model}\", systemPrompt: \"cook\") @auth(rules: [{{ allow: private }}])
           bare: Recipe @generation(aiModel: \"{model}\", systemPrompt: \"cook\")
           speak: String @predictions(actions: [translateText, convertTextToSpeech]) @auth(rules: [{{ allow: private, provider: iam }}])
           seen: [String] @predictions(actions: [identifyLabels])
         }}"
    ));
    assert_eq!(sorted(signed_in), "Query/fields/closed Query/fields/speak Recipe/* Step/*");
    assert_eq!(sorted(guests), "Query/fields/open Recipe/* Step/*");
}

#[test]
fn a_policy_names_types_and_then_everything_before_it_is_too_long() {
    let schema = |count: usize| {
        let model = |at: usize| {
            format!(
                "type Thing{at} @model @auth(rules: [{{ allow: public, provider: iam }}]) {{ id: ID! name: String }}"
            )
        };
        (0..count).map(model).collect::<Vec<String>>().join("\n")
    };
    for (count, wanted) in [(3, "Query/fields/getThing0"), (40, "Query/*"), (200, "*")] {
        let [_, guests] = entries(&schema(count));
        assert!(guests.iter().any(|entry| entry == wanted), "{count}: {guests:?}");
        let length: usize = guests.iter().map(|entry| entry.len() + PREFIX).sum();
        assert!(length <= MOST_CHARACTERS, "{count} models: {length} characters");
    }
}
