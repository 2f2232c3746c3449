//! A page as one HTML file.
//!
//! Every text goes through [`escaped`], so nothing that a server wrote is markup; there are no attributes with its words. The
//! content security policy lets nothing in but the style sheet, by its hash.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::profile::page::{Block, Page, Table, Word, Words};
use crate::profile::shown::{on_one_line, with_lines};
use crate::risk::{Category, Severity};

pub(super) fn render(page: &Page) -> String {
    let title = escaped(&on_one_line(&page.title, LONGEST));
    let style = style();
    let hash = base64(&Sha256::digest(style.as_bytes()));
    let kind = escaped(page.kind);
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n\
         <header>\n<p class=\"kind\">{kind}</p>\n<h1><bdi>{title}</bdi></h1>\n"
    );
    let mut is_open = false;
    for block in &page.blocks {
        if let Block::Heading(_) = block {
            text.push_str(if is_open { "</section>\n<section>\n" } else { "</header>\n<main>\n<section>\n" });
            is_open = true;
        }
        push_block(block, &mut text);
    }
    text.push_str(if is_open { "</section>\n</main>\n" } else { "</header>\n" });
    text.push_str("<footer><p>Words of the server are shown as they are, in another type: nobody has checked them.</p></footer>\n</body>\n</html>\n");
    text
}

// Writing to a string does not fail.
fn push_block(block: &Block, text: &mut String) {
    match block {
        Block::Bar(parts) => push_bar(parts, text),
        Block::Facts(facts) => {
            text.push_str("<dl>\n");
            for (name, value) in facts {
                let _ = writeln!(text, "<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), line(value));
            }
            text.push_str("</dl>\n");
        }
        Block::Grade(letter, words) => {
            let class = letter.to_ascii_lowercase();
            let _ = writeln!(
                text,
                "<p class=\"grade\"><strong class=\"grade-{class}\">{letter}</strong> <span>{}</span></p>",
                line(words)
            );
        }
        Block::Heading(heading) => {
            let _ = writeln!(text, "<h2>{}</h2>", escaped(heading));
        }
        Block::Json(json) => {
            let _ = writeln!(text, "<pre><code>{}</code></pre>", escaped(json));
        }
        Block::List(items) => {
            text.push_str("<ul>\n");
            for item in items {
                let _ = writeln!(text, "<li>{}</li>", line(item));
            }
            text.push_str("</ul>\n");
        }
        Block::Paragraph(words) => {
            let _ = writeln!(text, "<p>{}</p>", line(words));
        }
        Block::Question(question, answer) => {
            let _ = writeln!(text, "<h3>{}</h3>\n<p>{}</p>", line(question), line(answer));
        }
        Block::Quote(words) => {
            let _ = writeln!(text, "<blockquote>{}</blockquote>", escaped(&with_lines(words)));
        }
        Block::Table(table) => push_table(table, text),
    }
}

/// How many tools there are of each category, as parts of a bar and in words.
fn push_bar(parts: &[(Category, usize)], text: &mut String) {
    let whole: usize = parts.iter().map(|(_, count)| count).sum();
    let _ = write!(
        text,
        "<svg class=\"bar\" viewBox=\"0 0 {whole} 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
    );
    let mut start = 0_usize;
    for (category, count) in parts {
        let _ = write!(text, "<rect class=\"{category}\" x=\"{start}\" width=\"{count}\" height=\"1\"/>");
        start = start.saturating_add(*count);
    }
    text.push_str("</svg>\n<ul class=\"legend\">\n");
    for (category, count) in parts {
        let _ = writeln!(text, "<li><span class=\"{category}\">{category}</span> {count}</li>");
    }
    text.push_str("</ul>\n");
}

fn push_table(table: &Table, text: &mut String) {
    text.push_str("<div class=\"table\"><table>\n<thead><tr>");
    for column in table.columns {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escaped(column));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        text.push_str("<tr>");
        for (cell, column) in row.iter().zip(table.columns) {
            // Where the screen is narrow, each cell has the name of its column beside it.
            let _ = write!(text, "<td data-column=\"{}\">{}</td>", escaped(column), line(cell));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table></div>\n");
}

fn line(words: &Words) -> String {
    let mut text = String::new();
    for word in &words.0 {
        let _ = match word {
            Word::Category(category) => write!(text, "<span class=\"badge {category}\">{category}</span>"),
            Word::Code(code) => write!(text, "<code>{}</code>", escaped(code)),
            Word::Link { text: title, address } => {
                write!(text, "<a href=\"{}\" rel=\"noreferrer\">{}</a>", escaped(address), escaped(title))
            }
            // Text that runs from right to left stays within its own bounds.
            Word::Server(words) => {
                let class = if words.chars().count() > SHORT { "server long" } else { "server" };
                write!(text, "<bdi class=\"{class}\">{}</bdi>", escaped(&on_one_line(words, LONGEST)))
            }
            Word::Severity(severity) => {
                write!(text, "<span class=\"severity {}\">{severity}</span>", severity_class(*severity))
            }
            Word::Text(words) => write!(text, "{}", escaped(words)),
        };
    }
    text
}

const fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "s0",
        Severity::Medium => "s1",
        Severity::High => "s2",
        Severity::Critical => "s3",
    }
}

fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for character in words.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            character => text.push(character),
        }
    }
    text
}

/// As RFC 4648 has it.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for (index, shift) in [18_u32, 12, 6, 0].into_iter().enumerate() {
            let digit = usize::try_from((bits >> shift) & 63).ok().and_then(|digit| DIGITS.get(digit));
            text.push(if index > chunk.len() { '=' } else { digit.map_or('=', |digit| char::from(*digit)) });
        }
    }
    text
}

/// The style sheet, on one line for each rule.
fn style() -> &'static str {
    include_str!("style.css")
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Longer words of the server are a text, and not a name.
const SHORT: usize = 48;
/// How much of the server's words stands in a line.
const LONGEST: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    #[test]
    fn the_style_sheet_needs_nothing_else() {
        for outside in ["url(", "@import", "http", "</"] {
            assert!(!style().contains(outside), "{outside}");
        }
    }
}
