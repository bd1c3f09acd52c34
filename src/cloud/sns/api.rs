//! The API of SNS: who may, what is asked, what is answered.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::publish::{MESSAGE_BYTES, Message};
use super::topics::{Engine, Subscription, Topic, invalid};
use crate::cloud::iam::{Guest, Statements};
use crate::cloud::service::{ApiError, Caller, Permission};

/// How many topics or subscriptions a page has.
const PAGE: usize = 100;

/// How many messages a batch may have.
const ENTRIES_LIMIT: usize = 10;

/// One request.
struct Request<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
    action: &'a str,
    input: &'a Value,
}

/// Carries out a request.
pub(super) fn answer(engine: &Engine, caller: &Caller, action: &str, input: &Value) -> Result<Value, ApiError> {
    let request = Request { engine, caller, action, input };
    match action {
        "CreateTopic" => {
            let name = request.text("Name")?;
            request.allow(&engine.arn(name))?;
            let arn = engine.create(name, map(input.get("Attributes")), tags(input.get("Tags")))?;
            Ok(json!({"TopicArn": arn}))
        }
        "ListTopics" => request.list_topics(),
        "ListSubscriptions" => request.list_subscriptions(),
        "Publish" | "PublishBatch" => request.publish(),
        "Unsubscribe" | "GetSubscriptionAttributes" | "SetSubscriptionAttributes" => request.subscription(),
        "TagResource" | "UntagResource" | "ListTagsForResource" => request.tag(),
        "DeleteTopic"
        | "GetTopicAttributes"
        | "SetTopicAttributes"
        | "Subscribe"
        | "ListSubscriptionsByTopic"
        | "AddPermission"
        | "RemovePermission" => request.topic(),
        _ => Err(ApiError::not_built("sns", action)),
    }
}

impl Request<'_> {
    fn text(&self, name: &str) -> Result<&str, ApiError> {
        self.input.get(name).and_then(Value::as_str).ok_or_else(|| invalid(&format!("{name} Reason: no value")))
    }

    /// The caller must be allowed the action on a topic, by its own policies or the topic's.
    fn allow(&self, arn: &str) -> Result<(), ApiError> {
        let action = self.action.strip_suffix("Batch").unwrap_or(self.action);
        let policy = self.engine.topics.get(arn).and_then(|topic| topic.policy());
        let guest = Guest::Caller(self.caller.clone());
        self.engine.iam.admit(&guest, &Permission::new(format!("SNS:{action}"), arn), policy.as_ref())
    }

    fn list_topics(&self) -> Result<Value, ApiError> {
        self.allow("*")?;
        let all = self.engine.topics.all().into_iter().map(|(arn, _)| (arn.clone(), json!({"TopicArn": arn})));
        Ok(self.page("Topics", all.collect()))
    }

    fn list_subscriptions(&self) -> Result<Value, ApiError> {
        self.allow("*")?;
        let all = self.engine.subscriptions.all().into_iter().map(|(_, one)| one).collect();
        Ok(self.subscriptions(all))
    }

    fn subscriptions(&self, all: Vec<Subscription>) -> Value {
        let account = self.engine.shared.account;
        let row = |one: Subscription| {
            let row = json!({
                "SubscriptionArn": one.arn, "Owner": account, "Protocol": one.protocol, "Endpoint": one.endpoint,
                "TopicArn": one.topic_arn,
            });
            (one.arn, row)
        };
        self.page("Subscriptions", all.into_iter().map(row).collect())
    }

    /// A page of rows in order of their ARNs; the token is the last ARN of the page before.
    fn page(&self, member: &str, rows: Vec<(String, Value)>) -> Value {
        let from = self.input.get("NextToken").and_then(Value::as_str).unwrap_or_default();
        let mut rows = rows.into_iter().filter(|(arn, _)| from.is_empty() || arn.as_str() > from);
        let page: Vec<(String, Value)> = rows.by_ref().take(PAGE).collect();
        let mut answer = json!({});
        let last = page.last().map(|(arn, _)| arn.clone());
        answer[member] = page.into_iter().map(|(_, row)| row).collect();
        if let Some(last) = last.filter(|_| rows.next().is_some()) {
            answer["NextToken"] = json!(last);
        }
        answer
    }

    fn publish(&self) -> Result<Value, ApiError> {
        if let Some(member) = ["PhoneNumber"].iter().find(|name| self.input.get(**name).is_some()) {
            return Err(ApiError::not_built("sns", &format!("Publish with {member}")));
        }
        let arn = self.text("TopicArn").or_else(|_| self.text("TargetArn"))?;
        self.allow(arn)?;
        let topic = self.engine.topic(arn)?;
        if self.action == "Publish" {
            return self.engine.publish(&topic, Message::read(self.input)?);
        }
        self.publish_batch(&topic)
    }

    fn publish_batch(&self, topic: &Topic) -> Result<Value, ApiError> {
        let entries = self.input.get("PublishBatchRequestEntries").and_then(Value::as_array);
        let entries = entries.map_or(&[][..], Vec::as_slice);
        let refuse = |code: &str, message: &str| Err(ApiError::new(code, message));
        if entries.is_empty() {
            return refuse("EmptyBatchRequest", "The batch request doesn't contain any entries.");
        }
        if entries.len() > ENTRIES_LIMIT {
            return refuse("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.");
        }
        let ids: Vec<&str> = entries.iter().map(|entry| entry["Id"].as_str().unwrap_or_default()).collect();
        if ids.iter().enumerate().any(|(at, id)| ids[..at].contains(id)) {
            return refuse("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
        }
        let bytes: usize = entries.iter().filter_map(|entry| Some(Message::read(entry).ok()?.length())).sum();
        if bytes > MESSAGE_BYTES {
            return refuse(
                "BatchRequestTooLong",
                "The length of all the batch messages put together is more than the limit.",
            );
        }
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in entries {
            let done = Message::read(entry).and_then(|message| self.engine.publish(topic, message));
            match done {
                Ok(mut answer) => {
                    answer["Id"] = entry["Id"].clone();
                    successful.push(answer);
                }
                Err(error) => failed.push(json!({
                    "Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": error.status < 500,
                })),
            }
        }
        Ok(json!({"Successful": successful, "Failed": failed}))
    }

    /// What is about one subscription.
    fn subscription(&self) -> Result<Value, ApiError> {
        let arn = self.text("SubscriptionArn")?;
        let topic_arn = arn.rsplit_once(':').map_or(arn, |(topic, _)| topic);
        // Whoever knows the ARN may end a subscription, as the address in every notification does.
        if !(self.action == "Unsubscribe" && *self.caller == Caller::Anonymous) {
            self.allow(topic_arn)?;
        }
        match self.action {
            "Unsubscribe" => {
                self.engine.subscriptions.remove(arn)?;
                Ok(json!({}))
            }
            "SetSubscriptionAttributes" => {
                let name = self.text("AttributeName")?.to_owned();
                let value = self.text("AttributeValue").unwrap_or_default().to_owned();
                self.engine.set_subscription(arn, BTreeMap::from([(name, value)]))?;
                Ok(json!({}))
            }
            _ => {
                let found = self.engine.subscription(arn)?;
                let mut all = found.attributes.clone();
                let facts = [
                    ("SubscriptionArn", found.arn),
                    ("TopicArn", found.topic_arn),
                    ("Protocol", found.protocol),
                    ("Endpoint", found.endpoint),
                    ("Owner", self.engine.shared.account.to_owned()),
                    ("PendingConfirmation", "false".to_owned()),
                    ("ConfirmationWasAuthenticated", "true".to_owned()),
                ];
                all.extend(facts.map(|(name, value)| (name.to_owned(), value)));
                all.entry("RawMessageDelivery".to_owned()).or_insert_with(|| "false".to_owned());
                Ok(json!({"Attributes": entries(&all)}))
            }
        }
    }

    /// What is about one topic.
    fn topic(&self) -> Result<Value, ApiError> {
        let arn = self.text("TopicArn")?;
        self.allow(arn)?;
        match self.action {
            "DeleteTopic" => {
                self.engine.delete(arn)?;
                Ok(json!({}))
            }
            "SetTopicAttributes" => {
                let value = self.text("AttributeValue").unwrap_or_default();
                self.engine.set(arn, self.text("AttributeName")?, value)?;
                Ok(json!({}))
            }
            "Subscribe" => {
                let endpoint = self.text("Endpoint")?;
                let attributes = map(self.input.get("Attributes"));
                let made = self.engine.subscribe(arn, self.text("Protocol")?, endpoint, attributes)?;
                Ok(json!({"SubscriptionArn": made}))
            }
            "AddPermission" | "RemovePermission" => {
                self.change_policy(arn)?;
                Ok(json!({}))
            }
            "ListSubscriptionsByTopic" => {
                self.engine.topic(arn)?;
                Ok(self.subscriptions(self.engine.subscriptions_of(arn)))
            }
            _ => {
                let topic = self.engine.topic(arn)?;
                let mut all = topic.attributes;
                let count = self.engine.subscriptions_of(arn).len().to_string();
                let facts = [
                    ("TopicArn", topic.arn),
                    ("Owner", self.engine.shared.account.to_owned()),
                    ("SubscriptionsConfirmed", count),
                    ("SubscriptionsPending", "0".to_owned()),
                    ("SubscriptionsDeleted", "0".to_owned()),
                ];
                all.extend(facts.map(|(name, value)| (name.to_owned(), value)));
                all.entry("DisplayName".to_owned()).or_default();
                Ok(json!({"Attributes": entries(&all)}))
            }
        }
    }

    /// Adds a statement to the policy of a topic, or takes one out, by its label.
    fn change_policy(&self, arn: &str) -> Result<(), ApiError> {
        let label = self.text("Label")?;
        let given = self.engine.topic(arn)?.attributes.remove("Policy");
        let mut statements = Statements::read(given.as_deref(), "__default_policy_ID");
        if self.action == "AddPermission" {
            if statements.knows(label) {
                return Err(invalid("Statement already exists"));
            }
            let texts = |name: &str| {
                let list = self.input.get(name).and_then(Value::as_array).into_iter().flatten();
                list.filter_map(Value::as_str).collect::<Vec<&str>>()
            };
            let (accounts, actions) = (texts("AWSAccountId"), texts("ActionName"));
            if accounts.is_empty() || actions.is_empty() {
                return Err(invalid("AWSAccountId and ActionName Reason: no value"));
            }
            let actions: Vec<String> = actions.iter().map(|one| format!("SNS:{one}")).collect();
            statements.allow(label, &accounts, &actions, arn);
        } else {
            statements.remove(label);
        }
        let text = statements.into_text();
        self.engine.set(arn, "Policy", &text)
    }

    fn tag(&self) -> Result<Value, ApiError> {
        let arn = self.text("ResourceArn")?;
        self.allow(arn)?;
        let missing = || ApiError::new("ResourceNotFound", "Resource does not exist").status(404);
        let topic = self.engine.topics.get(arn).ok_or_else(missing)?;
        match self.action {
            "ListTagsForResource" => {
                let rows = topic.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
                return Ok(json!({"Tags": rows.collect::<Vec<_>>()}));
            }
            "TagResource" => {
                let more = tags(self.input.get("Tags"));
                self.engine.change(arn, |topic| topic.tags.extend(more))?;
            }
            _ => {
                let gone = self.input.get("TagKeys").and_then(Value::as_array).cloned().unwrap_or_default();
                self.engine.change(arn, |topic| topic.tags.retain(|key, _| !gone.contains(&json!(key))))?;
            }
        }
        Ok(json!({}))
    }
}

/// A map as the Query protocol writes it.
fn entries(all: &BTreeMap<String, String>) -> Value {
    let one = |(name, value): (&String, &String)| json!({"key": name, "value": value});
    json!({"entry": all.iter().map(one).collect::<Vec<_>>()})
}

/// A map of texts.
pub(super) fn map(value: Option<&Value>) -> BTreeMap<String, String> {
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    value.and_then(Value::as_object).into_iter().flatten().filter_map(text).collect()
}

/// Tags as a list of keys and values.
pub(super) fn tags(value: Option<&Value>) -> BTreeMap<String, String> {
    let pair = |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
    value.and_then(Value::as_array).into_iter().flatten().filter_map(pair).collect()
}
