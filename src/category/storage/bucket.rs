//! Settings of a bucket: who may do what on which path, versions, callers from browsers, what expires.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::grants::{self, Grant};
use crate::category::SettingProblem;

/// Settings of a bucket. It is encrypted, closed to the public, and answers over TLS alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct BucketSpec {
    /// Its name, in which `${env}` stands for the environment; made of the resource's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who may do what, by path: `"public/*" = ["guests:read", "signed-in:read,write"]`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub access: IndexMap<String, Vec<Grant>>,
    /// Files that are overwritten or deleted are kept for 30 days.
    pub versioning: bool,
    /// The bucket stays when its resource or the environment is deleted.
    pub keep: bool,
    /// Origins of pages that may use it.
    pub origins: Vec<String>,
    /// What is deleted after some days.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expire: Vec<Expiry>,
}

/// What is deleted after some days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// What the keys begin with; every key when empty.
    #[serde(default)]
    pub prefix: String,
    /// After how many days.
    pub days: u32,
}

impl Default for BucketSpec {
    fn default() -> Self {
        Self {
            name: None,
            access: IndexMap::new(),
            versioning: true,
            keep: true,
            origins: vec!["*".to_owned()],
            expire: Vec::new(),
        }
    }
}

impl BucketSpec {
    pub(super) fn check(&self) -> Vec<SettingProblem> {
        let mut problems: Vec<SettingProblem> =
            self.access.iter().flat_map(|(path, to)| grants::check(path, to)).collect();
        for origin in &self.origins {
            let good = origin == "*" || origin.starts_with("https://") || origin.starts_with("http://");
            if !good || origin.matches('*').count() > 1 || origin.chars().any(|c| c.is_whitespace() || c.is_control()) {
                let why = format!("`{}` is no origin of pages", origin.escape_debug());
                let hint = "`origins = [\"https://www.example.com\"]`, with at most one `*` in each";
                problems.push(SettingProblem::new("bucket.origins", why).hint(hint));
            }
        }
        for Expiry { prefix, days } in &self.expire {
            if *days == 0 {
                let why = format!("files below `{}` expire after 1 day or more", prefix.escape_debug());
                problems.push(SettingProblem::new("bucket.expire", why));
            }
            if prefix.contains('*') {
                let why = format!("`{}` is what keys begin with, without `*`", prefix.escape_debug());
                problems.push(
                    SettingProblem::new("bucket.expire", why).hint("`expire = [{ prefix = \"tmp/\", days = 7 }]`"),
                );
            }
        }
        problems
    }
}
