//! Deploys: prepare, let the caller review, execute, write the client configuration.

use std::time::{Duration, Instant};

use indexmap::IndexMap;
use serde::Serialize;

use super::backend::Backend;
use super::outputs::{Address, RootOutputs, addresses};
use super::place::Place;
use super::{OperationError, Session, backend, code, database, elapsed_ms, secret, syntax};
use crate::base::{EnvName, Event, LogicalId, Note, ProjectName, Step, Target};
use crate::blueprint::{ClientConfigRequest, client_config};
use crate::category::function::circles;
use crate::category::{ResourceSpec, Sources};
use crate::cfn::{Change, ChangeSet};
use crate::deploy::parameters::{ParameterFacts, values};
use crate::deploy::{Bundle, Deployment, Prepared, PushKind, too_large};
use crate::error::{Failure, Problems};
use crate::manifest::{Edit, FileChange, Manifest};
use crate::project::Project;

/// How many resources one operation on nested stacks may move ("AWS CloudFormation quotas").
pub const MOST_AT_ONCE: usize = 2500;

/// How a push ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushOutcome {
    /// Everything is deployed.
    Deployed,
    /// Nothing had to be done.
    NothingToDo,
    /// Only looked at.
    Planned,
    /// Begun, and left to itself.
    Detached,
}

/// What a push did.
#[derive(Clone, Debug, Serialize)]
pub struct PushReport {
    /// How it ended.
    pub outcome: PushOutcome,
    /// The project.
    pub project: ProjectName,
    /// The environment.
    pub environment: EnvName,
    /// Where it lives.
    pub target: Target,
    /// The root stack.
    pub stack: String,
    /// The account.
    pub account: String,
    /// What changed, or would.
    pub changes: Vec<Change>,
    /// The outputs of the root stack.
    pub outputs: RootOutputs,
    /// The addresses that people use.
    pub addresses: Vec<Address>,
    /// The client configuration that was written.
    pub outputs_file: Option<String>,
    /// The files of generated code that are new or changed.
    pub code_files: Vec<String>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// A push that waits for its review.
#[derive(Debug)]
#[must_use = "a change set is waiting in the cloud: execute it or discard it"]
pub struct PreparedPush {
    place: Place,
    prepared: Prepared,
    sources: Sources,
    /// Changes of the front end's generated code, found before anything is deployed.
    code: Vec<FileChange>,
    manifest: Manifest,
    began: Instant,
}

/// Renders, reaches the target, uploads and makes the change set.
pub async fn prepare(
    session: &Session,
    project: &mut Project,
    environment: Option<&EnvName>,
) -> Result<PreparedPush, Failure> {
    // A wrong name is told before anything is rendered.
    let wanted = project.environment(environment)?;
    let began = Instant::now();
    let backend = backend::render(session, project)?;
    database::check(session, project.manifest(), &backend, &wanted)?;
    let place = Place::open(session, project, environment).await?;
    prepare_at(session, project, backend, place, began).await
}

/// The same, to a place that is reached already.
pub(super) async fn prepare_at(
    session: &Session,
    project: &Project,
    backend: Backend,
    place: Place,
    began: Instant,
) -> Result<PreparedPush, Failure> {
    let manifest = project.manifest().clone();
    let generated = super::codegen::refresh(project, &backend.sources)?;
    for circle in circles(&manifest.resources) {
        let functions = circle.iter().map(ToString::to_string).collect();
        session.reporter.report(Event::Noted { note: Note::Circle { functions } });
    }
    let bundle = code::bundle(project, &backend)?;
    syntax::check(project, &backend, &bundle).await?;
    if matches!(place.environment.target, Target::Aws { .. }) {
        refuse_large_schemas(&bundle)?;
    }
    secret::check(&manifest, &place).await?;
    let deployer = place.deployer(&*session.reporter);
    let current = deployer.current(&place.stack).await?;
    let none = IndexMap::new();
    let facts = ParameterFacts {
        environment: &place.environment.name,
        now_s: session.clock.now_s(),
        api_key_days: api_key_days(&manifest),
        given: &database::parameters(&manifest, &place.environment.name),
        deployed: current.as_ref().map_or(&none, |state| &state.parameters),
    };
    let deployment = Deployment {
        stack: &place.stack,
        parameters: values(&bundle.root, &facts),
        bundle: &bundle,
        change_set: format!("ampup-{}", session.ids.short(12)),
        current,
    };
    let prepared = deployer.prepare(&deployment).await?;
    let count = prepared.changes.changes.len();
    // The embedded cloud has no such limit.
    if count > MOST_AT_ONCE && place.endpoint.is_none() {
        session.reporter.report(Event::Noted { note: Note::TooManyAtOnce { count, most: MOST_AT_ONCE } });
    }
    Ok(PreparedPush { place, prepared, sources: backend.sources, code: generated, manifest, began })
}

/// AppSync would refuse them after everything else is made. Emulators take them.
fn refuse_large_schemas(bundle: &Bundle) -> Result<(), Failure> {
    Problems::some(too_large(bundle)).map_or(Ok(()), |problems| Err(problems.into()))
}

/// How long API keys live: the shortest wish of all APIs, since they share one parameter.
fn api_key_days(manifest: &Manifest) -> u16 {
    let days = manifest.resources.values().filter_map(|spec| match spec {
        ResourceSpec::Api(spec) => Some(spec.api_key_days),
        _ => None,
    });
    days.min().unwrap_or(7)
}

impl PreparedPush {
    /// What would change.
    pub fn changes(&self) -> &ChangeSet {
        &self.prepared.changes
    }

    /// True when nothing would change.
    pub fn is_empty(&self) -> bool {
        self.prepared.kind == PushKind::NothingToDo
    }

    /// Leaves out of the time that is told what somebody took to think.
    pub fn leave_out(&mut self, pause: Duration) {
        self.began += pause;
    }

    /// Where it goes.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Deploys, and writes the client configuration.
    pub async fn execute(self, session: &Session, project: &mut Project) -> Result<PushReport, Failure> {
        let (report, place) = self.execute_keeping(session, project).await?;
        place.close().await?;
        Ok(report)
    }

    /// The same; the place stays open for more.
    pub async fn execute_keeping(
        self,
        session: &Session,
        project: &mut Project,
    ) -> Result<(PushReport, Place), Failure> {
        let Self { place, prepared, sources, code, manifest, began } = self;
        let changes = prepared.changes.changes.clone();
        let outcome =
            if prepared.kind == PushKind::NothingToDo { PushOutcome::NothingToDo } else { PushOutcome::Deployed };
        let deployed = place.deployer(&*session.reporter).execute(prepared).await?;
        let code_files = code.iter().map(|change| change.path().to_owned()).collect();
        let writing = || write_client_files(project, &place, &sources, &deployed.outputs, code);
        let file = session.step(Step::ClientConfig, writing, Clone::clone)?;
        let mut report = report(&place, &manifest, outcome, changes, deployed.outputs, began);
        report.outputs_file = Some(file);
        report.code_files = code_files;
        Ok((report, place))
    }

    /// Begins to deploy and leaves.
    pub async fn detach(self, session: &Session) -> Result<PushReport, Failure> {
        let Self { place, prepared, manifest, began, .. } = self;
        if place.is_passing() {
            place.deployer(&*session.reporter).discard(prepared).await?;
            place.close().await?;
            return Err(OperationError::CannotDetach.into());
        }
        let changes = prepared.changes.changes.clone();
        let outcome =
            if prepared.kind == PushKind::NothingToDo { PushOutcome::NothingToDo } else { PushOutcome::Detached };
        place.deployer(&*session.reporter).begin(prepared).await?;
        Ok(report(&place, &manifest, outcome, changes, RootOutputs::new(), began))
    }

    /// Takes the change set away; the report says what would have changed.
    pub async fn discard(self, session: &Session) -> Result<PushReport, Failure> {
        let Self { place, prepared, manifest, began, .. } = self;
        let changes = prepared.changes.changes.clone();
        let outcome =
            if prepared.kind == PushKind::NothingToDo { PushOutcome::NothingToDo } else { PushOutcome::Planned };
        place.deployer(&*session.reporter).discard(prepared).await?;
        let report = report(&place, &manifest, outcome, changes, RootOutputs::new(), began);
        place.close().await?;
        Ok(report)
    }
}

fn report(
    place: &Place,
    manifest: &Manifest,
    outcome: PushOutcome,
    changes: Vec<Change>,
    outputs: IndexMap<LogicalId, String>,
    began: Instant,
) -> PushReport {
    PushReport {
        outcome,
        project: manifest.name.clone(),
        environment: place.environment.name.clone(),
        target: place.environment.target.clone(),
        stack: place.stack.to_string(),
        account: place.identity.account.clone(),
        changes,
        addresses: addresses(manifest, &outputs),
        outputs,
        outputs_file: None,
        code_files: Vec::new(),
        elapsed_ms: elapsed_ms(began),
    }
}

/// Writes the client configuration and the changes of generated code; gives the path of the configuration.
pub(super) fn write_client_files(
    project: &mut Project,
    place: &Place,
    sources: &Sources,
    outputs: &RootOutputs,
    code: Vec<FileChange>,
) -> Result<String, Failure> {
    let path = project.manifest().outputs.path.clone();
    let text = client_config_text(project, place, sources, outputs)?;
    let mut files = vec![FileChange::Write { path: path.clone(), text }];
    files.extend(code);
    project.apply(&Edit { manifest: Vec::new(), files })?;
    Ok(path)
}

/// The text of the client configuration.
pub(super) fn client_config_text(
    project: &Project,
    place: &Place,
    sources: &Sources,
    outputs: &RootOutputs,
) -> Result<String, Failure> {
    let request = ClientConfigRequest {
        manifest: project.manifest(),
        sources,
        target: &place.environment.target,
        local: place.endpoint.as_ref(),
        outputs,
    };
    client_config(&request).map_err(backend::problems)
}
