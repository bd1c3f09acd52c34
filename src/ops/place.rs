//! Where an environment lives, reached: connection, identity, and the embedded cloud when it is that.

use std::sync::Arc;

use super::{Session, local};
use crate::base::{Endpoint, EnvName, Reporter, StackName, Step, Target};
use crate::cloud::RunningCloud;
use crate::deploy::{
    ConnectRequest, Connection, Deployer, Identity, LogApi, ObjectStore, Pace, SdkStacks, WireSecrets, bootstrap,
};
use crate::error::Failure;
use crate::manifest::Environment;
use crate::project::Project;

/// An environment within reach.
pub struct Place {
    /// The environment.
    pub environment: Environment,
    /// Who we are there.
    pub identity: Identity,
    /// The root stack of the project there.
    pub stack: StackName,
    /// The address of the embedded cloud, when it is that.
    pub endpoint: Option<Endpoint>,
    connection: Connection,
    stacks: SdkStacks,
    artifacts: Arc<dyn ObjectStore>,
    running: Option<RunningCloud>,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Place").field("environment", &self.environment).finish_non_exhaustive()
    }
}

impl Place {
    /// Reaches the environment `wanted`, or the one in use.
    pub async fn open(session: &Session, project: &Project, wanted: Option<&EnvName>) -> Result<Self, Failure> {
        let environment = project.environment(wanted)?;
        let Target::Local { region } = &environment.target else {
            return Self::connect(session, project, environment, None).await;
        };
        let cloud = local::find_or_start(session, project, region).await?;
        let mut place = Self::connect(session, project, environment, Some(cloud.endpoint)).await?;
        place.running = cloud.running;
        Ok(place)
    }

    /// Reaches an environment; a local one at the address of a cloud that the caller runs.
    pub async fn connect(
        session: &Session,
        project: &Project,
        environment: Environment,
        endpoint: Option<Endpoint>,
    ) -> Result<Self, Failure> {
        let keys = session.keys.clone();
        let request =
            ConnectRequest { target: &environment.target, local: endpoint.as_ref(), root: project.root(), keys };
        let connecting = async {
            let connection = Connection::open(&request).await?;
            let identity = connection.identity().await?;
            Ok((connection, identity))
        };
        let said = environment.target.kind();
        let (connection, identity) = session
            .step_async(Step::Connect, connecting, |(_, identity)| {
                format!("{said}, account {}", masked(&identity.account))
            })
            .await?;
        let manifest = project.manifest();
        let bucket = bootstrap::bucket_name(&manifest.name, &identity.account, environment.target.region());
        Ok(Self {
            stack: manifest.stack_name(&environment.name),
            stacks: connection.stacks(),
            artifacts: Arc::new(connection.bucket(&bucket)),
            environment,
            identity,
            endpoint,
            connection,
            running: None,
        })
    }

    /// True when the cloud ends with the command.
    pub fn is_passing(&self) -> bool {
        self.running.is_some()
    }

    /// Deploys to here.
    pub fn deployer<'a>(&'a self, reporter: &'a dyn Reporter) -> Deployer<'a> {
        Deployer { stacks: &self.stacks, objects: Arc::clone(&self.artifacts), reporter, pace: self.connection.pace() }
    }

    /// The logs of here.
    pub fn logs(&self) -> Result<Arc<dyn LogApi>, Failure> {
        Ok(Arc::new(self.connection.logs()?))
    }

    /// How often to look whether something happened here.
    pub fn pace(&self) -> Pace {
        self.connection.pace()
    }

    /// What keeps secrets here.
    pub fn secrets(&self) -> Result<WireSecrets, Failure> {
        Ok(self.connection.secrets()?)
    }

    /// The objects of another bucket here.
    pub fn bucket(&self, name: &str) -> Arc<dyn ObjectStore> {
        Arc::new(self.connection.bucket(name))
    }

    /// Leaves; a cloud that was started for the command is stopped.
    pub async fn close(self) -> Result<(), Failure> {
        if let Some(running) = self.running {
            running.stop().await?;
        }
        Ok(())
    }
}

/// An account number as it may stand in a screenshot: `1234…9012`.
pub fn masked(account: &str) -> String {
    match (account.get(..4), account.get(8..)) {
        (Some(head), Some(tail)) if account.len() == 12 => format!("{head}…{tail}"),
        _ => account.to_owned(),
    }
}
