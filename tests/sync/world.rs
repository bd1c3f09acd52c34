//! A project with data sync in the embedded cloud, shared by the tests that run at the same time.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};

use crate::support::functions::post;
use crate::support::http::graphql;
use crate::support::sandbox::{Dev, Sandbox};

const SETTINGS: &str = "
[resources.judge]
kind = \"function\"

[resources.api]
kind = \"api\"
auth = \"api-key\"
conflict = \"auto-merge\"
conflict-models = { Strict = \"optimistic-concurrency\", Judged = { lambda = \"judge\" } }
";

const SCHEMA: &str = "
type Note @model @auth(rules: [{ allow: public }]) {
  id: ID!
  title: String
  body: String
  tags: [String]
  colours: [String]
  stats: Stats
}

type Stats {
  ppg: String
  apg: String
  rpg: String
}

type Strict @model @auth(rules: [{ allow: public }]) {
  id: ID!
  title: String
}

type Judged @model @auth(rules: [{ allow: public }]) {
  id: ID!
  title: String
}

type Unsynced @model @auth(rules: [{ allow: public, operations: [create, update, delete, get, list] }]) {
  id: ID!
  title: String
}

type Synced @model @auth(rules: [{ allow: public, operations: [create, sync] }]) {
  id: ID!
  title: String
}

type Mutation {
  colour(id: ID!, colours: [String!]!, version: Int): Note @auth(rules: [{ allow: public }])
}
";

/// Stores a set, which no rendered resolver does.
const COLOUR: &str = "// source: NoteTable
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  return {
    operation: 'UpdateItem',
    key: util.dynamodb.toMapValues({ id: ctx.args.id }),
    update: {
      expression: 'SET colours = :colours',
      expressionValues: { ':colours': util.dynamodb.toStringSet(ctx.args.colours) },
    },
    _version: ctx.args.version,
  };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return ctx.result;
}
";

/// Does what the title says.
const JUDGE: &str = "
export const handler = async (event) => {
  const { newItem, existingItem, resolver } = event;
  if (resolver.field === 'deleteJudged') {
    return { action: existingItem.title === 'precious' ? 'REJECT' : 'REMOVE' };
  }
  if (newItem.title === 'reject') return { action: 'REJECT' };
  if (newItem.title === 'nonsense') return { action: 'REMOVE' };
  if (newItem.title === 'echo') {
    return { action: 'RESOLVE', item: { ...newItem, title: JSON.stringify(event), _version: 99, id: 'other' } };
  }
  if (newItem.title.startsWith('race ')) {
    const [, url, key] = newItem.title.split(' ');
    const query = 'mutation Go($i: UpdateJudgedInput!) { updateJudged(input: $i) { _version } }';
    const variables = { i: { id: existingItem.id, title: 'faster', _version: existingItem._version } };
    await fetch(url, { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify({ query, variables }) });
  }
  return { action: 'RESOLVE', item: { ...newItem, title: `${existingItem.title}+${newItem.title}` } };
};
";

/// The running project.
pub(super) struct World {
    dev: Dev,
    pub url: String,
    pub key: String,
    _sandbox: Sandbox,
}

static SHARED: Mutex<Weak<World>> = Mutex::new(Weak::new());

impl World {
    /// The one that others use, or a new one; it ends with the last who holds it.
    pub(super) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let world = shared.upgrade().unwrap_or_else(|| Arc::new(Self::deploy()));
        *shared = Arc::downgrade(&world);
        world
    }

    fn deploy() -> Self {
        let sandbox = project();
        let dev = sandbox.dev();
        let data = sandbox.outputs()["data"].clone();
        assert_eq!(data["conflict_resolution_mode"], "AUTOMERGE");
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        Self { url: text("url"), key: text("api_key"), dev, _sandbox: sandbox }
    }

    /// A whole answer.
    pub(super) fn ask(&self, query: &str, variables: &Value) -> Value {
        graphql(&self.url, ("x-api-key", &self.key), query, variables).json()
    }

    /// The value of the one field that a query has; without errors.
    pub(super) fn value(&self, query: &str, variables: &Value) -> Value {
        let answer = self.ask(query, variables);
        assert!(answer.get("errors").is_none(), "{query} {variables}: {answer}");
        answer["data"].as_object().unwrap().values().next().unwrap().clone()
    }

    /// The error of a query that fails.
    pub(super) fn error(&self, query: &str, variables: &Value) -> Value {
        let answer = self.ask(query, variables);
        assert!(answer["errors"][0].is_object(), "{query} {variables}: {answer}");
        answer["errors"][0].clone()
    }

    /// A mutation of a model with an input: `write("update", "Note", …)`.
    pub(super) fn write(&self, verb: &str, model: &str, input: Value) -> Value {
        self.value(&mutation(verb, model), &json!({ "input": input }))
    }

    /// The same, which fails.
    pub(super) fn refused(&self, verb: &str, model: &str, input: Value) -> Value {
        self.error(&mutation(verb, model), &json!({ "input": input }))
    }

    /// The items of a table, as DynamoDB stores them.
    pub(super) fn stored(&self, table: &str) -> Vec<Value> {
        let names = self.dynamodb("ListTables", &json!({}))["TableNames"].clone();
        let full =
            names.as_array().unwrap().iter().find(|name| name.as_str().unwrap().starts_with(&format!("{table}-")));
        let scan = json!({ "TableName": full.unwrap_or_else(|| panic!("{table}: {names}")) });
        self.dynamodb("Scan", &scan)["Items"].as_array().unwrap().clone()
    }

    fn dynamodb(&self, action: &str, input: &Value) -> Value {
        dynamodb(&self.dev.endpoint, action, input)
    }
}

/// An action of DynamoDB as the account's root.
pub(super) fn dynamodb(endpoint: &str, action: &str, input: &Value) -> Value {
    let target = format!("DynamoDB_20120810.{action}");
    let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
    let answer = post(endpoint, "dynamodb", "/", &headers, input.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The project, rendered.
pub(super) fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["init", "syncing", "--target", "local"]).ok();
    let manifest = format!("{}{SETTINGS}", sandbox.read("ampup.toml"));
    sandbox.write("ampup.toml", &manifest);
    sandbox.write("ampup/api/api/schema.graphql", SCHEMA);
    sandbox.write("ampup/api/api/resolvers/Mutation.colour.js", COLOUR);
    sandbox.write("ampup/function/judge/index.mjs", JUDGE);
    let _ = sandbox.run(&["render"]).ok();
    sandbox
}

fn mutation(verb: &str, model: &str) -> String {
    let fields = match model {
        "Note" => "id title body tags colours stats { ppg apg rpg }",
        _ => "id title",
    };
    let mut kind = verb.to_owned();
    kind[..1].make_ascii_uppercase();
    format!(
        "mutation Go($input: {kind}{model}Input!) {{ {verb}{model}(input: $input) {{ {fields} createdAt updatedAt _version \
         _deleted _lastChangedAt }} }}"
    )
}
