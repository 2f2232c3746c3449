//! Names of strangers, as a record shows them.

use std::fmt::{self, Write as _};

use crate::json::is_invisible;

/// Writes a string of JSON, with what is not seen escaped, and cut where it is long, which is said.
pub(super) fn write_cut(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            write!(f, "… ({} bytes)", text.len())?;
            break;
        }
        write_character(character, f)?;
    }
    f.write_char('"')
}

/// Writes an array of strings, and tells how many were left out.
pub(super) fn write_names(names: &[Box<str>], f: &mut fmt::Formatter<'_>) -> Result<usize, fmt::Error> {
    f.write_char('[')?;
    for (index, name) in names.iter().take(MOST).enumerate() {
        if index > 0 {
            f.write_char(',')?;
        }
        write_cut(name, f)?;
    }
    f.write_char(']')?;
    Ok(names.len().saturating_sub(MOST))
}

fn write_character(character: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match character {
        '"' => f.write_str("\\\""),
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        character if is_invisible(character) => {
            let mut units = [0; 2];
            character.encode_utf16(&mut units).iter().try_for_each(|unit| write!(f, "\\u{unit:04x}"))
        }
        character => f.write_char(character),
    }
}

/// The most characters of a name. MCP wants tools to have at most 128.
const LONGEST: usize = 256;
/// The most names of arguments.
const MOST: usize = 64;
