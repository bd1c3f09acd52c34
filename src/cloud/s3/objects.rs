//! Objects: bytes in files, facts in rows. A row is written after its file is complete, so a kill leaves the old object
//! or the new one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::StoredObject;
use super::buckets::{Bucket, with};
use super::conditions::tag_matches;
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::Table;

/// The longest key, in bytes.
const KEY_LIMIT_BYTES: usize = 1024;

/// How long the file of a replaced object stays, for those who are reading it.
const LINGER: std::time::Duration = std::time::Duration::from_secs(10);

/// Buckets and objects.
pub(super) struct Objects {
    pub shared: Arc<Shared>,
    pub buckets: Table<Bucket>,
    rows: Table<StoredObject>,
    folder: PathBuf,
    /// Held while a row is compared and written.
    writing: Mutex<()>,
}

/// A new object.
#[derive(Debug)]
pub(super) struct NewObject<'a> {
    pub content: Content<'a>,
    pub content_type: String,
    pub headers: Vec<(String, String)>,
    pub conditions: Conditions<'a>,
}

/// Where the bytes of a new object come from.
#[derive(Debug)]
pub(super) enum Content<'a> {
    Bytes(&'a [u8]),
    /// Files to be joined, and the entity tag of the whole.
    Parts(&'a [PathBuf], String),
}

/// What a PUT asks of the object that is there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Conditions<'a> {
    /// `If-Match`.
    pub tag: Option<&'a str>,
    /// `If-None-Match: *`.
    pub absent: bool,
}

impl Objects {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let buckets = Table::new(Arc::clone(&shared.store), "s3.bucket");
        let rows = Table::new(Arc::clone(&shared.store), "s3.object");
        let folder = shared.folder.join("s3");
        let objects = Self { shared, buckets, rows, folder, writing: Mutex::new(()) };
        objects.sweep();
        objects
    }

    /// Removes files without a row: what a kill left of an upload or of a replaced object.
    fn sweep(&self) {
        let Ok(files) = std::fs::read_dir(&self.folder) else { return };
        let known: std::collections::BTreeSet<PathBuf> = self.rows.all().into_iter().map(|(_, row)| row.path).collect();
        for file in files.flatten() {
            if !known.contains(&PathBuf::from(file.file_name())) {
                // A file that cannot be removed costs space and nothing else.
                let _ = std::fs::remove_file(file.path());
            }
        }
    }

    /// A bucket, or `NoSuchBucket`.
    pub(super) fn bucket(&self, name: &str) -> Result<Bucket, ApiError> {
        let missing = || with("NoSuchBucket", "The specified bucket does not exist", "BucketName", name).status(404);
        self.buckets.get(name).ok_or_else(missing)
    }

    /// Reads a bucket, changes it, writes it.
    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Bucket)) -> Result<(), ApiError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bucket = self.bucket(name)?;
        change(&mut bucket);
        Ok(self.buckets.put(name, &bucket)?)
    }

    /// An object, or `NoSuchKey`.
    pub(super) fn object(&self, bucket: &str, key: &str) -> Result<StoredObject, ApiError> {
        let missing = || with("NoSuchKey", "The specified key does not exist.", "Key", key).status(404);
        let mut object = self.rows.get(&row_key(bucket, key)).ok_or_else(missing)?;
        object.path = self.folder.join(object.path);
        Ok(object)
    }

    /// The objects of a bucket whose keys begin with `prefix`, in order.
    pub(super) fn list(&self, bucket: &str, prefix: &str) -> Vec<(String, StoredObject)> {
        let start = row_key(bucket, "");
        let rows = self.rows.starting_with(&row_key(bucket, prefix));
        rows.into_iter().map(|(key, row)| (key[start.len()..].to_owned(), row)).collect()
    }

    /// Stores an object.
    pub(super) fn put(&self, bucket: &str, key: &str, new: NewObject<'_>) -> Result<StoredObject, ApiError> {
        if key.len() > KEY_LIMIT_BYTES {
            return Err(ApiError::new("KeyTooLongError", "Your key is too long"));
        }
        let failed = |error: std::io::Error| ApiError::new("InternalError", error.to_string()).status(500);
        let name = self.shared.ids.uuid();
        let (unfinished, path) = (self.folder.join(format!("{name}.part")), self.folder.join(&name));
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        let (length, etag) = write(&unfinished, new.content).map_err(failed)?;
        std::fs::rename(&unfinished, &path).map_err(failed)?;
        let mut object = StoredObject {
            path: PathBuf::from(&name),
            length,
            etag,
            content_type: new.content_type,
            headers: new.headers,
            modified_ms: self.shared.clock.now_ms(),
        };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = self.rows.get(&row_key(bucket, key));
        let refusal = self.bucket(bucket).err().or_else(|| precondition(new.conditions, replaced.as_ref()));
        if let Some(refusal) = refusal {
            // The file was never visible; the sweep at the next start takes what cannot be removed now.
            let _ = std::fs::remove_file(&path);
            return Err(refusal);
        }
        self.rows.put(&row_key(bucket, key), &object)?;
        if let Some(replaced) = replaced {
            self.let_go(&replaced);
        }
        object.path = path;
        Ok(object)
    }

    /// Deletes an object; one that is not there is fine.
    pub(super) fn delete(&self, bucket: &str, key: &str) -> Result<(), ApiError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let row = self.rows.get(&row_key(bucket, key));
        self.rows.remove(&row_key(bucket, key))?;
        if let Some(row) = row {
            self.let_go(&row);
        }
        Ok(())
    }

    /// Deletes an empty bucket.
    pub(super) fn delete_bucket(&self, name: &str) -> Result<(), ApiError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.bucket(name)?;
        if !self.rows.starting_with(&row_key(name, "")).is_empty() {
            let message = "The bucket you tried to delete is not empty";
            return Err(with("BucketNotEmpty", message, "BucketName", name).status(409));
        }
        Ok(self.buckets.remove(name)?)
    }

    /// Removes the file of an object that is no more, when its readers are done.
    fn let_go(&self, object: &StoredObject) {
        let path = self.folder.join(&object.path);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(LINGER).await;
                // What stays behind is swept at the next start.
                let _ = tokio::fs::remove_file(path).await;
            });
        } else {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Writes a file; gives its length and entity tag.
fn write(path: &Path, content: Content<'_>) -> std::io::Result<(u64, String)> {
    match content {
        Content::Bytes(bytes) => {
            std::fs::write(path, bytes)?;
            Ok((bytes.len() as u64, hex::encode(super::checksums::md5(bytes))))
        }
        Content::Parts(parts, etag) => {
            let mut whole = std::fs::File::create(path)?;
            let mut length = 0;
            for part in parts {
                length += std::io::copy(&mut std::fs::File::open(part)?, &mut whole)?;
            }
            Ok((length, etag))
        }
    }
}

fn precondition(conditions: Conditions<'_>, present: Option<&StoredObject>) -> Option<ApiError> {
    let failed = || {
        ApiError::new("PreconditionFailed", "At least one of the pre-conditions you specified did not hold").status(412)
    };
    match (conditions, present) {
        (Conditions { absent: true, .. }, Some(_)) => Some(failed()),
        (Conditions { tag: Some(tag), .. }, Some(present)) if !tag_matches(tag, &present.etag) => Some(failed()),
        (Conditions { tag: Some(_), .. }, None) => {
            Some(ApiError::new("NoSuchKey", "The specified key does not exist.").status(404))
        }
        _ => None,
    }
}

/// Bucket names have no NUL, so that keys of one bucket stand together and in order.
fn row_key(bucket: &str, key: &str) -> String {
    format!("{bucket}\0{key}")
}
