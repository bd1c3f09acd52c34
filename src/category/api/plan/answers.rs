//! Parts of a plan for what users write themselves: Lambda functions, requests to other servers, tests of values.

use super::Action;
use crate::base::Location;

/// A field that a file of the user answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAnswer {
    /// The file, relative to the project.
    pub file: String,
    /// Whether the rules of the field are checked before it; else the file alone decides who gets what.
    pub checked: bool,
    /// What would answer the field without it; none where nothing would.
    pub instead_of: Option<Action>,
}

/// A Lambda function, which is not part of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LambdaFunction {
    /// Its name; `${env}` stands for the environment.
    pub name: String,
    /// Its region; that of the stack when absent.
    pub region: Option<String>,
    /// Its account; that of the stack when absent.
    pub account: Option<String>,
}

/// A request to another server. The arguments of its field are grouped as `params`, `query` and `body`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: HttpMethod,
    /// The path, from `/`.
    pub path: Vec<Piece>,
    /// The query that is part of the URL, by name.
    pub query: Vec<(String, Vec<Piece>)>,
    /// Headers, by their name in small letters.
    pub headers: Vec<(String, Vec<Piece>)>,
    /// Whether the field takes a `query`, and a `body` where the method has one.
    pub has_arguments: bool,
    /// What must be given either in the query or in the body.
    pub required: Vec<String>,
}

/// The methods of HTTP that AppSync takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
}

impl HttpMethod {
    /// As it is sent.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a body is sent.
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// A part of a text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// The argument in `params` of this name.
    Parameter(String),
    /// The name of the environment.
    Environment,
    /// The region of the stack.
    Region,
}

/// A field of a root type in the user's schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredField {
    /// Its type.
    pub type_name: String,
    /// Its name.
    pub field: String,
    /// Where it stands in the user's schema.
    pub origin: Location,
}

/// What `@validate` asks of a value that is not null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// The test.
    pub kind: ValidationKind,
    /// What the value is tested against; for lengths and comparisons a number as JavaScript writes it.
    pub value: String,
    /// What the caller is told when the test fails.
    pub message: String,
}

/// The tests of `@validate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidationKind {
    /// `gt`.
    GreaterThan,
    /// `gte`.
    GreaterOrEqual,
    /// `lt`.
    LessThan,
    /// `lte`.
    LessOrEqual,
    /// `minLength`, in UTF-16 units.
    MinLength,
    /// `maxLength`, in UTF-16 units.
    MaxLength,
    /// `startsWith`.
    StartsWith,
    /// `endsWith`.
    EndsWith,
    /// `matches`: a regular expression, as AppSync's `util.matches` takes it.
    Matches,
}
