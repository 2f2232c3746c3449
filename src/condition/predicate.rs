//! Operators: what a condition says of one value.

use regex::Regex;
use serde_json::Value;

use crate::condition::{Directories, Hosts, List, Truth, fold};
use crate::json::{self, Item, Kind};
use crate::names::names;
use crate::number::Decimal;

names! {
    /// What a condition says of the value at its path.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "the operators are part of the language, version 1")]
    pub enum Operator {
        /// A string has the value as a substring; an array has an element that equals it.
        Contains = "contains",
        /// The string ends with the value.
        EndsWith = "ends_with",
        /// Deep equality; numbers by exact value.
        Eq = "eq",
        /// Whether something other than null is there.
        Exists = "exists",
        /// The number is greater.
        Gt = "gt",
        /// The number is greater or equal.
        Gte = "gte",
        /// The string is a URL whose host is in the list.
        HostIn = "host_in",
        /// The value is in the list.
        In = "in",
        /// Some element of the array is in the list.
        Intersects = "intersects",
        /// The number is less.
        Lt = "lt",
        /// The number is less or equal.
        Lte = "lte",
        /// The string has at most so many characters, the array so many elements.
        MaxLength = "max_length",
        /// The string has at least so many characters, the array so many elements.
        MinLength = "min_length",
        /// Not `eq`.
        Neq = "neq",
        /// Not `contains`.
        NotContains = "not_contains",
        /// Not `in`.
        NotIn = "not_in",
        /// Not `regex`.
        NotRegex = "not_regex",
        /// The string is a path that stays in one of the directories.
        PathWithin = "path_within",
        /// The regular expression is found in the string.
        Regex = "regex",
        /// The string starts with the value.
        StartsWith = "starts_with",
        /// Every element of the array is in the list.
        SubsetOf = "subset_of",
        /// The JSON type of the value.
        Type = "type",
    }
}

names! {
    /// The JSON types that `type` tells apart.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum JsonType {
        Array = "array",
        Boolean = "boolean",
        Integer = "integer",
        Number = "number",
        Object = "object",
        String = "string",
    }
}

impl Operator {
    /// Whether `value_from` may stand instead of `value`.
    pub(crate) fn takes_value_from(self) -> bool {
        !matches!(
            self,
            Self::Exists
                | Self::HostIn
                | Self::MaxLength
                | Self::MinLength
                | Self::NotRegex
                | Self::PathWithin
                | Self::Regex
                | Self::Type
        )
    }

    /// Whether it compares values of this type with something that `value_from` may find.
    pub(crate) fn compares(self, kind: Kind, ignore_case: bool) -> bool {
        match self {
            Self::Contains | Self::NotContains => matches!(kind, Kind::Array | Kind::Text),
            Self::SubsetOf | Self::Intersects => kind == Kind::Array,
            Self::Lt | Self::Lte | Self::Gt | Self::Gte => kind == Kind::Number,
            Self::StartsWith | Self::EndsWith => kind == Kind::Text,
            _ => !ignore_case || kind == Kind::Text,
        }
    }

    /// Whether it compares strings, so that `ignore_case` means something.
    pub(crate) fn takes_ignore_case(self) -> bool {
        match self {
            Self::Contains
            | Self::EndsWith
            | Self::Eq
            | Self::In
            | Self::Intersects
            | Self::Neq
            | Self::NotContains
            | Self::NotIn
            | Self::NotRegex
            | Self::Regex
            | Self::StartsWith
            | Self::SubsetOf => true,
            Self::Exists
            | Self::Gt
            | Self::Gte
            | Self::HostIn
            | Self::Lt
            | Self::Lte
            | Self::MaxLength
            | Self::MinLength
            | Self::PathWithin
            | Self::Type => false,
        }
    }
}

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

/// What one value is compared with, for one judgment.
#[derive(Debug)]
pub(crate) enum Predicate<'a> {
    /// The `value` of the policy.
    Fixed(&'a Operand),
    /// A list that `value_from` found.
    FoundList(Box<List>),
    /// Another value that `value_from` found.
    FoundItem(Item<'a>),
    /// A text that `value_from` found, folded.
    FoundText(String),
}

impl<'a> Predicate<'a> {
    /// What `value_from` found. Mistyped if it would not be allowed as `value`.
    pub(crate) fn found(operator: Operator, item: Item<'a>, ignore_case: bool) -> Result<Self, Truth> {
        let allowed = match operator {
            Operator::In | Operator::NotIn | Operator::SubsetOf | Operator::Intersects => {
                let Item::Array(elements) = item else {
                    return Err(Truth::Mistyped);
                };
                let list = List::new(elements, ignore_case).map_err(|_| Truth::Mistyped)?;
                if elements.is_empty() {
                    return Err(Truth::Mistyped);
                }
                return Ok(Self::FoundList(Box::new(list)));
            }
            Operator::Contains | Operator::NotContains if ignore_case => {
                let Item::Text(text) = item else {
                    return Err(Truth::Mistyped);
                };
                return Ok(Self::FoundText(fold::folded(text)));
            }
            Operator::Lt | Operator::Lte | Operator::Gt | Operator::Gte => item.kind() == Kind::Number,
            Operator::StartsWith | Operator::EndsWith => item.kind() == Kind::Text,
            _ => !ignore_case || item.kind() == Kind::Text,
        };
        if allowed && !item.is_null() { Ok(Self::FoundItem(item)) } else { Err(Truth::Mistyped) }
    }

    fn item(&self) -> Option<Item<'_>> {
        match self {
            Self::Fixed(Operand::Number(number)) => Some(Item::Number(Some(*number))),
            Self::Fixed(Operand::Text(text)) => Some(Item::Text(text)),
            Self::Fixed(Operand::Value(value)) => Some(value.into()),
            Self::FoundItem(item) => Some(*item),
            Self::FoundText(text) => Some(Item::Text(text)),
            _ => None,
        }
    }

    fn list(&self) -> Option<&List> {
        match self {
            Self::Fixed(Operand::List(list)) => Some(list),
            Self::FoundList(list) => Some(list),
            _ => None,
        }
    }

    fn fixed(&self) -> Option<&'a Operand> {
        match self {
            Self::Fixed(operand) => Some(operand),
            _ => None,
        }
    }
}

/// What an operator says of a value that is not null.
pub(crate) fn judge(
    operator: Operator,
    item: Item<'_>,
    predicate: &Predicate<'_>,
    ignore_case: bool,
) -> Truth {
    let truth =
        match operator {
            Operator::Eq | Operator::Neq => predicate.item().map(|other| equals(item, other, ignore_case)),
            Operator::In | Operator::NotIn => predicate.list().map(|list| list.contains(item)),
            Operator::Lt => compare(item, predicate, |a, b| a < b),
            Operator::Lte => compare(item, predicate, |a, b| a <= b),
            Operator::Gt => compare(item, predicate, |a, b| a > b),
            Operator::Gte => compare(item, predicate, |a, b| a >= b),
            Operator::Exists => match predicate.fixed() {
                Some(Operand::Exists(wanted)) => Some(Truth::from(*wanted)),
                _ => None,
            },
            Operator::Contains | Operator::NotContains => {
                predicate.item().map(|other| contains(item, other, ignore_case))
            }
            Operator::StartsWith => text(item, predicate, |text, start| {
                if ignore_case { fold::starts_with(text, start) } else { text.starts_with(start) }
            }),
            Operator::EndsWith => text(item, predicate, |text, end| {
                if ignore_case { fold::ends_with(text, end) } else { text.ends_with(end) }
            }),
            Operator::SubsetOf => predicate.list().map(|list| match item {
                Item::Array(elements) => elements
                    .iter()
                    .fold(Truth::True, |truth, element| truth.and(list.contains(element.into()))),
                _ => Truth::Mistyped,
            }),
            Operator::Intersects => predicate.list().map(|list| match item {
                Item::Array(elements) => elements
                    .iter()
                    .fold(Truth::False, |truth, element| truth.or(list.contains(element.into()))),
                _ => Truth::Mistyped,
            }),
            Operator::HostIn
            | Operator::MaxLength
            | Operator::MinLength
            | Operator::NotRegex
            | Operator::PathWithin
            | Operator::Regex
            | Operator::Type => predicate.fixed().and_then(|operand| examine(operator, item, operand)),
        };
    // An operand of another operator is not compared with anything.
    let truth = truth.unwrap_or(Truth::Mistyped);
    match operator {
        Operator::Neq | Operator::NotContains | Operator::NotIn | Operator::NotRegex => truth.not(),
        _ => truth,
    }
}

/// The operators whose operand stands in the policy.
fn examine(operator: Operator, item: Item<'_>, operand: &Operand) -> Option<Truth> {
    Some(match (operand, item) {
        (Operand::Regex(regex), Item::Text(text)) => regex.is_match(text).into(),
        (Operand::Directories(directories), Item::Text(path)) => directories.contain(path).into(),
        (Operand::Hosts(hosts), Item::Text(url)) => hosts.contain(url).into(),
        (Operand::Type(wanted), item) => has_type(item, *wanted).into(),
        (Operand::Length(bound), item) => {
            let length = match item {
                Item::Text(text) => text.chars().count(),
                Item::Array(elements) => elements.len(),
                _ => return Some(Truth::Mistyped),
            };
            let length = u64::try_from(length).unwrap_or(u64::MAX);
            Truth::from(if operator == Operator::MinLength { length >= *bound } else { length <= *bound })
        }
        _ => return None,
    })
}

fn equals(a: Item<'_>, b: Item<'_>, ignore_case: bool) -> Truth {
    match (a, b) {
        (Item::Text(a), Item::Text(b)) if ignore_case => fold::equal(a, b).into(),
        _ if a.kind() != b.kind() => Truth::Mistyped,
        _ => json::equal(a, b).map_or(Truth::Mistyped, Truth::from),
    }
}

fn compare(item: Item<'_>, predicate: &Predicate<'_>, holds: fn(Decimal, Decimal) -> bool) -> Option<Truth> {
    let other = predicate.item()?;
    let (Item::Number(Some(a)), Item::Number(Some(b))) = (item, other) else {
        return Some(Truth::Mistyped);
    };
    Some(holds(a, b).into())
}

fn text(item: Item<'_>, predicate: &Predicate<'_>, holds: impl Fn(&str, &str) -> bool) -> Option<Truth> {
    let other = predicate.item()?;
    let (Item::Text(a), Item::Text(b)) = (item, other) else {
        return Some(Truth::Mistyped);
    };
    Some(holds(a, b).into())
}

fn contains(item: Item<'_>, other: Item<'_>, ignore_case: bool) -> Truth {
    match (item, other) {
        // The part is folded already, once for all elements of an array: folding keeps the search linear.
        (Item::Text(text), Item::Text(part)) if ignore_case => fold::folded(text).contains(part).into(),
        (Item::Text(text), Item::Text(part)) => text.contains(part).into(),
        // As `any` over the elements, but that a null is of another type like any other value.
        (Item::Array(elements), _) => elements
            .iter()
            .fold(Truth::False, |truth, element| truth.or(equals(element.into(), other, ignore_case))),
        _ => Truth::Mistyped,
    }
}

fn has_type(item: Item<'_>, wanted: JsonType) -> bool {
    match (item, wanted) {
        (Item::Number(number), JsonType::Integer) => number.is_some_and(Decimal::is_integer),
        (item, wanted) => match wanted {
            JsonType::Array => item.kind() == Kind::Array,
            JsonType::Boolean => item.kind() == Kind::Bool,
            JsonType::Number => item.kind() == Kind::Number,
            JsonType::Object => item.kind() == Kind::Object,
            JsonType::String => item.kind() == Kind::Text,
            JsonType::Integer => false,
        },
    }
}
