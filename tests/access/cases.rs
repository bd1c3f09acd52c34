//! The schemas: each kind of rule, alone and mixed. A folder of more cases, in the form of conformance cases, is read
//! where `AMPUP_ACCESS_CASES` names it.

use std::path::Path;

use ampup::category::api::Plan;
use ampup::category::api::access::{ApiAccess, access};
use ampup::category::api::compile::{CompileOptions, SchemaSource, compile};
use ampup::category::api::plan::Action;
use serde_json::Value;

use super::shapes::Shapes;

/// One API.
pub(super) struct Case {
    /// Its name in the project.
    pub name: String,
    pub title: String,
    pub schema: String,
    /// The modes, the default first.
    pub modes: Vec<String>,
    pub plan: Plan,
    pub access: ApiAccess,
    pub shapes: Shapes,
}

impl Case {
    /// The fields of root types that need an answer of the user's own.
    pub(super) fn unanswered(&self) -> Vec<(String, String)> {
        let answered = |type_name: &str, field: &str| {
            let mut own = self.plan.resolvers.iter().filter(|one| one.type_name == type_name && one.field == field);
            own.any(|resolver| !matches!(resolver.action, Action::ProtectedField { .. }))
        };
        let declared = self.plan.declared.iter().filter(|one| !answered(&one.type_name, &one.field));
        declared.map(|one| (one.type_name.clone(), one.field.clone())).collect()
    }
}

/// The field by which the test learns how the cloud sees a caller.
pub(super) const WHO_FIELD: &str = "whoCalls";

const USERS: &str = "AMAZON_COGNITO_USER_POOLS";
const EVERY: &str = "AMAZON_COGNITO_USER_POOLS,API_KEY,AWS_IAM,OPENID_CONNECT,AWS_LAMBDA";

/// Title, modes, schema.
const OWN: [(&str, &str, &str); 24] = [
    ("owner", USERS, "type Todo @model @auth(rules: [{ allow: owner }]) { id: ID! name: String! note: String }"),
    (
        "owner that may be named",
        USERS,
        "type Todo @model @auth(rules: [{ allow: owner }]) { id: ID! name: String owner: String }",
    ),
    (
        "owner in a field of another name",
        USERS,
        "type Todo @model @auth(rules: [{ allow: owner, ownerField: \"author\" }]) { id: ID! name: String! }",
    ),
    (
        "owner by e-mail",
        USERS,
        "type Todo @model @auth(rules: [{ allow: owner, ownerField: \"mail\", identityClaim: \"email\" }]) { id: ID! name: String mail: String }",
    ),
    (
        "owners in a list",
        USERS,
        "type Todo @model @auth(rules: [{ allow: owner, ownerField: \"authors\" }]) { id: ID! name: String! authors: [String] }",
    ),
    (
        "two owners",
        USERS,
        "type Deal @model @auth(rules: [{ allow: owner, ownerField: \"seller\" }, { allow: owner, ownerField: \"buyer\", operations: [read, update] }]) { id: ID! price: Int seller: String buyer: String }",
    ),
    (
        "owner with some operations",
        USERS,
        "type Log @model @auth(rules: [{ allow: owner, operations: [create, read] }, { allow: private, operations: [get] }]) { id: ID! line: String }",
    ),
    (
        "owner of a provider",
        "OPENID_CONNECT",
        "type Todo @model @auth(rules: [{ allow: owner, provider: oidc, identityClaim: \"user_id\" }]) { id: ID! name: String! }",
    ),
    (
        "groups of a provider",
        "OPENID_CONNECT,API_KEY",
        "type Todo @model @auth(rules: [{ allow: groups, provider: oidc, groups: [\"Admin\"], groupClaim: \"roles\" }, { allow: private, provider: oidc, operations: [read] }]) { id: ID! name: String }",
    ),
    (
        "private",
        USERS,
        "type Todo @model @auth(rules: [{ allow: private }]) { id: ID! name: String! flag: Boolean amount: Float }",
    ),
    ("public", "API_KEY", "type Todo @model @auth(rules: [{ allow: public }]) { id: ID! name: String! }"),
    (
        "public beside users",
        "AMAZON_COGNITO_USER_POOLS,API_KEY",
        "type Todo @model @auth(rules: [{ allow: public }]) { id: ID! name: String! meta: Meta } type Meta { a: String }",
    ),
    (
        "guests",
        "AWS_IAM",
        "type Todo @model @auth(rules: [{ allow: public, provider: iam }]) { id: ID! name: String! }",
    ),
    (
        "guests read, the signed-in write",
        "AMAZON_COGNITO_USER_POOLS,AWS_IAM",
        "type Todo @model @auth(rules: [{ allow: public, provider: identityPool, operations: [read] }, { allow: private, provider: identityPool }]) { id: ID! name: String! }",
    ),
    (
        "groups that are named",
        USERS,
        "type Salary @model @auth(rules: [{ allow: groups, groups: [\"Admin\"] }, { allow: groups, groups: [\"Audit\", \"Board\"], operations: [read] }]) { id: ID! wage: Int! }",
    ),
    (
        "groups in a list",
        USERS,
        "type Post @model @auth(rules: [{ allow: groups, groupsField: \"groups\" }]) { id: ID! title: String groups: [String] }",
    ),
    (
        "a group in a field",
        USERS,
        "type Post @model @auth(rules: [{ allow: groups, groupsField: \"team\" }, { allow: groups, groups: [\"Admin\"], operations: [read, delete] }]) { id: ID! title: String team: String }",
    ),
    (
        "operations spread over callers",
        "AMAZON_COGNITO_USER_POOLS,API_KEY,AWS_IAM",
        "type Doc @model @auth(rules: [{ allow: public, operations: [read] }, { allow: private, provider: iam, operations: [create] }, { allow: owner, operations: [create, update, delete, read] }, { allow: groups, groups: [\"Ops\"], operations: [delete] }]) { id: ID! body: String }",
    ),
    (
        "fields with rules",
        USERS,
        "type Employee @model @auth(rules: [{ allow: private, operations: [read] }, { allow: owner }]) { id: ID! name: String! email: String ssn: String @auth(rules: [{ allow: owner }]) }",
    ),
    (
        "fields that others read and write",
        EVERY,
        "type Pay @model @auth(rules: [{ allow: private, operations: [create, read, update] }, { allow: owner }, { allow: public, operations: [read] }]) { id: ID! name: String grade: Int @auth(rules: [{ allow: owner }, { allow: groups, groups: [\"HR\"], operations: [read, update] }]) wage: Int @auth(rules: [{ allow: groups, groups: [\"HR\"] }]) }",
    ),
    (
        "keys and indexes",
        USERS,
        "type Order @model @auth(rules: [{ allow: owner }, { allow: groups, groups: [\"Shop\"], operations: [read] }]) { customer: ID! @primaryKey(sortKeyFields: [\"number\"]) number: Int! status: String @index(queryField: \"ordersByStatus\", sortKeyFields: [\"day\", \"place\"]) day: String place: String owner: String @index(queryField: \"ordersByOwner\") }",
    ),
    (
        "callers whom a function lets in",
        "AWS_LAMBDA",
        "type Todo @model @auth(rules: [{ allow: custom, operations: [create, read, delete] }]) { id: ID! name: String secret: String @auth(rules: [{ allow: custom, operations: [create] }]) }",
    ),
    (
        "callers whom a function lets in, beside users",
        "AMAZON_COGNITO_USER_POOLS,AWS_LAMBDA,API_KEY",
        "type Todo @model @auth(rules: [{ allow: owner }, { allow: custom, operations: [get, update, listen] }, { allow: public, operations: [list] }]) { id: ID! name: String grade: Int @auth(rules: [{ allow: custom, operations: [update] }, { allow: owner }]) }",
    ),
    (
        "sandbox",
        "API_KEY",
        "input AMPLIFY { globalAuthRule: AuthRule = { allow: public } } type Todo @model { id: ID! name: String! } type Closed @model @auth(rules: [{ allow: public, operations: [get] }]) { id: ID! }",
    ),
];

/// More, of which several models make up each.
const LINKED: [(&str, &str, &str); 8] = [
    (
        "fields of every type",
        "AMAZON_COGNITO_USER_POOLS,API_KEY",
        "enum Mood { GOOD BAD } type Place { town: String! kinds: [Mood!]! } type Day @model @auth(rules: [{ allow: owner }, { allow: public, operations: [read] }]) { id: ID! on: AWSDate! at: AWSTime when: AWSDateTime stamp: AWSTimestamp! mail: AWSEmail! facts: AWSJSON page: AWSURL phone: AWSPhone address: AWSIPAddress mood: Mood! moods: [Mood!]! place: Place! rating: Float! createdAt: AWSTimestamp } input DayInput { at: AWSDate! moods: [Mood!]! } type Query { best(day: DayInput!, most: Int!): Day! @auth(rules: [{ allow: private }]) count(of: [ID!]!): Int! @auth(rules: [{ allow: public }]) }",
    ),
    (
        "many to many",
        "AMAZON_COGNITO_USER_POOLS,API_KEY",
        "type Post @model @auth(rules: [{ allow: owner }, { allow: public, operations: [read] }]) { id: ID! title: String! tags: [Tag] @manyToMany(relationName: \"PostTags\") } type Tag @model @auth(rules: [{ allow: private }]) { id: ID! label: String! posts: [Post] @manyToMany(relationName: \"PostTags\") }",
    ),
    (
        "whoever calls",
        EVERY,
        "type Query { whoCalls: AWSJSON @auth(rules: [{ allow: public }, { allow: public, provider: iam }, { allow: private }, { allow: private, provider: iam }, { allow: private, provider: oidc }, { allow: custom }]) }",
    ),
    (
        "what can be searched",
        EVERY,
        "type Note @model @searchable @auth(rules: [{ allow: owner }, { allow: groups, groupsField: \"teams\", operations: [search] }, { allow: groups, groups: [\"Audit\"], operations: [read] }, { allow: public, operations: [search] }, { allow: private, provider: iam, operations: [search] }, { allow: custom, operations: [search, get] }]) { id: ID! text: String teams: [String] secret: String @auth(rules: [{ allow: owner }, { allow: groups, groups: [\"Audit\"], operations: [read] }]) }",
    ),
    (
        "searches that are refused, and those of a provider",
        EVERY,
        "type Memo @model @searchable(queries: { search: \"findMemos\" }) @auth(rules: [{ allow: private, operations: [get, list] }, { allow: owner, provider: oidc, identityClaim: \"user_id\" }, { allow: public, provider: iam, operations: [search] }]) { id: ID! text: String owner: String } type Open @model @searchable @auth(rules: [{ allow: private }]) { id: ID! count: Int }",
    ),
    (
        "models that point at each other",
        "AMAZON_COGNITO_USER_POOLS,API_KEY",
        "type Blog @model @auth(rules: [{ allow: public }]) { id: ID! posts: [Post] @hasMany } type Post @model @auth(rules: [{ allow: owner }, { allow: groups, groups: [\"Admin\"] }]) { id: ID! blog: Blog @belongsTo author: Author @hasOne } type Author @model @auth(rules: [{ allow: private, operations: [read] }]) { id: ID! name: String }",
    ),
    (
        "nobody, and open subscriptions",
        USERS,
        "type Nothing @model { id: ID! } type News @model(subscriptions: { level: public }) @auth(rules: [{ allow: groups, groups: [\"Press\"] }]) { id: ID! line: String }",
    ),
    (
        "fields of the user's own",
        EVERY,
        "type Weather { wind: Int } type Query { open: Weather @auth(rules: [{ allow: public }]) users: Int @auth(rules: [{ allow: private }]) crew: String @auth(rules: [{ allow: groups, groups: [\"Crew\"] }, { allow: private, provider: oidc }]) plain: Int guests: Int @auth(rules: [{ allow: public, provider: iam }]) asked: Weather @auth(rules: [{ allow: custom }]) } type Mutation { shout: Int @auth(rules: [{ allow: private, provider: iam }]) }",
    ),
];

pub(super) fn all() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (title, modes, schema) in OWN.iter().chain(&LINKED) {
        let modes: Vec<String> = modes.split(',').map(str::to_owned).collect();
        let case = read(cases.len(), (*title).to_owned(), (*schema).to_owned(), &Options::of(modes));
        cases.push(case.unwrap_or_else(|reason| panic!("{title}: {reason}")));
    }
    #[expect(clippy::print_stderr, reason = "whoever reads the log learns what was not run")]
    match std::env::var("AMPUP_ACCESS_CASES") {
        Ok(folder) => more(Path::new(&folder), &mut cases),
        Err(_) => eprintln!("AMPUP_ACCESS_CASES is not set: the shared cases are not run"),
    }
    cases
}

fn read(number: usize, title: String, schema: String, options: &Options) -> Result<Case, String> {
    let compiled = CompileOptions::parse("options.json", &options.json.to_string()).unwrap();
    let plan = compile(&SchemaSource { path: "schema.graphql", text: &schema }, &compiled);
    let plan = plan.map_err(|problems| problems.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join("; "))?;
    Ok(Case {
        name: format!("case{number}"),
        title,
        access: access(&plan),
        shapes: Shapes::of(&plan.schema),
        schema,
        modes: options.modes.clone(),
        plan,
    })
}

/// The options of a case.
struct Options {
    json: Value,
    modes: Vec<String>,
}

impl Options {
    fn of(modes: Vec<String>) -> Self {
        let json = serde_json::json!({ "defaultAuth": modes[0], "additionalAuth": modes[1..] });
        Self { json, modes }
    }

    /// Those of a file; an error where the embedded cloud cannot run what one asks for.
    fn read(json: Value) -> Result<Self, String> {
        let mut modes = vec![json["defaultAuth"].as_str().unwrap_or("API_KEY").to_owned()];
        for (name, value) in json.as_object().unwrap() {
            match name.as_str() {
                "defaultAuth" => {}
                "additionalAuth" => {
                    modes.extend(value.as_array().unwrap().iter().map(|mode| mode.as_str().unwrap().to_owned()));
                }
                _ => return Err(format!("it cannot be deployed here with {name}: {value}")),
            }
        }
        Ok(Self { json, modes })
    }
}

/// Cases of a folder: `auth-*` with `schema.graphql` and `options.json`. Those that must be refused have no callers.
#[expect(clippy::print_stderr, reason = "whoever reads the log learns what was not run")]
fn more(folder: &Path, cases: &mut Vec<Case>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with("auth-") && !folder.join(name).join("expected.error.txt").exists());
    names.sort();
    for name in &names {
        let text = |file: &str| std::fs::read_to_string(folder.join(name).join(file)).unwrap();
        match Options::read(serde_json::from_str(&text("options.json")).unwrap()) {
            Ok(options) => {
                let case = read(cases.len(), name.clone(), text("schema.graphql"), &options);
                cases.push(case.unwrap_or_else(|reason| panic!("{name}: {reason}")));
            }
            Err(reason) => eprintln!("{name} is not run: {reason}"),
        }
    }
    eprintln!("{} shared cases are run", names.len());
}
