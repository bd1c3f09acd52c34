//! `States.Array…` and `States.JsonMerge`.

use serde_json::Value;

use super::Wrong;
use super::arguments::Arguments;

/// As many items as `States.ArrayRange` may give.
const MAX_RANGE: usize = 1000;

pub(super) fn partition(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let list = arguments.list(0)?;
    let size = usize::try_from(arguments.whole(1)?).ok().filter(|size| *size > 0).ok_or_else(|| arguments.wrong())?;
    Ok(Value::Array(list.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect()))
}

/// Two values are the same when they are written alike: `1` is not `1.0`, and the order of fields counts.
pub(super) fn contains(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let wanted = arguments.at(1)?.to_string();
    Ok(Value::Bool(arguments.list(0)?.iter().map(ToString::to_string).any(|item| item == wanted)))
}

pub(super) fn unique(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let mut seen = indexmap::IndexMap::new();
    for item in arguments.list(0)? {
        seen.entry(item.to_string()).or_insert_with(|| item.clone());
    }
    Ok(Value::Array(seen.into_values().collect()))
}

pub(super) fn range(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let (first, last, step) = (arguments.whole(0)?, arguments.whole(1)?, arguments.whole(2)?);
    if step == 0 {
        return Err(arguments.wrong());
    }
    let mut items = Vec::new();
    let mut next = Some(first);
    while let Some(at) = next.filter(|at| if step > 0 { *at <= last } else { *at >= last }) {
        if items.len() == MAX_RANGE {
            return Err(arguments.wrong());
        }
        items.push(Value::from(at));
        next = at.checked_add(step);
    }
    Ok(Value::Array(items))
}

/// The item at a position; an empty list has null everywhere.
pub(super) fn get_item(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let list = arguments.list(0)?;
    let at = usize::try_from(arguments.whole(1)?).map_err(|_| arguments.wrong())?;
    match list.get(at) {
        Some(item) => Ok(item.clone()),
        None if list.is_empty() => Ok(Value::Null),
        None => Err(arguments.wrong()),
    }
}

/// The fields of both; the second object's win. Deep merging is not in the service.
pub(super) fn merge(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let (mut first, second) = (arguments.object(0)?.clone(), arguments.object(1)?);
    if arguments.at(2)?.as_bool() != Some(false) {
        return Err(arguments.wrong());
    }
    first.extend(second.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(Value::Object(first))
}
