//! The DynamoDB data source: AppSync's requests to DynamoDB's actions, with the data source's role.
//!
//! Source: "AWS AppSync JavaScript resolver function reference for DynamoDB". Not here: several tables at once, which is
//! in `batch`, and tables with versions, which are in `versioned`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::cloud::service::{ApiError, Caller, Permission};

use super::handler::Handling;
use super::item::{plain_item, plain_member, strict_entries};
use super::{Answer, Backends, Origin, PRINCIPAL, batch, versioned};
use crate::cloud::appsync::fault::Fault;
use crate::cloud::appsync::record::{DataSource, DynamoDbConfig};

/// One request to a table, with who asks.
pub(super) struct Asking<'a> {
    pub backends: &'a Backends,
    pub caller: Caller,
    pub config: &'a DynamoDbConfig,
    pub request: &'a Value,
    /// The role that functions are called with, the field that asks, and how often a function had the request repeated.
    pub handling: Handling<'a>,
}

/// Carries out a request.
pub(super) fn invoke(
    backends: &Backends,
    source: &DataSource,
    origin: &Origin<'_>,
    request: &Value,
) -> Result<Answer, Fault> {
    let Some(config) = &source.dynamodb_config else {
        return Err(Fault::raised("MappingTemplate", format!("the data source {} has no table", source.name)));
    };
    let caller = match acting(backends, source, origin.caller, config) {
        Ok(caller) => caller,
        Err(error) => return Ok(refused(backends, &error, Value::Null)),
    };
    let handling = Handling { role: source.service_role_arn.as_deref(), origin, repeated: 0 };
    let asking = Asking { backends, caller, config, request, handling };
    if let Some(delta) = config.delta_sync_config.as_ref().filter(|_| config.versioned) {
        return versioned::invoke(&asking, source, delta, origin);
    }
    asking.carry_out()
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
    /// Carries out a request to a table without versions.
    pub(super) fn carry_out(&self) -> Result<Answer, Fault> {
        match self.request.get("operation").and_then(Value::as_str).unwrap_or_default() {
            "GetItem" => self.get(),
            "PutItem" => self.put(),
            "UpdateItem" => self.update(),
            "DeleteItem" => self.delete(),
            "Query" => self.page("Query"),
            "Scan" => self.page("Scan"),
            "BatchGetItem" => batch::get(self),
            "BatchPutItem" => batch::put(self),
            "BatchDeleteItem" => batch::delete(self),
            "TransactGetItems" => batch::transact_get(self),
            "TransactWriteItems" => batch::transact_write(self),
            "Sync" => Err(malformed("Unsupported operation 'Sync'. It needs a versioned data source")),
            other => Err(malformed(&format!(
                "Unsupported operation '{other}'. Expected one of GetItem, PutItem, UpdateItem, DeleteItem, Query, Scan, \
                 BatchGetItem, BatchPutItem, BatchDeleteItem, TransactGetItems, TransactWriteItems"
            ))),
        }
    }

    /// A required member that is a map.
    pub(super) fn map(&self, name: &str) -> Result<Map<String, Value>, Fault> {
        member_map(self.request, name)
    }

    /// Asks IAM, then DynamoDB.
    pub(super) fn execute(&self, action: &str, tables: &[(&str, &str)], input: Value) -> Result<Value, ApiError> {
        self.authorize(tables)?;
        self.backends.dynamodb.execute(action, input)
    }

    /// Asks IAM for each action on a table or an index.
    fn authorize(&self, tables: &[(&str, &str)]) -> Result<(), ApiError> {
        let shared = &self.backends.shared;
        for (permission, table) in tables {
            let resource = format!("arn:aws:dynamodb:{}:{}:table/{table}", shared.region, shared.account);
            let permission = Permission::new(format!("dynamodb:{permission}"), resource);
            self.backends.iam.authorize(&self.caller, &permission)?;
        }
        Ok(())
    }

    /// A read of one table or index: its answer, of which `plain` makes what resolvers see.
    fn read(
        &self,
        (action, place): (&str, &str),
        input: Map<String, Value>,
        plain: impl FnOnce(&Value) -> Value,
    ) -> Result<Answer, Fault> {
        let Backends { dynamodb, kept, .. } = self.backends;
        if let Err(error) = self.authorize(&[(action, place)]) {
            return Ok(refused(self.backends, &error, Value::Null));
        }
        let input = Value::Object(input);
        let (age, question) = (dynamodb.age(), format!("{action}{input}"));
        if let Some(answer) = kept.find(age, &question) {
            return Ok(Answer::result(answer));
        }
        Ok(match dynamodb.execute(action, input) {
            Ok(answer) => {
                let answer = Arc::new(plain(&answer));
                kept.keep(age, question, &answer);
                Answer::result(answer)
            }
            Err(error) => refused(self.backends, &error, Value::Null),
        })
    }

    pub(super) fn table(&self) -> &str {
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
        self.read(("GetItem", self.table()), input, |answer| plain_member(answer, "Item"))
    }

    /// The input of `PutItem`, `UpdateItem` or `DeleteItem`; without its condition where that is asked later.
    pub(super) fn write_input(&self, operation: &str, conditional: bool) -> Result<Map<String, Value>, Fault> {
        let key = strict_entries(&self.map("key")?);
        let mut input = Map::new();
        input.insert("TableName".to_owned(), self.table().into());
        let mut names = Names::default();
        if operation == "PutItem" {
            let mut item = strict_entries(&self.map("attributeValues")?);
            item.extend(key);
            input.insert("Item".to_owned(), item.into());
        } else {
            input.insert("Key".to_owned(), key.into());
        }
        if operation == "UpdateItem" {
            names.expression(self.request, "update", ("UpdateExpression", &mut input));
        }
        if conditional {
            names.expression(self.request, "condition", ("ConditionExpression", &mut input));
        }
        names.finish(&mut input);
        Ok(input)
    }

    fn put(&self) -> Result<Answer, Fault> {
        let input = self.write_input("PutItem", true)?;
        let key = strict_entries(&self.map("key")?);
        let item = input.get("Item").and_then(Value::as_object).cloned().unwrap_or_default();
        Ok(match self.execute("PutItem", &[("PutItem", self.table())], input.into()) {
            Ok(_) => Answer::result(plain_item(&item)),
            Err(error) => self.failed(&error, &key, Some(&item)),
        })
    }

    fn update(&self) -> Result<Answer, Fault> {
        let key = strict_entries(&self.map("key")?);
        let mut input = self.write_input("UpdateItem", true)?;
        input.insert("ReturnValues".to_owned(), "ALL_NEW".into());
        Ok(match self.execute("UpdateItem", &[("UpdateItem", self.table())], input.into()) {
            Ok(answer) => Answer::result(plain_member(&answer, "Attributes")),
            Err(error) => self.failed(&error, &key, None),
        })
    }

    fn delete(&self) -> Result<Answer, Fault> {
        let key = strict_entries(&self.map("key")?);
        let mut input = self.write_input("DeleteItem", true)?;
        input.insert("ReturnValues".to_owned(), "ALL_OLD".into());
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
        if done {
            return Answer::result(current);
        }
        let strategy = condition.pointer("/conditionalCheckFailedHandler/strategy").and_then(Value::as_str);
        if strategy == Some("Custom") { self.handle(error, current) } else { refused(self.backends, error, current) }
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
        self.read((action, &place), input, page_of)
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

    /// The same, in addition to the expression that is there already.
    pub(super) fn also(&mut self, request: &Value, member: &str, (target, input): (&str, &mut Map<String, Value>)) {
        let first = input.remove(target);
        self.expression(request, member, (target, input));
        let joined = match (first, input.remove(target)) {
            (Some(Value::String(first)), Some(Value::String(second))) => {
                Some(format!("({first}) AND ({second})").into())
            }
            (first, second) => first.or(second),
        };
        if let Some(joined) = joined {
            input.insert(target.to_owned(), joined);
        }
    }

    /// A value that no expression of the request brings along.
    pub(super) fn value(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
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
