//! Distinct texts, each kept once, behind one another.

use std::hash::{BuildHasher, Hash, RandomState};

use crate::risk::catalog::slots::Slots;

/// Texts with numbers, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Texts {
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
    slots: Slots,
    /// Its keys are random: nobody can choose names that share a hash.
    hasher: RandomState,
}

impl Texts {
    /// The number of a text that is kept from now on; `None` if there are more than 4 GiB.
    pub(super) fn keep(&mut self, text: &str) -> Option<u32> {
        if let Some(number) = self.number_of(text) {
            return Some(number);
        }
        let end = u32::try_from(self.text.len().checked_add(text.len())?).ok()?;
        self.text.push_str(text);
        self.ends.push(end);
        let Self { text, ends, slots, hasher } = self;
        slots.push(|number| hasher.hash_one(piece(text, ends, number)))
    }

    pub(super) fn number_of(&self, text: &str) -> Option<u32> {
        self.slots.find(self.hash(text), |number| self.get(number) == text)
    }

    pub(super) fn get(&self, number: u32) -> &str {
        piece(&self.text, &self.ends, number)
    }

    pub(super) fn hash(&self, thing: impl Hash) -> u64 {
        self.hasher.hash_one(thing)
    }

    /// Takes no more room than needed.
    pub(super) fn fit(&mut self) {
        let Self { text, ends, slots, hasher } = self;
        text.shrink_to_fit();
        ends.shrink_to_fit();
        slots.fit(|number| hasher.hash_one(piece(text, ends, number)));
    }
}

fn piece<'a>(text: &'a str, ends: &[u32], number: u32) -> &'a str {
    let offset = |end: &u32| usize::try_from(*end).ok();
    let range = || {
        let number = usize::try_from(number).ok()?;
        let start = number.checked_sub(1).map_or(Some(0), |before| ends.get(before).and_then(offset))?;
        Some(start..ends.get(number).and_then(offset)?)
    };
    range().and_then(|range| text.get(range)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_and_found_by_its_number() {
        let mut texts = Texts::default();
        let words = ["", "a", "ab", "a", "b", "", "é"];
        let numbers: Vec<_> = words.iter().map(|word| texts.keep(word).unwrap()).collect();
        assert_eq!(numbers, [0, 1, 2, 1, 3, 0, 4]);
        texts.fit();
        for (word, number) in words.iter().zip(numbers) {
            assert_eq!((texts.number_of(word), texts.get(number)), (Some(number), *word));
        }
        assert_eq!(texts.number_of("x"), None);
        assert_eq!(texts.get(9), "");
    }
}
