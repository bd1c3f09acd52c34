//! What a user can add: auth, api, hosting, function, storage (and, as it comes, workflow).
//!
//! Pure: data in, data out. A new kind is one folder, one template folder, one clap file, one enum variant.

pub mod api;
pub mod auth;
pub mod function;
pub mod hosting;
pub mod scaffold;
pub mod settings;
pub mod sources;
pub mod storage;
pub mod synthesis;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::base::ResourceName;
use crate::error::Problem;

pub use crate::render::Renderer;
pub use api::ApiSpec;
pub use auth::AuthSpec;
pub use function::FunctionSpec;
pub use hosting::HostingSpec;
pub use scaffold::SourceFile;
pub use settings::{SettingProblem, inside};
pub use sources::Sources;
pub use storage::StorageSpec;
pub use synthesis::{ArtifactRequest, Kept, Need, Offer, Part, Synthesis};

/// Settings of one resource, as in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ResourceSpec {
    /// Cognito.
    Auth(AuthSpec),
    /// AppSync and DynamoDB.
    Api(ApiSpec),
    /// S3 and CloudFront.
    Hosting(HostingSpec),
    /// Lambda.
    Function(FunctionSpec),
    /// S3 or DynamoDB.
    Storage(StorageSpec),
}

impl ResourceSpec {
    /// `auth`, `api`, `hosting`, `function`, `storage`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Auth(_) => "auth",
            Self::Api(_) => "api",
            Self::Hosting(_) => "hosting",
            Self::Function(_) => "function",
            Self::Storage(_) => "storage",
        }
    }

    /// Values that their types cannot refuse.
    pub fn check(&self) -> Vec<SettingProblem> {
        match self {
            Self::Auth(spec) => spec.check(),
            Self::Api(spec) => spec.check(),
            Self::Hosting(spec) => spec.check(),
            Self::Function(spec) => spec.check(),
            Self::Storage(spec) => spec.check(),
        }
    }

    /// What only shows when a resource is seen with its name among the others.
    pub fn check_among(&self, among: &Among<'_>) -> Vec<SettingProblem> {
        match self {
            Self::Function(spec) => spec.check_among(among),
            Self::Storage(spec) => spec.check_among(among),
            Self::Auth(_) | Self::Api(_) | Self::Hosting(_) => Vec::new(),
        }
    }

    /// The files a fresh resource starts with.
    pub fn scaffold(&self, name: &ResourceName, render: &Renderer) -> Result<Vec<SourceFile>, Vec<Problem>> {
        match self {
            Self::Auth(_) | Self::Storage(_) => Ok(Vec::new()),
            Self::Api(spec) => spec.scaffold(name, render),
            Self::Hosting(spec) => spec.scaffold(name, render),
            Self::Function(spec) => spec.scaffold(name, render),
        }
    }

    /// The stack of the resource.
    pub fn synthesize(&self, context: &Context<'_>) -> Result<Synthesis, Vec<Problem>> {
        match self {
            Self::Auth(spec) => spec.synthesize(context),
            Self::Api(spec) => spec.synthesize(context),
            Self::Hosting(spec) => spec.synthesize(context),
            Self::Function(spec) => spec.synthesize(context),
            Self::Storage(spec) => spec.synthesize(context),
        }
    }
}

/// A resource among the others.
#[derive(Clone, Copy, Debug)]
pub struct Among<'a> {
    /// The resource.
    pub name: &'a ResourceName,
    /// Every resource of the project, this one too.
    pub resources: &'a IndexMap<ResourceName, ResourceSpec>,
}

/// What a category knows while it makes its stack. Environments differ by stack parameters alone, so none is here.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The resource.
    pub name: &'a ResourceName,
    /// The user's files.
    pub sources: &'a Sources,
    /// Every resource of the project, this one too.
    pub siblings: &'a IndexMap<ResourceName, ResourceSpec>,
    /// Templates.
    pub render: &'a Renderer,
}

impl<'a> Context<'a> {
    /// The resource among the others.
    pub fn among(&self) -> Among<'a> {
        Among { name: self.name, resources: self.siblings }
    }

    /// The project's auth resource, when there is one.
    pub fn auth(&self) -> Option<(&'a ResourceName, &'a AuthSpec)> {
        self.siblings.iter().find_map(|(name, spec)| match spec {
            ResourceSpec::Auth(spec) => Some((name, spec)),
            _ => None,
        })
    }
}
