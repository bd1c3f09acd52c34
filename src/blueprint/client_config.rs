//! Outputs of a deployed stack become the file that front ends are configured with.
//!
//! For AWS it is the published format, version 1.4. That format has no place for an endpoint of Cognito, so for other
//! targets the file carries a second form, `Auth` and `API`, which the client library reads when `version` does not
//! begin with `1`.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::root_output;
use crate::base::{Endpoint, LogicalId, ResourceName, Target};
use crate::category::auth::client as auth_client;
use crate::category::{AuthSpec, ResourceSpec, Sources};
use crate::error::Problem;
use crate::manifest::Manifest;

/// What the file is made of.
#[derive(Clone, Copy, Debug)]
pub struct ClientConfigRequest<'a> {
    /// The project.
    pub manifest: &'a Manifest,
    /// The user's files; schemas become the model introspection.
    pub sources: &'a Sources,
    /// Where the stack is deployed.
    pub target: &'a Target,
    /// Where the embedded cloud listens, for [`Target::Local`].
    pub local: Option<&'a Endpoint>,
    /// The outputs of the root stack.
    pub outputs: &'a IndexMap<LogicalId, String>,
}

impl<'a> ClientConfigRequest<'a> {
    /// An output of a resource's stack.
    fn output(&self, resource: &ResourceName, output: &str) -> Option<&'a str> {
        self.outputs.get(&root_output(resource, output)?).map(String::as_str)
    }

    /// The address that stands for all of AWS; none for AWS itself.
    fn endpoint(&self) -> Option<&'a Endpoint> {
        match self.target {
            Target::Aws { .. } => None,
            Target::LocalStack { endpoint, .. } => Some(endpoint),
            Target::Local { .. } => self.local,
        }
    }
}

/// The text of `amplify_outputs.json`. Resources that are not deployed are left out.
pub fn client_config(request: &ClientConfigRequest<'_>) -> Result<String, Vec<Problem>> {
    let endpoint = request.endpoint();
    let mut file = Map::new();
    file.insert("version".to_owned(), json!(if endpoint.is_some() { "local-1.4" } else { "1.4" }));
    for (name, spec) in &request.manifest.resources {
        if let ResourceSpec::Auth(spec) = spec {
            auth(&mut file, request, name, spec);
        }
    }
    let mut text = serde_json::to_string_pretty(&Json::Object(file)).expect("JSON values can be printed");
    text.push('\n');
    Ok(text)
}

fn auth(file: &mut Map<String, Json>, request: &ClientConfigRequest<'_>, name: &ResourceName, spec: &AuthSpec) {
    let deployed = || {
        Some(auth_client::Deployed {
            region: request.target.region().as_str(),
            user_pool_id: request.output(name, "UserPoolId")?,
            client_id: request.output(name, "UserPoolClientId")?,
            identity_pool_id: request.output(name, "IdentityPoolId")?,
        })
    };
    let Some(deployed) = deployed() else { return };
    file.insert("auth".to_owned(), auth_client::outputs(spec, &deployed));
    if let Some(endpoint) = request.endpoint() {
        file.insert("Auth".to_owned(), auth_client::resources_config(spec, &deployed, endpoint.as_str()));
    }
}
