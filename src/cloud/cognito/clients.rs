//! Actions on the clients of user pools.

use serde_json::{Value, json};

use super::Core;
use super::client::{self, Client};
use super::fault::not_found;
use super::input::{Input, page, without_nulls};
use super::pool::Pool;
use crate::cloud::service::ApiError;

pub(super) fn create(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let now_ms = core.shared.clock.now_ms();
    let client = Client {
        // As Cognito's: 26 letters and digits; the secret has twice as many.
        id: core.shared.ids.short(26),
        pool_id: pool.id,
        name: input.text("ClientName")?.to_owned(),
        secret: input.flag("GenerateSecret").then(|| core.shared.ids.short(52)),
        created_ms: now_ms,
        modified_ms: now_ms,
        settings: client::accepted(input, "CreateUserPoolClient")?,
    };
    core.clients.put(&client.id, &client)?;
    Ok(json!({ "UserPoolClient": client.description() }))
}

/// The client of this pool that an input names.
fn target(core: &Core, input: Input<'_>) -> Result<(Pool, Client), ApiError> {
    let pool = core.pool_of(input)?;
    let id = input.text("ClientId")?;
    let client = core.clients.get(id).filter(|client| client.pool_id == pool.id);
    Ok((pool, client.ok_or_else(|| not_found(format!("User pool client {id} does not exist.")))?))
}

pub(super) fn describe(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    Ok(json!({ "UserPoolClient": target(core, input)?.1.description() }))
}

/// Settings that are not given go back to their defaults, as with Cognito.
pub(super) fn update(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let _writer = core.writer();
    let (_, mut client) = target(core, input)?;
    client.settings = client::accepted(input, "UpdateUserPoolClient")?;
    if let Some(name) = input.optional("ClientName") {
        name.clone_into(&mut client.name);
    }
    client.modified_ms = core.shared.clock.now_ms();
    core.clients.put(&client.id, &client)?;
    Ok(json!({ "UserPoolClient": client.description() }))
}

pub(super) fn delete(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (_, client) = target(core, input)?;
    core.clients.remove(&client.id)?;
    Ok(json!({}))
}

pub(super) fn list(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let own = core.clients.all().into_iter().filter(|(_, client)| client.pool_id == pool.id);
    let (found, next) = page(own.collect(), input.optional("NextToken"), input.limit("MaxResults", 60)?)?;
    let shown: Vec<Value> = found
        .iter()
        .map(|client| json!({ "ClientId": client.id, "ClientName": client.name, "UserPoolId": client.pool_id }))
        .collect();
    Ok(without_nulls(json!({ "UserPoolClients": shown, "NextToken": next })))
}
