//! Clauses and conditions, one by one.

use std::collections::HashSet;

use serde_json::Value;

use crate::diagnostic::{DiagnosticCode, Place};
use crate::json::excerpt;
use crate::path::Path;
use crate::policy::ClauseKind;
use crate::policy::document::{Clause, Comparison, Condition, Operator};
use crate::policy::warn::anchors::{Openings, openings};
use crate::policy::warn::domains::impossible;
use crate::policy::warn::silence::Muted;
use crate::policy::warn::{Warner, Words};

/// The lists of clauses that a rule and `all_tools` have.
pub(super) struct Lists<'a> {
    pub(super) require: &'a [Clause],
    pub(super) deny_if: &'a [Clause],
    pub(super) approve_if: &'a [Clause],
}

/// What clauses of `require` ask of arguments.
#[derive(Debug, Default)]
pub(super) struct Required {
    /// Arguments that must be one of certain values, by their path in one spelling.
    pub(super) bounded: HashSet<String>,
    /// Arguments that clauses speak of: if one is absent, the call is denied, or the author thought of it.
    spoken_of: HashSet<Path>,
}

impl Required {
    pub(super) fn of(clauses: &[Clause]) -> Self {
        let mut required = Self::default();
        for condition in clauses.iter().flat_map(|clause| &clause.conditions) {
            looked_at(condition, |_| true, &mut required.spoken_of);
            let Condition::Compare(comparison) = condition else { continue };
            let Ok(path) = Path::parse(&comparison.path) else { continue };
            let is_fixed = matches!(comparison.op, Operator::Eq | Operator::In) && comparison.value.is_some();
            if is_fixed && !path.is_multiple() {
                required.bounded.insert(path.to_string());
            }
        }
        required
    }
}

/// What is known on the way to a condition.
#[derive(Clone, Copy)]
struct Way<'w> {
    kind: ClauseKind,
    negated: bool,
    muted: Muted,
    /// Arguments whose absence the author thought of; none where absence is not looked at.
    thought_of: Option<&'w [&'w HashSet<Path>]>,
}

impl<'a> Warner<'a, '_> {
    /// The clauses of a rule, or of `all_tools`, which has no `required`.
    pub(super) fn lists(
        &mut self,
        lists: &Lists<'a>,
        required: Option<&[&Required; 2]>,
        muted: Muted,
        place: &Place<'_>,
    ) {
        let mut asked = HashSet::new();
        let clauses = lists.deny_if.iter().chain(lists.approve_if);
        for condition in clauses.flat_map(|clause| &clause.conditions) {
            looked_at(condition, |op| op == Operator::Exists, &mut asked);
        }
        let thought_of = required.map(|[own, shared]| [&own.spoken_of, &shared.spoken_of, &asked]);
        for (name, clauses, kind) in [
            ("require", lists.require, ClauseKind::Require),
            ("deny_if", lists.deny_if, ClauseKind::DenyIf),
            ("approve_if", lists.approve_if, ClauseKind::ApproveIf),
        ] {
            let place = place.member(name);
            self.together(clauses, kind, muted, &place);
            let thought_of = match (&thought_of, kind) {
                (_, ClauseKind::Require) | (None, _) => None,
                (Some(sets), _) => Some(sets.as_slice()),
            };
            for (index, clause) in clauses.iter().enumerate() {
                let muted = muted.and(&clause.silence);
                let way = Way { kind, negated: false, muted, thought_of };
                // "In `/etc`, but not `/etc/hosts`": without the argument the clause was never meant.
                let mut needed = HashSet::new();
                needed_by(&clause.conditions, way, &mut needed);
                let with_needed = thought_of.and_then(|sets| match sets {
                    [own, shared, asked] => Some([*own, *shared, *asked, &needed]),
                    _ => None,
                });
                let way = Way { thought_of: with_needed.as_ref().map(<[_; 4]>::as_slice), ..way };
                let place = place.element(index);
                let place = place.member("conditions");
                for (index, condition) in clause.conditions.iter().enumerate() {
                    self.condition(condition, way, &place.element(index));
                }
            }
        }
    }

    /// It recurses as deep as the condition is nested, which the check has bounded.
    fn condition(&mut self, condition: &'a Condition, way: Way<'_>, place: &Place<'_>) {
        match condition {
            Condition::All { all } => {
                let place = place.member("all");
                self.all_of(all, way.muted, &place);
                for (index, part) in all.iter().enumerate() {
                    self.condition(part, way, &place.element(index));
                }
            }
            Condition::Any { any } => {
                let place = place.member("any");
                self.any_of(any, way.muted, &place);
                for (index, part) in any.iter().enumerate() {
                    self.condition(part, way, &place.element(index));
                }
            }
            Condition::Not { not } => {
                let way = Way { negated: !way.negated, ..way };
                self.condition(not, way, &place.member("not"));
            }
            Condition::Compare(comparison) => self.comparison(comparison, way, place),
        }
    }

    fn comparison(&mut self, comparison: &'a Comparison, way: Way<'_>, place: &Place<'_>) {
        let Ok(path) = Path::parse(&comparison.path) else {
            return;
        };
        self.unanchored(comparison, way, place);
        self.passes_when_absent(comparison, &path, way, place);
        if let Some((value, help)) = impossible(comparison, path.root()) {
            self.say(DiagnosticCode::ImpossibleValue, way.muted, &place.member("value"), || {
                Words::new(format!("`{path}` is never {}", written(value)), help)
            });
        }
    }

    fn unanchored(&mut self, comparison: &'a Comparison, way: Way<'_>, place: &Place<'_>) {
        let (Some(pattern), Some(true)) =
            (comparison.value.as_ref().and_then(Value::as_str), lets_through(comparison.op, way))
        else {
            return;
        };
        if !matches!(comparison.op, Operator::Regex | Operator::NotRegex) {
            return;
        }
        let found = *self.openings.entry(pattern).or_insert_with(|| openings(pattern));
        let Some(found) = found else {
            return;
        };
        self.say(DiagnosticCode::Unanchored, way.muted, &place.member("value"), || {
            let quoted = excerpt(pattern);
            let message = match found {
                Openings::After => format!("`{quoted}` lets through any text after what it describes"),
                Openings::Before => format!("`{quoted}` lets through any text before what it describes"),
                Openings::Both => {
                    format!("`{quoted}` lets through any text before and after what it describes")
                }
                Openings::Mixed => {
                    format!("`{quoted}` anchors one alternative at its start and another at its end")
                }
            };
            Words::new(message, "write `^(?:…)$` around it, or `.*` where other text may stand")
        });
    }

    fn passes_when_absent(&mut self, comparison: &Comparison, path: &Path, way: Way<'_>, place: &Place<'_>) {
        let Some(thought_of) = way.thought_of else {
            return;
        };
        if lets_through(comparison.op, way) != Some(true)
            || comparison.absent_as.is_some()
            || path.is_multiple()
            || !path.is_below_args()
            || thought_of.iter().any(|paths| paths.contains(path))
        {
            return;
        }
        self.say(DiagnosticCode::PassesWhenAbsent, way.muted, place, || {
            let done = if way.kind == ClauseKind::DenyIf { "is denied" } else { "asks for approval" };
            let message = format!("no call without `{}` {done} by this", excerpt(&comparison.path));
            let help =
                "write `absent_as` with the value that the server then uses, or the opposite in `require`";
            Words::new(message, help)
        });
    }
}

/// Collects the arguments without which conditions that must hold together do not, whatever their exceptions are.
fn needed_by(conditions: &[Condition], way: Way<'_>, found: &mut HashSet<Path>) {
    for condition in conditions {
        match condition {
            Condition::All { all } => needed_by(all, way, found),
            Condition::Compare(comparison)
                if comparison.absent_as.is_none() && lets_through(comparison.op, way) != Some(true) =>
            {
                found.extend(Path::parse(&comparison.path).ok().filter(|path| !path.is_multiple()));
            }
            _ => {}
        }
    }
}

/// Whether a value for which the operator names what is right is let through: `eq` in `require` and `neq` in `deny_if`.
/// `None` for operators that name nothing of the kind.
fn lets_through(op: Operator, way: Way<'_>) -> Option<bool> {
    let names_right = match op {
        Operator::Eq
        | Operator::In
        | Operator::Regex
        | Operator::StartsWith
        | Operator::EndsWith
        | Operator::PathWithin
        | Operator::HostIn
        | Operator::SubsetOf => true,
        Operator::Neq | Operator::NotIn | Operator::NotRegex => false,
        _ => return None,
    };
    Some((way.kind == ClauseKind::Require) == (names_right != way.negated))
}

/// Collects what comparisons look at: those that this is asked of and says yes to.
fn looked_at(condition: &Condition, wanted: fn(Operator) -> bool, found: &mut HashSet<Path>) {
    match condition {
        Condition::All { all: parts } | Condition::Any { any: parts } => {
            for part in parts {
                looked_at(part, wanted, found);
            }
        }
        Condition::Not { not } => looked_at(not, wanted, found),
        Condition::Compare(comparison) => {
            if wanted(comparison.op)
                && let Ok(path) = Path::parse(&comparison.path)
            {
                found.insert(path);
            }
        }
    }
}

/// A value as messages quote it.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => "that value".to_owned(),
        value => format!("`{}`", excerpt(&value.to_string())),
    }
}
