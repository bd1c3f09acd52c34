//! When schedules come, and what their targets get.
//!
//! Source: "Schedule types", "Flexible time windows" and "Adding context attributes" of the Scheduler guide. A schedule
//! that was to come once while the cloud was not running comes when it runs again; the others wait for their next time.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::records::{Engine, Entry, whole};
use crate::base::Schedule;
use crate::base::clock::iso_ms;
use crate::cloud::delivery::{DeadLetter, Parcel, Retry, Sender};
use crate::cloud::store::Batch;
use crate::cloud::timer;

impl Engine {
    fn planned(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (i64, i64)>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plans when a schedule comes next.
    pub(super) fn plan(&self, entry: &Entry) {
        match self.next_of(entry) {
            Some(next_ms) => {
                let window_ms = entry.window_min() * 60_000;
                let mut bytes = [0; 4];
                self.shared.ids.fill(&mut bytes);
                let later_ms = if window_ms == 0 { 0 } else { i64::from(u32::from_be_bytes(bytes)) % window_ms };
                self.planned().insert(entry.key(), (next_ms, next_ms + later_ms));
            }
            None => drop(self.planned().remove(&entry.key())),
        }
        self.changed.notify_one();
    }

    /// Forgets when a schedule comes.
    pub(super) fn unplan(&self, key: &str) {
        self.planned().remove(key);
        self.changed.notify_one();
    }

    /// When a schedule comes next, in milliseconds since 1970.
    fn next_of(&self, entry: &Entry) -> Option<i64> {
        if entry.text("State") == Some("DISABLED") {
            return None;
        }
        let (schedule, zone) = entry.schedule()?;
        if let Schedule::At(_) = schedule {
            // Once; what was missed comes late.
            return if entry.came_ms.is_some() { None } else { schedule.next(i64::MIN / 4, 0, &zone) };
        }
        let now_ms = self.shared.clock.now_ms();
        let start_ms = entry.time_ms("StartDate");
        // The start itself is a time of a rate; without one, the first comes a period after the schedule was made.
        let after_ms = entry.came_ms.unwrap_or(i64::MIN).max(now_ms).max(start_ms.map_or(i64::MIN, |ms| ms - 1));
        let next_ms = schedule.next(after_ms, start_ms.unwrap_or(entry.modified_ms), &zone)?;
        let end_ms = entry.time_ms("EndDate").unwrap_or(i64::MAX);
        (next_ms <= end_ms).then_some(next_ms)
    }

    /// Lets schedules come when their time is there, until the cloud stops.
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

    /// Lets the schedules come whose time is there; gives when the next one does.
    pub(super) fn work(&self) -> Option<i64> {
        let now_ms = self.shared.clock.now_ms();
        let due: Vec<_> = self
            .planned()
            .iter()
            .filter(|(_, (_, at_ms))| *at_ms <= now_ms)
            .map(|(key, (ms, _))| (key.clone(), *ms))
            .collect();
        for (key, due_ms) in due {
            let Some(mut entry) = self.entries.get(&key) else {
                self.unplan(&key);
                continue;
            };
            entry.came_ms = Some(due_ms);
            let parcel = self.parcel(&entry, due_ms);
            let last = self.next_of(&entry).is_none();
            let mut batch = Batch::default();
            if last && entry.text("ActionAfterCompletion") == Some("DELETE") {
                self.entries.drop(&mut batch, &key);
            } else {
                self.entries.add(&mut batch, &key, &entry);
            }
            if let Err(error) = self.delivery.send(batch, parcel.into_iter().collect()) {
                tracing::warn!(%error, schedule = key, "a schedule could not come");
            }
            self.plan(&entry);
        }
        self.planned().values().map(|(_, at_ms)| *at_ms).min()
    }

    /// What the target of a schedule gets.
    fn parcel(&self, entry: &Entry, due_ms: i64) -> Option<Parcel> {
        let text = |name: &str| entry.target(name).and_then(Value::as_str);
        let (target, role) = (text("Arn")?, text("RoleArn")?);
        let arn = self.arn(&format!("schedule/{}/{}", entry.group, entry.name));
        let time = iso_ms(due_ms - due_ms.rem_euclid(1000)).replace(".000Z", "Z");
        let id = self.shared.ids.uuid();
        let payload = match text("Input") {
            Some(input) => input
                .replace("<aws.scheduler.schedule-arn>", &arn)
                .replace("<aws.scheduler.scheduled-time>", &time)
                .replace("<aws.scheduler.execution-id>", &id)
                .replace("<aws.scheduler.attempt-number>", "1"),
            None => json!({
                "version": "0", "id": id, "detail-type": "Scheduled Event", "source": "aws.scheduler",
                "account": self.shared.account, "time": time, "region": self.shared.region.as_str(),
                "resources": [arn], "detail": "{}",
            })
            .to_string(),
        };
        let mut options = Map::new();
        let further = [
            ("MessageGroupId", "/SqsParameters/MessageGroupId"),
            ("Source", "/EventBridgeParameters/Source"),
            ("DetailType", "/EventBridgeParameters/DetailType"),
        ];
        for (name, pointer) in further {
            if let Some(value) = entry.members.get("Target").and_then(|target| target.pointer(pointer)) {
                options.insert(name.to_owned(), value.clone());
            }
        }
        let member = |outer: &str, inner: &str| entry.target(outer).and_then(|one| one.get(inner)).cloned();
        let number = |inner: &str| member("RetryPolicy", inner).as_ref().and_then(whole);
        let queue = member("DeadLetterConfig", "Arn").and_then(|arn| arn.as_str().map(str::to_owned));
        Some(Parcel {
            target: target.to_owned(),
            dead_letter: queue.map(|queue| DeadLetter {
                queue,
                body: payload.clone(),
                attributes: Some(BTreeMap::from([("SCHEDULE_ARN".to_owned(), arn.clone())])),
            }),
            payload,
            options,
            sender: Sender {
                service: "scheduler.amazonaws.com".to_owned(),
                source_arn: arn,
                role: Some(role.to_owned()),
            },
            retry: Retry {
                tries: number("MaximumRetryAttempts").and_then(|tries| u32::try_from(tries).ok()).unwrap_or(185),
                age_ms: number("MaximumEventAgeInSeconds").unwrap_or(86_400) * 1000,
            },
        })
    }
}
