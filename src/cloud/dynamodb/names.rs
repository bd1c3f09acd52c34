//! ARNs of tables: ours outside, the engine's inside.
//!
//! The engine writes a region of its own into ARNs. Only members that hold names are rewritten, never an item.

use serde_json::Value;

use super::super::service::ApiError;

/// The engine's region, in its ARNs and stream records.
const ENGINE_REGION: &str = "dynoxide";

/// What stands between the stream and the place in it in an iterator, as AWS writes iterators.
const ITERATOR_MARK: &str = "|1|";

/// The ARN of the stream that an input names, itself or by an iterator.
pub(super) fn stream_of(input: &Value) -> Option<String> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let by_iterator = || text("ShardIterator")?.rsplit_once(ITERATOR_MARK).map(|(stream, _)| stream);
    text("StreamArn").or_else(by_iterator).map(str::to_owned)
}

/// Puts the stream into the iterators of an answer, and leaves a shard open that has no end.
pub(super) fn name_iterators(output: &mut Value, stream: &str) {
    for name in ["ShardIterator", "NextShardIterator"] {
        if let Some(Value::String(iterator)) = output.get_mut(name) {
            *iterator = format!("{stream}{ITERATOR_MARK}{iterator}");
        }
    }
    let shards = output.pointer_mut("/StreamDescription/Shards").and_then(Value::as_array_mut);
    for range in shards.into_iter().flatten().filter_map(|shard| shard.get_mut("SequenceNumberRange")) {
        if let Some(members) = range.as_object_mut() {
            members.remove("EndingSequenceNumber");
        }
    }
}

/// Makes and reads ARNs of this cloud.
pub(super) struct Names {
    region: String,
    /// `arn:aws:dynamodb:eu-west-1:000000000000:`.
    prefix: String,
    account: String,
}

impl Names {
    pub(super) fn new(region: &str, account: &str) -> Self {
        Self {
            region: region.to_owned(),
            prefix: format!("arn:aws:dynamodb:{region}:{account}:"),
            account: account.to_owned(),
        }
    }

    /// `arn:aws:dynamodb:…:table/Post`; an ARN stays one.
    pub(super) fn table_arn(&self, table: &str) -> String {
        if table.starts_with("arn:") { table.to_owned() } else { format!("{}table/{table}", self.prefix) }
    }

    /// Turns table ARNs of this cloud in an input into table names, where AWS accepts either.
    pub(super) fn inward(&self, input: &mut Value) {
        self.shorten(input);
        if let Some(Value::String(iterator)) = input.get_mut("ShardIterator")
            && let Some((_, rest)) = iterator.rsplit_once(ITERATOR_MARK)
        {
            *iterator = rest.to_owned();
        }
        let items = input.get_mut("TransactItems").and_then(Value::as_array_mut);
        let operations = items.into_iter().flatten().filter_map(Value::as_object_mut);
        operations.flat_map(|item| item.values_mut()).for_each(|operation| self.shorten(operation));
    }

    fn shorten(&self, holder: &mut Value) {
        if let Some(Value::String(name)) = holder.get_mut("TableName")
            && let Some(short) = name.strip_prefix(&self.prefix).and_then(|rest| rest.strip_prefix("table/"))
        {
            *name = short.to_owned();
        }
    }

    /// Puts this cloud's region and account into an answer.
    pub(super) fn outward(&self, action: &str, output: &mut Value) {
        match action {
            "CreateTable" | "DescribeTable" | "UpdateTable" | "DeleteTable" | "ListStreams" | "DescribeStream" => {
                self.rename(output);
            }
            "GetRecords" => {
                let records = output.get_mut("Records").and_then(Value::as_array_mut);
                for region in records.into_iter().flatten().filter_map(|record| record.get_mut("awsRegion")) {
                    *region = Value::String(self.region.clone());
                }
            }
            _ => {}
        }
    }

    /// The same for the text of an error.
    pub(super) fn outward_error(&self, mut error: ApiError) -> ApiError {
        error.message = self.renamed(&error.message);
        error
    }

    fn rename(&self, value: &mut Value) {
        match value {
            Value::String(text) if text.starts_with("arn:aws:") => *text = self.renamed(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.rename(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.rename(member)),
            _ => {}
        }
    }

    fn renamed(&self, text: &str) -> String {
        if !text.contains(ENGINE_REGION) {
            return text.to_owned();
        }
        let ours = format!(":{}:{}:", self.region, self.account);
        text.replace(&format!(":{ENGINE_REGION}:000000000000:"), &ours)
    }
}
