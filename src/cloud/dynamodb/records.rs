//! The records of streams in the engine's file: found in order, and trimmed.
//!
//! The engine keeps them for good. They go when they are as old as DynamoDB keeps them ("Change data capture for DynamoDB
//! Streams": 24 hours), the oldest of a stream before that when there are very many.

use std::path::Path;

use rusqlite::{Connection, params};

use super::super::service::ApiError;

/// How long a record is kept, in seconds.
pub(super) const KEPT_S: i64 = 24 * 3600;

/// How many records of a stream are kept at most.
pub(super) const MOST: i64 = 100_000;

/// How many go at once, so that writers wait for moments only.
const STEP: i64 = 2_000;

/// Lets the engine find the last record of a table's stream without reading all of them, which it does at every write.
pub(super) fn order(path: &Path) -> Result<(), ApiError> {
    let statement = "CREATE INDEX IF NOT EXISTS ampup_stream_order
                     ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";
    Connection::open(path).and_then(|connection| connection.execute_batch(statement)).map_err(failed)
}

/// Deletes the records that were made before `before_s` (seconds since 1970), and of each stream the oldest beyond `most`;
/// says how many went.
pub(super) fn trim(path: &Path, before_s: i64, most: i64) -> Result<usize, ApiError> {
    let connection = Connection::open(path).map_err(failed)?;
    let mut gone = repeated(|| {
        let sql = "DELETE FROM _stream_records WHERE id IN
                   (SELECT id FROM _stream_records WHERE created_at < ?1 ORDER BY id LIMIT ?2)";
        connection.execute(sql, [before_s, STEP])
    })?;
    let counted = "SELECT table_name, COUNT(*) FROM _stream_records GROUP BY table_name HAVING COUNT(*) > ?1";
    let mut statement = connection.prepare(counted).map_err(failed)?;
    let rows = statement.query_map([most], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)));
    let many: Vec<(String, i64)> = rows.and_then(Iterator::collect).map_err(failed)?;
    for (table, count) in many {
        let mut left = count - most;
        gone += repeated(|| {
            let sql = "DELETE FROM _stream_records WHERE id IN
                       (SELECT id FROM _stream_records WHERE table_name = ?1
                        ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?2)";
            let gone = connection.execute(sql, params![table, left.min(STEP)])?;
            left -= i64::try_from(gone).unwrap_or(left);
            Ok(gone)
        })?;
    }
    Ok(gone)
}

/// Does something until nothing is left to do.
fn repeated(mut step: impl FnMut() -> rusqlite::Result<usize>) -> Result<usize, ApiError> {
    let mut all = 0;
    loop {
        match step().map_err(failed)? {
            0 => return Ok(all),
            gone => all += gone,
        }
    }
}

fn failed(error: rusqlite::Error) -> ApiError {
    ApiError::new("InternalServerError", format!("the records of streams could not be used: {error}")).status(500)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tables::{Dynoxide, TableEngine as _};
    use super::trim;

    fn written(engine: &Dynoxide, from: usize, to: usize) {
        for number in from..to {
            let input = json!({"TableName": "Table", "Item": {"id": {"S": number.to_string()}}});
            engine.execute("PutItem", input).unwrap();
        }
    }

    /// The ids in the stream from its oldest record on.
    fn told(engine: &Dynoxide, arn: &Value) -> Vec<String> {
        let stream = engine.execute("DescribeStream", json!({"StreamArn": arn})).unwrap();
        let shard = &stream["StreamDescription"]["Shards"][0]["ShardId"];
        let input = json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        let iterator = engine.execute("GetShardIterator", input).unwrap()["ShardIterator"].take();
        let answer = engine.execute("GetRecords", json!({"ShardIterator": iterator})).unwrap();
        let records = answer["Records"].as_array().unwrap();
        records.iter().map(|record| record["dynamodb"]["Keys"]["id"]["S"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_oldest_records_go_and_the_stream_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Dynoxide::open(folder.path()).unwrap();
        let made = engine.execute(
            "CreateTable",
            json!({
                "TableName": "Table", "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"},
            }),
        );
        let arn = made.unwrap()["TableDescription"]["LatestStreamArn"].take();
        written(&engine, 0, 6);
        let path = folder.path().join("dynamodb.sqlite");
        assert_eq!(trim(&path, 0, 6).unwrap(), 0, "none is too old, and there are not too many");
        assert_eq!(trim(&path, 0, 4).unwrap(), 2);
        assert_eq!(told(&engine, &arn), ["2", "3", "4", "5"]);
        assert_eq!(trim(&path, i64::MAX, 4).unwrap(), 4, "all are too old");
        assert!(told(&engine, &arn).is_empty());
        written(&engine, 6, 8);
        assert_eq!(told(&engine, &arn), ["6", "7"]);
    }
}
