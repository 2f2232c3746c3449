//! Deep equality, with numbers by exact value.

use serde_json::Value;

use crate::json::{Item, MAX_DEPTH};

/// Whether two values are equal, all the way down; numbers by exact value, so 1 equals 1.0.
///
/// `None` if they are nested deeper than [`MAX_DEPTH`]: a program may hand in a value of any depth, and what
/// cannot be compared is not equal and not different either.
pub(crate) fn equal(a: Item<'_>, b: Item<'_>) -> Option<bool> {
    equal_below(a, b, 0)
}

fn equal_below(a: Item<'_>, b: Item<'_>, depth: usize) -> Option<bool> {
    if depth > MAX_DEPTH {
        return None;
    }
    let deeper = depth.saturating_add(1);
    let values = |a: &Value, b: &Value| equal_below(a.into(), b.into(), deeper);
    match (a, b) {
        (Item::Array(a), Item::Array(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().zip(b).map(|(a, b)| values(a, b)))
        }
        (Item::Bool(a), Item::Bool(b)) => Some(a == b),
        (Item::Null, Item::Null) => Some(true),
        (Item::Number(a), Item::Number(b)) => Some(a? == b?),
        (Item::Object(a), Item::Object(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().map(|(key, a)| b.get(key).map_or(Some(false), |b| values(a, b))))
        }
        (Item::Text(a), Item::Text(b)) => Some(a == b),
        _ => Some(false),
    }
}

/// False if anything differs, whatever else cannot be compared.
fn all(mut parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    let differs = parts.any(|part| {
        known &= part.is_some();
        part == Some(false)
    });
    if differs { Some(false) } else { known.then_some(true) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_equal_by_value_at_any_depth() {
        let (a, b) = (json!({"a": [1, {"b": 2.0}]}), json!({"a": [1.0, {"b": 2}]}));
        assert_eq!(equal((&a).into(), (&b).into()), Some(true));
        let c = json!({"a": [1.0, {"b": "2"}]});
        assert_eq!(equal((&a).into(), (&c).into()), Some(false));
        let d = json!({"a": [1, {"c": 2}]});
        assert_eq!(equal((&a).into(), (&d).into()), Some(false));
    }

    #[test]
    fn t10_what_is_too_deep_is_not_compared() {
        let nested = |depth: usize, leaf: i32| (0..depth).fold(json!(leaf), |value, _| json!([value]));
        assert_eq!(equal((&nested(100, 1)).into(), (&nested(100, 1)).into()), Some(true));
        assert_eq!(equal((&nested(500, 1)).into(), (&nested(500, 1)).into()), None);
        let (a, b) = (json!([nested(500, 1), 1]), json!([nested(500, 1), 2]));
        assert_eq!(equal((&a).into(), (&b).into()), Some(false));
    }
}
