//! Reading the text of a lexicon.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::risk::Category;
use crate::risk::lexicon::LONGEST_PHRASE;
use crate::risk::lexicon::word::{Key, Role, Roles};

/// What the text says of a word.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Definition {
    pub(super) verb: Option<Category>,
    pub(super) roles: Roles,
}

/// What is wrong with the text of a lexicon, and in which line.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {mistake}")]
pub struct LexiconError {
    line: usize,
    mistake: Mistake,
}

impl LexiconError {
    /// The line, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }
}

/// The definitions in some texts, by word. A line is counted within its text.
pub(super) fn definitions(texts: &[&str]) -> Result<BTreeMap<Box<str>, Definition>, LexiconError> {
    let mut definitions = BTreeMap::new();
    for text in texts {
        let mut section = None;
        for (line, number) in text.lines().zip(1..) {
            let mistake = |mistake| LexiconError { line: number, mistake };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                let found = Section::from_name(name).ok_or_else(|| Mistake::Section(name.into()));
                section = Some(found.map_err(mistake)?);
                continue;
            }
            let section = section.ok_or_else(|| mistake(Mistake::NoSection))?;
            for word in line.split_ascii_whitespace() {
                section.define(word, &mut definitions).map_err(mistake)?;
            }
        }
    }
    Ok(definitions)
}

#[derive(Clone, Copy)]
enum Section {
    Role(Role),
    VerbNouns(Category),
    Verbs(Category),
}

impl Section {
    fn from_name(name: &str) -> Option<Self> {
        let category = |prefix| name.strip_prefix(prefix).and_then(Category::from_name);
        let is_named = |(section, _): &&(&str, Role)| !section.is_empty() && *section == name;
        let role = || Role::SECTIONS.iter().find(is_named).map(|(_, role)| *role);
        category("verbs ")
            .map(Self::Verbs)
            .or_else(|| category("verb-nouns ").map(Self::VerbNouns))
            .or_else(|| role().map(Self::Role))
    }

    fn define(self, word: &str, definitions: &mut BTreeMap<Box<str>, Definition>) -> Result<(), Mistake> {
        let parts = word.split('-').map(Key::of).take_while(Option::is_some).count();
        if parts != word.split('-').count() || parts > LONGEST_PHRASE {
            return Err(Mistake::Word(word.into()));
        }
        let definition = definitions.entry(word.into()).or_insert_with(Definition::default);
        match self {
            Self::Role(role) => definition.roles.insert(role),
            Self::VerbNouns(category) | Self::Verbs(category) => {
                if definition.verb.replace(category).is_some() {
                    return Err(Mistake::Twice(word.into()));
                }
                if matches!(self, Self::VerbNouns(_)) {
                    definition.roles.insert(Role::Noun);
                }
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Error, PartialEq, Eq)]
enum Mistake {
    #[error("a word stands before the first section, such as `[verbs read]`")]
    NoSection,
    #[error("`[{0}]` is not a section of a lexicon")]
    Section(Box<str>),
    #[error("`{0}` stands in two sections of verbs")]
    Twice(Box<str>),
    #[error(
        "`{0}` is not a word: 1 to {longest} lower-case letters, or up to {LONGEST_PHRASE} such words with hyphens",
        longest = Key::LONGEST
    )]
    Word(Box<str>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        definitions(&[text]).err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        assert_eq!(
            error("# a comment\nget"),
            "line 2: a word stands before the first section, such as `[verbs read]`"
        );
        assert_eq!(error("[verbs delete]"), "line 1: `[verbs delete]` is not a section of a lexicon");
        assert_eq!(error("[]"), "line 1: `[]` is not a section of a lexicon");
        assert_eq!(
            error("[verbs read]\nget\n[verbs write]\nset get"),
            "line 4: `get` stands in two sections of verbs"
        );
        for word in ["Delete", "a--b", "-", "a-b-c-d-e", "abcdefghijklmnopq", "löschen", "a1"] {
            assert_eq!(
                error(&format!("[verbs read]\n{word}")),
                format!(
                    "line 2: `{word}` is not a word: 1 to 16 lower-case letters, or up to 4 such words with hyphens"
                )
            );
        }
        assert_eq!(error("[verbs read]\nget list\n\n[objects money]\nget"), "");
    }
}
