//! Regular expressions: compiled once each, and neither one nor all of them larger than a policy may be.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use crate::policy::check::re2::{self, Translation};

/// The regular expressions of one policy.
///
/// Matching is linear in the argument whatever the pattern is, but the factor is the size of the compiled
/// pattern; and compiling takes memory and time before that size is known. So all of it is bounded.
#[derive(Debug, Default)]
pub(super) struct Regexes {
    /// By the pattern and whether case is ignored.
    compiled: HashMap<(String, bool), Result<Regex, String>>,
    /// What the compiled patterns take, and what was tried for those that are too large.
    bytes: usize,
    unicode_classes: usize,
}

impl Regexes {
    /// The compiled pattern, or one sentence that says why there is none.
    pub(super) fn compile(&mut self, pattern: &str, ignore_case: bool) -> Result<Regex, String> {
        if pattern.len() > MAX_PATTERN {
            return Err(format!("the regular expression is longer than {MAX_PATTERN} bytes"));
        }
        let key = (pattern.to_owned(), ignore_case);
        if let Some(compiled) = self.compiled.get(&key) {
            return compiled.clone();
        }
        let compiled = self.compile_anew(pattern, ignore_case);
        self.compiled.insert(key, compiled.clone());
        compiled
    }

    fn compile_anew(&mut self, pattern: &str, ignore_case: bool) -> Result<Regex, String> {
        let Translation { pattern, unicode_classes } = re2::translate(pattern).map_err(invalid)?;
        self.unicode_classes = self.unicode_classes.saturating_add(unicode_classes);
        if self.unicode_classes > MAX_UNICODE_CLASSES {
            return Err(format!(
                "the regular expressions have more than {MAX_UNICODE_CLASSES} classes of Unicode in all"
            ));
        }
        let mut builder = RegexBuilder::new(&pattern);
        builder.case_insensitive(ignore_case);
        for size in SIZES {
            self.bytes = self.bytes.saturating_add(size);
            if self.bytes > MAX_ALL {
                return Err("the regular expressions are too large in all when they are compiled".to_owned());
            }
            match builder.size_limit(size).build() {
                Ok(regex) => return Ok(regex),
                Err(regex::Error::CompiledTooBig(_)) => {}
                // What the syntax tree does not show, such as a class of Unicode that there is not.
                Err(error) => {
                    let text = error.to_string();
                    let last = text.lines().last().unwrap_or_default();
                    return Err(invalid(last.strip_prefix("error: ").unwrap_or(last)));
                }
            }
        }
        Err("the regular expression is too large when it is compiled".to_owned())
    }
}

fn invalid(reason: impl std::fmt::Display) -> String {
    format!("the regular expression is not valid: {reason}")
}

/// The longest pattern, in bytes. It bounds what is built before the compiled size is known.
const MAX_PATTERN: usize = 4 * 1024;

/// The largest compiled pattern, in bytes: 1 MiB.
const MAX_ONE: usize = 1024 * 1024;

/// As much may all patterns of a policy take, estimated from above: 128 MiB.
const MAX_ALL: usize = 128 * 1024 * 1024;

/// As many classes of Unicode, such as `\pL`, may all patterns of a policy have: each takes a while to build.
const MAX_UNICODE_CLASSES: usize = 256;

/// Sizes that are tried in turn. What fits is counted as that large.
const SIZES: [usize; 4] = [4 * 1024, 32 * 1024, 256 * 1024, MAX_ONE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t44_patterns_are_bounded_one_by_one_and_in_all() {
        let mut regexes = Regexes::default();
        let too_large = "the regular expression is too large when it is compiled";
        assert_eq!(regexes.compile(r"(?:[a-z]{100}){1000}", false).unwrap_err(), too_large);
        assert!(regexes.compile(&"a".repeat(MAX_PATTERN + 1), false).is_err());
        // What is refused counts too: a policy of nothing else is read in a while.
        let refused = (0..1_000).find(|n| {
            let error = regexes.compile(&format!(r"{n}(?:[a-z]{{100}}){{1000}}"), false).unwrap_err();
            error != too_large
        });
        assert!(refused.is_some_and(|n| (50..150).contains(&n)), "{refused:?}");
        // What was compiled before, or refused, costs nothing more.
        assert_eq!(regexes.compile(r"(?:[a-z]{100}){1000}", false).unwrap_err(), too_large);
    }

    #[test]
    fn t44_classes_of_unicode_are_bounded() {
        let mut regexes = Regexes::default();
        assert!(regexes.compile(&r"\pL".repeat(10), true).is_ok());
        assert!(regexes.compile(&r"\pL".repeat(MAX_UNICODE_CLASSES), true).is_err());
        assert!(regexes.compile(&"[é-ü]".repeat(MAX_UNICODE_CLASSES), true).is_err());
    }

    #[test]
    fn t44_a_bad_pattern_is_an_error_with_its_reason() {
        let mut regexes = Regexes::default();
        for (pattern, reason) in [
            ("(", "unclosed group"),
            (r"(?=a)", "look-around, including look-ahead and look-behind, is not supported"),
            (r"(a)\1", "backreferences are not supported"),
            (r"\p{Klingon}", "Unicode property not found"),
        ] {
            let message = format!("the regular expression is not valid: {reason}");
            assert_eq!(regexes.compile(pattern, false).unwrap_err(), message);
        }
    }
}
