//! A mapping as stored: what may be said of it, in which limits.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::mappings::check_pattern;
use crate::cloud::lambda::engine::destinations::checked;
use crate::cloud::lambda::engine::settings::{constraint, invalid, number};
use crate::cloud::service::{ApiError, Shared};

/// Members whose meaning is not built.
const UNBUILT: [&str; 11] = [
    "AmazonManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
    "KmsKeyArn",
    "LoggingConfig",
    "MetricsConfig",
    "ProvisionedPollerConfig",
    "Queues",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "SourceAccessConfigurations",
    "Topics",
];

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cloud::lambda) enum SourceKind {
    /// A queue of SQS.
    Queue,
    /// The stream of a table.
    Stream,
}

impl SourceKind {
    /// The kind of a source, by its ARN.
    pub(in crate::cloud::lambda) fn of(arn: &str) -> Result<Self, ApiError> {
        match arn.split(':').nth(2) {
            Some("sqs") => Ok(Self::Queue),
            Some("dynamodb") if arn.contains("/stream/") => Ok(Self::Stream),
            Some(service @ ("kinesis" | "kafka" | "mq" | "rds")) => {
                Err(ApiError::not_built("lambda", &format!("event source mappings of the service {service}")))
            }
            _ => Err(invalid(format!(
                "Unrecognized event source, must be dynamodb stream or sqs. Unsupported source arn : {arn}"
            ))),
        }
    }
}

/// A mapping as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cloud::lambda) struct Mapping {
    pub id: String,
    /// The ARN of what is read.
    pub source: String,
    /// The ARN of the function, with the qualifier if there is one.
    pub function: String,
    pub enabled: bool,
    pub batch_size: usize,
    /// How long records are gathered, in seconds.
    pub window_s: u64,
    /// `TRIM_HORIZON` or `LATEST`, for streams.
    pub starting: Option<String>,
    /// Patterns as JSON texts; one must fit.
    pub filters: Vec<String>,
    /// Whether the function tells which records have failed.
    pub partial: bool,
    /// Whether a batch that fails is cut in two.
    pub bisect: bool,
    /// How often a batch is tried again; -1 without limit.
    pub retries: i64,
    /// How old a record may become, in seconds; -1 without limit.
    pub max_age_s: i64,
    /// Kept: a stream here has one shard, and its records stay in order.
    pub parallel: u64,
    /// Where what is given up is told.
    pub on_failure: Option<String>,
    /// How many batches of a queue may be worked on at the same time.
    pub most_concurrent: Option<u64>,
    pub modified_ms: i64,
    pub last_result: String,
}

impl Mapping {
    pub(super) fn new(id: String, source: &str, function: String, kind: SourceKind) -> Self {
        Self {
            id,
            source: source.to_owned(),
            function,
            enabled: true,
            batch_size: if kind == SourceKind::Queue { 10 } else { 100 },
            window_s: 0,
            starting: None,
            filters: Vec::new(),
            partial: false,
            bisect: false,
            retries: -1,
            max_age_s: -1,
            parallel: 1,
            on_failure: None,
            most_concurrent: None,
            modified_ms: 0,
            last_result: "No records processed".to_owned(),
        }
    }

    fn is_queue(&self) -> bool {
        SourceKind::of(&self.source).is_ok_and(|kind| kind == SourceKind::Queue)
    }

    /// This mapping with the members of an input in their place.
    pub(super) fn with(mut self, input: &Value) -> Result<Self, ApiError> {
        if let Some(name) = UNBUILT.iter().find(|name| input.get(**name).is_some_and(|value| !value.is_null())) {
            return Err(ApiError::not_built("lambda", &format!("event source mappings with {name}")));
        }
        if let Some(enabled) = input.get("Enabled").filter(|value| !value.is_null()) {
            self.enabled = flag(enabled);
        }
        if let Some(size) = number(input, "BatchSize", "batchSize", 1..=10_000)? {
            self.batch_size = usize::try_from(size).unwrap_or(usize::MAX);
        }
        if let Some(window) =
            number(input, "MaximumBatchingWindowInSeconds", "maximumBatchingWindowInSeconds", 0..=300)?
        {
            self.window_s = window;
        }
        if self.is_queue() && self.batch_size > 10 && self.window_s == 0 {
            return Err(invalid(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
            ));
        }
        if let Some(criteria) = input.get("FilterCriteria").filter(|value| !value.is_null()) {
            let filters = criteria.get("Filters").and_then(Value::as_array).into_iter().flatten();
            let patterns = filters.filter_map(|filter| filter.get("Pattern").and_then(Value::as_str));
            self.filters = patterns.map(str::to_owned).collect();
            if self.filters.len() > 10 {
                return Err(invalid("An event source mapping can have at most 10 filters."));
            }
            self.filters.iter().try_for_each(|text| check_pattern(text))?;
        }
        if let Some(types) = input.get("FunctionResponseTypes").and_then(Value::as_array) {
            if let Some(other) = types.iter().find(|kind| *kind != "ReportBatchItemFailures") {
                let rule = "satisfy enum value set: [ReportBatchItemFailures]";
                return Err(constraint(&other.to_string(), "functionResponseTypes", rule));
            }
            self.partial = !types.is_empty();
        }
        if self.is_queue() { self.with_queue(input) } else { self.with_stream(input) }
    }

    fn with_queue(mut self, input: &Value) -> Result<Self, ApiError> {
        for name in [
            "BisectBatchOnFunctionError",
            "DestinationConfig",
            "MaximumRecordAgeInSeconds",
            "MaximumRetryAttempts",
            "ParallelizationFactor",
            "StartingPosition",
            "StartingPositionTimestamp",
            "TumblingWindowInSeconds",
        ] {
            if input.get(name).is_some_and(|value| !value.is_null()) {
                return Err(invalid(format!("Unsupported parameter for the event source SQS: {name}.")));
            }
        }
        if let Some(scaling) = input.get("ScalingConfig") {
            self.most_concurrent = number(scaling, "MaximumConcurrency", "scalingConfig.maximumConcurrency", 2..=1000)?;
        }
        Ok(self)
    }

    fn with_stream(mut self, input: &Value) -> Result<Self, ApiError> {
        if input.get("ScalingConfig").and_then(|scaling| scaling.get("MaximumConcurrency")).is_some() {
            return Err(invalid("Unsupported parameter for the event source DynamoDB: ScalingConfig."));
        }
        if number(input, "TumblingWindowInSeconds", "tumblingWindowInSeconds", 0..=900)?
            .is_some_and(|window| window > 0)
        {
            return Err(ApiError::not_built("lambda", "event source mappings with TumblingWindowInSeconds"));
        }
        match input.get("StartingPosition").and_then(Value::as_str) {
            None => {}
            Some(start @ ("TRIM_HORIZON" | "LATEST")) => self.starting = Some(start.to_owned()),
            Some("AT_TIMESTAMP") => {
                return Err(invalid("AT_TIMESTAMP is not supported as the StartingPosition of DynamoDB streams."));
            }
            Some(other) => {
                let rule = "satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]";
                return Err(constraint(other, "startingPosition", rule));
            }
        }
        if let Some(retries) = whole(input, "MaximumRetryAttempts", "maximumRetryAttempts", -1..=10_000)? {
            self.retries = retries;
        }
        if let Some(age) = whole(input, "MaximumRecordAgeInSeconds", "maximumRecordAgeInSeconds", -1..=604_800)? {
            if (0..60).contains(&age) {
                let rule = "have value greater than or equal to 60, or -1";
                return Err(constraint(&age.to_string(), "maximumRecordAgeInSeconds", rule));
            }
            self.max_age_s = age;
        }
        if let Some(bisect) = input.get("BisectBatchOnFunctionError").filter(|value| !value.is_null()) {
            self.bisect = flag(bisect);
        }
        if let Some(parallel) = number(input, "ParallelizationFactor", "parallelizationFactor", 1..=10)? {
            self.parallel = parallel;
        }
        if let Some(config) = input.get("DestinationConfig").filter(|value| !value.is_null()) {
            let arn = config.pointer("/OnFailure/Destination").and_then(Value::as_str).filter(|arn| !arn.is_empty());
            if let Some(arn) = arn {
                checked(arn)?;
            }
            if let Some(arn) = arn.filter(|arn| !matches!(arn.split(':').nth(2), Some("sqs" | "sns"))) {
                return Err(invalid(format!("The destination {arn} must be a queue of SQS or a topic of SNS.")));
            }
            self.on_failure = arn.map(str::to_owned);
        }
        Ok(self)
    }

    /// Streams need to know where to begin.
    pub(super) fn check_start(&self) -> Result<(), ApiError> {
        if !self.is_queue() && self.starting.is_none() {
            return Err(constraint("null", "startingPosition", "not be null"));
        }
        Ok(())
    }

    /// The ARN of the mapping.
    pub(in crate::cloud::lambda) fn arn(&self, shared: &Shared) -> String {
        format!("arn:aws:lambda:{}:{}:event-source-mapping:{}", shared.region, shared.account, self.id)
    }

    /// The mapping as the API gives it, in a state (`Enabled` or `Disabled` unless something happens to it).
    pub(in crate::cloud::lambda) fn described(&self, shared: &Shared, state: Option<&str>) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "the API gives seconds with a fraction; a date is small enough")]
        let modified = self.modified_ms as f64 / 1000.0;
        let own = if self.enabled { "Enabled" } else { "Disabled" };
        let types: &[&str] = if self.partial { &["ReportBatchItemFailures"] } else { &[] };
        let mut told = json!({
            "UUID": self.id, "EventSourceMappingArn": self.arn(shared), "EventSourceArn": self.source,
            "FunctionArn": self.function, "State": state.unwrap_or(own), "StateTransitionReason": "USER_INITIATED",
            "BatchSize": self.batch_size, "MaximumBatchingWindowInSeconds": self.window_s, "LastModified": modified,
            "FunctionResponseTypes": types,
        });
        if !self.filters.is_empty() {
            let filters: Vec<Value> = self.filters.iter().map(|pattern| json!({"Pattern": pattern})).collect();
            told["FilterCriteria"] = json!({"Filters": filters});
        }
        if let Some(most) = self.most_concurrent {
            told["ScalingConfig"] = json!({"MaximumConcurrency": most});
        }
        if !self.is_queue() {
            let failure = self.on_failure.as_ref().map_or_else(|| json!({}), |arn| json!({"Destination": arn}));
            let more = json!({
                "StartingPosition": self.starting, "LastProcessingResult": self.last_result,
                "MaximumRetryAttempts": self.retries, "MaximumRecordAgeInSeconds": self.max_age_s,
                "BisectBatchOnFunctionError": self.bisect, "ParallelizationFactor": self.parallel,
                "TumblingWindowInSeconds": 0, "DestinationConfig": {"OnFailure": failure},
            });
            for (name, value) in more.as_object().into_iter().flatten() {
                told[name] = value.clone();
            }
        }
        told
    }
}

/// A boolean; CloudFormation may give it as text.
fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str() == Some("true"))
}

/// A whole number in its limits, which may be negative.
fn whole(
    input: &Value,
    name: &str,
    member: &str,
    limits: std::ops::RangeInclusive<i64>,
) -> Result<Option<i64>, ApiError> {
    let Some(value) = input.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match shown.parse() {
        Ok(read) if limits.contains(&read) => Ok(Some(read)),
        _ => {
            let rule = format!("have value from {} to {}", limits.start(), limits.end());
            Err(constraint(&shown, member, &rule))
        }
    }
}
