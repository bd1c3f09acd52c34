//! Checks of the machine and the project. It changes nothing and starts no cloud.

use std::path::Path;

use serde::Serialize;

use super::{Session, backend, local};
use crate::base::{EnvName, Target};
use crate::category::ResourceSpec;
use crate::cloud::InterpreterFound;
use crate::deploy::{ConnectRequest, Connection};
use crate::error::Failure;
use crate::project::Project;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Well.
    Good,
    /// Of no harm yet.
    Warning,
    /// Something will not work.
    Bad,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it came out.
    pub health: Health,
    /// What was found.
    pub finding: String,
    /// What helps.
    pub hints: Vec<String>,
}

/// All checks.
#[derive(Clone, Debug, Serialize)]
pub struct DoctorReport {
    /// The version of this program.
    pub version: &'static str,
    /// Every check, in order.
    pub checks: Vec<Check>,
}

impl DoctorReport {
    /// True when something will not work.
    pub fn is_bad(&self) -> bool {
        self.checks.iter().any(|check| check.health == Health::Bad)
    }
}

/// Looks at everything.
pub async fn doctor(session: &Session, start: &Path, environment: Option<&EnvName>) -> DoctorReport {
    let mut checks = vec![folder(start), port().await];
    let project = Project::discover(start);
    let found = crate::cloud::find_interpreters();
    checks.extend(found.into_iter().map(|looked| interpreter(looked, project.as_ref().ok(), environment)));
    match project {
        Err(failure) => checks.push(failed("project", &failure.into())),
        Ok(project) => {
            checks.push(good("project", project.root().display().to_string()));
            checks.push(blueprint(&project));
            checks.extend(target(session, &project, environment).await);
        }
    }
    DoctorReport { version: env!("CARGO_PKG_VERSION"), checks }
}

fn good(name: &'static str, finding: impl Into<String>) -> Check {
    Check { name, health: Health::Good, finding: finding.into(), hints: Vec::new() }
}

fn failed(name: &'static str, failure: &Failure) -> Check {
    let error = failure.inner();
    let problems = error.problems().iter().map(ToString::to_string);
    let finding = if error.problems().len() > 1 { problems.collect::<Vec<_>>().join("; ") } else { error.to_string() };
    let hints = error.hints().into_iter().map(|hint| hint.0).collect();
    Check { name, health: Health::Bad, finding: format!("{}: {finding}", failure.code()), hints }
}

fn folder(start: &Path) -> Check {
    match tempfile::Builder::new().prefix(".ampup-").tempfile_in(start) {
        Ok(_) => good("folder", format!("{} can be written", start.display())),
        Err(error) => Check {
            name: "folder",
            health: Health::Bad,
            finding: format!("{} cannot be written: {error}", start.display()),
            hints: vec![format!("make it writable: `chmod u+w '{}'`", start.display())],
        },
    }
}

async fn port() -> Check {
    let port = local::DEFAULT_PORT;
    match tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
        Ok(_) => good("port", format!("{port} is free for the local cloud")),
        Err(_) => Check {
            name: "port",
            health: Health::Warning,
            finding: format!("{port} is taken"),
            hints: vec![format!("`ampup dev --port {}`", port + 1)],
        },
    }
}

/// An interpreter that functions of the local cloud need; whoever has no functions of its kind, or runs them elsewhere,
/// needs none.
fn interpreter(looked: InterpreterFound, project: Option<&Project>, wanted: Option<&EnvName>) -> Check {
    let InterpreterFound { name, runtimes, found, install } = looked;
    if let Some(found) = found {
        return good(name, found);
    }
    let is_local = |project: &&Project| {
        project.environment(wanted).is_ok_and(|environment| matches!(environment.target, Target::Local { .. }))
    };
    let resources = project.filter(is_local).map(|project| &project.manifest().resources);
    let needing: Vec<&str> = resources
        .into_iter()
        .flatten()
        .filter(|(_, spec)| matches!(spec, ResourceSpec::Function(spec) if spec.runtime.family().title() == runtimes))
        .map(|(name, _)| name.as_str())
        .collect();
    let (health, who) = if needing.is_empty() {
        (Health::Warning, format!("functions of {runtimes}"))
    } else {
        (Health::Bad, format!("the function {}", needing.join(", ")))
    };
    let finding = format!("`{name}` does not run: {who} cannot run in the local cloud");
    Check { name, health, finding, hints: vec![install.to_owned()] }
}

fn blueprint(project: &Project) -> Check {
    match backend::assemble(project, project.manifest(), &[]) {
        Err(failure) => failed("blueprint", &failure),
        Ok(backend) => {
            if let Err(problems) = backend.plan.refuse_edited() {
                return failed("blueprint", &problems.into());
            }
            if backend.plan.is_fresh() {
                return good("blueprint", format!("{} stacks, rendered", backend.blueprint.stack_count()));
            }
            Check {
                name: "blueprint",
                health: Health::Warning,
                finding: "the rendered stacks are out of date".to_owned(),
                hints: vec!["`ampup render`".to_owned()],
            }
        }
    }
}

async fn target(session: &Session, project: &Project, wanted: Option<&EnvName>) -> Vec<Check> {
    let environment = match project.environment(wanted) {
        Ok(environment) => environment,
        Err(failure) => return vec![failed("environment", &failure.into())],
    };
    let mut checks = vec![good("environment", format!("{} on {}", environment.name, environment.target.kind()))];
    let mut endpoint = None;
    if let Target::Local { .. } = environment.target {
        match local::find(project).await {
            Err(failure) => return vec![failed("local cloud", &failure)],
            Ok(None) => {
                checks.push(good("local cloud", "not running; `ampup dev` and `ampup push` start it"));
                return checks;
            }
            Ok(Some(found)) => {
                checks.push(good("local cloud", format!("runs at {found}")));
                endpoint = Some(found);
            }
        }
    }
    let keys = session.keys.clone();
    let request = ConnectRequest { target: &environment.target, local: endpoint.as_ref(), root: project.root(), keys };
    let identity = match Connection::open(&request).await {
        Ok(connection) => connection.identity().await,
        Err(error) => Err(error),
    };
    checks.push(match identity {
        Ok(identity) => good("identity", identity.arn),
        Err(error) => failed("identity", &error.into()),
    });
    checks
}
