//! Rows that survive: ordered keys, atomic batches. Every service keeps its state here.

pub(in crate::cloud) mod disk;
pub(in crate::cloud) mod memory;
pub(in crate::cloud) mod table;

pub(in crate::cloud) use table::Table;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
#[error("the state of the cloud could not be {doing}: {reason}")]
pub(in crate::cloud) struct StoreError {
    /// "opened", "written".
    pub doing: &'static str,
    pub reason: String,
}

/// One write: table, key, and the new row; `None` deletes.
pub(in crate::cloud) type Write = (&'static str, Vec<u8>, Option<Vec<u8>>);

/// Writes that happen together or not at all.
#[derive(Debug, Default)]
pub(in crate::cloud) struct Batch {
    pub writes: Vec<Write>,
}

/// Ordered keys, atomic batches.
pub(in crate::cloud) trait Store: Send + Sync {
    /// The row at `key`.
    fn get(&self, table: &'static str, key: &[u8]) -> Option<Vec<u8>>;

    /// The rows whose keys begin with `prefix`, in order of their keys.
    fn range(&self, table: &'static str, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)>;

    /// Carries out a batch, durably: when it returns, a kill does not undo it.
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;
}
