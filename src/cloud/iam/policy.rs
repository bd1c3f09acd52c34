//! Policy documents: reading, refusing malformed ones, deciding. Where policies come from is not known here.
//!
//! Source: "IAM JSON policy reference" and "Policy evaluation logic" of the IAM user guide.

use std::collections::BTreeMap;

use serde_json::Value;

use super::condition::{Condition, conditions, names_time};
use crate::cloud::service::ApiError;

/// The largest document, in characters without white space, that any kind of policy may have.
const DOCUMENT_LIMIT: usize = 10_240;

/// The elements of a statement.
const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// A policy document that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud) struct Policy {
    statements: Vec<Statement>,
}

/// What the document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cloud) enum PolicyKind {
    /// Attached to a role: no principals.
    Identity,
    /// The trust policy of a role: principals, no resources.
    Trust,
    /// Attached to a bucket: principals and resources.
    Resource,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    allow: bool,
    principals: Option<Patterns<(String, String)>>,
    actions: Patterns<String>,
    resources: Option<Patterns<String>>,
    conditions: Vec<Condition>,
}

/// Patterns, or everything but them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Patterns<T> {
    patterns: Vec<T>,
    negated: bool,
}

/// What is asked of policies.
#[derive(Clone, Debug)]
pub(in crate::cloud) struct Question<'a> {
    pub action: &'a str,
    pub resource: &'a str,
    /// The names by which the caller may be meant: (`AWS`, ARN), (`Service`, …), (`Federated`, …).
    pub principals: &'a [(String, String)],
    /// Condition keys in lower case, with their values.
    pub context: &'a BTreeMap<String, Vec<String>>,
}

/// What policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cloud) enum Verdict {
    /// No statement speaks of it.
    Silent,
    Allow,
    /// A statement denies it; that beats every allow.
    Deny,
}

impl Policy {
    /// Reads a document; the error is `MalformedPolicyDocument`.
    pub(in crate::cloud) fn parse(document: &Value, kind: PolicyKind) -> Result<Self, ApiError> {
        let fields = document.as_object().ok_or_else(|| malformed("Syntax errors in policy."))?;
        if document.to_string().chars().filter(|letter| !letter.is_whitespace()).count() > DOCUMENT_LIMIT {
            return Err(ApiError::new("LimitExceeded", "Cannot exceed quota for PolicySize").status(409));
        }
        if fields.keys().any(|name| !matches!(name.as_str(), "Version" | "Id" | "Statement")) {
            return Err(malformed("Syntax errors in policy."));
        }
        match fields.get("Version").map(Value::as_str) {
            None | Some(Some("2012-10-17" | "2008-10-17")) => {}
            _ => return Err(malformed("The policy is not in the valid JSON format: Version must be 2012-10-17")),
        }
        let statements = match fields.get("Statement") {
            Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return Err(malformed("Syntax errors in policy.")),
        };
        let statements = statements.into_iter().map(|statement| Statement::parse(statement, kind));
        Ok(Self { statements: statements.collect::<Result<_, _>>()? })
    }

    /// Reads a document that stands as text.
    pub(in crate::cloud) fn parse_text(document: &str, kind: PolicyKind) -> Result<Self, ApiError> {
        let value = serde_json::from_str(document).map_err(|_| malformed("Syntax errors in policy."))?;
        Self::parse(&value, kind)
    }

    /// What the document says.
    pub(in crate::cloud) fn verdict(&self, question: &Question<'_>) -> Verdict {
        let speaking = self.statements.iter().filter(|statement| statement.applies(question));
        speaking
            .map(|statement| if statement.allow { Verdict::Allow } else { Verdict::Deny })
            .max()
            .unwrap_or(Verdict::Silent)
    }

    /// Whether it says the same at any time.
    pub(super) fn is_timeless(&self) -> bool {
        self.statements.iter().all(|statement| {
            let mut resources = statement.resources.iter().flat_map(|resources| &resources.patterns);
            !statement.conditions.iter().any(Condition::asks_time) && !resources.any(|pattern| names_time(pattern))
        })
    }

    /// Whether every resource of the document is this one or lies below it.
    pub(in crate::cloud) fn concerns(&self, arn: &str) -> bool {
        let below = |resource: &String| {
            resource.strip_prefix(arn).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                || resource == "*"
                || wild(resource, arn)
        };
        self.statements
            .iter()
            .filter_map(|statement| statement.resources.as_ref())
            .all(|resources| resources.patterns.iter().all(below))
    }

    /// Whether a statement allows something to everyone without a condition: a public policy.
    pub(in crate::cloud) fn is_public(&self) -> bool {
        self.statements.iter().any(|statement| {
            let everyone = |principals: &Patterns<(String, String)>| {
                principals.negated || principals.patterns.iter().any(|(_, name)| name == "*")
            };
            statement.allow && statement.conditions.is_empty() && statement.principals.as_ref().is_some_and(everyone)
        })
    }
}

impl Statement {
    fn parse(statement: &Value, kind: PolicyKind) -> Result<Self, ApiError> {
        let fields = statement.as_object().ok_or_else(|| malformed("Syntax errors in policy."))?;
        if let Some(unknown) = fields.keys().find(|name| !ELEMENTS.contains(&name.as_str())) {
            return Err(malformed(&format!("Syntax errors in policy: unknown element {unknown}")));
        }
        let allow = match fields.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(malformed("Syntax errors in policy: Effect must be Allow or Deny")),
        };
        let either = |name: &str, negated_name: &str| -> Result<Option<Patterns<String>>, ApiError> {
            match (fields.get(name), fields.get(negated_name)) {
                (None, None) => Ok(None),
                (Some(value), None) => Ok(Some(Patterns { patterns: texts(value)?, negated: false })),
                (None, Some(value)) => Ok(Some(Patterns { patterns: texts(value)?, negated: true })),
                _ => Err(malformed(&format!("Syntax errors in policy: {name} and {negated_name} together"))),
            }
        };
        let actions =
            either("Action", "NotAction")?.ok_or_else(|| malformed("Policy statement must contain actions."))?;
        if actions.patterns.iter().any(|action| action != "*" && !action.contains(':')) {
            return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
        }
        let resources = either("Resource", "NotResource")?;
        let principals = principals(fields)?;
        match kind {
            PolicyKind::Identity if principals.is_some() => {
                return Err(malformed("Policy document should not specify a principal."));
            }
            PolicyKind::Identity | PolicyKind::Resource if resources.is_none() => {
                return Err(malformed("Policy statement must contain resources."));
            }
            PolicyKind::Trust if resources.is_some() => {
                return Err(malformed("Has prohibited field Resource"));
            }
            PolicyKind::Trust | PolicyKind::Resource if principals.is_none() => {
                return Err(malformed("Missing required field Principal"));
            }
            _ => {}
        }
        let star_or_arn = |resource: &String| resource == "*" || resource.starts_with("arn:");
        if resources.as_ref().is_some_and(|resources| !resources.patterns.iter().all(star_or_arn)) {
            return Err(malformed("Resource must be in ARN format or \"*\"."));
        }
        let conditions = fields.get("Condition").map(conditions).transpose()?.unwrap_or_default();
        Ok(Self { allow, principals, actions, resources, conditions })
    }

    fn applies(&self, question: &Question<'_>) -> bool {
        let action = |pattern: &String| wild(&pattern.to_ascii_lowercase(), &question.action.to_ascii_lowercase());
        let resource = |pattern: &String| {
            expand(pattern, question.context).is_some_and(|pattern| wild(&pattern, question.resource))
        };
        let principal = |(kind, name): &(String, String)| {
            name == "*" && (kind == "*" || kind == "AWS")
                || question
                    .principals
                    .iter()
                    .any(|(known_kind, known)| known_kind == kind && same_principal(name, known))
        };
        self.actions.matches(action)
            && self.resources.as_ref().is_none_or(|resources| resources.matches(resource))
            && self.principals.as_ref().is_none_or(|principals| principals.matches(principal))
            && self.conditions.iter().all(|condition| condition.holds(question.context))
    }
}

impl<T> Patterns<T> {
    fn matches(&self, matches: impl Fn(&T) -> bool) -> bool {
        self.patterns.iter().any(matches) != self.negated
    }
}

/// An account stands for all its principals: `000000000000` and `arn:aws:iam::000000000000:root` are the same.
fn same_principal(pattern: &str, known: &str) -> bool {
    let account = known.split(':').nth(4).unwrap_or_default();
    pattern == known || !account.is_empty() && (pattern == account || pattern == format!("arn:aws:iam::{account}:root"))
}

fn principals(fields: &serde_json::Map<String, Value>) -> Result<Option<Patterns<(String, String)>>, ApiError> {
    let (value, negated) = match (fields.get("Principal"), fields.get("NotPrincipal")) {
        (None, None) => return Ok(None),
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        _ => return Err(malformed("Syntax errors in policy: Principal and NotPrincipal together")),
    };
    let patterns = match value {
        Value::String(text) if text == "*" => vec![("*".to_owned(), "*".to_owned())],
        Value::Object(kinds) => {
            let mut patterns = Vec::new();
            for (kind, names) in kinds {
                if !matches!(kind.as_str(), "AWS" | "Service" | "Federated" | "CanonicalUser") {
                    return Err(malformed(&format!("Invalid principal in policy: \"{kind}\"")));
                }
                patterns.extend(texts(names)?.into_iter().map(|name| (kind.clone(), name)));
            }
            patterns
        }
        _ => return Err(malformed("Invalid principal in policy")),
    };
    Ok(Some(Patterns { patterns, negated }))
}

/// A text or a list of texts.
pub(super) fn texts(value: &Value) -> Result<Vec<String>, ApiError> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        _ => Err(malformed("Syntax errors in policy.")),
    };
    match value {
        Value::Array(items) => items.iter().map(one).collect(),
        other => one(other).map(|text| vec![text]),
    }
}

/// Puts the values of `${…}` into a pattern. A variable without exactly one value makes the pattern match nothing,
/// unless it has a default (`${key, 'text'}`). A value is taken literally: its stars are escaped.
pub(super) fn expand(pattern: &str, context: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let mut expanded = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(start) = rest.find("${") {
        expanded.push_str(&rest[..start]);
        let end = rest[start..].find('}')? + start;
        let inside = &rest[start + 2..end];
        let (name, default) =
            inside.split_once(',').map_or((inside, None), |(name, text)| (name, Some(text.trim().trim_matches('\''))));
        let value = match (name.trim(), context.get(&name.trim().to_ascii_lowercase()).map(Vec::as_slice)) {
            ("*" | "?" | "$", _) => name.trim(),
            (_, Some([value])) => value,
            _ => default?,
        };
        expanded.extend(value.chars().map(literal));
        rest = &rest[end + 1..];
    }
    expanded.push_str(rest);
    Some(expanded)
}

/// Private-use characters stand for a literal star and question mark inside an expanded pattern.
fn literal(letter: char) -> char {
    match letter {
        '*' => '\u{e000}',
        '?' => '\u{e001}',
        other => other,
    }
}

/// Whether `text` fits a pattern with `*` (any text) and `?` (one character).
pub(in crate::cloud) fn wild(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().map(literal).collect());
    let (mut at, mut position) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while position < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at, position));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[position] => {
                at += 1;
                position += 1;
            }
            _ => match &mut retry {
                Some((star, from)) => {
                    *from += 1;
                    (at, position) = (*star + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

pub(super) fn malformed(message: &str) -> ApiError {
    ApiError::new("MalformedPolicyDocument", message)
}
