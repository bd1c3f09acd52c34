//! Who listens to what, found by connection and by mutation, in the order in which they began.
//!
//! Not here: what they are told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Subscription;

/// Every subscription.
#[derive(Default)]
pub(super) struct Listeners {
    /// The next number.
    next: u64,
    /// By connection, then by the client's own id: the number.
    connections: BTreeMap<String, BTreeMap<String, u64>>,
    all: BTreeMap<u64, Arc<Subscription>>,
    /// Numbers by API and mutation.
    mutations: BTreeMap<(String, String), BTreeMap<u64, Arc<Subscription>>>,
}

impl Listeners {
    /// How many a connection has.
    pub(super) fn of(&self, connection: &str) -> usize {
        self.connections.get(connection).map_or(0, BTreeMap::len)
    }

    /// Whether a connection uses an id.
    pub(super) fn has(&self, (connection, id): &(String, String)) -> bool {
        self.connections.get(connection).is_some_and(|own| own.contains_key(id))
    }

    pub(super) fn add(&mut self, subscription: Subscription) {
        let number = self.next;
        self.next += 1;
        let subscription = Arc::new(subscription);
        let (connection, id) = subscription.key.clone();
        self.connections.entry(connection).or_default().insert(id, number);
        for mutation in &subscription.mutations {
            let place = (subscription.api.api.id.clone(), mutation.clone());
            self.mutations.entry(place).or_default().insert(number, Arc::clone(&subscription));
        }
        self.all.insert(number, subscription);
    }

    /// Takes one subscription of a connection away, or all of them.
    pub(super) fn remove(&mut self, connection: &str, id: Option<&str>) {
        let Some(own) = self.connections.get_mut(connection) else { return };
        let numbers: Vec<u64> = match id {
            Some(id) => own.remove(id).into_iter().collect(),
            None => std::mem::take(own).into_values().collect(),
        };
        if own.is_empty() {
            self.connections.remove(connection);
        }
        for number in numbers {
            let Some(gone) = self.all.remove(&number) else { continue };
            for mutation in &gone.mutations {
                let place = (gone.api.api.id.clone(), mutation.clone());
                let Some(others) = self.mutations.get_mut(&place) else { continue };
                others.remove(&number);
                if others.is_empty() {
                    self.mutations.remove(&place);
                }
            }
        }
    }

    /// Whether somebody listens to a mutation.
    pub(super) fn is_heard(&self, api_id: &str, mutation: &str) -> bool {
        self.mutations.contains_key(&(api_id.to_owned(), mutation.to_owned()))
    }

    /// Those who listen to a mutation.
    pub(super) fn listening(&self, api_id: &str, mutation: &str) -> Vec<Arc<Subscription>> {
        let found = self.mutations.get(&(api_id.to_owned(), mutation.to_owned()));
        found.into_iter().flat_map(BTreeMap::values).cloned().collect()
    }

    /// All that pass a test.
    pub(super) fn all(&self, test: impl Fn(&Subscription) -> bool) -> Vec<Arc<Subscription>> {
        self.all.values().filter(|one| test(one)).cloned().collect()
    }
}
