//! What a known risk bears on: tools of these categories, and tools with these signals.

use crate::risk::{Assessment, Category, Signal};

/// One row of a table of known risks.
pub(super) struct Row {
    pub(super) title: &'static str,
    pub(super) summary: &'static str,
    pub(super) source: &'static str,
    /// Tools of these categories, whatever they take.
    pub(super) categories: &'static [Category],
    /// Tools with one of these signals, whatever their category is.
    pub(super) signals: &'static [Signal],
}

impl Row {
    pub(super) fn bears_on(&self, assessment: &Assessment) -> bool {
        self.categories.contains(&assessment.category())
            || self.signals.iter().any(|signal| assessment.signals().contains(*signal))
    }
}

/// The accessors of a table, the same for each.
macro_rules! table {
    ($Name:ident) => {
        impl $Name {
            /// The title in the source.
            #[must_use]
            pub const fn title(self) -> &'static str {
                self.row().title
            }

            /// What it is, in one sentence of ours.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                self.row().summary
            }

            /// The address of the source.
            #[must_use]
            pub const fn source(self) -> &'static str {
                self.row().source
            }

            /// The categories of tools that it bears on, whatever they take.
            #[must_use]
            pub const fn categories(self) -> &'static [Category] {
                self.row().categories
            }

            /// The signals of tools that it bears on, whatever their category is.
            #[must_use]
            pub const fn signals(self) -> &'static [Signal] {
                self.row().signals
            }

            pub(super) fn of(assessment: &Assessment) -> impl Iterator<Item = Self> {
                Self::ALL.iter().copied().filter(|entry| entry.row().bears_on(assessment))
            }
        }
    };
}

pub(super) use table;

/// Every category: what comes from the definition of a tool, and not from what the tool does.
pub(super) const EVERY: &[Category] = Category::ALL;

/// Checks that the documentation of a table has a line for each row, as the row is.
#[cfg(test)]
pub(super) fn documented(source: &str, id: &str, row: &Row) {
    let words = |words: Vec<&str>| if words.is_empty() { "–".to_owned() } else { words.join(", ") };
    let categories = if row.categories == EVERY {
        "every".to_owned()
    } else {
        words(row.categories.iter().map(|category| category.as_str()).collect())
    };
    let signals = words(row.signals.iter().map(|signal| signal.as_str()).collect());
    let line = format!("/// | `{id}` | [{}]({}) | {categories} | {signals} |", row.title, row.source);
    assert!(source.contains(&line), "the documentation lacks\n{line}");
    assert!(row.source.starts_with("https://") && row.source.is_ascii(), "{id}");
    assert!(row.summary.ends_with('.') && !row.summary.trim_end_matches('.').contains(". "), "{id}");
}
