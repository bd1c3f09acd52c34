//! One comparison of a pattern with the value of a field.

use std::cmp::Ordering;
use std::net::IpAddr;

use serde_json::Value;

/// How a value is compared.
#[derive(Clone, Debug)]
pub(super) enum Comparison {
    /// The same value: numbers are the same when they are written alike.
    Equal(Value),
    Text(Text),
    /// A value that is none of these.
    NotEqual(Vec<Value>),
    /// A text that fits none of these.
    NotText(Vec<Text>),
    /// Bounds of a number.
    Numeric(Vec<(Bound, f64)>),
    Exists(bool),
    /// An address in a network, by its prefix length.
    Network(IpAddr, u8),
}

/// A comparison of texts.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Prefix {
        text: String,
        any_case: bool,
    },
    Suffix {
        text: String,
        any_case: bool,
    },
    AnyCase(String),
    /// The texts between stars.
    Wildcard(Vec<String>),
}

/// How a number is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Whether it holds for the value of a field; for a list, whether it does for one of its items.
    pub(super) fn holds(&self, found: Option<&Value>) -> bool {
        let leaves: Vec<&Value> = match found {
            None | Some(Value::Object(_)) => Vec::new(),
            Some(Value::Array(items)) => items.iter().filter(|item| !item.is_object()).collect(),
            Some(value) => vec![value],
        };
        match self {
            Self::Exists(wanted) => leaves.is_empty() != *wanted,
            _ => leaves.iter().any(|leaf| self.holds_for(leaf)),
        }
    }

    fn holds_for(&self, leaf: &Value) -> bool {
        match self {
            Self::Equal(wanted) => leaf == wanted,
            Self::Text(text) => leaf.as_str().is_some_and(|leaf| text.fits(leaf)),
            Self::NotEqual(unwanted) => !unwanted.contains(leaf),
            Self::NotText(unwanted) => leaf.as_str().is_some_and(|leaf| !unwanted.iter().any(|text| text.fits(leaf))),
            Self::Numeric(bounds) => {
                leaf.as_f64().is_some_and(|leaf| bounds.iter().all(|(bound, number)| bound.holds(leaf, *number)))
            }
            Self::Network(network, length) => {
                let address = leaf.as_str().and_then(|leaf| leaf.parse().ok());
                address.is_some_and(|address| is_in(address, *network, *length))
            }
            Self::Exists(_) => true,
        }
    }
}

impl Bound {
    fn holds(self, leaf: f64, number: f64) -> bool {
        let Some(order) = leaf.partial_cmp(&number) else { return false };
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
        }
    }
}

impl Text {
    fn fits(&self, leaf: &str) -> bool {
        let lower = |text: &str, any_case: bool| if any_case { text.to_lowercase() } else { text.to_owned() };
        match self {
            Self::Prefix { text, any_case } => lower(leaf, *any_case).starts_with(&lower(text, *any_case)),
            Self::Suffix { text, any_case } => lower(leaf, *any_case).ends_with(&lower(text, *any_case)),
            Self::AnyCase(text) => leaf.to_lowercase() == text.to_lowercase(),
            Self::Wildcard(parts) => wildcard(parts, leaf),
        }
    }
}

/// Whether a text is the parts in their order with anything between them.
fn wildcard(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else { return parts.first().is_some_and(|part| part == text) };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        // The earliest place leaves the most for what follows.
        let Some(at) = rest.find(part.as_str()) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last.as_str())
}

fn is_in(address: IpAddr, network: IpAddr, length: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            u32::from(address) & mask == u32::from(network) & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            u128::from(address) & mask == u128::from(network) & mask
        }
        _ => false,
    }
}
