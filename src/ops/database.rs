//! The databases of APIs in an environment: whether it has them, and what its stacks are told of them.

use indexmap::IndexMap;

use super::Session;
use super::backend::{self, Backend};
use crate::base::endpoints::RDS_DATA_VARIABLE;
use crate::base::{EnvName, ResourceName, Target};
use crate::category::ResourceSpec;
use crate::category::api::{DatabaseParameters, DatabaseSpec};
use crate::error::{Code, Failure, Problem};
use crate::manifest::{Environment, Manifest};

/// The APIs with a database.
fn databases(manifest: &Manifest) -> impl Iterator<Item = (&ResourceName, &DatabaseSpec)> {
    manifest.resources.iter().filter_map(|(name, spec)| match spec {
        ResourceSpec::Api(spec) => spec.sql.as_ref().map(|database| (name, database)),
        _ => None,
    })
}

/// Refuses an environment that lacks a database which some stack asks for.
pub(super) fn check(
    session: &Session,
    manifest: &Manifest,
    backend: &Backend,
    environment: &Environment,
) -> Result<(), Failure> {
    let has_none = matches!(environment.target, Target::Local { .. }) && session.endpoints.rds_data.is_none();
    let asked = |api: &ResourceName| {
        let cluster = DatabaseParameters::of(api).cluster;
        backend.blueprint.root.parameters.keys().any(|parameter| parameter.as_str() == cluster)
    };
    let wanted = databases(manifest).filter(|(api, _)| asked(api));
    let problems: Vec<Problem> =
        wanted.filter_map(|(api, database)| problem(manifest, (api, database), (environment, has_none))).collect();
    if problems.is_empty() { Ok(()) } else { Err(backend::problems(problems)) }
}

fn problem(
    manifest: &Manifest,
    (api, database): (&ResourceName, &DatabaseSpec),
    (environment, has_none): (&Environment, bool),
) -> Option<Problem> {
    let name = &environment.name;
    if has_none {
        let engine = database.engine.title();
        let message = format!("the API `{api}` reads a database of {engine}, and the embedded cloud has no RDS");
        let on_aws = |(_, target): &(&EnvName, &Target)| matches!(target, Target::Aws { .. });
        let hint = match manifest.environments.iter().find(on_aws) {
            Some((other, _)) => format!("deploy it to AWS: `ampup push --env {other}`"),
            None => "deploy it to AWS: `ampup env add prod --target aws`".to_owned(),
        };
        let own =
            format!("or give the address of an RDS Data API: `{RDS_DATA_VARIABLE}=http://127.0.0.1:PORT ampup dev`");
        return Some(Problem::new(Code::AMP0605, message).hint(hint).hint(own));
    }
    if database.environments.contains_key(name) {
        return None;
    }
    let message = format!("the API `{api}` has no database in the environment `{name}`: it has no cluster there");
    let command = format!("`ampup update {api} --sql-cluster {name}=CLUSTER_ARN,SECRET_ARN`");
    let edit = format!("or write `[resources.{api}.sql.environments.{name}]` with `cluster` and `secret`");
    Some(Problem::new(Code::AMP0103, message).hint(command).hint(edit))
}

/// The values of the parameters that say where the databases of an environment are.
pub(super) fn parameters(manifest: &Manifest, environment: &EnvName) -> IndexMap<String, String> {
    databases(manifest).filter_map(|(api, database)| database.parameters(api, environment)).flatten().collect()
}
