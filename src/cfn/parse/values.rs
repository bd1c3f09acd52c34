//! Nodes of the text to values of a template: plain data and intrinsic functions, in their long and short forms.

use std::ops::Range;

use serde_json::Number;

use super::tree::{Content, Node};
use crate::base::LogicalId;
use crate::base::suggest::nearest;
use crate::cfn::{Intrinsic, Map, Value};
use crate::error::{Code, Problem};

/// The intrinsic functions, by the name after `Fn::` or `!`.
const FUNCTIONS: &[&str] = &[
    "Ref",
    "Condition",
    "GetAtt",
    "Sub",
    "Join",
    "Select",
    "Split",
    "If",
    "Equals",
    "And",
    "Or",
    "Not",
    "FindInMap",
    "Base64",
    "GetAZs",
    "ImportValue",
    "Cidr",
    "ToJsonString",
    "Length",
];

/// Functions that exist in CloudFormation and that this language does not have.
const REFUSED: &[&str] = &["Transform", "ForEach", "Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf"];

/// Reads the nodes of one text, and keeps every problem that it meets.
pub(super) struct Reader<'a> {
    pub text: &'a str,
    pub origin: &'a str,
    pub problems: Vec<Problem>,
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, span: Range<usize>, message: impl Into<String>) {
        let problem = Problem::new(Code::AMP0312, message).at_span(self.origin, self.text, span);
        self.problems.push(problem);
    }

    /// A value outside conditions: `Condition` is an ordinary key there.
    pub(super) fn value(&mut self, node: &Node) -> Value {
        self.read(node, false)
    }

    /// A value of the section `Conditions`.
    pub(super) fn condition(&mut self, node: &Node) -> Value {
        self.read(node, true)
    }

    /// The text of a scalar, exactly as it was written.
    pub(super) fn text_of(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.content {
            Content::Scalar { text, .. } if node.tag.is_none() => Some(text.clone()),
            _ => {
                self.problem(node.span.clone(), format!("{what} must be plain text"));
                None
            }
        }
    }

    /// A logical id, or a problem.
    pub(super) fn logical_id(&mut self, text: &str, span: Range<usize>) -> Option<LogicalId> {
        LogicalId::new(text).map_err(|error| self.problem(span, error.to_string())).ok()
    }

    fn read(&mut self, node: &Node, in_condition: bool) -> Value {
        if let Some(tag) = &node.tag {
            let inner = Node { tag: None, ..node.clone() };
            return self.call(tag, &inner, node.span.clone(), in_condition);
        }
        match &node.content {
            Content::Scalar { text, plain: true } => scalar(text),
            Content::Scalar { text, plain: false } => Value::Text(text.clone()),
            Content::List(list) => Value::List(list.iter().map(|item| self.read(item, in_condition)).collect()),
            Content::Map(entries) => {
                if let [(key, argument)] = &entries[..] {
                    if let Some(name) = key.text.strip_prefix("Fn::") {
                        return self.call(name, argument, key.span.clone(), in_condition);
                    }
                    let is_condition =
                        in_condition && key.text == "Condition" && matches!(argument.content, Content::Scalar { .. });
                    if key.text == "Ref" || is_condition {
                        return self.call(&key.text, argument, key.span.clone(), in_condition);
                    }
                }
                let mut map = Map::new();
                for (key, value) in entries {
                    if key.text.starts_with("Fn::") {
                        let message = format!("`{}` must be the only key of its map", key.text.escape_debug());
                        self.problem(key.span.clone(), message);
                    }
                    let value = self.read(value, in_condition);
                    map.insert(key.text.clone(), value);
                }
                Value::Map(map)
            }
        }
    }

    /// A call of `name`; a problem and null when it cannot be one.
    fn call(&mut self, name: &str, argument: &Node, span: Range<usize>, in_condition: bool) -> Value {
        let found = self.problems.len();
        let call = match name {
            "Ref" => self.literal(name, argument).map(Intrinsic::Ref),
            "Condition" => self.named_condition(argument, &span, in_condition),
            "GetAtt" => self.get_att(argument),
            "Sub" => self.sub(argument),
            "Join" | "Split" => self.join_or_split(name, argument),
            "Select" => self.items(name, argument, 2..=2, in_condition).map(|mut list| {
                let second = list.remove(1);
                Intrinsic::Select(list.remove(0), second)
            }),
            "If" => self.if_else(argument),
            "Equals" => self.items(name, argument, 2..=2, false).map(|mut list| {
                let second = list.remove(1);
                Intrinsic::Equals(list.remove(0), second)
            }),
            "And" => self.items(name, argument, 2..=10, true).map(Intrinsic::And),
            "Or" => self.items(name, argument, 2..=10, true).map(Intrinsic::Or),
            "Not" => self.items(name, argument, 1..=1, true).map(|mut list| Intrinsic::Not(list.remove(0))),
            "FindInMap" => self.items(name, argument, 3..=3, false).map(|list| {
                let [map, top, second] = three(list);
                Intrinsic::FindInMap(map, top, second)
            }),
            "Cidr" => self.items(name, argument, 2..=3, false).map(|list| {
                let [block, count, bits] = three(list);
                Intrinsic::Cidr(block, count, bits)
            }),
            "Base64" => Some(Intrinsic::Base64(self.value(argument))),
            "GetAZs" => Some(Intrinsic::GetAzs(self.value(argument))),
            "ImportValue" => Some(Intrinsic::ImportValue(self.value(argument))),
            "ToJsonString" => Some(Intrinsic::ToJsonString(self.value(argument))),
            "Length" => Some(Intrinsic::Length(self.value(argument))),
            _ => {
                self.unknown(name, span.clone());
                None
            }
        };
        if let Some(call) = call {
            return Value::Call(Box::new(call));
        }
        if self.problems.len() == found {
            self.problem(span, format!("`{name}` is used wrongly"));
        }
        Value::Null
    }

    fn unknown(&mut self, name: &str, span: Range<usize>) {
        let shown = name.escape_debug();
        let base = name.split("::").next().unwrap_or(name);
        let message = if REFUSED.contains(&base) {
            format!("the intrinsic function `Fn::{shown}` is not supported: it needs a macro or a rule")
        } else {
            let suggestion = nearest(name, FUNCTIONS.iter().copied());
            let suggestion = suggestion.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("there is no intrinsic function `{shown}`{suggestion}")
        };
        self.problem(span, message);
    }

    fn literal(&mut self, name: &str, argument: &Node) -> Option<String> {
        let text = self.text_of(argument, &format!("what `{name}` names"))?;
        if text.is_empty() {
            self.problem(argument.span.clone(), format!("`{name}` names nothing"));
            return None;
        }
        Some(text)
    }

    fn named_condition(&mut self, argument: &Node, span: &Range<usize>, in_condition: bool) -> Option<Intrinsic> {
        if !in_condition {
            self.problem(span.clone(), "`Condition` as a function stands in conditions only");
            return None;
        }
        let name = self.literal("Condition", argument)?;
        self.logical_id(&name, argument.span.clone()).map(Intrinsic::Condition)
    }

    fn get_att(&mut self, argument: &Node) -> Option<Intrinsic> {
        let path = match &argument.content {
            Content::Scalar { text, .. } => text.clone(),
            Content::List(parts) => {
                let parts: Option<Vec<String>> =
                    parts.iter().map(|part| self.text_of(part, "each part of `GetAtt`")).collect();
                parts?.join(".")
            }
            Content::Map(_) => String::new(),
        };
        let Some((resource, attribute)) = path.split_once('.').filter(|(_, attribute)| !attribute.is_empty()) else {
            self.problem(argument.span.clone(), "`GetAtt` takes a resource and an attribute: `Table.Arn`");
            return None;
        };
        Some(Intrinsic::GetAtt(self.logical_id(resource, argument.span.clone())?, attribute.to_owned()))
    }

    fn sub(&mut self, argument: &Node) -> Option<Intrinsic> {
        let (template, variables) = match &argument.content {
            Content::Scalar { text, .. } => (text.clone(), Map::new()),
            Content::List(parts) => {
                let [template, variables] = &parts[..] else {
                    self.problem(argument.span.clone(), "`Sub` takes a text, or a text and a map of its variables");
                    return None;
                };
                let text = self.text_of(template, "the text of `Sub`")?;
                match self.value(variables) {
                    Value::Map(map) => (text, map),
                    _ => return None,
                }
            }
            Content::Map(_) => {
                self.problem(argument.span.clone(), "`Sub` takes a text, or a text and a map of its variables");
                return None;
            }
        };
        if let Err(reason) = crate::cfn::substitute::parts(&template) {
            self.problem(argument.span.clone(), format!("the text of `Sub` cannot be read: {reason}"));
            return None;
        }
        Some(Intrinsic::Sub(template, variables))
    }

    fn join_or_split(&mut self, name: &str, argument: &Node) -> Option<Intrinsic> {
        let Content::List(parts) = &argument.content else {
            self.problem(argument.span.clone(), format!("`{name}` takes a list of 2"));
            return None;
        };
        let [separator, rest] = &parts[..] else {
            self.problem(argument.span.clone(), format!("`{name}` takes a list of 2, here are {}", parts.len()));
            return None;
        };
        let separator_text = self.text_of(separator, &format!("the separator of `{name}`"))?;
        if name == "Split" && separator_text.is_empty() {
            self.problem(separator.span.clone(), "the separator of `Split` cannot be empty");
            return None;
        }
        let rest = self.value(rest);
        Some(if name == "Join" {
            Intrinsic::Join(separator_text, rest)
        } else {
            Intrinsic::Split(separator_text, rest)
        })
    }

    fn if_else(&mut self, argument: &Node) -> Option<Intrinsic> {
        let Content::List(parts) = &argument.content else {
            self.problem(argument.span.clone(), "`If` takes a list of 3: condition, then, otherwise");
            return None;
        };
        let [condition, then, otherwise] = &parts[..] else {
            let message = format!("`If` takes a list of 3: condition, then, otherwise; here are {}", parts.len());
            self.problem(argument.span.clone(), message);
            return None;
        };
        let name = self.text_of(condition, "the condition of `If`");
        let (then, otherwise) = (self.value(then), self.value(otherwise));
        let name = self.logical_id(&name?, condition.span.clone())?;
        Some(Intrinsic::If(name, then, otherwise))
    }

    fn items(
        &mut self,
        name: &str,
        argument: &Node,
        wanted: std::ops::RangeInclusive<usize>,
        in_condition: bool,
    ) -> Option<Vec<Value>> {
        let expected = match (wanted.start(), wanted.end()) {
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        match &argument.content {
            Content::List(parts) if argument.tag.is_none() && wanted.contains(&parts.len()) => {
                Some(parts.iter().map(|part| self.read(part, in_condition)).collect())
            }
            Content::List(parts) if argument.tag.is_none() => {
                let message = format!("`{name}` takes a list of {expected}, here are {}", parts.len());
                self.problem(argument.span.clone(), message);
                None
            }
            _ => {
                self.problem(argument.span.clone(), format!("`{name}` takes a list of {expected}"));
                None
            }
        }
    }
}

/// Three values of a list of at most three; what is missing is null.
fn three(list: Vec<Value>) -> [Value; 3] {
    let mut list = list.into_iter();
    std::array::from_fn(|_| list.next().unwrap_or(Value::Null))
}

/// What a scalar without quotes means. It is a number only when the number is written back in the same way, so that
/// nothing that was written (`007`, `1.10`, `1e3`) is lost.
pub(in crate::cfn) fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match text.parse::<Number>() {
            Ok(number) if number.to_string() == text => Value::Number(number),
            _ => Value::Text(text.to_owned()),
        },
    }
}
