//! Lifecycle rules: what they say, what they let go, and when.
//!
//! Expiration by days, date, prefix, tags and size, of newer and of noncurrent versions, of delete markers that stand alone,
//! and of uploads in parts that were never completed. Transitions to other storage classes are kept and given back, and
//! change nothing: there is one kind of disk.
//!
//! Source: "Managing the lifecycle of objects", "Lifecycle configuration elements" and "Lifecycle rules: based on an
//! object's age" of the S3 user guide. Everything becomes due at a midnight of UTC, so once a day is enough.

use std::sync::Arc;

use tokio::sync::watch;

use super::Engine;
use super::buckets::{Bucket, malformed};
use super::conditions::{Conditions, http_date};
use super::notification::Cause;
use super::objects::Place;
use super::record::{StoredObject, Version};
use crate::cloud::protocol::percent;
use crate::cloud::protocol::xml::{self, Element};
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;
use crate::cloud::timer;

const DAY_MS: i64 = 86_400_000;

/// How many rules a bucket can have.
const MOST_RULES: usize = 1000;

/// The longest id of a rule, in characters.
const ID_LIMIT: usize = 255;

/// A rule that is enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rule {
    id: String,
    filter: Filter,
    /// Days after which the newest version goes.
    days: Option<i64>,
    /// The midnight from which on it goes, in milliseconds since 1970.
    date_ms: Option<i64>,
    /// Whether delete markers go behind which nothing is left.
    lone_markers: bool,
    /// Days after which a noncurrent version goes, and how many newer noncurrent ones stay.
    noncurrent: Option<(i64, usize)>,
    /// Days after which an upload in parts is given up.
    abort_days: Option<i64>,
}

/// Which objects a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filter {
    prefix: String,
    tags: Vec<(String, String)>,
    larger_than: Option<u64>,
    smaller_than: Option<u64>,
}

impl Filter {
    fn read(rule: &Element) -> Self {
        let filter = rule.child("Filter");
        let inside = filter.and_then(|filter| filter.child("And")).or(filter);
        // The older form has the prefix in the rule itself. White space belongs to keys.
        let prefix = inside.and_then(|inside| inside.child("Prefix")).or_else(|| rule.child("Prefix"));
        let tag = |tag: &Element| Some((tag.child("Key")?.text.clone(), tag.child("Value")?.text.clone()));
        let number = |name: &str| inside?.child_text(name)?.trim().parse().ok();
        Self {
            prefix: prefix.map(|prefix| prefix.text.clone()).unwrap_or_default(),
            tags: inside.into_iter().flat_map(|inside| inside.all("Tag")).filter_map(tag).collect(),
            larger_than: number("ObjectSizeGreaterThan"),
            smaller_than: number("ObjectSizeLessThan"),
        }
    }

    fn fits(&self, key: &str, object: &StoredObject) -> bool {
        key.starts_with(&self.prefix)
            && self.tags.iter().all(|tag| object.tags.contains(tag))
            && self.larger_than.is_none_or(|size| object.length > size)
            && self.smaller_than.is_none_or(|size| object.length < size)
    }

    /// Whether it fits something that has neither tags nor a size.
    fn fits_bare(&self, key: &str) -> bool {
        let bare = self.tags.is_empty() && self.larger_than.is_none() && self.smaller_than.is_none();
        bare && key.starts_with(&self.prefix)
    }

    fn fits_version(&self, key: &str, version: &Version) -> bool {
        match version {
            Version::Object(object) => self.fits(key, object),
            Version::Marker(_) => self.fits_bare(key),
        }
    }
}

impl Rule {
    fn read(rule: &Element) -> Self {
        let number = |group: &str, name: &str| rule.child(group)?.child_text(name)?.trim().parse::<i64>().ok();
        let date = rule.child("Expiration").and_then(|expiration| expiration.child_text("Date"));
        let marker = rule.child("Expiration").and_then(|expiration| expiration.child_text("ExpiredObjectDeleteMarker"));
        let newer = number("NoncurrentVersionExpiration", "NewerNoncurrentVersions").unwrap_or_default();
        let noncurrent = number("NoncurrentVersionExpiration", "NoncurrentDays");
        Self {
            id: rule.child_text("ID").unwrap_or_default().to_owned(),
            filter: Filter::read(rule),
            days: number("Expiration", "Days"),
            date_ms: date.and_then(midnight),
            lone_markers: marker == Some("true"),
            noncurrent: noncurrent.map(|days| (days, usize::try_from(newer).unwrap_or_default())),
            abort_days: number("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
        }
    }

    /// When a newest version goes that was made at a time.
    fn due_ms(&self, made_ms: i64) -> Option<i64> {
        self.days.map(|days| due_ms(made_ms, days)).or(self.date_ms)
    }
}

/// So many days after a time, and then the next midnight of UTC.
fn due_ms(from_ms: i64, days: i64) -> i64 {
    let due_ms = from_ms.saturating_add(days.saturating_mul(DAY_MS));
    due_ms.saturating_add((-due_ms).rem_euclid(DAY_MS))
}

/// A date, or a time that is a midnight of UTC, in milliseconds since 1970.
fn midnight(text: &str) -> Option<i64> {
    let text = text.trim();
    let time = text.parse::<jiff::Timestamp>().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok())?;
    Some(time.as_millisecond()).filter(|time_ms| time_ms.rem_euclid(DAY_MS) == 0)
}

/// The rules of a bucket that are enabled.
fn rules(bucket: &Bucket) -> Vec<Rule> {
    let root = bucket.configurations.get("lifecycle").and_then(|text| xml::parse(text).ok());
    let enabled = |rule: &&Element| rule.child_text("Status") == Some("Enabled");
    root.map(|root| root.all("Rule").filter(enabled).map(Rule::read).collect()).unwrap_or_default()
}

/// Checks a configuration that a client sends.
pub(super) fn check(root: &Element) -> Result<(), ApiError> {
    let all: Vec<&Element> = root.all("Rule").collect();
    if all.is_empty() || all.len() > MOST_RULES {
        return Err(malformed());
    }
    let argument = |message: &str| Err(ApiError::new("InvalidArgument", message));
    for (index, rule) in all.iter().enumerate() {
        let id = rule.child_text("ID").unwrap_or_default();
        if id.chars().count() > ID_LIMIT {
            return argument("ID length should not exceed allowed limit of 255");
        }
        if !id.is_empty() && all[..index].iter().any(|other| other.child_text("ID") == Some(id)) {
            return argument("Rule ID must be unique. Found same ID for more than one rule");
        }
        if !matches!(rule.child_text("Status"), Some("Enabled" | "Disabled")) {
            return Err(malformed());
        }
        if rule.child("Filter").is_some() == rule.child("Prefix").is_some() {
            return Err(malformed());
        }
        check_actions(rule)?;
    }
    Ok(())
}

/// What a rule does, and after how many days.
fn check_actions(rule: &Element) -> Result<(), ApiError> {
    let argument = |message: String| Err(ApiError::new("InvalidArgument", message));
    let mut actions = 0;
    for (action, number, least) in [
        ("Expiration", "Days", 1),
        ("NoncurrentVersionExpiration", "NoncurrentDays", 1),
        ("AbortIncompleteMultipartUpload", "DaysAfterInitiation", 1),
        ("Transition", "Days", 0),
        ("NoncurrentVersionTransition", "NoncurrentDays", 0),
    ] {
        for one in rule.all(action) {
            actions += 1;
            let days = one.child_text(number).map(str::trim);
            if days.is_some_and(|days| days.parse::<i64>().is_ok_and(|days| days < least)) {
                return argument(format!("'{number}' for {action} action must be a positive integer"));
            }
            if days.is_some_and(|days| days.parse::<i64>().is_err()) {
                return Err(malformed());
            }
            if one.child_text("Date").is_some_and(|date| midnight(date).is_none()) {
                return argument("'Date' must be at midnight GMT".to_owned());
            }
        }
    }
    if actions == 0 {
        return Err(ApiError::new("InvalidRequest", "At least one action needs to be specified in a rule"));
    }
    let tagged = !Filter::read(rule).tags.is_empty();
    if tagged && rule.child("AbortIncompleteMultipartUpload").is_some() {
        let message = "AbortIncompleteMultipartUpload cannot be specified with Tags.";
        return Err(ApiError::new("InvalidRequest", message));
    }
    let expiration = rule.child("Expiration");
    let has = |name: &str| expiration.is_some_and(|expiration| expiration.child(name).is_some());
    if ["Days", "Date", "ExpiredObjectDeleteMarker"].into_iter().filter(|name| has(name)).count() > 1 {
        return Err(malformed());
    }
    if tagged && has("ExpiredObjectDeleteMarker") {
        let message = "ExpiredObjectDeleteMarker cannot be specified with Tags.";
        return Err(ApiError::new("InvalidRequest", message));
    }
    Ok(())
}

/// `x-amz-expiration`: when the newest version of a key goes, and by which rule.
pub(super) fn expiration(bucket: &Bucket, key: &str, object: &StoredObject) -> Option<String> {
    let rules = rules(bucket);
    let fits = rules.iter().filter(|rule| rule.filter.fits(key, object));
    let (due_ms, rule) =
        fits.filter_map(|rule| Some((rule.due_ms(object.modified_ms)?, rule))).min_by_key(|(at, _)| *at)?;
    Some(format!("expiry-date=\"{}\", rule-id=\"{}\"", http_date(due_ms), percent::encode(&rule.id)))
}

impl Engine {
    /// Carries out the rules of every bucket, now and at each midnight, until the cloud stops.
    pub(super) async fn keep_house(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let engine = Arc::clone(&self);
            // Without rules nothing is waited for but a change of a bucket.
            let next_ms = tokio::task::spawn_blocking(move || engine.house()).await.ok().flatten();
            tokio::select! {
                // An error means that the cloud was dropped.
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = timer::reach_or_change(&*self.shared.clock, next_ms, &self.objects.changed) => {}
            }
        }
    }

    /// Carries out what is due; gives when something can be due next.
    pub(super) fn house(&self) -> Option<i64> {
        let now_ms = self.shared.clock.now_ms();
        let mut any = false;
        for (name, bucket) in self.objects.buckets.all() {
            let rules = rules(&bucket);
            if rules.is_empty() {
                continue;
            }
            any = true;
            if let Err(error) = self.let_go(&name, &rules, now_ms) {
                tracing::warn!(%error, bucket = name, "lifecycle rules could not be carried out");
            }
        }
        any.then(|| (now_ms.div_euclid(DAY_MS) + 1) * DAY_MS)
    }

    fn let_go(&self, bucket: &str, rules: &[Rule], now_ms: i64) -> Result<(), ApiError> {
        let all = self.objects.list_versions(bucket, "");
        for versions in all.chunk_by(|(one, _), (other, _)| one == other) {
            let place = Place { bucket, key: &versions[0].0 };
            let versions: Vec<&Version> = versions.iter().map(|(_, version)| version).collect();
            let left = self.noncurrent(place, &versions, rules, now_ms)?;
            self.newest(place, versions[0], left, (rules, now_ms))?;
        }
        for (id, upload) in self.uploads.of(bucket) {
            let over = |rule: &Rule| {
                rule.filter.fits_bare(&upload.key)
                    && rule.abort_days.is_some_and(|days| due_ms(upload.begun_ms, days) <= now_ms)
            };
            if rules.iter().any(over) {
                let mut batch = Batch::default();
                self.uploads.end(&mut batch, &id);
                self.shared.store.commit(batch)?;
                self.uploads.clear(&id);
            }
        }
        Ok(())
    }

    /// Deletes the noncurrent versions of a key that are due; gives how many are left.
    fn noncurrent(
        &self,
        place: Place<'_>,
        versions: &[&Version],
        rules: &[Rule],
        now_ms: i64,
    ) -> Result<usize, ApiError> {
        let mut left = 0;
        for (newer, pair) in versions.windows(2).enumerate() {
            // A version is noncurrent since the next one was made.
            let over = |rule: &Rule| {
                rule.filter.fits_version(place.key, pair[1])
                    && rule
                        .noncurrent
                        .is_some_and(|(days, kept)| newer >= kept && due_ms(pair[0].modified_ms(), days) <= now_ms)
            };
            if rules.iter().any(over) {
                self.objects.delete_version(place, pair[1].id(), &cause())?;
            } else {
                left += 1;
            }
        }
        Ok(left)
    }

    /// Deletes the newest version of a key when it is due, or a delete marker behind which nothing is left.
    fn newest(
        &self,
        place: Place<'_>,
        version: &Version,
        left: usize,
        (rules, now_ms): (&[Rule], i64),
    ) -> Result<(), ApiError> {
        let over = |rule: &Rule| rule.due_ms(version.modified_ms()).is_some_and(|due_ms| due_ms <= now_ms);
        match version {
            Version::Object(object) => {
                if rules.iter().any(|rule| rule.filter.fits(place.key, object) && over(rule)) {
                    // Whoever has written a new version meanwhile keeps it.
                    let conditions = Conditions { sequence: Some(object.sequence), ..Conditions::default() };
                    match self.objects.delete(place, conditions, &cause()) {
                        Err(error) if error.code == "PreconditionFailed" => {}
                        done => drop(done?),
                    }
                }
            }
            Version::Marker(_) if left == 0 => {
                let gone = |rule: &Rule| rule.filter.fits_bare(place.key) && (rule.lone_markers || over(rule));
                if rules.iter().any(gone) {
                    self.objects.delete_version(place, version.id(), &cause())?;
                }
            }
            Version::Marker(_) => {}
        }
        Ok(())
    }
}

/// Events of the rules come from S3 itself.
fn cause() -> Cause<'static> {
    Cause { event: "LifecycleExpiration:Delete", principal: "s3.amazonaws.com", request_id: "lifecycle" }
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, check, due_ms, midnight};
    use crate::cloud::protocol::xml;

    #[test]
    fn days_end_at_midnight() {
        for (from_ms, days, wanted) in
            [(1, 1, 2 * DAY_MS), (0, 1, DAY_MS), (DAY_MS - 1, 0, DAY_MS), (DAY_MS + 1, 3, 5 * DAY_MS)]
        {
            assert_eq!(due_ms(from_ms, days), wanted, "{from_ms} {days}");
        }
        assert_eq!(midnight("1970-01-03T00:00:00.000Z"), Some(2 * DAY_MS));
        assert_eq!(midnight("1970-01-03"), Some(2 * DAY_MS));
        assert_eq!(midnight("1970-01-03T01:00:00Z"), None);
    }

    #[test]
    fn rules_that_say_nothing_or_too_much_are_refused() {
        let filter = "<Filter><Prefix>a</Prefix></Filter>";
        let tags = "<Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter>";
        let days = |days: &str| format!("<Expiration><Days>{days}</Days></Expiration>");
        let on = "<Status>Enabled</Status>";
        let abort = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
        for (rule, code) in [
            (format!("{on}{filter}{}", days("1")), None),
            (format!("{on}<Prefix></Prefix>{}", days("1")), None),
            (format!("{on}{}", days("1")), Some("MalformedXML")),
            (format!("{filter}{}", days("1")), Some("MalformedXML")),
            (format!("{on}{filter}{}", days("0")), Some("InvalidArgument")),
            (format!("{on}{filter}{}", days("soon")), Some("MalformedXML")),
            (format!("{on}{filter}"), Some("InvalidRequest")),
            (format!("{on}{tags}{abort}"), Some("InvalidRequest")),
            (
                format!("{on}{filter}<Expiration><Date>2030-01-01T10:00:00Z</Date></Expiration>"),
                Some("InvalidArgument"),
            ),
            (
                format!("{on}{filter}<Expiration><Days>1</Days><Date>2030-01-01</Date></Expiration>"),
                Some("MalformedXML"),
            ),
        ] {
            let text = format!("<LifecycleConfiguration><Rule>{rule}</Rule></LifecycleConfiguration>");
            let found = check(&xml::parse(&text).unwrap()).err().map(|error| error.code);
            assert_eq!(found.as_deref(), code, "{rule}");
        }
    }
}
