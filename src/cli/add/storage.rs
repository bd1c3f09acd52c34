//! The flags and the interview of `ampup add storage`.

use std::fmt;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::base::ResourceName;
use crate::category::StorageSpec;
use crate::category::storage::{Attribute, BucketSpec, Grant, IndexSpec, TableSpec};
use crate::cli::interview::Interview;
use crate::cli::questions;
use crate::error::Failure;

/// What keeps things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StorageKindArg {
    /// Files, in a bucket of Amazon S3
    Bucket,
    /// Items, in a table of DynamoDB
    Table,
}

/// Who may do what on a path: `public/*=guests:read`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AllowArg {
    path: String,
    grant: Grant,
}

impl FromStr for AllowArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((path, grant)) = text.rsplit_once('=').filter(|(path, _)| !path.is_empty()) else {
            return Err("it must be PATH=WHO:ACTIONS, for example `public/*=guests:read`".to_owned());
        };
        Ok(Self { path: path.to_owned(), grant: grant.parse()? })
    }
}

impl fmt::Display for AllowArg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.path, self.grant)
    }
}

/// An index: `NAME=KEY` or `NAME=KEY/SORT-KEY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexArg {
    name: String,
    index: IndexSpec,
}

impl FromStr for IndexArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, keys)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err("it must be NAME=KEY or NAME=KEY/SORT-KEY, for example `byOwner=owner/at:number`".to_owned());
        };
        let (key, sort_key) = keys.split_once('/').map_or((keys, None), |(key, sort)| (key, Some(sort)));
        let sort_key = sort_key.map(str::parse::<Attribute>).transpose()?;
        Ok(Self { name: name.to_owned(), index: IndexSpec { key: key.parse()?, sort_key } })
    }
}

impl fmt::Display for IndexArg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.name, self.index.key)?;
        self.index.sort_key.as_ref().map_or(Ok(()), |sort| write!(formatter, "/{sort}"))
    }
}

/// Settings of storage.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct StorageFlags {
    /// Who may do what with files, as PATH=WHO:ACTIONS, once for each; together they stand instead of what was set
    #[arg(long, value_name = "PATH=WHO:ACTIONS")]
    pub(crate) allow: Option<Vec<AllowArg>>,
    /// Keep overwritten and deleted files for 30 days
    #[arg(long, value_name = "BOOL")]
    pub(crate) versioning: Option<bool>,
    /// Origins of pages that may use the bucket, separated by commas
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',')]
    pub(crate) origins: Option<Vec<String>>,
    /// Name of the bucket; `${env}` stands for the environment, empty for a name that ampup makes
    #[arg(long, value_name = "BUCKET")]
    pub(crate) bucket_name: Option<String>,
    /// Key of the table: an attribute, with `:number` or `:binary` behind it when it is no text
    #[arg(long, value_name = "ATTRIBUTE")]
    pub(crate) key: Option<Attribute>,
    /// Attribute that orders items of one key
    #[arg(long, value_name = "ATTRIBUTE")]
    pub(crate) sort_key: Option<Attribute>,
    /// Another way to find items, as NAME=KEY or NAME=KEY/SORT-KEY, once for each
    #[arg(long = "index", value_name = "NAME=KEYS")]
    pub(crate) indexes: Option<Vec<IndexArg>>,
    /// Changes of items are told to functions
    #[arg(long, value_name = "BOOL")]
    pub(crate) stream: Option<bool>,
    /// Attribute with the time, in seconds since 1970, when an item expires; empty for none
    #[arg(long, value_name = "ATTRIBUTE")]
    pub(crate) expires: Option<String>,
    /// The table can be restored to any second of the last 35 days
    #[arg(long, value_name = "BOOL")]
    pub(crate) point_in_time_recovery: Option<bool>,
    /// Files or items stay when the resource or the environment is deleted
    #[arg(long, value_name = "BOOL")]
    pub(crate) keep: Option<bool>,
}

/// Arguments of `add storage`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AddStorageArgs {
    /// Name of the resource
    #[arg(long)]
    pub(crate) name: Option<ResourceName>,
    /// What keeps things
    #[arg(long, value_enum)]
    pub(crate) kind: Option<StorageKindArg>,
    /// Its settings
    #[command(flatten)]
    pub(crate) flags: StorageFlags,
}

/// Name and settings; `None` when an answer is missing.
pub(in crate::cli) fn ask(
    interview: &mut Interview<'_>,
    args: &AddStorageArgs,
) -> Result<Option<(ResourceName, StorageSpec)>, Failure> {
    let flags = &args.flags;
    let name: Option<ResourceName> = interview.text(args.name.clone(), &questions::STORAGE_NAME)?;
    let kind = interview.pick(args.kind, &questions::STORAGE_KIND)?;
    let mut flags = flags.clone();
    let mut complete = true;
    if kind == Some(StorageKindArg::Table) {
        flags.key = interview.text(flags.key.take(), &questions::STORAGE_KEY)?;
        complete = flags.key.is_some();
    }
    note(interview, &flags);
    let Some((name, kind)) = name.zip(kind).filter(|_| complete) else { return Ok(None) };
    let mut spec = match kind {
        StorageKindArg::Bucket => StorageSpec { bucket: Some(BucketSpec::default()), table: None },
        StorageKindArg::Table => StorageSpec { bucket: None, table: Some(TableSpec::default()) },
    };
    apply(&mut spec, &flags);
    Ok(Some((name, spec)))
}

/// Notes the flags that need no question.
fn note(interview: &mut Interview<'_>, flags: &StorageFlags) {
    flags.allow.iter().flatten().for_each(|allow| interview.given("allow", Some(allow)));
    interview.given("versioning", flags.versioning);
    interview.given("origins", flags.origins.as_ref().map(|origins| origins.join(",")));
    interview.given("bucket-name", flags.bucket_name.as_ref());
    interview.given("sort-key", flags.sort_key.as_ref());
    flags.indexes.iter().flatten().for_each(|index| interview.given("index", Some(index)));
    interview.given("stream", flags.stream);
    interview.given("expires", flags.expires.as_ref());
    interview.given("point-in-time-recovery", flags.point_in_time_recovery);
    interview.given("keep", flags.keep);
}

/// Lays flags over settings; true when there were any.
pub(in crate::cli) fn apply(spec: &mut StorageSpec, flags: &StorageFlags) -> bool {
    if let Some(bucket) = &mut spec.bucket {
        apply_bucket(bucket, flags);
    }
    if let Some(table) = &mut spec.table {
        apply_table(table, flags);
    }
    let bucket = flags.allow.is_some() || flags.origins.is_some() || flags.bucket_name.is_some();
    let table = flags.key.is_some() || flags.sort_key.is_some() || flags.indexes.is_some() || flags.expires.is_some();
    let switches = flags.versioning.or(flags.stream).or(flags.point_in_time_recovery).or(flags.keep);
    bucket || table || switches.is_some()
}

fn apply_bucket(bucket: &mut BucketSpec, flags: &StorageFlags) {
    if let Some(allow) = &flags.allow {
        bucket.access.clear();
        for AllowArg { path, grant } in allow {
            bucket.access.entry(path.clone()).or_default().push(grant.clone());
        }
    }
    if let Some(origins) = &flags.origins {
        bucket.origins = origins.iter().filter(|origin| !origin.is_empty()).cloned().collect();
    }
    if let Some(name) = &flags.bucket_name {
        bucket.name = Some(name.clone()).filter(|name| !name.is_empty());
    }
    bucket.versioning = flags.versioning.unwrap_or(bucket.versioning);
    bucket.keep = flags.keep.unwrap_or(bucket.keep);
}

fn apply_table(table: &mut TableSpec, flags: &StorageFlags) {
    table.key = flags.key.clone().unwrap_or_else(|| table.key.clone());
    table.sort_key = flags.sort_key.clone().or(table.sort_key.take());
    if let Some(indexes) = &flags.indexes {
        table.indexes = indexes.iter().map(|arg| (arg.name.clone(), arg.index.clone())).collect();
    }
    if let Some(expires) = &flags.expires {
        table.expires = Some(expires.clone()).filter(|expires| !expires.is_empty());
    }
    table.stream = flags.stream.unwrap_or(table.stream);
    table.point_in_time_recovery = flags.point_in_time_recovery.unwrap_or(table.point_in_time_recovery);
    table.keep = flags.keep.unwrap_or(table.keep);
}
