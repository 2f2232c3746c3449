//! Assessments: what a tool can do at worst, with the grounds.

use crate::names::names;
use crate::risk::{
    AttackPattern, Category, Classification, Evidence, OwaspAgentic, OwaspMcp, Severity, Signals,
};

/// What a tool can do at worst, how sure that is, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    pub(crate) category: Category,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) signals: Signals,
    pub(crate) actions: Option<Actions>,
}

impl Assessment {
    /// What the tool can do at worst.
    #[must_use]
    pub const fn category(&self) -> Category {
        self.category
    }

    /// How bad that is: the category's severity, or a higher one where a [`Signal`](crate::risk::Signal) speaks for it.
    ///
    /// - A read is high if it reads secrets, and medium if it takes raw SQL, code or a URL: who chooses that chooses what is
    ///   read.
    /// - A write is high if it can act on many things at once, can be told to force or to overwrite, or reaches people: it
    ///   cannot be put right.
    /// - Execute is critical if it takes commands of a shell or code: it can do anything.
    /// - Destructive and financial are critical as they are.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// How sure it is.
    #[must_use]
    pub const fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// What it rests on, what weighs most first: by the category that it points to, the highest first, and of those the name
    /// first. Last, and pointing to no category, the signal that raises the severity. At most eight.
    #[must_use]
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// What makes it worth a second look.
    #[must_use]
    pub const fn signals(&self) -> Signals {
        self.signals
    }

    /// What each action does, of a tool that does several things and is told which by a parameter.
    #[must_use]
    pub fn actions(&self) -> Option<&Actions> {
        self.actions.as_ref()
    }

    /// The entries of the OWASP MCP Top 10 that bear on the tool, by number.
    pub fn owasp_mcp(&self) -> impl Iterator<Item = OwaspMcp> {
        OwaspMcp::of(self)
    }

    /// The entries of the OWASP Top 10 for Agentic Applications that bear on the tool, by number.
    pub fn owasp_agentic(&self) -> impl Iterator<Item = OwaspAgentic> {
        OwaspAgentic::of(self)
    }

    /// The attacks that abuse such access, by name.
    pub fn attack_patterns(&self) -> impl Iterator<Item = AttackPattern> {
        AttackPattern::of(self)
    }

    /// What the language asks for.
    #[must_use]
    pub const fn classification(&self) -> Classification {
        Classification { category: self.category, severity: self.severity }
    }
}

names! {
    /// How sure an assessment is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "three levels, and no more: finer ones would only look exact")]
    pub enum Confidence {
        /// Nothing in the definition speaks for it; or something in it says that the tool only reads, and something else
        /// says more; or the name can be read in two ways, and nothing decides; or not all of the definition was read.
        Low = "low",
        /// One part of the definition speaks for it, and none says that the tool only reads, unless that is the category.
        Medium = "medium",
        /// Two parts of the definition speak for it, or the schema enumerates what the tool can do.
        High = "high",
    }
}

/// The actions of a tool that does several things: `manage_executions` with `action: "kill"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actions {
    pub(crate) parameter: Box<str>,
    pub(crate) is_required: bool,
    pub(crate) values: Vec<ActionRisk>,
}

impl Actions {
    /// The name of the parameter that says what to do, at the top of the arguments.
    #[must_use]
    pub fn parameter(&self) -> &str {
        &self.parameter
    }

    /// Whether the schema demands the parameter.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.is_required
    }

    /// Each value that the schema allows, in its order.
    #[must_use]
    pub fn actions(&self) -> &[ActionRisk] {
        &self.values
    }
}

/// What one action of a tool can do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionRisk {
    /// The value of the parameter.
    pub value: Box<str>,
    /// What the tool can do at worst with it.
    pub category: Category,
}
