//! The values of a template: plain data, and calls of intrinsic functions.

use indexmap::IndexMap;
use serde_json::Number;

use crate::base::LogicalId;

/// The entries of a map, in the order of the file.
pub type Map = IndexMap<String, Value>;

/// A value in a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(Map),
    /// A call of an intrinsic function.
    Call(Box<Intrinsic>),
}

/// A call of an intrinsic function.
#[derive(Clone, Debug, PartialEq)]
pub enum Intrinsic {
    /// `Ref`: a parameter, a resource, or a pseudo parameter (`AWS::Region`).
    Ref(String),
    /// `Fn::GetAtt`: a resource and the path of the attribute (`Outputs.Name` for nested stacks).
    GetAtt(LogicalId, String),
    /// `Fn::Sub`: text with `${…}`, and its own variables.
    Sub(String, Map),
    /// `Fn::Join`: separator and list.
    Join(String, Value),
    /// `Fn::Select`: index and list.
    Select(Value, Value),
    /// `Fn::Split`: separator and text.
    Split(String, Value),
    /// `Fn::If`: condition, then, otherwise.
    If(LogicalId, Value, Value),
    /// `Fn::Equals`.
    Equals(Value, Value),
    /// `Fn::And`.
    And(Vec<Value>),
    /// `Fn::Or`.
    Or(Vec<Value>),
    /// `Fn::Not`.
    Not(Value),
    /// `Condition`: another condition, by name.
    Condition(LogicalId),
    /// `Fn::FindInMap`: map name, top key, second key.
    FindInMap(Value, Value, Value),
    /// `Fn::Base64`.
    Base64(Value),
    /// `Fn::GetAZs`.
    GetAzs(Value),
    /// `Fn::ImportValue`.
    ImportValue(Value),
    /// `Fn::Cidr`: block, count, bits.
    Cidr(Value, Value, Value),
    /// `Fn::ToJsonString`.
    ToJsonString(Value),
    /// `Fn::Length`.
    Length(Value),
}

impl Value {
    /// The text, when it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The map, when it is a map.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, when it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The entry `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map().and_then(|map| map.get(key))
    }
}
