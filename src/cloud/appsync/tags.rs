//! Tags of APIs.
//!
//! Source: "TagResource" in the AppSync API reference.

use std::collections::BTreeMap;

use crate::cloud::service::ApiError;

use super::engine::{Engine, bad_request, not_found};
use super::record::Api;

/// The most tags of one API, and the longest key and value, in characters.
const TAGS_LIMIT: usize = 50;
const KEY_LIMIT: usize = 128;
const VALUE_LIMIT: usize = 256;

/// Whether tags are ones that AppSync takes.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > TAGS_LIMIT {
        return Err(bad_request(format!("A resource has at most {TAGS_LIMIT} tags.")));
    }
    let taken = |letter: char| letter.is_alphanumeric() || " _.:/=+-@".contains(letter);
    for (key, value) in tags {
        let length = key.chars().count();
        if !(1..=KEY_LIMIT).contains(&length) || key.starts_with("aws:") || !key.chars().all(taken) {
            return Err(bad_request(format!("The key of a tag is not valid: {key}")));
        }
        if value.chars().count() > VALUE_LIMIT || !value.chars().all(|letter| taken(letter) || letter.is_whitespace()) {
            return Err(bad_request(format!("The value of the tag {key} is not valid.")));
        }
    }
    Ok(())
}

impl Engine {
    /// The API of an ARN.
    pub(super) fn tagged(&self, arn: &str) -> Result<Api, ApiError> {
        let id = arn.rsplit_once(":apis/").map(|(_, id)| id).filter(|id| self.arn(id, "") == arn);
        let api = id.and_then(|id| self.api(id).ok());
        api.ok_or_else(|| not_found(format!("Resource {arn} not found.")))
    }

    /// Adds tags; a key that is there already has another value afterwards.
    pub(super) fn tag(&self, arn: &str, tags: BTreeMap<String, String>) -> Result<(), ApiError> {
        if tags.is_empty() {
            return Err(bad_request("At least one tag is required."));
        }
        let mut api = self.tagged(arn)?;
        api.settings.tags.extend(tags);
        check(&api.settings.tags)?;
        self.update_api(&api.id.clone(), api.settings).map(|_| ())
    }

    /// Takes tags away; keys that are not there are no error.
    pub(super) fn untag(&self, arn: &str, keys: &[&str]) -> Result<(), ApiError> {
        if keys.is_empty() {
            return Err(bad_request("At least one key of a tag is required."));
        }
        let mut api = self.tagged(arn)?;
        api.settings.tags.retain(|key, _| !keys.contains(&key.as_str()));
        self.update_api(&api.id.clone(), api.settings).map(|_| ())
    }
}
