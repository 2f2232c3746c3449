//! The types that a value may have for a comparison to hold, as bits.

use serde_json::Value;

use crate::condition::JsonType;
use crate::path::{Path, Root};
use crate::policy::document::{Comparison, Operator};

const ABSENT: u8 = 1;
const ARRAY: u8 = 2;
const BOOLEAN: u8 = 4;
const NUMBER: u8 = 8;
const OBJECT: u8 = 16;
const TEXT: u8 = 32;
const ALL: u8 = 63;

fn kind_of(value: &Value) -> u8 {
    match value {
        Value::Array(_) => ARRAY,
        Value::Bool(_) => BOOLEAN,
        Value::Null => ABSENT,
        Value::Number(_) => NUMBER,
        Value::Object(_) => OBJECT,
        Value::String(_) => TEXT,
    }
}

pub(super) fn kinds_of(comparison: &Comparison) -> u8 {
    let Some(value) = &comparison.value else {
        return ALL;
    };
    let elements = value.as_array().map(Vec::as_slice).unwrap_or_default();
    match comparison.op {
        Operator::Eq | Operator::Neq => kind_of(value),
        Operator::In => elements.iter().fold(0, |bits, element| bits | kind_of(element)),
        // Of a value that equals none, all elements must be of its type.
        Operator::NotIn => elements.iter().fold(ALL, |bits, element| bits & kind_of(element)),
        Operator::Lt | Operator::Lte | Operator::Gt | Operator::Gte => NUMBER,
        Operator::Exists if value == &Value::Bool(false) => ABSENT,
        Operator::Exists => ALL & !ABSENT,
        Operator::Regex
        | Operator::NotRegex
        | Operator::StartsWith
        | Operator::EndsWith
        | Operator::PathWithin
        | Operator::HostIn => TEXT,
        Operator::Contains | Operator::NotContains if !value.is_string() => ARRAY,
        Operator::Contains | Operator::NotContains | Operator::MinLength | Operator::MaxLength => {
            ARRAY | TEXT
        }
        Operator::SubsetOf | Operator::Intersects => ARRAY,
        Operator::Type => match value.as_str().and_then(JsonType::from_name) {
            Some(JsonType::Array) => ARRAY,
            Some(JsonType::Boolean) => BOOLEAN,
            Some(JsonType::Integer | JsonType::Number) => NUMBER,
            Some(JsonType::Object) => OBJECT,
            Some(JsonType::String) => TEXT,
            None => ALL,
        },
    }
}

/// What the language says of the values at a path of its own.
pub(super) fn kinds_at(path: &Path) -> u8 {
    match path.root() {
        Root::Args if path.is_below_args() => ALL,
        Root::Args => OBJECT,
        Root::NowHour => NUMBER,
        Root::Context(_) => TEXT | ABSENT,
        // Without a catalog, category and severity are mistyped, and no operator holds of them.
        Root::NowDate | Root::NowWeekday | Root::ToolCategory | Root::ToolName | Root::ToolSeverity => TEXT,
    }
}
