//! Conditions on one thing that exclude each other, or of which one always holds.

use std::collections::HashMap;

use serde_json::Value;

use crate::diagnostic::{DiagnosticCode, Place};
use crate::json::{excerpt, write_canonical};
use crate::path::Path;
use crate::policy::ClauseKind;
use crate::policy::document::{Clause, Comparison, Condition};
use crate::policy::warn::pairs::{Conflict, conflict, covering};
use crate::policy::warn::silence::Muted;
use crate::policy::warn::{Warner, Words};

/// A comparison, and where it stands: in a clause, or in the list that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) comparison: &'a Comparison,
    pub(super) clause: Option<usize>,
    pub(super) index: usize,
    muted: Muted,
}

impl Warner<'_, '_> {
    /// Clauses of a rule: those of `require` must hold together, of the others one is enough.
    pub(super) fn together(&mut self, clauses: &[Clause], kind: ClauseKind, muted: Muted, place: &Place<'_>) {
        if kind == ClauseKind::Require {
            let all: Vec<_> = clauses
                .iter()
                .enumerate()
                .flat_map(|(index, clause)| in_clause(clause, index, muted))
                .collect();
            self.exclude(&all, place);
            return;
        }
        for (index, clause) in clauses.iter().enumerate() {
            self.exclude(&in_clause(clause, index, muted), place);
        }
        let alone = clauses.iter().enumerate().filter(|(_, clause)| clause.conditions.len() == 1);
        let alone: Vec<_> = alone.flat_map(|(index, clause)| in_clause(clause, index, muted)).collect();
        self.cover(&alone, place);
    }

    pub(super) fn all_of(&mut self, conditions: &[Condition], muted: Muted, place: &Place<'_>) {
        self.exclude(&in_list(conditions, muted), place);
    }

    pub(super) fn any_of(&mut self, conditions: &[Condition], muted: Muted, place: &Place<'_>) {
        self.cover(&in_list(conditions, muted), place);
        // A part that stands alone and never holds.
        for part in in_list(conditions, muted) {
            self.exclude(&[part], place);
        }
    }

    /// Looks for two that never hold together, or one that never holds.
    fn exclude(&mut self, parts: &[Part<'_>], place: &Place<'_>) {
        for (path, parts) in by_path(parts) {
            let (first, second, several) = match conflict(&path, &parts) {
                Some(Conflict::Alone(part)) => (None, part, false),
                Some(Conflict::Pair(first, second)) => (Some(first), second, false),
                Some(Conflict::Several(first, second)) => (Some(first), second, true),
                None => continue,
            };
            self.say_at(DiagnosticCode::NeverHolds, second, place, |place| {
                let path = excerpt(&path.to_string());
                let second = described(second.comparison);
                let Some(first) = first else {
                    let help = "an operator holds of values of one type: compare with a value of that type";
                    return Words::new(format!("{second} never holds of `{path}`"), help);
                };
                let first_words = described(first.comparison);
                let message = if several {
                    format!("`{path}` is never all that is asked of it, with {first_words} and {second}")
                } else {
                    format!("`{path}` is never both {first_words} and {second}")
                };
                let help = "all of these must hold: write `{\"any\": [...]}` around them if one is enough";
                first.at(place, |at| Words::new(message, help).beside("the first is here", at))
            });
        }
    }

    /// Looks for some of which one always holds.
    fn cover(&mut self, parts: &[Part<'_>], place: &Place<'_>) {
        for (path, parts) in by_path(parts) {
            let Some((first, second)) = covering(&parts) else { continue };
            self.say_at(DiagnosticCode::AlwaysHolds, second, place, |place| {
                let message = format!(
                    "every `{}` is {} or {}",
                    excerpt(&path.to_string()),
                    described(first.comparison),
                    described(second.comparison)
                );
                let help =
                    "one of these is enough: write them beside each other in one clause if all must hold";
                first.at(place, |at| Words::new(message, help).beside("the first is here", at))
            });
        }
    }

    fn say_at(
        &mut self,
        code: DiagnosticCode,
        part: Part<'_>,
        list: &Place<'_>,
        words: impl FnOnce(&Place<'_>) -> Words,
    ) {
        part.at(list, |place| self.say(code, part.muted, place, || words(list)));
    }
}

impl Part<'_> {
    pub(super) fn is_before(&self, other: &Self) -> bool {
        (self.clause, self.index) <= (other.clause, other.index)
    }

    fn at<T>(&self, list: &Place<'_>, then: impl FnOnce(&Place<'_>) -> T) -> T {
        match self.clause {
            Some(clause) => {
                let clause = list.element(clause);
                let conditions = clause.member("conditions");
                then(&conditions.element(self.index))
            }
            None => then(&list.element(self.index)),
        }
    }
}

fn in_clause(clause: &Clause, index: usize, muted: Muted) -> Vec<Part<'_>> {
    let parts = in_list(&clause.conditions, muted.and(&clause.silence));
    parts.into_iter().map(|part| Part { clause: Some(index), ..part }).collect()
}

fn in_list(conditions: &[Condition], muted: Muted) -> Vec<Part<'_>> {
    let comparison = |(index, condition): (usize, &'_ Condition)| match condition {
        Condition::Compare(_) => Some(index),
        _ => None,
    };
    let indices: Vec<usize> = conditions.iter().enumerate().filter_map(comparison).collect();
    let part = |index: usize| match conditions.get(index) {
        Some(Condition::Compare(comparison)) => {
            Some(Part { comparison: comparison.as_ref(), clause: None, index, muted })
        }
        _ => None,
    };
    indices.into_iter().filter_map(part).collect()
}

/// Comparisons with a `value`, by what they look at. A path with `[*]` yields many values: what excludes each other may hold
/// of two of them. Where something stands in for an absent argument, only those with the same stand-in see the same value.
fn by_path<'a>(parts: &[Part<'a>]) -> Vec<(Path, Vec<Part<'a>>)> {
    let mut groups: HashMap<(Path, String), usize> = HashMap::new();
    let mut found: Vec<(Path, Vec<Part<'a>>)> = Vec::new();
    for part in parts {
        if part.comparison.value.is_none() {
            continue;
        }
        let Ok(path) = Path::parse(&part.comparison.path) else { continue };
        if path.is_multiple() {
            continue;
        }
        let stand_in = part.comparison.absent_as.as_ref().and_then(canonical).unwrap_or_default();
        let position = *groups.entry((path.clone(), stand_in)).or_insert(found.len());
        match found.get_mut(position) {
            Some((_, group)) => group.push(*part),
            None => found.push((path, vec![*part])),
        }
    }
    found
}

pub(super) fn canonical(value: &Value) -> Option<String> {
    let mut text = String::new();
    write_canonical(value.into(), &mut text)?;
    Some(text)
}

/// An operator and its value, as messages quote them.
fn described(comparison: &Comparison) -> String {
    let value = comparison.value.as_ref().map(Value::to_string).unwrap_or_default();
    format!("`{} {}`", comparison.op, excerpt(&value))
}
