//! The set of services, and how they stand on each other.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::base::Secret;

use super::appsync::{AppSync, Below};
use super::cloudformation::{CloudFormation, Stores};
use super::cloudfront::CloudFront;
use super::cognito::Cognito;
use super::delivery::{Buckets, Delivery, Functions, Queues};
use super::dynamodb::DynamoDb;
use super::eventbridge::EventBridge;
use super::iam::Iam;
use super::lambda::{self, Lambda};
use super::logs::Logs;
use super::opensearch::OpenSearch;
use super::s3::S3;
use super::scheduler::Scheduler;
use super::secretsmanager::SecretsManager;
use super::service::{ApiError, Service, Shared};
use super::sns::Sns;
use super::sqs::Sqs;
use super::ssm::Ssm;
use super::sts::Sts;

/// Every service, in the order in which they stand on each other.
pub(in crate::cloud) struct Services {
    pub shared: Arc<Shared>,
    pub iam: Arc<Iam>,
    pub sts: Arc<Sts>,
    pub s3: Arc<S3>,
    pub sqs: Arc<Sqs>,
    pub dynamodb: Arc<DynamoDb>,
    pub logs: Arc<Logs>,
    pub ssm: Arc<Ssm>,
    pub secretsmanager: Arc<SecretsManager>,
    pub lambda: Arc<Lambda>,
    pub cognito: Arc<Cognito>,
    pub delivery: Arc<Delivery>,
    pub buckets: Arc<Buckets>,
    pub sns: Arc<Sns>,
    pub eventbridge: Arc<EventBridge>,
    pub scheduler: Arc<Scheduler>,
    pub opensearch: Arc<OpenSearch>,
    pub appsync: Arc<AppSync>,
    pub cloudfront: Arc<CloudFront>,
    pub cloudformation: Arc<CloudFormation>,
}

impl Services {
    /// Opens every service on the cloud's state.
    pub(in crate::cloud) fn open(
        shared: Arc<Shared>,
        root_key: Option<(String, Secret<String>)>,
    ) -> Result<Self, ApiError> {
        let iam = Arc::new(Iam::new(Arc::clone(&shared), root_key));
        let sts = Arc::new(Sts::new(Arc::clone(&shared), Arc::clone(&iam)));
        let s3 = Arc::new(S3::new(Arc::clone(&shared), Arc::clone(&iam)));
        let sqs = Arc::new(Sqs::new(Arc::clone(&shared), Arc::clone(&iam)));
        let dynamodb = Arc::new(DynamoDb::new(Arc::clone(&shared))?);
        let logs = Arc::new(Logs::new(Arc::clone(&shared), Arc::clone(&iam))?);
        let ssm = Arc::new(Ssm::new(Arc::clone(&shared)));
        let secretsmanager = Arc::new(SecretsManager::new(Arc::clone(&shared)));
        let under_lambda = lambda::Below {
            iam: Arc::clone(&iam),
            s3: Arc::clone(&s3),
            sqs: Arc::clone(&sqs),
            dynamodb: Arc::clone(&dynamodb),
            logs: Arc::clone(&logs),
        };
        let lambda = Arc::new(Lambda::new(Arc::clone(&shared), under_lambda));
        let cognito = Arc::new(Cognito::new(Arc::clone(&shared), Arc::clone(&iam), Arc::clone(&lambda)));
        let (delivery, sns, eventbridge, scheduler) = events(&shared, &iam, &sqs, &lambda);
        let buckets = Arc::new(Buckets::new(Arc::clone(&shared), Arc::clone(&s3), Arc::clone(&delivery)));
        let opensearch = Arc::new(OpenSearch::new(Arc::clone(&shared), Arc::clone(&iam)));
        let appsync = graphql(&shared, (&iam, &s3, &dynamodb), (&cognito, &lambda, &eventbridge));
        let cloudfront = Arc::new(CloudFront::new(Arc::clone(&shared), Arc::clone(&s3)));
        let makers: Vec<Arc<dyn Service>> = vec![
            Arc::clone(&iam) as _,
            Arc::clone(&s3) as _,
            Arc::clone(&sqs) as _,
            Arc::clone(&dynamodb) as _,
            Arc::clone(&logs) as _,
            Arc::clone(&ssm) as _,
            Arc::clone(&secretsmanager) as _,
            Arc::clone(&lambda) as _,
            Arc::clone(&cognito) as _,
            Arc::clone(&sns) as _,
            Arc::clone(&eventbridge) as _,
            Arc::clone(&scheduler) as _,
            Arc::clone(&opensearch) as _,
            Arc::clone(&appsync) as _,
            Arc::clone(&cloudfront) as _,
        ];
        let values = Stores { ssm: Arc::clone(&ssm), secrets: Arc::clone(&secretsmanager) };
        let handlers = makers.into_iter().flat_map(Service::resources).collect();
        let cloudformation = CloudFormation::new(Arc::clone(&shared), Arc::clone(&s3), Box::new(values), handlers);
        Ok(Self {
            shared,
            iam,
            sts,
            s3,
            sqs,
            dynamodb,
            logs,
            ssm,
            secretsmanager,
            lambda,
            cognito,
            delivery,
            buckets,
            sns,
            eventbridge,
            scheduler,
            opensearch,
            appsync,
            cloudfront,
            cloudformation: Arc::new(cloudformation),
        })
    }

    /// Starts what works by itself: schedules, deliveries. Each ends when the cloud stops.
    pub(in crate::cloud) fn work(&self, stopped: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
        vec![
            tokio::spawn(Arc::clone(&self.s3).run(stopped.clone())),
            tokio::spawn(Arc::clone(&self.delivery).run(stopped.clone())),
            tokio::spawn(Arc::clone(&self.buckets).run(stopped.clone())),
            tokio::spawn(Arc::clone(&self.eventbridge).run(stopped.clone())),
            tokio::spawn(Arc::clone(&self.scheduler).run(stopped.clone())),
        ]
    }

    /// Each service, for the gateway and the front page.
    pub(in crate::cloud) fn all(&self) -> [&dyn Service; 17] {
        [
            &*self.iam,
            &*self.sts,
            &*self.s3,
            &*self.sqs,
            &*self.dynamodb,
            &*self.logs,
            &*self.ssm,
            &*self.secretsmanager,
            &*self.lambda,
            &*self.cognito,
            &*self.sns,
            &*self.eventbridge,
            &*self.scheduler,
            &*self.opensearch,
            &*self.appsync,
            &*self.cloudfront,
            &*self.cloudformation,
        ]
    }
}

/// AppSync over what its data sources speak to.
fn graphql(
    shared: &Arc<Shared>,
    (iam, s3, dynamodb): (&Arc<Iam>, &Arc<S3>, &Arc<DynamoDb>),
    (cognito, lambda, eventbridge): (&Arc<Cognito>, &Arc<Lambda>, &Arc<EventBridge>),
) -> Arc<AppSync> {
    let below = Below {
        iam: Arc::clone(iam),
        s3: Arc::clone(s3),
        dynamodb: Arc::clone(dynamodb),
        cognito: Arc::clone(cognito),
        lambda: Arc::clone(lambda),
        eventbridge: Arc::clone(eventbridge),
    };
    Arc::new(AppSync::new(Arc::clone(shared), below))
}

/// What carries events, topics and buses, which receive of each other, and schedules, which send to them.
fn events(
    shared: &Arc<Shared>,
    iam: &Arc<Iam>,
    sqs: &Arc<Sqs>,
    lambda: &Arc<Lambda>,
) -> (Arc<Delivery>, Arc<Sns>, Arc<EventBridge>, Arc<Scheduler>) {
    let delivery = Arc::new(Delivery::new(Arc::clone(shared), Arc::clone(iam), Arc::clone(sqs)));
    let sns = Arc::new(Sns::new(Arc::clone(shared), Arc::clone(iam), Arc::clone(&delivery)));
    let eventbridge = Arc::new(EventBridge::new(Arc::clone(shared), Arc::clone(iam), Arc::clone(&delivery)));
    delivery.connect(vec![
        Arc::new(Functions(Arc::clone(lambda))),
        Arc::new(Queues(Arc::clone(sqs))),
        Arc::clone(&sns) as _,
        Arc::clone(&eventbridge) as _,
    ]);
    let outlet: Arc<dyn lambda::Outlet> = Arc::clone(&delivery) as _;
    lambda.connect(&outlet);
    let scheduler = Arc::new(Scheduler::new(Arc::clone(shared), Arc::clone(iam), Arc::clone(&delivery)));
    (delivery, sns, eventbridge, scheduler)
}
