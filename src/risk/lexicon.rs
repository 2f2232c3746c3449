//! The lexicon: the words that say what a tool does.

mod inflect;
mod read;
mod word;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::LazyLock;

use crate::risk::words::Token;

pub(crate) use read::Definition;
pub use read::LexiconError;
pub(crate) use word::{Form, Key, Role, Roles, Word};

/// The words that say what a tool does: verbs with their categories, nouns that change what a verb means, names of
/// parameters.
///
/// It is data. [`Lexicon::builtin`] is read from the text files in `src/risk/lexicon/`, whose format
/// [`Lexicon::extended`] reads too:
///
/// ```
/// use mcp_policy::risk::{Category, Lexicon, Tool};
///
/// let tool = Tool::new("yeet_order");
/// assert_eq!(Lexicon::builtin().assess(&tool).category(), Category::Write, "nothing is known of it");
///
/// let lexicon = Lexicon::builtin().extended("[verbs destructive]\nyeet\n")?;
/// assert_eq!(lexicon.assess(&tool).category(), Category::Destructive);
/// # Ok::<(), mcp_policy::risk::LexiconError>(())
/// ```
#[derive(Clone)]
pub struct Lexicon {
    definitions: BTreeMap<Box<str>, Definition>,
    words: HashMap<Key, Word, word::BuildKeyHasher>,
}

impl Lexicon {
    /// The words that this crate knows.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// These words and more. What the text says of a word replaces what was known of it.
    ///
    /// The text is lines. `# …` is a comment. `[verbs destructive]` begins a section: `verbs` and `verb-nouns` of a
    /// category (a verb-noun is a verb only where a verb stands: "run" in `run_job`, not in `list_runs`), `objects`,
    /// `parameters` and `words` as in the built-in files. Below it stand words in lower case, in their base form, with
    /// blanks between them. A hyphen joins the words of a phrase: `dry-run`. A word may stand in several sections, but
    /// in one of verbs only.
    ///
    /// # Errors
    ///
    /// [`LexiconError`] for the first line that is wrong: `[verbs delete]` is no section, and `Delete` no word.
    pub fn extended(&self, text: &str) -> Result<Self, LexiconError> {
        let mut definitions = self.definitions.clone();
        definitions.extend(read::definitions(&[text])?);
        Ok(Self::of(definitions))
    }

    fn of(definitions: BTreeMap<Box<str>, Definition>) -> Self {
        Self { words: inflect::all_forms(&definitions), definitions }
    }

    /// The word or phrase that begins with the first of these tokens, and how many tokens it has, one at least.
    pub(crate) fn find(&self, tokens: &[Token]) -> (Word, usize) {
        let Some((first, rest)) = tokens.split_first() else { return (Word::default(), 1) };
        let Some(mut key) = first.key else { return (Word::default(), 1) };
        let Some(&word) = self.words.get(&key) else { return (Word::default(), 1) };
        let mut found = (word, 1);
        if word.is(Role::BeginsPhrase) {
            for (token, length) in rest.iter().zip(2..=LONGEST_PHRASE) {
                if token.gap > crate::risk::words::Gap::Space {
                    break;
                }
                let Some(next) = token.key else { break };
                key = key.then(next);
                if let Some(&phrase) = self.words.get(&key) {
                    found = (phrase, length);
                }
            }
        }
        found
    }

    /// What a word says that stands alone.
    pub(crate) fn word(&self, key: Key) -> Option<Word> {
        self.words.get(&key).copied()
    }
}

impl fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lexicon").field("words", &self.definitions.len()).finish_non_exhaustive()
    }
}

/// How many words a phrase can have.
const LONGEST_PHRASE: usize = 4;

/// A file that cannot be read leaves no words, and then every tool is unknown: at least write. A test reads them.
static BUILTIN: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::of(read::definitions(&FILES).unwrap_or_default()));

const FILES: [&str; 3] = [
    include_str!("lexicon/verbs.txt"),
    include_str!("lexicon/objects.txt"),
    include_str!("lexicon/parameters.txt"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::{Category, words::words};

    fn find(text: &str) -> (Word, usize) {
        let tokens: Vec<Token> = words(text).collect();
        Lexicon::builtin().find(&tokens)
    }

    #[test]
    fn the_files_of_the_crate_are_right() {
        assert_eq!(read::definitions(&FILES).err(), None);
        assert!(Lexicon::builtin().definitions.len() > 1_000);
    }

    #[test]
    fn a_phrase_is_found_however_its_words_are_joined() {
        for name in ["dry_run", "dryRun", "dry-run", "dry run", "dryrun"] {
            assert_eq!(find(name).0.verb, Some(Category::Read), "{name}");
        }
        assert_eq!(find("dry, run").0.verb, None);
        assert_eq!(find("cannot be undone").1, 3);
    }

    #[test]
    fn forms_are_found() {
        assert_eq!(find("creates").0.form, Form::WithS);
        assert_eq!(find("copies").0.form, Form::WithS);
        assert_eq!(find("stopping").0.form, Form::Gerund);
        assert_eq!(find("deleted").0.form, Form::Participle);
        assert!(find("secrets").0.is(Role::Secret));
        assert!(find("api keys").0.is(Role::Secret));
    }
}
