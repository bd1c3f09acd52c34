//! What a table answered to reads, kept until anything is written to DynamoDB.
//!
//! Front ends ask the same again and again. Most of what such a read costs is not the table's but that of turning items
//! into JSON and that into plain values. Not here: permissions, which are asked for each time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// How much is kept, roughly, in bytes. When there is more, all of it is forgotten.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// What a value weighs besides its text, roughly, in bytes.
const VALUE_BYTES: usize = 48;

/// Answers, by what was asked.
#[derive(Debug, Default)]
pub(in crate::cloud::appsync) struct Kept(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    /// How often DynamoDB had been written to when the answers were read.
    age: u64,
    bytes: usize,
    by_question: BTreeMap<String, Arc<Value>>,
}

impl Kept {
    /// The answer to a question that was asked before, when nothing was written since; `age` is DynamoDB's count of writes.
    pub(super) fn find(&self, age: u64, question: &str) -> Option<Arc<Value>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.by_question.get(question).filter(|_| answers.age == age).map(Arc::clone)
    }

    /// Keeps an answer. `age` is the count of writes before it was read: what is written while it is read makes it old.
    pub(super) fn keep(&self, age: u64, question: String, answer: &Arc<Value>) {
        let weight = question.len() + weight(answer);
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if age < answers.age || weight > KEPT_BYTES {
            return;
        }
        if age > answers.age || answers.bytes + weight > KEPT_BYTES {
            *answers = Answers { age, ..Answers::default() };
        }
        answers.bytes += weight;
        answers.by_question.insert(question, Arc::clone(answer));
    }
}

fn weight(value: &Value) -> usize {
    let below: usize = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + weight(value)).sum(),
        _ => 0,
    };
    VALUE_BYTES + below
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::Kept;

    #[test]
    fn an_answer_is_old_as_soon_as_something_is_written() {
        let kept = Kept::default();
        let answer = Arc::new(json!({ "id": "1" }));
        kept.keep(3, "get 1".to_owned(), &answer);
        assert_eq!(kept.find(3, "get 1"), Some(Arc::clone(&answer)));
        assert_eq!(kept.find(3, "get 2"), None);
        assert_eq!(kept.find(4, "get 1"), None);
        // A read that began before the last write is not kept.
        kept.keep(5, "get 3".to_owned(), &answer);
        kept.keep(4, "get 4".to_owned(), &answer);
        assert_eq!((kept.find(5, "get 1"), kept.find(5, "get 4")), (None, None));
        assert_eq!(kept.find(5, "get 3"), Some(answer));
    }

    #[test]
    fn only_so_much_is_kept() {
        let kept = Kept::default();
        let page = Arc::new(json!("x".repeat(1024 * 1024)));
        for number in 0..5 {
            kept.keep(1, number.to_string(), &page);
        }
        let found = (0..5).filter(|number| kept.find(1, &number.to_string()).is_some()).count();
        assert!((1..4).contains(&found), "{found}");
        kept.keep(1, "all".to_owned(), &Arc::new(json!("x".repeat(5 * 1024 * 1024))));
        assert_eq!(kept.find(1, "all"), None);
    }
}
