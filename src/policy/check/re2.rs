//! The dialect of regular expressions: that of RE2, in which `\d`, `\s`, `\w` and `\b` mean ASCII.
//!
//! The `regex` crate reads the same syntax, but to it `\d` is every decimal digit of Unicode. A policy that
//! requires `^\d+$` means what a server will take for a number, and not `٣`. ASCII classes are also a hundred
//! times smaller.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{
    AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSetBinaryOp, ClassSetItem, Flag, Flags, FlagsItemKind,
    GroupKind, Span, Visitor, visit,
};

/// A pattern that the `regex` crate reads as RE2 reads the original.
pub(super) struct Translation {
    pub(super) pattern: String,
    /// How many classes it has that are not ASCII.
    pub(super) unicode_classes: usize,
}

/// Translates a pattern, or says what it has that RE2 does not.
pub(super) fn translate(pattern: &str) -> Result<Translation, String> {
    let ast = Parser::new().parse(pattern).map_err(|error| error.kind().to_string())?;
    let found = visit(&ast, Collect::default())?;
    let mut translated = String::with_capacity(pattern.len());
    let mut end = 0;
    // In the order of the text: the visitor goes from left to right.
    for (span, replacement) in found.replacements {
        translated.push_str(pattern.get(end..span.start.offset).unwrap_or_default());
        translated.push_str(&replacement);
        end = span.end.offset;
    }
    translated.push_str(pattern.get(end..).unwrap_or_default());
    Ok(Translation { pattern: translated, unicode_classes: found.unicode_classes })
}

#[derive(Default)]
struct Collect {
    /// What is written anew.
    replacements: Vec<(Span, String)>,
    unicode_classes: usize,
}

impl Visitor for Collect {
    type Output = Self;
    type Err = &'static str;

    fn finish(self) -> Result<Self::Output, Self::Err> {
        Ok(self)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::ClassPerl(class) => {
                self.replacements.push((class.span, format!("[{}]", ascii(class))));
            }
            Ast::ClassUnicode(_) => self.unicode_classes = self.unicode_classes.saturating_add(1),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::WordBoundary => {
                    self.replacements.push((assertion.span, r"(?-u:\b)".to_owned()));
                }
                AssertionKind::StartLine
                | AssertionKind::EndLine
                | AssertionKind::StartText
                | AssertionKind::EndText => {}
                _ => return Err("the only word boundary is `\\b`"),
            },
            Ast::Flags(set) => check_flags(&set.flags)?,
            Ast::Group(group) => {
                if let GroupKind::NonCapturing(flags) = &group.kind {
                    check_flags(flags)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
        match item {
            ClassSetItem::Unicode(_) => self.unicode_classes = self.unicode_classes.saturating_add(1),
            ClassSetItem::Range(range) if !range.end.c.is_ascii() => {
                self.unicode_classes = self.unicode_classes.saturating_add(1);
            }
            ClassSetItem::Perl(class) => self.replacements.push((class.span, ascii(class))),
            ClassSetItem::Bracketed(_) => {
                return Err("a class inside a class is not supported; escape `[` as `\\[`");
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ClassSetBinaryOp) -> Result<(), Self::Err> {
        Err("`&&`, `--` and `~~` in a class are not supported; escape the second character")
    }
}

/// To RE2 the other flags of the `regex` crate are errors.
fn check_flags(flags: &Flags) -> Result<(), &'static str> {
    let known = flags.items.iter().all(|item| match item.kind {
        FlagsItemKind::Negation => true,
        FlagsItemKind::Flag(flag) => matches!(
            flag,
            Flag::CaseInsensitive | Flag::MultiLine | Flag::DotMatchesNewLine | Flag::SwapGreed
        ),
    });
    if known { Ok(()) } else { Err("the only flags are `i`, `m`, `s` and `U`") }
}

/// The class as it is written inside brackets.
fn ascii(class: &ClassPerl) -> String {
    let not = if class.negated { "^" } else { "" };
    match class.kind {
        ClassPerlKind::Digit => format!("[:{not}digit:]"),
        // `[:space:]` has the vertical tab too, and `\s` of RE2 has not.
        ClassPerlKind::Space => format!(r"[{not}\t\n\f\r\x20]"),
        ClassPerlKind::Word => format!("[:{not}word:]"),
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    fn is_match(pattern: &str, text: &str) -> bool {
        Regex::new(&translate(pattern).unwrap().pattern).unwrap().is_match(text)
    }

    #[test]
    fn classes_are_ascii_inside_and_outside_of_brackets() {
        for (pattern, yes, no) in [
            (r"^\d+$", "42", "\u{663}"),
            (r"^[\d.]+$", "4.2", "4\u{663}"),
            (r"^\D$", "\u{663}", "4"),
            (r"^[^\d]$", "\u{663}", "4"),
            (r"^\w+$", "a_1", "é"),
            (r"^[\w-]+$", "a-b", "a-é"),
            (r"^\W$", "é", "e"),
            (r"^\s$", " ", "\u{a0}"),
            (r"^\s$", "\t", "\u{b}"),
            (r"^[\S]$", "\u{b}", " "),
            (r"\bc\b", "éc", "xc"),
            (r"(?i)^\w\d$", "K1", "\u{e9}1"),
            (r"^.$", "é", "ab"),
            (r"^\pL$", "é", "4"),
            (r"^\\d$", r"\d", "4"),
            (r"^[\\d]$", "d", "4"),
        ] {
            assert!(is_match(pattern, yes), "{pattern} {yes:?}");
            assert!(!is_match(pattern, no), "{pattern} {no:?}");
        }
    }

    #[test]
    fn what_re2_does_not_have_is_refused() {
        for pattern in [
            r"(?x) ^ a \s b $",
            "(?u:a)",
            r"(?-u)\d",
            "(?R)a",
            "[a&&b]",
            "[a--b]",
            "[a~~b]",
            "[a[b]]",
            r"\b{start}a",
            r"\<a",
            r"a\B",
        ] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_has_no_class_stays_as_it_is() {
        for pattern in ["", "^(?:feat|fix)/", "(?i-s:a)b", r"[[:alpha:]]\.[^a-z\[&]", r"\x41\u{e9}"] {
            assert_eq!(translate(pattern).unwrap().pattern, pattern);
        }
    }
}
