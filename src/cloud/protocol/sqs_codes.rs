//! SQS's refusals have two names: that of the JSON model, and the older one of the Query protocol, by which clients know
//! them still.
//!
//! Source: the `awsQueryError` traits of SQS's model.

/// Names that differ: of the JSON model, of the Query protocol.
const CODES: &[(&str, &str)] = &[
    ("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
    ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
    ("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
    ("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
    ("InvalidParameterValueException", "InvalidParameterValue"),
    ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
    ("MissingRequiredParameterException", "MissingParameter"),
    ("PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
    ("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"),
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    ("QueueNameExists", "QueueAlreadyExists"),
    ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
    ("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
    ("AccessDeniedException", "AccessDenied"),
];

/// The name of the Query protocol for a refusal of SQS.
pub(in crate::cloud) fn sqs_query_code(code: &str) -> &str {
    CODES.iter().find(|(json, _)| *json == code).map_or(code, |(_, query)| query)
}
