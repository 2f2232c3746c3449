//! Patterns of tool names.

use std::cmp::Ordering;
use std::collections::HashMap;

/// A pattern of tool names: `*` stands for any run of characters, also none, and nothing else is special.
///
/// Names are compared byte for byte: no case is folded and nothing is normalized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    text: Box<str>,
    /// The number of characters that are not `*`.
    literals: usize,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into(), literals: text.chars().filter(|character| *character != '*').count() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Which of two is tried first: the one with more literal characters, else the one that sorts first by bytes.
    fn cmp_tried(&self, other: &Self) -> Ordering {
        other.literals.cmp(&self.literals).then_with(|| self.text.cmp(&other.text))
    }

    /// Whether the whole name fits. Linear in the name and the pattern.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let Some((prefix, rest)) = self.text.split_once('*') else {
            return &*self.text == name;
        };
        let Some(mut name) = name.strip_prefix(prefix) else {
            return false;
        };
        let (middle, suffix) = rest.rsplit_once('*').unwrap_or(("", rest));
        match name.strip_suffix(suffix) {
            Some(before) => name = before,
            None => return false,
        }
        // The leftmost place for each piece leaves the most for the pieces after it.
        middle.split('*').all(|piece| match name.split_once(piece) {
            _ if piece.is_empty() => true,
            Some((_, after)) => {
                name = after;
                true
            }
            None => false,
        })
    }
}

/// Whether a name is 1 to 128 visible ASCII characters. Any other is matched by no pattern of a rule.
pub(crate) fn is_visible_ascii(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Things by tool name or pattern, with the order of the language: the exact name, else the pattern with the
/// most literal characters, else, of two with equally many, the one that sorts first by bytes.
#[derive(Clone, Debug)]
pub(crate) struct PatternMap<T> {
    exact: HashMap<Box<str>, T>,
    /// INVARIANT: in the order in which they are tried.
    patterns: Vec<(Pattern, T)>,
}

impl<T> PatternMap<T> {
    /// What an exact key says, and no pattern.
    pub(crate) fn exact(&self, name: &str) -> Option<&T> {
        self.exact.get(name)
    }

    /// Says something for a name or a pattern; what was said for it before comes back.
    pub(crate) fn insert(&mut self, key: &str, thing: T) -> Option<T> {
        if !key.contains('*') {
            return self.exact.insert(key.into(), thing);
        }
        let pattern = Pattern::new(key);
        match self.patterns.binary_search_by(|(known, _)| known.cmp_tried(&pattern)) {
            Ok(index) => self.patterns.get_mut(index).map(|(_, known)| std::mem::replace(known, thing)),
            Err(index) => {
                self.patterns.insert(index, (pattern, thing));
                None
            }
        }
    }

    /// Takes back what was said for a name or a pattern.
    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        if !key.contains('*') {
            return self.exact.remove(key);
        }
        let index = self.patterns.iter().position(|(pattern, _)| pattern.text() == key)?;
        Some(self.patterns.remove(index).1)
    }

    /// Every name and pattern with what is said for it, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let exact = self.exact.iter().map(|(name, thing)| (&**name, thing));
        exact.chain(self.patterns.iter().map(|(pattern, thing)| (pattern.text(), thing)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty()
    }

    /// What is said for a tool. A name that is not visible ASCII is matched by its exact key alone.
    pub(crate) fn find(&self, name: &str) -> Option<&T> {
        self.exact(name).or_else(|| {
            if !is_visible_ascii(name) {
                return None;
            }
            self.patterns.iter().find(|(pattern, _)| pattern.matches(name)).map(|(_, thing)| thing)
        })
    }
}

/// Nothing is said for any tool.
impl<T> Default for PatternMap<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), patterns: Vec::new() }
    }
}

impl<K: AsRef<str>, T> FromIterator<(K, T)> for PatternMap<T> {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(entries: I) -> Self {
        let mut exact = HashMap::new();
        let mut patterns = Vec::new();
        for (key, thing) in entries {
            let key = key.as_ref();
            if key.contains('*') {
                patterns.push((Pattern::new(key), thing));
            } else {
                exact.insert(key.into(), thing);
            }
        }
        patterns.sort_by(|(a, _), (b, _)| a.cmp_tried(b));
        Self { exact, patterns }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::new(pattern).matches(name)
    }

    #[test]
    fn a_star_is_any_run_also_none() {
        for (pattern, names) in [
            ("delete_*", ["delete_flow", "delete_", "delete_*"]),
            ("*", ["", "a", "\u{e9}"]),
            ("a*a", ["aa", "aba", "a*a"]),
            ("*a*b*", ["ab", "xaxbx", "aab"]),
            ("a**b", ["ab", "axb", "a*b"]),
        ] {
            for name in names {
                assert!(matches(pattern, name), "{pattern} {name}");
            }
        }
        for (pattern, name) in [
            ("a*a", "a"),
            ("*ab*ab", "ab"),
            ("a*b*c", "acb"),
            ("", "a"),
            ("a", ""),
            ("a?", "ab"),
            ("[a]*", "a"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn t17_names_that_only_look_alike_do_not_match() {
        for name in [
            "Delete_File",
            "delete_file ",
            " delete_file",
            "delete\0_file",
            "d\u{435}lete_file",
            "\u{ff44}elete_file",
            "delete_file\u{200b}",
            "",
        ] {
            assert!(!matches("delete_file", name), "{name:?}");
            let map: PatternMap<()> = [("delete_file", ())].into_iter().collect();
            assert!(map.find(name).is_none(), "{name:?}");
        }
        let any: PatternMap<()> = [("*", ()), ("e\u{301}", ())].into_iter().collect();
        for name in ["", "delete_file ", "\u{e9}", "a\nb", "a\u{7f}", &"x".repeat(129)] {
            assert!(any.find(name).is_none(), "{name:?}");
        }
        assert!(any.find("e\u{301}").is_some());
        assert!(any.find(&"x".repeat(128)).is_some());
    }

    #[test]
    fn the_most_literal_pattern_is_found_first() {
        let keys = ["*", "get_*", "get_secret*", "get_secret_names", "*_get_secret", "b*", "a*", "*a"];
        let map: PatternMap<&str> = keys.into_iter().map(|key| (key, key)).collect();
        for (name, key) in [
            ("get_secret_names", "get_secret_names"),
            ("get_secret_x", "get_secret*"),
            ("get_x", "get_*"),
            ("x", "*"),
            ("aa", "*a"),
            ("ba", "*a"),
            ("bx", "b*"),
            ("ax", "a*"),
        ] {
            assert_eq!(map.find(name), Some(&key), "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_inserted_is_found_as_if_it_had_been_there(
            keys in prop::collection::vec("[ab*]{0,4}", 0..8), removed in "[ab*]{0,4}", name in "[ab]{1,5}"
        ) {
            let mut map = PatternMap::default();
            for (index, key) in keys.iter().enumerate() {
                let before = keys[..index].iter().rposition(|earlier| earlier == key);
                prop_assert_eq!(map.insert(key, index), before);
            }
            let last: HashMap<&String, usize> = keys.iter().enumerate().map(|(index, key)| (key, index)).collect();
            let whole: PatternMap<usize> = last.iter().map(|(key, index)| (key, *index)).collect();
            prop_assert_eq!(map.find(&name), whole.find(&name));
            prop_assert_eq!(map.iter().count(), last.len());
            prop_assert_eq!(map.remove(&removed), last.get(&removed).copied());
            prop_assert_eq!(map.remove(&removed), None);
        }

        #[test]
        fn matching_agrees_with_a_regular_expression(pattern in "[ab*]{0,8}", name in "[ab]{0,10}") {
            let regex = format!("^(?s:{})$", regex::escape(&pattern).replace(r"\*", ".*"));
            prop_assert_eq!(matches(&pattern, &name), regex::Regex::new(&regex).unwrap().is_match(&name));
        }
    }
}
