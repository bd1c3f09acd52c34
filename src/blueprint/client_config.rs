//! Outputs of a deployed stack become the file that front ends are configured with.
//!
//! For AWS it is the published format, version 1.4. That format has no place for an endpoint of Cognito, so for other
//! targets the file carries a second form, `Auth` and `API`, which the client library reads when `version` does not
//! begin with `1`.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::root_output;
use crate::base::{Endpoint, LogicalId, ResourceName, Target};
use crate::category::api::client::{ApiClient, client_section};
use crate::category::auth::client as auth_client;
use crate::category::storage::client as storage_client;
use crate::category::{ApiSpec, AuthSpec, Context, ResourceSpec, Sources, StorageSpec};
use crate::error::Problem;
use crate::manifest::Manifest;
use crate::render::Renderer;

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
    let mut problems = Vec::new();
    for (name, spec) in &request.manifest.resources {
        match spec {
            ResourceSpec::Auth(spec) => auth(&mut file, request, name, spec),
            ResourceSpec::Api(spec) => match api(request, name, spec) {
                Ok(Some(client)) => put_api(&mut file, request, name, client),
                Ok(None) => {}
                Err(found) => problems.extend(found),
            },
            // The front end is what is hosted: it needs no address of itself. Functions are not called from it.
            ResourceSpec::Hosting(_) | ResourceSpec::Function(_) | ResourceSpec::Storage(_) => {}
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    storage(&mut file, request);
    Ok(format!("{:#}\n", Json::Object(file)))
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

/// What front ends are told of an API; nothing when it is not deployed.
fn api(
    request: &ClientConfigRequest<'_>,
    name: &ResourceName,
    spec: &ApiSpec,
) -> Result<Option<ApiClient>, Vec<Problem>> {
    let Some(url) = request.output(name, URL) else { return Ok(None) };
    let siblings = &request.manifest.resources;
    let render = Renderer::default();
    let plan = spec.plan(&Context { name, sources: request.sources, siblings, render: &render })?;
    let url = reachable(url, request.output(name, API_ID), request.endpoint());
    let key = request.output(name, KEY).map(|key| (KEY, key.to_owned()));
    let outputs = [Some((URL, url)), key].into_iter().flatten();
    let outputs = outputs.filter_map(|(output, value)| Some((LogicalId::new(output).ok()?, value))).collect();
    Ok(Some(client_section(&plan, &outputs, request.target.region().as_str())))
}

/// The buckets, all in one section.
fn storage(file: &mut Map<String, Json>, request: &ClientConfigRequest<'_>) {
    let deployed = request.manifest.resources.iter().filter_map(|(resource, spec)| match spec {
        ResourceSpec::Storage(StorageSpec { bucket: Some(spec), .. }) => {
            let bucket = request.output(resource, "BucketName")?;
            Some(storage_client::Deployed { resource, spec, bucket })
        }
        _ => None,
    });
    let deployed: Vec<_> = deployed.collect();
    if deployed.is_empty() {
        return;
    }
    let region = request.target.region().as_str();
    file.insert("storage".to_owned(), storage_client::outputs(region, &deployed));
    if request.endpoint().is_some() {
        file.insert("Storage".to_owned(), storage_client::resources_config(region, &deployed));
    }
}

const URL: &str = "GraphQLUrl";
const KEY: &str = "ApiKey";
const API_ID: &str = "GraphQLApiId";

/// The address of an API as it can be reached. Emulators may answer with the name that AWS would give: nothing of
/// theirs listens there, but at the path that the AppSync control plane uses for the API.
fn reachable(url: &str, api_id: Option<&str>, endpoint: Option<&Endpoint>) -> String {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', ':']).next().unwrap_or_default();
    match (endpoint, api_id) {
        (Some(endpoint), Some(id)) if host.ends_with(".amazonaws.com") => format!("{endpoint}/v1/apis/{id}/graphql"),
        _ => url.to_owned(),
    }
}

/// The first API is the one that the published format has a place for; others are found below `custom`.
fn put_api(file: &mut Map<String, Json>, request: &ClientConfigRequest<'_>, name: &ResourceName, client: ApiClient) {
    let ApiClient { data, mut resources_config } = client;
    if file.contains_key("data") {
        let custom = file.entry("custom").or_insert_with(|| json!({}));
        custom[name.as_str()] = data;
        return;
    }
    file.insert("data".to_owned(), data);
    if request.endpoint().is_some() {
        // The library turns `http://` into `wss://` for subscriptions, where no TLS is spoken. It does not know the
        // scheme in capitals, and every URL parser takes it for the same.
        if let Some(rest) = resources_config["GraphQL"]["endpoint"].as_str().and_then(|url| url.strip_prefix("http://"))
        {
            resources_config["GraphQL"]["endpoint"] = json!(format!("HTTP://{rest}"));
        }
        file.insert("API".to_owned(), resources_config);
    }
}
