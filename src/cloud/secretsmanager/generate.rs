//! Passwords made of random letters, by the rules of `GetRandomPassword` and `GenerateSecretString`.

use serde_json::Value;

use super::store::invalid;
use crate::base::Ids;
use crate::cloud::service::ApiError;

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// A password by the rules of an input; CloudFormation may give numbers and booleans as texts.
pub(super) fn password(ids: &dyn Ids, rules: &Value) -> Result<String, ApiError> {
    let flag = |name: &str| {
        let value = rules.get(name);
        value.and_then(Value::as_bool).unwrap_or_else(|| value.and_then(Value::as_str) == Some("true"))
    };
    let excluded = rules.get("ExcludeCharacters").and_then(Value::as_str).unwrap_or_default();
    let length = match rules.get("PasswordLength") {
        None | Some(Value::Null) => 32,
        Some(value) => {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let read = shown.parse().ok().filter(|length| (1..=4096).contains(length));
            read.ok_or_else(|| invalid(format!("PasswordLength must be a number from 1 to 4096, not {shown}.")))?
        }
    };
    let kinds = [
        (UPPER, "ExcludeUppercase"),
        (LOWER, "ExcludeLowercase"),
        (DIGITS, "ExcludeNumbers"),
        (PUNCTUATION, "ExcludePunctuation"),
    ];
    let mut sets: Vec<Vec<char>> = kinds
        .iter()
        .filter(|(_, rule)| !flag(rule))
        .map(|(letters, _)| letters.chars().filter(|letter| !excluded.contains(*letter)).collect())
        .filter(|set: &Vec<char>| !set.is_empty())
        .collect();
    if flag("IncludeSpace") {
        sets.push(vec![' ']);
    }
    let each = rules.get("RequireEachIncludedType").is_none() || flag("RequireEachIncludedType");
    let all: Vec<char> = sets.iter().flatten().copied().collect();
    if all.is_empty() {
        return Err(invalid("The rules of the password leave no character."));
    }
    if each && length < sets.len() {
        return Err(invalid(format!("A password of {length} characters cannot have each of {} types.", sets.len())));
    }
    let mut letters: Vec<char> = if each { sets.iter().map(|set| pick(ids, set)).collect() } else { Vec::new() };
    while letters.len() < length {
        letters.push(pick(ids, &all));
    }
    // The first ones, one of each type, must not stand in a known order.
    for at in (1..letters.len()).rev() {
        letters.swap(at, below(ids, at + 1));
    }
    Ok(letters.into_iter().collect())
}

fn pick(ids: &dyn Ids, letters: &[char]) -> char {
    letters[below(ids, letters.len())]
}

/// A number from 0 to below `limit`, each as likely as the others.
fn below(ids: &dyn Ids, limit: usize) -> usize {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX).max(1);
    let fair = u32::MAX - u32::MAX % limit;
    loop {
        let mut bytes = [0; 4];
        ids.fill(&mut bytes);
        let drawn = u32::from_le_bytes(bytes);
        if drawn < fair {
            return usize::try_from(drawn % limit).unwrap_or_default();
        }
    }
}
