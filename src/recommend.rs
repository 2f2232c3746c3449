//! A policy for the tools of a server: what each can do at worst decides what is recommended for it.
//!
//! The policy denies whatever it does not name. For each tool it says:
//!
//! | the tool can at worst | what is recommended |
//! |---|---|
//! | read | it is allowed; where its [severity](crate::risk::Severity) is high, 10 calls a minute for each grant |
//! | write | 30 calls a minute for each grant |
//! | execute | 10 calls a minute for each grant |
//! | destroy | it is hidden |
//! | move money | it is denied, or asks a person where [approvals](Recommendation::with_approvals) are wired up |
//!
//! The counter of a limit is named after the tool, with `_rate`. This differs from the table of the language in one thing: a
//! tool that reads secrets is severe though it only reads, and has the limit of what is as severe. A loop over all
//! secrets is what such a tool is abused for.
//!
//! A **tool that does several things** and is told which by a parameter (`manage_executions` with `action: "kill"`) is not
//! judged as a whole: the parameter must be one of the actions that neither destroy nor move money, so the call is denied
//! where it is absent, of another type or new; each action is counted on its own. With approvals, the others ask a person.
//!
//! **Arguments** of tools that execute or move money stay within what the input schema lists: `enum`, `maximum`, `maxItems`
//! and the beginning of a path or URL that `pattern` spells out become conditions, so that a server that is less strict than its
//! own schema does not matter. A value that the schema allows passes.
//!
//! **Rules are for exact names.** A tool that the server adds later is denied until somebody has looked at it, and no pattern
//! covers more than was meant. [`pooled`](Recommendation::pooled) writes one rule for each category instead, which
//! is shorter.
//!
//! **Names that cannot be written** are in no rule for a tool, so the tools are denied: a name with `*` would be a pattern, and one with
//! characters that are not shown, or with more than 128, cannot be told from another. Where a list has a name twice, with
//! different definitions, the worse counts.
//!
//! What is recommended is valid and has no [warnings](crate::Policy::warnings). It depends on nothing but the tools, and not on
//! their order.
//!
//! ```
//! use mcp_policy::recommend::recommend;
//! use mcp_policy::risk::Tool;
//!
//! let tools = [Tool::new("restart_execution").description("Restart an execution from its first failed task.")];
//! assert_eq!(
//!     recommend(&tools).to_string(),
//!     r#"{
//!   "version": "1",
//!   "default": "deny",
//!   "tools": {
//!     "restart_execution": {
//!       "limits": [{"counter": "restart_execution_rate", "window": "minute", "max": 10, "scope": "grant"}]
//!     }
//!   }
//! }"#
//! );
//! ```

mod actions;
mod advice;
mod bounds;
mod gather;
mod names;
mod words;

use std::collections::{BTreeMap, BTreeSet};

pub use advice::Advice;
pub(crate) use words::{Reason, reason};

use crate::limit::Window;
use crate::pattern::is_visible_ascii;
use crate::policy::document::{Clause, DefaultAction, Limit, PolicyDocument, Rule, RuleAction, Scopes};
use crate::recommend::gather::gather;
use crate::recommend::names::Counters;
use crate::risk::{Assessment, Category, Severity, Tool, assess_all};

/// The policy that is recommended for a server with these tools, where approvals are not wired up.
#[must_use]
pub fn recommend(tools: &[Tool<'_>]) -> PolicyDocument {
    Recommendation::new().document(tools)
}

/// How a policy is recommended.
///
/// ```
/// use mcp_policy::policy::document::RuleAction;
/// use mcp_policy::recommend::{Advice, Recommendation};
/// use mcp_policy::risk::{self, Tool};
///
/// let tool = Tool::new("create_refund").description("Refund a payment to the customer.");
/// let assessment = risk::assess(&tool);
/// let advice = Recommendation::new().with_approvals().advice(&tool, &assessment);
/// # if assessment.category() == risk::Category::Financial {
/// let Advice::Rule(rule) = advice else { panic!() };
/// assert_eq!(rule.action, RuleAction::RequireApproval);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recommendation {
    approvals: Approvals,
    pooling: Pooling,
    comments: Comments,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Approvals {
    #[default]
    Missing,
    Wired,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pooling {
    ByCategory,
    #[default]
    ByTool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Comments {
    Everywhere,
    #[default]
    WhereNeeded,
}

impl Recommendation {
    /// A rule for each tool, no approvals, and a `description` only where a rule says more than its category's.
    #[must_use]
    pub const fn new() -> Self {
        Self { approvals: Approvals::Missing, pooling: Pooling::ByTool, comments: Comments::WhereNeeded }
    }

    /// For a gateway that can ask a person: what moves money, and actions that destroy, ask instead of being denied.
    #[must_use]
    pub const fn with_approvals(self) -> Self {
        Self { approvals: Approvals::Wired, ..self }
    }

    /// One rule for each category, and the category of each tool in `classify`. Only tools for which more is to be said
    /// have a rule of their own.
    ///
    /// The decisions about the tools that are named are the same, with a catalog or without one. A tool that is left out, or
    /// that the server adds later, is denied without a catalog; with one, the rule of its category decides: what reads is then
    /// allowed at once. The counters are those of the category, one for each tool, and begin anew when a policy changes from
    /// one form to the other.
    #[must_use]
    pub const fn pooled(self) -> Self {
        Self { pooling: Pooling::ByCategory, ..self }
    }

    /// A `description` on every rule that says what the category rests on.
    #[must_use]
    pub const fn explained(self) -> Self {
        Self { comments: Comments::Everywhere, ..self }
    }

    /// The policy for a server with these tools, which are assessed together.
    #[must_use]
    pub fn document(&self, tools: &[Tool<'_>]) -> PolicyDocument {
        let mut tools = tools.to_vec();
        gather::sort(&mut tools);
        let assessments = assess_all(&tools);
        let assessed: Vec<(Tool<'_>, Assessment)> = tools.into_iter().zip(assessments).collect();
        self.document_of(&assessed)
    }

    /// The policy for a server with these tools, as they have been assessed: by a catalog with corrections of its own, for
    /// example.
    #[must_use]
    pub fn document_of(&self, assessed: &[(Tool<'_>, Assessment)]) -> PolicyDocument {
        let gathered = gather(assessed);
        let advised: Vec<(&Tool<'_>, Category, Advice)> = gathered
            .iter()
            .map(|(tool, assessment)| (tool, assessment.category(), self.advice(tool, assessment)))
            .collect();
        let mut builder = Builder::new(*self);
        // What is hidden comes first: where there is no room for more, it is allowed tools that are left out.
        for (tool, _, advice) in &advised {
            match advice {
                Advice::Hide => builder.hide(tool.name),
                Advice::LeaveOut => builder.leave_out(),
                Advice::Rule(_) => {}
            }
        }
        for (tool, category, advice) in advised {
            if let Advice::Rule(rule) = advice {
                builder.add(tool.name, category, *rule);
            }
        }
        builder.finish(gathered.len())
    }

    /// What is recommended for one tool. The counters in it have the names that they have in a policy for this tool
    /// alone.
    #[must_use]
    pub fn advice(&self, tool: &Tool<'_>, assessment: &Assessment) -> Advice {
        Advice::for_tool(*self, tool, assessment)
    }

    fn asks(self) -> bool {
        self.approvals == Approvals::Wired
    }

    fn explains(self) -> bool {
        self.comments == Comments::Everywhere
    }
}

/// A document that grows.
struct Builder {
    how: Recommendation,
    document: PolicyDocument,
    counters: Counters,
    seen: Seen,
    bytes: usize,
}

/// What there was in a list.
#[derive(Debug, Default)]
struct Seen {
    tools: usize,
    hidden: usize,
    left_out: usize,
    /// Tools of which only some actions are allowed.
    split: usize,
    /// Of tools with rules.
    categories: BTreeSet<Category>,
}

impl Builder {
    fn new(how: Recommendation) -> Self {
        Self {
            how,
            document: PolicyDocument::new(DefaultAction::Deny),
            counters: Counters::default(),
            seen: Seen::default(),
            bytes: 0,
        }
    }

    fn hide(&mut self, tool: &str) {
        if self.has_room(written(tool)) {
            self.seen.hidden = self.seen.hidden.saturating_add(1);
            self.document.hide.push(tool.to_owned());
        } else {
            self.leave_out();
        }
    }

    fn leave_out(&mut self) {
        self.seen.left_out = self.seen.left_out.saturating_add(1);
    }

    fn add(&mut self, tool: &str, category: Category, mut rule: Rule) {
        let text = rule.to_string();
        // Two levels deeper than by itself.
        let indentation = text.lines().count().saturating_mul(4);
        if !self.has_room(text.len().saturating_add(indentation).saturating_add(written(tool))) {
            self.leave_out();
            return;
        }
        // A tool that destroys and still has a rule does other things too.
        if category == Category::Destructive {
            self.seen.split = self.seen.split.saturating_add(1);
        } else {
            self.seen.categories.insert(category);
        }
        if self.how.pooling == Pooling::ByCategory
            && is_visible_ascii(tool)
            && self.how.is_plain(&rule, category, tool)
        {
            self.document.classify.insert(tool.to_owned(), category);
            return;
        }
        for limit in &mut rule.limits {
            limit.counter = self.counters.name(tool);
        }
        self.document.tools.insert(tool.to_owned(), rule);
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        // Quotes, the comma and the name of a counter, which may be longer than in the rule alone, come on top.
        let bytes = bytes.saturating_add(ENTRY_BYTES).saturating_add(self.bytes);
        if bytes > MAX_BYTES {
            return false;
        }
        self.bytes = bytes;
        true
    }

    fn finish(mut self, tools: usize) -> PolicyDocument {
        self.seen.tools = tools;
        if self.how.pooling == Pooling::ByCategory {
            self.document.categories = Some(self.categories());
        }
        self.document.hide.sort_unstable();
        if tools > 1 || self.seen.left_out > 0 {
            self.document.description = Some(words::summary(self.how, &self.seen));
        }
        self.document
    }

    /// A rule for every category, also for those that no tool of the list has: a tool that is added later may.
    fn categories(&mut self) -> BTreeMap<Category, Rule> {
        let mut rules = BTreeMap::new();
        for category in Category::ALL {
            let mut rule = self.how.plain_rule(*category, category.severity(), "");
            for limit in &mut rule.limits {
                limit.counter = self.counters.name(category.as_str());
                limit.scope = Some(Scopes::Many(vec!["grant".to_owned(), "tool".to_owned()]));
            }
            rules.insert(*category, rule);
        }
        rules
    }
}

impl Recommendation {
    /// Whether nothing is said of a tool but what is said of its category.
    fn is_plain(self, rule: &Rule, category: Category, tool: &str) -> bool {
        let mut rule = rule.clone();
        rule.description = None;
        rule == self.plain_rule(category, category.severity(), tool)
    }

    /// What is recommended for a category. A tool that destroys has no rule, because it is hidden: the one for the category
    /// is for tools that nobody has looked at yet.
    fn plain_rule(self, category: Category, severity: Severity, tool: &str) -> Rule {
        let mut rule = Rule::default();
        let max = match (category, severity) {
            (Category::Destructive, _) => {
                rule.action = RuleAction::Deny;
                rule.reason = Some("It destroys things, and nobody has looked at it yet.".to_owned());
                return rule;
            }
            (Category::Financial, _) if self.asks() => {
                rule.action = RuleAction::RequireApproval;
                return rule;
            }
            (Category::Financial, _) => {
                let mut always = Clause::new(Vec::new());
                always.on_deny = Some("Requires human approval.".to_owned());
                rule.deny_if.push(always);
                return rule;
            }
            (Category::Read, Severity::Low | Severity::Medium) => return rule,
            (Category::Write, _) => WRITES,
            (Category::Read | Category::Execute, _) => EXECUTIONS,
        };
        rule.limits.push(per_minute(tool, max));
        rule
    }
}

/// How many bytes a text takes in a document, at most: those of an escape for each character that may have one.
fn written(text: &str) -> usize {
    let bytes = |character: char| match character {
        ' '..='~' => 2,
        _ => character.len_utf16().saturating_mul(ESCAPE_BYTES),
    };
    text.chars().map(bytes).fold(0, usize::saturating_add)
}

fn per_minute(tool: &str, max: u64) -> Limit {
    let mut limit = Limit::new(Counters::default().name(tool), Window::Minute, max);
    limit.scope = Some(Scopes::from("grant"));
    limit
}

/// Calls a minute for what writes.
const WRITES: u64 = 30;
/// Calls a minute for what executes.
const EXECUTIONS: u64 = 10;
/// So that the document stays well below what a policy may have.
const MAX_BYTES: usize = 3 * 1024 * 1024;
/// What a tool takes beside its name and its rule.
const ENTRY_BYTES: usize = 64;
/// `\u202e`.
const ESCAPE_BYTES: usize = 6;
