//! Regular expressions: compiled once each, and not larger in all than a policy may be.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use crate::policy::check::re2;

/// The regular expressions of one policy. Matching is linear in the argument whatever the pattern is, but the
/// factor is the size of the compiled pattern: so that is bounded, for one and for all.
#[derive(Debug, Default)]
pub(super) struct Regexes {
    compiled: HashMap<(String, bool), Regex>,
    used: usize,
}

/// The largest compiled pattern, in bytes: 10 MiB, as in the `regex` crate and in RE2.
const MAX_ONE: usize = 10 * 1024 * 1024;

/// As much may all patterns of a policy take: 128 MiB, estimated from above.
const MAX_ALL: usize = 128 * 1024 * 1024;

/// Sizes that are tried in turn. What fits is counted as that large.
const SIZES: [usize; 5] = [8 * 1024, 64 * 1024, 512 * 1024, 2 * 1024 * 1024, MAX_ONE];

impl Regexes {
    /// The compiled pattern, or one sentence that says why there is none.
    pub(super) fn compile(&mut self, pattern: &str, ignore_case: bool) -> Result<Regex, String> {
        let key = (pattern.to_owned(), ignore_case);
        if let Some(regex) = self.compiled.get(&key) {
            return Ok(regex.clone());
        }
        let translated = re2::translate(pattern)
            .map_err(|error| format!("the regular expression is not valid: {error}"))?;
        let mut builder = RegexBuilder::new(&translated);
        builder.case_insensitive(ignore_case);
        for size in SIZES {
            let used = self.used.saturating_add(size);
            if used > MAX_ALL {
                break;
            }
            match builder.size_limit(size).build() {
                Ok(regex) => {
                    self.used = used;
                    self.compiled.insert(key, regex.clone());
                    return Ok(regex);
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                // What the syntax tree does not show, such as a class of Unicode that there is not.
                Err(error) => {
                    let text = error.to_string();
                    let last = text.lines().last().unwrap_or_default();
                    let reason = last.strip_prefix("error: ").unwrap_or(last);
                    return Err(format!("the regular expression is not valid: {reason}"));
                }
            }
        }
        Err("the regular expression is too large when it is compiled".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t44_patterns_are_bounded_one_by_one_and_in_all() {
        let mut regexes = Regexes::default();
        let too_large = "the regular expression is too large when it is compiled";
        assert_eq!(regexes.compile(r"(?:\pL{100}){100}", false).unwrap_err(), too_large);
        let refused = (0..1_000).find(|n| regexes.compile(&format!(r"{n}\pL{{1,100}}"), false).is_err());
        assert!(refused.is_some_and(|n| n >= 10), "{refused:?}");
        // What is compiled already costs nothing more.
        assert!(regexes.compile(r"0\pL{1,100}", false).is_ok());
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
