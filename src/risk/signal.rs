//! Signals: what makes a tool worth a second look, whatever its category is.

use std::fmt;

use crate::names::names;

names! {
    /// Something that a tool takes or does and that attacks make use of.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum Signal {
        /// It can act on many things at once.
        Bulk = "bulk",
        /// It takes code, and something may run it.
        Code = "code",
        /// It can be told to force or to overwrite.
        Force = "force",
        /// It takes raw HTML or a template.
        Html = "html",
        /// It has many parameters: more than a person checks.
        ManyParameters = "many_parameters",
        /// It sends messages to people.
        Messages = "messages",
        /// It takes a path of a file system.
        Path = "path",
        /// It reads secrets.
        Secrets = "secrets",
        /// It takes commands of a shell.
        Shell = "shell",
        /// It takes raw SQL.
        Sql = "sql",
        /// It takes a URL.
        Url = "url",
    }
}

/// A set of signals.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Signals(u16);

impl Signals {
    /// Whether this signal is among them.
    #[must_use]
    pub fn contains(self, signal: Signal) -> bool {
        self.0 & bit(signal) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The signals, by name.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        Signal::ALL.iter().copied().filter(move |signal| self.contains(*signal))
    }

    pub(crate) fn insert(&mut self, signal: Signal) {
        self.0 |= bit(signal);
    }
}

fn bit(signal: Signal) -> u16 {
    match signal {
        Signal::Bulk => 1,
        Signal::Code => 2,
        Signal::Force => 4,
        Signal::Html => 8,
        Signal::ManyParameters => 16,
        Signal::Messages => 32,
        Signal::Path => 64,
        Signal::Secrets => 128,
        Signal::Shell => 256,
        Signal::Sql => 512,
        Signal::Url => 1_024,
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_is_one_of_its_own() {
        for signal in Signal::ALL {
            let mut signals = Signals::default();
            signals.insert(*signal);
            assert_eq!(signals.iter().collect::<Vec<_>>(), [*signal]);
        }
    }
}
