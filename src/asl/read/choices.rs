//! Choice states: their rules, comparisons and operands.

use serde_json::Value;

use super::machine::Names;
use super::scalars;
use super::{Field, Object, Reader, head};
use crate::asl::finding::{Finding, FindingCode};
use crate::asl::{
    Choice, ChoiceRule, Common, Comparison, Condition, Kind, Operand, Order, QueryLanguage, Target, Test, choice,
};
use crate::base::document::Node;
use crate::base::suggest::nearest;

/// How a family of operators is named.
const ORDERS: &[(&str, Order)] = &[
    ("Equals", Order::Equals),
    ("LessThan", Order::LessThan),
    ("GreaterThan", Order::GreaterThan),
    ("LessThanEquals", Order::LessThanEquals),
    ("GreaterThanEquals", Order::GreaterThanEquals),
];

const KINDS: &[(&str, Kind)] = &[
    ("IsNull", Kind::Null),
    ("IsPresent", Kind::Present),
    ("IsNumeric", Kind::Numeric),
    ("IsString", Kind::String),
    ("IsBoolean", Kind::Boolean),
    ("IsTimestamp", Kind::Timestamp),
];

/// The ways in which comparisons are joined.
const JOINS: &[&str] = &["And", "Or", "Not"];

/// How deep comparisons may be joined.
const DEEPEST: usize = 20;

/// An operator by its name.
#[derive(Clone, Copy)]
enum Operator {
    String(Order),
    Numeric(Order),
    Timestamp(Order),
    Boolean,
    Matches,
    Is(Kind),
}

/// The operator of a name, and whether it compares with a path.
fn operator(name: &str) -> Option<(Operator, bool)> {
    if let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == name) {
        return Some((Operator::Is(*kind), false));
    }
    if name == "StringMatches" {
        return Some((Operator::Matches, false));
    }
    let (stem, by_path) = name.strip_suffix("Path").map_or((name, false), |stem| (stem, true));
    if stem == "BooleanEquals" {
        return Some((Operator::Boolean, by_path));
    }
    let order = |family: &str| {
        let rest = stem.strip_prefix(family)?;
        ORDERS.iter().find(|(known, _)| *known == rest).map(|(_, order)| *order)
    };
    let found = order("String").map(Operator::String);
    let found = found.or_else(|| order("Numeric").map(Operator::Numeric));
    found.or_else(|| order("Timestamp").map(Operator::Timestamp)).map(|operator| (operator, by_path))
}

/// A test that can be evaluated; every path in it was read before.
fn compiled(test: Test) -> Option<Condition> {
    let compiled = choice::Condition::compile(&test).ok()?;
    Some(Condition::Test(Box::new((test, compiled))))
}

/// Every operator's name, for suggestions.
fn operators() -> Vec<String> {
    let mut names: Vec<String> = KINDS.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.extend(["StringMatches", "BooleanEquals", "BooleanEqualsPath"].map(str::to_owned));
    for family in ["String", "Numeric", "Timestamp"] {
        for (order, _) in ORDERS {
            names.push(format!("{family}{order}"));
            names.push(format!("{family}{order}Path"));
        }
    }
    names
}

impl Reader {
    pub(super) fn choice_state(&mut self, object: &Object<'_>, common: Common, names: &Names) -> Option<Choice> {
        let language = common.language;
        let flow = self.flow(object, language, false);
        self.require(object, &["Choices"]);
        let list = object.field("Choices").and_then(|field| self.list(&field)).unwrap_or_default();
        let wanted = list.len();
        let read = list.into_iter().filter_map(|(location, node)| self.rule(node, &location, language, names));
        let rules: Vec<ChoiceRule> = read.collect();
        let default: Option<Target> = object.field("Default").and_then(|field| self.target(&field, names));
        let assign = self.assign(object, language);
        let whole = wanted > 0 && rules.len() == wanted;
        whole.then_some(Choice { common, flow, rules, default, assign })
    }

    fn rule(&mut self, node: &Node, location: &str, language: QueryLanguage, names: &Names) -> Option<ChoiceRule> {
        let object = self.object(node, location)?;
        let comment = self.optional_text(&object, "Comment");
        self.require(&object, &["Next"]);
        let next = object.field("Next").and_then(|field| self.target(&field, names));
        let assign = self.assign(&object, language);
        let (condition, output) = match language {
            QueryLanguage::Jsonata => {
                for field in object.fields() {
                    let foreign =
                        field.name == "Variable" || JOINS.contains(&field.name) || operator(field.name).is_some();
                    if foreign {
                        self.other_language(&object, &field, language, QueryLanguage::JsonPath);
                    } else if !["Condition", "Next", "Assign", "Output", "Comment"].contains(&field.name) {
                        self.unknown_field(
                            &object,
                            &field,
                            &["Condition", "Next", "Assign", "Output", "Comment"],
                            "a rule",
                        );
                    }
                }
                self.require(&object, &["Condition"]);
                let condition = object.field("Condition").and_then(|field| self.condition(&field));
                (condition, object.field("Output").map(|field| self.jsonata_template(&field)))
            }
            QueryLanguage::JsonPath => {
                for name in ["Condition", "Output"] {
                    if let Some(field) = object.field(name) {
                        self.other_language(&object, &field, language, QueryLanguage::Jsonata);
                    }
                }
                (self.test(&object, 0).and_then(compiled), None)
            }
        };
        Some(ChoiceRule { condition: condition?, next: next?, assign, output, comment, span: node.span.clone() })
    }

    /// `Condition`: an expression, or a boolean.
    fn condition(&mut self, field: &Field<'_>) -> Option<Condition> {
        if let scalars::Whole::Expression(expression) = self.whole_expression(field) {
            return expression.map(Condition::Expression);
        }
        if let Value::Bool(constant) = scalars::value(field.node) {
            return Some(Condition::Constant(constant));
        }
        let message = "Value must be a boolean or a JSONata expression";
        let finding = Finding::new(FindingCode::Schema, &field.location, &field.node.span, message)
            .because("`Condition` is neither a boolean nor an expression")
            .hint("write the expression as `\"{% … %}\"`");
        self.find(finding);
        None
    }

    /// A comparison, or several joined.
    fn test(&mut self, object: &Object<'_>, depth: usize) -> Option<Test> {
        if depth > DEEPEST {
            let finding = Finding::new(
                FindingCode::TooDeeplyNested,
                &object.location,
                &head(&object.span),
                "Choice rules are nested too deeply",
            );
            self.find(finding);
            return None;
        }
        let mut found: Vec<Field<'_>> = Vec::new();
        for field in object.fields() {
            match field.name {
                "Comment" | "Variable" => {}
                // The last two are reported where the rule is read.
                "Next" | "Assign" | "Condition" | "Output" if depth == 0 => {}
                name if JOINS.contains(&name) || operator(name).is_some() => found.push(field),
                _ => self.unknown_in_rule(object, &field, depth),
            }
        }
        let [field] = &found[..] else {
            self.not_one_operator(object, &found);
            return None;
        };
        match field.name {
            "Not" => {
                let inner = self.object(field.node, &field.location)?;
                Some(Test::Not(Box::new(self.test(&inner, depth + 1)?)))
            }
            "And" | "Or" => {
                let list = self.list(field)?;
                let wanted = list.len();
                let mut tests = Vec::new();
                for (location, node) in list {
                    let inner = self.object(node, &location);
                    tests.extend(inner.and_then(|inner| self.test(&inner, depth + 1)));
                }
                let whole = tests.len() == wanted;
                whole.then(|| if field.name == "And" { Test::All(tests) } else { Test::Any(tests) })
            }
            name => {
                let (operator, by_path) = operator(name)?;
                self.require(object, &["Variable"]);
                let variable = object.field("Variable").and_then(|field| self.path(&field));
                let comparison = self.comparison(field, operator, by_path);
                Some(Test::Compare { variable: variable?, comparison: comparison? })
            }
        }
    }

    fn unknown_in_rule(&mut self, object: &Object<'_>, field: &Field<'_>, depth: usize) {
        if field.name == "Next" && depth > 0 {
            let finding =
                Finding::new(FindingCode::Schema, &object.location, &field.key.span, "Field 'Next' is not supported")
                    .because("only the rule as a whole has `Next`, not the comparisons inside it")
                    .hint("move `Next` out of the comparison");
            self.find(finding);
            return;
        }
        let mut known = operators();
        known.extend(["And", "Or", "Not", "Variable", "Next", "Assign", "Comment"].map(str::to_owned));
        let near = nearest(field.name, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let message = format!("Field '{}' is not supported", field.name);
        let finding = Finding::new(FindingCode::Schema, &object.location, &field.key.span, message)
            .because(format!("`{}` is no operator of a rule", field.name.escape_debug()))
            .maybe_hint(near);
        self.find(finding);
    }

    fn not_one_operator(&mut self, object: &Object<'_>, found: &[Field<'_>]) {
        let (span, reason) = match found {
            [] => (head(&object.span), "the rule compares nothing".to_owned()),
            [_, second, ..] => {
                let names: Vec<String> = found.iter().map(|field| format!("`{}`", field.name)).collect();
                (second.key.span.clone(), format!("a rule has one operator, here are {}", names.join(" and ")))
            }
            [_] => return,
        };
        let message = "Choice rule must contain exactly one comparison operator";
        let finding = Finding::new(FindingCode::Schema, &object.location, &span, message).because(reason);
        self.find(finding.hint("join several comparisons by `And` or `Or`"));
    }

    fn comparison(&mut self, field: &Field<'_>, operator: Operator, by_path: bool) -> Option<Comparison> {
        Some(match operator {
            Operator::String(order) => Comparison::String(order, self.operand(field, by_path, Self::owned_text)?),
            Operator::Numeric(order) => Comparison::Numeric(order, self.operand(field, by_path, Self::any_number)?),
            Operator::Timestamp(order) => Comparison::Timestamp(order, self.operand(field, by_path, Self::timestamp)?),
            Operator::Boolean => Comparison::Boolean(self.operand(field, by_path, Self::boolean)?),
            Operator::Matches => Comparison::Matches(self.owned_text(field)?),
            Operator::Is(kind) => Comparison::Is(kind, self.boolean(field)?),
        })
    }

    fn operand<T>(
        &mut self,
        field: &Field<'_>,
        by_path: bool,
        read: impl FnOnce(&mut Self, &Field<'_>) -> Option<T>,
    ) -> Option<Operand<T>> {
        if by_path { self.path(field).map(Operand::Path) } else { read(self, field).map(Operand::Value) }
    }

    fn owned_text(&mut self, field: &Field<'_>) -> Option<String> {
        self.text(field).map(str::to_owned)
    }

    fn any_number(&mut self, field: &Field<'_>) -> Option<serde_json::Number> {
        if let Value::Number(number) = scalars::value(field.node) {
            return Some(number);
        }
        // A substitution, which deployment replaces, or a finding.
        self.number(field, f64::MIN, f64::MAX).map(|_| serde_json::Number::from(0))
    }
}
