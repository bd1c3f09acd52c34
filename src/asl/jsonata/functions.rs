//! The functions that Step Functions adds to JSONata.

use std::sync::Arc;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;

use super::super::intrinsic::{JavaRandom, digest};
use super::bounds;
use crate::base::Ids;

/// As many items as `$range` may give (measured by others on AWS: 360,145 are given, one more is refused).
const MAX_RANGE: i128 = 360_145;

/// What is told when a value grows beyond its bounds.
pub(super) const MEMORY: &str = "Expression evaluation memory limit exceeded: Check for excessive memory usage";

/// What `$random` and `$uuid` draw from.
type Source = Arc<dyn Ids>;

/// The result of a function.
type Given = Result<JValue, EvaluatorError>;

/// A failure with a message.
pub(super) fn wrong(message: impl Into<String>) -> EvaluatorError {
    EvaluatorError::EvaluationError(message.into())
}

fn signature(name: &str, argument: usize) -> EvaluatorError {
    wrong(format!("T0410: Argument {argument} of function \"{name}\" does not match function signature"))
}

/// Makes the functions known to an evaluator, and `$eval` unknown.
pub(super) fn register(evaluator: &mut Evaluator, ids: &Source, now_ms: i64) -> Result<(), EvaluatorError> {
    evaluator.register_fn_override("eval", |_: &[JValue]| Err(wrong("T1006: Attempted to invoke a non-function")))?;
    let source = Arc::clone(ids);
    evaluator.register_fn_override("random", move |arguments: &[JValue]| random(arguments, &source))?;
    let source = Arc::clone(ids);
    evaluator.register_fn("uuid", move |arguments: &[JValue]| {
        none_beyond("uuid", arguments, 0)?;
        Ok(JValue::from(source.uuid()))
    })?;
    evaluator.register_fn("partition", partition)?;
    evaluator.register_fn("range", range)?;
    evaluator.register_fn("hash", hash)?;
    evaluator.register_fn("parse", parse)?;
    bounds::register(evaluator, now_ms)
}

/// Refuses the first argument that is one too many.
fn none_beyond(name: &str, arguments: &[JValue], most: usize) -> Result<(), EvaluatorError> {
    if arguments.len() > most { Err(signature(name, most + 1)) } else { Ok(()) }
}

/// The argument at a position, unless it is absent or undefined.
fn given(arguments: &[JValue], index: usize) -> Option<&JValue> {
    arguments.get(index).filter(|argument| !argument.is_undefined())
}

/// A number without its fraction.
fn whole(name: &str, arguments: &[JValue], index: usize) -> Result<i64, EvaluatorError> {
    let number = given(arguments, index).and_then(JValue::as_f64).ok_or_else(|| signature(name, index + 1))?;
    #[expect(clippy::cast_possible_truncation, reason = "casts of floats stop at the ends of the range")]
    Ok(number.trunc() as i64)
}

fn random(arguments: &[JValue], ids: &Source) -> Given {
    none_beyond("random", arguments, 1)?;
    let seed = if given(arguments, 0).is_some() {
        whole("random", arguments, 0)?
    } else {
        let mut bytes = [0; 8];
        ids.fill(&mut bytes);
        i64::from_le_bytes(bytes)
    };
    Ok(JValue::from(JavaRandom::seeded(seed).unit()))
}

/// Lists of at most so many items each; undefined for an empty list or a size of zero.
fn partition(arguments: &[JValue]) -> Given {
    none_beyond("partition", arguments, 2)?;
    let Some(list) = given(arguments, 0) else { return Ok(JValue::Undefined) };
    let Some(items) = list.as_array() else {
        return Err(wrong("T0412: Argument 1 of function \"partition\" must be an array of undefined"));
    };
    if items.is_empty() {
        return Ok(JValue::Undefined);
    }
    if given(arguments, 1).is_none() {
        return Ok(JValue::array(vec![JValue::array(items.clone())]));
    }
    let size = whole("partition", arguments, 1)?;
    match usize::try_from(size) {
        Ok(0) => Ok(JValue::Undefined),
        Ok(size) => Ok(JValue::array(items.chunks(size).map(|chunk| JValue::array(chunk.to_vec())).collect())),
        Err(_) => Err(wrong("D3137: Second argument must be zero or greater")),
    }
}

/// Whole numbers from the first to the last; a single one stands alone, a step in the other direction gives nothing.
fn range(arguments: &[JValue]) -> Given {
    none_beyond("range", arguments, 3)?;
    let (first, last) = (whole("range", arguments, 0)?, whole("range", arguments, 1)?);
    if given(arguments, 2).is_none() {
        return Ok(JValue::Undefined);
    }
    let step = whole("range", arguments, 2)?;
    let distance = i128::from(last) - i128::from(first);
    if step == 0 || (distance != 0 && (distance > 0) != (step > 0)) {
        return Ok(JValue::Undefined);
    }
    let count = distance / i128::from(step) + 1;
    if count > MAX_RANGE {
        return Err(wrong(MEMORY));
    }
    if count == 1 {
        return Ok(JValue::from_i64(first));
    }
    let mut next = first;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(JValue::from_i64(next));
        next = next.saturating_add(step);
    }
    Ok(JValue::array(items))
}

fn hash(arguments: &[JValue]) -> Given {
    none_beyond("hash", arguments, 2)?;
    let text = given(arguments, 0).and_then(JValue::as_str).ok_or_else(|| signature("hash", 1))?;
    let Some(algorithm) = given(arguments, 1) else { return Ok(JValue::Undefined) };
    let algorithm = algorithm.as_str().ok_or_else(|| signature("hash", 2))?;
    digest(text, algorithm).map(JValue::from).ok_or_else(|| {
        wrong(format!("D3137: Hash algorithm '{algorithm}' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5"))
    })
}

/// The value that a text of JSON is.
fn parse(arguments: &[JValue]) -> Given {
    none_beyond("parse", arguments, 1)?;
    let Some(text) = given(arguments, 0) else { return Ok(JValue::Undefined) };
    let text = text.as_str().ok_or_else(|| signature("parse", 1))?;
    JValue::from_json_str(text).map_err(|_| wrong("D3137: Invalid JSON"))
}
