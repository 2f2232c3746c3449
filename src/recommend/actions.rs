//! Tools that do several things, and are told which by a parameter: each action is treated as what it is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::policy::document::{Clause, Condition, Operator, Rule, Scopes};
use crate::recommend::bounds::{Listed, argument_path, listed};
use crate::recommend::{EXECUTIONS, Recommendation, WRITES, per_minute, words};
use crate::risk::{Assessment, Category, Evidence, Part, Tool};

/// The actions of a tool, apart.
pub(super) struct Split<'a> {
    path: String,
    parameter: &'a str,
    /// Those that neither destroy nor move money: at least one.
    allowed: Vec<Treated<'a>>,
    withheld: Vec<Treated<'a>>,
}

/// An action, and what it is treated as.
#[derive(Clone, Copy)]
pub(super) struct Treated<'a> {
    pub(super) value: &'a str,
    pub(super) category: Category,
    /// Whether it is treated as worse than its name says.
    pub(super) is_raised: bool,
}

impl<'a> Split<'a> {
    /// `None` where the tool is to be judged as a whole: its actions all do the same, its name or another parameter says that
    /// it destroys or moves money, or the actions cannot be written so that a person is sure what is meant.
    pub(super) fn of(tool: &Tool<'_>, assessment: &'a Assessment) -> Option<Self> {
        let actions = assessment.actions()?;
        let list = actions.actions();
        let path = argument_path(actions.parameter())?;
        let listed = listed(tool, actions.parameter())?;
        let is_readable = list.len() <= MAX_ACTIONS && list.iter().all(|action| is_word(&action.value));
        let values: BTreeSet<&str> = list.iter().map(|action| &*action.value).collect();
        if is_bad_besides(assessment, actions.parameter()) || !is_readable || values.len() < list.len() {
            return None;
        }
        let worst = list.iter().map(|action| action.category).max()?;
        let treated = list.iter().map(|action| {
            // The tool is worse than any of its actions is by its name: one of them is, and nobody knows which.
            let is_raised = assessment.category() > worst && action.category > Category::Read;
            let category = if is_raised { assessment.category() } else { action.category };
            Treated { value: &action.value, category, is_raised }
        });
        let treated: Vec<Treated<'a>> = treated.collect();
        let differ = treated.iter().any(|action| action.category != assessment.category());
        if !differ || assessment.category() < worst {
            return None;
        }
        let (withheld, allowed): (Vec<_>, Vec<_>) =
            treated.into_iter().partition(|action| action.category >= Category::Destructive);
        // Where nothing is withheld, whatever the schema allows must pass.
        let is_whole = listed == Listed::Words(list.iter().map(|action| &*action.value).collect());
        if allowed.is_empty() || (withheld.is_empty() && !(actions.is_required() && is_whole)) {
            return None;
        }
        Some(Self { path, parameter: actions.parameter(), allowed, withheld })
    }

    pub(super) fn rule(&self, how: Recommendation, tool: &str) -> Rule {
        let description = words::actions(&self.allowed, &self.withheld, how.asks());
        let mut rule = Rule { description: Some(description), ..Rule::default() };
        let mut known = self.allowed.clone();
        if how.asks() && !self.withheld.is_empty() {
            known.extend(self.withheld.iter().copied());
            let mut asked = Clause::new(vec![self.one_of(&self.withheld)]);
            asked.on_deny = Some(words::asks(self.parameter, &self.withheld));
            rule.approve_if.push(asked);
        }
        let mut clause = Clause::new(vec![self.one_of(&known)]);
        clause.on_deny = Some(words::only(self.parameter, &known));
        rule.require.push(clause);
        let worst = self.allowed.iter().map(|action| action.category).max();
        let max = match worst {
            Some(Category::Write) => WRITES,
            Some(Category::Execute) => EXECUTIONS,
            _ => return rule,
        };
        let mut limit = per_minute(tool, max);
        limit.scope = Some(Scopes::Many(vec!["grant".to_owned(), self.path.clone()]));
        rule.limits.push(limit);
        rule
    }

    fn one_of(&self, actions: &[Treated<'_>]) -> Condition {
        let values: Vec<Value> = actions.iter().map(|action| json!(action.value)).collect();
        Condition::new(self.path.clone(), Operator::In, values)
    }
}

/// Whether something else than the parameter says that the tool destroys or moves money: its name, or another parameter.
fn is_bad_besides(assessment: &Assessment, parameter: &str) -> bool {
    let is_bad = |evidence: &&Evidence| {
        let points = evidence.points_to();
        let is_own = || {
            let rest = evidence.words().strip_prefix(parameter);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        points.is_some_and(|category| category >= Category::Destructive)
            && match evidence.part() {
                Part::Name => true,
                Part::InputSchema => !is_own(),
                Part::Annotations | Part::Description | Part::Siblings | Part::Title => false,
            }
    };
    assessment.evidence().iter().any(|evidence| is_bad(&evidence))
}

/// Whether a value is a word, and not a sentence that a server would like somebody to read.
fn is_word(value: &str) -> bool {
    let is_plain = |character: char| character.is_alphanumeric() || "_-.:/+#".contains(character);
    (1..=LONGEST).contains(&value.chars().count()) && value.chars().all(is_plain)
}

/// More actions are not treated one by one.
const MAX_ACTIONS: usize = 64;
/// The longest word, in characters.
const LONGEST: usize = 64;
