//! The values of a template: plain data, and calls of intrinsic functions.

use indexmap::IndexMap;
use serde_json::{Number, Value as Json};

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

impl Value {
    /// Whether there is no call of an intrinsic function in it.
    pub fn is_plain(&self) -> bool {
        match self {
            Self::Call(_) => false,
            Self::List(list) => list.iter().all(Self::is_plain),
            Self::Map(map) => map.values().all(Self::is_plain),
            _ => true,
        }
    }

    /// The value as JSON; calls are written in their long form (`{"Fn::Sub": …}`).
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(flag) => Json::Bool(*flag),
            Self::Number(number) => Json::Number(number.clone()),
            Self::Text(text) => Json::String(text.clone()),
            Self::List(list) => Json::Array(list.iter().map(Self::to_json).collect()),
            Self::Map(map) => map_to_json(map),
            Self::Call(call) => {
                let (name, argument) = call.long_form();
                let mut map = serde_json::Map::new();
                map.insert(name.to_owned(), argument.to_json());
                Json::Object(map)
            }
        }
    }

    /// JSON as plain data: nothing in it is taken for a call.
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(*flag),
            Json::Number(number) => Self::Number(number.clone()),
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(list) => Self::List(list.iter().map(Self::from_json).collect()),
            Json::Object(map) => {
                Self::Map(map.iter().map(|(key, value)| (key.clone(), Self::from_json(value))).collect())
            }
        }
    }
}

fn map_to_json(map: &Map) -> Json {
    Json::Object(map.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
}

impl Intrinsic {
    /// The key and the argument of the long form.
    pub(in crate::cfn) fn long_form(&self) -> (&'static str, Value) {
        let text = |text: &str| Value::Text(text.to_owned());
        let pair = |left: &str, right: &Value| Value::List(vec![text(left), right.clone()]);
        match self {
            Self::Ref(name) => ("Ref", text(name)),
            Self::GetAtt(resource, attribute) => {
                ("Fn::GetAtt", Value::List(vec![text(resource.as_str()), text(attribute)]))
            }
            Self::Sub(template, variables) if variables.is_empty() => ("Fn::Sub", text(template)),
            Self::Sub(template, variables) => {
                ("Fn::Sub", Value::List(vec![text(template), Value::Map(variables.clone())]))
            }
            Self::Join(separator, list) => ("Fn::Join", pair(separator, list)),
            Self::Select(index, list) => ("Fn::Select", Value::List(vec![index.clone(), list.clone()])),
            Self::Split(separator, value) => ("Fn::Split", pair(separator, value)),
            Self::If(condition, then, otherwise) => {
                ("Fn::If", Value::List(vec![text(condition.as_str()), then.clone(), otherwise.clone()]))
            }
            Self::Equals(left, right) => ("Fn::Equals", Value::List(vec![left.clone(), right.clone()])),
            Self::And(list) => ("Fn::And", Value::List(list.clone())),
            Self::Or(list) => ("Fn::Or", Value::List(list.clone())),
            Self::Not(value) => ("Fn::Not", Value::List(vec![value.clone()])),
            Self::Condition(name) => ("Condition", text(name.as_str())),
            Self::FindInMap(map, top, second) => {
                ("Fn::FindInMap", Value::List(vec![map.clone(), top.clone(), second.clone()]))
            }
            Self::Base64(value) => ("Fn::Base64", value.clone()),
            Self::GetAzs(value) => ("Fn::GetAZs", value.clone()),
            Self::ImportValue(value) => ("Fn::ImportValue", value.clone()),
            Self::Cidr(block, count, Value::Null) => ("Fn::Cidr", Value::List(vec![block.clone(), count.clone()])),
            Self::Cidr(block, count, bits) => {
                ("Fn::Cidr", Value::List(vec![block.clone(), count.clone(), bits.clone()]))
            }
            Self::ToJsonString(value) => ("Fn::ToJsonString", value.clone()),
            Self::Length(value) => ("Fn::Length", value.clone()),
        }
    }

    /// The values inside the call, in the order of the file.
    pub(crate) fn arguments(&self) -> Vec<&Value> {
        match self {
            Self::Ref(_) | Self::GetAtt(..) | Self::Condition(_) => Vec::new(),
            Self::Sub(_, variables) => variables.values().collect(),
            Self::Join(_, value)
            | Self::Split(_, value)
            | Self::Not(value)
            | Self::Base64(value)
            | Self::GetAzs(value)
            | Self::ImportValue(value)
            | Self::ToJsonString(value)
            | Self::Length(value) => vec![value],
            Self::Select(first, second) | Self::If(_, first, second) | Self::Equals(first, second) => {
                vec![first, second]
            }
            Self::And(list) | Self::Or(list) => list.iter().collect(),
            Self::FindInMap(first, second, third) | Self::Cidr(first, second, third) => vec![first, second, third],
        }
    }
}
