//! Which conditions on one thing exclude each other, and which leave nothing out.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::condition::{Operand, Truth, says};
use crate::json::Item;
use crate::number::Decimal;
use crate::path::Path;
use crate::policy::document::{Comparison, Operator};
use crate::policy::warn::kinds::{kinds_at, kinds_of};
use crate::policy::warn::lists::{Part, canonical};

/// What never holds of one value.
pub(super) fn conflict<'a>(path: &Path, parts: &[Part<'a>]) -> Option<Conflict<'a>> {
    let here = kinds_at(path);
    let mut left = here;
    for part in parts {
        let kinds = kinds_of(part.comparison);
        if kinds & here == 0 {
            return Some(Conflict::Alone(*part));
        }
        left &= kinds;
        if left == 0 {
            let excluded = |other: &&Part<'a>| kinds_of(other.comparison) & kinds & here == 0;
            let first = parts.iter().find(excluded);
            return match (first, parts.first()) {
                (Some(first), _) => Some(Conflict::Pair(*first, *part)),
                (None, Some(first)) => Some(Conflict::Several(*first, *part)),
                (None, None) => None,
            };
        }
    }
    let pair = bounds(parts).or_else(|| lengths(parts)).or_else(|| starts(parts));
    if let Some((first, second)) = pair {
        let (first, second) = ordered(first, second);
        return Some(Conflict::Pair(first, second));
    }
    chosen(parts)
}

/// Conditions that never hold together.
pub(super) enum Conflict<'a> {
    /// One that never holds.
    Alone(Part<'a>),
    /// Two.
    Pair(Part<'a>, Part<'a>),
    /// The first and the last of several.
    Several(Part<'a>, Part<'a>),
}

type Pair<'a> = (Part<'a>, Part<'a>);

fn number(part: &Part<'_>) -> Option<Decimal> {
    part.comparison.value.as_ref()?.as_number().and_then(Decimal::of)
}

/// The highest lower bound and the lowest upper one, each with whether the bound itself is left out.
fn tightest<'a>(parts: &[Part<'a>]) -> Option<[(Decimal, bool, Part<'a>); 2]> {
    let bound = |part: &Part<'a>, wanted: [Operator; 2]| {
        let found = wanted.contains(&part.comparison.op).then(|| number(part)).flatten();
        found.map(|number| (number, part.comparison.op == wanted[0], *part))
    };
    let lower = parts.iter().filter_map(|part| bound(part, [Operator::Gt, Operator::Gte]));
    let upper = parts.iter().filter_map(|part| bound(part, [Operator::Lt, Operator::Lte]));
    let lower = lower.max_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)))?;
    let upper = upper.min_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))?;
    Some([lower, upper])
}

fn bounds<'a>(parts: &[Part<'a>]) -> Option<Pair<'a>> {
    let [lower, upper] = tightest(parts)?;
    let empty = lower.0 > upper.0 || (lower.0 == upper.0 && (lower.1 || upper.1));
    empty.then_some((lower.2, upper.2))
}

fn lengths<'a>(parts: &[Part<'a>]) -> Option<Pair<'a>> {
    let with = |op: Operator| {
        let bound = move |part: &Part<'a>| {
            let number = (part.comparison.op == op).then(|| number(part)).flatten();
            number.map(|number| (number, *part))
        };
        parts.iter().filter_map(bound)
    };
    let least = with(Operator::MinLength).max_by(|a, b| a.0.cmp(&b.0))?;
    let most = with(Operator::MaxLength).min_by(|a, b| a.0.cmp(&b.0))?;
    (least.0 > most.0).then_some((least.1, most.1))
}

/// Two beginnings of which neither begins with the other.
fn starts<'a>(parts: &[Part<'a>]) -> Option<Pair<'a>> {
    let mut longest: Option<(&str, Part<'a>)> = None;
    for part in parts {
        let comparison = part.comparison;
        let (Operator::StartsWith, false, Some(text)) =
            (comparison.op, comparison.ignore_case, comparison.value.as_ref().and_then(Value::as_str))
        else {
            continue;
        };
        match longest {
            Some((start, first)) if !start.starts_with(text) && !text.starts_with(start) => {
                return Some((first, *part));
            }
            Some((start, _)) if start.len() >= text.len() => {}
            _ => longest = Some((text, *part)),
        }
    }
    None
}

/// So many values are compared with so many conditions, in all.
const MAX_TRIED: usize = 4_096;

/// The values that `eq` or the shortest `in` leaves, and whether something else leaves none of them.
fn chosen<'a>(parts: &[Part<'a>]) -> Option<Conflict<'a>> {
    let values = |part: &Part<'a>| -> Option<&'a [Value]> {
        let comparison = part.comparison;
        match (comparison.op, comparison.ignore_case, comparison.value.as_ref()?) {
            (Operator::Eq, false, value) => Some(std::slice::from_ref(value)),
            (Operator::In, false, Value::Array(values)) => Some(values),
            _ => None,
        }
    };
    let source = parts.iter().filter_map(|part| values(part).map(|values| (values, *part)));
    let (values, source) = source.min_by_key(|(values, _)| values.len())?;
    if values.len().saturating_mul(parts.len()) > MAX_TRIED {
        return None;
    }
    let mut left: Vec<&Value> = values.iter().collect();
    for part in parts.iter().filter(|part| !(part.clause == source.clause && part.index == source.index)) {
        let Comparison { op, value: Some(value), ignore_case, .. } = part.comparison else { continue };
        if matches!(op, Operator::Regex | Operator::NotRegex) {
            continue;
        }
        let Ok(operand) = Operand::new(*op, value, *ignore_case) else { continue };
        let holds = |value: &Value| says(*op, Item::from(value), &operand, *ignore_case) == Truth::True;
        left.retain(|value| holds(value));
        if left.is_empty() {
            let (first, second) = ordered(source, *part);
            let alone = !values.iter().any(holds);
            return Some(if alone {
                Conflict::Pair(first, second)
            } else {
                Conflict::Several(first, second)
            });
        }
    }
    None
}

/// Two of which one holds of every value.
pub(super) fn covering<'a>(parts: &[Part<'a>]) -> Option<Pair<'a>> {
    asked_both_ways(parts).or_else(|| all_numbers(parts)).or_else(|| all_but_none(parts))
}

fn asked_both_ways<'a>(parts: &[Part<'a>]) -> Option<Pair<'a>> {
    let asks = |wanted: bool| {
        let matches = move |part: &&Part<'a>| {
            part.comparison.op == Operator::Exists && part.comparison.value == Some(Value::Bool(wanted))
        };
        parts.iter().find(matches)
    };
    Some(ordered(*asks(true)?, *asks(false)?))
}

/// The lowest lower bound is below the highest upper one.
fn all_numbers<'a>(parts: &[Part<'a>]) -> Option<Pair<'a>> {
    let bound = |part: &Part<'a>, strict: Operator, other: Operator| {
        let op = part.comparison.op;
        let found = (op == strict || op == other).then(|| number(part)).flatten();
        found.map(|number| (number, op == strict, *part))
    };
    let lower = parts.iter().filter_map(|part| bound(part, Operator::Gt, Operator::Gte));
    let upper = parts.iter().filter_map(|part| bound(part, Operator::Lt, Operator::Lte));
    let lower = lower.min_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)))?;
    let upper = upper.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))?;
    let all = lower.0 < upper.0 || (lower.0 == upper.0 && !(lower.1 && upper.1));
    all.then(|| ordered(lower.2, upper.2))
}

/// `neq` and `not_in` leave some values out each, and no value is left out by all of them.
fn all_but_none<'a>(parts: &[Part<'a>]) -> Option<Pair<'a>> {
    let mut by_kind: BTreeMap<u8, (Vec<String>, Part<'a>)> = BTreeMap::new();
    for part in parts {
        let comparison = part.comparison;
        let values = match (comparison.op, comparison.ignore_case, comparison.value.as_ref()?) {
            (Operator::NotIn, false, Value::Array(values)) => values.as_slice(),
            (Operator::Neq, false, value) => std::slice::from_ref(value),
            _ => continue,
        };
        let kinds = kinds_of(comparison);
        if kinds == 0 {
            continue;
        }
        let mut values: Vec<String> = values.iter().filter_map(canonical).collect();
        values.sort_unstable();
        match by_kind.get_mut(&kinds) {
            Some((left, first)) => {
                left.retain(|value| values.binary_search(value).is_ok());
                if left.is_empty() {
                    return Some(ordered(*first, *part));
                }
            }
            None => {
                by_kind.insert(kinds, (values, *part));
            }
        }
    }
    None
}

fn ordered<'a>(a: Part<'a>, b: Part<'a>) -> Pair<'a> {
    if a.is_before(&b) { (a, b) } else { (b, a) }
}
