//! Tools that do several things, and are told which by a parameter: each action is treated as what it is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::policy::document::{Clause, Condition, Operator, Rule, Scopes};
use crate::recommend::bounds::{Listed, argument_path, listed};
use crate::recommend::{EXECUTIONS, Recommendation, WRITES, per_minute, words};
use crate::risk::{Actions, Assessment, Category, Evidence, Part, Signal, Tool};

/// The actions of a tool, apart.
pub(super) struct Split<'a> {
    path: String,
    parameter: &'a str,
    /// Those that neither destroy nor move money: at least one.
    allowed: Vec<Treated<'a>>,
    withheld: Vec<Treated<'a>>,
    /// Calls a minute; `None` where none of what is allowed needs a limit.
    max: Option<u64>,
    reads_secrets: bool,
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
        // What a parameter beside it makes the tool do, it does whatever the action is.
        let (by_name, by_parameters) = besides(assessment, actions);
        if by_name.max(by_parameters) >= Some(Category::Destructive)
            || !is_readable
            || values.len() < list.len()
        {
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
        // Where no action can be what makes the tool as bad as it is, it is not the actions that tell.
        let is_explained = treated.iter().any(|action| action.category == assessment.category());
        if !differ || !is_explained || assessment.category() < worst {
            return None;
        }
        let (withheld, allowed): (Vec<_>, Vec<_>) =
            treated.into_iter().partition(|action| action.category >= Category::Destructive);
        // Where nothing is withheld, whatever the schema allows must pass.
        let is_whole = listed == Listed::Words(list.iter().map(|action| &*action.value).collect());
        if allowed.is_empty() || (withheld.is_empty() && !(actions.is_required() && is_whole)) {
            return None;
        }
        let worst = allowed.iter().map(|action| action.category).max().max(by_parameters);
        let reads_secrets = worst <= Some(Category::Read) && assessment.signals().contains(Signal::Secrets);
        let max = match worst {
            Some(Category::Write) => Some(WRITES),
            Some(Category::Execute) => Some(EXECUTIONS),
            _ => reads_secrets.then_some(EXECUTIONS),
        };
        Some(Self { path, parameter: actions.parameter(), allowed, withheld, max, reads_secrets })
    }

    pub(super) fn rule(&self, how: Recommendation, tool: &str) -> Rule {
        let mut description = words::actions(&self.allowed, &self.withheld, how.asks(), self.max.is_some());
        if self.reads_secrets {
            description.push_str(" What it reads is secret: so it has a limit.");
        }
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
        if let Some(max) = self.max {
            let mut limit = per_minute(tool, max);
            limit.scope = Some(Scopes::Many(vec!["grant".to_owned(), self.path.clone()]));
            rule.limits.push(limit);
        }
        rule
    }

    fn one_of(&self, actions: &[Treated<'_>]) -> Condition {
        let values: Vec<Value> = actions.iter().map(|action| json!(action.value)).collect();
        Condition::new(self.path.clone(), Operator::In, values)
    }
}

/// What something else than the parameter says that the tool does at worst: its name, and other parameters.
fn besides(assessment: &Assessment, actions: &Actions) -> (Option<Category>, Option<Category>) {
    let (mut by_name, mut by_parameters) = (None, None);
    for evidence in assessment.evidence() {
        match evidence.part() {
            Part::Name => by_name = by_name.max(evidence.points_to()),
            Part::InputSchema if !is_own(evidence, actions) => {
                by_parameters = by_parameters.max(evidence.points_to());
            }
            Part::InputSchema | Part::Annotations | Part::Description | Part::Siblings | Part::Title => {}
        }
    }
    (by_name, by_parameters)
}

/// Whether evidence is of the parameter itself: its name, or its name and a value. Another one may be named `action:x`.
fn is_own(evidence: &Evidence, actions: &Actions) -> bool {
    let Some(rest) = evidence.words().strip_prefix(actions.parameter()) else {
        return false;
    };
    let is_value = |value: &str| actions.actions().iter().any(|action| *action.value == *value);
    rest.is_empty() || rest.strip_prefix(": ").is_some_and(is_value)
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
