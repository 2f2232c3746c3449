//! Names of tools and counters, as a policy can write them.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::json::is_invisible;
use crate::policy::MAX_KEY_BYTES;

/// Whether a rule can be for exactly this name, and a person can tell it from others.
pub(super) fn can_be_written(name: &str) -> bool {
    can_be_hidden(name) && name.chars().count() <= LONGEST && !name.chars().any(is_invisible)
}

/// Whether `hide` can name exactly this name. What is not shown can be hidden all the same.
pub(super) fn can_be_hidden(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_KEY_BYTES && !name.contains('*')
}

/// The names of counters, each for one tool.
#[derive(Debug, Default)]
pub(super) struct Counters {
    taken: HashSet<String>,
}

impl Counters {
    /// `<tool>_rate`, or something like it where that is too long or taken.
    pub(super) fn name(&mut self, tool: &str) -> String {
        let short = format!("{tool}{RATE}");
        let base = if short.chars().count() <= LONGEST { short } else { shortened(tool) };
        let mut name = base.clone();
        let mut number = 2_u64;
        while !self.taken.insert(name.clone()) {
            let kept: String = base.chars().take(KEPT).collect();
            name = format!("{kept}_{number}");
            number = number.saturating_add(1);
        }
        name
    }
}

/// The beginning of the tool's name, and enough of its hash to tell it from others that begin alike.
fn shortened(tool: &str) -> String {
    let digest = Sha256::digest(tool.as_bytes());
    let hash = digest.iter().take(6).fold(0_u64, |hash, byte| (hash << 8) | u64::from(*byte));
    let start: String = tool.chars().take(KEPT).collect();
    format!("{start}_{hash:012x}{RATE}")
}

const RATE: &str = "_rate";
/// The most characters of the name of a counter, and of a tool that can be called by more than its exact name.
const LONGEST: usize = 128;
/// As much is kept of a name that must be made shorter, or that a number comes behind.
const KEPT: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_named_after_their_tools_and_never_shared() {
        let mut counters = Counters::default();
        assert_eq!(counters.name("restart_execution"), "restart_execution_rate");
        assert_eq!(counters.name("restart_execution"), "restart_execution_rate_2");
        assert_eq!(counters.name("restart_execution"), "restart_execution_rate_3");
        let long = "x".repeat(128);
        let names = [counters.name(&long), counters.name(&long), counters.name(&"x".repeat(127))];
        assert!(names.iter().all(|name| name.chars().count() <= LONGEST), "{names:?}");
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 3);
    }

    #[test]
    fn a_name_that_would_be_a_pattern_or_cannot_be_seen_is_not_written() {
        for name in [
            "",
            "get_*",
            "a\u{200b}b",
            "a\nb",
            "\u{202e}daer",
            "get_\u{ad}flows",
            "list_\u{e0041}",
            &"x".repeat(129),
        ] {
            assert!(!can_be_written(name), "{name:?}");
        }
        for name in ["a", "größe", "a b", &"x".repeat(128)] {
            assert!(can_be_written(name), "{name:?}");
        }
        assert!(can_be_hidden("a\u{200b}b") && !can_be_hidden("a*") && !can_be_hidden(""));
    }
}
