//! A store in memory: for tests, and for clouds that forget.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Batch, Store, StoreError};

/// Rows by table and key.
type Rows = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

/// Rows in an ordered map.
#[derive(Debug, Default)]
pub(in crate::cloud) struct MemoryStore(Mutex<Rows>);

impl Store for MemoryStore {
    fn get(&self, table: &'static str, key: &[u8]) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(table, key.to_vec())).cloned()
    }

    fn range(&self, table: &'static str, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.range((table, prefix.to_vec())..)
            .take_while(|((name, key), _)| *name == table && key.starts_with(prefix))
            .map(|((_, key), row)| (key.clone(), row.clone()))
            .collect()
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (table, key, row) in batch.writes {
            match row {
                Some(row) => rows.insert((table, key), row),
                None => rows.remove(&(table, key)),
            };
        }
        Ok(())
    }
}
