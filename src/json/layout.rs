//! JSON as people write it: short things on one line, long ones on several.

use std::fmt;

use crate::json::is_invisible;

/// Writes a JSON text without white space, such as `serde_json` makes, so that it reads well: what fits is on one line,
/// and the order of members stays. Characters that are not shown are escaped: the text means the same and hides nothing.
pub(crate) fn layout(compact: &str, out: &mut impl fmt::Write) -> fmt::Result {
    let mut text = Text { rest: compact };
    let piece = text.piece(MAX_DEPTH);
    write_piece(&piece, 0, 0, out)
}

/// A part of the text. What is deeper than is looked at is a leaf.
enum Piece<'a> {
    Group { open: char, close: char, items: Vec<Entry<'a>>, width: usize },
    Leaf(&'a str),
}

/// An element of an array, or a member of an object with its key, in quotes.
struct Entry<'a> {
    key: &'a str,
    value: Piece<'a>,
}

struct Text<'a> {
    rest: &'a str,
}

impl<'a> Text<'a> {
    /// It recurses as deep as it is told, and no deeper.
    fn piece(&mut self, depth: usize) -> Piece<'a> {
        let (Some(open), Some(below)) = (self.rest.chars().next(), depth.checked_sub(1)) else {
            return Piece::Leaf(self.leaf());
        };
        let close = match open {
            '{' => '}',
            '[' => ']',
            _ => return Piece::Leaf(self.leaf()),
        };
        self.skip(open);
        let mut items = Vec::new();
        let mut width = 2_usize;
        while !self.rest.is_empty() && !self.skip(close) {
            let key = if open == '{' { self.string() } else { "" };
            self.skip(':');
            let value = self.piece(below);
            let before = if key.is_empty() { 0 } else { columns(key).saturating_add(2) };
            let comma = if items.is_empty() { 0 } else { 2 };
            width = width.saturating_add(before).saturating_add(value.width()).saturating_add(comma);
            items.push(Entry { key, value });
            self.skip(',');
        }
        Piece::Group { open, close, items, width }
    }

    fn skip(&mut self, character: char) -> bool {
        match self.rest.strip_prefix(character) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A string with its quotes.
    fn string(&mut self) -> &'a str {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|(_, character)| {
            let ends = *character == '"' && !escaped;
            escaped = *character == '\\' && !escaped;
            ends
        });
        self.take(end.map_or(self.rest.len(), |(at, _)| at.saturating_add(1)))
    }

    /// A string, a number or a word; or a whole array or object.
    fn leaf(&mut self) -> &'a str {
        if self.rest.starts_with('"') {
            return self.string();
        }
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        let end = self.rest.char_indices().find(|(_, character)| {
            match character {
                '"' if !escaped => quoted = !quoted,
                '[' | '{' if !quoted => depth = depth.saturating_add(1),
                ']' | '}' | ',' if !quoted && depth == 0 => return true,
                ']' | '}' if !quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
            escaped = quoted && *character == '\\' && !escaped;
            false
        });
        self.take(end.map_or(self.rest.len(), |(at, _)| at))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

impl Piece<'_> {
    /// How many columns it takes on one line.
    fn width(&self) -> usize {
        match self {
            Self::Group { width, .. } => *width,
            Self::Leaf(text) => columns(text),
        }
    }

    /// Whether it is an array or object with something in it.
    fn is_filled(&self) -> bool {
        matches!(self, Self::Group { items, .. } if !items.is_empty())
    }
}

/// `indent` is how far the line is indented, `used` what stands on it besides: the key, and a comma or brackets behind.
fn write_piece(piece: &Piece<'_>, indent: usize, used: usize, out: &mut impl fmt::Write) -> fmt::Result {
    let Piece::Group { open, close, items, width } = piece else {
        return write_line(piece, out);
    };
    // The document and its members are opened up, so that each of their members has a line of its own.
    let is_top = indent == 0 || (indent == STEP && *open == '{');
    let fits = indent.saturating_add(used).saturating_add(*width) <= COLUMNS;
    if items.is_empty() || (fits && !is_top) {
        return write_line(piece, out);
    }
    let below = indent.saturating_add(STEP);
    // The only clause of a list shares the brackets of the list, unless it fits on a line of its own.
    if let ([only], '[') = (items.as_slice(), open)
        && only.value.is_filled()
        && below.saturating_add(only.value.width()).saturating_add(1) > COLUMNS
    {
        out.write_char('[')?;
        write_piece(&only.value, indent, used.saturating_add(2), out)?;
        return out.write_char(']');
    }
    out.write_char(*open)?;
    for (index, item) in items.iter().enumerate() {
        write!(out, "{}\n{:below$}", if index > 0 { "," } else { "" }, "")?;
        write_key(item.key, out)?;
        let before = if item.key.is_empty() { 0 } else { columns(item.key).saturating_add(2) };
        write_piece(&item.value, below, before.saturating_add(1), out)?;
    }
    write!(out, "\n{:indent$}{close}", "")
}

fn write_line(piece: &Piece<'_>, out: &mut impl fmt::Write) -> fmt::Result {
    match piece {
        Piece::Leaf(text) => write_visible(text, out),
        Piece::Group { open, close, items, .. } => {
            out.write_char(*open)?;
            for (index, item) in items.iter().enumerate() {
                out.write_str(if index > 0 { ", " } else { "" })?;
                write_key(item.key, out)?;
                write_line(&item.value, out)?;
            }
            out.write_char(*close)
        }
    }
}

fn write_key(key: &str, out: &mut impl fmt::Write) -> fmt::Result {
    if key.is_empty() {
        return Ok(());
    }
    write_visible(key, out)?;
    out.write_str(": ")
}

/// What is not shown stands inside strings, where an escape means the same.
fn write_visible(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    for character in text.chars() {
        if is_invisible(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        } else {
            out.write_char(character)?;
        }
    }
    Ok(())
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// The longest line, where it can be helped.
const COLUMNS: usize = 110;
/// How far each level is indented.
const STEP: usize = 2;
/// Deeper levels stay as they are.
const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn laid_out(compact: &str) -> String {
        let mut text = String::new();
        layout(compact, &mut text).unwrap();
        text
    }

    #[test]
    fn short_things_share_a_line_and_order_stays() {
        let long = "x".repeat(60);
        let text = format!(
            r#"{{"z":1,"a":{{"list":[{{"y":"{long}","x":"{long}"}}],"empty":{{}},"pair":[1,"a,b:\"{{"]}}}}"#
        );
        let expected = format!(
            "{{\n  \"z\": 1,\n  \"a\": {{\n    \"list\": [{{\n      \"y\": \"{long}\",\n      \"x\": \"{long}\"\n    }}],\n    \"empty\": {{}},\n    \"pair\": [1, \"a,b:\\\"{{\"]\n  }}\n}}"
        );
        assert_eq!(laid_out(&text), expected);
    }

    #[test]
    fn what_is_not_shown_is_escaped() {
        assert_eq!(laid_out("[\"a\u{202e}b\u{7f}\"]"), "[\n  \"a\\u202eb\\u007f\"\n]");
        // A tag is no part of the basic plane, and has two escapes.
        assert_eq!(laid_out("[\"\u{e0041}\u{ad}\"]"), "[\n  \"\\udb40\\udc41\\u00ad\"\n]");
    }

    #[test]
    fn what_is_deep_stays_as_it_is() {
        let deep = format!("{}\"]\"{}", "[".repeat(500), "]".repeat(500));
        let text = laid_out(&deep);
        assert_eq!(text.chars().filter(|character| !character.is_whitespace()).collect::<String>(), deep);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,20}|[\"\\\\,:{}\\[\\]\u{202e}\n]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-z\"\\\\ ]{0,6}", inner, 0..6)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn it_means_the_same(value in any_json()) {
            let text = laid_out(&value.to_string());
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
