//! The front page: what is deployed, addresses, the mailbox, commands to paste. It has no door of its own into an engine.

use super::service::{ApiCall, ApiReply, ReplyBody};
use super::services::Services;

/// Answers a request below `/_ampup`, and for the front page itself.
pub(in crate::cloud) async fn answer(services: &Services, call: &ApiCall) -> ApiReply {
    let _ = (services, call);
    ApiReply { status: 404, headers: Vec::new(), body: ReplyBody::Empty }
}
