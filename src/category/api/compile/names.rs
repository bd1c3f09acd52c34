//! The names of everything that the compiler adds to a schema. No rule about what is added stands here.

use md5::{Digest as _, Md5};

/// AppSync takes subscription fields up to this length.
const SUBSCRIPTION_LENGTH: usize = 50;

/// `word` with a capital first letter.
pub(super) fn upper(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// `word` with a small first letter.
pub(super) fn lower(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// `["post", "comments", "id"]` → `postCommentsId`. Inner capitals stay.
pub(super) fn camel(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [first, rest @ ..] => lower(first) + &rest.iter().map(|word| upper(word)).collect::<String>(),
    }
}

/// `HTTPPost` → `httpPost`, `a_tag` → `aTag`: words begin at capitals and after what is no letter or digit.
pub(super) fn words(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after_small = before.is_some_and(|before| before.is_ascii_lowercase() || before.is_ascii_digit());
        let ends_capitals =
            before.is_some_and(char::is_ascii_uppercase) && letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && (after_small || ends_capitals) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let after = |word: &String| {
        if word.starts_with(|first: char| first.is_ascii_digit()) { format!("_{word}") } else { upper(word) }
    };
    words.iter().take(1).cloned().chain(words.iter().skip(1).map(after)).collect()
}

/// `onCreatePost`; a name that is too long for AppSync is cut and made unique by a digest.
pub(super) fn subscription(event: &str, model: &str) -> String {
    let name = camel(&[event, model]);
    if name.len() <= SUBSCRIPTION_LENGTH {
        return name;
    }
    let digest = hex::encode(Md5::digest(name.as_bytes()));
    name[..45].to_owned() + &digest[..5]
}

/// `ModelPostConnection`.
pub(super) fn connection(model: &str) -> String {
    format!("Model{}Connection", upper(model))
}

/// `ModelPostFilterInput`.
pub(super) fn filter(model: &str) -> String {
    format!("Model{}FilterInput", upper(model))
}

/// The connection that relations and indexes use, with the name of the type as it is: a type whose name begins with a
/// small letter has two, as in the reference transformer.
pub(super) fn related_connection(model: &str) -> String {
    format!("Model{model}Connection")
}

/// The filter that relations and indexes use.
pub(super) fn related_filter(model: &str) -> String {
    format!("Model{model}FilterInput")
}

/// The condition that keys and indexes change.
pub(super) fn related_condition(model: &str) -> String {
    format!("Model{model}ConditionInput")
}

/// `ModelPostConditionInput`.
pub(super) fn condition(model: &str) -> String {
    format!("Model{}ConditionInput", upper(model))
}

/// `ModelSubscriptionPostFilterInput`.
pub(super) fn subscription_filter(model: &str) -> String {
    format!("ModelSubscription{}FilterInput", upper(model))
}

/// `CreatePostInput`, `UpdatePostInput`, `DeletePostInput`.
pub(super) fn input(verb: &str, model: &str) -> String {
    format!("{verb}{}Input", upper(model))
}

/// `ModelPostByAuthorCompositeKey`, to which `Input` or `ConditionInput` is added; `Primary` for the table's own key.
pub(super) fn composite_key(model: &str, index: Option<&str>) -> String {
    format!("Model{model}{}CompositeKey", upper(index.unwrap_or("Primary")))
}

/// The scalar by which a scalar is filtered and ordered: AWS's own are text or numbers.
pub(super) fn plain_scalar(name: &str) -> &str {
    match name {
        "AWSTimestamp" => "Int",
        "AWSDate" | "AWSTime" | "AWSDateTime" | "AWSEmail" | "AWSJSON" | "AWSURL" | "AWSPhone" | "AWSIPAddress" => {
            "String"
        }
        other => other,
    }
}

/// `ordersByCustomerAndPlacedAt`.
pub(super) fn index_query(model: &str, fields: &[&str]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| upper(field)).collect();
    format!("{}By{}", lower(&super::plural::plural(model)), fields.join("And"))
}
