//! A project with data sync in the embedded cloud, shared by the tests that run at the same time.

use std::ops::Deref;
use std::sync::{Arc, Weak};

use serde_json::{Value, json};

use crate::support::api::{self, Api, Shared};
use crate::support::functions::post;
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
    api: Api,
    _sandbox: Sandbox,
}

static SHARED: Shared<World> = Shared::new(Weak::new());

impl Deref for World {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl World {
    /// The one that others use, or a new one.
    pub(super) fn shared() -> Arc<Self> {
        api::shared(&SHARED, Self::deploy)
    }

    fn deploy() -> Self {
        let sandbox = project();
        let dev = sandbox.dev();
        assert_eq!(sandbox.outputs()["data"]["conflict_resolution_mode"], "AUTOMERGE");
        Self { api: Api::of(&sandbox), dev, _sandbox: sandbox }
    }

    /// A mutation of a model with an input: `write("update", "Note", …)`.
    pub(super) fn write(&self, verb: &str, model: &str, input: Value) -> Value {
        self.api.write(&format!("{verb}{model}"), &input, &selected(model))
    }

    /// The same, which fails.
    pub(super) fn refused(&self, verb: &str, model: &str, input: Value) -> Value {
        self.api.refused(&format!("{verb}{model}"), &input, &selected(model))
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

fn selected(model: &str) -> String {
    let fields = match model {
        "Note" => "id title body tags colours stats { ppg apg rpg }",
        _ => "id title",
    };
    format!("{fields} createdAt updatedAt _version _deleted _lastChangedAt")
}
