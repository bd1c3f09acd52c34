//! Templates: keys that end in `.$` in JSONPath, texts in `{% %}` in JSONata; variables.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::scalars;
use super::{Field, Object, Reader, join};
use crate::asl::finding::{Finding, FindingCode};
use crate::asl::template::Template;
use crate::asl::{Expression, Filling, Intrinsic, Path, Payload, QueryLanguage, Span, jsonata};
use crate::base::document::{Content, Key, Node};

/// The longest name of a variable, in characters.
const LONGEST_VARIABLE: usize = 80;

/// What `$states` has.
const PARTS: &[&str] = &["input", "context", "result", "errorOutput"];

/// The one name that a variable cannot have.
const RESERVED: &str = "states";

impl Reader {
    pub(super) fn template(&mut self, field: &Field<'_>, language: QueryLanguage) -> Payload {
        match language {
            QueryLanguage::JsonPath => self.path_template(field),
            QueryLanguage::Jsonata => self.jsonata_template(field),
        }
    }

    /// A template of JSONPath.
    pub(super) fn path_template(&mut self, field: &Field<'_>) -> Payload {
        self.path_node(field.node, &field.location);
        let written = scalars::value(field.node);
        // What cannot be compiled is a finding by now.
        let compiled = Template::compile(&written).unwrap_or_else(|_| Template::Constant(written.clone()));
        Payload { written: Arc::new(written), filling: Filling::Path(Arc::new(compiled)) }
    }

    fn path_node(&mut self, node: &Node, location: &str) {
        match &node.content {
            Content::Scalar { text, .. } => self.note_substitutions(text),
            Content::List(list) => {
                list.iter().enumerate().for_each(|(at, item)| self.path_node(item, &format!("{location}[{at}]")));
            }
            Content::Map(entries) => {
                self.conflicts(entries, location);
                for (key, value) in entries {
                    if key.text.ends_with(".$") {
                        self.filled_in(key, value, location);
                    } else {
                        self.looks_like_path(key, value, location);
                        self.path_node(value, &join(location, &key.text));
                    }
                }
            }
        }
    }

    /// `a` and `a.$` would both become `a`.
    fn conflicts(&mut self, entries: &[(Key, Node)], location: &str) {
        let plain: BTreeSet<&str> = entries.iter().map(|(key, _)| key.text.as_str()).collect();
        for (key, _) in entries {
            let Some(stem) = key.text.strip_suffix(".$").filter(|stem| plain.contains(stem)) else { continue };
            let message = format!("Duplicate field name: {stem}");
            let finding = Finding::new(FindingCode::Schema, location, &key.span, message)
                .because(format!("`{0}` and `{0}.$` would become the same field", stem.escape_debug()))
                .hint("remove one of them");
            self.find(finding);
        }
    }

    /// The value of a key that ends in `.$`: a path, or a function.
    fn filled_in(&mut self, key: &Key, node: &Node, location: &str) {
        let text = scalars::text(node);
        if let Some(text) = text {
            self.note_substitutions(text);
        }
        let fault = match text {
            None => Some(format!("it must be a string, here is {}", scalars::kind(node))),
            Some(text) if text.starts_with('$') => {
                Path::parse(text).err().map(|error| format!("`{}` is no path: {error}", text.escape_debug()))
            }
            Some(text) if text.trim_start() != text => Some("it begins with a blank".to_owned()),
            Some(text) => Intrinsic::parse(text)
                .err()
                .map(|error| format!("`{}` is neither a path nor a function: {error}", text.escape_debug())),
        };
        let Some(reason) = fault else { return };
        let message = format!(
            "The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call",
            key.text
        );
        let hint = match text {
            Some(text) if !text.starts_with('$') && !text.contains('(') && !text.is_empty() => Some(format!(
                "write `\"{}\": {}` for this very text, or a path: `$.{}`",
                key.text.trim_end_matches(".$"),
                serde_json::Value::from(text),
                text.trim()
            )),
            _ => None,
        };
        let finding = Finding::new(FindingCode::Schema, location, &node.span, message);
        self.find(finding.because(format!("`{}`: {reason}", key.text.escape_debug())).maybe_hint(hint));
    }

    /// A text that looks like a path, but stays as it is.
    fn looks_like_path(&mut self, key: &Key, node: &Node, location: &str) {
        let Some(text) = scalars::text(node) else { return };
        let path = (text.starts_with("$.") || text.starts_with("$$.")) && Path::parse(text).is_ok();
        let function = text.starts_with("States.") && text.ends_with(')') && Intrinsic::parse(text).is_ok();
        if !path && !function {
            return;
        }
        let message = format!("The field '{}' appears to be a JSONPath or intrinsic function without '.$'", key.text);
        let finding = Finding::new(FindingCode::NoDollar, location, &key.span, message)
            .because(format!(
                "`{}` looks like a {}, but stays text",
                text.escape_debug(),
                if path { "path" } else { "function" }
            ))
            .hint(format!("did you mean `\"{}.$\"`?", key.text));
        self.find(finding);
    }

    /// A call of an intrinsic function.
    pub(super) fn intrinsic(&mut self, text: &str, location: &str, span: &Span) -> Option<Intrinsic> {
        match Intrinsic::parse(text) {
            Ok(found) => Some(found),
            Err(error) => {
                let message = "The value for the field must be a valid JSONPath or a valid intrinsic function call";
                let finding = Finding::new(FindingCode::Schema, location, span, message)
                    .because(format!("`{}` is neither a path nor a function: {error}", text.escape_debug()));
                self.find(finding);
                None
            }
        }
    }

    /// A template of JSONata.
    pub(super) fn jsonata_template(&mut self, field: &Field<'_>) -> Payload {
        self.jsonata_node(field.node, &field.location);
        Payload { written: Arc::new(scalars::value(field.node)), filling: Filling::Jsonata }
    }

    fn jsonata_node(&mut self, node: &Node, location: &str) {
        match &node.content {
            Content::Scalar { .. } => {
                let Some(text) = scalars::text(node) else { return };
                if scalars::is_expression(text) {
                    self.expression(text, location, &node.span);
                } else {
                    self.note_substitutions(text);
                }
            }
            Content::List(list) => {
                list.iter().enumerate().for_each(|(at, item)| self.jsonata_node(item, &format!("{location}[{at}]")));
            }
            Content::Map(entries) => {
                for (key, value) in entries {
                    self.jsonata_node(value, &join(location, &key.text));
                }
            }
        }
    }

    /// A text that is one expression: `{% … %}`.
    pub(super) fn expression(&mut self, text: &str, location: &str, span: &Span) -> Option<Expression> {
        self.note_substitutions(text);
        let inner = text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}"));
        let Some(inner) = inner else {
            let (what, hint) = if text.starts_with("{%") {
                ("has no end", "let it end with `%}`, with nothing behind it")
            } else {
                ("has no beginning", "let it begin with `{%`, with nothing before it")
            };
            let message = "JSONata expression must start with '{%' and end with '%}'";
            let finding = Finding::new(FindingCode::Schema, location, span, message);
            self.find(finding.because(format!("the expression {what}")).hint(hint));
            return None;
        };
        let source = inner.trim();
        match jsonata::Expression::compile(source) {
            Ok(expression) => self.survey(&expression, location, span),
            Err(error) => {
                let reason = format!("the expression cannot be parsed: {error}");
                self.find(Finding::new(FindingCode::InvalidJsonata, location, span, error.reason).because(reason));
                return None;
            }
        }
        Some(Expression::new(source))
    }

    /// What an expression reads is there, as far as that can be known.
    fn survey(&mut self, expression: &jsonata::Expression, location: &str, span: &Span) {
        let survey = expression.survey();
        for name in &survey.top_level {
            let message = format!("Reference to '{name}' at the top level is not supported.");
            let finding = Finding::new(FindingCode::UnsupportedJsonata, location, span, message)
                .because(format!("`{}` stands at the top of the expression, where nothing is", name.escape_debug()))
                .hint(format!("write `$states.input.{name}`, or `${name}` for a variable"));
            self.find(finding);
        }
        if survey.root {
            let message = "Reference to '$$' is not supported.";
            let finding = Finding::new(FindingCode::UnsupportedJsonata, location, span, message)
                .because("`$` stands at the top of the expression, where nothing is")
                .hint("begin with `$states.input`");
            // A bare `$` is taken, and finds nothing when the state runs.
            self.find(if expression.text().contains("$$") { finding } else { finding.doubt() });
        }
        for part in survey.states.iter().filter(|part| !PARTS.contains(&part.as_str())) {
            let message = format!("`$states` has no `{}`", part.escape_debug());
            let near = crate::base::suggest::nearest(part, PARTS.iter().copied());
            let hint = near.map_or_else(
                || format!("it has {}", PARTS.join(", ")),
                |near| format!("did you mean `$states.{near}`?"),
            );
            self.find(Finding::new(FindingCode::UnsupportedJsonata, location, span, message).hint(hint).doubt());
        }
        if survey.states.contains("errorOutput") && !location.contains("/Catch[") {
            let message = "Reference to '$states.errorOutput' is not supported outside of a Catcher";
            let finding = Finding::new(FindingCode::UnsupportedJsonata, location, span, message)
                .because("`$states.errorOutput` is there only in a catcher")
                .hint("read it in `Output` or `Assign` of a catcher, and hand it on from there");
            self.find(finding);
        }
    }

    /// `Assign`: an object of variables.
    pub(super) fn assign(&mut self, object: &Object<'_>, language: QueryLanguage) -> Option<Payload> {
        let field = object.field("Assign")?;
        let variables = self.object(field.node, &field.location)?;
        for variable in variables.fields() {
            let name = variable.name;
            let name = match language {
                QueryLanguage::JsonPath => name.strip_suffix(".$").unwrap_or(name),
                QueryLanguage::Jsonata => name,
            };
            self.variable_name(name, &variable);
        }
        Some(self.template(&field, language))
    }

    fn variable_name(&mut self, name: &str, field: &Field<'_>) {
        let mut characters = name.chars();
        let first = characters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
        let reason = if name == RESERVED {
            "`states` is reserved".to_owned()
        } else if name.chars().count() > LONGEST_VARIABLE {
            format!("the name of a variable has at most {LONGEST_VARIABLE} characters")
        } else if !first || !characters.all(|c| c.is_alphanumeric() || c == '_') {
            format!("`{}` is no name for a variable: letters, digits and `_`, a letter first", name.escape_debug())
        } else {
            return;
        };
        let message = format!("Invalid variable name: {name}");
        let hint = name.strip_prefix('$').map(|bare| format!("write `{bare}` without the dollar sign"));
        let finding = Finding::new(FindingCode::Schema, &field.location, &field.key.span, message);
        self.find(finding.because(reason).maybe_hint(hint));
    }
}
