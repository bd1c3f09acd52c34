//! `ampup update`: flags laid over the settings of a resource, or a questionnaire that begins at them.

use super::Context;
use super::add::{apply_api, apply_auth, apply_function, apply_hosting, apply_storage, check_sql};
use super::args::UpdateArgs;
use crate::category::{ApiSpec, AuthSpec, FunctionSpec, HostingSpec, ResourceSpec, StorageSpec};
use crate::error::{Code, Diagnose, ExitStatus, Failure, Hint};
use crate::ops::add::{AddRequest, update};
use crate::ops::backend;

/// Flags that change nothing.
#[derive(Debug, thiserror::Error)]
enum UpdateError {
    /// No flag at all.
    #[error("nothing to change: no setting was given for {kind} `{name}`")]
    Nothing { kind: &'static str, name: String },
    /// Flags of another kind.
    #[error("`{name}` is {kind}, and the flags given are for {other}")]
    OtherKind { name: String, kind: &'static str, other: &'static str },
    /// A setting that Cognito cannot change.
    #[error(
        "what people sign in with cannot be changed by an update: Cognito would replace the user pool, and its users would be lost"
    )]
    SignIn,
}

impl Diagnose for UpdateError {
    fn code(&self) -> Code {
        Code::AMP0202
    }

    fn hints(&self) -> Vec<Hint> {
        vec![match self {
            Self::SignIn => {
                Hint::new("before anything is deployed: `ampup remove` it and `ampup add auth --sign-in …` anew")
            }
            Self::Nothing { .. } | Self::OtherKind { .. } => {
                Hint::new("`ampup update --help` shows the flags of each kind; or edit ampup.toml and `ampup render`")
            }
        }]
    }
}

pub(super) fn run(context: &Context<'_>, args: &UpdateArgs) -> Result<ExitStatus, Failure> {
    let mut project = context.project()?;
    let name = backend::resource(project.manifest(), &args.resource)?;
    let mut spec = project.manifest().resources[&name].clone();
    lay(&mut spec, args)?;
    if let ResourceSpec::Api(spec) = &spec {
        check_sql(spec, &args.api.sql)?;
    }
    let report = update(&mut project, &AddRequest { name, spec })?;
    Ok(context.ui.finish(&report))
}

/// Lays the flags of a kind over its settings; flags of other kinds are an error.
fn lay(spec: &mut ResourceSpec, args: &UpdateArgs) -> Result<(), UpdateError> {
    let kind = spec.kind();
    // Tried on throw-away settings: the answer says whether there were any flags of the kind.
    let given = [
        ("auth", apply_auth(&mut AuthSpec::default(), &args.auth)),
        ("api", apply_api(&mut ApiSpec::default(), &args.api)),
        ("hosting", apply_hosting(&mut HostingSpec::default(), &args.hosting)),
        ("function", apply_function(&mut FunctionSpec::default(), &args.function)),
        ("storage", apply_storage(&mut StorageSpec::default(), &args.storage)),
    ];
    let name = args.resource.clone();
    if let Some((other, _)) = given.into_iter().find(|(other, given)| *given && *other != kind) {
        return Err(UpdateError::OtherKind { name, kind, other });
    }
    let changed = match spec {
        ResourceSpec::Auth(spec) => {
            if args.auth.sign_in.is_some_and(|wanted| spec.sign_in != wanted.into()) {
                return Err(UpdateError::SignIn);
            }
            apply_auth(spec, &args.auth)
        }
        ResourceSpec::Api(spec) => apply_api(spec, &args.api),
        ResourceSpec::Hosting(spec) => apply_hosting(spec, &args.hosting),
        ResourceSpec::Function(spec) => apply_function(spec, &args.function),
        ResourceSpec::Storage(spec) => apply_storage(spec, &args.storage),
    };
    if changed { Ok(()) } else { Err(UpdateError::Nothing { kind, name }) }
}
