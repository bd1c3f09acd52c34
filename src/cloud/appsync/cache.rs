//! The caches of APIs: what resolvers and whole queries gave, for a while.
//!
//! In memory alone, like AppSync's. Source: "Configuring server-side caching", AppSync guide. Not here: which APIs have one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

/// The most that all entries hold together, in bytes of JSON; those that would end first make room.
const SIZE_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// The largest answer that is kept (AppSync guide: 15 MB).
pub(in crate::cloud::appsync) const ENTRY_LIMIT_BYTES: usize = 15_000_000;

/// The maps of the context that keys are made of.
const MAPS: [(&str, &str); 4] =
    [("arguments", "arguments"), ("args", "arguments"), ("source", "source"), ("identity", "identity")];

/// One caching key: a map of the context, and the way to a value in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud::appsync) struct CachingKey {
    pub map: &'static str,
    pub way: Vec<String>,
}

impl CachingKey {
    /// Reads `context.arguments.id`, `$context.identity.sub`, `ctx.args`.
    pub(in crate::cloud::appsync) fn read(text: &str) -> Option<Self> {
        let mut parts = text.trim().trim_start_matches('$').split('.');
        let context = parts.next()?;
        if context != "context" && context != "ctx" {
            return None;
        }
        let named = parts.next()?;
        let (_, map) = MAPS.into_iter().find(|(name, _)| *name == named)?;
        let way: Vec<String> = parts.map(str::to_owned).collect();
        (!way.iter().any(String::is_empty)).then_some(Self { map, way })
    }

    /// The name by which the same value is always known.
    fn name(&self) -> String {
        let parts = std::iter::once(self.map).chain(self.way.iter().map(String::as_str));
        parts.collect::<Vec<_>>().join(".")
    }
}

/// What the key of an entry is made of.
#[derive(Clone, Copy, Debug)]
pub(in crate::cloud::appsync) struct Seen<'a> {
    pub arguments: &'a Map<String, Value>,
    pub source: &'a Value,
    pub identity: &'a Value,
}

impl Seen<'_> {
    fn value(&self, key: &CachingKey) -> Value {
        let mut way = key.way.iter();
        let mut value = match key.map {
            "source" => Some(self.source),
            "identity" => Some(self.identity),
            _ => match way.next() {
                Some(first) => self.arguments.get(first),
                None => return Value::Object(self.arguments.clone()),
            },
        };
        for part in way {
            value = value.and_then(|value| value.get(part));
        }
        value.cloned().unwrap_or_default()
    }
}

/// The name of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cloud::appsync) struct EntryKey {
    api_id: String,
    /// Type and field, or nothing for a whole query.
    place: String,
    key: String,
}

impl EntryKey {
    /// The entry of a field's resolver.
    pub(in crate::cloud::appsync) fn field(
        (api_id, type_name, field_name): (&str, &str, &str),
        keys: &[CachingKey],
        seen: Seen<'_>,
    ) -> Self {
        let values: Vec<(String, Value)> = keys.iter().map(|key| (key.name(), seen.value(key))).collect();
        Self { api_id: api_id.to_owned(), place: place(type_name, field_name), key: json!(values).to_string() }
    }

    /// The entry of a whole query.
    pub(in crate::cloud::appsync) fn operation(api_id: &str, key: &Value) -> Self {
        Self { api_id: api_id.to_owned(), place: String::new(), key: key.to_string() }
    }
}

fn place(type_name: &str, field_name: &str) -> String {
    format!("{type_name}.{field_name}")
}

#[derive(Clone, Debug)]
struct Entry {
    value: Value,
    size: usize,
    ends_at_ms: i64,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<EntryKey, Entry>,
    size: usize,
}

/// The caches of all APIs.
#[derive(Default)]
pub(in crate::cloud::appsync) struct Caches(Mutex<State>);

impl std::fmt::Debug for Caches {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Caches").finish_non_exhaustive()
    }
}

impl Caches {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was kept and has not ended.
    pub(in crate::cloud::appsync) fn get(&self, key: &EntryKey, now_ms: i64) -> Option<Value> {
        let mut state = self.lock();
        if let Some(entry) = state.entries.get(key).filter(|entry| entry.ends_at_ms > now_ms) {
            return Some(entry.value.clone());
        }
        state.remove(key);
        None
    }

    /// Keeps a value for some seconds.
    pub(in crate::cloud::appsync) fn put(&self, key: EntryKey, value: &Value, (now_ms, ttl_s): (i64, i64)) {
        let size = value.to_string().len() + key.key.len();
        if size > ENTRY_LIMIT_BYTES {
            return;
        }
        let mut state = self.lock();
        state.remove(&key);
        state.size += size;
        state.entries.insert(key, Entry { value: value.clone(), size, ends_at_ms: now_ms + ttl_s * 1000 });
        if state.size > SIZE_LIMIT_BYTES {
            state.make_room();
        }
    }

    /// Forgets entries of a field by the values of their keys, in their order; gives how many there were.
    pub(in crate::cloud::appsync) fn evict(
        &self,
        (api_id, type_name, field_name): (&str, &str, &str),
        pairs: &Map<String, Value>,
        now_ms: i64,
    ) -> usize {
        let Some(wanted) = pairs
            .iter()
            .map(|(name, value)| Some((CachingKey::read(name)?.name(), text(value))))
            .collect::<Option<Vec<_>>>()
        else {
            return 0;
        };
        let place = place(type_name, field_name);
        let mut state = self.lock();
        let fits = |(key, entry): &(&EntryKey, &Entry)| {
            key.api_id == api_id && key.place == place && entry.ends_at_ms > now_ms && {
                let values: Vec<(String, Value)> = serde_json::from_str(&key.key).unwrap_or_default();
                values.into_iter().map(|(name, value)| (name, text(&value))).eq(wanted.iter().cloned())
            }
        };
        let found: Vec<EntryKey> = state.entries.iter().filter(fits).map(|(key, _)| key.clone()).collect();
        for key in &found {
            state.remove(key);
        }
        found.len()
    }

    /// Forgets everything of an API.
    pub(in crate::cloud::appsync) fn flush(&self, api_id: &str) {
        let mut state = self.lock();
        let gone: Vec<EntryKey> = state.entries.keys().filter(|key| key.api_id == api_id).cloned().collect();
        for key in &gone {
            state.remove(key);
        }
    }
}

impl State {
    fn remove(&mut self, key: &EntryKey) {
        if let Some(entry) = self.entries.remove(key) {
            self.size -= entry.size;
        }
    }

    /// Lets go of what would end first, until a quarter is free.
    fn make_room(&mut self) {
        let mut ends: Vec<(i64, EntryKey)> =
            self.entries.iter().map(|(key, entry)| (entry.ends_at_ms, key.clone())).collect();
        ends.sort();
        for (_, key) in ends {
            if self.size <= SIZE_LIMIT_BYTES / 4 * 3 {
                break;
            }
            self.remove(&key);
        }
    }
}

/// Values are compared as texts: handlers give them as such.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(texts: &[&str]) -> Vec<CachingKey> {
        texts.iter().map(|text| CachingKey::read(text).expect(text)).collect()
    }

    #[test]
    fn keys_are_known_by_all_their_names() {
        let wanted = CachingKey { map: "arguments", way: vec!["input".to_owned(), "id".to_owned()] };
        for text in
            ["context.arguments.input.id", "$context.arguments.input.id", "ctx.args.input.id", " $ctx.args.input.id"]
        {
            assert_eq!(CachingKey::read(text), Some(wanted.clone()), "{text}");
        }
        for text in ["", "context", "arguments.id", "context.stash.id", "context.arguments..id", "context.arguments."] {
            assert_eq!(CachingKey::read(text), None, "{text}");
        }
    }

    #[test]
    fn entries_end_are_evicted_and_told_apart() {
        let caches = Caches::default();
        let field = ("api", "Query", "note");
        let entry = |arguments: Value, identity: Value| {
            let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
            let seen = Seen { arguments: &arguments, source: &Value::Null, identity: &identity };
            EntryKey::field(field, &keys(&["context.arguments.id", "context.identity.sub"]), seen)
        };
        let ada = || entry(json!({ "id": 5, "other": 1 }), json!({ "sub": "ada" }));
        let bob = || entry(json!({ "id": 5 }), json!({ "sub": "bob" }));
        caches.put(ada(), &json!("a"), (1000, 2));
        caches.put(bob(), &json!("b"), (1000, 2));
        assert_eq!(caches.get(&ada(), 2999), Some(json!("a")));
        assert_eq!(caches.get(&entry(json!({ "id": "5" }), json!({ "sub": "ada" })), 2999), None, "another value");
        let pairs = |value: Value| value.as_object().unwrap().clone();
        let swapped = pairs(json!({ "ctx.identity.sub": "bob", "ctx.args.id": "5" }));
        assert_eq!(caches.evict(field, &swapped, 2000), 0, "the order counts");
        let right = pairs(json!({ "ctx.args.id": "5", "context.identity.sub": "bob" }));
        assert_eq!(caches.evict(("api", "Query", "notes"), &right, 2000), 0, "another field");
        assert_eq!(caches.evict(field, &right, 2000), 1);
        assert_eq!(caches.get(&bob(), 2000), None);
        assert_eq!(caches.get(&ada(), 3000), None, "it has ended");
        caches.put(ada(), &json!("a"), (3000, 2));
        caches.flush("other");
        assert!(caches.get(&ada(), 3000).is_some());
        caches.flush("api");
        assert_eq!(caches.get(&ada(), 3000), None);
        assert_eq!(caches.lock().size, 0, "nothing is counted that is gone");
    }

    #[test]
    fn what_would_end_first_makes_room() {
        let caches = Caches::default();
        let large = json!("x".repeat(ENTRY_LIMIT_BYTES - 100));
        let key = |name: usize| EntryKey::operation("api", &json!(name));
        for name in 0..6 {
            caches.put(key(name), &large, (0, 100 - i64::try_from(name).unwrap()));
        }
        assert!(caches.lock().size <= SIZE_LIMIT_BYTES);
        assert!(caches.get(&key(0), 1).is_some(), "the one that ends last");
        assert!(caches.get(&key(4), 1).is_none());
        caches.put(key(9), &json!("x".repeat(ENTRY_LIMIT_BYTES)), (0, 100));
        assert!(caches.get(&key(9), 1).is_none(), "too large to be kept");
    }
}
