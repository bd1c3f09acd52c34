//! A project with one API in the embedded cloud, shared by the tests of a file that run at the same time.

use std::ops::Deref;
use std::sync::Arc;

use crate::support::api::{self, Api};
use crate::support::sandbox::{Dev, Sandbox};

/// The running project.
pub(super) struct World {
    api: Api,
    _dev: Dev,
    _sandbox: Sandbox,
}

/// Where the tests of a file keep their world.
pub(super) type Shared = api::Shared<World>;

/// The world that others use, or a new one.
pub(super) fn shared(kept: &Shared, schema: impl FnOnce() -> String) -> Arc<World> {
    api::shared(kept, || World::deploy(&schema()))
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
        Self { api: Api::of(&sandbox), _dev: dev, _sandbox: sandbox }
    }
}

impl Deref for World {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}
