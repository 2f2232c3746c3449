//! How bad it is when a tool goes wrong.

use crate::risk::{Category, Severity, Signal, Signals};

/// The severity of a category, or a higher one and the signal that raises it.
///
/// - A read is high if it reads secrets, and medium if it takes raw SQL, code or a URL: who chooses that chooses what is read.
/// - A write is high if it can act on many things at once, can be told to force or to overwrite, or reaches people: it cannot
///   be put right.
/// - Execute is critical if it takes commands of a shell or code: it can do anything.
/// - Destructive and financial are critical as they are.
pub(super) fn of(category: Category, signals: Signals) -> (Severity, Option<Signal>) {
    let (raised, by): (Severity, &[Signal]) = match category {
        Category::Read if signals.contains(Signal::Secrets) => (Severity::High, &[Signal::Secrets]),
        Category::Read => (Severity::Medium, &[Signal::Sql, Signal::Code, Signal::Url]),
        Category::Write => (Severity::High, &[Signal::Bulk, Signal::Force, Signal::Messages]),
        Category::Execute => (Severity::Critical, &[Signal::Shell, Signal::Code]),
        Category::Destructive | Category::Financial => (Severity::Critical, &[]),
    };
    let signal = by.iter().copied().find(|signal| signals.contains(*signal));
    (if signal.is_some() { raised } else { category.severity() }, signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(category: Category, signal: Signal) -> Severity {
        let mut signals = Signals::default();
        signals.insert(signal);
        of(category, signals).0
    }

    #[test]
    fn a_signal_raises_the_severity_and_none_lowers_it() {
        for category in Category::ALL {
            assert_eq!(of(*category, Signals::default()), (category.severity(), None));
            for signal in Signal::ALL {
                assert!(with(*category, *signal) >= category.severity());
            }
        }
        assert_eq!(with(Category::Read, Signal::Secrets), Severity::High);
        assert_eq!(with(Category::Read, Signal::Sql), Severity::Medium);
        assert_eq!(with(Category::Read, Signal::Path), Severity::Low);
        assert_eq!(with(Category::Write, Signal::Messages), Severity::High);
        assert_eq!(with(Category::Write, Signal::Sql), Severity::Medium);
        assert_eq!(with(Category::Execute, Signal::Shell), Severity::Critical);
        assert_eq!(with(Category::Execute, Signal::Bulk), Severity::High);
    }
}
