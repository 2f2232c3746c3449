//! How bad it is when a tool goes wrong.

use crate::risk::{Category, Severity, Signal, Signals};

/// The category's severity, or a higher one where a signal speaks for it.
pub(super) fn of(category: Category, signals: Signals) -> Severity {
    let has = |signal| signals.contains(signal);
    let raised = match category {
        Category::Read if has(Signal::Secrets) => Severity::High,
        Category::Read if has(Signal::Sql) || has(Signal::Url) || has(Signal::Code) => Severity::Medium,
        Category::Write
            if has(Signal::Secrets) || has(Signal::Messages) || has(Signal::Force) || has(Signal::Bulk) =>
        {
            Severity::High
        }
        Category::Execute if has(Signal::Shell) || has(Signal::Code) => Severity::Critical,
        _ => Severity::Low,
    };
    category.severity().max(raised)
}
