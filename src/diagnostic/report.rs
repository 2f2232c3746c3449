//! Collecting diagnostics: all of them, each once, and not more than anybody reads.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::diagnostic::snippet::Snippet;
use crate::diagnostic::span::Lines;
use crate::diagnostic::{Diagnostic, Place};
use crate::json::{Node, NodeKind, pointer};

/// The diagnostics of one document.
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: Vec<Found>,
    omitted: usize,
    /// Places whose content could not be read. What is said about them has been said: the values that stand
    /// in for them are not looked at again.
    broken: BTreeSet<String>,
}

#[derive(Debug)]
struct Found {
    diagnostic: Diagnostic,
    /// Where it is, if the one who found it knew. Otherwise the pointer tells.
    range: Option<Range<usize>>,
    related_range: Option<Range<usize>>,
}

impl Report {
    /// As many are kept. The rest is counted, so that a hostile document costs no more than a bad one.
    pub(crate) const MAX_KEPT: usize = 100;

    /// Adds what is wrong with the text at a range. What is below the place is not looked at any more.
    pub(crate) fn broken(&mut self, diagnostic: Diagnostic, range: Range<usize>) {
        self.stand_in(diagnostic.pointer().to_owned());
        self.push(diagnostic, Some(range), None);
    }

    /// Adds what is wrong with the text at a range, and at a second one.
    pub(crate) fn add(
        &mut self,
        diagnostic: Diagnostic,
        range: Range<usize>,
        related_range: Option<Range<usize>>,
    ) {
        self.push(diagnostic, Some(range), related_range);
    }

    /// Adds that a member is missing from the object at a range. What stands in for it is not looked at.
    pub(crate) fn missing(&mut self, diagnostic: Diagnostic, range: Range<usize>, pointer: String) {
        self.stand_in(pointer);
        self.push(diagnostic, Some(range), None);
    }

    /// What is at a place only stands in for something, and that has been said.
    pub(crate) fn stand_in(&mut self, pointer: String) {
        if self.broken.len() < Self::MAX_KEPT {
            self.broken.insert(pointer);
        }
    }

    /// Adds what is wrong with a value that was read, unless that value only stands in for one that was not,
    /// or the same has been said when it was read.
    pub(crate) fn check(&mut self, diagnostic: Diagnostic) {
        let is_same = |found: &Found| found.diagnostic == diagnostic;
        if !self.is_broken(diagnostic.pointer()) && !self.found.iter().any(is_same) {
            self.push(diagnostic, None, None);
        }
    }

    /// Whether anything at, above or below this place could not be read.
    pub(crate) fn is_incomplete(&self, place: &Place<'_>) -> bool {
        if self.broken.is_empty() {
            return false;
        }
        let pointer = place.to_string();
        let below = format!("{pointer}/");
        self.is_broken(&pointer)
            || self.broken.range(below.clone()..).next().is_some_and(|first| first.starts_with(&below))
    }

    /// Counts one more thing that is wrong, if nobody would read about it any more. Ask before what is costly
    /// to say.
    pub(crate) fn omit(&mut self) -> bool {
        let full = self.found.len() >= Self::MAX_KEPT;
        if full {
            self.omitted = self.omitted.saturating_add(1);
        }
        full
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty() && self.omitted == 0
    }

    /// The diagnostics, and how many more there were; where there is a text, with their places in it and in
    /// its order.
    pub(crate) fn finish(mut self, source: Option<(&str, &Node)>) -> (Vec<Diagnostic>, usize) {
        let Some((text, root)) = source else {
            return self.into_diagnostics();
        };
        for Found { diagnostic, range, related_range } in &mut self.found {
            range.get_or_insert_with(|| locate(root, &diagnostic.pointer));
            if let Some(related) = &diagnostic.related {
                related_range.get_or_insert_with(|| locate(root, &related.pointer));
            }
        }
        self.finish_text(text)
    }

    /// The diagnostics of a text that has no tree.
    pub(crate) fn finish_text(mut self, text: &str) -> (Vec<Diagnostic>, usize) {
        let lines = Lines::new(text);
        for Found { diagnostic, range, related_range } in &mut self.found {
            diagnostic.span = range.as_ref().map(|range| lines.span(range));
            diagnostic.snippet = range.as_ref().map(|range| Snippet::of(text, range));
            if let Some(related) = &mut diagnostic.related {
                related.span = related_range.as_ref().map(|range| lines.span(range));
                related.snippet = related_range.as_ref().map(|range| Snippet::of(text, range));
            }
        }
        self.found.sort_by_key(|found| found.range.as_ref().map(|range| range.start));
        self.into_diagnostics()
    }

    fn into_diagnostics(self) -> (Vec<Diagnostic>, usize) {
        (self.found.into_iter().map(|found| found.diagnostic).collect(), self.omitted)
    }

    fn push(&mut self, diagnostic: Diagnostic, range: Option<Range<usize>>, related: Option<Range<usize>>) {
        if !self.omit() {
            self.found.push(Found { diagnostic, range, related_range: related });
        }
    }

    fn is_broken(&self, pointer: &str) -> bool {
        if self.broken.is_empty() {
            return false;
        }
        let slashes = pointer.match_indices('/').map(|(offset, _)| offset);
        let mut above = slashes.chain(std::iter::once(pointer.len()));
        above.any(|end| pointer.get(..end).is_some_and(|above| self.broken.contains(above)))
    }
}

/// The text of the value that a pointer leads to, or of the nearest one above it that is there.
fn locate(root: &Node, pointer: &str) -> Range<usize> {
    let mut node = root;
    for token in pointer.split('/').skip(1) {
        let next = match &node.kind {
            NodeKind::Array(elements) => token.parse::<usize>().ok().and_then(|index| elements.get(index)),
            NodeKind::Object(members) => {
                let key = pointer::read_token(token).unwrap_or_default();
                // Of several members with one key the last is read, and all but the first are reported.
                members.iter().rev().find(|member| member.key == key).map(|member| &member.value)
            }
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node.span.clone()
}
