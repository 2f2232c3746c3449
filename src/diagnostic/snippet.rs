//! The line of a text that a diagnostic is about, as a report shows it.
//!
//! It is cut out when the report is finished, so that a diagnostic can be drawn without the text, and a line of
//! megabytes costs no more than one of a hundred characters.

use std::ops::Range;

use crate::json::is_invisible;

/// A line, or the part of a long one that is around a place, and where the place is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snippet {
    /// What is shown: no line end, no tab, nothing invisible.
    pub(crate) text: String,
    /// How many cells of a terminal stand before the place.
    pub(crate) indent: usize,
    /// How many cells it takes, at least one.
    pub(crate) width: usize,
}

impl Snippet {
    /// The most characters that are shown of a line.
    const LONGEST: usize = 100;

    /// How many characters before the place are kept of a line that is longer.
    const BEFORE: usize = 40;

    /// The line on which a range begins. Of a range over several lines the first is marked.
    pub(crate) fn of(text: &str, range: &Range<usize>) -> Self {
        let head = text.get(..range.start).unwrap_or(text);
        let tail = text.get(range.start..).unwrap_or_default();
        let length = range.len();
        // One more than is shown tells whether there is more.
        let look = Self::LONGEST.saturating_add(1);
        let is_line = |character: &char| *character != '\n';
        let mut before: Vec<char> = head.chars().rev().take_while(is_line).take(look).collect();
        before.reverse();
        let after = tail.char_indices().take_while(|(_, character)| is_line(character)).take(look);
        let (inside, after): (Vec<_>, Vec<_>) = after.partition(|(offset, _)| *offset < length);
        let mut line: Vec<char> = inside.iter().chain(&after).map(|(_, character)| *character).collect();
        if line.last() == Some(&'\r') && line.len() < look {
            line.pop();
        }
        let (before, line, cut_before, cut_after) = Self::cut(&before, &line);
        let inside = line.get(..inside.len()).unwrap_or(line);

        let mut shown = String::new();
        let mut indent = 0;
        if cut_before {
            indent = show('…', &mut shown);
        }
        for character in before {
            indent = indent.saturating_add(show(*character, &mut shown));
        }
        let widths = line.iter().map(|character| show(*character, &mut shown));
        let widths: Vec<usize> = widths.collect();
        let width = widths.iter().take(inside.len()).fold(0_usize, |sum, width| sum.saturating_add(*width));
        if cut_after {
            shown.push('…');
        }
        Self { text: shown, indent, width: width.max(1) }
    }

    /// What is shown before a place and from it on, and whether there is more on either side.
    fn cut<'a>(before: &'a [char], line: &'a [char]) -> (&'a [char], &'a [char], bool, bool) {
        let length = before.len().saturating_add(line.len());
        if length <= Self::LONGEST {
            return (before, line, false, false);
        }
        // Where little follows, more of what stands before is shown.
        let room = Self::LONGEST.saturating_sub(line.len()).max(Self::BEFORE);
        let dropped = before.len().saturating_sub(room);
        let kept = before.get(dropped..).unwrap_or(before);
        let room = Self::LONGEST.saturating_sub(kept.len());
        let shown = line.get(..room).unwrap_or(line);
        (kept, shown, dropped > 0, shown.len() < line.len())
    }
}

/// Writes a character as it is shown, and tells how many cells it takes. What is invisible is made visible, so that
/// no line reads other than it is.
fn show(character: char, shown: &mut String) -> usize {
    let visible = match character {
        '\t' => ' ',
        _ if is_invisible(character) => char::REPLACEMENT_CHARACTER,
        _ => character,
    };
    shown.push(visible);
    cells(visible)
}

/// How wide a terminal draws a character: combining marks take no cell, and East Asian characters and emoji two.
/// Where a terminal sees it otherwise, a mark stands beside its word, and line and column are right still.
fn cells(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown of the line on which a word stands, and what is marked in it.
    fn shown(text: &str, word: &str) -> (String, String) {
        let start = text.find(word).unwrap();
        let snippet = Snippet::of(text, &(start..start.saturating_add(word.len())));
        let marks = format!("{}{}", " ".repeat(snippet.indent), "^".repeat(snippet.width));
        (snippet.text, marks)
    }

    #[test]
    fn one_line_is_shown_and_the_place_marked_in_it() {
        let text = "{\r\n\t\"é\": xx,\r\n}";
        assert_eq!(shown(text, "xx"), (" \"é\": xx,".into(), "      ^^".into()));
        assert_eq!(shown(text, "\"é\""), (" \"é\": xx,".into(), " ^^^".into()));
        // Over several lines, to the end of the first.
        assert_eq!(shown(text, "xx,\r\n}"), (" \"é\": xx,".into(), "      ^^^".into()));
    }

    #[test]
    fn marks_stand_under_wide_and_combining_characters() {
        assert_eq!(shown("猫e\u{301}=x", "x"), ("猫e\u{301}=x".into(), "    ^".into()));
        assert_eq!(shown("a猫b", "猫"), ("a猫b".into(), " ^^".into()));
    }

    #[test]
    fn what_is_invisible_is_shown() {
        assert_eq!(
            shown("\u{feff}{\u{202e}x\u{7}", "x"),
            ("\u{fffd}{\u{fffd}x\u{fffd}".into(), "   ^".into())
        );
    }

    #[test]
    fn the_end_of_a_text_can_be_marked() {
        let end = |text: &str| Snippet::of(text, &(text.len()..text.len()));
        assert_eq!((end("").text, end("").indent, end("").width), (String::new(), 0, 1));
        assert_eq!((end("{\n").text, end("{\n").indent, end("{\n").width), (String::new(), 0, 1));
        assert_eq!((end("ab").text, end("ab").indent, end("ab").width), ("ab".into(), 2, 1));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let long = "-".repeat(1_000_000);
        let (text, marks) = shown(&format!("{long}here{long}"), "here");
        assert_eq!(text, format!("…{}here{}…", "-".repeat(40), "-".repeat(56)));
        assert_eq!(marks, format!("{}^^^^", " ".repeat(41)));
        let (text, marks) = shown(&format!("here{long}"), "here");
        assert_eq!((text, marks), (format!("here{}…", "-".repeat(96)), "^^^^".into()));
        let (text, marks) = shown(&format!("{long}here"), "here");
        assert_eq!((text, marks), (format!("…{}here", "-".repeat(96)), format!("{}^^^^", " ".repeat(97))));
        let (text, marks) = shown(&format!("x\n  \"{long}\"\n"), &format!("\"{long}\""));
        assert_eq!(text, format!("  \"{}…", "-".repeat(97)));
        assert_eq!(marks, format!("  {}", "^".repeat(98)));
        let exact = format!("{}here{}", "-".repeat(50), "-".repeat(46));
        assert_eq!(shown(&exact, "here").0, exact);
    }
}
