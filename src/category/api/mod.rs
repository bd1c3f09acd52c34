//! A GraphQL schema becomes AppSync and DynamoDB.

pub mod compile;
pub mod conformance;
pub mod plan;
pub mod resolvers;
#[cfg(test)]
mod testing;

use serde::{Deserialize, Serialize};

use super::{Context, SourceFile, Synthesis};
use crate::base::ResourceName;
use crate::error::{Code, Problem};
use crate::render::Renderer;

/// Settings of a GraphQL API. Its schema is `ampup/api/<name>/schema.graphql`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ApiSpec {
    /// How callers identify themselves where a rule names no other way.
    #[serde(default)]
    pub auth: ApiAuth,
    /// The other ways.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_auth: Vec<ApiAuth>,
    /// How long an API key lives, in days, 1 to 365.
    #[serde(default = "api_key_days")]
    pub api_key_days: u16,
    /// The sample that the schema starts as; only used by `scaffold`, never stored.
    #[serde(skip)]
    pub sample: Sample,
    /// The text that the schema starts as, instead of a sample; never stored.
    #[serde(skip)]
    pub initial_schema: Option<String>,
}

fn api_key_days() -> u16 {
    7
}

impl Default for ApiSpec {
    fn default() -> Self {
        Self {
            auth: ApiAuth::default(),
            additional_auth: Vec::new(),
            api_key_days: api_key_days(),
            sample: Sample::default(),
            initial_schema: None,
        }
    }
}

/// A way for callers to identify themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiAuth {
    /// A token of the project's user pool.
    UserPool,
    /// An API key.
    #[default]
    ApiKey,
    /// A signature with credentials of a role (identity pool).
    Iam,
}

/// What a schema starts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sample {
    /// One model.
    #[default]
    Todo,
    /// Posts, comments, categories, with owners, groups and public reading.
    Blog,
    /// An empty model to fill in.
    Blank,
}

impl ApiSpec {
    /// The schema that the resource starts with.
    pub fn scaffold(&self, name: &ResourceName, render: &Renderer) -> Result<Vec<SourceFile>, Vec<Problem>> {
        let _ = render;
        Err(vec![Problem::new(Code::AMP0311, format!("{name} is not built"))])
    }

    /// The stack.
    pub fn synthesize(&self, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
        Err(vec![Problem::new(Code::AMP0311, format!("{} is not built", context.name))])
    }
}
