//! What a store did not do as it should.

use std::error::Error;
use std::fmt;

/// A check that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    check: &'static str,
    broken: Broken,
}

/// A sentence that does not hold, and what was found instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    sentence: &'static str,
    found: String,
}

/// The checks that failed. `Debug` writes them as `Display` does, so that a test may unwrap them.
#[derive(Clone, PartialEq, Eq)]
pub struct Failures {
    failures: Vec<Failure>,
}

impl Failure {
    /// The name of the check.
    #[must_use]
    pub fn check(&self) -> &'static str {
        self.check
    }

    /// The sentence that does not hold.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        self.broken.sentence
    }

    /// What was found instead.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.broken.found
    }

    pub(super) fn new(check: &'static str, broken: Broken) -> Self {
        Self { check, broken }
    }
}

impl Broken {
    pub(super) fn new(sentence: &'static str, found: impl Into<String>) -> Self {
        Self { sentence, found: found.into() }
    }
}

impl Failures {
    /// The checks that failed, in the order of the suite.
    #[must_use]
    pub fn as_slice(&self) -> &[Failure] {
        &self.failures
    }

    pub(super) fn new(failures: Vec<Failure>) -> Self {
        Self { failures }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected: {} Found: {}", self.check, self.broken.sentence, self.broken.found)
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store does not conform")?;
        self.failures.iter().try_for_each(|failure| write!(f, "\n  {failure}"))
    }
}

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Failures {}
