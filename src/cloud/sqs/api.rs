//! The API of SQS over the JSON names: who may, what is asked, what is answered.
//!
//! Source: the SQS API reference.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::attributes::{self, checked};
use super::batch;
use super::engine::Engine;
use super::fault::{invalid_value, missing, no_queue};
use super::message;
use super::receive::{Ask, Received};
use super::send::{Outgoing, Sent};
use crate::cloud::iam::Statements;
use crate::cloud::service::{ApiError, Caller, Permission};

/// How many queues a page has at most.
const PAGE: usize = 1000;

/// One request.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub engine: &'a Engine,
    pub caller: &'a Caller,
    pub input: &'a Value,
}

/// Carries out a request.
pub(super) async fn answer(engine: &Engine, caller: &Caller, action: &str, input: &Value) -> Result<Value, ApiError> {
    let request = Request { engine, caller, input };
    match action {
        "CreateQueue" => request.create(),
        "ListQueues" => request.list(),
        "GetQueueUrl" => {
            let name = request.text("QueueName").ok_or_else(|| missing("QueueName"))?;
            request.allow("GetQueueUrl", name)?;
            engine.queue(name)?;
            Ok(json!({"QueueUrl": engine.url(name)}))
        }
        "StartMessageMoveTask" | "ListMessageMoveTasks" => {
            let arn = request.text("SourceArn").ok_or_else(|| missing("SourceArn"))?;
            request.allow(action, arn.rsplit(':').next().unwrap_or_default())?;
            if action == "StartMessageMoveTask" { engine.start_move(input) } else { engine.list_moves(input) }
        }
        "SendMessage"
        | "SendMessageBatch"
        | "ReceiveMessage"
        | "DeleteMessage"
        | "DeleteMessageBatch"
        | "ChangeMessageVisibility"
        | "ChangeMessageVisibilityBatch" => request.messages(action).await,
        "GetQueueAttributes"
        | "SetQueueAttributes"
        | "DeleteQueue"
        | "PurgeQueue"
        | "ListDeadLetterSourceQueues"
        | "ListQueueTags"
        | "TagQueue"
        | "UntagQueue"
        | "AddPermission"
        | "RemovePermission" => request.manage(action),
        _ => Err(ApiError::not_built("sqs", action)),
    }
}

impl Request<'_> {
    /// A parameter that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.input.get(name).and_then(Value::as_str)
    }

    /// A list of texts.
    fn texts(&self, name: &str) -> Vec<String> {
        let items = self.input.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The caller must be allowed an action on a queue, by its own policies or the queue's.
    pub(super) fn allow(&self, action: &str, name: &str) -> Result<(), ApiError> {
        // AWS names actions of SQS in lower case in its refusals; policies are not about case.
        let permission = Permission::new(format!("sqs:{}", action.to_ascii_lowercase()), self.engine.arn(name));
        let policy = self.engine.queue(name).ok().and_then(|queue| queue.policy());
        self.engine.iam.authorize_with(self.caller, &permission, &BTreeMap::new(), policy.as_ref())
    }

    /// The queue of a request.
    pub(super) fn queue(&self) -> Result<&str, ApiError> {
        let url = self.text("QueueUrl").ok_or_else(|| missing("QueueUrl"))?;
        // The address of another port or host is the same queue: clouds move.
        url.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty()).ok_or_else(no_queue)
    }

    /// Who sends, as receivers are told.
    fn sender(&self) -> String {
        match self.caller {
            Caller::Role(session) | Caller::Service(session) => {
                let id = self.engine.iam.role_id(&session.role_arn).unwrap_or_default();
                format!("{id}:{}", session.session_name)
            }
            Caller::Root => self.engine.shared.account.to_owned(),
            Caller::Anonymous => "anonymous".to_owned(),
        }
    }

    fn create(&self) -> Result<Value, ApiError> {
        let name = self.text("QueueName").ok_or_else(|| missing("QueueName"))?;
        self.allow("CreateQueue", name)?;
        let wanted = self.input.get("Attributes");
        let fifo = wanted.and_then(|wanted| wanted.get("FifoQueue")).is_some_and(|value| value == "true");
        let tags = tags(self.input.get("tags").or_else(|| self.input.get("Tags")));
        self.engine.create(name, checked(wanted, fifo)?, tags)?;
        Ok(json!({"QueueUrl": self.engine.url(name)}))
    }

    fn list(&self) -> Result<Value, ApiError> {
        self.engine.iam.authorize(self.caller, &Permission::new("sqs:listqueues", "*"))?;
        let prefix = self.text("QueueNamePrefix").unwrap_or_default();
        let all = self.engine.all();
        let names = all.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        drop(all);
        self.page("QueueUrls", names)
    }

    /// A page of queues.
    fn page(&self, member: &str, names: Vec<String>) -> Result<Value, ApiError> {
        let asked = number(self.input, "MaxResults", 1, 1000)?.map(|most| usize::try_from(most).unwrap_or(PAGE));
        let from = self.text("NextToken").unwrap_or_default();
        let mut names = names.into_iter().filter(|name| from.is_empty() || name.as_str() > from);
        let page: Vec<String> = names.by_ref().take(asked.unwrap_or(PAGE)).collect();
        let mut answer = Map::new();
        let urls: Vec<String> = page.iter().map(|name| self.engine.url(name)).collect();
        if !urls.is_empty() || member == "queueUrls" {
            answer.insert(member.to_owned(), json!(urls));
        }
        if let (Some(last), true) = (page.last(), asked.is_some() && names.next().is_some()) {
            answer.insert("NextToken".to_owned(), json!(last));
        }
        Ok(Value::Object(answer))
    }

    /// What is about messages.
    async fn messages(&self, action: &str) -> Result<Value, ApiError> {
        let name = self.queue()?;
        self.allow(action.strip_suffix("Batch").unwrap_or(action), name)?;
        self.engine.queue(name)?;
        match action {
            "SendMessage" => Ok(sent(self.engine.send(name, self.outgoing(self.input)?)?)),
            "ReceiveMessage" => self.receive(name).await,
            "SendMessageBatch" => batch::send(self, name),
            "DeleteMessageBatch" => batch::each(self, |entry| self.delete_message(name, entry)),
            "ChangeMessageVisibilityBatch" => batch::each(self, |entry| self.change_visibility(name, entry)),
            "DeleteMessage" => self.delete_message(name, self.input),
            _ => self.change_visibility(name, self.input),
        }
    }

    fn delete_message(&self, name: &str, input: &Value) -> Result<Value, ApiError> {
        self.engine.delete_message(name, receipt(input)?)?;
        Ok(json!({}))
    }

    fn change_visibility(&self, name: &str, input: &Value) -> Result<Value, ApiError> {
        let seconds = number(input, "VisibilityTimeout", 0, 43_200)?.ok_or_else(|| missing("VisibilityTimeout"))?;
        self.engine.change_visibility(name, receipt(input)?, seconds)?;
        Ok(json!({}))
    }

    /// A message to send, from a request or an entry of one.
    pub(super) fn outgoing(&self, input: &Value) -> Result<Outgoing, ApiError> {
        let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
        let trace = message::attributes(input.get("MessageSystemAttributes"))?;
        if let Some(name) = trace.keys().find(|name| *name != "AWSTraceHeader") {
            let reason = "it is no system attribute of messages.";
            return Err(invalid_value(name, "MessageSystemAttributes", reason));
        }
        Ok(Outgoing {
            body: message::body(input.get("MessageBody"))?,
            attributes: message::attributes(input.get("MessageAttributes"))?,
            trace,
            group: text("MessageGroupId"),
            deduplication: text("MessageDeduplicationId"),
            delay_s: number(input, "DelaySeconds", 0, 900)?,
            sender: self.sender(),
        })
    }

    async fn receive(&self, name: &str) -> Result<Value, ApiError> {
        let input = self.input;
        let ask = Ask {
            most: usize::try_from(number(input, "MaxNumberOfMessages", 1, 10)?.unwrap_or(1)).unwrap_or(1),
            visibility_s: number(input, "VisibilityTimeout", 0, 43_200)?,
            wait_s: number(input, "WaitTimeSeconds", 0, 20)?,
            attempt: self.text("ReceiveRequestAttemptId").map(str::to_owned),
        };
        let mut system = self.texts("MessageSystemAttributeNames");
        system.extend(self.texts("AttributeNames"));
        let attributes = self.texts("MessageAttributeNames");
        let received = self.engine.receive(name, &ask).await?;
        if received.is_empty() {
            return Ok(json!({}));
        }
        let all: Vec<Value> = received.iter().map(|one| shown(one, &system, &attributes)).collect();
        Ok(json!({"Messages": all}))
    }

    /// What is about queues.
    fn manage(&self, action: &str) -> Result<Value, ApiError> {
        let name = self.queue()?;
        self.allow(action, name)?;
        self.engine.queue(name)?;
        match action {
            "GetQueueAttributes" => return self.queue_attributes(name),
            "ListDeadLetterSourceQueues" => return self.page("queueUrls", self.engine.sources(name)?),
            "ListQueueTags" => {
                let tags = self.engine.queue(name)?.tags;
                return Ok(if tags.is_empty() { json!({}) } else { json!({"Tags": tags}) });
            }
            "SetQueueAttributes" => {
                let fifo = self.engine.queue(name)?.fifo;
                self.engine.set(name, checked(self.input.get("Attributes"), fifo)?)?;
            }
            "DeleteQueue" => self.engine.delete(name)?,
            "PurgeQueue" => self.engine.purge(name)?,
            "TagQueue" => {
                let more = tags(self.input.get("Tags"));
                self.engine.change(name, |queue| {
                    queue.tags.extend(more);
                    Ok(())
                })?;
            }
            "UntagQueue" => {
                let gone = self.texts("TagKeys");
                self.engine.change(name, |queue| {
                    queue.tags.retain(|key, _| !gone.contains(key));
                    Ok(())
                })?;
            }
            _ => self.change_policy(name, action == "AddPermission")?,
        }
        Ok(json!({}))
    }

    fn queue_attributes(&self, name: &str) -> Result<Value, ApiError> {
        let wanted = self.texts("AttributeNames");
        if let Some(unknown) = wanted.iter().find(|name| !attributes::is_known(name)) {
            return Err(attributes::unknown(unknown));
        }
        self.engine.refresh(name)?;
        let all = self.engine.all();
        let live = all.get(name).ok_or_else(no_queue)?;
        let counts = live.counts();
        let facts = [
            counts.visible.to_string(),
            counts.delayed.to_string(),
            counts.in_flight.to_string(),
            live.queue.created_s.to_string(),
            live.queue.modified_s.to_string(),
            self.engine.arn(name),
        ];
        let facts = attributes::FACTS.iter().map(|name| (*name).to_owned()).zip(facts);
        let own = live.queue.attributes.clone().into_iter();
        let asked = |name: &str| wanted.iter().any(|wanted| wanted == "All" || wanted == name);
        let found: BTreeMap<String, String> = facts.chain(own).filter(|(name, _)| asked(name)).collect();
        Ok(if found.is_empty() { json!({}) } else { json!({"Attributes": found}) })
    }

    /// `AddPermission` and `RemovePermission`: a statement of the queue's policy by its label.
    fn change_policy(&self, name: &str, add: bool) -> Result<(), ApiError> {
        let label = self.text("Label").ok_or_else(|| missing("Label"))?;
        let arn = self.engine.arn(name);
        let given = self.engine.queue(name)?.attributes.remove("Policy");
        let mut statements = Statements::read(given.as_deref(), &format!("{arn}/SQSDefaultPolicy"));
        if add == statements.knows(label) {
            let reason = if add { "Already exists." } else { "can't find label." };
            return Err(invalid_value(label, "Label", reason));
        }
        if add {
            let accounts = self.texts("AWSAccountIds");
            let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
            let actions: Vec<String> = self.texts("Actions").iter().map(|action| format!("SQS:{action}")).collect();
            statements.allow(label, &accounts, &actions, &arn);
        } else {
            statements.remove(label);
        }
        let text = statements.into_text();
        let wanted = checked(Some(&json!({"Policy": text})), false)?;
        self.engine.set(name, wanted)
    }
}

/// The answer to a message that was taken.
pub(super) fn sent(sent: Sent) -> Value {
    let mut answer = json!({"MessageId": sent.id, "MD5OfMessageBody": sent.md5});
    let further = [
        ("MD5OfMessageAttributes", sent.md5_of_attributes),
        ("MD5OfMessageSystemAttributes", sent.md5_of_trace),
        ("SequenceNumber", sent.sequence),
    ];
    for (name, value) in further {
        if let Some(value) = value {
            answer[name] = json!(value);
        }
    }
    answer
}

/// A received message, with the attributes that were asked for.
fn shown(received: &Received, system: &[String], attributes: &[String]) -> Value {
    let message = &received.message;
    let mut shown = json!({
        "MessageId": message.id, "ReceiptHandle": received.receipt, "MD5OfBody": message::md5(message.body.as_bytes()),
        "Body": message.body,
    });
    let mut all = message.system(received.sequence.as_deref());
    all.retain(|name, _| system.iter().any(|wanted| wanted == "All" || wanted == name));
    if !all.is_empty() {
        shown["Attributes"] = Value::Object(all);
    }
    let chosen = message::chosen(&message.attributes, attributes);
    if let Some(sum) = message::md5_of_attributes(&chosen) {
        shown["MD5OfMessageAttributes"] = json!(sum);
        shown["MessageAttributes"] = json!(chosen);
    }
    shown
}

fn receipt(input: &Value) -> Result<&str, ApiError> {
    input.get("ReceiptHandle").and_then(Value::as_str).ok_or_else(|| missing("ReceiptHandle"))
}

/// A whole number between two; the Query protocol gives it as text.
pub(super) fn number(input: &Value, name: &str, least: i64, most: i64) -> Result<Option<i64>, ApiError> {
    let Some(value) = input.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let found = value.as_str().map_or_else(|| value.as_i64(), |text| text.parse().ok());
    if let Some(number) = found.filter(|number| (least..=most).contains(number)) {
        return Ok(Some(number));
    }
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Err(invalid_value(&text, name, &format!("Must be between {least} and {most}, if provided.")))
}

fn tags(value: Option<&Value>) -> BTreeMap<String, String> {
    let fields = value.and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    fields.into_iter().flatten().filter_map(text).collect()
}
