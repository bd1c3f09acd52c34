//! Objects and their versions as rows.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An object as stored: one version of a key.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::cloud) struct StoredObject {
    /// The file with its bytes.
    pub path: PathBuf,
    pub length: u64,
    /// Without quotes.
    pub etag: String,
    pub content_type: String,
    /// Headers that come back as they were sent: `Cache-Control`, `Content-Encoding`, `x-amz-meta-…`.
    pub headers: Vec<(String, String)>,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
    /// The version's id; `None` is the version `null` of a bucket without versions.
    #[serde(default)]
    pub version: Option<String>,
    /// Orders the versions of a key: the newest has the highest.
    #[serde(default)]
    pub sequence: u64,
    /// Tags, in the order in which they were given.
    #[serde(default)]
    pub tags: Vec<(String, String)>,
    /// Numbers and lengths of the parts that it was made of.
    #[serde(default)]
    pub parts: Vec<PartFact>,
}

/// A part of an object that was sent in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloud) struct PartFact {
    pub number: u32,
    pub length: u64,
    /// The header and the value of its checksum, when it has the algorithm of the whole.
    pub sum: Option<(String, String)>,
}

impl StoredObject {
    /// The id of the version as it is shown.
    pub(super) fn version_id(&self) -> &str {
        self.version.as_deref().unwrap_or(NULL_VERSION)
    }

    /// A kept header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `STANDARD`, unless it was stored with another class.
    pub(super) fn storage_class(&self) -> &str {
        self.header("x-amz-storage-class").unwrap_or("STANDARD")
    }
}

/// The name of the version without an id.
pub(super) const NULL_VERSION: &str = "null";

/// What says that a key was deleted in a bucket with versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Marker {
    pub version: Option<String>,
    pub sequence: u64,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
}

/// One version of a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Version {
    Object(StoredObject),
    Marker(Marker),
}

impl Version {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Object(object) => object.version_id(),
            Self::Marker(marker) => marker.version.as_deref().unwrap_or(NULL_VERSION),
        }
    }

    pub(super) fn sequence(&self) -> u64 {
        match self {
            Self::Object(object) => object.sequence,
            Self::Marker(marker) => marker.sequence,
        }
    }

    pub(super) fn modified_ms(&self) -> i64 {
        match self {
            Self::Object(object) => object.modified_ms,
            Self::Marker(marker) => marker.modified_ms,
        }
    }
}
