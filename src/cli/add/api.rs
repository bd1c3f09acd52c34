//! The interview of `ampup add api`, and its flags laid over settings.

use super::conflict::{self, ModelConflictArg};
use crate::base::ResourceName;
use crate::category::ApiSpec;
use crate::cli::args::{AddApiArgs, ApiAuthArg, ApiFlags, word};
use crate::cli::interview::Interview;
use crate::cli::questions;
use crate::error::Failure;
use crate::ops::OperationError;

/// Name and settings; `None` when an answer is missing. `has_auth`: the project has users.
pub(in crate::cli) fn ask(
    interview: &mut Interview<'_>,
    args: &AddApiArgs,
    has_auth: bool,
) -> Result<Option<(ResourceName, ApiSpec)>, Failure> {
    let flags = &args.flags;
    let name: Option<ResourceName> = interview.text(args.name.clone(), &questions::API_NAME)?;
    let mut spec = ApiSpec::default();
    let sample = match &args.schema {
        Some(path) => {
            interview.given("schema", Some(path.display()));
            let shown = path.display().to_string();
            let failed = |source| OperationError::File { path: shown, action: "read", source };
            spec.initial_schema = Some(std::fs::read_to_string(path).map_err(failed)?);
            Some(None)
        }
        None => interview.pick(args.sample, &questions::API_SAMPLE)?.map(Some),
    };
    // With users in the project, their tokens are what callers will have.
    let usual = usize::from(!has_auth);
    let question = crate::ui::prompt::Question { default: Some(usual), ..questions::API_AUTH };
    let auth = interview.pick(flags.auth, &question)?;
    interview.given("additional-auth", flags.additional_auth.as_ref().map(|ways| words(ways)));
    interview.given("api-key-days", flags.api_key_days);
    interview.given("predictions-bucket", flags.predictions_bucket.as_ref());
    let conflict = interview.text(flags.conflict.clone(), &questions::API_CONFLICT)?;
    interview.given("conflict-models", flags.conflict_models.as_ref().map(|models| joined(models)));
    let Some((((name, sample), auth), conflict)) = name.zip(sample).zip(auth).zip(conflict) else { return Ok(None) };
    if let Some(sample) = sample {
        spec.sample = sample.into();
    }
    let mut answered = ApiFlags { auth: Some(auth), conflict: Some(conflict), ..flags.clone() };
    if answered.additional_auth.is_none()
        && sample == Some(crate::cli::args::SampleArg::Blog)
        && auth == ApiAuthArg::UserPool
    {
        // The sample lets everyone read.
        answered.additional_auth = Some(vec![ApiAuthArg::ApiKey]);
    }
    apply(&mut spec, &answered);
    Ok(Some((name, spec)))
}

fn joined(models: &[ModelConflictArg]) -> String {
    models.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn words(ways: &[ApiAuthArg]) -> String {
    ways.iter().map(word).collect::<Vec<_>>().join(",")
}

/// Lays flags over settings; true when there were any.
pub(in crate::cli) fn apply(spec: &mut ApiSpec, flags: &ApiFlags) -> bool {
    if let Some(auth) = flags.auth {
        spec.auth = auth.into();
    }
    if let Some(ways) = &flags.additional_auth {
        spec.additional_auth = ways.iter().map(|way| (*way).into()).collect();
    }
    spec.additional_auth.retain(|way| *way != spec.auth);
    spec.api_key_days = flags.api_key_days.unwrap_or(spec.api_key_days);
    spec.predictions_bucket = flags.predictions_bucket.clone().or(spec.predictions_bucket.take());
    let synced = conflict::apply(spec, flags);
    synced
        || flags.auth.is_some()
        || flags.additional_auth.is_some()
        || flags.api_key_days.is_some()
        || flags.predictions_bucket.is_some()
}
