//! Events that come in, and rules whose time has come: each becomes a parcel for every target of the rules that it fits.
//!
//! Source: `PutEvents` in the EventBridge API reference, "Retry policy" and "Using dead-letter queues" of the guide.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::records::{DEFAULT, Engine, Rule, Target, bus_name};
use super::transform::{RuleFacts, input};
use crate::base::Schedule;
use crate::cloud::delivery::{DeadLetter, Parcel, Retry, Sender};
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;
use crate::cloud::timer;

/// The largest event, in bytes.
const EVENT_BYTES: usize = 1024 * 1024;

/// Where an event on a bus has come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Whoever puts events: applications, services, schedules.
    Sender,
    /// A rule of another bus, or of the same. It goes to no further bus ("Sending events between event buses in the same
    /// account and Region" of the guide), so that buses that name each other make no endless loop.
    Bus,
}

/// What is wrong with an entry of `PutEvents`: a code and words.
pub(super) type Fault = (&'static str, String);

/// `2026-01-02T03:04:05Z`, the time of events.
fn iso_s(epoch_ms: i64) -> String {
    crate::base::clock::iso_ms(epoch_ms - epoch_ms.rem_euclid(1000)).replace(".000Z", "Z")
}

/// Whether a target is a bus.
fn is_bus(arn: &str) -> bool {
    arn.starts_with("arn:aws:events:")
}

impl Engine {
    /// The event that an entry of `PutEvents` makes.
    pub(super) fn event(&self, entry: &Value) -> Result<Value, Fault> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let wanted = |name: &str| {
            let words = format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
            text(name).ok_or(("InvalidArgument", words))
        };
        let (source, kind, detail) = (wanted("Source")?, wanted("DetailType")?, wanted("Detail")?);
        if source.starts_with("aws.") {
            return Err(("NotAuthorizedForSourceException", "Not authorized for the source.".to_owned()));
        }
        let detail: Value = match serde_json::from_str(detail) {
            Ok(detail @ Value::Object(_)) => detail,
            _ => return Err(("MalformedDetail", "Detail is malformed.".to_owned())),
        };
        let now_ms = self.shared.clock.now_ms();
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a time fit")]
        let time_ms = entry.get("Time").and_then(Value::as_f64).map_or(now_ms, |time_s| (time_s * 1000.0) as i64);
        let event = json!({
            "version": "0", "id": self.shared.ids.uuid(), "detail-type": kind, "source": source,
            "account": self.shared.account, "time": iso_s(time_ms), "region": self.shared.region.as_str(),
            "resources": entry.get("Resources").cloned().unwrap_or_else(|| json!([])), "detail": detail,
        });
        if event.to_string().len() > EVENT_BYTES {
            return Err(("InvalidArgument", "Total size of the entries in the request is over the limit.".to_owned()));
        }
        Ok(event)
    }

    /// Takes an event on a bus; when this returns, it is stored for every target.
    pub(super) fn take(&self, bus: &str, event: &Value, origin: Origin) -> Result<(), ApiError> {
        let bus = bus_name(bus);
        let rules = self.rules.starting_with(&format!("{bus}/"));
        let fits = |rule: &Rule| rule.enabled && rule.read_pattern().is_some_and(|pattern| pattern.fits(event));
        let parcels =
            rules.iter().filter(|(_, rule)| fits(rule)).flat_map(|(_, rule)| self.parcels(rule, event, origin));
        self.delivery.send(Batch::default(), parcels.collect())
    }

    /// What the targets of a rule get.
    fn parcels(&self, rule: &Rule, event: &Value, origin: Origin) -> Vec<Parcel> {
        let arn = self.rule_arn(&rule.bus, &rule.name);
        let now = iso_s(self.shared.clock.now_ms());
        let facts = RuleFacts { arn: &arn, name: &rule.name, ingestion_time: &now };
        let reached = |target: &&Target| {
            let ends = origin == Origin::Bus && is_bus(&target.arn);
            if ends {
                tracing::warn!(
                    rule = rule.name,
                    target = target.arn,
                    "an event that came from a bus goes to no further bus"
                );
            }
            !ends
        };
        rule.targets.values().filter(reached).map(|target| self.parcel(rule, target, event, &facts)).collect()
    }

    fn parcel(&self, rule: &Rule, target: &Target, event: &Value, facts: &RuleFacts<'_>) -> Parcel {
        let mut options = Map::new();
        if let Some(group) = target.queue.as_ref().and_then(|queue| queue.message_group_id.clone()) {
            options.insert("MessageGroupId".to_owned(), json!(group));
        }
        let is_bus = is_bus(&target.arn);
        if is_bus {
            options.insert("Event".to_owned(), json!(true));
        }
        let mut payload = input(target, event, facts);
        // The text of a message is the text itself, when the input is one JSON string.
        if !target.arn.starts_with("arn:aws:lambda:")
            && let Ok(Value::String(text)) = serde_json::from_str(&payload)
        {
            payload = text;
        }
        let retry = target.retry.unwrap_or_default();
        let dead_letter = target.dead_letter.as_ref().and_then(|facts| facts.arn.clone());
        let rule_arn = self.rule_arn(&rule.bus, &rule.name);
        Parcel {
            target: target.arn.clone(),
            payload,
            options,
            dead_letter: dead_letter.map(|queue| DeadLetter {
                queue,
                body: event.to_string(),
                attributes: Some(BTreeMap::from([("RULE_ARN".to_owned(), rule_arn.clone())])),
            }),
            sender: Sender {
                service: "events.amazonaws.com".to_owned(),
                source_arn: rule_arn,
                // Functions, queues and topics have policies of their own; buses are sent to with the role.
                role: target.role.clone().filter(|_| is_bus),
            },
            retry: Retry {
                tries: retry.maximum_retry_attempts.unwrap_or(185),
                age_ms: retry.maximum_event_age_in_seconds.unwrap_or(86_400) * 1000,
            },
        }
    }

    /// Plans when a rule comes next.
    pub(super) fn plan(&self, rule: &Rule) {
        let schedule = rule.schedule.as_deref().filter(|_| rule.enabled);
        let next = schedule
            .and_then(|text| Schedule::parse(text).ok())
            .and_then(|schedule| schedule.next(self.shared.clock.now_ms(), rule.since_ms, &jiff::tz::TimeZone::UTC));
        let mut all = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        match next {
            Some(next_ms) => all.insert(rule.key(), next_ms),
            None => all.remove(&rule.key()),
        };
        drop(all);
        self.changed.notify_one();
    }

    /// Lets rules come when their time is there, until the cloud stops.
    pub(super) async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let next_ms = self.work();
            tokio::select! {
                // An error means that the cloud was dropped.
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = timer::reach_or_change(&*self.shared.clock, next_ms, &self.changed) => {}
            }
        }
    }

    /// Lets the rules come whose time is there; gives when the next one does.
    pub(super) fn work(&self) -> Option<i64> {
        let now_ms = self.shared.clock.now_ms();
        let all = self.next.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (key, due_ms) in all.into_iter().filter(|(_, due_ms)| *due_ms <= now_ms) {
            let Some(rule) = self.rules.get(&key) else {
                self.next.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
                continue;
            };
            let event = json!({
                "version": "0", "id": self.shared.ids.uuid(), "detail-type": "Scheduled Event", "source": "aws.events",
                "account": self.shared.account, "time": iso_s(due_ms), "region": self.shared.region.as_str(),
                "resources": [self.rule_arn(DEFAULT, &rule.name)], "detail": {},
            });
            if let Err(error) = self.delivery.send(Batch::default(), self.parcels(&rule, &event, Origin::Sender)) {
                tracing::warn!(%error, rule = rule.name, "a scheduled event was lost");
            }
            self.plan(&rule);
        }
        self.next.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
    }
}
