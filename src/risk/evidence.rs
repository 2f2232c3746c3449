//! Evidence: what an assessment rests on.

use crate::names::names;
use crate::risk::Category;

/// One thing in a tool's definition that says what the tool can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    clue: Clue,
    part: Part,
    words: Box<str>,
    points_to: Option<Category>,
}

impl Evidence {
    /// What kind of thing it is.
    #[must_use]
    pub const fn clue(&self) -> Clue {
        self.clue
    }

    /// Where in the definition it stands.
    #[must_use]
    pub const fn part(&self) -> Part {
        self.part
    }

    /// The words of the definition that it rests on: of a parameter, its name, and behind a colon the value if it is one of
    /// several. They are the server's words: at most 80 characters, without control characters.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.words
    }

    /// The category that it speaks for; `None` if it speaks for none, and only for a signal or a severity.
    #[must_use]
    pub const fn points_to(&self) -> Option<Category> {
        self.points_to
    }

    pub(crate) fn new(clue: Clue, part: Part, words: &str, points_to: Option<Category>) -> Self {
        let words = words.chars().filter(|character| !character.is_control()).take(LONGEST).collect();
        Self { clue, part, words, points_to }
    }
}

/// How many characters of the definition a piece of evidence repeats.
const LONGEST: usize = 80;

names! {
    /// What kind of thing a piece of evidence is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum Clue {
        /// A value of a parameter that chooses what is done.
        Action = "action",
        /// What the server claims in the annotations.
        Annotation = "annotation",
        /// Nothing is known: at least write.
        Nothing = "nothing",
        /// A noun that says what it is done to: money, secrets, code.
        Object = "object",
        /// A parameter, by its name.
        Parameter = "parameter",
        /// What other tools of the server show.
        Sibling = "sibling",
        /// A verb.
        Verb = "verb",
        /// Words such as "read-only".
        Wording = "wording",
    }
}

names! {
    /// A part of a tool's definition.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum Part {
        /// `annotations`.
        Annotations = "annotations",
        /// `description`.
        Description = "description",
        /// `inputSchema`.
        InputSchema = "inputSchema",
        /// `name`.
        Name = "name",
        /// The other tools of the same server.
        Siblings = "siblings",
        /// `title`.
        Title = "title",
    }
}
