//! The interview of `ampup add api`, and its flags laid over settings.

use super::conflict::{self, ModelConflictArg};
use super::sql;
use crate::base::ResourceName;
use crate::category::ApiSpec;
use crate::category::api::{ApiAuth, AuthoriserSettings, OidcSettings};
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
    interview.given("admin-roles", flags.admin_roles.as_ref().map(|names| names.join(",")));
    interview.given("iam-access", flags.iam_access);
    interview.given("api-key-days", flags.api_key_days);
    interview.given("predictions-bucket", flags.predictions_bucket.as_ref());
    let conflict = interview.text(flags.conflict.clone(), &questions::API_CONFLICT)?;
    interview.given("conflict-models", flags.conflict_models.as_ref().map(|models| joined(models)));
    sql::note(interview, &flags.sql);
    let mut answered = ApiFlags { auth, conflict: conflict.clone(), ..flags.clone() };
    let complete = ask_providers(interview, &mut answered)? && conflict.is_some();
    let Some(((name, sample), auth)) = name.zip(sample).zip(auth).filter(|_| complete) else { return Ok(None) };
    if let Some(sample) = sample {
        spec.sample = sample.into();
    }
    if answered.additional_auth.is_none()
        && sample == Some(crate::cli::args::SampleArg::Blog)
        && auth == ApiAuthArg::UserPool
    {
        // The sample lets everyone read.
        answered.additional_auth = Some(vec![ApiAuthArg::ApiKey]);
    }
    apply(&mut spec, &answered);
    sql::check(&spec, &answered.sql)?;
    Ok(Some((name, spec)))
}

fn joined(models: &[ModelConflictArg]) -> String {
    models.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn words(ways: &[ApiAuthArg]) -> String {
    ways.iter().map(word).collect::<Vec<_>>().join(",")
}

/// Asks for what the ways `oidc` and `lambda` cannot do without; false when an answer is missing.
fn ask_providers(interview: &mut Interview<'_>, flags: &mut ApiFlags) -> Result<bool, Failure> {
    let ways: Vec<ApiAuthArg> =
        flags.auth.into_iter().chain(flags.additional_auth.clone().unwrap_or_default()).collect();
    let mut complete = true;
    if ways.contains(&ApiAuthArg::Oidc) {
        flags.oidc_issuer = interview.text(flags.oidc_issuer.take(), &questions::API_OIDC_ISSUER)?;
        complete &= flags.oidc_issuer.is_some();
        flags.oidc_client_id = interview.text(flags.oidc_client_id.take(), &questions::API_OIDC_CLIENT)?;
        interview.given("oidc-auth-ttl", flags.oidc_auth_ttl);
        interview.given("oidc-iat-ttl", flags.oidc_iat_ttl);
    }
    if ways.contains(&ApiAuthArg::Lambda) {
        flags.authoriser = interview.text(flags.authoriser.take(), &questions::API_AUTHORISER)?;
        complete &= flags.authoriser.is_some();
        interview.given("authoriser-ttl", flags.authoriser_ttl);
    }
    Ok(complete)
}

/// A way with the settings that it has already, else with none.
fn way(wanted: ApiAuthArg, known: &[ApiAuth]) -> ApiAuth {
    let new = match wanted {
        ApiAuthArg::UserPool => ApiAuth::UserPool,
        ApiAuthArg::ApiKey => ApiAuth::ApiKey,
        ApiAuthArg::Iam => ApiAuth::Iam,
        ApiAuthArg::Oidc => ApiAuth::Oidc(OidcSettings::default()),
        ApiAuthArg::Lambda => ApiAuth::Lambda(AuthoriserSettings::default()),
    };
    known.iter().find(|auth| auth.is_like(&new)).cloned().unwrap_or(new)
}

/// Lays flags over the settings of a way.
fn settle(auth: &mut ApiAuth, flags: &ApiFlags) {
    match auth {
        ApiAuth::Oidc(oidc) => {
            oidc.issuer = flags.oidc_issuer.clone().unwrap_or_else(|| std::mem::take(&mut oidc.issuer));
            oidc.client_id = flags.oidc_client_id.clone().or(oidc.client_id.take()).filter(|id| !id.is_empty());
            oidc.auth_ttl = flags.oidc_auth_ttl.or(oidc.auth_ttl);
            oidc.iat_ttl = flags.oidc_iat_ttl.or(oidc.iat_ttl);
        }
        ApiAuth::Lambda(lambda) => {
            lambda.function = flags.authoriser.clone().unwrap_or_else(|| std::mem::take(&mut lambda.function));
            lambda.ttl = flags.authoriser_ttl.or(lambda.ttl);
        }
        ApiAuth::UserPool | ApiAuth::ApiKey | ApiAuth::Iam => {}
    }
}

/// Lays flags over settings; true when there were any.
pub(in crate::cli) fn apply(spec: &mut ApiSpec, flags: &ApiFlags) -> bool {
    let known: Vec<ApiAuth> = std::iter::once(&spec.auth).chain(&spec.additional_auth).cloned().collect();
    if let Some(auth) = flags.auth {
        spec.auth = way(auth, &known);
    }
    if let Some(ways) = &flags.additional_auth {
        spec.additional_auth = ways.iter().map(|wanted| way(*wanted, &known)).collect();
    }
    let default = spec.auth.clone();
    spec.additional_auth.retain(|way| !way.is_like(&default));
    settle(&mut spec.auth, flags);
    spec.additional_auth.iter_mut().for_each(|auth| settle(auth, flags));
    if let Some(names) = &flags.admin_roles {
        spec.admin_roles = names.iter().filter(|name| !name.is_empty()).cloned().collect();
    }
    spec.iam_access = flags.iam_access.unwrap_or(spec.iam_access);
    spec.api_key_days = flags.api_key_days.unwrap_or(spec.api_key_days);
    spec.predictions_bucket = flags.predictions_bucket.clone().or(spec.predictions_bucket.take());
    let providers = flags.oidc_issuer.is_some() || flags.oidc_client_id.is_some() || flags.authoriser.is_some();
    let times = flags.oidc_auth_ttl.or(flags.oidc_iat_ttl).or(flags.authoriser_ttl).is_some();
    let stored = sql::apply(spec, &flags.sql);
    let synced = conflict::apply(spec, flags);
    let ways = flags.auth.is_some() || flags.additional_auth.is_some() || providers || times;
    let signers = flags.admin_roles.is_some() || flags.iam_access.is_some();
    stored || synced || ways || signers || flags.api_key_days.is_some() || flags.predictions_bucket.is_some()
}
