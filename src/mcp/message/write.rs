//! Values to one line of JSON that every reader takes for one line.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Appends a value. It is at most as deep as what was read, and was made here otherwise.
pub(crate) fn write_value(value: &Value, line: &mut String) {
    match value {
        Value::Null => line.push_str("null"),
        Value::Bool(true) => line.push_str("true"),
        Value::Bool(false) => line.push_str("false"),
        // Writing to a string does not fail.
        Value::Number(number) => drop(write!(line, "{number}")),
        Value::String(text) => write_text(text, line),
        Value::Array(elements) => {
            line.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    line.push(',');
                }
                write_value(element, line);
            }
            line.push(']');
        }
        Value::Object(members) => write_object(members, line),
    }
}

pub(crate) fn write_object(members: &Map<String, Value>, line: &mut String) {
    line.push('{');
    write_members(members, true, line);
    line.push('}');
}

/// Appends members without the braces; `first` if nothing stands before them.
pub(super) fn write_members(members: &Map<String, Value>, mut first: bool, line: &mut String) {
    for (key, value) in members {
        if !first {
            line.push(',');
        }
        first = false;
        write_text(key, line);
        line.push(':');
        write_value(value, line);
    }
}

/// Appends a string, with everything escaped that any reader takes for the end of a line: beside the control
/// characters that JSON wants escaped, those from U+007F to U+009F (U+0085 is a line end in Unicode), U+2028
/// and U+2029.
pub(crate) fn write_text(text: &str, line: &mut String) {
    line.push('"');
    let mut rest = text;
    while let Some(run) = rest.bytes().position(may_need_escape) {
        let (plain, after) = rest.split_at_checked(run).unwrap_or((rest, ""));
        line.push_str(plain);
        let mut characters = after.chars();
        if let Some(character) = characters.next() {
            write_character(character, line);
        }
        rest = characters.as_str();
    }
    line.push_str(rest);
    line.push('"');
}

/// Whether a character that begins with this byte may be one to escape. None of these bytes stands within a
/// character.
fn may_need_escape(byte: u8) -> bool {
    // 0xC2 begins U+0080 to U+00BF, and 0xE2 begins U+2000 to U+2FFF.
    byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f | 0xc2 | 0xe2)
}

fn write_character(character: char, line: &mut String) {
    match character {
        '"' => line.push_str("\\\""),
        '\\' => line.push_str("\\\\"),
        '\n' => line.push_str("\\n"),
        '\r' => line.push_str("\\r"),
        '\t' => line.push_str("\\t"),
        '\u{2028}' | '\u{2029}' => drop(write!(line, "\\u{:04x}", u32::from(character))),
        character if character.is_control() => drop(write!(line, "\\u{:04x}", u32::from(character))),
        character => line.push(character),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn written(value: &Value) -> String {
        let mut line = String::new();
        write_value(value, &mut line);
        line
    }

    #[test]
    fn t02_no_character_that_ends_a_line_anywhere_is_written_raw() {
        let text: String =
            (0..=0x9f_u32).chain([0x2027, 0x2028, 0x2029, 0x202a]).filter_map(char::from_u32).collect();
        let line = written(&json!({ text.clone(): text }));
        assert!(!line.contains(
            |character: char| character.is_control() || ('\u{2028}'..='\u{2029}').contains(&character)
        ));
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), json!({ text.clone(): text }));
    }

    #[test]
    fn t24_numbers_are_written_as_they_were_read() {
        let value = json!([u64::MAX, i64::MIN, 0.1, -0.0, 1e20, 5e-324, 100.0]);
        assert_eq!(
            written(&value),
            "[18446744073709551615,-9223372036854775808,0.1,-0.0,1e+20,5e-324,100.0]"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_back(text in any::<String>()) {
            let line = written(&json!(text));
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }
    }
}
