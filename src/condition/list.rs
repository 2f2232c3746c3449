//! Lists of values that an argument is looked for in.

use std::collections::HashSet;

use serde_json::Value;

use crate::condition::Truth;
use crate::condition::fold::{fold, folded};
use crate::json::{Item, Kind, write_canonical};
use crate::number::Decimal;

/// A list of non-null values, by type, so that looking one up does not depend on the length of the
/// list.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    texts: HashSet<Box<str>>,
    numbers: HashSet<Decimal>,
    has_true: bool,
    has_false: bool,
    /// Arrays and objects in canonical JSON: equal texts are equal values.
    structures: HashSet<Box<str>>,
    /// The JSON types of the elements, each once.
    kinds: Vec<Kind>,
    ignore_case: bool,
}

impl List {
    /// The index of the first element that is not allowed: a null, one that cannot be compared, or, where
    /// case is ignored, one that is no string.
    pub(crate) fn new(elements: &[Value], ignore_case: bool) -> Result<Self, usize> {
        let mut list = Self { ignore_case, ..Self::default() };
        for (index, element) in elements.iter().enumerate() {
            list.add(element.into()).ok_or(index)?;
        }
        Ok(list)
    }

    fn add(&mut self, item: Item<'_>) -> Option<()> {
        if self.ignore_case && item.kind() != Kind::Text {
            return None;
        }
        match item {
            Item::Null => return None,
            Item::Bool(true) => self.has_true = true,
            Item::Bool(false) => self.has_false = true,
            Item::Number(number) => {
                self.numbers.insert(number?);
            }
            Item::Text(text) => {
                self.texts.insert(if self.ignore_case { folded(text).into() } else { text.into() });
            }
            Item::Array(_) | Item::Object(_) => {
                self.structures.insert(canonical(item)?);
            }
        }
        if !self.kinds.contains(&item.kind()) {
            self.kinds.push(item.kind());
        }
        Some(())
    }

    /// Whether one element equals the item. Mistyped if none does and not all are of its type.
    pub(crate) fn contains(&self, item: Item<'_>) -> Truth {
        let found = match item {
            Item::Null => return Truth::Absent,
            Item::Bool(true) => self.has_true,
            Item::Bool(false) => self.has_false,
            Item::Number(None) => return Truth::Mistyped,
            Item::Number(Some(number)) => self.numbers.contains(&number),
            Item::Text(text) if self.ignore_case && text.chars().any(|letter| fold(letter) != letter) => {
                self.texts.contains(folded(text).as_str())
            }
            Item::Text(text) => self.texts.contains(text),
            Item::Array(_) | Item::Object(_) if self.structures.is_empty() => false,
            Item::Array(_) | Item::Object(_) => match canonical(item) {
                Some(text) => self.structures.contains(&text),
                None => return Truth::Mistyped,
            },
        };
        if found {
            Truth::True
        } else if self.kinds.iter().all(|kind| *kind == item.kind()) {
            Truth::False
        } else {
            Truth::Mistyped
        }
    }
}

fn canonical(item: Item<'_>) -> Option<Box<str>> {
    let mut text = String::new();
    write_canonical(item, &mut text)?;
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contains(list: &Value, item: &Value, ignore_case: bool) -> Truth {
        List::new(list.as_array().unwrap(), ignore_case).unwrap().contains(item.into())
    }

    #[test]
    fn a_list_of_mixed_types_settles_nothing_by_type() {
        let list = json!([7, "admin"]);
        assert_eq!(contains(&list, &json!(7.0), false), Truth::True);
        assert_eq!(contains(&list, &json!("7"), false), Truth::Mistyped);
        assert_eq!(contains(&list, &json!(8), false), Truth::Mistyped);
        assert_eq!(contains(&json!(["a"]), &json!("b"), false), Truth::False);
        assert_eq!(contains(&json!(["a"]), &json!(null), false), Truth::Absent);
        assert_eq!(contains(&json!([true, 0]), &json!(false), false), Truth::Mistyped);
        assert_eq!(contains(&json!([[1], {"a": 1}]), &json!({"a": 1.0}), false), Truth::True);
        assert_eq!(contains(&json!([[1]]), &json!([2]), false), Truth::False);
    }

    #[test]
    fn case_is_ignored_on_both_sides() {
        assert_eq!(contains(&json!(["Main"]), &json!("MAIN"), true), Truth::True);
        assert_eq!(contains(&json!(["Main"]), &json!("main"), true), Truth::True);
        assert_eq!(contains(&json!(["Main"]), &json!("main"), false), Truth::False);
        assert_eq!(contains(&json!(["Main"]), &json!(1), true), Truth::Mistyped);
    }

    #[test]
    fn what_is_not_allowed_is_no_list() {
        assert_eq!(List::new(&[json!(null)], false).err(), Some(0));
        assert_eq!(List::new(&[json!("a"), json!(1)], true).err(), Some(1));
    }
}
