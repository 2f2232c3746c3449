//! Strict JSON: one reading of a text, or none.
//!
//! [`serde_json`] takes the last of two members with one key, and rounds some decimals to a double that is
//! not the nearest. Two readers that differ on such a text are two readers that an attacker can play against
//! each other, so here a key that occurs twice is an error, also when the two are spelled differently
//! (`"tool\u0073"`), and a number that is no 64-bit integer is the nearest double.
//!
//! ```
//! use mcp_policy::json;
//!
//! assert_eq!(json::parse(r#"{"a": 1}"#).unwrap(), serde_json::json!({"a": 1}));
//!
//! let error = json::parse(r#"{"name": "read", "n\u0061me": "delete"}"#).unwrap_err();
//! assert_eq!(error.to_string(), "duplicate key `name` at line 1, column 18");
//! ```

mod build;
mod canonical;
mod equality;
mod item;
mod layout;
pub(crate) mod pointer;
mod reader;
mod tree;

use std::fmt;

use serde_json::Value;

pub(crate) use build::{Values, parse_tree};
pub(crate) use canonical::write_canonical;
pub(crate) use equality::equal;
pub(crate) use item::{Item, Kind};
pub(crate) use layout::layout;
pub(crate) use reader::{Bounds, Fault, FaultKind, WideIntegers, read};
pub(crate) use tree::{Member, Node, NodeKind};

/// The depth of nesting at which [`parse`] stops: arrays and objects within one another.
///
/// It protects whatever walks the value afterwards by recursion, which is nearly everything. It is the limit
/// of [`serde_json`], one less.
pub const MAX_DEPTH: usize = 127;

/// Reads one JSON text, strictly. What came as bytes goes through [`std::str::from_utf8`] first.
///
/// # Errors
///
/// [`JsonError`] for anything that RFC 8259 does not allow (trailing commas, comments, `NaN`, a byte order
/// mark, a lone surrogate, a second value), and beyond it for a duplicate key, a number whose magnitude no
/// double has, and nesting deeper than [`MAX_DEPTH`].
pub fn parse(text: &str) -> Result<Value, JsonError> {
    let parsed = parse_tree(text, Bounds { depth: MAX_DEPTH, ..Bounds::NONE });
    if let Some(duplicate) = parsed.duplicates.iter().min_by_key(|duplicate| duplicate.second.start) {
        let message = format!("duplicate key `{}`", excerpt(&duplicate.key));
        return Err(JsonError::new(text, message, duplicate.second.start));
    }
    match (parsed.root, parsed.fault) {
        (Some(root), None) => Ok(root.into_value()),
        (_, Some(fault)) => Err(JsonError::new(text, fault.message, fault.offset)),
        (None, None) => Err(JsonError::new(text, "no value".to_owned(), 0)),
    }
}

/// Why a text is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    message: String,
    line: usize,
    column: usize,
}

impl JsonError {
    fn new(text: &str, message: String, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let last_line = before.rsplit('\n').next().unwrap_or(before);
        Self {
            message,
            line: before.matches('\n').count().saturating_add(1),
            column: last_line.chars().count().saturating_add(1),
        }
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}, column {}", self.message, self.line, self.column)
    }
}

impl std::error::Error for JsonError {}

/// An author's word as messages quote it: short, on one line, without control characters.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut quoted = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            quoted.push('…');
            break;
        }
        if is_invisible(character) {
            quoted.extend(character.escape_unicode());
        } else {
            quoted.push(character);
        }
    }
    quoted
}

/// Whether a character is not shown, or changes how those beside it are: controls, marks of width zero and of direction,
/// fillers, and whatever else Unicode calls ignorable by default.
pub(crate) fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_a_comment_and_two_values_are_told_apart() {
        for (text, message) in [
            ("", "unexpected end, expected a value at line 1, column 1"),
            ("\u{feff}{}", "byte order mark, which JSON does not allow at line 1, column 1"),
            ("{} {}", "unexpected `{` after the value at line 1, column 4"),
            ("[1,]", "unexpected `]`, expected a value at line 1, column 4"),
            ("// no", "unexpected `/`, expected a value at line 1, column 1"),
            ("[NaN]", "unexpected `N`, expected a value at line 1, column 2"),
            ("[1e999]", "number out of range at line 1, column 2"),
            ("[01]", "unexpected `1`, expected `,` or `]` at line 1, column 3"),
            ("\"\\ud800\"", "lone surrogate in a string at line 1, column 2"),
            ("{\n  \"é\": 1,\n  \"é\\u0301\": x", "unexpected `x`, expected a value at line 3, column 14"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn the_depth_is_bounded_without_recursion_beyond_it() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        let error = parse(&nested(MAX_DEPTH + 1)).unwrap_err();
        assert_eq!(error.to_string(), "nested deeper than 127 levels at line 1, column 128");
        assert!(parse(&"[".repeat(1_000_000)).is_err());
    }

    #[test]
    fn excerpts_are_one_short_line() {
        assert_eq!(excerpt("a\nb\u{2028}"), "a\\u{a}b\\u{2028}");
        assert_eq!(excerpt(&"x".repeat(100)).chars().count(), 61);
        // Letters that are not seen, of which a whole text can be made.
        for character in ['\u{ad}', '\u{e0041}', '\u{fe0f}', '\u{3164}', '\u{2800}', '\u{180e}', '\u{fffb}'] {
            let escaped = format!("\\u{{{:x}}}", u32::from(character));
            assert_eq!(excerpt(&character.to_string()), escaped);
        }
        assert_eq!(excerpt("é 字 😀"), "é 字 😀");
    }
}
