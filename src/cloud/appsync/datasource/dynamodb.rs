//! The DynamoDB data source: AppSync's requests to DynamoDB's actions, with the data source's role.
//!
//! Source: "AWS AppSync JavaScript resolver function reference for DynamoDB". Not here: several tables at once, which is
//! in `batch`, and `Sync`, which versioned data sources need and this cloud does not have.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::cloud::service::{ApiError, Caller, Permission};

use super::item::{plain_item, plain_member, strict_entries};
use super::{Answer, Backends, PRINCIPAL, batch};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::{DataSource, DynamoDbConfig};

/// One request to a table, with who asks.
pub(super) struct Asking<'a> {
    pub backends: &'a Backends,
    pub caller: Caller,
    pub config: &'a DynamoDbConfig,
    pub request: &'a Value,
}

/// Carries out a request.
pub(super) fn invoke(
    backends: &Backends,
    source: &DataSource,
    caller: &Caller,
    request: &Value,
) -> Result<Answer, Fault> {
    let Some(config) = &source.dynamodb_config else {
        return Err(Fault::raised("MappingTemplate", format!("the data source {} has no table", source.name)));
    };
    let caller = match acting(backends, source, caller, config) {
        Ok(caller) => caller,
        Err(error) => return Ok(refused(backends, &error, Value::Null)),
    };
    let asking = Asking { backends, caller, config, request };
    match request.get("operation").and_then(Value::as_str).unwrap_or_default() {
        "GetItem" => asking.get(),
        "PutItem" => asking.put(),
        "UpdateItem" => asking.update(),
        "DeleteItem" => asking.delete(),
        "Query" => asking.page("Query"),
        "Scan" => asking.page("Scan"),
        "BatchGetItem" => batch::get(&asking),
        "BatchPutItem" => batch::put(&asking),
        "BatchDeleteItem" => batch::delete(&asking),
        "TransactGetItems" => batch::transact_get(&asking),
        "TransactWriteItems" => batch::transact_write(&asking),
        "Sync" => Err(malformed("the embedded cloud has no versioned data sources: `Sync` is not supported")),
        other => Err(malformed(&format!(
            "Unsupported operation '{other}'. Expected one of GetItem, PutItem, UpdateItem, DeleteItem, Query, Scan, \
             BatchGetItem, BatchPutItem, BatchDeleteItem, TransactGetItems, TransactWriteItems"
        ))),
    }
}

fn acting(
    backends: &Backends,
    source: &DataSource,
    caller: &Caller,
    config: &DynamoDbConfig,
) -> Result<Caller, ApiError> {
    if config.use_caller_credentials {
        return Ok(caller.clone());
    }
    backends.iam.act_as(source.service_role_arn.as_deref().unwrap_or_default(), PRINCIPAL)
}

/// A request that AppSync itself cannot read.
pub(super) fn malformed(message: &str) -> Fault {
    Fault::raised("MappingTemplate", message)
}

/// A refusal of DynamoDB as `ctx.error`, in AppSync's words.
pub(super) fn refused(backends: &Backends, error: &ApiError, result: Value) -> Answer {
    let id = backends.shared.ids.uuid();
    let message = format!("{} (Service: DynamoDb, Status Code: {}, Request ID: {id})", error.message, error.status);
    let code = error.code.rsplit('#').next().unwrap_or_default();
    let code = if code == "AccessDenied" { "AccessDeniedException" } else { code };
    Answer::error(format!("DynamoDB:{code}"), message, result)
}

impl Asking<'_> {
    /// A required member that is a map.
    fn map(&self, name: &str) -> Result<Map<String, Value>, Fault> {
        member_map(self.request, name)
    }

    /// Asks IAM, then DynamoDB.
    pub(super) fn execute(&self, action: &str, tables: &[(&str, &str)], input: Value) -> Result<Value, ApiError> {
        let shared = &self.backends.shared;
        for (permission, table) in tables {
            let resource = format!("arn:aws:dynamodb:{}:{}:table/{table}", shared.region, shared.account);
            let permission = Permission::new(format!("dynamodb:{permission}"), resource);
            self.backends.iam.authorize(&self.caller, &permission)?;
        }
        self.backends.dynamodb.execute(action, input)
    }

    fn table(&self) -> &str {
        &self.config.table_name
    }

    fn get(&self) -> Result<Answer, Fault> {
        let mut input = Map::new();
        input.insert("TableName".to_owned(), self.table().into());
        input.insert("Key".to_owned(), strict_entries(&self.map("key")?).into());
        input.insert("ConsistentRead".to_owned(), flag(self.request, "consistentRead").into());
        let mut names = Names::default();
        names.expression(self.request, "projection", ("ProjectionExpression", &mut input));
        names.finish(&mut input);
        Ok(match self.execute("GetItem", &[("GetItem", self.table())], input.into()) {
            Ok(answer) => Answer::result(plain_member(&answer, "Item")),
            Err(error) => refused(self.backends, &error, Value::Null),
        })
    }

    fn put(&self) -> Result<Answer, Fault> {
        let mut item = strict_entries(&self.map("attributeValues")?);
        let key = strict_entries(&self.map("key")?);
        item.extend(key.clone());
        let mut input = Map::new();
        input.insert("TableName".to_owned(), self.table().into());
        input.insert("Item".to_owned(), item.clone().into());
        let mut names = Names::default();
        names.expression(self.request, "condition", ("ConditionExpression", &mut input));
        names.finish(&mut input);
        Ok(match self.execute("PutItem", &[("PutItem", self.table())], input.into()) {
            Ok(_) => Answer::result(plain_item(&item)),
            Err(error) => self.failed(&error, &key, Some(&item)),
        })
    }

    fn update(&self) -> Result<Answer, Fault> {
        let key = strict_entries(&self.map("key")?);
        let mut input = Map::new();
        input.insert("TableName".to_owned(), self.table().into());
        input.insert("Key".to_owned(), key.clone().into());
        input.insert("ReturnValues".to_owned(), "ALL_NEW".into());
        let mut names = Names::default();
        names.expression(self.request, "update", ("UpdateExpression", &mut input));
        names.expression(self.request, "condition", ("ConditionExpression", &mut input));
        names.finish(&mut input);
        Ok(match self.execute("UpdateItem", &[("UpdateItem", self.table())], input.into()) {
            Ok(answer) => Answer::result(plain_member(&answer, "Attributes")),
            Err(error) => self.failed(&error, &key, None),
        })
    }

    fn delete(&self) -> Result<Answer, Fault> {
        let key = strict_entries(&self.map("key")?);
        let mut input = Map::new();
        input.insert("TableName".to_owned(), self.table().into());
        input.insert("Key".to_owned(), key.clone().into());
        input.insert("ReturnValues".to_owned(), "ALL_OLD".into());
        let mut names = Names::default();
        names.expression(self.request, "condition", ("ConditionExpression", &mut input));
        names.finish(&mut input);
        Ok(match self.execute("DeleteItem", &[("DeleteItem", self.table())], input.into()) {
            Ok(answer) => Answer::result(plain_member(&answer, "Attributes")),
            Err(error) => self.failed(&error, &key, None),
        })
    }

    /// A failed write. After a failed condition AppSync reads the item: when it is already what the write would have made
    /// of it, the write counts as done; otherwise the item comes with the error ("Condition expressions", AppSync guide).
    fn failed(&self, error: &ApiError, key: &Map<String, Value>, wanted: Option<&Map<String, Value>>) -> Answer {
        if !error.code.ends_with("ConditionalCheckFailedException") {
            return refused(self.backends, error, Value::Null);
        }
        let condition = self.request.get("condition").unwrap_or(&Value::Null);
        let strategy = condition.pointer("/conditionalCheckFailedHandler/strategy").and_then(Value::as_str);
        if strategy == Some("Custom") {
            let message = "the embedded cloud has no Lambda: `conditionalCheckFailedHandler` cannot be called";
            return Answer::error("NotImplemented", message, Value::Null);
        }
        let consistent = condition.get("consistentRead").and_then(Value::as_bool).unwrap_or(true);
        let input = json!({ "TableName": self.table(), "Key": key, "ConsistentRead": consistent });
        let stored = match self.execute("GetItem", &[("GetItem", self.table())], input) {
            Ok(answer) => answer.get("Item").and_then(Value::as_object).cloned(),
            Err(error) => return refused(self.backends, &error, Value::Null),
        };
        let ignored: Vec<&str> = condition
            .get("equalsIgnore")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let operation = self.request.get("operation").and_then(Value::as_str);
        let done = match (operation, &stored, wanted) {
            (Some("DeleteItem"), None, _) => true,
            (Some("PutItem"), Some(stored), Some(wanted)) => same(stored, wanted, &ignored),
            _ => false,
        };
        let current = stored.as_ref().map_or(Value::Null, plain_item);
        if done { Answer::result(current) } else { refused(self.backends, error, current) }
    }

    fn page(&self, action: &str) -> Result<Answer, Fault> {
        let request = self.request;
        let mut input = Map::new();
        input.insert("TableName".to_owned(), self.table().into());
        let mut names = Names::default();
        if action == "Query" {
            if request.pointer("/query/expression").is_none() {
                return Err(malformed("Value for field '$[query]' not found."));
            }
            names.expression(request, "query", ("KeyConditionExpression", &mut input));
            if let Some(forward) = request.get("scanIndexForward").and_then(Value::as_bool) {
                input.insert("ScanIndexForward".to_owned(), forward.into());
            }
        } else {
            for (name, target) in [("totalSegments", "TotalSegments"), ("segment", "Segment")] {
                if let Some(number) = request.get(name).filter(|number| number.is_u64()) {
                    input.insert(target.to_owned(), number.clone());
                }
            }
        }
        names.expression(request, "filter", ("FilterExpression", &mut input));
        names.expression(request, "projection", ("ProjectionExpression", &mut input));
        names.finish(&mut input);
        for (name, target) in [("index", "IndexName"), ("select", "Select"), ("limit", "Limit")] {
            if let Some(value) = request.get(name).filter(|value| !value.is_null()) {
                input.insert(target.to_owned(), value.clone());
            }
        }
        if flag(request, "consistentRead") {
            input.insert("ConsistentRead".to_owned(), true.into());
        }
        if let Some(token) = request.get("nextToken").filter(|token| !token.is_null()) {
            let Some(key) = token.as_str().and_then(read_token) else {
                return Ok(Answer::error("IllegalArgument", "Invalid pagination token given.", Value::Null));
            };
            input.insert("ExclusiveStartKey".to_owned(), key);
        }
        let index = request.get("index").and_then(Value::as_str);
        let place = index.map_or_else(|| self.table().to_owned(), |index| format!("{}/index/{index}", self.table()));
        Ok(match self.execute(action, &[(action, &place)], input.into()) {
            Ok(answer) => Answer::result(page_of(&answer)),
            Err(error) => refused(self.backends, &error, Value::Null),
        })
    }
}

fn page_of(answer: &Value) -> Value {
    let items = answer.get("Items").and_then(Value::as_array);
    let items: Vec<Value> = items.into_iter().flatten().filter_map(Value::as_object).map(plain_item).collect();
    let token = answer.get("LastEvaluatedKey").filter(|key| key.is_object()).map(write_token);
    json!({ "items": items, "nextToken": token, "scannedCount": answer.get("ScannedCount") })
}

/// The key at which a page ended, as an opaque text.
fn write_token(key: &Value) -> String {
    STANDARD.encode(json!({ "version": 1, "startKey": key }).to_string())
}

fn read_token(token: &str) -> Option<Value> {
    let read: Value = serde_json::from_slice(&STANDARD.decode(token).ok()?).ok()?;
    read.get("startKey").filter(|key| key.is_object()).cloned()
}

/// Whether two items are equal, apart from some attributes.
fn same(left: &Map<String, Value>, right: &Map<String, Value>, ignored: &[&str]) -> bool {
    let compared = |map: &Map<String, Value>| -> std::collections::BTreeMap<String, Value> {
        let kept = map.iter().filter(|(name, _)| !ignored.contains(&name.as_str()));
        kept.map(|(name, value)| (name.clone(), super::item::plain(value))).collect()
    };
    compared(left) == compared(right)
}

pub(super) fn flag(request: &Value, name: &str) -> bool {
    request.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// A required member that is a map.
pub(super) fn member_map(request: &Value, name: &str) -> Result<Map<String, Value>, Fault> {
    let found = request.get(name).and_then(Value::as_object).cloned();
    found.ok_or_else(|| malformed(&format!("Value for field '$[{name}]' not found.")))
}

/// The names and values of all expressions of a request.
#[derive(Default)]
pub(super) struct Names {
    names: Map<String, Value>,
    values: Map<String, Value>,
}

impl Names {
    /// Takes one expression of a request over into DynamoDB's input.
    pub(super) fn expression(
        &mut self,
        request: &Value,
        member: &str,
        (target, input): (&str, &mut Map<String, Value>),
    ) {
        let Some(expression) = request.get(member).filter(|one| one.is_object()) else { return };
        let text = expression.get("expression").and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        input.insert(target.to_owned(), text.into());
        if let Some(names) = expression.get("expressionNames").and_then(Value::as_object) {
            self.names.extend(names.clone());
        }
        if let Some(values) = expression.get("expressionValues").and_then(Value::as_object) {
            self.values.extend(strict_entries(values));
        }
    }

    /// Writes what was gathered; DynamoDB refuses empty maps.
    pub(super) fn finish(self, input: &mut Map<String, Value>) {
        if !self.names.is_empty() {
            input.insert("ExpressionAttributeNames".to_owned(), self.names.into());
        }
        if !self.values.is_empty() {
            input.insert("ExpressionAttributeValues".to_owned(), self.values.into());
        }
    }
}
