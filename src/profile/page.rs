//! What a page consists of, before it is Markdown or HTML.

use crate::risk::{Category, Severity};

/// A page.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// What kind of page it is.
    pub(super) kind: &'static str,
    /// What it is about, in the server's words.
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
pub(super) enum Block {
    /// How many tools there are of each category.
    Bar(Vec<(Category, usize)>),
    /// Names, each with what there is to say.
    Facts(Vec<(&'static str, Words)>),
    /// A grade, and what it stands for.
    Grade(char, Words),
    /// A heading of the second level.
    Heading(&'static str),
    Json(String),
    List(Vec<Words>),
    Paragraph(Words),
    /// A question with an answer.
    Question(Words, Words),
    /// What the server says, line breaks and all.
    Quote(String),
    Table(Table),
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Vec<Words>>,
}

/// Words of a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(pub(super) Vec<Word>);

#[derive(Clone, Debug)]
pub(super) enum Word {
    Category(Category),
    /// Code of ours.
    Code(String),
    Link {
        text: &'static str,
        address: &'static str,
    },
    /// What the server wrote.
    Server(String),
    Severity(Severity),
    Text(String),
}

impl Words {
    pub(super) fn text(self, text: impl Into<String>) -> Self {
        self.with(Word::Text(text.into()))
    }

    pub(super) fn server(self, words: &str) -> Self {
        self.with(Word::Server(words.to_owned()))
    }

    pub(super) fn category(self, category: Category) -> Self {
        self.with(Word::Category(category))
    }

    pub(super) fn severity(self, severity: Severity) -> Self {
        self.with(Word::Severity(severity))
    }

    pub(super) fn link(self, text: &'static str, address: &'static str) -> Self {
        self.with(Word::Link { text, address })
    }

    /// A text of ours in which code stands between backticks.
    pub(super) fn marked(mut self, text: &str) -> Self {
        for (index, part) in text.split('`').enumerate().filter(|(_, part)| !part.is_empty()) {
            let part = part.to_owned();
            self = self.with(if index % 2 == 1 { Word::Code(part) } else { Word::Text(part) });
        }
        self
    }

    /// Several, with `, ` between them.
    pub(super) fn list(mut self, parts: impl IntoIterator<Item = Self>) -> Self {
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                self = self.text(", ");
            }
            self.0.extend(part.0);
        }
        self
    }

    fn with(mut self, word: Word) -> Self {
        self.0.push(word);
        self
    }
}

/// Words that begin with a text of ours.
pub(super) fn text(text: impl Into<String>) -> Words {
    Words::default().text(text)
}

/// Words that begin with what the server wrote.
pub(super) fn server(words: &str) -> Words {
    Words::default().server(words)
}

/// A text of ours in which code stands between backticks.
pub(super) fn marked(text: &str) -> Words {
    Words::default().marked(text)
}
