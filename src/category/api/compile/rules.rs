//! `@auth`: the rules as declared, with their defaults, and what is wrong with them.

use super::draft::Draft;
use super::options::Parameters;
use super::report::Report;
use crate::category::api::plan::{Allow, AuthMode, Modes, Operation, Rule};
use crate::error::Code;
use crate::graphql::{Directive, Literal, Span, Value};

/// What `read` stands for.
pub(super) const READ: [Operation; 5] =
    [Operation::Get, Operation::List, Operation::Sync, Operation::Listen, Operation::Search];

/// Where rules stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// On a model.
    Model,
    /// On a field of a model.
    Field,
    /// On a field of a root type.
    Root,
    /// On a field of another type.
    NonModel,
}

/// A rule as declared.
#[derive(Clone, Debug)]
pub(super) struct ParsedRule {
    pub strategy: Strategy,
    pub provider: Provider,
    pub operations: Vec<Operation>,
    pub span: Span,
}

/// Whom a rule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    Owner { field: String, claim: String },
    Groups { groups: Vec<String>, claim: String },
    DynamicGroups { field: String, claim: String },
    Private,
    Public,
    Custom,
}

/// Who vouches for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    ApiKey,
    Iam,
    Oidc,
    UserPools,
    Function,
}

impl Provider {
    pub(super) fn mode(self) -> AuthMode {
        match self {
            Self::ApiKey => AuthMode::ApiKey,
            Self::Iam => AuthMode::Iam,
            Self::Oidc => AuthMode::Oidc,
            Self::UserPools => AuthMode::UserPools,
            Self::Function => AuthMode::Lambda,
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "apiKey" => Self::ApiKey,
            "iam" | "identityPool" => Self::Iam,
            "oidc" => Self::Oidc,
            "userPools" => Self::UserPools,
            "function" => Self::Function,
            _ => return None,
        })
    }

    /// As a message calls it when the project does not have it.
    fn configured_as(self) -> (&'static str, &'static str) {
        match self {
            Self::ApiKey => ("apiKey", "API Key"),
            Self::Iam => ("iam", "IAM"),
            Self::Oidc => ("oidc", "OPENID_CONNECT"),
            Self::UserPools => ("userPools", "Cognito User Pools"),
            Self::Function => ("function", "Lambda"),
        }
    }
}

impl ParsedRule {
    /// The rule for the plan; `is_list` tells whether a field is a list.
    pub(super) fn plan(&self, is_list: impl Fn(&str) -> bool) -> Rule {
        let allow = match &self.strategy {
            Strategy::Public => Allow::Public,
            Strategy::Private => Allow::Private,
            Strategy::Custom => Allow::Custom,
            Strategy::Owner { field, claim } => Allow::Owner {
                list: is_list(field),
                field: field.clone(),
                claims: claim.split("::").map(str::to_owned).collect(),
            },
            Strategy::Groups { groups, claim } => Allow::Groups { claim: claim.clone(), groups: groups.clone() },
            Strategy::DynamicGroups { field, claim } => {
                Allow::DynamicGroups { claim: claim.clone(), list: is_list(field), field: field.clone() }
            }
        };
        Rule {
            mode: self.provider.mode(),
            identity_pool: self.provider == Provider::Iam,
            allow,
            operations: self.operations.clone(),
        }
    }
}

/// What is wrong with a rule.
#[derive(Debug)]
struct Wrong {
    message: String,
    hint: Option<String>,
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Self { message, hint: None }
    }
}

/// Reads `@auth` directives.
#[derive(Debug)]
pub(super) struct RuleReader<'r> {
    pub modes: &'r Modes,
    pub parameters: &'r Parameters,
}

impl RuleReader<'_> {
    /// The rules of a directive on `place` (a type or field name), without those that are wrong.
    pub(super) fn read(
        &self,
        directive: &Directive,
        level: Level,
        place: &str,
        report: &mut Report<'_>,
    ) -> Vec<ParsedRule> {
        let Some(given) = directive.argument("rules") else { return Vec::new() };
        let elements = given.elements();
        if elements.is_empty() {
            report.add(Code::AMP0306, &directive.span, format!("@auth on {place} does not have any auth rules"));
        }
        let mut rules = Vec::new();
        for rule in elements {
            match self.rule(rule, level) {
                Ok(rule) => rules.extend(rule),
                Err(wrong) => report.add_with_hint(Code::AMP0306, &rule.span, wrong.message, wrong.hint),
            }
        }
        rules
    }

    /// `Ok(None)`: what is wrong is told with the arguments of the directive.
    fn rule(&self, rule: &Literal, level: Level) -> Result<Option<ParsedRule>, Wrong> {
        let word = |name: &str| match rule.get(name).map(|value| &value.value) {
            Some(Value::Enum(word)) => Some(word.as_str()),
            _ => None,
        };
        let text = |name: &str| rule.get(name).and_then(Literal::as_str).filter(|text| !text.is_empty());
        let operations = operations(rule, level)?;
        let Some(allow) = word("allow") else { return Ok(None) };
        let provider_name = word("provider");
        let provider = match (provider_name, allow) {
            (Some(name), _) => Provider::parse(name),
            (None, "owner" | "groups" | "private") => Some(Provider::UserPools),
            (None, "public") => Some(Provider::ApiKey),
            (None, "custom") => Some(Provider::Function),
            _ => None,
        };
        let Some(provider) = provider else { return Ok(None) };
        let groups = rule.get("groups").filter(|value| !value.is_null()).map(Literal::strings);
        let groups_field = text("groupsField");
        fits(allow, provider, provider_name.unwrap_or_default())?;
        if allow == "groups" && groups.is_none() && groups_field.is_none() {
            let message = "@auth directive with 'groups' should have a defined groups list or a groupsField";
            return Err(message.to_owned().into());
        }
        self.configured(provider)?;
        contradictions(rule, allow, groups.as_deref(), groups_field)?;
        let group_claim = text("groupClaim").unwrap_or("cognito:groups").to_owned();
        let owner_claim =
            if self.parameters.use_sub_username_for_default_identity_claim { "sub::username" } else { "username" };
        let strategy = match allow {
            "owner" => Strategy::Owner {
                field: text("ownerField").unwrap_or("owner").to_owned(),
                claim: text("identityClaim").unwrap_or(owner_claim).to_owned(),
            },
            "groups" => match groups {
                Some(groups) => Strategy::Groups { groups, claim: group_claim },
                None => {
                    Strategy::DynamicGroups { field: groups_field.unwrap_or("groups").to_owned(), claim: group_claim }
                }
            },
            "private" => Strategy::Private,
            "public" => Strategy::Public,
            "custom" => Strategy::Custom,
            _ => return Ok(None),
        };
        Ok(Some(ParsedRule { strategy, provider, operations, span: rule.span.clone() }))
    }

    fn configured(&self, provider: Provider) -> Result<(), Wrong> {
        if self.modes.has(provider.mode()) {
            return Ok(());
        }
        let (name, title) = provider.configured_as();
        let message = format!(
            "@auth directive with '{name}' provider found, but the project has no {title} authentication provider configured"
        );
        let way = match provider {
            Provider::ApiKey => "api-key",
            Provider::Iam => "iam",
            Provider::Oidc => "oidc",
            Provider::UserPools => "user-pool",
            Provider::Function => "lambda",
        };
        let pool = if provider == Provider::UserPools { ", after `ampup add auth`" } else { "" };
        Err(Wrong { message, hint: Some(format!("`--additional-auth {way}` of the API lets such callers in{pool}")) })
    }
}

/// Whether a strategy goes with a provider.
fn fits(allow: &str, provider: Provider, given: &str) -> Result<(), String> {
    use Provider as P;
    let (allowed, supported): (&[P], &str) = match allow {
        "owner" => (&[P::UserPools, P::Oidc], "'userPools' (default) and 'oidc' providers"),
        "groups" => (&[P::UserPools, P::Oidc], "'userPools' and 'oidc' providers"),
        "public" => (&[P::ApiKey, P::Iam], "'apiKey' (default), 'identityPool' and 'iam' providers"),
        "private" => {
            (&[P::UserPools, P::Iam, P::Oidc], "'userPools' (default), 'identityPool', 'iam' and 'oidc' providers")
        }
        _ => (&[P::Function], "'function' (default) provider"),
    };
    if allowed.contains(&provider) {
        return Ok(());
    }
    Err(format!("@auth directive with '{allow}' strategy only supports {supported}, but found '{given}' assigned"))
}

fn contradictions(
    rule: &Literal,
    allow: &str,
    groups: Option<&[String]>,
    groups_field: Option<&str>,
) -> Result<(), String> {
    let given = |name: &str| rule.get(name).is_some_and(|value| !value.is_null());
    if allow == "groups" && given("identityClaim") {
        return Err("@auth identityClaim can only be used for 'allow: owner'".to_owned());
    }
    if allow == "owner" && given("groupClaim") {
        return Err("@auth groupClaim can only be used 'allow: groups'".to_owned());
    }
    if groups.is_some() && groups_field.is_some() {
        return Err("this rule has groupsField and groups, please use one or the other".to_owned());
    }
    if allow == "groups" && groups.is_some_and(<[String]>::is_empty) {
        return Err("@auth rules using groups cannot have an empty list".to_owned());
    }
    Ok(())
}

/// The operations of a rule, `read` spread into its parts; all when none are given.
fn operations(rule: &Literal, level: Level) -> Result<Vec<Operation>, String> {
    let Some(given) = rule.get("operations").filter(|value| !value.is_null()) else {
        return Ok(Operation::ALL.to_vec());
    };
    let elements = given.elements();
    match level {
        Level::Root if !elements.is_empty() => {
            return Err("@auth rules on fields within Query, Mutation, Subscription cannot specify 'operations' \
                        argument as these rules are already on an operation already"
                .to_owned());
        }
        Level::NonModel if !elements.is_empty() => {
            return Err("@auth rules on fields within types that does not have @model directive cannot specify \
                        'operations' argument as there are operations will be generated by the CLI"
                .to_owned());
        }
        _ => {}
    }
    let mut operations = Vec::new();
    let mut narrow: Vec<String> = Vec::new();
    let mut read = false;
    for element in elements {
        let word = element.to_string();
        if word == "read" {
            read = true;
            operations.extend(READ);
        } else if let Some(operation) = operation(&word) {
            if READ.contains(&operation) {
                narrow.push(word);
            }
            operations.push(operation);
        }
    }
    if level == Level::Field && !narrow.is_empty() {
        return Err(format!("'{}' operation is not allowed at the field level", narrow.join(",")));
    }
    if read && !narrow.is_empty() {
        let narrow = narrow.join(",");
        return Err(format!(
            "'{narrow}' operations are specified in addition to 'read'. Either remove 'read' to limit access only to \
             '{narrow}' or only keep 'read' to grant all get,list,search,listen,sync access"
        ));
    }
    operations.sort_unstable();
    operations.dedup();
    Ok(operations)
}

fn operation(word: &str) -> Option<Operation> {
    Some(match word {
        "create" => Operation::Create,
        "update" => Operation::Update,
        "delete" => Operation::Delete,
        "get" => Operation::Get,
        "list" => Operation::List,
        "sync" => Operation::Sync,
        "listen" => Operation::Listen,
        "search" => Operation::Search,
        _ => return None,
    })
}

/// The owner fields of a model whose identity has two parts must not be sort keys of its table.
pub(super) fn check_owner_keys(draft: &Draft<'_>, report: &mut Report<'_>) {
    for rule in &draft.rules {
        if let Strategy::Owner { field, claim } = &rule.strategy
            && claim.contains("::")
            && draft.key.sort.contains(field)
        {
            let message = format!(
                "the primary key's sort key type '{field}' cannot be used as an owner @auth field too. Please use \
                 another field for the sort key"
            );
            report.add(Code::AMP0306, &rule.span, message);
        }
    }
}
