//! One project with an API for each case, running in the embedded cloud, and the people who call it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ampup::category::api::access::{Identity, Who};
use ampup::category::api::plan::AuthMode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::cases::{Case, WHO_FIELD};
use super::search;
use crate::support::callers::{self, Credential};
use crate::support::doorkeeper;
use crate::support::http::split_url;
use crate::support::issuer::Issuer;
use crate::support::sandbox::{Dev, Sandbox};
use crate::support::sigv4::Key;
use crate::support::users::Pool;

/// What answers the fields that a schema declares and nothing else answers.
pub(super) const ANSWER: &str = "import { util } from '@aws-appsync/utils';

export function request() {
  return { payload: null };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return ctx.result;
}
";

/// What answers the field by which the test learns how the cloud sees a caller.
const WHO: &str = "export const request = () => ({ payload: null });
export const response = (ctx) => ({ identity: ctx.identity });
";

/// The group that items name; no rule does.
pub(super) const TEAM: &str = "Team7";

/// What a deployed API is reached by.
struct Api {
    url: String,
    id: String,
    key: String,
}

/// The running project.
pub(super) struct World {
    pub dev: Dev,
    apis: BTreeMap<String, Api>,
    /// The one that tells how the cloud sees a caller.
    who: String,
    /// ID tokens of users: `ada` owns items, `bob` does not, the others are in the group that they are called after.
    tokens: BTreeMap<String, String>,
    guest: Key,
    signed_in: Key,
    issuer: Issuer,
    sandbox: Sandbox,
}

impl World {
    pub(super) fn deploy(cases: &[Case]) -> Self {
        let issuer = Issuer::start();
        let groups = groups(cases);
        let sandbox = Sandbox::new();
        let _ = sandbox.run(&["init", "access", "--target", "local"]).ok();
        doorkeeper::make(&sandbox);
        let mut manifest = sandbox.read("ampup.toml");
        let list: Vec<String> = groups.iter().map(|group| format!("{group:?}")).collect();
        write!(manifest, "\n[resources.auth]\nkind = \"auth\"\nguests = true\ngroups = [{}]\n", list.join(", "))
            .unwrap();
        for case in cases {
            let ways: Vec<String> = case.modes.iter().map(|mode| way(mode, &issuer.address)).collect();
            let (default, additional) = (&ways[0], ways[1..].join(", "));
            let head = format!("[resources.{}]\nkind = \"api\"", case.name);
            write!(manifest, "\n{head}\nauth = {default}\nadditional-auth = [{additional}]\n").unwrap();
            sandbox.write(&format!("ampup/api/{}/schema.graphql", case.name), &case.schema);
            for (type_name, field) in case.unanswered() {
                let text = if field == WHO_FIELD { WHO } else { ANSWER };
                sandbox.write(&format!("ampup/api/{}/resolvers/{type_name}.{field}.js", case.name), text);
            }
            if let Some(patch) = search::patch(case) {
                sandbox.write(&format!("ampup/overrides/{}.yaml", case.name), &patch);
            }
        }
        sandbox.write("ampup.toml", &manifest);
        let _ = sandbox.run(&["render"]).ok();
        let dev = sandbox.dev();
        let outputs = sandbox.outputs();
        let pool = Pool::of(&dev.endpoint, &outputs);
        let people = ["ada", "bob"].into_iter().map(str::to_owned).chain(groups);
        let tokens: BTreeMap<String, String> = people.map(|name| (name.clone(), sign_in(&pool, &name))).collect();
        let identity_pool = outputs["auth"]["identity_pool_id"].as_str().unwrap();
        let (guest, signed_in) = (
            callers::keys(&dev.endpoint, identity_pool, &json!({})),
            callers::keys(&dev.endpoint, identity_pool, &callers::login(&pool, &tokens["bob"])),
        );
        let apis = cases.iter().enumerate().map(|(position, case)| {
            let section = if position == 0 { &outputs["data"] } else { &outputs["custom"][&case.name] };
            let url = section["url"].as_str().unwrap_or_else(|| panic!("{} is not deployed", case.name)).to_owned();
            let id = split_url(&url).1.split('/').nth(2).unwrap().to_owned();
            (case.name.clone(), Api { url, id, key: section["api_key"].as_str().unwrap_or_default().to_owned() })
        });
        let tells = |case: &&Case| case.unanswered().iter().any(|(_, field)| field == WHO_FIELD);
        let who = cases.iter().find(tells).unwrap().name.clone();
        Self { apis: apis.collect(), who, dev, tokens, guest, signed_in, issuer, sandbox }
    }

    fn person(who: &Who) -> &str {
        match who {
            Who::Owner { .. } => "ada",
            Who::Group { group, .. } => group,
            Who::GroupOfItem { .. } => TEAM,
            _ => "bob",
        }
    }

    /// How an identity identifies to an API.
    pub(super) fn credential(&self, case: &Case, identity: &Identity) -> Credential {
        self.credential_for(&case.name, identity)
    }

    fn credential_for(&self, api: &str, identity: &Identity) -> Credential {
        match identity.mode {
            AuthMode::ApiKey => Credential::Header("x-api-key", self.apis[api].key.clone()),
            AuthMode::Iam if identity.who == Who::Guest => Credential::Signed(self.guest.clone()),
            AuthMode::Iam => Credential::Signed(self.signed_in.clone()),
            AuthMode::UserPools => {
                Credential::Header("authorization", self.tokens[Self::person(&identity.who)].clone())
            }
            AuthMode::Oidc => Credential::Header("authorization", self.issuer.token(&self.claims(identity))),
            AuthMode::Lambda => doorkeeper::credential(),
        }
    }

    /// The claims of a user's token.
    fn claims(&self, identity: &Identity) -> Value {
        let person = Self::person(&identity.who);
        if identity.mode == AuthMode::UserPools {
            let body = self.tokens[person].split('.').nth(1).unwrap();
            let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
            claims["username"] = claims["cognito:username"].clone();
            return claims;
        }
        let mut claims = json!({
            "sub": format!("sub-{person}"), "username": person, "user_id": format!("id-{person}"),
            "email": format!("{person}@example.com"),
        });
        if let Who::Group { claim, .. } | Who::GroupOfItem { claim, .. } = &identity.who {
            claims[claim] = json!([person]);
        }
        claims
    }

    /// The name by which an item knows an owner.
    pub(super) fn owner_name(&self, identity: &Identity) -> Option<String> {
        let Who::Owner { claims: names, .. } = &identity.who else { return None };
        let claims = self.claims(identity);
        let parts: Vec<&str> =
            names.iter().map(|name| claims[name].as_str().unwrap_or_else(|| panic!("{name}"))).collect();
        Some(parts.join("::"))
    }

    /// A caller as handlers see it: `ctx.identity`.
    pub(super) fn seen(&self, identity: &Identity) -> Value {
        let credential = self.credential_for(&self.who, identity);
        let url = &self.apis[&self.who].url;
        let answer = credential.send(url, &format!("{{ {WHO_FIELD} }}"), &Value::Null).json();
        let text = answer["data"][WHO_FIELD].as_str().unwrap_or_else(|| panic!("{}: {answer}", identity.label()));
        serde_json::from_str::<Value>(text).unwrap()["identity"].take()
    }

    /// The code of a resolver that was deployed.
    pub(super) fn code(&self, case: &Case, name: &str) -> String {
        self.sandbox.read(&format!("ampup/stacks/{}/resolvers/{name}.js", case.name))
    }

    pub(super) fn url(&self, case: &Case) -> &str {
        &self.apis[&case.name].url
    }

    /// Sends a GraphQL request.
    pub(super) fn ask(&self, case: &Case, credential: &Credential, query: &str, variables: &Value) -> Value {
        credential.send(self.url(case), query, variables).json()
    }

    /// Puts an item into the table of a model.
    pub(super) fn put(&self, case: &Case, model: &str, item: &Map<String, Value>) {
        let table = format!("{model}-{}-dev", self.apis[&case.name].id);
        callers::put(&self.dev.endpoint, &table, item);
    }
}

/// Every group that a rule of a user pool names, and the one that items name.
fn groups(cases: &[Case]) -> Vec<String> {
    let models =
        cases.iter().flat_map(|case| &case.access.models).flat_map(|model| &model.rows).map(|row| &row.identity);
    let custom =
        cases.iter().flat_map(|case| &case.access.custom).flat_map(|field| &field.rows).map(|row| &row.identity);
    let mut groups = vec![TEAM.to_owned()];
    for identity in models.chain(custom) {
        if let Who::Group { group, .. } = &identity.who
            && !groups.contains(group)
        {
            groups.push(group.clone());
        }
    }
    groups
}

/// A mode as the manifest writes it.
fn way(mode: &str, issuer: &str) -> String {
    match mode {
        "API_KEY" => "\"api-key\"".to_owned(),
        "AWS_IAM" => "\"iam\"".to_owned(),
        "AMAZON_COGNITO_USER_POOLS" => "\"user-pool\"".to_owned(),
        "OPENID_CONNECT" => format!("{{ oidc = {issuer:?}, client-id = \"web|app\" }}"),
        "AWS_LAMBDA" => format!("{{ lambda = {:?} }}", doorkeeper::NAME),
        other => panic!("{other}"),
    }
}

/// The ID token of a user, who joins the group of that name when there is one.
fn sign_in(pool: &Pool, name: &str) -> String {
    let email = format!("{}@example.com", name.to_lowercase());
    pool.sign_up(&email);
    if !["ada", "bob"].contains(&name) {
        callers::join(pool, &email, name);
    }
    pool.sign_in(&email).id
}
