//! The actions by name, for user pools and identity pools, and who may call them.

use serde_json::{Value, json};

use super::input::Input;
use super::signin::Door;
use super::{Core, account, admin, clients, groups, identity, mfa, pools, recovery, signin, signup};
use crate::base::Arn;
use crate::cloud::service::{Access, ApiError, Permission};

/// Which of Cognito's two services a request is for, by its target header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    UserPools,
    IdentityPools,
}

/// Actions of user pools that clients send unsigned: tokens, passwords and sessions speak for them.
const OPEN: [&str; 20] = [
    "SignUp",
    "ConfirmSignUp",
    "ResendConfirmationCode",
    "InitiateAuth",
    "RespondToAuthChallenge",
    "GetTokensFromRefreshToken",
    "GetUser",
    "RevokeToken",
    "GlobalSignOut",
    "ForgotPassword",
    "ConfirmForgotPassword",
    "ChangePassword",
    "UpdateUserAttributes",
    "VerifyUserAttribute",
    "GetUserAttributeVerificationCode",
    "DeleteUserAttributes",
    "AssociateSoftwareToken",
    "VerifySoftwareToken",
    "SetUserMFAPreference",
    "DeleteUser",
];

/// Actions of identity pools that clients send unsigned.
const OPEN_IDENTITY: [&str; 3] = ["GetId", "GetCredentialsForIdentity", "GetOpenIdToken"];

/// What a caller needs for an action.
pub(super) fn access(core: &Core, side: Side, action: &str, input: &Value) -> Access {
    let arn = |service: &str, resource: String| {
        Arn::aws(service, core.shared.region.as_str(), core.shared.account, resource).to_string()
    };
    let named = |member: &str| input.get(member).and_then(Value::as_str);
    match side {
        Side::UserPools if OPEN.contains(&action) => Access::Open,
        Side::IdentityPools if OPEN_IDENTITY.contains(&action) => Access::Open,
        Side::UserPools => {
            let resource = named("UserPoolId")
                .map_or_else(|| "*".to_owned(), |pool| arn("cognito-idp", format!("userpool/{pool}")));
            Access::Requires(vec![Permission::new(format!("cognito-idp:{action}"), resource)])
        }
        Side::IdentityPools => {
            let resource = named("IdentityPoolId")
                .map_or_else(|| "*".to_owned(), |pool| arn("cognito-identity", format!("identitypool/{pool}")));
            Access::Requires(vec![Permission::new(format!("cognito-identity:{action}"), resource)])
        }
    }
}

/// Carries out an action.
pub(super) fn execute(core: &Core, side: Side, action: &str, input: &Value) -> Result<Value, ApiError> {
    let input = Input(input);
    match side {
        Side::UserPools => by_users(core, action, input),
        Side::IdentityPools => identity::execute(core, action, input),
    }
}

/// Actions that users take.
fn by_users(core: &Core, action: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match action {
        "SignUp" => signup::sign_up(core, input),
        "ConfirmSignUp" => signup::confirm(core, input),
        "ResendConfirmationCode" => signup::resend(core, input),
        "InitiateAuth" => signin::initiate(core, input, Door::Client),
        "RespondToAuthChallenge" => signin::respond(core, input),
        "GetTokensFromRefreshToken" => signin::refresh(core, input),
        "RevokeToken" => signin::revoke(core, input),
        "GetUser" => account::get(core, input),
        "GlobalSignOut" => account::sign_out(core, input),
        "ForgotPassword" => recovery::forgot(core, input),
        "ConfirmForgotPassword" => recovery::confirm(core, input),
        "ChangePassword" => recovery::change(core, input),
        "UpdateUserAttributes" => account::update_attributes(core, input),
        "VerifyUserAttribute" => account::verify_attribute(core, input),
        "GetUserAttributeVerificationCode" => account::attribute_code(core, input),
        "DeleteUserAttributes" => account::delete_attributes(core, input),
        "AssociateSoftwareToken" => mfa::associate(core, input),
        "VerifySoftwareToken" => mfa::verify(core, input),
        "SetUserMFAPreference" => mfa::set_preference(core, input),
        "DeleteUser" => account::delete(core, input),
        _ => by_admins(core, action, input),
    }
}

/// Actions that administrators take on users and groups.
fn by_admins(core: &Core, action: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match action {
        "AdminCreateUser" => admin::create(core, input),
        "AdminGetUser" => admin::get(core, input),
        "AdminSetUserPassword" => admin::set_password(core, input),
        "AdminConfirmSignUp" => admin::confirm(core, input),
        "AdminEnableUser" => admin::enable(core, input, true),
        "AdminDisableUser" => admin::enable(core, input, false),
        "AdminDeleteUser" => admin::delete(core, input),
        "AdminUpdateUserAttributes" => admin::update_attributes(core, input),
        "AdminDeleteUserAttributes" => admin::delete_attributes(core, input),
        "AdminUserGlobalSignOut" => admin::sign_out(core, input),
        "AdminResetUserPassword" => admin::reset_password(core, input),
        "AdminSetUserMFAPreference" => admin::set_preference(core, input),
        "AdminInitiateAuth" => pool_first(core, input, |core, input| signin::initiate(core, input, Door::Admin)),
        "AdminRespondToAuthChallenge" => pool_first(core, input, signin::respond),
        "AdminAddUserToGroup" => groups::add_user(core, input),
        "AdminRemoveUserFromGroup" => groups::remove_user(core, input),
        "AdminListGroupsForUser" => groups::of_user(core, input),
        "ListUsers" => admin::list(core, input),
        "ListUsersInGroup" => groups::users(core, input),
        "CreateGroup" => groups::create(core, input),
        "GetGroup" => groups::get(core, input),
        "UpdateGroup" => groups::update(core, input),
        "DeleteGroup" => groups::delete(core, input),
        "ListGroups" => groups::list(core, input),
        _ => on_pools(core, action, input),
    }
}

/// The permission was asked for the pool that the input names, so it must be there and be the client's.
fn pool_first(
    core: &Core,
    input: Input<'_>,
    action: impl FnOnce(&Core, Input<'_>) -> Result<Value, ApiError>,
) -> Result<Value, ApiError> {
    core.pool_of(input)?;
    action(core, input)
}

/// Actions on pools and clients.
fn on_pools(core: &Core, action: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match action {
        "CreateUserPool" => pools::create(core, input),
        "DescribeUserPool" => pools::describe(core, input),
        "UpdateUserPool" => pools::update(core, input),
        "DeleteUserPool" => pools::delete(core, input),
        "ListUserPools" => pools::list(core, input),
        "SetUserPoolMfaConfig" => pools::set_mfa(core, input),
        "GetUserPoolMfaConfig" => pools::get_mfa(core, input),
        "AddCustomAttributes" => pools::add_attributes(core, input),
        "CreateUserPoolClient" => clients::create(core, input),
        "DescribeUserPoolClient" => clients::describe(core, input),
        "UpdateUserPoolClient" => clients::update(core, input),
        "DeleteUserPoolClient" => clients::delete(core, input),
        "ListUserPoolClients" => clients::list(core, input),
        _ => Err(ApiError::not_built("cognito-idp", action)),
    }
}

/// `openid-configuration` of a pool.
pub(super) fn discovery(core: &Core, pool_id: &str) -> Value {
    let issuer = core.issuer(pool_id);
    json!({
        "issuer": issuer,
        // Where the keys really are: the issuer's name is AWS's.
        "jwks_uri": format!("{}/{pool_id}/.well-known/jwks.json", core.shared.endpoint),
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
    })
}
