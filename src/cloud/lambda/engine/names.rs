//! Names of functions: plain, partial and full ARNs, with and without qualifier.
//!
//! Source: "Lambda resource ARNs" and the `FunctionName` parameter in Lambda's API reference.

use crate::cloud::service::{ApiError, Shared};

/// The function as it is, not a version of it.
pub(in crate::cloud::lambda) const LATEST: &str = "$LATEST";

/// The longest name.
const LONGEST_NAME: usize = 64;

/// A function as a caller names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cloud::lambda) struct Named {
    pub name: String,
    /// What follows the name: `$LATEST`, a version, an alias.
    pub qualifier: Option<String>,
}

impl Named {
    /// Reads `name`, `name:qualifier`, `account:function:name` or a full ARN.
    ///
    /// # Errors
    /// `InvalidParameterValueException` when the text has none of these forms or is of another region or account.
    pub(in crate::cloud::lambda) fn read(shared: &Shared, text: &str) -> Result<Self, ApiError> {
        let rest = text
            .strip_prefix(&arn(shared, ""))
            .or_else(|| text.strip_prefix(&format!("{}:function:", shared.account)))
            .or_else(|| text.strip_prefix("function:"))
            .unwrap_or(text);
        let (name, qualifier) = rest.split_once(':').map_or((rest, None), |(name, qualifier)| (name, Some(qualifier)));
        if !is_name(name) || qualifier.is_some_and(|qualifier| !is_qualifier(qualifier)) {
            return Err(malformed(text));
        }
        Ok(Self { name: name.to_owned(), qualifier: qualifier.map(str::to_owned) })
    }

    /// The same function with the `Qualifier` of a request.
    pub(in crate::cloud::lambda) fn qualified(mut self, qualifier: Option<&str>) -> Result<Self, ApiError> {
        let Some(qualifier) = qualifier else { return Ok(self) };
        if !is_qualifier(qualifier) {
            return Err(malformed(qualifier));
        }
        if self.qualifier.as_deref().is_some_and(|own| own != qualifier) {
            let message = "The derived qualifier from the function name does not match the specified qualifier.";
            return Err(ApiError::new("InvalidParameterValueException", message));
        }
        self.qualifier = Some(qualifier.to_owned());
        Ok(self)
    }

    /// The ARN, with the qualifier if there is one.
    pub(in crate::cloud::lambda) fn arn(&self, shared: &Shared) -> String {
        let arn = arn(shared, &self.name);
        self.qualifier.as_ref().map_or_else(|| arn.clone(), |qualifier| format!("{arn}:{qualifier}"))
    }

    /// Whether the qualifier names something that exists when the function does.
    pub(in crate::cloud::lambda) fn is_latest(&self) -> bool {
        self.qualifier.as_deref().is_none_or(|qualifier| qualifier == LATEST)
    }
}

/// The ARN of a function.
pub(in crate::cloud::lambda) fn arn(shared: &Shared, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:function:{name}", shared.region, shared.account)
}

/// Whether a text can be the name of a new function.
pub(in crate::cloud::lambda) fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
}

pub(super) fn is_qualifier(text: &str) -> bool {
    text == LATEST
        || (1..=128).contains(&text.len())
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
}

fn malformed(text: &str) -> ApiError {
    let message = format!(
        "1 validation error detected: Value '{text}' at 'functionName' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: \
         (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{{2}}(-gov)?-[a-z]+-\\d{{1}}:)?(\\d{{12}}:)?(function:)?([a-zA-Z0-9-_]+)\
         (:(\\$LATEST|[a-zA-Z0-9-_]+))?"
    );
    ApiError::new("ValidationException", message)
}
