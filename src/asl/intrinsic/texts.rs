//! `States.Format`, `States.StringToJson`, `States.StringSplit`, `States.Hash` and `States.Base64…`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::{Digest as _, Md5};
use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use serde_json::Value;

use super::super::scope::Scope;
use super::arguments::Arguments;
use super::{Argument, Function, Wrong};

/// As many characters as `States.Hash` and `States.Base64…` take.
const MAX_CHARACTERS: usize = 10_000;

const NO_CLOSE: &str = "Invalid template in States.Format: matching '}' not found for '{'.";
const NO_OPEN: &str = "Invalid template in States.Format: matching '{' not found for '}'.";
const COUNT: &str = "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.";

/// Fills the places `{}` of a template in order.
pub(super) fn format(arguments: &[Argument], scope: &Scope<'_>) -> Result<Value, Wrong> {
    let (Some(template), rest) = (arguments.first(), arguments.get(1..).unwrap_or_default()) else {
        return Err(Wrong("Invalid arguments in States.Format".to_owned()));
    };
    let template = match template {
        Argument::Text(_, spelt) => spelt.clone(),
        other => match &*other.evaluate(scope)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
    };
    let mut filled = String::new();
    let mut fillers = rest.iter();
    let mut characters = template.chars().peekable();
    while let Some(next) = characters.next() {
        match next {
            '\\' if characters.peek().is_some_and(|c| "'{}\\\"".contains(*c)) => filled.extend(characters.next()),
            '{' if characters.peek() == Some(&'}') => {
                characters.next();
                filled.push_str(&shown(fillers.next().ok_or_else(|| Wrong(COUNT.to_owned()))?, scope)?);
            }
            '{' => return Err(Wrong(NO_CLOSE.to_owned())),
            '}' => return Err(Wrong(NO_OPEN.to_owned())),
            other => filled.push(other),
        }
    }
    if fillers.next().is_some() {
        return Err(Wrong(COUNT.to_owned()));
    }
    Ok(Value::String(filled))
}

/// A value in a template: a text as it is, anything else as JSON.
fn shown(argument: &Argument, scope: &Scope<'_>) -> Result<String, Wrong> {
    // A text that was JSON keeps its quotes.
    let parsed = matches!(argument, Argument::Call(call) if call.function == Function::StringToJson);
    Ok(match &*argument.evaluate(scope)? {
        Value::String(text) if !parsed => text.clone(),
        other => other.to_string(),
    })
}

/// The value that a text of JSON is; a blank text is null.
pub(super) fn string_to_json(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let text = arguments.text(0)?;
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).map_err(|_| arguments.wrong())
}

/// Every character of the second text separates; empty pieces are dropped.
pub(super) fn split(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let (text, separators) = (arguments.text(0)?, arguments.text(1)?);
    let pieces = text.split(|c| separators.contains(c)).filter(|piece| !piece.is_empty());
    Ok(Value::Array(pieces.map(Value::from).collect()))
}

pub(super) fn hash(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let value = match arguments.at(0)? {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let algorithm = arguments.text(1)?;
    if value.chars().count() > MAX_CHARACTERS {
        return Err(arguments.wrong());
    }
    digest(&value, algorithm).map(Value::String).ok_or_else(|| arguments.wrong())
}

/// The digest of a text in lower-case hexadecimal digits, when there is such an algorithm.
pub(crate) fn digest(text: &str, algorithm: &str) -> Option<String> {
    let algorithm: &Algorithm = match algorithm {
        "MD5" => return Some(hex::encode(Md5::digest(text.as_bytes()))),
        "SHA-1" => &SHA1_FOR_LEGACY_USE_ONLY,
        "SHA-256" => &SHA256,
        "SHA-384" => &SHA384,
        "SHA-512" => &SHA512,
        _ => return None,
    };
    Some(hex::encode(ring::digest::digest(algorithm, text.as_bytes())))
}

pub(super) fn base64_encode(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let text = arguments.text(0)?;
    if text.chars().count() > MAX_CHARACTERS {
        return Err(arguments.wrong());
    }
    Ok(Value::String(STANDARD.encode(text)))
}

/// Decodes up to the first `=`; characters that are none of the alphabet are passed over.
pub(super) fn base64_decode(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let text = arguments.text(0)?;
    if text.chars().count() > MAX_CHARACTERS {
        return Err(arguments.wrong());
    }
    let letters = text.chars().take_while(|c| *c != '=').filter_map(|c| match c {
        '-' => Some('+'),
        '_' => Some('/'),
        c if c.is_ascii_alphanumeric() || c == '+' || c == '/' => Some(c),
        _ => None,
    });
    let mut letters: String = letters.collect();
    if letters.len() % 4 == 1 {
        // One letter is less than a byte.
        letters.pop();
    }
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let decoded = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient).decode(letters);
    let bytes = decoded.map_err(|_| arguments.wrong())?;
    Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned()))
}
