//! Automerge: a write on an old version, brought onto the item as it is stored.
//!
//! Source: AppSync guide, "Automerge". Lists are appended, sets joined, maps merged member by member, and what is not there
//! yet is taken. Of other values the stored one stays, except where it is still what the writer knew. Values are typed.

use serde_json::{Map, Value, json};

/// What a write wants of an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanted {
    /// Attributes that it sets.
    pub sets: Map<String, Value>,
    /// Attributes that it removes.
    pub removes: Vec<String>,
}

/// The item that comes of a write; `base` is the item in the version that the writer knew, where that is recorded.
pub(super) fn merged(
    stored: &Map<String, Value>,
    wanted: &Wanted,
    base: Option<&Map<String, Value>>,
) -> Map<String, Value> {
    let mut item = stored.clone();
    join(&mut item, &wanted.sets, base);
    for name in &wanted.removes {
        let unchanged = base.is_some_and(|base| base.get(name) == stored.get(name));
        if unchanged && item.get(name).is_some_and(|value| !is_collection(value)) {
            item.remove(name);
        }
    }
    item
}

fn join(item: &mut Map<String, Value>, incoming: &Map<String, Value>, base: Option<&Map<String, Value>>) {
    for (name, value) in incoming {
        let known = base.and_then(|base| base.get(name));
        let joined = match item.get(name) {
            Some(stored) if !is_null(stored) => one(stored, value, known),
            _ => value.clone(),
        };
        item.insert(name.clone(), joined);
    }
}

fn one(stored: &Value, incoming: &Value, known: Option<&Value>) -> Value {
    let kept = || if known == Some(stored) { incoming.clone() } else { stored.clone() };
    match (member(stored), member(incoming)) {
        (Some(("L", Value::Array(mine))), Some(("L", Value::Array(theirs)))) => {
            let all: Vec<&Value> = mine.iter().chain(theirs).collect();
            json!({ "L": all })
        }
        (Some((kind @ ("SS" | "NS" | "BS"), Value::Array(mine))), Some((other, Value::Array(theirs))))
            if kind == other =>
        {
            let more = theirs.iter().filter(|value| !mine.contains(value));
            let all: Vec<&Value> = mine.iter().chain(more).collect();
            json!({ kind: all })
        }
        (Some(("M", Value::Object(mine))), Some(("M", Value::Object(theirs)))) => {
            let mut map = mine.clone();
            let known = known.and_then(|known| known.get("M")).and_then(Value::as_object);
            join(&mut map, theirs, known);
            json!({ "M": map })
        }
        _ => kept(),
    }
}

/// The type of a value, and what is in it.
fn member(value: &Value) -> Option<(&str, &Value)> {
    value.as_object().and_then(|map| map.iter().next()).map(|(kind, inner)| (kind.as_str(), inner))
}

fn is_null(value: &Value) -> bool {
    member(value).is_none_or(|(kind, _)| kind == "NULL")
}

fn is_collection(value: &Value) -> bool {
    member(value).is_some_and(|(kind, _)| matches!(kind, "L" | "M" | "SS" | "NS" | "BS"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Wanted, merged};

    fn item(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn sets(value: Value) -> Wanted {
        Wanted { sets: item(value), removes: Vec::new() }
    }

    /// The example of the guide, step by step: what is stored, what comes, what is stored then.
    #[test]
    fn the_example_of_the_guide() {
        let steps = [
            (
                json!({ "name": { "S": "Nadia" }, "jersey": { "N": "5" } }),
                json!({ "name": { "S": "Nadia" }, "jersey": { "N": "55" } }),
                json!({ "name": { "S": "Nadia" }, "jersey": { "N": "5" } }),
            ),
            (
                json!({ "name": { "S": "Nadia" } }),
                json!({ "name": { "S": "Shaggy" }, "interests": { "SS": ["breakfast", "lunch", "dinner"] },
                        "points": { "L": [{ "N": "24" }, { "N": "30" }, { "N": "27" }] } }),
                json!({ "name": { "S": "Nadia" }, "interests": { "SS": ["breakfast", "lunch", "dinner"] },
                        "points": { "L": [{ "N": "24" }, { "N": "30" }, { "N": "27" }] } }),
            ),
            (
                json!({ "interests": { "SS": ["breakfast", "lunch", "dinner"] },
                        "points": { "L": [{ "N": "24" }, { "N": "30" }] } }),
                json!({ "interests": { "SS": ["breakfast", "lunch", "brunch"] },
                        "points": { "L": [{ "N": "30" }, { "N": "35" }] } }),
                json!({ "interests": { "SS": ["breakfast", "lunch", "dinner", "brunch"] },
                        "points": { "L": [{ "N": "24" }, { "N": "30" }, { "N": "30" }, { "N": "35" }] } }),
            ),
            (
                json!({ "stats": { "M": { "ppg": { "S": "35.4" }, "apg": { "S": "6.3" } } } }),
                json!({ "stats": { "M": { "ppg": { "S": "25.7" }, "rpg": { "S": "6.9" } } } }),
                json!({ "stats": { "M": { "ppg": { "S": "35.4" }, "apg": { "S": "6.3" }, "rpg": { "S": "6.9" } } } }),
            ),
            (
                json!({ "name": { "NULL": true } }),
                json!({ "name": { "S": "Nadia" } }),
                json!({ "name": { "S": "Nadia" } }),
            ),
        ];
        for (stored, incoming, wanted) in steps {
            let result = merged(&item(stored.clone()), &sets(incoming.clone()), None);
            assert_eq!(Value::Object(result), wanted, "{stored} and {incoming}");
        }
    }

    #[test]
    fn a_value_that_nobody_changed_meanwhile_is_taken() {
        let stored = item(json!({ "title": { "S": "new" }, "body": { "S": "old" }, "note": { "S": "n" },
                                  "map": { "M": { "a": { "N": "1" } } } }));
        let base = item(json!({ "title": { "S": "old" }, "body": { "S": "old" }, "note": { "S": "n" },
                                "map": { "M": { "a": { "N": "1" } } } }));
        let wanted = Wanted {
            sets: item(
                json!({ "title": { "S": "mine" }, "body": { "S": "mine" }, "map": { "M": { "a": { "N": "2" } } } }),
            ),
            removes: vec!["note".to_owned(), "title".to_owned()],
        };
        let result = merged(&stored, &wanted, Some(&base));
        let expected =
            json!({ "title": { "S": "new" }, "body": { "S": "mine" }, "map": { "M": { "a": { "N": "2" } } } });
        assert_eq!(Value::Object(result), expected);
        let blind = merged(&stored, &wanted, None);
        assert_eq!(blind, stored, "without a record of the version the stored values stay");
    }
}
