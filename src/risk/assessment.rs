//! Assessments: what a tool can do at worst, with the grounds.

use crate::names::names;
use crate::risk::{Category, Classification, Evidence, Severity, Signals};

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

    /// How bad that is: the category's severity, or a higher one where a signal speaks for it.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// How sure it is.
    #[must_use]
    pub const fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// What it rests on, what weighs most first.
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
        /// Nothing in the definition speaks for it, or the definition contradicts itself.
        Low = "low",
        /// One thing in the definition speaks for it, and nothing against it.
        Medium = "medium",
        /// Two parts of the definition agree, or the schema enumerates what the tool can do.
        High = "high",
    }
}

/// The actions of a tool that does several things: `manage_executions` with `action: "kill"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actions {
    pub(crate) parameter: Box<str>,
    pub(crate) is_required: bool,
    pub(crate) actions: Vec<ActionRisk>,
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
        &self.actions
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
