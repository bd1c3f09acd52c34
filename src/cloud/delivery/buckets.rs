//! The events of buckets: taken from S3's outbox, made parcels, given back when they are stored.
//!
//! Source: "Amazon S3 Event Notifications" of the S3 guide. S3 itself says nothing of retries; what cannot be delivered is
//! tried for a day.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::watch;

use super::{Delivery, Parcel, Retry, Sender};
use crate::cloud::iam::{Guest, ServiceVisitor};
use crate::cloud::s3::S3;
use crate::cloud::s3::events::{Destination, Destinations, Notice};
use crate::cloud::service::Shared;
use crate::cloud::store::Batch;

/// How many notices are taken at once.
const TAKEN: usize = 100;

/// How long an event is tried.
const RETRY: Retry = Retry { tries: 185, age_ms: 24 * 3600 * 1000 };

/// Who brings the events of buckets on their way.
pub(in crate::cloud) struct Buckets {
    shared: Arc<Shared>,
    s3: Arc<S3>,
    delivery: Arc<Delivery>,
}

/// Tells S3 which destinations there are.
struct Known(Arc<Delivery>);

impl Destinations for Known {
    fn check(&self, destination: &Destination, bucket_arn: &str) -> Result<(), String> {
        let (arn, kind) = match destination {
            Destination::Function(arn) => (arn, "Lambda function"),
            Destination::Queue(arn) => (arn, "queue"),
            Destination::Topic(arn) => (arn, "topic"),
            Destination::EventBridge => return Ok(()),
        };
        let guest = Guest::Service(ServiceVisitor { service: "s3.amazonaws.com", source_arn: bucket_arn });
        self.0.check(arn, &guest).map_err(|error| match error.status {
            403 => format!(
                "Permissions on the destination {kind} do not allow S3 to publish notifications from this bucket"
            ),
            _ => format!("The destination {kind} does not exist"),
        })
    }
}

impl Buckets {
    pub(in crate::cloud) fn new(shared: Arc<Shared>, s3: Arc<S3>, delivery: Arc<Delivery>) -> Self {
        s3.connect(Arc::new(Known(Arc::clone(&delivery))));
        Self { shared, s3, delivery }
    }

    /// Brings events on their way until the cloud stops.
    pub(in crate::cloud) async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            if self.work() {
                continue;
            }
            tokio::select! {
                // An error means that the cloud was dropped.
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = self.s3.outbox().wait() => {}
            }
        }
    }

    /// Takes what there is; false when there was nothing, or it could not be stored.
    pub(in crate::cloud) fn work(&self) -> bool {
        let taken = self.s3.outbox().take(TAKEN);
        if taken.is_empty() {
            return false;
        }
        let (keys, notices): (Vec<String>, Vec<Notice>) = taken.into_iter().unzip();
        let parcels = notices.into_iter().map(|notice| self.parcel(notice)).collect();
        let stored = self.delivery.send(Batch::default(), parcels);
        match stored.and_then(|()| self.s3.outbox().done(&self.shared, &keys)) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "events of buckets wait");
                false
            }
        }
    }

    fn parcel(&self, notice: Notice) -> Parcel {
        let Notice { destination, bucket, body } = notice;
        let mut options = Map::new();
        let target = match destination {
            Destination::Function(arn) | Destination::Queue(arn) => arn,
            Destination::Topic(arn) => {
                options.insert("Subject".to_owned(), Value::from("Amazon S3 Notification"));
                arn
            }
            Destination::EventBridge => {
                // The bus takes the event as it is, from S3 alone.
                options.insert("Event".to_owned(), Value::Bool(true));
                format!("arn:aws:events:{}:{}:event-bus/default", self.shared.region, self.shared.account)
            }
        };
        let sender =
            Sender { service: "s3.amazonaws.com".to_owned(), source_arn: format!("arn:aws:s3:::{bucket}"), role: None };
        Parcel { target, payload: body.to_string(), options, sender, retry: RETRY, dead_letter: None }
    }
}
