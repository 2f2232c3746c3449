//! Risk categories and severities, and who says which a tool has.

use crate::fingerprint::Fingerprint;
use crate::names::names;

names! {
    /// What a tool can do at worst.
    ///
    /// In the order in which they win where several fit, the last first.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "the categories are part of the language, version 1")]
    pub enum Category {
        /// It looks at something.
        Read = "read",
        /// It creates or changes something.
        Write = "write",
        /// It makes something run.
        Execute = "execute",
        /// It destroys something.
        Destructive = "destructive",
        /// It moves money.
        Financial = "financial",
    }
}

names! {
    /// How bad it is when it goes wrong.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "the severities are part of the language, version 1")]
    pub enum Severity {
        /// As bad as a look.
        Low = "low",
        /// It can be put right.
        Medium = "medium",
        /// It costs something.
        High = "high",
        /// It cannot be put right.
        Critical = "critical",
    }
}

impl Category {
    /// The severity of the category, unless a catalog has assessed another.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Read => Severity::Low,
            Self::Write => Severity::Medium,
            Self::Execute => Severity::High,
            Self::Destructive | Self::Financial => Severity::Critical,
        }
    }
}

/// What is known of a tool: its category and its severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "what the language can ask for: `tool.category` and `tool.severity`"
)]
pub struct Classification {
    /// What the tool can do at worst.
    pub category: Category,
    /// How bad that is.
    pub severity: Severity,
}

impl From<Category> for Classification {
    /// With the severity of the category.
    fn from(category: Category) -> Self {
        Self { category, severity: category.severity() }
    }
}

/// What is known of the tools of one server: what they can do, and how the server listed them.
///
/// A [`RiskCatalog`](crate::risk::RiskCatalog) has one for each server. A policy's own `classify` is asked first. Any
/// closure from a tool's name to a classification is one too; it knows no definitions, so a tool that the policy
/// pins is denied:
///
/// ```
/// use mcp_policy::risk::{Category, Classify};
///
/// let catalog = |tool: &str| tool.starts_with("list_").then(|| Category::Read.into());
/// assert_eq!(catalog.classify("list_flows"), Some(Category::Read.into()));
/// assert_eq!(catalog.classify("purge"), None);
/// ```
pub trait Classify: Send + Sync {
    /// What the tool with this name can do; `None` if that is not known. Under a policy that has `categories`
    /// a tool that is not known is denied, so answering `None` is safe and answering too low is not.
    fn classify(&self, tool: &str) -> Option<Classification>;

    /// The [fingerprint](crate::risk::Tool::fingerprint) of the tool's definition as the server listed it last; `None` if
    /// it was never listed, or it is not known how. A tool that the policy pins is then denied.
    fn listed(&self, tool: &str) -> Option<Fingerprint> {
        let _ = tool;
        None
    }
}

impl<F> Classify for F
where
    F: Fn(&str) -> Option<Classification> + Send + Sync,
{
    fn classify(&self, tool: &str) -> Option<Classification> {
        self(tool)
    }
}
