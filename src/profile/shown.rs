//! What a server wrote, as it can be shown: nothing in it is invisible, and it ends.

use std::fmt::Write as _;

use crate::json::is_invisible;

/// On one line, at most this many characters of it.
pub(super) fn on_one_line(words: &str, longest: usize) -> String {
    if words.is_empty() {
        return "(empty)".to_owned();
    }
    let mut shown = String::new();
    let mut characters = words.chars();
    for character in characters.by_ref().take(longest) {
        match character {
            '\n' | '\r' | '\t' => shown.push(' '),
            character => push(character, &mut shown),
        }
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// With its lines, at most so many characters and lines of it.
pub(super) fn with_lines(words: &str) -> String {
    let mut shown = String::new();
    let (mut count, mut lines) = (0_usize, 1_usize);
    for character in words.chars() {
        lines = lines.saturating_add(usize::from(character == '\n'));
        if count == MAX_CHARACTERS || lines > MAX_LINES {
            break;
        }
        count = count.saturating_add(1);
        match character {
            '\n' => shown.push('\n'),
            '\t' => shown.push_str("    "),
            character => push(character, &mut shown),
        }
    }
    let left = words.chars().count().saturating_sub(count);
    let mut shown = shown.trim_end().to_owned();
    if left > 0 {
        // Writing to a string does not fail.
        let _ = write!(shown, " … and {left} characters more");
    }
    shown
}

fn push(character: char, shown: &mut String) {
    // Spaces that are not the usual one look like it.
    if is_invisible(character) || (character.is_whitespace() && character != ' ') {
        shown.extend(character.escape_unicode());
    } else {
        shown.push(character);
    }
}

/// As much of a description is shown.
const MAX_CHARACTERS: usize = 4_000;
/// As many lines of a description are shown.
const MAX_LINES: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_is_invisible_and_it_ends() {
        assert_eq!(on_one_line("a\nb\u{202e}c\u{200b}", 9), "a b\\u{202e}c\\u{200b}");
        assert_eq!(on_one_line("abc", 2), "ab…");
        assert_eq!(on_one_line("", 2), "(empty)");
        assert_eq!(with_lines("a\r\n\tb\n\n"), "a\\u{d}\n    b");
        assert_eq!(with_lines(&"x".repeat(5_000)).len(), 4_000 + " … and 1000 characters more".len());
        assert!(with_lines(&"\n".repeat(5_000)).ends_with("… and 4881 characters more"));
        assert_eq!(on_one_line("\u{e0041}\u{a0}\u{ad}", 9), "\\u{e0041}\\u{a0}\\u{ad}");
    }
}
