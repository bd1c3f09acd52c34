//! A rendered project, and a cloud that runs its resolvers one handler at a time.

use serde_json::{Value, json};

use crate::support::evaluate::{Evaluated, evaluate};
use crate::support::sandbox::{Dev, Sandbox};

/// The project with its cloud.
pub(super) struct Project {
    sandbox: Sandbox,
    dev: Dev,
    _empty: Sandbox,
}

impl Project {
    /// A project with one API that users of a pool, an API key and roles reach; `settings` are further lines of it.
    pub(super) fn new(settings: &str, schema: &str) -> Self {
        let sandbox = Sandbox::new();
        let _ = sandbox.run(&["init", "resolvers", "--target", "local"]).ok();
        let head = "[resources.auth]\nkind = \"auth\"\nguests = true\n\n[resources.api]\nkind = \"api\"\n";
        let modes = "auth = \"user-pool\"\nadditional-auth = [\"api-key\", \"iam\"]\n";
        let manifest = format!("{}\n{head}{modes}{settings}\n", sandbox.read("ampup.toml"));
        sandbox.write("ampup.toml", &manifest);
        sandbox.write("ampup/api/api/schema.graphql", schema);
        let _ = sandbox.run(&["render"]).ok();
        let _ = sandbox.run(&["render", "--check"]).ok();
        // The project itself needs services that are not there; a cloud runs code without any project.
        let empty = Sandbox::new();
        let _ = empty.run(&["init", "empty", "--target", "local"]).ok();
        let dev = empty.dev();
        Self { sandbox, dev, _empty: empty }
    }

    /// The address of the cloud.
    pub(super) fn endpoint(&self) -> &str {
        &self.dev.endpoint
    }

    /// A text of the properties of a resource, by its path.
    pub(super) fn property(&self, id: &str, path: &str) -> String {
        let file = "ampup/stacks/api.yaml";
        let template = ampup::cfn::parse(&self.sandbox.read(file), file).unwrap();
        let resource = template.resources.iter().find(|(name, _)| name.as_str() == id).unwrap().1;
        let properties = resource.properties.to_json();
        properties
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{id}{path}: {properties}"))
            .to_owned()
    }

    /// A file of the stack, below the API's folder.
    pub(super) fn file(&self, path: &str) -> String {
        self.sandbox.read(&format!("ampup/stacks/api/{path}"))
    }

    /// Runs a handler of `resolvers/Query.find.js` or of `functions/step.js`.
    pub(super) fn run(&self, file: &str, handler: &str, context: &Value) -> Evaluated {
        let code = self.sandbox.read(&format!("ampup/stacks/api/{file}.js"));
        evaluate(&self.dev.endpoint, &code, handler, context)
    }

    /// What the data source is asked.
    pub(super) fn request(&self, file: &str, context: &Value) -> Value {
        self.run(file, "request", context).value()
    }

    /// What becomes of its result.
    pub(super) fn response(&self, file: &str, context: &Value) -> Value {
        self.run(file, "response", context).value()
    }

    /// The type of the error that a failure of the data source becomes.
    pub(super) fn failure(&self, file: &str, error: &Value) -> Option<String> {
        let context = json!({ "error": error, "identity": ada(), "arguments": {} });
        self.run(file, "response", &context).raised().map(str::to_owned)
    }
}

/// A user of the pool.
pub(super) fn ada() -> Value {
    json!({
        "sub": "s-1", "username": "ada", "groups": ["Crew"],
        "claims": { "sub": "s-1", "username": "ada", "cognito:groups": ["Crew"] },
    })
}

/// Another one, in no group.
pub(super) fn bob() -> Value {
    json!({ "sub": "s-2", "username": "bob", "claims": { "sub": "s-2", "username": "bob" } })
}
