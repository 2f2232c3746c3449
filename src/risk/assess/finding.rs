//! What has been found of a tool, until it becomes evidence.

use crate::risk::{Category, Clue, Evidence, Part};

/// A piece of evidence that borrows its words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding<'a> {
    pub(super) clue: Clue,
    pub(super) part: Part,
    pub(super) words: Words<'a>,
    pub(super) points_to: Option<Category>,
}

/// The words of a finding.
#[derive(Clone, Copy, Debug)]
pub(super) enum Words<'a> {
    One(&'a str),
    /// A parameter and its value, or a verb and its object.
    Two(&'a str, &'static str, &'a str),
}

impl<'a> Finding<'a> {
    pub(super) const fn new(clue: Clue, part: Part, words: &'a str, points_to: Option<Category>) -> Self {
        Self { clue, part, words: Words::One(words), points_to }
    }

    pub(super) fn into_evidence(self) -> Evidence {
        match self.words {
            Words::One(words) => Evidence::new(self.clue, self.part, words, self.points_to),
            Words::Two(first, between, second) => {
                let ends = [first, second]
                    .map(|text| text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default());
                let [first, second] = ends;
                let words = [first, between, second].concat();
                Evidence::new(self.clue, self.part, &words, self.points_to)
            }
        }
    }
}

/// How many bytes of either word are copied: evidence keeps fewer.
const LONGEST: usize = 320;
