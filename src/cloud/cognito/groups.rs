//! Groups of users, and the roles that they give.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Core;
use super::admin;
use super::fault::{invalid, not_found};
use super::input::{Input, date, page, without_nulls};
use super::pool::Pool;
use super::user::User;
use crate::cloud::service::ApiError;

/// A group of users.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Group {
    pub pool_id: String,
    pub name: String,
    pub description: Option<String>,
    /// The lower, the more it counts; groups without one come last.
    pub precedence: Option<i64>,
    pub role_arn: Option<String>,
    pub created_ms: i64,
    pub modified_ms: i64,
}

impl Group {
    fn shown(&self) -> Value {
        without_nulls(json!({
            "GroupName": self.name,
            "UserPoolId": self.pool_id,
            "Description": self.description,
            "RoleArn": self.role_arn,
            "Precedence": self.precedence,
            "CreationDate": date(self.created_ms),
            "LastModifiedDate": date(self.modified_ms),
        }))
    }

    fn apply(&mut self, input: Input<'_>) -> Result<(), ApiError> {
        if let Some(description) = input.optional("Description") {
            self.description = Some(description.to_owned());
        }
        if let Some(role) = input.optional("RoleArn") {
            self.role_arn = Some(role.to_owned());
        }
        if let Some(value) = input.get("Precedence") {
            let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
            self.precedence = Some(number.filter(|number| *number >= 0).ok_or_else(|| {
                invalid(
                    "1 validation error detected: Value at 'precedence' failed to satisfy constraint: Member must have \
                     value greater than or equal to 0",
                )
            })?);
        }
        Ok(())
    }
}

fn key(pool: &Pool, name: &str) -> String {
    format!("{}/{name}", pool.id)
}

impl Core {
    /// The groups of a user, the most important first.
    pub(super) fn groups_by_precedence(&self, pool: &Pool, user: &User) -> Vec<Group> {
        let mut groups: Vec<Group> = user.groups.iter().filter_map(|name| self.groups.get(&key(pool, name))).collect();
        groups.sort_by_key(|group| (group.precedence.is_none(), group.precedence, group.name.clone()));
        groups
    }

    fn group(&self, pool: &Pool, input: Input<'_>) -> Result<Group, ApiError> {
        self.groups.get(&key(pool, input.text("GroupName")?)).ok_or_else(|| not_found("Group not found."))
    }
}

pub(super) fn create(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let name = input.text("GroupName")?;
    let _writer = core.writer();
    if core.groups.get(&key(&pool, name)).is_some() {
        return Err(ApiError::new("GroupExistsException", "A group with the name already exists."));
    }
    let now_ms = core.shared.clock.now_ms();
    let mut group = Group {
        pool_id: pool.id.clone(),
        name: name.to_owned(),
        description: None,
        precedence: None,
        role_arn: None,
        created_ms: now_ms,
        modified_ms: now_ms,
    };
    group.apply(input)?;
    core.groups.put(&key(&pool, name), &group)?;
    Ok(json!({ "Group": group.shown() }))
}

pub(super) fn get(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    Ok(json!({ "Group": core.group(&pool, input)?.shown() }))
}

pub(super) fn update(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let _writer = core.writer();
    let mut group = core.group(&pool, input)?;
    group.apply(input)?;
    group.modified_ms = core.shared.clock.now_ms();
    core.groups.put(&key(&pool, &group.name), &group)?;
    Ok(json!({ "Group": group.shown() }))
}

pub(super) fn delete(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let group = core.group(&pool, input)?;
    for (_, user) in core.users_of(&pool) {
        if user.groups.contains(&group.name) {
            leave(core, &pool, &user, &group.name)?;
        }
    }
    core.groups.remove(&key(&pool, &group.name))?;
    Ok(json!({}))
}

pub(super) fn list(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let all = core.groups.starting_with(&key(&pool, ""));
    let (found, next) = page(all, input.optional("NextToken"), input.limit("Limit", 60)?)?;
    Ok(without_nulls(json!({ "Groups": found.iter().map(Group::shown).collect::<Vec<_>>(), "NextToken": next })))
}

pub(super) fn users(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let group = core.group(&pool, input)?;
    let members = core.users_of(&pool).into_iter().filter(|(_, user)| user.groups.contains(&group.name));
    let (found, next) = page(members.collect(), input.optional("NextToken"), input.limit("Limit", 60)?)?;
    Ok(without_nulls(json!({ "Users": found.iter().map(User::description).collect::<Vec<_>>(), "NextToken": next })))
}

pub(super) fn of_user(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let (pool, user) = admin::target(core, input)?;
    let mut groups = core.groups_by_precedence(&pool, &user);
    groups.sort_by(|left, right| left.name.cmp(&right.name));
    let keyed = groups.into_iter().map(|group| (group.name.clone(), group)).collect();
    let (found, next) = page(keyed, input.optional("NextToken"), input.limit("Limit", 60)?)?;
    Ok(without_nulls(json!({ "Groups": found.iter().map(Group::shown).collect::<Vec<_>>(), "NextToken": next })))
}

pub(super) fn add_user(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let user = admin::member(core, &pool, input)?;
    let group = core.group(&pool, input)?;
    core.change_user(&pool, &user.username, |user| {
        if !user.groups.contains(&group.name) {
            user.groups.push(group.name);
        }
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) fn remove_user(core: &Core, input: Input<'_>) -> Result<Value, ApiError> {
    let pool = core.pool_of(input)?;
    let user = admin::member(core, &pool, input)?;
    let group = core.group(&pool, input)?;
    leave(core, &pool, &user, &group.name)?;
    Ok(json!({}))
}

fn leave(core: &Core, pool: &Pool, user: &User, group: &str) -> Result<(), ApiError> {
    core.change_user(pool, &user.username, |user| {
        user.groups.retain(|name| name != group);
        Ok(())
    })
}
