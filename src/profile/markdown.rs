//! A page as Markdown, for viewers that know tables.
//!
//! What the server wrote stands in code: there it makes no link, image, heading, mention or tag. Its code spans and blocks
//! have more backticks than there are in it.

use std::fmt::Write as _;

use crate::profile::page::{Block, Page, Table, Word, Words};
use crate::profile::shown::{on_one_line, with_lines};

pub(super) fn render(page: &Page) -> String {
    let mut text = format!("# {}\n\n{}\n", span(&on_one_line(&page.title, LONGEST)), escaped(page.kind));
    for block in &page.blocks {
        text.push('\n');
        push_block(block, &mut text);
    }
    text
}

// Writing to a string does not fail.
fn push_block(block: &Block, text: &mut String) {
    match block {
        Block::Bar(parts) => {
            for (category, count) in parts {
                let _ = writeln!(text, "- {category}: {count}");
            }
        }
        Block::Facts(facts) => {
            for (name, value) in facts {
                let _ = writeln!(text, "- **{name}:** {}", line(value, Place::Line));
            }
        }
        Block::Grade(letter, value) => {
            let _ = writeln!(text, "**Grade {letter}.** {}", line(value, Place::Line));
        }
        Block::Heading(heading) => {
            let _ = writeln!(text, "## {heading}");
        }
        Block::Json(json) => push_fenced("json", json, text),
        Block::List(items) => {
            for item in items {
                let _ = writeln!(text, "- {}", line(item, Place::Line));
            }
        }
        Block::Paragraph(words) => {
            let _ = writeln!(text, "{}", line(words, Place::Line));
        }
        Block::Question(question, answer) => {
            let _ = writeln!(text, "### {}\n\n{}", line(question, Place::Line), line(answer, Place::Line));
        }
        Block::Quote(words) => push_fenced("text", &wrapped(&with_lines(words)), text),
        Block::Table(table) => push_table(table, text),
    }
}

fn push_table(table: &Table, text: &mut String) {
    let _ = writeln!(text, "| {} |", table.columns.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(table.columns.len()));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|words| line(words, Place::Table)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Line,
    Table,
}

fn line(words: &Words, place: Place) -> String {
    let mut text = String::new();
    for word in &words.0 {
        match word {
            Word::Category(category) => text.push_str(category.as_str()),
            Word::Code(code) => text.push_str(&span_in(code, place)),
            Word::Link { text: title, address } => {
                let _ = write!(text, "[{}](<{address}>)", escaped(title));
            }
            Word::Server(words) => text.push_str(&span_in(&on_one_line(words, LONGEST), place)),
            Word::Severity(severity) => text.push_str(severity.as_str()),
            Word::Text(words) => text.push_str(&escaped(words)),
        }
    }
    text
}

/// A text of ours, with nothing in it that means something.
fn escaped(words: &str) -> String {
    let mut text = String::new();
    for character in words.chars() {
        if "\\`*_[]<>|#~$@".contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// Code in a line of a table, where a bar would end the cell, also in code, and viewers differ on what keeps it from that.
fn span_in(words: &str, place: Place) -> String {
    match place {
        Place::Line => span(words),
        Place::Table => span(&words.replace('|', "\\u{7c}")),
    }
}

fn span(words: &str) -> String {
    let ticks = "`".repeat(longest_run(words).saturating_add(1));
    let has_edge = |edge| words.starts_with(edge) || words.ends_with(edge);
    let space = if has_edge('`') || has_edge(' ') { " " } else { "" };
    format!("{ticks}{space}{words}{space}{ticks}")
}

fn push_fenced(language: &str, words: &str, text: &mut String) {
    let fence = "`".repeat(longest_run(words).saturating_add(1).max(3));
    let _ = writeln!(text, "{fence}{language}\n{words}\n{fence}");
}

/// How many backticks there are at most beside each other.
fn longest_run(words: &str) -> usize {
    words.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

/// Lines that are not too long to be read without scrolling, where there are spaces to break them at.
fn wrapped(words: &str) -> String {
    let mut text = String::new();
    for (index, line) in words.lines().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let mut column = 0_usize;
        for word in line.split_inclusive(' ') {
            let width = word.chars().count();
            if column > 0 && column.saturating_add(width) > COLUMNS {
                text.truncate(text.trim_end_matches(' ').len());
                text.push('\n');
                column = 0;
            }
            text.push_str(word);
            column = column.saturating_add(width);
        }
    }
    text
}

/// How much of the server's words stands in a line.
const LONGEST: usize = 160;
/// How long the lines of a quotation are.
const COLUMNS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_has_more_backticks_than_what_is_in_it() {
        assert_eq!(span("a"), "`a`");
        assert_eq!(span("a``b"), "```a``b```");
        assert_eq!(span("`a"), "`` `a ``");
        assert_eq!(span_in("a|b", Place::Table), "`a\\u{7c}b`");
        let mut text = String::new();
        push_fenced("text", "```\n# no", &mut text);
        assert_eq!(text, "````text\n```\n# no\n````\n");
    }

    #[test]
    fn long_lines_are_broken_at_spaces() {
        let text = wrapped(&"word ".repeat(60));
        assert!(text.lines().count() == 3 && text.lines().all(|line| line.len() <= COLUMNS), "{text}");
        assert_eq!(wrapped("a\n\nb"), "a\n\nb");
    }
}
