//! The interview of `ampup add auth`, and its flags laid over settings.

use crate::category::AuthSpec;
use crate::cli::args::{AddAuthArgs, AuthFlags};
use crate::cli::interview::Interview;
use crate::cli::questions;
use crate::error::Failure;

/// The settings; `None` when an answer is missing.
pub(in crate::cli) fn ask(interview: &mut Interview<'_>, args: &AddAuthArgs) -> Result<Option<AuthSpec>, Failure> {
    let flags = &args.flags;
    interview.given("name", args.name.as_ref());
    let sign_in = interview.pick(flags.sign_in, &questions::AUTH_SIGN_IN)?;
    let mfa = interview.pick(flags.mfa, &questions::AUTH_MFA)?;
    let self_signup = interview.confirm(flags.self_signup, &questions::AUTH_SELF_SIGNUP)?;
    interview.given("guests", flags.guests);
    interview.given("recovery", flags.recovery.map(|value| crate::cli::args::word(&value)));
    interview.given("groups", flags.groups.as_ref().map(|groups| groups.join(",")));
    interview.given("password-length", flags.password_length);
    let Some(((sign_in, mfa), self_signup)) = sign_in.zip(mfa).zip(self_signup) else { return Ok(None) };
    let answered =
        AuthFlags { sign_in: Some(sign_in), mfa: Some(mfa), self_signup: Some(self_signup), ..flags.clone() };
    let mut spec = AuthSpec::default();
    if answered.recovery.is_none() && sign_in == crate::cli::args::SignInArg::Phone {
        // Who signs in by phone may have no e-mail address.
        spec.recovery = crate::category::auth::Recovery::Phone;
    }
    apply(&mut spec, &answered);
    Ok(Some(spec))
}

/// Lays flags over settings; true when there were any.
pub(in crate::cli) fn apply(spec: &mut AuthSpec, flags: &AuthFlags) -> bool {
    let before = flags.sign_in.is_some()
        || flags.mfa.is_some()
        || flags.self_signup.is_some()
        || flags.guests.is_some()
        || flags.recovery.is_some()
        || flags.groups.is_some()
        || flags.password_length.is_some();
    if let Some(sign_in) = flags.sign_in {
        spec.sign_in = sign_in.into();
    }
    if let Some(mfa) = flags.mfa {
        spec.mfa = mfa.into();
    }
    if let Some(recovery) = flags.recovery {
        spec.recovery = recovery.into();
    }
    spec.self_signup = flags.self_signup.unwrap_or(spec.self_signup);
    spec.guests = flags.guests.unwrap_or(spec.guests);
    spec.password.minimum_length = flags.password_length.unwrap_or(spec.password.minimum_length);
    if let Some(groups) = &flags.groups {
        spec.groups = groups.iter().filter(|group| !group.is_empty()).cloned().collect();
    }
    before
}
