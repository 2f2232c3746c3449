//! Compiled rules, and which one is for a tool.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::condition::Condition;
use crate::limit::Limit;
use crate::pattern::{Pattern, PatternMap};
use crate::policy::document::{DefaultAction, RuleAction};
use crate::risk::{Category, Classification, Classify};

/// Everything that judging needs of a policy.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) default: DefaultAction,
    /// With the JSON Pointers of the patterns.
    pub(crate) hide: Vec<(Pattern, Arc<str>)>,
    pub(crate) all_tools: Block,
    pub(crate) tools: PatternMap<Rule>,
    pub(crate) categories: Option<BTreeMap<Category, Rule>>,
    pub(crate) classify: PatternMap<Category>,
    /// Whether anything depends on the category of a tool.
    pub(crate) needs_category: bool,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Where it stands, as a JSON Pointer; so do the other `pointer`s.
    pub(crate) pointer: Arc<str>,
    pub(crate) action: RuleAction,
    pub(crate) reason: Option<Arc<str>>,
    /// INVARIANT: sorted.
    pub(crate) only_args: Option<Vec<Box<str>>>,
    pub(crate) block: Block,
}

/// Clauses and limits: what `all_tools` and a rule have in common.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) require: Vec<Clause>,
    pub(crate) deny_if: Vec<Clause>,
    pub(crate) approve_if: Vec<Clause>,
    /// In the order in which they are reported. Each has the position of the counter that it charges, among
    /// the counters of this block in the order in which they first occur.
    pub(crate) limits: Vec<(Arc<Limit>, usize)>,
    /// INVARIANT: sorted. The counters of this block, as the policy numbers them, with their positions.
    pub(crate) counters: Vec<(usize, usize)>,
}

/// One clause.
#[derive(Debug)]
pub(crate) struct Clause {
    pub(crate) pointer: Arc<str>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) on_deny: Option<Arc<str>>,
    pub(crate) conditions: Vec<Condition>,
}

/// Which rule is for a tool.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    /// None, and the policy allows what no rule is for.
    Allow,
    Rule(&'a Rule),
    /// None, and nothing is known about the tool where the policy goes by categories.
    Unclassified,
    /// None, and the policy denies what no rule is for.
    Unlisted,
}

impl Rules {
    /// The pattern that hides a tool, as a JSON Pointer.
    pub(crate) fn hidden_by(&self, tool: &str) -> Option<&Arc<str>> {
        self.hide.iter().find(|(pattern, _)| pattern.matches(tool)).map(|(_, pointer)| pointer)
    }

    /// What is known of a tool. A catalogue is asked only if something depends on it.
    pub(crate) fn classification(
        &self,
        tool: &str,
        catalog: Option<&dyn Classify>,
    ) -> Option<Classification> {
        if !self.needs_category {
            return None;
        }
        match self.classify.find(tool) {
            Some(category) => Some((*category).into()),
            None => catalog.and_then(|catalog| catalog.classify(tool)),
        }
    }

    pub(crate) fn find(&self, tool: &str, classification: Option<Classification>) -> Found<'_> {
        if let Some(rule) = self.tools.find(tool) {
            return Found::Rule(rule);
        }
        let category = classification.map(|classification| classification.category);
        let by_category = self.categories.as_ref().zip(category);
        if let Some(rule) = by_category.and_then(|(rules, category)| rules.get(&category)) {
            return Found::Rule(rule);
        }
        match self.default {
            DefaultAction::Deny => Found::Unlisted,
            DefaultAction::Allow if self.categories.is_some() && category.is_none() => Found::Unclassified,
            DefaultAction::Allow => Found::Allow,
        }
    }
}

impl Block {
    /// The position of a counter in this block.
    pub(crate) fn position(&self, counter: usize) -> Option<usize> {
        let index = self.counters.binary_search_by_key(&counter, |(id, _)| *id).ok()?;
        self.counters.get(index).map(|(_, position)| *position)
    }
}
