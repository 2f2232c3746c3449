//! A JSON value as conditions see it, wherever it came from.

use serde_json::{Map, Value};

use crate::number::Decimal;

/// A borrowed value of an argument, an attribute, the clock or the policy.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item<'a> {
    Array(&'a [Value]),
    Bool(bool),
    Null,
    /// `None` for a number that has no exact value (see [`Decimal::of`]): it compares with nothing.
    Number(Option<Decimal>),
    Object(&'a Map<String, Value>),
    Text(&'a str),
}

/// The JSON type of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Array,
    Bool,
    Null,
    Number,
    Object,
    Text,
}

impl Item<'_> {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Array(_) => Kind::Array,
            Self::Bool(_) => Kind::Bool,
            Self::Null => Kind::Null,
            Self::Number(_) => Kind::Number,
            Self::Object(_) => Kind::Object,
            Self::Text(_) => Kind::Text,
        }
    }

    pub(crate) fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }
}

impl<'a> From<&'a Value> for Item<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Array(elements) => Self::Array(elements),
            Value::Bool(boolean) => Self::Bool(*boolean),
            Value::Null => Self::Null,
            Value::Number(number) => Self::Number(Decimal::of(number)),
            Value::Object(members) => Self::Object(members),
            Value::String(text) => Self::Text(text),
        }
    }
}
