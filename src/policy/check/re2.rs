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

/// The pattern, rewritten so that the `regex` crate reads it as RE2 does; or what RE2 does not have. `\B` alone goes by
/// Unicode.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let ast = Parser::new().parse(pattern).map_err(|error| error.kind().to_string())?;
    let replacements = visit(&ast, Collect(Vec::new()))?;
    let mut translated = String::with_capacity(pattern.len());
    let mut end = 0;
    // In the order of the text: the visitor goes from left to right.
    for (span, replacement) in replacements {
        translated.push_str(pattern.get(end..span.start.offset).unwrap_or_default());
        translated.push_str(&replacement);
        end = span.end.offset;
    }
    translated.push_str(pattern.get(end..).unwrap_or_default());
    Ok(translated)
}

/// What is written anew.
struct Collect(Vec<(Span, String)>);

impl Visitor for Collect {
    type Output = Vec<(Span, String)>;
    type Err = &'static str;

    fn finish(self) -> Result<Self::Output, Self::Err> {
        Ok(self.0)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::ClassPerl(class) => self.0.push((class.span, format!("[{}]", ascii(class)))),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::WordBoundary => self.0.push((assertion.span, r"(?-u:\b)".to_owned())),
                AssertionKind::StartLine
                | AssertionKind::EndLine
                | AssertionKind::StartText
                | AssertionKind::EndText
                | AssertionKind::NotWordBoundary => {}
                _ => return Err("the only word boundaries are `\\b` and `\\B`"),
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
            ClassSetItem::Perl(class) => self.0.push((class.span, ascii(class))),
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
        Regex::new(&translate(pattern).unwrap()).unwrap().is_match(text)
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
        ] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_has_no_class_stays_as_it_is() {
        for pattern in ["", "^(?:feat|fix)/", "(?i-s:a)b", r"[[:alpha:]]\.[^a-z\[&]", r"\x41\u{e9}", r"a\B"] {
            assert_eq!(translate(pattern).unwrap(), pattern);
        }
    }
}
