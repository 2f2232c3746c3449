//! What an operator says of one value.

use crate::condition::{JsonType, List, Operand, Operator, Truth, fold};
use crate::json::{self, Item, Kind};
use crate::number::Decimal;

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
