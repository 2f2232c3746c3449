//! Drawing diagnostics: the line that each is about, with marks under the place.

use std::fmt;

use crate::diagnostic::snippet::Snippet;
use crate::diagnostic::{Diagnostic, Related, Span};
use crate::json::excerpt;

/// Draws diagnostics for people, each with the line of the policy that it is about. The text of the policy is not
/// needed: a diagnostic of a text has its line.
///
/// It is plain text without colors, of lines of about a hundred characters, however long those of the policy are.
///
/// ```
/// use mcp_policy::{Policy, diagnostic};
///
/// let error = Policy::from_json(r#"{
///   "version": "1",
///   "default": "deny",
///   "tools": {"pay": {"limitz": []}}
/// }"#).unwrap_err();
///
/// assert_eq!(
///     diagnostic::render(error.diagnostics()).to_string(),
///     r#"error[unknown_member]: unknown member `limitz`
///  --> line 4, column 21 (/tools/pay/limitz)
///   |
/// 4 |   "tools": {"pay": {"limitz": []}}
///   |                     ^^^^^^^^
///   |
///   = help: did you mean `limits`?"#
/// );
/// ```
#[must_use]
pub fn render(diagnostics: &[Diagnostic]) -> Rendered<'_> {
    Rendered { diagnostics }
}

/// Diagnostics as [`render`] draws them: `Display` does it.
#[derive(Clone, Copy, Debug)]
pub struct Rendered<'a> {
    diagnostics: &'a [Diagnostic],
}

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            draw(diagnostic, f)?;
        }
        Ok(())
    }
}

fn draw(diagnostic: &Diagnostic, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}[{}]: {}", diagnostic.severity, diagnostic.code, diagnostic.message)?;
    let spans = [diagnostic.span, diagnostic.related.as_ref().and_then(|related| related.span)];
    let last_line = spans.into_iter().flatten().map(|span| span.start.line).max().unwrap_or(1);
    let gutter = last_line.to_string().len();
    let pointer = short(&diagnostic.pointer);
    match diagnostic.span {
        Some(Span { start, .. }) => {
            write!(f, "\n{:gutter$}--> line {}, column {}", "", start.line, start.column)?;
            if !pointer.is_empty() {
                write!(f, " ({pointer})")?;
            }
        }
        None if pointer.is_empty() => {}
        None => write!(f, "\n{:gutter$}--> {pointer}", "")?,
    }
    let drawn = draw_lines(diagnostic, gutter, f)?;
    if let Some(related) = &diagnostic.related
        && !drawn.related
    {
        write!(f, "\n{:gutter$} = note: {}: {}", "", related.message, short(&related.pointer))?;
    }
    if let Some(help) = &diagnostic.help {
        if drawn.primary {
            write!(f, "\n{:gutter$} |", "")?;
        }
        write!(f, "\n{:gutter$} = help: {help}", "")?;
    }
    Ok(())
}

/// Which places of a diagnostic could be drawn.
struct Drawn {
    primary: bool,
    related: bool,
}

/// A place to mark.
struct Mark<'a> {
    line: usize,
    snippet: &'a Snippet,
    stroke: &'static str,
    label: &'a str,
}

impl<'a> Mark<'a> {
    fn of(diagnostic: &'a Diagnostic) -> Option<Self> {
        let (span, snippet) = (diagnostic.span?, diagnostic.snippet.as_ref()?);
        Some(Self { line: span.start.line, snippet, stroke: "^", label: "" })
    }

    fn of_related(related: &'a Related) -> Option<Self> {
        let (span, snippet) = (related.span?, related.snippet.as_ref()?);
        Some(Self { line: span.start.line, snippet, stroke: "-", label: related.message })
    }

    fn write_line(&self, gutter: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.snippet.text.trim_end();
        let space = if text.is_empty() { "" } else { " " };
        write!(f, "\n{:>gutter$} |{space}{text}", self.line)
    }

    fn write_stroke(&self, from: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = self.snippet.indent.saturating_sub(from);
        write!(f, "{:indent$}{}", "", self.stroke.repeat(self.snippet.width))
    }

    fn write_label(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.label.is_empty() { Ok(()) } else { write!(f, " {}", self.label) }
    }
}

fn draw_lines(
    diagnostic: &Diagnostic,
    gutter: usize,
    f: &mut fmt::Formatter<'_>,
) -> Result<Drawn, fmt::Error> {
    let Some(primary) = Mark::of(diagnostic) else {
        return Ok(Drawn { primary: false, related: false });
    };
    write!(f, "\n{:gutter$} |", "")?;
    let Some(related) = diagnostic.related.as_ref().and_then(Mark::of_related) else {
        draw_line(&primary, gutter, f)?;
        return Ok(Drawn { primary: true, related: false });
    };
    let position = |mark: &Mark<'_>| (mark.line, mark.snippet.indent);
    let related_span = diagnostic.related.as_ref().and_then(|related| related.span);
    let in_order = related_span.map(|span| span.start) <= diagnostic.span.map(|span| span.start);
    let (first, second) = if in_order { (related, primary) } else { (primary, related) };
    let end = first.snippet.indent.saturating_add(first.snippet.width);
    let same_text = first.line == second.line && first.snippet.text == second.snippet.text;
    if same_text && end <= position(&second).1 {
        draw_together(&first, &second, gutter, f)?;
    } else {
        draw_line(&first, gutter, f)?;
        if second.line != first.line.saturating_add(1) {
            f.write_str("\n...")?;
        }
        draw_line(&second, gutter, f)?;
    }
    Ok(Drawn { primary: true, related: true })
}

fn draw_line(mark: &Mark<'_>, gutter: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    mark.write_line(gutter, f)?;
    write!(f, "\n{:gutter$} | ", "")?;
    mark.write_stroke(0, f)?;
    mark.write_label(f)
}

/// Two places of one line. What is to be said of the first stands below it.
fn draw_together(
    first: &Mark<'_>,
    second: &Mark<'_>,
    gutter: usize,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    first.write_line(gutter, f)?;
    write!(f, "\n{:gutter$} | ", "")?;
    first.write_stroke(0, f)?;
    second.write_stroke(first.snippet.indent.saturating_add(first.snippet.width), f)?;
    second.write_label(f)?;
    if !first.label.is_empty() {
        let indent = first.snippet.indent;
        write!(f, "\n{:gutter$} | {:indent$}|", "", "")?;
        write!(f, "\n{:gutter$} | {:indent$}{}", "", "", first.label)?;
    }
    Ok(())
}

/// A pointer on one line, of a long one the beginning and the end.
fn short(pointer: &str) -> String {
    const HALF: usize = 60;
    let Some((head, _)) = pointer.char_indices().nth(HALF) else {
        return excerpt(pointer);
    };
    let tail = pointer.char_indices().rev().nth(HALF.saturating_sub(1)).map_or(0, |(offset, _)| offset);
    let (head, tail) = match pointer.split_at_checked(head) {
        Some((start, rest)) if tail <= head => (start, rest),
        Some((start, _)) => {
            let end = pointer.get(tail..).unwrap_or_default();
            return format!("{}…{}", excerpt(start), excerpt(end));
        }
        None => return excerpt(pointer),
    };
    format!("{}{}", excerpt(head), excerpt(tail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{DiagnosticCode, Report};

    fn duplicate(text: &str) -> String {
        let word = "\"a\"";
        let first = text.find(word).unwrap();
        let second = text.rfind(word).unwrap();
        let mut report = Report::default();
        let diagnostic =
            Diagnostic::new(DiagnosticCode::DuplicateKey, "duplicate key `a`".into(), "/a".into())
                .with_related("first defined here", "/a".into());
        let range = |start: usize| start..start.saturating_add(word.len());
        report.add(diagnostic, range(second), Some(range(first)));
        render(&report.finish_text(text).0).to_string()
    }

    #[test]
    fn two_places_of_one_line_are_drawn_together() {
        let expected = r#"error[duplicate_key]: duplicate key `a`
 --> line 1, column 10 (/a)
  |
1 | {"a": 1, "a": 2}
  |  ---     ^^^
  |  |
  |  first defined here"#;
        assert_eq!(duplicate(r#"{"a": 1, "a": 2}"#), expected);
    }

    #[test]
    fn two_places_are_drawn_in_the_order_of_the_text() {
        let expected = r#"error[duplicate_key]: duplicate key `a`
  --> line 12, column 1 (/a)
   |
 1 | {"a": 1,
   |  --- first defined here
...
12 | "a": 2}
   | ^^^"#;
        assert_eq!(duplicate(&format!("{{\"a\": 1,{}\"a\": 2}}", "\n".repeat(11))), expected);
    }

    #[test]
    fn two_places_of_a_line_that_is_too_long_are_drawn_one_after_the_other() {
        let drawn = duplicate(&format!("{{\"a\": 1,{}\"a\": 2}}", " ".repeat(1_000_000)));
        assert!(drawn.contains("  |  --- first defined here\n...\n1 | …"), "{drawn}");
        assert!(drawn.len() < 1_000, "{drawn}");
    }

    #[test]
    fn without_a_text_the_pointer_says_where() {
        let diagnostic = Diagnostic::new(DiagnosticCode::InvalidValue, "it is wrong".into(), "/a/b".into())
            .with_help("write another")
            .with_related("first used here", "/c".into());
        let expected = "error[invalid_value]: it is wrong\n --> /a/b\n  = note: first used here: /c\n  = help: write another";
        assert_eq!(render(&[diagnostic]).to_string(), expected);
        let bare = Diagnostic::warning(DiagnosticCode::InvalidValue, "it is odd".into(), String::new());
        assert_eq!(render(&[bare]).to_string(), "warning[invalid_value]: it is odd");
        assert_eq!(render(&[]).to_string(), "");
    }

    #[test]
    fn of_a_long_pointer_both_ends_are_shown() {
        let letters = |letter: &str, count| letter.repeat(count);
        assert_eq!(short(&letters("a", 120)), letters("a", 120));
        let long = format!("{}{}{}", letters("a", 60), letters("b", 1_000), letters("c", 60));
        assert_eq!(short(&long), format!("{}…{}", letters("a", 60), letters("c", 60)));
    }
}
