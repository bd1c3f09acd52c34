//! The API's cache, as the fields of a query use it, and as mutations clear it.
//!
//! Not here: which fields are cached, and by what.

use std::sync::atomic::Ordering;

use serde_json::{Map, Value};

use super::Execution;
use crate::cloud::appsync::cache::{EntryKey, Seen};
use crate::cloud::appsync::resolve::FieldCall;

impl Execution<'_> {
    pub(super) fn now_ms(&self) -> i64 {
        self.backends.shared.clock.now_ms()
    }

    /// The entry in which the answer of a field's resolver is kept, and for how many seconds.
    pub(super) fn entry(&self, call: &FieldCall) -> Option<(EntryKey, i64)> {
        let caching = self.api.caching(&call.type_name, &call.field_name).filter(|_| self.is_query)?;
        let seen = Seen { arguments: &call.arguments, source: &call.source, identity: &self.requester.identity };
        let place = (self.api.api.id.as_str(), call.type_name.as_str(), call.field_name.as_str());
        Some((caching.entry(place, seen), caching.ttl_s))
    }

    /// Carries out what a handler said about the cache, and takes it away from the rest. Queries evict nothing.
    pub(super) fn evict(&self, said: &mut Vec<Value>) {
        let mut evicted = 0;
        said.retain(|one| {
            if one["kind"] != "evict" {
                return true;
            }
            if !self.is_query {
                let text = |name: &str| one[name].as_str().unwrap_or_default();
                let none = Map::new();
                let pairs = one["keys"].as_object().unwrap_or(&none);
                let place = (self.api.api.id.as_str(), text("typeName"), text("fieldName"));
                evicted += self.backends.caches.evict(place, pairs, self.now_ms());
            }
            false
        });
        self.evicted.fetch_add(evicted, Ordering::Relaxed);
    }
}
