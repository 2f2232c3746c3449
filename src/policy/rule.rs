//! Compiled rules, and which one is for a tool.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::condition::Condition;
use crate::fingerprint::Fingerprint;
use crate::limit::Limit;
use crate::pattern::{Pattern, PatternMap};
use crate::policy::ClauseKind;
use crate::policy::document::{DefaultAction, RuleAction};
use crate::risk::{Category, Classification, Classify};

/// Everything that judging needs of a policy.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) default: DefaultAction,
    pub(crate) hide: Vec<Pattern>,
    pub(crate) all_tools: Block,
    pub(crate) tools: PatternMap<Rule>,
    pub(crate) categories: Option<BTreeMap<Category, Rule>>,
    pub(crate) classify: PatternMap<Category>,
    pub(crate) pins: HashMap<Box<str>, Fingerprint>,
    /// Whether anything depends on the category of a tool.
    pub(crate) needs_category: bool,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) action: RuleAction,
    pub(crate) reason: Option<Arc<str>>,
    /// INVARIANT: sorted.
    pub(crate) only_args: Option<Vec<Box<str>>>,
    pub(crate) block: Block,
}

/// Clauses and limits: what `all_tools` and a rule have in common.
#[derive(Debug)]
pub(crate) struct Block {
    /// Where the rule or `all_tools` stands, as a JSON Pointer. What stands in it is found by its position:
    /// the name of a tool may be long, and a policy may have many clauses.
    pub(crate) pointer: Arc<str>,
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
    /// The position of the pattern that hides a tool.
    pub(crate) fn hidden_by(&self, tool: &str) -> Option<usize> {
        self.hide.iter().position(|pattern| pattern.matches(tool))
    }

    /// What is known of a tool. A catalog is asked only if something depends on it.
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
    pub(crate) fn new(pointer: Arc<str>) -> Self {
        Self {
            pointer,
            require: Vec::new(),
            deny_if: Vec::new(),
            approve_if: Vec::new(),
            limits: Vec::new(),
            counters: Vec::new(),
        }
    }

    pub(crate) fn clauses(&self, kind: ClauseKind) -> &[Clause] {
        match kind {
            ClauseKind::ApproveIf => &self.approve_if,
            ClauseKind::DenyIf => &self.deny_if,
            ClauseKind::Require => &self.require,
        }
    }

    /// The position of a counter in this block.
    pub(crate) fn position(&self, counter: usize) -> Option<usize> {
        let index = self.counters.binary_search_by_key(&counter, |(id, _)| *id).ok()?;
        self.counters.get(index).map(|(_, position)| *position)
    }
}
