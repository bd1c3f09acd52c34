//! Functions and queues as receivers.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Parcel, Receiver};
use crate::base::BoxFuture;
use crate::cloud::iam::Guest;
use crate::cloud::lambda::{Asked, InvocationType, Invoker, Lambda};
use crate::cloud::service::ApiError;
use crate::cloud::sqs::Sqs;

/// Functions: invoked without waiting for their answer, so their own retries and destinations follow.
pub(in crate::cloud) struct Functions(pub Arc<Lambda>);

/// Queues: the payload is the body of a message.
pub(in crate::cloud) struct Queues(pub Arc<Sqs>);

impl Receiver for Functions {
    fn takes(&self, arn: &str) -> bool {
        arn.starts_with("arn:aws:lambda:") && arn.contains(":function:")
    }

    fn check(&self, arn: &str, guest: &Guest<'_>) -> Result<(), ApiError> {
        self.0.may_invoke(arn, invoker(guest))
    }

    fn receive<'a>(&'a self, parcel: &'a Parcel, guest: Guest<'a>) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(async move {
            let asked = Asked::new(&parcel.target, parcel.payload.clone(), invoker(&guest));
            self.0.invoke(Asked { kind: InvocationType::Later, ..asked }).await.map(|_| ())
        })
    }
}

fn invoker<'a>(guest: &'a Guest<'_>) -> Invoker<'a> {
    match guest {
        Guest::Caller(caller) => Invoker::Caller(caller),
        Guest::Service(visitor) => Invoker::Service(*visitor),
    }
}

impl Receiver for Queues {
    fn takes(&self, arn: &str) -> bool {
        arn.starts_with("arn:aws:sqs:")
    }

    fn check(&self, arn: &str, guest: &Guest<'_>) -> Result<(), ApiError> {
        self.0.check_send(guest, arn)
    }

    fn receive<'a>(&'a self, parcel: &'a Parcel, guest: Guest<'a>) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(async move {
            let mut message = json!({"MessageBody": parcel.payload});
            for name in ["MessageGroupId", "MessageDeduplicationId", "MessageAttributes"] {
                if let Some(value) = parcel.options.get(name).filter(|value: &&Value| !value.is_null()) {
                    message[name] = value.clone();
                }
            }
            self.0.send_for(&guest, &parcel.target, &message).map(|_| ())
        })
    }
}
