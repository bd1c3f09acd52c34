//! Where an app keeps things: a bucket of Amazon S3 for files, or a table of DynamoDB for items.

mod bucket;
pub mod client;
mod grants;
mod names;
mod policies;
mod stack;
mod table;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Context, SettingProblem, Synthesis, synthesis};
use crate::error::Problem;

pub use bucket::{BucketSpec, Expiry};
pub use grants::{Action, Grant, Who};
pub use policies::granted_groups;
pub use table::{Attribute, AttributeKind, IndexSpec, TableSpec};

pub(in crate::category) use names::bucket_arn;
pub(in crate::category) use names::bucket_name;

/// Settings of a storage resource: one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StorageSpec {
    /// Files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<BucketSpec>,
    /// Items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableSpec>,
}

impl StorageSpec {
    /// Values that their types cannot refuse.
    pub fn check(&self) -> Vec<SettingProblem> {
        let problem = |why: &str| {
            let hint = "write `bucket = {}` for files, or `table = { key = \"id\" }` for items";
            vec![SettingProblem::new("kind", why).hint(hint)]
        };
        match (&self.bucket, &self.table) {
            (Some(bucket), None) => bucket.check(),
            (None, Some(table)) => table.check(),
            (None, None) => problem("a storage resource is a bucket or a table, and this is neither"),
            (Some(_), Some(_)) => problem("a storage resource is a bucket or a table, and this is both"),
        }
    }

    /// What only shows when the resource is seen among the others.
    pub fn check_among(&self, context: &super::Among<'_>) -> Vec<SettingProblem> {
        match &self.bucket {
            Some(bucket) => names::check(context.name, bucket)
                .into_iter()
                .chain(policies::check(bucket, context.resources))
                .collect(),
            None => Vec::new(),
        }
    }

    /// The stack.
    pub fn synthesize(&self, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
        synthesis::refuse(context.name, &self.check())?;
        synthesis::refuse(context.name, &self.check_among(&context.among()))?;
        match (&self.bucket, &self.table) {
            (Some(bucket), _) => stack::bucket(bucket, context),
            (None, Some(table)) => stack::table(table, context),
            (None, None) => Err(Vec::new()),
        }
    }

    /// The same kind of storage with default settings: what is not written into the manifest.
    pub fn plain(&self) -> Self {
        Self {
            bucket: self.bucket.as_ref().map(|_| BucketSpec::default()),
            table: self.table.as_ref().map(|_| TableSpec::default()),
        }
    }

    /// `bucket` or `table`.
    pub fn what(&self) -> &'static str {
        if self.bucket.is_some() { "bucket" } else { "table" }
    }
}
