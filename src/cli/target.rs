//! Flags and questions about where an environment lives.

use super::args::{TargetArgs, TargetKind};
use super::interview::Interview;
use super::questions;
use crate::base::{Endpoint, Region, Target};
use crate::error::{Code, Diagnose, Failure, Hint};
use crate::ui::prompt::Question;

/// The questions of a command about its target.
#[derive(Clone, Copy)]
pub(super) struct TargetQuestions {
    kind: &'static Question<usize>,
    region: &'static Question<&'static str>,
    endpoint: &'static Question<&'static str>,
}

/// Those of `init`.
pub(super) const INIT: TargetQuestions = TargetQuestions {
    kind: &questions::INIT_TARGET,
    region: &questions::INIT_REGION,
    endpoint: &questions::INIT_ENDPOINT,
};
/// Those of `env add`.
pub(super) const ENV: TargetQuestions = TargetQuestions {
    kind: &questions::ENV_TARGET,
    region: &questions::ENV_REGION,
    endpoint: &questions::ENV_ENDPOINT,
};

/// Flags that do not go together.
#[derive(Debug, thiserror::Error)]
#[error("`--{flag}` does not go with `--target {target}`")]
struct WrongFlag {
    flag: &'static str,
    target: &'static str,
}

impl Diagnose for WrongFlag {
    fn code(&self) -> Code {
        Code::AMP0202
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(format!("leave `--{}` out, or choose another `--target`", self.flag))]
    }
}

/// The kind that the flags mean: the one that is named, or the only one that takes them.
fn kind(args: &TargetArgs) -> Option<TargetKind> {
    args.target
        .or_else(|| args.endpoint.as_ref().map(|_| TargetKind::Localstack))
        .or_else(|| args.profile.as_ref().map(|_| TargetKind::Aws))
}

/// The target; `None` when an answer is missing, which the end of the interview tells.
pub(super) fn ask(
    interview: &mut Interview<'_>,
    args: &TargetArgs,
    questions: TargetQuestions,
) -> Result<Option<Target>, Failure> {
    let Some(kind) = interview.pick(kind(args), questions.kind)? else { return Ok(None) };
    refuse_strangers(kind, args)?;
    Ok(match kind {
        TargetKind::Local => {
            interview.given("region", args.region.as_ref());
            Some(Target::Local { region: args.region.clone().unwrap_or_default() })
        }
        TargetKind::Aws => {
            let region: Option<Region> = interview.text(args.region.clone(), questions.region)?;
            interview.given("profile", args.profile.as_ref());
            region.map(|region| Target::Aws { profile: args.profile.clone(), region })
        }
        TargetKind::Localstack => {
            let endpoint: Option<Endpoint> = interview.text(args.endpoint.clone(), questions.endpoint)?;
            let region = args.region.clone().unwrap_or_default();
            interview.given("region", args.region.as_ref());
            interview.given("ca-bundle", args.ca_bundle.as_ref());
            endpoint.map(|endpoint| Target::LocalStack { endpoint, region, ca_bundle: args.ca_bundle.clone() })
        }
    })
}

fn refuse_strangers(kind: TargetKind, args: &TargetArgs) -> Result<(), Failure> {
    let profile = ("profile", args.profile.is_some());
    let endpoint = ("endpoint", args.endpoint.is_some());
    let bundle = ("ca-bundle", args.ca_bundle.is_some());
    let (target, strangers) = match kind {
        TargetKind::Local => ("local", vec![profile, endpoint, bundle]),
        TargetKind::Aws => ("aws", vec![endpoint, bundle]),
        TargetKind::Localstack => ("localstack", vec![profile]),
    };
    match strangers.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(WrongFlag { flag, target }.into()),
        None => Ok(()),
    }
}
