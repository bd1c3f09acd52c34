//! Buckets as rows: their names, their stored configurations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cloud::iam::policy::{Policy, PolicyKind};
use crate::cloud::protocol::xml;
use crate::cloud::service::ApiError;

/// A bucket as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::cloud) struct Bucket {
    pub name: String,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Configurations by the query word that names them (`cors`, `policy`): XML, and JSON for the policy.
    pub configurations: BTreeMap<String, String>,
}

/// A configuration that is stored and given back.
#[derive(Debug)]
pub(super) struct Kind {
    /// The word in the query.
    pub word: &'static str,
    /// The end of the IAM action: `s3:Get…`, `s3:Put…`.
    pub action: &'static str,
    /// The outermost element.
    pub root: &'static str,
    /// The error of a GET when there is none.
    pub missing: Option<(&'static str, &'static str)>,
    /// What is inside the outermost element when there is none and that is no error.
    pub empty: &'static str,
    /// Whether it cannot be set here: S3's answer for a bucket without it is given, and a PUT refused by name.
    pub fixed: bool,
}

/// Every configuration that a bucket can have here, and those that it is known not to have. What is not listed is refused
/// by name.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        word: "versioning",
        action: "BucketVersioning",
        root: "VersioningConfiguration",
        missing: None,
        empty: "",
        fixed: false,
    },
    Kind {
        word: "publicAccessBlock",
        action: "BucketPublicAccessBlock",
        root: "PublicAccessBlockConfiguration",
        missing: Some(("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")),
        empty: "",
        fixed: false,
    },
    Kind {
        word: "encryption",
        action: "EncryptionConfiguration",
        root: "ServerSideEncryptionConfiguration",
        missing: Some((
            "ServerSideEncryptionConfigurationNotFoundError",
            "The server side encryption configuration was not found",
        )),
        empty: "",
        fixed: false,
    },
    Kind {
        word: "ownershipControls",
        action: "BucketOwnershipControls",
        root: "OwnershipControls",
        missing: Some(("OwnershipControlsNotFoundError", "The bucket ownership controls were not found")),
        empty: "",
        fixed: false,
    },
    Kind {
        word: "tagging",
        action: "BucketTagging",
        root: "Tagging",
        missing: Some(("NoSuchTagSet", "The TagSet does not exist")),
        empty: "",
        fixed: false,
    },
    Kind {
        word: "cors",
        action: "BucketCORS",
        root: "CORSConfiguration",
        missing: Some(("NoSuchCORSConfiguration", "The CORS configuration does not exist")),
        empty: "",
        fixed: false,
    },
    Kind {
        word: "lifecycle",
        action: "LifecycleConfiguration",
        root: "LifecycleConfiguration",
        missing: Some(("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")),
        empty: "",
        fixed: false,
    },
    Kind {
        word: "website",
        action: "BucketWebsite",
        root: "WebsiteConfiguration",
        missing: Some(("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")),
        empty: "",
        fixed: false,
    },
    Kind {
        word: "notification",
        action: "BucketNotification",
        root: "NotificationConfiguration",
        missing: None,
        empty: "",
        fixed: false,
    },
    Kind {
        word: "logging",
        action: "BucketLogging",
        root: "BucketLoggingStatus",
        missing: None,
        empty: "",
        fixed: true,
    },
    Kind {
        word: "accelerate",
        action: "AccelerateConfiguration",
        root: "AccelerateConfiguration",
        missing: None,
        empty: "",
        fixed: true,
    },
    Kind {
        word: "requestPayment",
        action: "BucketRequestPayment",
        root: "RequestPaymentConfiguration",
        missing: None,
        empty: "<Payer>BucketOwner</Payer>",
        fixed: true,
    },
    Kind {
        word: "replication",
        action: "ReplicationConfiguration",
        root: "ReplicationConfiguration",
        missing: Some(("ReplicationConfigurationNotFoundError", "The replication configuration was not found")),
        empty: "",
        fixed: true,
    },
    Kind {
        word: "object-lock",
        action: "BucketObjectLockConfiguration",
        root: "ObjectLockConfiguration",
        missing: Some((
            "ObjectLockConfigurationNotFoundError",
            "Object Lock configuration does not exist for this bucket",
        )),
        empty: "",
        fixed: true,
    },
];

/// Whether a bucket keeps the versions of its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versioning {
    /// It never did.
    Never,
    Enabled,
    /// What was kept stays; new objects have no version's id.
    Suspended,
}

/// What a new bucket has: nothing public, encrypted by S3, no access lists (AWS's defaults since April 2023).
pub(super) fn defaults() -> BTreeMap<String, String> {
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true\
                 </IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true\
                 </RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    let encryption = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>\
                      AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false\
                      </BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>";
    let ownership = "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>\
                     </OwnershipControls>";
    [("publicAccessBlock", block), ("encryption", encryption), ("ownershipControls", ownership)]
        .into_iter()
        .map(|(word, text)| (word.to_owned(), text.to_owned()))
        .collect()
}

impl Bucket {
    /// The bucket's policy, when it has one.
    pub(super) fn policy(&self) -> Option<Policy> {
        let text = self.configurations.get("policy")?;
        Policy::parse_text(text, PolicyKind::Resource).ok()
    }

    /// Whether it keeps versions.
    pub(super) fn versioning(&self) -> Versioning {
        let root = self.configurations.get("versioning").and_then(|text| xml::parse(text).ok());
        match root.as_ref().and_then(|root| root.child_text("Status")) {
            Some("Enabled") => Versioning::Enabled,
            Some("Suspended") => Versioning::Suspended,
            _ => Versioning::Never,
        }
    }

    /// Whether answers name versions.
    pub(super) fn has_versions(&self) -> bool {
        self.versioning() != Versioning::Never
    }

    /// A switch of the public access block.
    pub(super) fn blocks(&self, switch: &str) -> bool {
        let block = self.configurations.get("publicAccessBlock").and_then(|text| xml::parse(text).ok());
        block.is_some_and(|block| block.child_text(switch) == Some("true"))
    }
}

/// Checks a bucket's name by the rules for general purpose buckets.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let good = (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| plain(*byte) || matches!(byte, b'-' | b'.'))
        && bytes.first().copied().is_some_and(plain)
        && bytes.last().copied().is_some_and(plain)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && !name.starts_with("xn--")
        && !name.starts_with("sthree-")
        && !name.ends_with("-s3alias")
        && !name.ends_with("--ol-s3");
    if good {
        return Ok(());
    }
    Err(with("InvalidBucketName", "The specified bucket is not valid.", "BucketName", name))
}

/// Checks a configuration that a client sends.
pub(super) fn check(kind: &Kind, text: &str) -> Result<(), ApiError> {
    let root = xml::parse(text).map_err(|_| malformed())?;
    if root.name != kind.root {
        return Err(malformed());
    }
    match kind.word {
        "versioning" if !matches!(root.child_text("Status"), Some("Enabled" | "Suspended")) => Err(malformed()),
        "encryption" if text.contains("aws:kms") => Err(ApiError::not_built("s3", "PutBucketEncryption with KMS keys")),
        "cors" if root.children.is_empty() => Err(malformed()),
        "website" => super::website::check(&root),
        "lifecycle" => super::lifecycle::check(&root),
        "tagging" => super::tagging::check_bucket(&root),
        _ => Ok(()),
    }
}

/// The refusal of a document that is not as S3 wants it.
pub(super) fn malformed() -> ApiError {
    ApiError::new(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

/// An error with one more element.
pub(super) fn with(code: &str, message: &str, element: &str, value: &str) -> ApiError {
    let mut error = ApiError::new(code, message);
    error.extra.insert(element.to_owned(), serde_json::Value::String(value.to_owned()));
    error
}
