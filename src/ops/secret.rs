//! The secrets of an environment: set, list, remove, and whether all that functions need are there.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

use super::place::Place;
use super::{Session, backend};
use crate::base::suggest::nearest;
use crate::base::{EnvName, ProjectName, ResourceName, Secret, SecretStore, Target};
use crate::category::function::{ProjectSecret, SecretName, secrets, secrets_folder};
use crate::error::{Code, Failure, Problem};
use crate::manifest::{Environment, Manifest};
use crate::project::Project;

/// The most bytes of a value: an advanced parameter's, and a secret's ("Quotas" of both services).
const MOST_BYTES: [(SecretStore, usize); 2] = [(SecretStore::Parameter, 8192), (SecretStore::SecretsManager, 65_536)];

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretAction {
    /// Nothing.
    Listed,
    /// A value was set.
    Set,
    /// A value was taken away.
    Removed,
}

/// One secret of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretLine {
    /// Its name.
    pub name: String,
    /// What keeps its value.
    pub store: SecretStore,
    /// The name of the parameter or of the secret in AWS.
    pub path: String,
    /// The environment has a value.
    pub set: bool,
    /// When it was set last, in seconds since 1970, when the cloud tells.
    pub set_s: Option<i64>,
    /// The functions that need it.
    pub functions: Vec<ResourceName>,
}

/// The secrets of an environment after it.
#[derive(Clone, Debug, Serialize)]
pub struct SecretReport {
    /// What was done.
    pub action: SecretAction,
    /// With which.
    pub name: Option<String>,
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvName,
    /// Where it lives.
    pub target: Target,
    /// All of them: those that functions need, and others that have a value.
    pub secrets: Vec<SecretLine>,
}

/// A secret by its name, with what keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRequest {
    /// Its name.
    pub name: SecretName,
    /// What keeps it; as the functions say, or Parameter Store, when absent.
    pub store: Option<SecretStore>,
}

impl SecretRequest {
    /// What keeps it in a project.
    ///
    /// # Errors
    /// When a function wants it from another store.
    pub fn store_in(&self, project: &Project) -> Result<SecretStore, Failure> {
        let known = secrets(&project.manifest().resources);
        let Some(ProjectSecret { store, functions }) = known.get(&self.name) else {
            return Ok(self.store.unwrap_or_default());
        };
        match self.store {
            Some(wanted) if wanted != *store => {
                let message =
                    format!("`{}` is kept by {store}: the function `{}` reads it there", self.name, functions[0]);
                let problem = Problem::new(Code::AMP0203, message).hint("leave `--store` out");
                let edit =
                    format!("or change the function: `ampup update {} --secret {}:{wanted}`", functions[0], self.name);
                Err(backend::problems(vec![problem.hint(edit)]))
            }
            _ => Ok(*store),
        }
    }
}

/// Says what is wrong with a value, without showing it.
///
/// # Errors
/// The reason, for whoever typed it.
pub fn check_value(store: SecretStore, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err("the value is empty".to_owned());
    }
    let most = MOST_BYTES.iter().find(|(known, _)| *known == store).map_or(usize::MAX, |(_, most)| *most);
    if value.len() > most {
        return Err(format!("the value has {} bytes: {store} takes {most}", value.len()));
    }
    Ok(())
}

/// Sets a value.
///
/// # Errors
/// A wrong value, an environment out of reach, or what the cloud says.
pub async fn set(
    session: &Session,
    project: &Project,
    environment: Option<&EnvName>,
    request: &SecretRequest,
    value: &Secret<String>,
) -> Result<SecretReport, Failure> {
    let store = request.store_in(project)?;
    check_value(store, value.reveal()).map_err(|why| backend::problems(vec![Problem::new(Code::AMP0203, why)]))?;
    let place = Place::open(session, project, environment).await?;
    let path = path(project.manifest(), &place.environment, &request.name);
    let outcome = async {
        place.secrets()?.set(store, &path, value).await?;
        report(project, &place, SecretAction::Set, Some(&request.name)).await
    };
    closing(outcome.await, place).await
}

/// Takes a value away.
///
/// # Errors
/// When there is none, with the nearest name that has one.
pub async fn remove(
    session: &Session,
    project: &Project,
    environment: Option<&EnvName>,
    request: &SecretRequest,
) -> Result<SecretReport, Failure> {
    let store = request.store_in(project)?;
    let place = Place::open(session, project, environment).await?;
    let path = path(project.manifest(), &place.environment, &request.name);
    let outcome = async {
        // A name that no function has may be kept by either.
        let stores = match request.store {
            None if !secrets(&project.manifest().resources).contains_key(&request.name) => {
                vec![SecretStore::Parameter, SecretStore::SecretsManager]
            }
            _ => vec![store],
        };
        let mut removed = false;
        for store in stores {
            removed |= place.secrets()?.remove(store, &path).await?;
        }
        let report = report(project, &place, SecretAction::Removed, Some(&request.name)).await?;
        if removed { Ok(report) } else { Err(unknown(&request.name, &report)) }
    };
    closing(outcome.await, place).await
}

/// The secrets of an environment.
///
/// # Errors
/// An environment out of reach, or what the cloud says.
pub async fn list(
    session: &Session,
    project: &Project,
    environment: Option<&EnvName>,
) -> Result<SecretReport, Failure> {
    let place = Place::open(session, project, environment).await?;
    let outcome = report(project, &place, SecretAction::Listed, None).await;
    closing(outcome, place).await
}

/// Leaves a place, whatever came of the work there.
async fn closing<T>(outcome: Result<T, Failure>, place: Place) -> Result<T, Failure> {
    let closed = place.close().await;
    let value = outcome?;
    closed.map(|()| value)
}

fn path(manifest: &Manifest, environment: &Environment, name: &SecretName) -> String {
    name.path(&manifest.name, &environment.name)
}

fn unknown(name: &SecretName, report: &SecretReport) -> Failure {
    let message = format!("`{name}` has no value in the environment `{}`", report.environment);
    let known = report.secrets.iter().filter(|line| line.set).map(|line| line.name.as_str());
    let near = nearest(name.as_str(), known).map(|near| format!("did you mean `{near}`?"));
    let hint = near.unwrap_or_else(|| "`ampup secret list` shows which have one".to_owned());
    backend::problems(vec![Problem::new(Code::AMP0412, message).hint(hint)])
}

async fn report(
    project: &Project,
    place: &Place,
    action: SecretAction,
    name: Option<&SecretName>,
) -> Result<SecretReport, Failure> {
    let manifest = project.manifest();
    let folder = secrets_folder(&manifest.name, &place.environment.name);
    let mut lines: BTreeMap<String, SecretLine> = BTreeMap::new();
    for (name, ProjectSecret { store, functions }) in secrets(&manifest.resources) {
        let path = path(manifest, &place.environment, &name);
        let name = name.to_string();
        lines.insert(name.clone(), SecretLine { name, store, path, set: false, set_s: None, functions });
    }
    for kept in place.secrets()?.below(&folder).await? {
        let name = kept.path.strip_prefix(&folder).unwrap_or(&kept.path).to_owned();
        let functions = Vec::new();
        let fresh = SecretLine {
            name: name.clone(),
            store: kept.store,
            path: kept.path,
            set: true,
            set_s: kept.set_s,
            functions,
        };
        match lines.get_mut(&name) {
            Some(line) if line.store == kept.store => {
                line.set = true;
                line.set_s = kept.set_s;
            }
            // A value that is left in the other store.
            Some(_) => drop(lines.insert(format!("{name} {}", kept.store), fresh)),
            None => drop(lines.insert(name, fresh)),
        }
    }
    Ok(SecretReport {
        action,
        name: name.map(ToString::to_string),
        project: manifest.name.clone(),
        environment: place.environment.name.clone(),
        target: place.environment.target.clone(),
        secrets: lines.into_values().collect(),
    })
}

/// The secrets that functions need and the environment has no value for.
pub(super) async fn missing(
    manifest: &Manifest,
    place: &Place,
) -> Result<IndexMap<SecretName, ProjectSecret>, Failure> {
    let mut needed = secrets(&manifest.resources);
    if needed.is_empty() {
        return Ok(needed);
    }
    let path = |name: &SecretName| path(manifest, &place.environment, name);
    let wanted: Vec<(SecretStore, String)> = needed.iter().map(|(name, secret)| (secret.store, path(name))).collect();
    let missing = place.secrets()?.missing(&wanted).await?;
    needed.retain(|name, _| missing.contains(&path(name)));
    Ok(needed)
}

/// Refuses an environment that lacks the value of a secret: all that are missing, with a command for each.
pub(super) async fn check(manifest: &Manifest, place: &Place) -> Result<(), Failure> {
    let environment = &place.environment.name;
    let problem = |(name, ProjectSecret { functions, .. }): (SecretName, ProjectSecret)| {
        let by: Vec<String> = functions.iter().map(|function| format!("`{function}`")).collect();
        let message = format!(
            "the secret `{name}` of function {} has no value in the environment `{environment}`",
            by.join(", ")
        );
        Problem::new(Code::AMP0412, message).hint(format!("`ampup secret set {name} --env {environment}`"))
    };
    let problems: Vec<Problem> = missing(manifest, place).await?.into_iter().map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(backend::problems(problems)) }
}
