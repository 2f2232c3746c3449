//! Conditions: what a policy asks of a call.

mod fold;
mod host;
mod list;
mod operand;
mod operator;
mod path_within;
mod predicate;
mod subject;
mod truth;

use std::ops::ControlFlow;

pub(crate) use host::Hosts;
pub(crate) use list::List;
pub(crate) use operand::{Operand, OperandError};
pub(crate) use operator::JsonType;
pub use operator::Operator;
pub(crate) use path_within::Directories;
pub(crate) use subject::Subject;
pub use truth::Truth;

use crate::condition::predicate::{Predicate, judge};
use crate::json::Item;
use crate::names::names;
use crate::path::{Found, Path};

/// A compiled condition.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    All(Box<[Condition]>),
    Any(Box<[Condition]>),
    Not(Box<Condition>),
    Test(Box<Test>),
}

/// A comparison of what is at a path.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) path: Path,
    pub(crate) operator: Operator,
    pub(crate) operand: TestOperand,
    pub(crate) ignore_case: bool,
    pub(crate) quantifier: Quantifier,
    pub(crate) absent_as: Option<serde_json::Value>,
}

/// What the value at the path is compared with.
#[derive(Clone, Debug)]
pub(crate) enum TestOperand {
    /// `value`, checked.
    Value(Operand),
    /// `value_from`. INVARIANT: the operator takes one, and the path has no `[*]`.
    From(Path),
}

names! {
    /// For how many of the values of a path with `[*]` a condition must hold.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(clippy::exhaustive_enums, reason = "part of the language, version 1")]
    pub enum Quantifier {
        /// For every one.
        All = "all",
        /// For at least one.
        Any = "any",
    }
}

/// Sees every condition that is looked at, and what it came to. `()` sees nothing and costs nothing.
pub(crate) trait ConditionObserver {
    /// A condition is about to be looked at: a member of `any` or `all` by its position, or the one of `not`.
    fn enter(&mut self, step: Step);
    /// The condition that was entered last has come to this.
    fn leave(&mut self, truth: Truth);
}

/// The way from a condition to one inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    All(usize),
    Any(usize),
    Conditions(usize),
    Not,
}

impl ConditionObserver for () {
    fn enter(&mut self, _: Step) {}
    fn leave(&mut self, _: Truth) {}
}

/// What an operator says of a value, compared with the `value` of a policy.
pub(crate) fn says(operator: Operator, item: Item<'_>, operand: &Operand, ignore_case: bool) -> Truth {
    judge(operator, item, &Predicate::Fixed(operand), ignore_case)
}

/// What a clause comes to: all of its conditions.
pub(crate) fn all_hold(
    conditions: &[Condition],
    subject: &Subject<'_>,
    observer: &mut impl ConditionObserver,
) -> Truth {
    combine(conditions, Quantifier::All, Step::Conditions, subject, observer)
}

impl Condition {
    /// It recurses as deep as the condition is nested, which the depth of documents bounds.
    fn truth(&self, subject: &Subject<'_>, observer: &mut impl ConditionObserver) -> Truth {
        match self {
            Self::All(parts) => combine(parts, Quantifier::All, Step::All, subject, observer),
            Self::Any(parts) => combine(parts, Quantifier::Any, Step::Any, subject, observer),
            Self::Not(part) => {
                observer.enter(Step::Not);
                let truth = part.truth(subject, observer);
                observer.leave(truth);
                truth.not()
            }
            Self::Test(test) => test.truth(subject),
        }
    }
}

fn combine(
    parts: &[Condition],
    quantifier: Quantifier,
    step: fn(usize) -> Step,
    subject: &Subject<'_>,
    observer: &mut impl ConditionObserver,
) -> Truth {
    let mut truth = quantifier.of_none();
    for (index, part) in parts.iter().enumerate() {
        observer.enter(step(index));
        let one = part.truth(subject, observer);
        observer.leave(one);
        truth = quantifier.combine(truth, one);
        if quantifier.is_settled(truth) {
            break;
        }
    }
    truth
}

impl Quantifier {
    fn of_none(self) -> Truth {
        match self {
            Self::All => Truth::True,
            Self::Any => Truth::False,
        }
    }

    fn combine(self, a: Truth, b: Truth) -> Truth {
        match self {
            Self::All => a.and(b),
            Self::Any => a.or(b),
        }
    }

    fn is_settled(self, truth: Truth) -> bool {
        truth == self.of_none().not()
    }
}

impl Test {
    fn truth(&self, subject: &Subject<'_>) -> Truth {
        let predicate = match &self.operand {
            TestOperand::Value(operand) => Ok(Predicate::Fixed(operand)),
            TestOperand::From(path) => match subject.find(path) {
                Found::Item(item) => Predicate::found(self.operator, item, self.ignore_case),
                Found::Absent | Found::NoArray => Err(Truth::Absent),
                Found::Mistyped => Err(Truth::Mistyped),
            },
        };
        if !self.path.is_multiple() {
            return self.one(subject.find(&self.path), &predicate);
        }
        let mut truth = self.quantifier.of_none();
        subject.walk(&self.path, &mut |found| {
            truth = self.quantifier.combine(truth, self.one(found, &predicate));
            if self.quantifier.is_settled(truth) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        truth
    }

    /// What the condition comes to for one value.
    fn one(&self, found: Found<'_>, predicate: &Result<Predicate<'_>, Truth>) -> Truth {
        let item = match (found, &self.absent_as) {
            (Found::Item(item), _) => Some(item),
            (Found::Mistyped, _) => return Truth::Mistyped,
            (Found::Absent | Found::NoArray, Some(stand_in)) => Some(Item::from(stand_in)),
            (Found::Absent, None) => None,
            (Found::NoArray, None) => return with_operand(Truth::Absent, predicate),
        };
        match (item, predicate) {
            (Some(item), Ok(predicate)) => judge(self.operator, item, predicate, self.ignore_case),
            (None, Ok(Predicate::Fixed(Operand::Exists(wanted)))) => Truth::from(!wanted),
            (None, _) => with_operand(Truth::Absent, predicate),
            // A value that the operator does not compare is mistyped, whatever it was to be compared with.
            (Some(item), Err(truth)) if self.operator.compares(item.kind(), self.ignore_case) => *truth,
            (Some(_), Err(_)) => Truth::Mistyped,
        }
    }
}

/// A mistyped operand outweighs an absent argument.
fn with_operand(truth: Truth, predicate: &Result<Predicate<'_>, Truth>) -> Truth {
    predicate.as_ref().err().map_or(truth, |operand| truth.and(*operand))
}
