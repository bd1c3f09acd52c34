//! The values of the root stack's parameters, for an environment and a moment. Pure.

use indexmap::IndexMap;

use crate::base::{EnvName, LogicalId};
use crate::cfn::Template;

/// Seconds of a day and of an hour.
const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3_600;

/// What the values follow from.
#[derive(Clone, Debug)]
pub struct ParameterFacts<'a> {
    /// The environment.
    pub environment: &'a EnvName,
    /// Seconds since 1970.
    pub now_s: i64,
    /// How long API keys live, in days.
    pub api_key_days: u16,
    /// Values that the environment's settings give.
    pub given: &'a IndexMap<String, String>,
    /// The values of the deployed stack, if there is one.
    pub deployed: &'a IndexMap<String, String>,
}

/// The values of those parameters of `root` that are ours to fill; the others keep their deployed value or default.
pub fn values(root: &Template, facts: &ParameterFacts<'_>) -> IndexMap<LogicalId, String> {
    let mut values = IndexMap::new();
    for (name, parameter) in &root.parameters {
        let deployed = facts.deployed.get(name.as_str());
        let value = match name.as_str() {
            "Environment" => Some(facts.environment.to_string()),
            "ApiKeyExpires" => Some(api_key_expires(deployed, facts.now_s, facts.api_key_days).to_string()),
            name => facts.given.get(name).or(deployed).or(parameter.default.as_ref()).cloned(),
        };
        values.extend(value.map(|value| (name.clone(), value)));
    }
    values
}

/// When API keys expire, in seconds since 1970, rounded down to the hour as AppSync does it. A deployed value stays
/// while more than half of a key's life is left, so that a push without changes changes nothing.
fn api_key_expires(deployed: Option<&String>, now_s: i64, days: u16) -> i64 {
    let life_s = i64::from(days) * DAY_S;
    let fresh = (now_s + life_s).div_euclid(HOUR_S) * HOUR_S;
    match deployed.and_then(|text| text.parse::<i64>().ok()) {
        // A value beyond today's longest life was made under a longer setting.
        Some(kept) if kept - now_s > life_s / 2 && kept <= now_s + life_s => kept,
        _ => fresh,
    }
}
