//! What a function may do with the project's other resources: `photos:read`, `orders:read,write`, `blog.Post:read`.
//!
//! Least-privilege statements and the variables by which the code finds them are made from it. Functions and buckets are
//! named by names that follow from the project, so two functions may use each other: neither waits for the other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::models::Models;
use super::{circle, names};
use crate::base::ResourceName;
use crate::base::suggest::nearest;
use crate::category::storage::{BucketSpec, StorageSpec, bucket_arn, bucket_name};
use crate::category::{Among, ResourceSpec, SettingProblem};

/// A resource with what may be done with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Access {
    /// The resource, as the user named it.
    pub resource: String,
    /// The model, when it is about one of an API's.
    pub model: Option<String>,
    /// What may be done; at least one.
    pub actions: Vec<String>,
}

impl FromStr for Access {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').filter(|(resource, actions)| !resource.is_empty() && !actions.is_empty());
        let Some((resource, actions)) = parts else {
            let shown = text.escape_debug();
            return Err(format!(
                "`{shown}` does not say what may be done with which resource, for example `photos:read`"
            ));
        };
        let actions = actions.split(',').map(|action| action.trim().to_owned()).collect();
        let (resource, model) = super::models::parted(resource.trim());
        Ok(Self { resource, model, actions })
    }
}

impl Access {
    /// The resource, with the model behind it.
    fn place(&self) -> String {
        super::models::joined(&self.resource, self.model.as_deref())
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.place(), self.actions.join(","))
    }
}

impl TryFrom<String> for Access {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Access> for String {
    fn from(access: Access) -> String {
        access.to_string()
    }
}

/// A statement of the role's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Statement {
    pub(super) actions: Vec<&'static str>,
    /// ARNs, text for `!Sub`.
    pub(super) resources: Vec<String>,
}

/// An output of another resource that the stack takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// The parameter: the resource's logical id with the output's name.
    pub(super) parameter: String,
    pub(super) of: ResourceName,
    pub(super) output: String,
}

/// What access means for the stack.
#[derive(Clone, Debug, Default)]
pub(super) struct Granted {
    pub(super) statements: Vec<Statement>,
    /// Name and value, text for `!Sub`.
    pub(super) variables: Vec<(String, String)>,
    pub(super) taken: Vec<Taken>,
}

impl Granted {
    /// The reference to another resource's output, as text for `!Sub`.
    pub(super) fn take(&mut self, of: &ResourceName, output: &str) -> String {
        let parameter = format!("{}{output}", of.logical());
        let text = format!("${{{parameter}}}");
        if self.taken.iter().all(|taken| taken.parameter != parameter) {
            self.taken.push(Taken { parameter, of: of.clone(), output: output.to_owned() });
        }
        text
    }

    fn variable(&mut self, of: &ResourceName, what: &str, value: String) {
        self.named(format!("{}_{what}", of.as_str().replace('-', "_").to_ascii_uppercase()), value);
    }

    /// A variable with its whole name.
    pub(super) fn named(&mut self, name: String, value: String) {
        if self.variables.iter().all(|(known, _)| *known != name) {
            self.variables.push((name, value));
        }
    }

    pub(super) fn allow(&mut self, actions: &[&'static str], resources: Vec<String>) {
        self.statements.push(Statement { actions: actions.to_vec(), resources });
    }
}

/// The words for what can be done with a kind of resource, or a model of it; none with one that no function can use.
fn words(spec: &ResourceSpec, model: bool) -> &'static [&'static str] {
    match spec {
        ResourceSpec::Api(_) if model => &["read", "write", "delete"],
        ResourceSpec::Function(_) => &["invoke", "send"],
        ResourceSpec::Api(_) => &["query", "mutate"],
        ResourceSpec::Storage(_) | ResourceSpec::Auth(_) => &["read", "write", "delete"],
        ResourceSpec::Hosting(_) => &[],
    }
}

/// Access to what is not there, or by words that say nothing there.
pub(super) fn check(access: &[Access], among: &Among<'_>) -> Vec<SettingProblem> {
    let problem = |why: String| SettingProblem::new("access", why);
    let mut problems = Vec::new();
    for one in access {
        let Access { resource, model, actions } = one;
        let shown = resource.escape_debug();
        let found = among.resources.iter().find(|(name, _)| name.as_str() == resource);
        let Some((name, spec)) = found else {
            let near = nearest(resource, among.resources.keys().map(ResourceName::as_str));
            let wrong = problem(format!("the project has no resource `{shown}`"));
            problems.push(match near {
                Some(near) => wrong.hint(format!("did you mean `{near}`?")),
                None => wrong.hint("`ampup add` adds one; the names stand behind `resources.` in ampup.toml"),
            });
            continue;
        };
        if model.is_some() && !matches!(spec, ResourceSpec::Api(_)) {
            problems.push(problem(super::models::without(name, spec)));
            continue;
        }
        let known = words(spec, model.is_some());
        if known.is_empty() {
            problems.push(problem(format!("functions cannot use `{shown}`: it is {}", spec.kind())));
            continue;
        }
        let unknown = actions.iter().filter(|action| !known.contains(&action.as_str()));
        problems.extend(unknown.map(|action| unknown_action(one, spec, action, known)));
        if let ResourceSpec::Function(function) = spec
            && actions.iter().any(|action| action == "send")
            && !function.has_queue()
        {
            let why = format!("`{name}` takes no messages: it has no queue");
            problems.push(problem(why).hint(format!("`ampup update {name} --trigger queue`")));
        }
    }
    problems
}

/// A word that says nothing of a resource.
fn unknown_action(access: &Access, spec: &ResourceSpec, action: &str, known: &[&str]) -> SettingProblem {
    let place = access.place();
    let what = if access.model.is_some() { "model" } else { spec.kind() };
    let why = format!("`{}` is nothing that can be done with {what} `{}`", action.escape_debug(), place.escape_debug());
    let hint = match nearest(action, known.iter().copied()) {
        Some(near) => format!("did you mean `{place}:{near}`?"),
        None if matches!(spec, ResourceSpec::Api(_)) && ["read", "write", "delete"].contains(&action) => {
            format!("it is one of {}; a model's items are meant by `{place}.Model:{action}`", known.join(", "))
        }
        None => format!("it is one of {}", known.join(", ")),
    };
    SettingProblem::new("access", why).hint(hint)
}

/// What access means for the stack. Names that are not there are left to [`check`] and [`Models`].
pub(super) fn granted(access: &[Access], among: &Among<'_>, models: &Models) -> Granted {
    let mut granted = Granted::default();
    for Access { resource, model, actions } in access {
        let Some((name, spec)) = among.resources.iter().find(|(name, _)| name.as_str() == resource) else { continue };
        let has = |word: &str| actions.iter().any(|action| action == word);
        match spec {
            ResourceSpec::Api(_) if model.is_some() => {
                let found = model.as_deref().and_then(|model| Some((model, models.table(name, model)?)));
                if let Some((model, found)) = found {
                    let (id, table) = (granted.take(name, "GraphQLApiId"), &found.table);
                    let table = format!("{table}-{id}-${{Environment}}");
                    let place = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table";
                    items(&mut granted, &format!("{place}/{table}"), &has);
                    let variable = super::models::variable(name, model);
                    granted.named(variable, table);
                }
            }
            ResourceSpec::Storage(StorageSpec { bucket: Some(spec), .. }) => bucket(&mut granted, name, spec, &has),
            ResourceSpec::Storage(_) => table(&mut granted, name, &has),
            ResourceSpec::Function(_) => function(&mut granted, name, among, &has),
            ResourceSpec::Api(_) => api(&mut granted, name, &has),
            ResourceSpec::Auth(_) => auth(&mut granted, name, &has),
            ResourceSpec::Hosting(_) => {}
        }
    }
    granted
}

fn bucket(granted: &mut Granted, name: &ResourceName, spec: &BucketSpec, has: &dyn Fn(&str) -> bool) {
    let arn = bucket_arn(name, spec);
    let mut actions = Vec::new();
    if has("read") {
        actions.push("s3:GetObject");
        granted.allow(&["s3:ListBucket"], vec![arn.clone()]);
    }
    if has("write") {
        actions.extend(["s3:PutObject", "s3:AbortMultipartUpload"]);
    }
    if has("delete") {
        actions.push("s3:DeleteObject");
    }
    granted.allow(&actions, vec![format!("{arn}/*")]);
    granted.variable(name, "BUCKET", bucket_name(name, spec));
}

fn table(granted: &mut Granted, name: &ResourceName, has: &dyn Fn(&str) -> bool) {
    let arn = granted.take(name, "TableArn");
    items(granted, &arn, has);
    let value = granted.take(name, "TableName");
    granted.variable(name, "TABLE", value);
}

/// What may be done with the items of a table and its indexes.
fn items(granted: &mut Granted, arn: &str, has: &dyn Fn(&str) -> bool) {
    let mut actions = Vec::new();
    if has("read") {
        actions.extend(["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem"]);
        let all = vec![arn.to_owned(), format!("{arn}/index/*")];
        granted.allow(&["dynamodb:Query", "dynamodb:Scan"], all);
    }
    if has("write") {
        actions.extend(["dynamodb:PutItem", "dynamodb:UpdateItem"]);
    }
    if has("delete") {
        actions.push("dynamodb:DeleteItem");
    }
    if has("write") && has("delete") {
        // One request may hold both.
        actions.push("dynamodb:BatchWriteItem");
    }
    granted.allow(&actions, vec![arn.to_owned()]);
}

fn function(granted: &mut Granted, name: &ResourceName, among: &Among<'_>, has: &dyn Fn(&str) -> bool) {
    if has("invoke") {
        granted.allow(&["lambda:InvokeFunction"], vec![names::arn(name)]);
        granted.variable(name, "FUNCTION", names::name(name));
    }
    if has("send") {
        let arn = format!("arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{}", names::name(name));
        granted.allow(&["sqs:SendMessage"], vec![arn]);
        // In a circle neither stack can wait for the other: then the address follows from the name.
        let value = if circle::sends_back(name, among.name, among.resources) {
            format!("https://sqs.${{AWS::Region}}.${{AWS::URLSuffix}}/${{AWS::AccountId}}/{}", names::name(name))
        } else {
            granted.take(name, "QueueUrl")
        };
        granted.variable(name, "QUEUE_URL", value);
    }
}

fn api(granted: &mut Granted, name: &ResourceName, has: &dyn Fn(&str) -> bool) {
    let id = granted.take(name, "GraphQLApiId");
    let path = |root: &str| {
        format!("arn:${{AWS::Partition}}:appsync:${{AWS::Region}}:${{AWS::AccountId}}:apis/{id}/types/{root}/*")
    };
    let roots = [("query", "Query"), ("mutate", "Mutation")];
    let paths: Vec<String> = roots.iter().filter(|(word, _)| has(word)).map(|(_, root)| path(root)).collect();
    granted.allow(&["appsync:GraphQL"], paths);
    let value = granted.take(name, "GraphQLUrl");
    granted.variable(name, "GRAPHQL_URL", value);
}

fn auth(granted: &mut Granted, name: &ResourceName, has: &dyn Fn(&str) -> bool) {
    let arn = granted.take(name, "UserPoolArn");
    let mut actions = Vec::new();
    if has("read") {
        actions.extend(["cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser", "cognito-idp:ListUsers"]);
    }
    if has("write") {
        actions.extend([
            "cognito-idp:AdminAddUserToGroup",
            "cognito-idp:AdminCreateUser",
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminEnableUser",
            "cognito-idp:AdminRemoveUserFromGroup",
            "cognito-idp:AdminUpdateUserAttributes",
        ]);
    }
    if has("delete") {
        actions.push("cognito-idp:AdminDeleteUser");
    }
    granted.allow(&actions, vec![arn]);
    let value = granted.take(name, "UserPoolId");
    granted.variable(name, "USER_POOL_ID", value);
}
