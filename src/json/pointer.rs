//! JSON Pointer (RFC 6901): one token, written and read.

use std::fmt;

/// Writes a token with `~` and `/` escaped.
pub(crate) fn write_token(token: &str, f: &mut impl fmt::Write) -> fmt::Result {
    for character in token.chars() {
        match character {
            '~' => f.write_str("~0")?,
            '/' => f.write_str("~1")?,
            character => f.write_char(character)?,
        }
    }
    Ok(())
}

/// Reads a token; `None` if a `~` stands before anything but `0` and `1`.
pub(crate) fn read_token(token: &str) -> Option<String> {
    let mut text = String::with_capacity(token.len());
    let mut characters = token.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '~' => match characters.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return None,
            },
            character => character,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tilde_escapes_zero_and_one_only() {
        assert_eq!(read_token("~01~1").as_deref(), Some("~1/"));
        assert_eq!(read_token("~2"), None);
        assert_eq!(read_token("a~"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(token in "[~/01a]{0,8}") {
            let mut written = String::new();
            write_token(&token, &mut written).unwrap();
            prop_assert!(!written.contains('/'));
            prop_assert_eq!(read_token(&written), Some(token));
        }
    }
}
