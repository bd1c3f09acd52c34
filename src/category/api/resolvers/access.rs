//! The rules of a model as what a resolver has to ask: who may do it to every item, who to items that name them.
//!
//! Nothing here decides whether a rule is good: the compiler did. What no rule allows is refused.

use serde::Serialize;

use super::script::{key, list, member, text};
use crate::category::api::plan::{Allow, AuthMode, Key, Model, Operation, Rule};

/// One function of a resolver that tells what the caller may do.
#[derive(Debug, Serialize)]
pub(super) struct Guard {
    /// Its name.
    pub(super) function: String,
    /// What it is about, as a comment.
    pub(super) comment: String,
    /// The ways to come, each with what it gives.
    pub(super) modes: Vec<Mode>,
    /// Whether it gives tests on items; otherwise it gives yes or no.
    pub(super) dynamic: bool,
    /// A JavaScript test for the names of the fields that it is about.
    pub(super) about: String,
}

/// What callers get who come by one of AppSync's authorisation modes.
#[derive(Debug, Serialize)]
pub(super) struct Mode {
    /// What `util.authType()` says.
    auth_type: &'static str,
    /// All of them are allowed.
    everyone: bool,
    /// JavaScript conditions, each of which is enough.
    conditions: Vec<String>,
    /// Whether these or the tests look at the claims of the caller's token.
    claims: bool,
    /// Tests that an item may pass instead.
    tests: Vec<Test>,
}

/// Tests for one field, one for each name in `names`.
#[derive(Debug, Serialize)]
struct Test {
    /// JavaScript that gives the names of the caller.
    names: String,
    #[serde(skip)]
    field: String,
    /// The same as a property name.
    key: String,
    /// `eq`, or `contains` for lists.
    operator: &'static str,
}

/// A key whose attributes DynamoDB does not allow in a filter.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueriedKey<'a> {
    pub(super) key: &'a Key,
    /// JavaScript for the partition that is queried.
    pub(super) partition: &'a str,
    /// Without a partition the whole table is scanned.
    pub(super) may_scan: bool,
}

impl Guard {
    /// The guard of some rules.
    pub(super) fn new(function: &str, comment: String, rules: &[&Rule], queried: Option<QueriedKey<'_>>) -> Self {
        let mut modes: Vec<(AuthMode, Mode)> = Vec::new();
        for rule in rules {
            let at = modes.iter().position(|(mode, _)| *mode == rule.mode).unwrap_or_else(|| {
                modes.push((rule.mode, Mode::new(rule.mode)));
                modes.len() - 1
            });
            modes[at].1.add(rule, queried);
        }
        let modes: Vec<Mode> = modes.into_iter().map(|(_, mode)| mode.settled()).collect();
        let dynamic = modes.iter().any(|mode| !mode.tests.is_empty());
        Self { function: function.to_owned(), comment, modes, dynamic, about: "true".to_owned() }
    }

    /// Nobody is allowed.
    pub(super) fn is_closed(&self) -> bool {
        self.modes.is_empty()
    }

    /// Whether it tests this field of an item.
    pub(super) fn tests(&self, field: &str) -> bool {
        self.modes.iter().flat_map(|mode| &mode.tests).any(|test| test.field == field)
    }

    /// Whether it looks at the caller's groups.
    pub(super) fn uses_groups(&self) -> bool {
        let in_conditions = self.modes.iter().flat_map(|mode| &mode.conditions).any(|text| text.contains("groupsIn("));
        in_conditions || self.modes.iter().flat_map(|mode| &mode.tests).any(|test| test.names.contains("groupsIn("))
    }

    /// Whether it looks at the caller's names.
    pub(super) fn uses_identities(&self) -> bool {
        let in_conditions =
            self.modes.iter().flat_map(|mode| &mode.conditions).any(|text| text.contains("identities("));
        in_conditions || self.modes.iter().flat_map(|mode| &mode.tests).any(|test| test.names.contains("identities("))
    }
}

impl Mode {
    fn new(mode: AuthMode) -> Self {
        Self { auth_type: auth_type(mode), everyone: false, conditions: Vec::new(), claims: false, tests: Vec::new() }
    }

    fn add(&mut self, rule: &Rule, queried: Option<QueriedKey<'_>>) {
        match &rule.allow {
            // Callers with a signature are told apart by the role that the identity pool gave them.
            Allow::Public if rule.mode == AuthMode::Iam => self.conditions.push(identity_pool("unauthenticated")),
            Allow::Private if rule.mode == AuthMode::Iam => self.conditions.push(identity_pool("authenticated")),
            Allow::Public | Allow::Private | Allow::Custom => self.everyone = true,
            Allow::AdminRoles(names) => self.conditions.push(admin_role(names)),
            Allow::AnySigner => self.conditions.push(OUTSIDE_POOLS.to_owned()),
            Allow::Groups { claim, groups } => {
                let wanted = list(groups);
                self.conditions.push(format!("{}.some((group) => {wanted}.includes(group))", groups_in(claim)));
            }
            Allow::Owner { field, list, claims } => self.add_test(identities(claims), field, *list, queried),
            Allow::DynamicGroups { claim, field, list } => self.add_test(groups_in(claim), field, *list, queried),
        }
    }

    fn add_test(&mut self, names: String, field: &str, list: bool, queried: Option<QueriedKey<'_>>) {
        match queried {
            Some(queried) if queried.key.partition.name == field => {
                self.conditions.push(format!("{names}.includes({})", queried.partition));
                if queried.may_scan {
                    self.test((format!("(({} ?? null) === null ? {names} : [])", queried.partition), field, list));
                }
            }
            _ => self.test((names, field, list)),
        }
    }

    fn test(&mut self, (names, field, list): (String, &str, bool)) {
        let operator = if list { "contains" } else { "eq" };
        let test = Test { names, field: field.to_owned(), key: key(field), operator };
        let known = self.tests.iter().any(|known| known.field == test.field && known.names == test.names);
        if !known {
            self.tests.push(test);
        }
    }

    /// Where everyone is allowed, nothing else matters.
    fn settled(mut self) -> Self {
        if self.everyone {
            self.conditions.clear();
            self.tests.clear();
        }
        self.conditions.dedup();
        self.claims = !self.tests.is_empty() || self.conditions.iter().any(|text| text.contains("claims"));
        self
    }
}

/// Which helper functions a file needs.
#[derive(Debug, Serialize)]
pub(super) struct Helpers {
    pub(super) identities: bool,
    pub(super) groups: bool,
    pub(super) meets: bool,
}

impl Helpers {
    pub(super) fn of(guards: &[Guard], meets: bool) -> Self {
        Self {
            identities: guards.iter().any(Guard::uses_identities),
            groups: guards.iter().any(Guard::uses_groups),
            meets,
        }
    }
}

/// What `util.authType()` says (AppSync developer guide, "Resolver utilities").
pub(super) fn auth_type(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::ApiKey => "API Key Authorization",
        AuthMode::UserPools => "User Pool Authorization",
        AuthMode::Iam => "IAM Authorization",
        AuthMode::Oidc => "Open ID Connect Authorization",
        AuthMode::Lambda => "Lambda Authorization",
    }
}

fn identity_pool(kind: &str) -> String {
    format!("ctx.identity.cognitoIdentityAuthType === {}", text(kind))
}

/// No identity pool gave the credentials. AppSync says so of each pool, not only of the project's own.
const OUTSIDE_POOLS: &str = "!ctx.identity.cognitoIdentityPoolId && !ctx.identity.cognitoIdentityId";

/// The name in `arn:aws:sts::…:assumed-role/Name/session` or `arn:aws:iam::…:user/Name`. Whoever takes on a role chooses
/// the session's name, so that does not count.
fn admin_role(names: &[String]) -> String {
    let name = |name: &String| {
        let parts: Vec<String> = name.split("${env}").map(text).collect();
        if parts.len() == 1 { text(name) } else { format!("[{}].join(ctx.env.ENVIRONMENT)", parts.join(", ")) }
    };
    let names: Vec<String> = names.iter().map(name).collect();
    format!("{OUTSIDE_POOLS} && [{}].includes(ctx.identity.userArn.split('/')[1])", names.join(", "))
}

fn claim(name: &str) -> String {
    match name {
        // An access token says `username`, an identity token `cognito:username`.
        "username" => "claims.username ?? claims['cognito:username']".to_owned(),
        name => member("claims", name),
    }
}

fn groups_in(name: &str) -> String {
    format!("groupsIn({})", claim(name))
}

/// JavaScript for the names by which items may know the caller; `claims` are those of the token.
pub(super) fn identities(claims: &[String]) -> String {
    let claims: Vec<String> = claims.iter().map(|name| claim(name)).collect();
    format!("identities([{}])", claims.join(", "))
}

/// The rule that sandbox mode stands for.
fn sandbox() -> Rule {
    let operations = Operation::ALL.to_vec();
    Rule { mode: AuthMode::ApiKey, identity_pool: false, allow: Allow::Public, operations }
}

/// The rules of a model for some operations, sandbox mode included.
pub(super) fn rules_for(model: &Model, operations: &[Operation]) -> Vec<Rule> {
    let sandbox = model.sandbox.then(sandbox);
    model.rules.iter().cloned().chain(sandbox).filter(|rule| allows(rule, operations)).collect()
}

/// The rules of one field for some operations: its own, else those of the type.
pub(super) fn field_rules_for(model: &Model, field: &str, operations: &[Operation]) -> Vec<Rule> {
    match model.field_rules.get(field) {
        Some(rules) => rules.iter().filter(|rule| allows(rule, operations)).cloned().collect(),
        None => rules_for(model, operations),
    }
}

pub(super) fn allows(rule: &Rule, operations: &[Operation]) -> bool {
    rule.operations.iter().any(|operation| operations.contains(operation))
}

/// Whether everyone whom `rule` allows is allowed to every item by one of `others`.
pub(super) fn covered(rule: &Rule, others: &[Rule]) -> bool {
    others.iter().filter(|other| other.mode == rule.mode).any(|other| match (&rule.allow, &other.allow) {
        (Allow::Groups { claim, groups }, Allow::Groups { claim: other_claim, groups: other_groups }) => {
            claim == other_claim && groups.iter().all(|group| other_groups.contains(group))
        }
        (Allow::Private, Allow::Private) | (Allow::Public, Allow::Public) | (Allow::Custom, Allow::Custom) => true,
        (setting, same) if setting.is_setting() => setting == same,
        (_, Allow::Private | Allow::Public | Allow::Custom) => rule.mode != AuthMode::Iam,
        _ => false,
    })
}
