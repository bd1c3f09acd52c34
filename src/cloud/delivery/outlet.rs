//! What functions send to topics and buses: the records of their invocations.

use serde_json::{Map, json};

use super::{Delivery, Parcel, Retry, Sender};
use crate::cloud::lambda::{Outgoing, Outlet};
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

/// How long a record is tried to be delivered, in milliseconds, and how often.
const LONGEST_AGE_MS: i64 = 6 * 3_600_000;
const TRIES: u32 = 20;

impl Outlet for Delivery {
    fn send(&self, record: &Outgoing<'_>) -> Result<(), ApiError> {
        let options = [("Source", "lambda"), ("DetailType", record.detail_type)];
        let options: Map<String, _> =
            options.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let parcel = Parcel {
            target: record.target.to_owned(),
            payload: record.body.to_owned(),
            options,
            sender: Sender {
                service: "lambda.amazonaws.com".to_owned(),
                source_arn: record.function.to_owned(),
                role: Some(record.role.to_owned()),
            },
            retry: Retry { tries: TRIES, age_ms: LONGEST_AGE_MS },
            dead_letter: None,
        };
        Delivery::send(self, Batch::default(), vec![parcel])
    }
}
