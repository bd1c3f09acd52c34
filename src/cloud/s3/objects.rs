//! Objects: bytes in files, facts in rows. A row is written after its file is complete, so a kill leaves the old object
//! or the new one.
//!
//! Files and rows are as durable as the rows of every service: they outlive the process, whatever ends it. Nothing is
//! forced through the system's caches, so a machine that loses power may lose the last writes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::buckets::{Bucket, Versioning, with};
use super::conditions::{Conditions, precondition};
use super::events::Outbox;
use super::intake::Received;
use super::notification::{self, Cause, Fact};
use super::record::{Marker, NULL_VERSION, PartFact, StoredObject, Version};
use crate::cloud::service::{ApiError, Shared};
use crate::cloud::store::{Batch, Table};

/// The longest key, in bytes.
pub(super) const KEY_LIMIT_BYTES: usize = 1024;

/// How long the file of a replaced object stays, for those who are reading it.
const LINGER: std::time::Duration = std::time::Duration::from_secs(10);

/// Bucket and key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub bucket: &'a str,
    pub key: &'a str,
}

/// Buckets and objects.
pub(super) struct Objects {
    pub shared: Arc<Shared>,
    pub buckets: Table<Bucket>,
    pub outbox: Outbox,
    /// The newest version of each key, unless that is a delete marker.
    rows: Table<StoredObject>,
    /// Every other version, and every delete marker.
    versions: Table<Version>,
    folder: PathBuf,
    /// Told when a bucket was changed.
    pub changed: tokio::sync::Notify,
    /// Held while a row is compared and written.
    writing: Mutex<()>,
}

/// A new object.
#[derive(Debug)]
pub(super) struct NewObject<'a> {
    pub content: Content,
    pub content_type: String,
    pub headers: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
    pub parts: Vec<PartFact>,
    pub conditions: Conditions<'a>,
    /// What is written in the same batch as the object's row.
    pub together: Batch,
}

/// Where the bytes of a new object come from.
#[derive(Debug)]
pub(super) enum Content {
    /// A body in an unfinished file.
    Body(Received),
    /// The file of another object, which is never changed: length and entity tag.
    Same(PathBuf, u64, String),
    /// Files to be joined, and the entity tag of the whole.
    Parts(Vec<PathBuf>, String),
}

/// What a deletion did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Deleted {
    /// The version that is gone, or the delete marker that was made.
    pub version: Option<String>,
    /// Whether that is a delete marker.
    pub marker: bool,
}

impl Objects {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let objects = Self {
            buckets: Table::new(Arc::clone(&shared.store), "s3.bucket"),
            rows: Table::new(Arc::clone(&shared.store), "s3.object"),
            versions: Table::new(Arc::clone(&shared.store), "s3.version"),
            outbox: Outbox::new(&shared),
            folder: shared.folder.join("s3"),
            changed: tokio::sync::Notify::new(),
            writing: Mutex::new(()),
            shared,
        };
        objects.sweep();
        objects
    }

    /// Removes files without a row: what a kill left of an upload or of a replaced object.
    fn sweep(&self) {
        let Ok(files) = std::fs::read_dir(&self.folder) else { return };
        let mut known: std::collections::BTreeSet<PathBuf> =
            self.rows.all().into_iter().map(|(_, row)| row.path).collect();
        known.extend(self.versions.all().into_iter().filter_map(|(_, version)| match version {
            Version::Object(object) => Some(object.path),
            Version::Marker(_) => None,
        }));
        for file in files.flatten() {
            if !known.contains(&PathBuf::from(file.file_name())) {
                // A file that cannot be removed costs space and nothing else.
                let _ = std::fs::remove_file(file.path());
            }
        }
    }

    /// The name of a new file that is not finished.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.folder.join(format!("{}.part", self.shared.ids.uuid()))
    }

    /// A bucket, or `NoSuchBucket`.
    pub(super) fn bucket(&self, name: &str) -> Result<Bucket, ApiError> {
        let missing = || with("NoSuchBucket", "The specified bucket does not exist", "BucketName", name).status(404);
        self.buckets.get(name).ok_or_else(missing)
    }

    /// Reads a bucket, changes it, writes it.
    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Bucket)) -> Result<(), ApiError> {
        let _writing = self.lock();
        let mut bucket = self.bucket(name)?;
        change(&mut bucket);
        self.buckets.put(name, &bucket)?;
        self.changed.notify_one();
        Ok(())
    }

    /// The newest version of a key: an object, or `NoSuchKey`.
    pub(super) fn object(&self, place: Place<'_>) -> Result<StoredObject, ApiError> {
        match self.current(place) {
            Some(Version::Object(object)) => Ok(self.located(object)),
            Some(Version::Marker(marker)) => {
                let mut error = no_such_key(place.key);
                error.extra.insert("x-amz-delete-marker".to_owned(), "true".into());
                let version = marker.version.as_deref().unwrap_or(NULL_VERSION);
                error.extra.insert("x-amz-version-id".to_owned(), version.into());
                Err(error)
            }
            None => Err(no_such_key(place.key)),
        }
    }

    /// A version of a key, or `NoSuchVersion`; the newest when none is asked for.
    pub(super) fn version(&self, place: Place<'_>, id: Option<&str>) -> Result<StoredObject, ApiError> {
        let Some(id) = id else { return self.object(place) };
        match self.find(place, id) {
            Some((_, Version::Object(object))) => Ok(self.located(object)),
            Some((_, Version::Marker(_))) => {
                let message = "The specified method is not allowed against this resource.";
                let mut error = with("MethodNotAllowed", message, "Method", "GET").status(405);
                error.extra.insert("ResourceType".to_owned(), "DeleteMarker".into());
                error.extra.insert("x-amz-delete-marker".to_owned(), "true".into());
                error.extra.insert("x-amz-version-id".to_owned(), id.into());
                Err(error)
            }
            None => {
                let mut error = with("NoSuchVersion", "The specified version does not exist.", "Key", place.key);
                error.extra.insert("VersionId".to_owned(), id.into());
                Err(error.status(404))
            }
        }
    }

    /// The objects of a bucket whose keys begin with `prefix`, in order.
    pub(super) fn list(&self, bucket: &str, prefix: &str) -> Vec<(String, StoredObject)> {
        let start = row_key(Place { bucket, key: "" });
        let rows = self.rows.starting_with(&row_key(Place { bucket, key: prefix }));
        rows.into_iter().map(|(key, row)| (key[start.len()..].to_owned(), row)).collect()
    }

    /// Every version of the keys that begin with `prefix`: keys in order, of each the newest first.
    pub(super) fn list_versions(&self, bucket: &str, prefix: &str) -> Vec<(String, Version)> {
        let start = row_key(Place { bucket, key: "" }).len();
        let older = self.versions.starting_with(&row_key(Place { bucket, key: prefix }));
        let older = older.into_iter().filter_map(|(key, version)| {
            let (key, _) = key[start..].rsplit_once('\0')?;
            Some((key.to_owned(), version))
        });
        let current = self.list(bucket, prefix).into_iter().map(|(key, object)| (key, Version::Object(object)));
        let mut all: Vec<(String, Version)> = current.chain(older).collect();
        all.sort_by(|(key, version), (other_key, other)| {
            key.cmp(other_key).then(other.sequence().cmp(&version.sequence()))
        });
        all
    }

    /// Stores an object.
    pub(super) fn put(
        &self,
        place: Place<'_>,
        new: NewObject<'_>,
        cause: &Cause<'_>,
    ) -> Result<StoredObject, ApiError> {
        if place.key.len() > KEY_LIMIT_BYTES {
            return Err(too_long(place.key));
        }
        let name = self.shared.ids.uuid();
        let path = self.folder.join(&name);
        let failed = |error: std::io::Error| ApiError::new("InternalError", error.to_string()).status(500);
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        let (length, etag) = self.settle(new.content, &path).map_err(failed)?;
        let object = StoredObject {
            path: PathBuf::from(&name),
            length,
            etag,
            content_type: new.content_type,
            headers: new.headers,
            modified_ms: self.shared.clock.now_ms(),
            version: None,
            sequence: 0,
            tags: new.tags,
            parts: new.parts,
        };
        self.show(place, object, (new.conditions, new.together), cause).map(|object| self.located(object)).inspect_err(
            |_| {
                // The file was never visible; the sweep at the next start takes what cannot be removed now.
                let _ = std::fs::remove_file(&path);
            },
        )
    }

    /// Writes the row of an object whose file is there, and makes room for it.
    fn show(
        &self,
        place: Place<'_>,
        mut object: StoredObject,
        (conditions, mut batch): (Conditions<'_>, Batch),
        cause: &Cause<'_>,
    ) -> Result<StoredObject, ApiError> {
        let _writing = self.lock();
        let bucket = self.bucket(place.bucket)?;
        let current = self.current(place);
        let present = match &current {
            Some(Version::Object(present)) => Some(present),
            _ => None,
        };
        precondition(conditions, present, place.key)?;
        object.sequence = self.next_sequence(current.as_ref());
        let versioning = bucket.versioning();
        object.version = (versioning == Versioning::Enabled).then(|| self.shared.ids.short(32));
        let gone = self.make_room(&mut batch, place, versioning, current);
        self.rows.add(&mut batch, &row_key(place), &object);
        let shown = (versioning != Versioning::Never).then(|| object.version_id().to_owned());
        let fact = Fact { object: Some(&object), version: shown.as_deref(), sequence: object.sequence };
        self.finish(batch, &bucket, place, (&fact, cause))?;
        self.let_go(gone);
        Ok(object)
    }

    /// Moves the newest version aside, or drops what a version without an id replaces. Gives what has no row any more.
    fn make_room(
        &self,
        batch: &mut Batch,
        place: Place<'_>,
        versioning: Versioning,
        current: Option<Version>,
    ) -> Vec<StoredObject> {
        let mut gone = Vec::new();
        let replaces_null = versioning != Versioning::Enabled;
        if let Some(Version::Object(object)) = current {
            if replaces_null && object.version.is_none() {
                gone.push(object);
            } else {
                let key = version_key(place, object.sequence);
                self.versions.add(batch, &key, &Version::Object(object));
            }
        }
        if versioning == Versioning::Suspended {
            for (key, version) in self.versions.starting_with(&format!("{}\0", row_key(place))) {
                if version.id() == NULL_VERSION {
                    self.versions.drop(batch, &key);
                    if let Version::Object(object) = version {
                        gone.push(object);
                    }
                }
            }
        }
        gone
    }

    /// Deletes a key; one that is not there is fine. With versions, a delete marker is put in front of the others.
    pub(super) fn delete(
        &self,
        place: Place<'_>,
        conditions: Conditions<'_>,
        cause: &Cause<'_>,
    ) -> Result<Deleted, ApiError> {
        let _writing = self.lock();
        let bucket = self.bucket(place.bucket)?;
        let current = self.current(place);
        if let Some(Version::Object(present)) = &current {
            precondition(conditions, Some(present), place.key)?;
        }
        let versioning = bucket.versioning();
        let mut batch = Batch::default();
        self.rows.drop(&mut batch, &row_key(place));
        let sequence = self.next_sequence(current.as_ref());
        let was_there = current.is_some();
        let gone = self.make_room(&mut batch, place, versioning, current);
        if versioning == Versioning::Never {
            let fact = Fact { object: None, version: None, sequence };
            if was_there {
                self.finish(batch, &bucket, place, (&fact, cause))?;
            }
            self.let_go(gone);
            return Ok(Deleted::default());
        }
        let version = (versioning == Versioning::Enabled).then(|| self.shared.ids.short(32));
        let marker = Marker { version: version.clone(), sequence, modified_ms: self.shared.clock.now_ms() };
        self.versions.add(&mut batch, &version_key(place, sequence), &Version::Marker(marker));
        let version = version.unwrap_or_else(|| NULL_VERSION.to_owned());
        let fact = Fact { object: None, version: Some(&version), sequence };
        self.finish(batch, &bucket, place, (&fact, &cause.of_marker()))?;
        self.let_go(gone);
        Ok(Deleted { version: Some(version), marker: true })
    }

    /// Deletes one version for good; one that is not there is fine.
    pub(super) fn delete_version(&self, place: Place<'_>, id: &str, cause: &Cause<'_>) -> Result<Deleted, ApiError> {
        let _writing = self.lock();
        let bucket = self.bucket(place.bucket)?;
        let Some((key, version)) = self.find(place, id) else {
            return Ok(Deleted { version: Some(id.to_owned()), marker: false });
        };
        let mut batch = Batch::default();
        let older = self.versions.starting_with(&format!("{}\0", row_key(place)));
        match &key {
            Some(key) => self.versions.drop(&mut batch, key),
            None => self.rows.drop(&mut batch, &row_key(place)),
        }
        // Whatever is the newest now becomes visible, if it is an object.
        if key.is_none() || self.rows.get(&row_key(place)).is_none() {
            let newest = older.into_iter().find(|(other, _)| Some(other) != key.as_ref());
            if let Some((key, Version::Object(object))) = newest {
                self.versions.drop(&mut batch, &key);
                self.rows.add(&mut batch, &row_key(place), &object);
            }
        }
        let fact = Fact { object: None, version: Some(id), sequence: self.next_sequence(Some(&version)) };
        self.finish(batch, &bucket, place, (&fact, cause))?;
        let marker = match version {
            Version::Object(object) => {
                self.let_go(vec![object]);
                false
            }
            Version::Marker(_) => true,
        };
        Ok(Deleted { version: Some(id.to_owned()), marker })
    }

    /// Changes what is kept with an object, but not its bytes.
    pub(super) fn change_object(
        &self,
        place: Place<'_>,
        id: Option<&str>,
        cause: &Cause<'_>,
        change: impl FnOnce(&mut StoredObject),
    ) -> Result<StoredObject, ApiError> {
        let _writing = self.lock();
        let bucket = self.bucket(place.bucket)?;
        let mut object = self.version(place, id)?;
        change(&mut object);
        // The row names the file without its folder.
        object.path = object.path.file_name().map(PathBuf::from).unwrap_or_default();
        let mut batch = Batch::default();
        match self.find(place, object.version_id()).and_then(|(key, _)| key) {
            Some(key) => self.versions.add(&mut batch, &key, &Version::Object(object.clone())),
            None => self.rows.add(&mut batch, &row_key(place), &object),
        }
        let shown = (bucket.versioning() != Versioning::Never).then(|| object.version_id().to_owned());
        let fact = Fact { object: Some(&object), version: shown.as_deref(), sequence: object.sequence };
        self.finish(batch, &bucket, place, (&fact, cause))?;
        Ok(object)
    }

    /// Deletes an empty bucket.
    pub(super) fn delete_bucket(&self, name: &str) -> Result<(), ApiError> {
        let _writing = self.lock();
        let bucket = self.bucket(name)?;
        let start = row_key(Place { bucket: name, key: "" });
        if !self.rows.starting_with(&start).is_empty() || !self.versions.starting_with(&start).is_empty() {
            let message = match bucket.versioning() {
                Versioning::Never => "The bucket you tried to delete is not empty",
                _ => "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
            };
            return Err(with("BucketNotEmpty", message, "BucketName", name).status(409));
        }
        Ok(self.buckets.remove(name)?)
    }

    /// Writes a batch with the notices of what it does.
    fn finish(
        &self,
        mut batch: Batch,
        bucket: &Bucket,
        place: Place<'_>,
        (fact, cause): (&Fact<'_>, &Cause<'_>),
    ) -> Result<(), ApiError> {
        let notices = notification::notices(&self.shared, bucket, place.key, fact, cause);
        self.outbox.add(&mut batch, &notices);
        self.shared.store.commit(batch)?;
        if !notices.is_empty() {
            self.outbox.wake();
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest version.
    fn current(&self, place: Place<'_>) -> Option<Version> {
        let object = self.rows.get(&row_key(place)).map(Version::Object);
        object.or_else(|| {
            let older = self.versions.starting_with(&format!("{}\0", row_key(place)));
            older.into_iter().next().map(|(_, version)| version)
        })
    }

    /// A version, and its key among the older ones.
    fn find(&self, place: Place<'_>, id: &str) -> Option<(Option<String>, Version)> {
        let current = self.rows.get(&row_key(place)).map(|object| (None, Version::Object(object)));
        let older = self.versions.starting_with(&format!("{}\0", row_key(place)));
        let older = older.into_iter().map(|(key, version)| (Some(key), version));
        current.into_iter().chain(older).find(|(_, version)| version.id() == id)
    }

    /// Microseconds since 1970, and always behind the version before.
    fn next_sequence(&self, before: Option<&Version>) -> u64 {
        let now = u64::try_from(self.shared.clock.now_ms()).unwrap_or_default() * 1000;
        now.max(before.map_or(0, |version| version.sequence() + 1))
    }

    fn located(&self, mut object: StoredObject) -> StoredObject {
        object.path = self.folder.join(object.path);
        object
    }

    /// Puts the bytes of a new object into its file; gives their length and the entity tag.
    fn settle(&self, content: Content, path: &Path) -> std::io::Result<(u64, String)> {
        match content {
            Content::Body(body) => {
                let facts = (body.finished.length, body.etag());
                body.keep(path)?;
                Ok(facts)
            }
            Content::Same(file, length, etag) => {
                if std::fs::hard_link(&file, path).is_err() {
                    self.join(&[file], path)?;
                }
                Ok((length, etag))
            }
            Content::Parts(files, etag) => Ok((self.join(&files, path)?, etag)),
        }
    }

    /// Joins files under an unfinished name, then gives the whole its own.
    fn join(&self, files: &[PathBuf], path: &Path) -> std::io::Result<u64> {
        let unfinished = self.unfinished();
        let mut whole = std::fs::File::create(&unfinished)?;
        let mut length = 0;
        for file in files {
            length += std::io::copy(&mut std::fs::File::open(file)?, &mut whole)?;
        }
        std::fs::rename(&unfinished, path)?;
        Ok(length)
    }

    /// Removes the files of objects that are no more, when their readers are done.
    fn let_go(&self, objects: Vec<StoredObject>) {
        for object in objects {
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
}

/// `NoSuchKey`.
pub(super) fn no_such_key(key: &str) -> ApiError {
    with("NoSuchKey", "The specified key does not exist.", "Key", key).status(404)
}

/// Refuses a key that is too long.
pub(super) fn too_long(key: &str) -> ApiError {
    let mut error = ApiError::new("KeyTooLongError", "Your key is too long");
    error.extra.insert("Size".to_owned(), key.len().into());
    error.extra.insert("MaxSizeAllowed".to_owned(), KEY_LIMIT_BYTES.into());
    error
}

/// Bucket names have no NUL, so that keys of one bucket stand together and in order.
fn row_key(place: Place<'_>) -> String {
    format!("{}\0{}", place.bucket, place.key)
}

/// The newest version comes first.
fn version_key(place: Place<'_>, sequence: u64) -> String {
    format!("{}\0{:016x}", row_key(place), u64::MAX - sequence)
}
