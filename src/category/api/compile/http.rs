//! `@http`: what is asked of another server, and how the arguments of the field are regrouped for it.

use super::draft::{Catalogue, Kind};
use super::names;
use super::output::Output;
use super::report::Report;
use crate::category::api::plan::{HttpMethod, HttpRequest, Piece};
use crate::error::Code;
use crate::graphql::{Directive, Field, InputValue, Literal, Span, TypeDefinition, TypeRef, Value};

/// A field that another server answers.
#[derive(Debug)]
pub(super) struct HttpField<'a> {
    pub type_name: &'a str,
    pub field: &'a Field,
    /// Scheme and host, with `${env}` and `${aws_region}` as they stand in the schema.
    pub endpoint: String,
    pub request: HttpRequest,
    /// The names in the path, in order.
    parameters: Vec<String>,
    /// The arguments that go into the query or the body.
    arguments: Vec<&'a InputValue>,
}

/// Reads one `@http`. `None`: what is wrong was told.
pub(super) fn read<'a>(
    found: &'a TypeDefinition,
    field: &'a Field,
    directive: &'a Directive,
    catalogue: &Catalogue<'a>,
    report: &mut Report<'_>,
) -> Option<HttpField<'a>> {
    let given = directive.argument("url")?;
    let url = given.as_str()?;
    let target = match target(url) {
        Ok(target) => target,
        Err((message, hint)) => {
            report.add_with_hint(Code::AMP0305, &given.span, message, hint);
            return None;
        }
    };
    let method = method(directive);
    let mut pieces = Pieces { report, span: &given.span };
    let path = pieces.read(target.path, true);
    let query: Vec<(String, Vec<Piece>)> =
        target.query.iter().map(|(name, value)| ((*name).to_owned(), pieces.read(value, true))).collect();
    pieces.read(target.host, false);
    let headers = headers(directive, report);
    let mut parameters: Vec<String> = Vec::new();
    for piece in path.iter().chain(query.iter().flat_map(|(_, pieces)| pieces)) {
        if let Piece::Parameter(name) = piece
            && !parameters.contains(name)
        {
            parameters.push(name.clone());
        }
    }
    let arguments: Vec<&InputValue> = field
        .arguments
        .iter()
        // Beside path parameters, the reference transformer keeps scalars alone.
        .filter(|argument| {
            parameters.is_empty()
                || (catalogue.kind(argument.type_ref.name()) == Kind::Scalar && !parameters.contains(&argument.name))
        })
        .collect();
    let required = arguments.iter().filter(|argument| argument.type_ref.is_required() && method.has_body());
    let request = HttpRequest {
        method,
        path,
        query,
        headers,
        has_arguments: !arguments.is_empty(),
        required: required.map(|argument| argument.name.clone()).collect(),
    };
    let endpoint = format!("{}{}", target.scheme, target.host);
    let http = HttpField { type_name: &found.name, field, endpoint, request, parameters, arguments };
    http.check_inputs(directive, catalogue, report);
    Some(http)
}

/// A URL in its parts.
struct Target<'a> {
    scheme: &'static str,
    host: &'a str,
    path: &'a str,
    query: Vec<(&'a str, &'a str)>,
}

type Refusal = (String, Option<String>);

fn target(url: &str) -> Result<Target<'_>, Refusal> {
    let scheme = ["http://", "https://"].into_iter().find(|scheme| url.starts_with(scheme)).ok_or_else(|| {
        let message =
            "the @http directive at this location requires a url parameter that begins with http:// or https://";
        (message.to_owned(), Some(format!("`https://{}`", url.trim_start_matches(['/', ' ']))))
    })?;
    let rest = url[scheme.len()..].split('#').next().unwrap_or_default();
    let start = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, rest) = rest.split_at(start);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if host.is_empty() || host.starts_with(':') {
        return Err((format!("the url \"{url}\" names no server"), None));
    }
    if host.contains('@') {
        let message =
            format!("the url \"{url}\" holds a user name or password, which would stand in the stack for all to read");
        return Err((message, Some("send it as a header from a Lambda function: @function".to_owned())));
    }
    let plain = host.replace("${env}", "").replace("${aws_region}", "");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_');
    if !plain.contains("${") && !plain.chars().all(fits) {
        return Err((format!("\"{host}\" is not the name of a server"), None));
    }
    let parts = query.split('&').filter(|part| !part.is_empty());
    let query = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    Ok(Target { scheme, host, path: if path.is_empty() { "/" } else { path }, query: query.collect() })
}

fn method(directive: &Directive) -> HttpMethod {
    match directive.argument("method").map(ToString::to_string).as_deref() {
        Some("POST") => HttpMethod::Post,
        Some("PUT") => HttpMethod::Put,
        Some("PATCH") => HttpMethod::Patch,
        Some("DELETE") => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// The headers that the directive adds, with small names: those of the caller are small as well, so that one wins.
fn headers(directive: &Directive, report: &mut Report<'_>) -> Vec<(String, Vec<Piece>)> {
    let mut headers = Vec::new();
    for header in directive.argument("headers").map(Literal::elements).unwrap_or_default() {
        let text = |name: &str| header.get(name).and_then(Literal::as_str);
        if !matches!(header.value, Value::Object(_)) {
            continue;
        }
        let (Some(key), Some(value)) = (text("key"), text("value")) else {
            report.add(Code::AMP0305, &header.span, "a header of @http needs a \"key\" and a \"value\"");
            continue;
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if key.is_empty() || !key.chars().all(fits) {
            report.add(Code::AMP0305, &header.span, format!("\"{key}\" is not the name of an HTTP header"));
        }
        let pieces = Pieces { report, span: &header.span }.read(value, false);
        headers.push((key.to_ascii_lowercase(), pieces));
    }
    headers
}

/// Reads texts with placeholders.
struct Pieces<'r, 'a> {
    report: &'r mut Report<'a>,
    span: &'r Span,
}

impl Pieces<'_, '_> {
    /// `${env}`, `${aws_region}` and, where they are wanted, `:name`.
    fn read(&mut self, text: &str, parameters: bool) -> Vec<Piece> {
        self.refuse_templates(text);
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let (piece, length) = match next {
                '$' if rest.starts_with("${env}") => (Some(Piece::Environment), 6),
                '$' if rest.starts_with("${aws_region}") => (Some(Piece::Region), 13),
                ':' if parameters => {
                    let name: String =
                        rest[1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                    let length = name.len() + 1;
                    ((length > 1).then(|| self.parameter(name)), length)
                }
                other => (None, other.len_utf8()),
            };
            match piece {
                Some(piece) => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(piece);
                }
                None => plain.push_str(&rest[..length]),
            }
            rest = &rest[length..];
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        pieces
    }

    fn parameter(&mut self, name: String) -> Piece {
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            let message = format!("the path parameter \":{name}\" cannot be an argument: names begin with a letter");
            self.report.add(Code::AMP0305, self.span, message);
        }
        Piece::Parameter(name)
    }

    fn refuse_templates(&mut self, text: &str) {
        let plain = text.replace("${env}", "").replace("${aws_region}", "");
        if let Some(start) = plain.find("${") {
            let word = plain[start..].split_inclusive('}').next().unwrap_or_default();
            let message = format!("\"{word}\" is not a placeholder of @http");
            let hint = "${env} is the environment, ${aws_region} the region".to_owned();
            self.report.add_with_hint(Code::AMP0305, self.span, message, Some(hint));
        } else if ["$ctx", "$context", "$util"].iter().any(|word| plain.contains(word)) {
            let message = "expressions of mapping templates are not evaluated in @http".to_owned();
            let hint = "answer the field with a resolver file of your own".to_owned();
            self.report.add_with_hint(Code::AMP0304, self.span, message, Some(hint));
        }
    }
}

impl HttpField<'_> {
    /// `httpsapiexamplecomDataSource`: what of the endpoint may stand in a name.
    pub(super) fn source_name(&self) -> String {
        let plain: String = self.endpoint.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        format!("{plain}DataSource")
    }

    fn input(&self, kind: &str) -> String {
        format!("{}{}{kind}Input", names::upper(self.type_name), names::upper(&self.field.name))
    }

    /// The inputs that the field gets, by the name of the argument.
    fn inputs(&self) -> Vec<(&'static str, String)> {
        let mut inputs = Vec::new();
        if !self.parameters.is_empty() {
            inputs.push(("params", self.input("Params")));
        }
        if !self.arguments.is_empty() {
            inputs.push(("query", self.input("Query")));
            if self.request.method.has_body() {
                inputs.push(("body", self.input("Body")));
            }
        }
        inputs
    }

    fn check_inputs(&self, directive: &Directive, catalogue: &Catalogue<'_>, report: &mut Report<'_>) {
        for (_, name) in self.inputs() {
            if catalogue.types.contains_key(name.as_str()) {
                let message = format!("conflicting input type '{name}' found: @http makes one of that name");
                let hint = Some(format!("give your type `{name}` another name"));
                report.add_with_hint(Code::AMP0316, &directive.span, message, hint);
            }
        }
    }

    /// Regroups the arguments of the field.
    pub(super) fn expand(&self, output: &mut Output) {
        let inputs = self.inputs();
        if inputs.is_empty() {
            return;
        }
        let mut arguments = Vec::new();
        for (argument, name) in inputs {
            let fields: Vec<InputValue> = match argument {
                "params" => {
                    self.parameters.iter().map(|name| InputValue::new(name, TypeRef::required("String"))).collect()
                }
                // What is required may come in the query or in the body, unless there is no body.
                _ => self.arguments.iter().map(|argument| self.input_field(argument)).collect(),
            };
            let required = fields.iter().any(|field| field.type_ref.is_required());
            let type_ref = TypeRef::named(&name);
            arguments.push(InputValue::new(argument, if required { type_ref.non_null() } else { type_ref }));
            output.add(TypeDefinition::input(name, fields));
        }
        if let Some(field) = output.field_mut(self.type_name, &self.field.name) {
            field.arguments = arguments;
        }
    }

    fn input_field(&self, argument: &InputValue) -> InputValue {
        let mut field = argument.clone();
        if self.request.method != HttpMethod::Get {
            field.type_ref = field.type_ref.nullable();
        }
        field
    }
}
