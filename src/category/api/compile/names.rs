//! The names of everything that the compiler adds to a schema. No rule about what is added stands here.

use md5::{Digest as _, Md5};

/// AppSync takes subscription fields up to this length.
const SUBSCRIPTION_LENGTH: usize = 50;

/// `word` with a capital first letter.
pub(in crate::category::api) fn upper(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// `word` with a small first letter.
pub(in crate::category::api) fn lower(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// `["post", "comments", "id"]` → `postCommentsId`. Inner capitals stay.
pub(in crate::category::api) fn camel(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [first, rest @ ..] => lower(first) + &rest.iter().map(|word| upper(word)).collect::<String>(),
    }
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
pub(in crate::category::api) fn index_query(model: &str, fields: &[&str]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| upper(field)).collect();
    format!("{}By{}", lower(&super::plural::plural(model)), fields.join("And"))
}
