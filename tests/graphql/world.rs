//! A project with one API in the embedded cloud, shared by the tests of a file that run at the same time.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};

use crate::support::http::{Answer, graphql};
use crate::support::sandbox::{Dev, Sandbox};

/// The running project.
pub(super) struct World {
    url: String,
    key: String,
    _dev: Dev,
    _sandbox: Sandbox,
}

/// Where the tests of a file keep their world.
pub(super) type Shared = Mutex<Weak<World>>;

/// The world that others use, or a new one; it ends with the last who holds it.
pub(super) fn shared(kept: &Shared, schema: impl FnOnce() -> String) -> Arc<World> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let world = kept.upgrade().unwrap_or_else(|| Arc::new(World::deploy(&schema())));
    *kept = Arc::downgrade(&world);
    world
}

impl World {
    fn deploy(schema: &str) -> Self {
        let sandbox = Sandbox::new();
        let _ = sandbox.run(&["init", "graphql", "--target", "local"]).ok();
        let settings = "\n[resources.api]\nkind = \"api\"\nauth = \"api-key\"\n";
        sandbox.write("ampup.toml", &format!("{}{settings}", sandbox.read("ampup.toml")));
        sandbox.write("ampup/api/api/schema.graphql", schema);
        let _ = sandbox.run(&["render"]).ok();
        let dev = sandbox.dev();
        let data = sandbox.outputs()["data"].clone();
        let text = |name: &str| data[name].as_str().unwrap_or_else(|| panic!("{name}: {data}")).to_owned();
        Self { url: text("url"), key: text("api_key"), _dev: dev, _sandbox: sandbox }
    }

    /// A whole answer with its status.
    pub(super) fn send(&self, query: &str, variables: &Value) -> Answer {
        graphql(&self.url, ("x-api-key", &self.key), query, variables)
    }

    /// The body of an answer.
    pub(super) fn ask(&self, query: &str, variables: &Value) -> Value {
        self.send(query, variables).json()
    }

    /// The value of the one field that a query has; without errors.
    pub(super) fn value(&self, query: &str, variables: &Value) -> Value {
        let answer = self.ask(query, variables);
        assert!(answer.get("errors").is_none(), "{query} {variables}: {answer}");
        answer["data"].as_object().unwrap().values().next().unwrap().clone()
    }

    /// The first error of a query that fails.
    pub(super) fn error(&self, query: &str, variables: &Value) -> Value {
        let answer = self.ask(query, variables);
        assert!(answer["errors"][0].is_object(), "{query} {variables}: {answer}");
        answer["errors"][0].clone()
    }

    /// A mutation with an input: `write("createNote", json!({ … }), "id title")`.
    pub(super) fn write(&self, field: &str, input: &Value, selected: &str) -> Value {
        self.value(&mutation(field, selected), &json!({ "input": input }))
    }

    /// The same, which fails.
    pub(super) fn refused(&self, field: &str, input: &Value, selected: &str) -> Value {
        self.error(&mutation(field, selected), &json!({ "input": input }))
    }
}

fn mutation(field: &str, selected: &str) -> String {
    let mut input = field.to_owned();
    input[..1].make_ascii_uppercase();
    format!("mutation Go($input: {input}Input!) {{ {field}(input: $input) {{ {selected} }} }}")
}
