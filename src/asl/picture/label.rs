//! What stands at the lines of a picture: the rules of Choice states in few words.

use crate::asl::{Comparison, Condition, Kind, Operand, Order, Test};

/// The longest label, in characters.
const LONGEST: usize = 36;

/// A condition in few words.
pub(super) fn condition(condition: &Condition) -> String {
    shortened(&match condition {
        Condition::Test(test) => words(&test.0, false),
        Condition::Expression(expression) => expression.source().split_whitespace().collect::<Vec<_>>().join(" "),
        Condition::Constant(constant) => constant.to_string(),
    })
}

/// A text that is not longer than a label.
pub(super) fn shortened(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= LONGEST {
        return text;
    }
    let kept: String = text.chars().take(LONGEST - 1).collect();
    format!("{}…", kept.trim_end())
}

fn words(test: &Test, nested: bool) -> String {
    let joined = |tests: &[Test], word: &str| {
        let parts: Vec<String> = tests.iter().map(|test| words(test, true)).collect();
        let joined = parts.join(word);
        if nested && tests.len() > 1 { format!("({joined})") } else { joined }
    };
    match test {
        Test::All(tests) => joined(tests, " and "),
        Test::Any(tests) => joined(tests, " or "),
        Test::Not(test) => format!("not {}", words(test, true)),
        Test::Compare { variable, comparison } => format!("{} {}", variable.text(), compared(comparison)),
    }
}

fn compared(comparison: &Comparison) -> String {
    match comparison {
        Comparison::String(order, operand) => {
            format!("{} {}", sign(*order), other(operand, |text| format!("{text:?}")))
        }
        Comparison::Numeric(order, operand) => format!("{} {}", sign(*order), other(operand, ToString::to_string)),
        Comparison::Timestamp(order, operand) => format!("{} {}", sign(*order), other(operand, ToString::to_string)),
        Comparison::Boolean(operand) => format!("== {}", other(operand, ToString::to_string)),
        Comparison::Matches(pattern) => format!("matches {pattern:?}"),
        Comparison::Is(kind, true) => format!("is {}", kind_word(*kind)),
        Comparison::Is(kind, false) => format!("is not {}", kind_word(*kind)),
    }
}

fn other<T>(operand: &Operand<T>, written: impl Fn(&T) -> String) -> String {
    match operand {
        Operand::Value(value) => written(value),
        Operand::Path(path) => path.text().to_owned(),
    }
}

fn sign(order: Order) -> &'static str {
    match order {
        Order::Equals => "==",
        Order::LessThan => "<",
        Order::GreaterThan => ">",
        Order::LessThanEquals => "<=",
        Order::GreaterThanEquals => ">=",
    }
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Present => "present",
        Kind::Numeric => "a number",
        Kind::String => "a string",
        Kind::Boolean => "a boolean",
        Kind::Timestamp => "a timestamp",
    }
}
