//! Canonical JSON: one text for one value.
//!
//! RFC 8785, except that integers are written with all their digits: as doubles, two account numbers beyond
//! 2⁵³ could come out alike, and an approval of the one would be good for the other.

use std::fmt::Write as _;

use serde_json::Value;

use crate::json::{Item, MAX_DEPTH};

/// Appends the canonical text; `None` if the value is nested deeper than [`MAX_DEPTH`] or holds a number that
/// has no exact value. What was appended until then is no use.
pub(crate) fn write_canonical(item: Item<'_>, text: &mut String) -> Option<()> {
    write_below(item, text, 0)
}

/// Appends a string as RFC 8785 writes it.
pub(crate) fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            character if character < ' ' => {
                // Writing to a string does not fail.
                let _ = write!(text, "\\u{:04x}", u32::from(character));
            }
            character => text.push(character),
        }
    }
    text.push('"');
}

fn write_below(item: Item<'_>, text: &mut String, depth: usize) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    let deeper = depth.saturating_add(1);
    match item {
        Item::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_below(element.into(), text, deeper)?;
            }
            text.push(']');
        }
        Item::Bool(boolean) => text.push_str(if boolean { "true" } else { "false" }),
        Item::Null => text.push_str("null"),
        Item::Number(number) => write!(text, "{}", number?).ok()?,
        Item::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            text.push('{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(key, text);
                text.push(':');
                write_below(value.into(), text, deeper)?;
            }
            text.push('}');
        }
        Item::Text(string) => write_string(string, text),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn canonical(value: &Value) -> Option<String> {
        let mut text = String::new();
        write_canonical(value.into(), &mut text)?;
        Some(text)
    }

    #[test]
    fn the_examples_of_rfc_8785() {
        // Section 3.2.2 and 3.2.3.
        let value = json!({
            "numbers": [333_333_333.333_333_3, 1e30, 4.50, 2e-3, 1e-27],
            "string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/",
            "literals": [null, true, false]
        });
        let text = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        assert_eq!(canonical(&value).unwrap(), text);
        let keys = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let order: Vec<_> =
            canonical(&keys).unwrap().split("\",\"").map(|part| part.chars().last()).collect();
        assert_eq!(order.len(), 7);
        let text = canonical(&keys).unwrap();
        let positions: Vec<_> = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"]
            .iter()
            .map(|word| text.find(word).unwrap())
            .collect();
        assert!(positions.is_sorted(), "{text}");
    }

    #[test]
    fn t46_integers_keep_all_their_digits_and_equal_numbers_are_written_alike() {
        assert_eq!(canonical(&json!(9_007_199_254_740_993_u64)).unwrap(), "9007199254740993");
        assert_eq!(canonical(&json!([1.0, 1, -0.0])).unwrap(), "[1,1,0]");
        assert_ne!(canonical(&json!("1")), canonical(&json!(1)));
    }

    #[test]
    fn t10_what_is_too_deep_has_no_canonical_text() {
        let deep = (0..500).fold(json!(1), |value, _| json!([value]));
        assert_eq!(canonical(&deep), None);
    }
}
