//! From an empty folder to a signed-in answer: init, auth, api, hosting, the embedded cloud, the site, a first query.

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::add::{AddRequest, add};
use super::dev::{Dev, DevRequest, deploy};
use super::first_query::{FirstQuery, FirstQueryRequest, ask};
use super::init::{InitRequest, init};
use super::outputs::{Address, find};
use super::publish::{PublishRequest, publish_to};
use super::{Session, dev, elapsed_ms, local};
use crate::base::{EnvName, ProjectName, Region, ResourceName, Step, Target};
use crate::category::api::{ApiAuth, Sample};
use crate::category::{ApiSpec, AuthSpec, HostingSpec, ResourceSpec};
use crate::error::Failure;
use crate::project::{Project, ProjectError};

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickstartRequest {
    /// The folder, made when it is not there.
    pub folder: PathBuf,
    /// The name of the project, when it is new.
    pub name: ProjectName,
    /// What the API starts as.
    pub sample: Sample,
    /// The port; the usual one, or any when that is taken.
    pub port: Option<u16>,
}

/// What was reached.
#[derive(Clone, Debug, Serialize)]
pub struct QuickstartReport {
    /// The project.
    pub project: ProjectName,
    /// Its folder.
    pub folder: String,
    /// False when the project was there already.
    pub created: bool,
    /// The address of the cloud.
    pub endpoint: String,
    /// The addresses of what is deployed.
    pub addresses: Vec<Address>,
    /// What was asked and answered.
    pub first_query: FirstQuery,
    /// How long it took until the answer, in milliseconds.
    pub elapsed_ms: u64,
}

/// Names of the resources that are made.
const AUTH: &str = "auth";
const HOSTING: &str = "site";
const ENVIRONMENT: &str = "local";

/// The name of the API and the model that the first query writes.
fn names(sample: Sample) -> (&'static str, Option<&'static str>) {
    match sample {
        Sample::Todo => ("todo", Some("Todo")),
        Sample::Blog => ("blog", Some("Post")),
        Sample::Blank => ("api", None),
    }
}

/// Does all of it and stops the cloud.
pub async fn once(session: &Session, request: &QuickstartRequest) -> Result<QuickstartReport, Failure> {
    let began = Instant::now();
    let (mut project, created) = lay_out(request)?;
    let environment = project.environment(None)?;
    let port = request.port.map_or(local::Port::Usual, local::Port::Exactly);
    let cloud = local::start(session, &project, environment.target.region(), port).await?;
    let endpoint = cloud.endpoint();
    let (report, place) = deploy(session, &mut project, &environment, &endpoint).await?;
    let sources = project.sources()?;
    let known = (&sources, &report.outputs);
    publish_to(session, &project, &place, &PublishRequest::default(), known, Instant::now()).await?;
    let first_query = first_query(session, request.sample, endpoint.clone(), &report.outputs).await?;
    let done = QuickstartReport {
        project: project.manifest().name.clone(),
        folder: project.root().display().to_string(),
        created,
        endpoint: endpoint.to_string(),
        addresses: report.addresses,
        first_query,
        elapsed_ms: elapsed_ms(began),
    };
    cloud.stop().await?;
    Ok(done)
}

/// Does all of it and goes on as `dev`.
pub async fn and_dev(session: &Session, request: &QuickstartRequest) -> Result<(QuickstartReport, Dev), Failure> {
    let began = Instant::now();
    let (project, created) = lay_out(request)?;
    let wanted = DevRequest { port: request.port, ..DevRequest::default() };
    let mut dev = dev::start(session, project, &wanted).await?;
    if let Some(failure) = dev.refused.take() {
        dev.stop().await?;
        return Err(failure);
    }
    let endpoint = dev.board.endpoint.clone();
    let place = dev.place(session).await?;
    let sources = dev.project().sources()?;
    let known = (&sources, &dev.board.outputs);
    publish_to(session, dev.project(), &place, &PublishRequest::default(), known, Instant::now()).await?;
    let first_query = first_query(session, request.sample, endpoint.clone(), &dev.board.outputs).await?;
    let report = QuickstartReport {
        project: dev.project().manifest().name.clone(),
        folder: dev.project().root().display().to_string(),
        created,
        endpoint: endpoint.to_string(),
        addresses: dev.board.addresses.clone(),
        first_query,
        elapsed_ms: elapsed_ms(began),
    };
    Ok((report, dev))
}

/// The project: made, or the one that an earlier quickstart made here.
fn lay_out(request: &QuickstartRequest) -> Result<(Project, bool), Failure> {
    let (api, _) = names(request.sample);
    if request.folder.join(crate::manifest::FILE).exists() {
        let project = Project::discover(&request.folder)?;
        let known = [AUTH, api, HOSTING];
        if known.iter().all(|name| project.manifest().resources.contains_key(*name)) {
            return Ok((project, false));
        }
        return Err(ProjectError::Exists(request.folder.join(crate::manifest::FILE)).into());
    }
    init(&InitRequest {
        folder: request.folder.clone(),
        name: request.name.clone(),
        environment: name::<EnvName>(ENVIRONMENT),
        target: Target::Local { region: Region::default() },
    })?;
    let mut project = Project::discover(&request.folder)?;
    let auth = AuthSpec { groups: vec!["Editors".to_owned()], ..AuthSpec::default() };
    let schema = ApiSpec {
        auth: ApiAuth::UserPool,
        additional_auth: vec![ApiAuth::ApiKey],
        sample: request.sample,
        ..ApiSpec::default()
    };
    let hosting = HostingSpec { sample: true, ..HostingSpec::default() };
    for (resource, spec) in
        [(AUTH, ResourceSpec::Auth(auth)), (api, ResourceSpec::Api(schema)), (HOSTING, ResourceSpec::Hosting(hosting))]
    {
        add(&mut project, &AddRequest { name: name::<ResourceName>(resource), spec })?;
    }
    Ok((project, true))
}

fn name<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().expect("the names of a quickstart keep the rules")
}

async fn first_query(
    session: &Session,
    sample: Sample,
    endpoint: crate::base::Endpoint,
    outputs: &super::outputs::RootOutputs,
) -> Result<FirstQuery, Failure> {
    let (api, model) = names(sample);
    let (auth, api) = (name::<ResourceName>(AUTH), name::<ResourceName>(api));
    let request = FirstQueryRequest {
        endpoint: &endpoint,
        user_pool_id: find(outputs, &auth, "UserPoolId")?,
        client_id: find(outputs, &auth, "UserPoolClientId")?,
        graphql_url: find(outputs, &api, "GraphQLUrl")?,
        model,
    };
    let facts = |done: &FirstQuery| format!("signed in as {}", done.user);
    session.step_async(Step::FirstQuery, ask(session, &request), facts).await
}
