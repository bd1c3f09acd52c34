//! Typed rows over a [`Store`].

use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Batch, Store, StoreError};
use crate::cloud::service::ApiError;

/// Rows of one type, by a text key.
pub(in crate::cloud) struct Table<T> {
    store: Arc<dyn Store>,
    name: &'static str,
    rows: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    pub(in crate::cloud) fn new(store: Arc<dyn Store>, name: &'static str) -> Self {
        Self { store, name, rows: PhantomData }
    }

    /// The row at `key`.
    pub(in crate::cloud) fn get(&self, key: &str) -> Option<T> {
        self.store.get(self.name, key.as_bytes()).and_then(|row| serde_json::from_slice(&row).ok())
    }

    /// Every row, in order of the keys.
    pub(in crate::cloud) fn all(&self) -> Vec<(String, T)> {
        self.starting_with("")
    }

    /// The rows whose keys begin with `prefix`, in order of the keys.
    pub(in crate::cloud) fn starting_with(&self, prefix: &str) -> Vec<(String, T)> {
        let rows = self.store.range(self.name, prefix.as_bytes());
        rows.into_iter()
            .filter_map(|(key, row)| Some((String::from_utf8(key).ok()?, serde_json::from_slice(&row).ok()?)))
            .collect()
    }

    /// Writes one row, durably.
    pub(in crate::cloud) fn put(&self, key: &str, row: &T) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        self.add(&mut batch, key, row);
        self.store.commit(batch)
    }

    /// Deletes one row.
    pub(in crate::cloud) fn remove(&self, key: &str) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        self.drop(&mut batch, key);
        self.store.commit(batch)
    }

    /// Adds a write to a batch.
    pub(in crate::cloud) fn add(&self, batch: &mut Batch, key: &str, row: &T) {
        let row = serde_json::to_vec(row).expect("rows are plain data, which always serializes");
        batch.writes.push((self.name, key.as_bytes().to_vec(), Some(row)));
    }

    /// Adds a deletion to a batch.
    pub(in crate::cloud) fn drop(&self, batch: &mut Batch, key: &str) {
        batch.writes.push((self.name, key.as_bytes().to_vec(), None));
    }
}

impl<T> std::fmt::Debug for Table<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Table").field(&self.name).finish()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::new("InternalFailure", error.to_string()).status(500)
    }
}
