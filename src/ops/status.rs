//! What the project is here against what is deployed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::outputs::{Address, addresses};
use super::place::Place;
use super::{Session, backend, code};
use crate::base::{EnvName, ProjectName, Target};
use crate::cfn::{self, Template, Value};
use crate::deploy::package::package;
use crate::deploy::{Bundle, ObjectStore, StackApi};
use crate::error::Failure;
use crate::project::Project;

/// How a resource stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The same here and there.
    InStep,
    /// Another here than there.
    Changed,
    /// Only here.
    New,
    /// Only there.
    Removed,
}

/// One resource.
#[derive(Clone, Debug, Serialize)]
pub struct StatusLine {
    /// Its name.
    pub resource: String,
    /// Its kind; nothing is known of one that is only deployed.
    pub kind: Option<&'static str>,
    /// How it stands.
    pub standing: Standing,
}

/// What there is.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvName,
    /// Where it lives.
    pub target: Target,
    /// The account.
    pub account: String,
    /// The root stack.
    pub stack: String,
    /// Its state; nothing when it is not deployed.
    pub stack_status: Option<String>,
    /// When it was last changed, in milliseconds since 1970.
    pub changed_ms: Option<i64>,
    /// Every resource.
    pub resources: Vec<StatusLine>,
    /// The addresses of what is deployed.
    pub addresses: Vec<Address>,
    /// The caller wants to know by the exit code whether a push would do something.
    #[serde(skip)]
    pub tell_by_exit: bool,
}

impl StatusReport {
    /// How many resources a push would touch.
    pub fn pending(&self) -> usize {
        self.resources.iter().filter(|line| line.standing != Standing::InStep).count()
    }
}

/// Compares.
pub async fn status(
    session: &Session,
    project: &Project,
    environment: Option<&EnvName>,
) -> Result<StatusReport, Failure> {
    let manifest = project.manifest().clone();
    let backend = backend::assemble(project, &manifest, &[])?;
    let place = Place::open(session, project, environment).await?;
    let deployer = place.deployer(&*session.reporter);
    let state = deployer.stacks.describe(place.stack.as_str()).await?;
    let bundle = code::bundle(project, &backend)?;
    let here = nested(&packaged_root(&bundle, &place, &*deployer.objects)?);
    let there = match &state {
        Some(state) if !state.status.is_stillborn() => deployed(deployer.stacks, place.stack.as_str()).await?,
        _ => BTreeMap::new(),
    };
    let mut resources: Vec<StatusLine> = Vec::new();
    for (name, spec) in &manifest.resources {
        let id = logical_id(&bundle.root, name.as_str());
        let (ours, theirs) = (here.get(&id), there.get(&id));
        let standing = match (ours, theirs) {
            (_, None) => Standing::New,
            (ours, theirs) if ours == theirs => Standing::InStep,
            _ => Standing::Changed,
        };
        resources.push(StatusLine { resource: name.to_string(), kind: Some(spec.kind()), standing });
    }
    let gone = there.keys().filter(|id| !here.contains_key(*id));
    resources.extend(gone.map(|id| StatusLine { resource: id.clone(), kind: None, standing: Standing::Removed }));
    let report = StatusReport {
        project: manifest.name.clone(),
        environment: place.environment.name.clone(),
        target: place.environment.target.clone(),
        account: place.identity.account.clone(),
        stack: place.stack.to_string(),
        stack_status: state.as_ref().map(|state| state.status.0.clone()),
        changed_ms: state.as_ref().and_then(|state| state.changed_ms),
        resources,
        addresses: state.map(|state| addresses(&manifest, &state.outputs)).unwrap_or_default(),
        tell_by_exit: false,
    };
    place.close().await?;
    Ok(report)
}

/// The root template as a push would upload it.
fn packaged_root(bundle: &Bundle, place: &Place, objects: &dyn ObjectStore) -> Result<Template, Failure> {
    let packaged = package(bundle, &place.stack, objects).map_err(backend::problems)?;
    cfn::parse::parse(&packaged.root_text, "root.yaml").map_err(backend::problems)
}

/// The nested stacks of the deployed root, and their addresses.
async fn deployed(stacks: &dyn StackApi, stack: &str) -> Result<BTreeMap<String, String>, Failure> {
    let text = stacks.template(stack).await?;
    // A stack of that name that is not ours to read counts as one that holds nothing of ours.
    Ok(cfn::parse::parse(&text, "the deployed template").map(|root| nested(&root)).unwrap_or_default())
}

/// The nested stacks of a template by logical id, each with everything that makes it what it is: the address follows from
/// the content, and the parameters.
fn nested(root: &Template) -> BTreeMap<String, String> {
    let stacks = root.resources.iter().filter(|(_, resource)| resource.kind.as_str() == "AWS::CloudFormation::Stack");
    stacks.map(|(id, resource)| (id.to_string(), resource.properties.to_json().to_string())).collect()
}

/// The logical id of a resource's stack in the root, by the file that it names.
fn logical_id(root: &Template, name: &str) -> String {
    let file = format!("{name}.yaml");
    let named = |value: Option<&Value>| {
        value.and_then(Value::as_text).is_some_and(|url| url.rsplit('/').next() == Some(file.as_str()))
    };
    let found = root.resources.iter().find(|(_, resource)| named(resource.properties.get("TemplateURL")));
    found.map(|(id, _)| id.to_string()).unwrap_or_default()
}
