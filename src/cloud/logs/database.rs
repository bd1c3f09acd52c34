//! The file with groups, streams and events: `SQLite` with a write-ahead log, as the rows of the other services.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params, params_from_iter};

use super::LogEvent;

/// What may go wrong with the file.
pub(super) type FileError = rusqlite::Error;

/// The most that all events together may have, in bytes, before the oldest go.
pub(in crate::cloud) const MOST_BYTES: i64 = 256 * 1024 * 1024;

/// What an event counts beside its text, in bytes (`PutLogEvents`).
pub(super) const EVENT_OVERHEAD_BYTES: usize = 26;

const SCHEMA: &str = "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    PRAGMA busy_timeout = 5000;
    CREATE TABLE IF NOT EXISTS log_groups (
      name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, retention_days INTEGER, kms_key TEXT, class TEXT NOT NULL,
      tags TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS streams (
      id INTEGER PRIMARY KEY AUTOINCREMENT, log_group TEXT NOT NULL, name TEXT NOT NULL, created_ms INTEGER NOT NULL,
      first_ms INTEGER, last_ms INTEGER, ingested_ms INTEGER, bytes INTEGER NOT NULL DEFAULT 0,
      UNIQUE (log_group, name)
    );
    CREATE TABLE IF NOT EXISTS events (
      id INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, at_ms INTEGER NOT NULL,
      ingested_ms INTEGER NOT NULL, message TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS events_by_time ON events (stream, at_ms, id);";

/// The columns of a group, with the bytes of its streams.
const GROUP: &str = "SELECT name, created_ms, retention_days, kms_key, class, tags,
    (SELECT COALESCE(SUM(bytes), 0) FROM streams WHERE log_group = log_groups.name) FROM log_groups";

const STREAM: &str = "SELECT id, name, created_ms, first_ms, last_ms, ingested_ms FROM streams";

/// A log group as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub name: String,
    pub created_ms: i64,
    pub retention_days: Option<i64>,
    pub kms_key: Option<String>,
    pub class: String,
    /// A JSON object.
    pub tags: String,
    pub bytes: i64,
}

/// A log stream as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub id: i64,
    pub name: String,
    pub created_ms: i64,
    pub first_ms: Option<i64>,
    pub last_ms: Option<i64>,
    pub ingested_ms: Option<i64>,
}

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub place: Place,
    pub stream: i64,
    pub ingested_ms: i64,
    pub message: String,
}

/// Where an event stands: by its time, and among equal times by the order of arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub at_ms: i64,
    pub id: i64,
}

/// Which events are wanted.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub streams: Vec<i64>,
    /// The first time, and the first time after it that is not wanted.
    pub from_ms: i64,
    pub until_ms: i64,
    pub after: Option<Place>,
    pub before: Option<Place>,
    /// Whether the last ones are wanted, latest first.
    pub backwards: bool,
    pub limit: usize,
}

pub(super) struct Database {
    connection: Connection,
    /// The bytes of all events.
    bytes: i64,
}

type Outcome<T> = rusqlite::Result<T>;

impl Database {
    /// Opens the file, or makes it.
    pub(super) fn open(path: &Path) -> Outcome<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        let bytes = connection.query_row("SELECT COALESCE(SUM(bytes), 0) FROM streams", [], |row| row.get(0))?;
        Ok(Self { connection, bytes })
    }

    /// Everything that `work` writes, together or not at all.
    pub(super) fn together<T>(&mut self, work: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        let bytes = self.bytes;
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let done = work(self).and_then(|done| self.connection.execute_batch("COMMIT").map(|()| done));
        if done.is_err() {
            self.bytes = bytes;
            // The first error is the one that matters.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done
    }

    pub(super) fn group(&self, name: &str) -> Outcome<Option<Group>> {
        self.connection.prepare_cached(&format!("{GROUP} WHERE name = ?1"))?.query_row([name], group).optional()
    }

    /// The groups whose names begin so, in order of the names.
    pub(super) fn groups(&self, prefix: &str) -> Outcome<Vec<Group>> {
        let mut statement = self.connection.prepare_cached(&format!("{GROUP} WHERE name >= ?1 ORDER BY name"))?;
        let rows = statement.query_map([prefix], group)?;
        let found: Vec<Group> = rows.collect::<Outcome<_>>()?;
        Ok(found.into_iter().take_while(|group| group.name.starts_with(prefix)).collect())
    }

    pub(super) fn put_group(&self, group: &Group) -> Outcome<()> {
        let mut statement =
            self.connection.prepare_cached("INSERT OR REPLACE INTO log_groups VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        let Group { name, created_ms, retention_days, kms_key, class, tags, .. } = group;
        statement.execute(params![name, created_ms, retention_days, kms_key, class, tags]).map(|_| ())
    }

    pub(super) fn delete_group(&mut self, name: &str) -> Outcome<()> {
        for stream in self.streams(name)? {
            self.delete_stream(stream.id)?;
        }
        self.connection.execute("DELETE FROM log_groups WHERE name = ?1", [name]).map(|_| ())
    }

    /// The streams of a group, in order of the names.
    pub(super) fn streams(&self, group: &str) -> Outcome<Vec<Stream>> {
        let mut statement = self.connection.prepare_cached(&format!("{STREAM} WHERE log_group = ?1 ORDER BY name"))?;
        statement.query_map([group], stream)?.collect()
    }

    pub(super) fn stream(&self, group: &str, name: &str) -> Outcome<Option<Stream>> {
        let mut statement = self.connection.prepare_cached(&format!("{STREAM} WHERE log_group = ?1 AND name = ?2"))?;
        statement.query_row([group, name], stream).optional()
    }

    /// Makes a stream and gives its id.
    pub(super) fn put_stream(&self, group: &str, name: &str, now_ms: i64) -> Outcome<i64> {
        let mut statement =
            self.connection.prepare_cached("INSERT INTO streams (log_group, name, created_ms) VALUES (?1, ?2, ?3)")?;
        statement.insert(params![group, name, now_ms])
    }

    pub(super) fn delete_stream(&mut self, id: i64) -> Outcome<()> {
        let bytes: i64 =
            self.connection.query_row("SELECT bytes FROM streams WHERE id = ?1", [id], |row| row.get(0))?;
        self.connection.execute("DELETE FROM events WHERE stream = ?1", [id])?;
        self.connection.execute("DELETE FROM streams WHERE id = ?1", [id])?;
        self.bytes -= bytes;
        Ok(())
    }

    /// Adds events to a stream.
    pub(super) fn add(&mut self, stream: i64, now_ms: i64, events: &[LogEvent]) -> Outcome<()> {
        let mut insert = self
            .connection
            .prepare_cached("INSERT INTO events (stream, at_ms, ingested_ms, message) VALUES (?1, ?2, ?3, ?4)")?;
        let (mut bytes, mut first, mut last) = (0, i64::MAX, i64::MIN);
        for LogEvent { at_ms, message } in events {
            insert.execute(params![stream, at_ms, now_ms, message])?;
            bytes += i64::try_from(message.len() + EVENT_OVERHEAD_BYTES).unwrap_or(i64::MAX);
            (first, last) = (first.min(*at_ms), last.max(*at_ms));
        }
        let mut update = self.connection.prepare_cached(
            "UPDATE streams SET bytes = bytes + ?2, ingested_ms = ?3, first_ms = MIN(COALESCE(first_ms, ?4), ?4),
             last_ms = MAX(COALESCE(last_ms, ?5), ?5) WHERE id = ?1",
        )?;
        update.execute(params![stream, bytes, now_ms, first, last])?;
        self.bytes += bytes;
        Ok(())
    }

    /// Events in order of their places; of the last ones, the latest first.
    pub(super) fn select(&self, wanted: &Selection) -> Outcome<Vec<Stored>> {
        let marks = vec!["?"; wanted.streams.len()].join(", ");
        let mut text = format!(
            "SELECT at_ms, id, stream, ingested_ms, message FROM events WHERE stream IN ({marks}) AND at_ms >= ? AND at_ms < ?"
        );
        let mut values: Vec<&dyn ToSql> = wanted.streams.iter().map(|id| id as &dyn ToSql).collect();
        values.extend([&wanted.from_ms as &dyn ToSql, &wanted.until_ms]);
        for (place, operator) in [(&wanted.after, '>'), (&wanted.before, '<')] {
            if let Some(place) = place {
                // Writing to a text cannot fail.
                let _ = write!(text, " AND (at_ms, id) {operator} (?, ?)");
                values.extend([&place.at_ms as &dyn ToSql, &place.id]);
            }
        }
        let order = if wanted.backwards { "DESC" } else { "ASC" };
        let _ = write!(text, " ORDER BY at_ms {order}, id {order} LIMIT {}", wanted.limit);
        let mut statement = self.connection.prepare(&text)?;
        statement.query_map(params_from_iter(values), stored)?.collect()
    }

    /// Deletes what is older than its group's retention, and the oldest when there is too much; says whether any went.
    pub(super) fn sweep(&mut self, now_ms: i64, most_bytes: i64) -> Outcome<bool> {
        const DAY_MS: i64 = 86_400_000;
        let mut gone = self.connection.execute(
            "DELETE FROM events WHERE id IN (SELECT events.id FROM log_groups
             JOIN streams ON streams.log_group = log_groups.name JOIN events ON events.stream = streams.id
             WHERE events.at_ms < ?1 - log_groups.retention_days * ?2)",
            [now_ms, DAY_MS],
        )?;
        if self.bytes > most_bytes {
            // A tenth at once, so that not every write sweeps.
            let excess = self.bytes - most_bytes / 10 * 9;
            gone += self.connection.execute(
                "DELETE FROM events WHERE id <= (SELECT MAX(id) FROM (SELECT id, SUM(LENGTH(CAST(message AS BLOB)) + ?2)
                 OVER (ORDER BY id) AS total FROM events) WHERE total <= ?1)",
                params![excess, i64::try_from(EVENT_OVERHEAD_BYTES).unwrap_or(0)],
            )?;
        }
        if gone > 0 {
            self.count()?;
        }
        Ok(gone > 0)
    }

    /// Gives room that is not used any more back to the disk.
    pub(super) fn shrink(&self) -> Outcome<()> {
        self.connection.execute_batch("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")
    }

    pub(super) fn bytes(&self) -> i64 {
        self.bytes
    }

    /// Counts anew what there is of each stream.
    fn count(&mut self) -> Outcome<()> {
        self.connection.execute_batch(&format!(
            "UPDATE streams SET
               bytes = (SELECT COALESCE(SUM(LENGTH(CAST(message AS BLOB)) + {EVENT_OVERHEAD_BYTES}), 0) FROM events
                        WHERE stream = streams.id),
               first_ms = (SELECT MIN(at_ms) FROM events WHERE stream = streams.id);"
        ))?;
        self.bytes = self.connection.query_row("SELECT COALESCE(SUM(bytes), 0) FROM streams", [], |row| row.get(0))?;
        Ok(())
    }
}

fn group(row: &Row<'_>) -> Outcome<Group> {
    Ok(Group {
        name: row.get(0)?,
        created_ms: row.get(1)?,
        retention_days: row.get(2)?,
        kms_key: row.get(3)?,
        class: row.get(4)?,
        tags: row.get(5)?,
        bytes: row.get(6)?,
    })
}

fn stream(row: &Row<'_>) -> Outcome<Stream> {
    Ok(Stream {
        id: row.get(0)?,
        name: row.get(1)?,
        created_ms: row.get(2)?,
        first_ms: row.get(3)?,
        last_ms: row.get(4)?,
        ingested_ms: row.get(5)?,
    })
}

fn stored(row: &Row<'_>) -> Outcome<Stored> {
    Ok(Stored {
        place: Place { at_ms: row.get(0)?, id: row.get(1)? },
        stream: row.get(2)?,
        ingested_ms: row.get(3)?,
        message: row.get(4)?,
    })
}
