//! A GraphQL schema becomes AppSync and DynamoDB.

pub mod access;
#[cfg(test)]
mod answers_tests;
mod callers;
pub mod client;
pub mod codegen;
pub mod compile;
mod conflict;
pub mod conformance;
mod database;
mod models;
mod own_files;
#[cfg(test)]
mod own_files_tests;
mod own_functions;
pub mod plan;
pub mod resolvers;
#[cfg(test)]
mod search_tests;
pub mod services;
#[cfg(test)]
mod services_tests;
pub mod sql;
mod stack;
#[cfg(test)]
mod testing;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Context, SettingProblem, SourceFile, Sources, Synthesis, synthesis};
use crate::base::ResourceName;
use crate::error::{Code, Diagnose, Problem};
use crate::render::Renderer;

pub use callers::{ApiAuth, AuthoriserSettings, OidcSettings};
pub use client::{ApiClient, client_section};
pub use codegen::{CodegenSpec, Target};
pub use compile::{AuthKind, CompileOptions, SchemaSource};
pub use conflict::Conflict;
pub use database::{DatabaseCluster, DatabaseEngine, DatabaseParameters, DatabaseSpec};
pub use plan::Plan;
pub(in crate::category) use stack::stream_output;

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
    /// Names of roles and users whose signed requests pass all rules; `${env}` stands for the environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admin_roles: Vec<String>,
    /// Every signed request passes all rules, unless its credentials are of an identity pool.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub iam_access: bool,
    /// How long an API key lives, in days, 1 to 365.
    #[serde(default = "api_key_days")]
    pub api_key_days: u16,
    /// The bucket whose pictures `@predictions` may read, below `public/`; environments may name others in the
    /// parameter `PredictionsBucket` of the stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predictions_bucket: Option<String>,
    /// The code for front ends that is kept up to date; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codegen: Option<CodegenSpec>,
    /// Data sync: every model is versioned, and this settles writes on old versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<Conflict>,
    /// What settles the conflicts of single models instead.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub conflict_models: IndexMap<String, Conflict>,
    /// The database of SQL models and statements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<DatabaseSpec>,
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
            admin_roles: Vec::new(),
            iam_access: false,
            api_key_days: api_key_days(),
            predictions_bucket: None,
            codegen: None,
            conflict: None,
            conflict_models: IndexMap::new(),
            sql: None,
            sample: Sample::default(),
            initial_schema: None,
        }
    }
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

/// Context of the samples.
#[derive(Debug, Serialize)]
struct Scaffold {
    /// The comment that names the API.
    name: String,
    /// Who may do anything in the small samples, as a rule.
    everyone: &'static str,
    /// The same in words.
    everyone_words: &'static str,
}

impl ApiSpec {
    /// Where the schema of an API is, relative to the project.
    pub fn schema_path(name: &ResourceName) -> String {
        format!("ampup/api/{name}/schema.graphql")
    }

    /// Values that their types cannot refuse.
    pub fn check(&self) -> Vec<SettingProblem> {
        let mut problems = Vec::new();
        if !(1..=365).contains(&self.api_key_days) {
            let why = format!("an API key lives for 1 to 365 days, not {}", self.api_key_days);
            problems.push(SettingProblem::new("api-key-days", why).hint("`api-key-days = 7`"));
        }
        problems.extend(callers::check(&self.auth, &self.additional_auth));
        problems.extend(callers::check_signers(self));
        // "Bucket naming rules" of Amazon S3.
        let fits = |name: &String| {
            let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
            (3..=63).contains(&name.len()) && name.chars().all(inner)
        };
        if let Some(name) = self.predictions_bucket.as_ref().filter(|name| !fits(name)) {
            let why = format!("`{name}` is no name of a bucket: 3 to 63 small letters, digits, dots and hyphens");
            let hint = "`predictions-bucket = \"my-pictures\"`";
            problems.push(SettingProblem::new("predictions-bucket", why).hint(hint));
        }
        problems.extend(self.codegen.iter().flat_map(CodegenSpec::check));
        problems.extend(self.sql.iter().flat_map(|database| database.check(self.conflict.is_some())));
        if self.conflict.is_none() && !self.conflict_models.is_empty() {
            let why =
                "single models have a conflict handler, but the API has none: data sync is for all models or none";
            problems.push(SettingProblem::new("conflict-models", why).hint("`conflict = \"auto-merge\"`"));
        }
        for conflict in self.conflict.iter().chain(self.conflict_models.values()) {
            problems.extend(conflict.problem());
        }
        problems
    }

    /// The schema that the resource starts with: the given text, or a sample.
    pub fn scaffold(&self, name: &ResourceName, render: &Renderer) -> Result<Vec<SourceFile>, Vec<Problem>> {
        let path = Self::schema_path(name);
        if let Some(text) = &self.initial_schema {
            return Ok(vec![SourceFile { path, text: text.clone() }]);
        }
        let template = match self.sample {
            Sample::Todo => "api/scaffold/todo.graphql",
            Sample::Blog => "api/scaffold/blog.graphql",
            Sample::Blank => "api/scaffold/blank.graphql",
        };
        let (everyone, everyone_words) = match self.auth {
            ApiAuth::ApiKey => ("public", "Anyone with the API key"),
            ApiAuth::UserPool => ("private", "Anyone who is signed in"),
            ApiAuth::Iam => ("private, provider: identityPool", "Anyone with credentials of the signed-in role"),
            ApiAuth::Oidc(_) => ("private, provider: oidc", "Anyone who is signed in at the provider"),
            ApiAuth::Lambda(_) => ("custom", "Anyone whom the authoriser lets through"),
        };
        let context = Scaffold { name: name.to_string(), everyone, everyone_words };
        let text =
            render.render(template, &context).map_err(|error| vec![Problem::new(error.code(), error.to_string())])?;
        Ok(vec![SourceFile { path, text }])
    }

    /// The stack.
    pub fn synthesize(&self, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
        synthesis::refuse(context.name, &self.check())?;
        stack::synthesize(self, &self.plan(context)?, context)
    }

    /// What the schema becomes.
    ///
    /// # Errors
    /// Every problem of the schema; or that there is none.
    pub fn plan(&self, context: &Context<'_>) -> Result<Plan, Vec<Problem>> {
        let path = Self::schema_path(context.name);
        let Some(text) = context.sources.text(&path) else {
            let message = format!("the API `{}` has no schema: there is no file `{path}`", context.name);
            let hint = format!("write the schema into `{path}`, or take the API away: `ampup remove {}`", context.name);
            return Err(vec![Problem::new(Code::AMP0315, message).hint(hint)]);
        };
        let (name, sources) = (context.name, context.sources);
        let mut problems = database::problems(self.sql.as_ref(), name, text, sources);
        let compiled = compile::compile(&SchemaSource { path: &path, text }, &self.compile_options(name, sources));
        let mut plan = match compiled {
            Ok(plan) if problems.is_empty() => plan,
            Ok(_) => return Err(problems),
            Err(found) => {
                problems.splice(0..0, found);
                return Err(problems);
            }
        };
        // Files of the user's may name it, also where no model or statement is there.
        plan.sources.extend(self.sql.as_ref().map(DatabaseSpec::source));
        own_files::apply(&mut plan, name, sources)?;
        Ok(own_functions::named(plan, context.siblings))
    }

    /// The settings as the compiler takes them, with the statements among the user's files.
    pub fn compile_options(&self, name: &ResourceName, sources: &Sources) -> CompileOptions {
        CompileOptions {
            default_auth: Some(AuthKind::from(&self.auth)),
            additional_auth: self.additional_auth.iter().map(AuthKind::from).collect(),
            admin_roles: self.admin_roles.clone(),
            enable_iam_access: self.iam_access,
            predictions_bucket: Some(self.predictions_bucket.clone().map_or(false.into(), Into::into)),
            conflict: self.conflict.as_ref().map(Conflict::option),
            conflict_models: self.conflict.as_ref().map(|_| {
                self.conflict_models.iter().map(|(model, conflict)| (model.clone(), conflict.option())).collect()
            }),
            sql: self.sql.as_ref().map(|database| database.options(name, sources)),
            ..CompileOptions::default()
        }
    }
}
