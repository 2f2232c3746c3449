//! Patterns that never matter.

use std::collections::HashMap;

use crate::diagnostic::{DiagnosticCode, Place};
use crate::json::excerpt;
use crate::pattern::Pattern;
use crate::policy::document::PolicyDocument;
use crate::policy::warn::silence::Muted;
use crate::policy::warn::{Warner, Words};

impl Warner<'_, '_> {
    pub(super) fn patterns(&mut self, document: &PolicyDocument, muted: Muted) {
        let root = Place::Document;
        let hide = root.member("hide");
        let covers = Covers::of(&document.hide);
        let mut budget = MAX_WORK;
        for (index, text) in document.hide.iter().enumerate() {
            if let Some(other) = covers.find(text, Some(index), &mut budget) {
                self.say(DiagnosticCode::Shadowed, muted, &hide.element(index), || {
                    let other_text = document.hide.get(other).map_or("", String::as_str);
                    let message = if other_text == text {
                        format!("`{}` stands here twice", excerpt(text))
                    } else {
                        format!("`{}` hides all that `{}` does", excerpt(other_text), excerpt(text))
                    };
                    Words::new(message, "leave one of them out").beside("hidden here", &hide.element(other))
                });
            }
        }
        let tools = root.member("tools");
        for (name, rule) in &document.tools {
            if let Some(other) = covers.find(name, None, &mut budget) {
                let muted = muted.and(&rule.silence);
                self.say(DiagnosticCode::HiddenRule, muted, &tools.member(name), || {
                    let name = excerpt(name);
                    let help = "leave the rule out, or hide less";
                    Words::new(format!("`{name}` is hidden: its rule is never looked at"), help)
                        .beside("hidden here", &hide.element(other))
                });
            }
        }
        let rules = document.tools.iter().map(|(name, rule)| (name.as_str(), muted.and(&rule.silence)));
        self.ordered(rules, &tools);
        let classify = document.classify.keys().map(|name| (name.as_str(), muted));
        self.ordered(classify, &root.member("classify"));
    }

    /// Patterns of which the one with the most literal characters counts. One that is shadowed has as many as
    /// the one that shadows it, and the same: without its stars a pattern fits itself, and so must the other. The keys
    /// come sorted by bytes, so the other one comes before it.
    fn ordered<'k>(&mut self, keys: impl Iterator<Item = (&'k str, Muted)>, place: &Place<'_>) {
        let mut by_literals: HashMap<String, Vec<Pattern>> = HashMap::new();
        for (key, muted) in keys.filter(|(key, _)| key.contains('*')) {
            let literals = key.replace('*', "");
            if literals.len() > 128 || !literals.bytes().all(|byte| byte.is_ascii_graphic()) {
                self.say(DiagnosticCode::Unmatchable, muted, &place.member(key), || {
                    let message = format!("no name of a tool fits the pattern `{}`", excerpt(key));
                    let help =
                        "patterns fit names of 1 to 128 visible ASCII characters: write another name exactly";
                    Words::new(message, help)
                });
                continue;
            }
            let before = by_literals.entry(literals).or_default();
            if let Some(other) = before.iter().find(|other| other.matches(key)) {
                self.say(DiagnosticCode::Shadowed, muted, &place.member(key), || {
                    let message = format!(
                        "`{}` is never used: `{}` fits all of its names and comes first",
                        excerpt(key),
                        excerpt(other.text())
                    );
                    Words::new(message, "leave one of them out")
                        .beside("used instead", &place.member(other.text()))
                });
            } else if before.len() < MAX_ALIKE {
                before.push(Pattern::new(key));
            }
        }
    }
}

/// So many patterns that differ by their stars alone are compared with one another.
const MAX_ALIKE: usize = 16;

/// What comparing the patterns of `hide` may cost in all, in bytes looked at.
const MAX_WORK: usize = 16 * 1024 * 1024;

/// So much of a pattern is indexed.
const MAX_PREFIX: usize = 32;

/// Patterns by how they begin, to find one that covers another.
struct Covers<'a> {
    by_prefix: HashMap<&'a [u8], Vec<(usize, Pattern)>>,
    exact: HashMap<&'a str, usize>,
}

impl<'a> Covers<'a> {
    fn of(texts: &'a [String]) -> Self {
        let mut by_prefix: HashMap<&[u8], Vec<_>> = HashMap::new();
        let mut exact = HashMap::new();
        for (index, text) in texts.iter().enumerate() {
            exact.entry(text.as_str()).or_insert(index);
            if let Some((prefix, _)) = text.split_once('*') {
                let prefix = prefix.as_bytes();
                let prefix = prefix.get(..MAX_PREFIX).unwrap_or(prefix);
                by_prefix.entry(prefix).or_default().push((index, Pattern::new(text)));
            }
        }
        Self { by_prefix, exact }
    }

    /// The first pattern that fits every name that another fits: `*` in that one stands for what only a `*` fits. Of
    /// two that fit the same names, the first covers the second.
    fn find(&self, text: &str, own: Option<usize>, budget: &mut usize) -> Option<usize> {
        let same = self.exact.get(text).copied();
        if let Some(same) = same.filter(|same| own.is_none_or(|own| *same < own)) {
            return Some(same);
        }
        let bytes = text.as_bytes();
        let mut found: Option<usize> = None;
        for end in 0..=bytes.len().min(MAX_PREFIX) {
            for (index, pattern) in
                bytes.get(..end).and_then(|prefix| self.by_prefix.get(prefix)).into_iter().flatten()
            {
                *budget = budget.checked_sub(bytes.len().saturating_add(pattern.text().len()))?;
                if Some(*index) == own || found.is_some_and(|found| found < *index) || !pattern.matches(text)
                {
                    continue;
                }
                let both = own.is_some() && Pattern::new(text).matches(pattern.text());
                if !both || own.is_some_and(|own| *index < own) {
                    found = Some(*index);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covering(texts: &[&str]) -> Vec<Option<usize>> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let covers = Covers::of(&texts);
        texts
            .iter()
            .enumerate()
            .map(|(own, text)| covers.find(text, Some(own), &mut MAX_WORK.clone()))
            .collect()
    }

    #[test]
    fn a_pattern_covers_what_its_stars_fit() {
        assert_eq!(covering(&["delete_*", "delete_flow"]), [None, Some(0)]);
        assert_eq!(covering(&["delete_flow", "delete_*"]), [Some(1), None]);
        assert_eq!(covering(&["a*", "a**", "a*"]), [None, Some(0), Some(0)]);
        assert_eq!(covering(&["*a*", "a*", "*a", "b*"]), [None, Some(0), Some(0), None]);
        assert_eq!(covering(&["a*b", "a*c*b"]), [None, Some(0)]);
        assert_eq!(covering(&["a*b*", "a*b"]), [None, Some(0)]);
        assert_eq!(covering(&["a*b", "ab*"]), [None, None]);
        let long = "x".repeat(100);
        assert_eq!(covering(&[&format!("{long}*"), &format!("{long}y")]), [None, Some(0)]);
    }
}
