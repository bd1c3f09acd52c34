//! Uploads in parts that are under way, as rows and files. Parts are files of their own until the upload is completed or
//! given up.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::buckets::with;
use super::checksums::Algorithm;
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::{Batch, Table};

/// An upload that is under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    pub bucket: String,
    pub key: String,
    pub content_type: String,
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub tags: Vec<(String, String)>,
    /// The checksum that the client asked for.
    #[serde(default)]
    pub algorithm: Option<Algorithm>,
    /// Whether the whole gets the checksum of its bytes, not that of its parts' checksums.
    #[serde(default)]
    pub full: bool,
    /// Milliseconds since 1970.
    pub begun_ms: i64,
}

impl Upload {
    /// The checksum that every part and the whole get.
    pub(super) fn computed(&self) -> (Algorithm, bool) {
        self.algorithm.map_or((Algorithm::Crc64Nvme, true), |algorithm| (algorithm, self.full))
    }

    pub(super) fn storage_class(&self) -> &str {
        let class = self.headers.iter().find(|(name, _)| name == "x-amz-storage-class");
        class.map_or("STANDARD", |(_, class)| class)
    }
}

/// A part that arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub number: u32,
    pub length: u64,
    pub etag: String,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
    /// The name of its file in the upload's folder.
    pub file: String,
    #[serde(default)]
    pub sums: Vec<(Algorithm, String)>,
}

impl Part {
    /// Its checksum by an algorithm.
    pub(super) fn sum(&self, algorithm: Algorithm) -> Option<&str> {
        self.sums.iter().find(|(known, _)| *known == algorithm).map(|(_, sum)| sum.as_str())
    }
}

/// The uploads that are under way.
pub(super) struct Uploads {
    shared: Arc<Shared>,
    rows: Table<Upload>,
    parts: Table<Part>,
    folder: PathBuf,
}

impl Uploads {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let uploads = Self {
            rows: Table::new(Arc::clone(&shared.store), "s3.upload"),
            parts: Table::new(Arc::clone(&shared.store), "s3.part"),
            folder: shared.folder.join("s3-parts"),
            shared: Arc::clone(shared),
        };
        uploads.sweep();
        uploads
    }

    /// Removes files without a row: what a kill left of a part, of a replaced one, or of an upload that has ended.
    fn sweep(&self) {
        let rows = self.parts.all().into_iter();
        let known: BTreeSet<PathBuf> =
            rows.filter_map(|(key, part)| Some(self.file(key.split_once('\0')?.0, &part))).collect();
        let Ok(folders) = std::fs::read_dir(&self.folder) else { return };
        for folder in folders.flatten() {
            let id = folder.file_name().to_string_lossy().into_owned();
            // What cannot be removed costs space and nothing else.
            if self.rows.get(&id).is_none() {
                let _ = std::fs::remove_dir_all(folder.path());
                continue;
            }
            for file in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
                if !known.contains(&file.path()) {
                    let _ = std::fs::remove_file(file.path());
                }
            }
        }
    }

    /// Begins an upload; gives its id.
    pub(super) fn begin(&self, upload: &Upload) -> Result<String, ApiError> {
        let id = self.shared.ids.short(48);
        self.rows.put(&id, upload)?;
        Ok(id)
    }

    /// The uploads to a bucket, by key and then by their beginning.
    pub(super) fn of(&self, bucket: &str) -> Vec<(String, Upload)> {
        let mut found = self.rows.all();
        found.retain(|(_, upload)| upload.bucket == bucket);
        found.sort_by(|(id, one), (other_id, other)| {
            (&one.key, one.begun_ms, id).cmp(&(&other.key, other.begun_ms, other_id))
        });
        found
    }

    /// An upload, or `NoSuchUpload`.
    pub(super) fn find(&self, id: &str, bucket: &str, key: &str) -> Result<Upload, ApiError> {
        self.rows.get(id).filter(|upload| upload.bucket == bucket && upload.key == key).ok_or_else(|| {
            let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have \
                           been aborted or completed.";
            with("NoSuchUpload", message, "UploadId", id).status(404)
        })
    }

    /// A new name in the folder of an upload, for a file that is not finished.
    pub(super) fn unfinished(&self, id: &str) -> PathBuf {
        self.folder.join(id).join(format!("{}.part", self.shared.ids.uuid()))
    }

    /// The file of a part.
    pub(super) fn file(&self, id: &str, part: &Part) -> PathBuf {
        self.folder.join(id).join(&part.file)
    }

    /// The parts of an upload, in the order of their numbers.
    pub(super) fn parts(&self, id: &str) -> Vec<Part> {
        self.parts.starting_with(&format!("{id}\0")).into_iter().map(|(_, part)| part).collect()
    }

    /// Keeps a part whose file is there; one with the same number is replaced.
    pub(super) fn keep(&self, id: &str, part: &Part) -> Result<(), ApiError> {
        let key = part_key(id, part.number);
        let replaced = self.parts.get(&key);
        self.parts.put(&key, part)?;
        if let Some(replaced) = replaced {
            let _ = std::fs::remove_file(self.file(id, &replaced));
        }
        Ok(())
    }

    /// Adds to a batch what forgets an upload.
    pub(super) fn end(&self, batch: &mut Batch, id: &str) {
        self.rows.drop(batch, id);
        for part in self.parts(id) {
            self.parts.drop(batch, &part_key(id, part.number));
        }
    }

    /// Removes the files of an upload that has ended.
    pub(super) fn clear(&self, id: &str) {
        // What stays behind is swept at the next start.
        let _ = std::fs::remove_dir_all(self.folder.join(id));
    }
}

fn part_key(id: &str, number: u32) -> String {
    format!("{id}\0{number:05}")
}
