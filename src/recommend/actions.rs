//! Tools that do several things, and are told which by a parameter: each action is treated as what it is.

use serde_json::{Value, json};

use crate::policy::document::{Clause, Condition, Operator, Rule, Scopes};
use crate::recommend::bounds::argument_path;
use crate::recommend::{EXECUTIONS, Recommendation, WRITES, per_minute, words};
use crate::risk::{ActionRisk, Assessment, Category, Tool};

/// The actions of a tool, apart.
pub(super) struct Split<'a> {
    path: String,
    parameter: &'a str,
    /// Those that neither destroy nor move money: at least one.
    allowed: Vec<&'a ActionRisk>,
    withheld: Vec<&'a ActionRisk>,
}

impl<'a> Split<'a> {
    /// `None` where the tool is to be judged as a whole: it has no actions or they all do the same, something else in its
    /// definition is worse than any of them, or they cannot be written so that a person is sure what is meant.
    pub(super) fn of(tool: &Tool<'_>, assessment: &'a Assessment) -> Option<Self> {
        let actions = assessment.actions()?;
        let list = actions.actions();
        let path = argument_path(actions.parameter())?;
        let worst = list.iter().map(|action| action.category).max()?;
        let differ = list.iter().any(|action| action.category != worst);
        let is_worse = assessment.category() > worst;
        let is_readable = list.len() <= MAX_ACTIONS && list.iter().all(|action| is_word(&action.value));
        let mut values: Vec<&str> = list.iter().map(|action| &*action.value).collect();
        values.sort_unstable();
        values.dedup();
        if !differ || is_worse || !is_readable || values.len() < list.len() || tool.input_schema.is_none() {
            return None;
        }
        let (withheld, allowed): (Vec<_>, Vec<_>) =
            list.iter().partition(|action| action.category >= Category::Destructive);
        // Where nothing is withheld, a call without the parameter is no worse than one with it.
        if allowed.is_empty() || (withheld.is_empty() && !actions.is_required()) {
            return None;
        }
        Some(Self { path, parameter: actions.parameter(), allowed, withheld })
    }

    pub(super) fn rule(&self, how: Recommendation, tool: &str) -> Rule {
        let mut rule = Rule::default();
        rule.description = Some(words::actions(&self.allowed, &self.withheld, how.asks()));
        let mut known = self.allowed.clone();
        if how.asks() && !self.withheld.is_empty() {
            known.extend(&self.withheld);
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

    fn one_of(&self, actions: &[&ActionRisk]) -> Condition {
        let values: Vec<Value> = actions.iter().map(|action| json!(action.value)).collect();
        Condition::new(self.path.clone(), Operator::In, values)
    }
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
