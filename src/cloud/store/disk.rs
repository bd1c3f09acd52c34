//! A store in one `SQLite` file with a write-ahead log: a kill at any moment loses nothing that was acknowledged.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use super::{Batch, Store, StoreError};

/// Rows in a `SQLite` file.
#[derive(Debug)]
pub(in crate::cloud) struct DiskStore(Mutex<Connection>);

impl DiskStore {
    /// Opens the file, or makes it.
    pub(in crate::cloud) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: rusqlite::Error| StoreError { doing: "opened", reason: error.to_string() };
        let connection = Connection::open(path).map_err(failed)?;
        // NORMAL: a commit is in the log before we answer, so that a killed process loses nothing.
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;
                 CREATE TABLE IF NOT EXISTS rows (
                   name TEXT NOT NULL, key BLOB NOT NULL, row BLOB NOT NULL, PRIMARY KEY (name, key)
                 ) WITHOUT ROWID;",
            )
            .map_err(failed)?;
        Ok(Self(Mutex::new(connection)))
    }

    fn connection(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for DiskStore {
    fn get(&self, table: &'static str, key: &[u8]) -> Option<Vec<u8>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT row FROM rows WHERE name = ?1 AND key = ?2").ok()?;
        statement.query_row(params![table, key], |row| row.get(0)).optional().ok().flatten()
    }

    fn range(&self, table: &'static str, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let connection = self.connection();
        let Ok(mut statement) =
            connection.prepare_cached("SELECT key, row FROM rows WHERE name = ?1 AND key >= ?2 ORDER BY key")
        else {
            return Vec::new();
        };
        let Ok(rows) = statement.query_map(params![table, prefix], |row| Ok((row.get(0)?, row.get(1)?))) else {
            return Vec::new();
        };
        rows.filter_map(Result::ok).take_while(|(key, _): &(Vec<u8>, Vec<u8>)| key.starts_with(prefix)).collect()
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let failed = |error: rusqlite::Error| StoreError { doing: "written", reason: error.to_string() };
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(failed)?;
        for (table, key, row) in batch.writes {
            let done = match row {
                Some(row) => transaction
                    .prepare_cached("INSERT OR REPLACE INTO rows (name, key, row) VALUES (?1, ?2, ?3)")
                    .and_then(|mut statement| statement.execute(params![table, key, row])),
                None => transaction
                    .prepare_cached("DELETE FROM rows WHERE name = ?1 AND key = ?2")
                    .and_then(|mut statement| statement.execute(params![table, key])),
            };
            done.map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }
}
