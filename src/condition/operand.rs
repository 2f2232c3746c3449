//! What an operator compares with: the `value` of a policy, checked.

use regex::Regex;
use serde_json::Value;

use crate::condition::{Directories, Hosts, JsonType, List, Operator, fold};
use crate::number::Decimal;

/// A checked `value`, ready to be compared with. Which variant belongs to an operator is decided in
/// [`Operand::new`].
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Directories(Directories),
    Exists(bool),
    Hosts(Hosts),
    Length(u64),
    List(List),
    Number(Decimal),
    Regex(Regex),
    Text(Box<str>),
    Type(JsonType),
    Value(Value),
}

/// Why a `value` does not fit its operator. The texts say what it should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperandError {
    /// An element, by its index.
    Element(usize, &'static str),
    /// It is of the right type, and not allowed.
    NotAllowed(&'static str),
    /// A type that `type` does not know.
    UnknownType,
    /// It is of another type.
    WrongType(&'static str),
}

impl Operand {
    /// Checks the `value` of an operator. The pattern of `regex` and `not_regex` comes back as a text.
    pub(crate) fn new(operator: Operator, value: &Value, ignore_case: bool) -> Result<Self, OperandError> {
        match operator {
            Operator::Eq | Operator::Neq | Operator::Contains | Operator::NotContains => match value {
                Value::String(text)
                    if ignore_case && operator != Operator::Eq && operator != Operator::Neq =>
                {
                    Ok(Self::Text(fold::folded(text).into()))
                }
                Value::String(text) => Ok(Self::Text(text.as_str().into())),
                _ if ignore_case => Err(OperandError::WrongType("a string where `ignore_case` is set")),
                Value::Null => Err(OperandError::WrongType("a value other than null")),
                Value::Number(number) => {
                    let number = Decimal::of(number).map(Self::Number);
                    number.ok_or(OperandError::NotAllowed("a number in range"))
                }
                value => Ok(Self::Value(value.clone())),
            },
            Operator::In | Operator::NotIn | Operator::SubsetOf | Operator::Intersects => {
                let elements = value.as_array().ok_or(OperandError::WrongType("an array"))?;
                if elements.is_empty() {
                    return Err(OperandError::NotAllowed("a non-empty array"));
                }
                let what =
                    if ignore_case { "strings where `ignore_case` is set" } else { "values other than null" };
                List::new(elements, ignore_case)
                    .map(Self::List)
                    .map_err(|index| OperandError::Element(index, what))
            }
            Operator::Lt | Operator::Lte | Operator::Gt | Operator::Gte => {
                let number = value.as_number().ok_or(OperandError::WrongType("a number"))?;
                Decimal::of(number).map(Self::Number).ok_or(OperandError::NotAllowed("a number in range"))
            }
            Operator::Exists => value.as_bool().map(Self::Exists).ok_or(OperandError::WrongType("a boolean")),
            Operator::Regex | Operator::NotRegex | Operator::StartsWith | Operator::EndsWith => {
                let text = value.as_str().ok_or(OperandError::WrongType("a string"))?;
                Ok(Self::Text(text.into()))
            }
            Operator::Type => {
                let name = value.as_str().ok_or(OperandError::WrongType("a string"))?;
                JsonType::from_name(name).map(Self::Type).ok_or(OperandError::UnknownType)
            }
            Operator::MinLength | Operator::MaxLength => {
                let number = value.as_number().ok_or(OperandError::WrongType("a non-negative integer"))?;
                let length = Decimal::of(number).and_then(Decimal::to_u64);
                length.map(Self::Length).ok_or(OperandError::NotAllowed("a non-negative integer"))
            }
            Operator::PathWithin => {
                let what =
                    "directories: not empty, and without `~`, `\\`, percent-encoding and climbing `..`";
                let texts = texts(value)?;
                let directories = Directories::new(texts.iter().copied());
                directories.map(Self::Directories).map_err(|index| element(value, index, what))
            }
            Operator::HostIn => {
                let what = "host names without scheme, port and path, or `*.` and a domain";
                let hosts = Hosts::new(texts(value)?.iter().copied());
                hosts.map(Self::Hosts).map_err(|index| element(value, index, what))
            }
        }
    }
}

/// One string, or an array of strings.
fn texts(value: &Value) -> Result<Vec<&str>, OperandError> {
    const WHAT: &str = "a string or a non-empty array of strings";
    match value {
        Value::String(text) => Ok(vec![text]),
        // An empty one would never hold, and so turn a `deny_if` off.
        Value::Array(elements) if elements.is_empty() => Err(OperandError::NotAllowed(WHAT)),
        Value::Array(elements) => {
            let text = |(index, element): (usize, &'_ Value)| match element {
                Value::String(_) => Ok(()),
                _ => Err(OperandError::Element(index, "strings")),
            };
            elements.iter().enumerate().try_for_each(text)?;
            Ok(elements.iter().filter_map(Value::as_str).collect())
        }
        _ => Err(OperandError::WrongType(WHAT)),
    }
}

/// What is wrong with the element of an array, or with the one string that stands for an array of one.
fn element(value: &Value, index: usize, what: &'static str) -> OperandError {
    if value.is_array() { OperandError::Element(index, what) } else { OperandError::NotAllowed(what) }
}
