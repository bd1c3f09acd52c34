//! What the evaluator would take from the machine, and must be given: bounds of texts (`&`, `$pad`, `$join`, `$replace`,
//! `$formatInteger`), and the time (`$now`, `$millis`).
//!
//! The evaluator bounds time, depth and lists, not texts, and it reads the clock. So the syntax tree is given functions
//! that look at the sizes before a step is done, and one that knows the time; no expression can spell their names.

use std::cell::RefCell;
use std::rc::Rc;

use jsonata_core::ast::{AstNode, BinaryOp};
use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::functions::string;
use jsonata_core::value::JValue;

use super::evaluate::MAX_BYTES;
use super::{functions, walk};

const CONCATENATE: &str = "joined within bounds";
const WIDTH: &str = "width within bounds";
const SUBJECT: &str = "subject noted";
const FILLER: &str = "filler within bounds";
const ROMAN: &str = "number within bounds";
const TIME: &str = "time of the evaluation";

/// A text that is written down and no longer than this needs no look: what it fills grows by little.
const SHORT: usize = 64;

/// As much as a step may make for a moment.
const MAX_STEP: usize = 64 * MAX_BYTES;

/// Gives a tree its bounds.
pub(super) fn bound(node: &mut AstNode) {
    for part in walk::parts_mut(node) {
        bound(part);
    }
    match node {
        AstNode::Binary { op: BinaryOp::Concatenate, lhs, rhs } => {
            *node = call(CONCATENATE, vec![taken(lhs), taken(rhs)]);
        }
        // `a ~> $pad(8)` is `$pad(a, 8)`.
        AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } => {
            if let AstNode::Function { name, args, .. } = &mut **rhs {
                watch(name, args.iter_mut().enumerate().map(|(at, argument)| (at + 1, argument)).collect(), Some(lhs));
            }
        }
        AstNode::Function { name, args, .. } if name == "millis" && args.is_empty() => *node = call(TIME, Vec::new()),
        // `$now(picture, zone)` is `$fromMillis($millis(), picture, zone)`.
        AstNode::Function { name, args, .. } if name == "now" => {
            let mut arguments = std::mem::take(args);
            arguments.insert(0, call(TIME, Vec::new()));
            *node = AstNode::Function { name: "fromMillis".to_owned(), args: arguments, is_builtin: true };
        }
        AstNode::Function { name, args, .. } => watch(name, args.iter_mut().enumerate().collect(), None),
        _ => {}
    }
}

/// Bounds the arguments, each with its position, of a call of `name`; the first one may stand elsewhere.
fn watch(name: &str, mut arguments: Vec<(usize, &mut AstNode)>, subject: Option<&mut AstNode>) {
    if arguments.iter().any(|(_, argument)| **argument == AstNode::Placeholder) {
        return;
    }
    let filler = match name {
        "pad" | "join" | "formatInteger" => 1,
        "replace" => 2,
        _ => return,
    };
    let Some(index) = arguments.iter().position(|(at, _)| *at == filler) else { return };
    let written = match &*arguments[index].1 {
        AstNode::String(text) => Some(text.clone()),
        _ => None,
    };
    let first = match (name, written) {
        ("pad", _) => {
            wrap(WIDTH, arguments[index].1);
            return;
        }
        // Roman numerals have a letter for every thousand.
        ("formatInteger", Some(picture)) if !picture.starts_with(['I', 'i']) => return,
        ("formatInteger", _) => ROMAN,
        (_, Some(text)) if text.len() <= SHORT => return,
        _ => {
            wrap(FILLER, arguments[index].1);
            SUBJECT
        }
    };
    match subject {
        Some(subject) => wrap(first, subject),
        None => wrap(first, arguments[0].1),
    }
}

fn wrap(name: &str, node: &mut AstNode) {
    let inner = taken(node);
    *node = call(name, vec![inner]);
}

fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function { name: name.to_owned(), args, is_builtin: false }
}

fn taken(node: &mut AstNode) -> AstNode {
    std::mem::replace(node, AstNode::Null)
}

/// Makes the functions known to an evaluator, for which it is `now_ms` milliseconds after 1970.
pub(super) fn register(evaluator: &mut Evaluator, now_ms: i64) -> Result<(), EvaluatorError> {
    evaluator.register_fn(TIME, move |_: &[JValue]| Ok(JValue::from_i64(now_ms)))?;
    evaluator.register_fn(CONCATENATE, concatenate)?;
    evaluator.register_fn(WIDTH, |arguments: &[JValue]| at_most(arguments, MAX_BYTES))?;
    evaluator.register_fn(ROMAN, |arguments: &[JValue]| at_most(arguments, MAX_BYTES * 1000))?;
    // The subject's places and bytes, until the filler of the same call is looked at; calls within calls stack up.
    let noted = Rc::new(RefCell::new(Vec::<(usize, usize)>::new()));
    let stack = Rc::clone(&noted);
    evaluator.register_fn(SUBJECT, move |arguments: &[JValue]| {
        let subject = passed(arguments);
        let size = match &subject {
            JValue::String(text) => (text.len() + 1, text.len()),
            JValue::Array(items) => (items.len(), items.iter().filter_map(JValue::as_str).map(str::len).sum()),
            _ => (0, 0),
        };
        stack.borrow_mut().push(size);
        Ok(subject)
    })?;
    evaluator.register_fn(FILLER, move |arguments: &[JValue]| {
        let filler = passed(arguments);
        let (places, bytes) = noted.borrow_mut().pop().unwrap_or_default();
        let length = filler.as_str().map_or(0, str::len);
        let fits = bytes.saturating_add(places.saturating_mul(length)) <= MAX_STEP;
        if fits { Ok(filler) } else { Err(functions::wrong(functions::MEMORY)) }
    })
}

/// A number that is not beyond a bound; any other value is not looked at.
fn at_most(arguments: &[JValue], most: usize) -> Result<JValue, EvaluatorError> {
    let number = passed(arguments);
    #[expect(clippy::cast_precision_loss, reason = "the bounds are far below 2^53")]
    let fits = number.as_f64().is_none_or(|number| number.abs() <= most as f64);
    if fits { Ok(number) } else { Err(functions::wrong(functions::MEMORY)) }
}

fn passed(arguments: &[JValue]) -> JValue {
    arguments.first().cloned().unwrap_or(JValue::Undefined)
}

fn concatenate(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let mut joined = String::new();
    for argument in arguments.iter().filter(|argument| !argument.is_undefined()) {
        match argument {
            JValue::String(text) => joined.push_str(text),
            other => {
                let text = string::string(other, None).map_err(EvaluatorError::from)?;
                joined.push_str(text.as_str().unwrap_or_default());
            }
        }
        if joined.len() > MAX_BYTES {
            return Err(functions::wrong(functions::MEMORY));
        }
    }
    Ok(JValue::from(joined))
}
