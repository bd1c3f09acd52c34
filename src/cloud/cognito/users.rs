//! The users of all pools on disk: found by name or alias, written whole, one writer at a time.

use super::Core;
use super::client::Client;
use super::fault::{no_user, not_found};
use super::input::Input;
use super::pool::Pool;
use super::user::User;
use crate::cloud::service::ApiError;
use crate::cloud::store::Batch;

impl Core {
    /// A pool, or AWS's refusal.
    pub(super) fn pool(&self, id: &str) -> Result<Pool, ApiError> {
        self.pools.get(id).ok_or_else(|| not_found(format!("User pool {id} does not exist.")))
    }

    /// The pool that an input names.
    pub(super) fn pool_of(&self, input: Input<'_>) -> Result<Pool, ApiError> {
        self.pool(input.text("UserPoolId")?)
    }

    /// The client that an input names, and its pool.
    pub(super) fn client_of(&self, input: Input<'_>) -> Result<(Pool, Client), ApiError> {
        let id = input.text("ClientId")?;
        let gone = || not_found(format!("User pool client {id} does not exist."));
        let client = self.clients.get(id).ok_or_else(gone)?;
        let pool = self.pools.get(&client.pool_id).ok_or_else(gone)?;
        if input.optional("UserPoolId").is_some_and(|pool_id| pool_id != pool.id) {
            return Err(gone());
        }
        Ok((pool, client))
    }

    /// The user with a name: the username, or an alias of the pool's kind.
    pub(super) fn find_user(&self, pool: &Pool, name: &str) -> Option<User> {
        let direct = self.users.get(&user_key(pool, name));
        direct.or_else(|| {
            let attributes = [pool.username_attributes(), pool.alias_attributes()].concat();
            let owner = attributes.iter().find_map(|attribute| self.aliases.get(&alias_key(pool, attribute, name)))?;
            self.users.get(&user_key(pool, &owner))
        })
    }

    /// The same, or AWS's refusal.
    pub(super) fn user(&self, pool: &Pool, name: &str) -> Result<User, ApiError> {
        self.find_user(pool, name).ok_or_else(no_user)
    }

    /// The users of a pool, in order of their keys.
    pub(super) fn users_of(&self, pool: &Pool) -> Vec<(String, User)> {
        self.users.starting_with(&format!("{}/", pool.id))
    }

    /// Adds a user; refuses a name or an address that another has.
    pub(super) fn insert_user(&self, pool: &Pool, user: &User) -> Result<(), ApiError> {
        let _writer = self.writer();
        if self.users.get(&user_key(pool, &user.username)).is_some() {
            return Err(ApiError::new("UsernameExistsException", "User already exists"));
        }
        self.write(pool, None, user).map_err(|error| match error.code.as_str() {
            "AliasExistsException" => ApiError { code: "UsernameExistsException".to_owned(), ..error },
            _ => error,
        })
    }

    /// Changes a user as it is on disk now. What `change` did is kept even when it refuses: wrong codes count.
    pub(super) fn change_user<T>(
        &self,
        pool: &Pool,
        username: &str,
        change: impl FnOnce(&mut User) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let _writer = self.writer();
        let before = self.users.get(&user_key(pool, username)).ok_or_else(no_user)?;
        let mut after = before.clone();
        let outcome = change(&mut after);
        after.modified_ms = if outcome.is_ok() { self.shared.clock.now_ms() } else { before.modified_ms };
        self.write(pool, Some(&before), &after)?;
        outcome
    }

    /// Removes a user with its aliases and sign-ins.
    pub(super) fn remove_user(&self, pool: &Pool, user: &User) -> Result<(), ApiError> {
        let _writer = self.writer();
        let mut batch = Batch::default();
        self.users.drop(&mut batch, &user_key(pool, &user.username));
        for key in self.owned_aliases(pool, user) {
            self.aliases.drop(&mut batch, &key);
        }
        for (key, _) in self.sessions.starting_with(&format!("{}/", user.sub)) {
            self.sessions.drop(&mut batch, &key);
        }
        Ok(self.shared.store.commit(batch)?)
    }

    /// Takes an alias from whoever has it, so that another may claim it (`ForceAliasCreation`).
    pub(super) fn release_alias(&self, pool: &Pool, attribute: &str, value: &str) -> Result<(), ApiError> {
        let Some(owner) = self.aliases.get(&alias_key(pool, attribute, value)) else {
            return Ok(());
        };
        self.change_user(pool, &owner, |user| {
            user.attributes.insert(format!("{attribute}_verified"), "false".to_owned());
            Ok(())
        })
    }

    fn write(&self, pool: &Pool, before: Option<&User>, after: &User) -> Result<(), ApiError> {
        let mut batch = Batch::default();
        let wanted = aliases(pool, after);
        for (attribute, key) in &wanted {
            match self.aliases.get(key) {
                Some(owner) if owner != after.username => {
                    let text = format!("An account with the given {attribute} already exists.");
                    return Err(ApiError::new("AliasExistsException", text));
                }
                _ => self.aliases.add(&mut batch, key, &after.username),
            }
        }
        for key in before.map(|before| self.owned_aliases(pool, before)).unwrap_or_default() {
            if wanted.iter().all(|(_, kept)| *kept != key) {
                self.aliases.drop(&mut batch, &key);
            }
        }
        self.users.add(&mut batch, &user_key(pool, &after.username), after);
        Ok(self.shared.store.commit(batch)?)
    }

    /// The aliases that are really this user's: another may have claimed one in the meantime.
    fn owned_aliases(&self, pool: &Pool, user: &User) -> Vec<String> {
        let keys = aliases(pool, user).into_iter().map(|(_, key)| key);
        keys.filter(|key| self.aliases.get(key).is_some_and(|owner| owner == user.username)).collect()
    }
}

fn user_key(pool: &Pool, username: &str) -> String {
    format!("{}/{}", pool.id, pool.folded(username))
}

fn alias_key(pool: &Pool, attribute: &str, value: &str) -> String {
    format!("{}/{attribute}/{}", pool.id, pool.folded(value))
}

/// The names besides the username by which a user can be found: attribute and key.
fn aliases(pool: &Pool, user: &User) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for attribute in pool.username_attributes() {
        if let Some(value) = user.attributes.get(attribute) {
            found.push((attribute.to_owned(), alias_key(pool, attribute, value)));
        }
    }
    for attribute in pool.alias_attributes() {
        if let Some(value) = user.attributes.get(attribute)
            && (attribute == "preferred_username" || user.has_verified(attribute))
        {
            found.push((attribute.to_owned(), alias_key(pool, attribute, value)));
        }
    }
    found
}
