//! What is wrong with a policy, where, and what to write instead.

mod code;
mod place;
mod render;
mod report;
mod snippet;
mod span;
mod suggest;

use std::fmt;

pub use code::DiagnosticCode;
pub(crate) use place::Place;
pub use render::{Rendered, render};
pub(crate) use report::Report;
pub use span::{Position, Span};
pub(crate) use suggest::nearest;

use crate::diagnostic::snippet::Snippet;
use crate::json::excerpt;
use crate::names::names;

/// One thing that is wrong with a policy.
///
/// The message is one sentence and says what is wrong; the [help](Self::help) says what to write instead,
/// where that is known; the [pointer](Self::pointer) and the [span](Self::span) say where. `Display` writes that in a
/// line, and [`render()`] draws it under the line of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    code: DiagnosticCode,
    severity: Severity,
    message: String,
    help: Option<String>,
    pointer: String,
    span: Option<Span>,
    related: Option<Related>,
    snippet: Option<Snippet>,
}

impl Diagnostic {
    pub(crate) fn new(code: DiagnosticCode, message: String, pointer: String) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message,
            help: None,
            pointer,
            span: None,
            related: None,
            snippet: None,
        }
    }

    /// One that does not make the policy wrong.
    pub(crate) fn warning(code: DiagnosticCode, message: String, pointer: String) -> Self {
        Self { severity: Severity::Warning, ..Self::new(code, message, pointer) }
    }

    /// Which mistake it is. Codes are stable.
    #[must_use]
    pub fn code(&self) -> DiagnosticCode {
        self.code
    }

    /// Whether it makes the policy wrong.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What is wrong, in one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The place in the document, as a JSON Pointer (RFC 6901): `/tools/pay/limits/0/max`. Empty for the
    /// document.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The place in the text; none if the policy was not read from a text.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// A second place that has to do with it, such as the first of two keys.
    #[must_use]
    pub fn related(&self) -> Option<&Related> {
        self.related.as_ref()
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn with_related(mut self, message: &'static str, pointer: String) -> Self {
        self.related = Some(Related { message, pointer, span: None, snippet: None });
        self
    }
}

/// `error[code] at line 3, column 5 (/tools/pay): message`, and the help on a line of its own.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.severity, self.code)?;
        if let Some(span) = self.span {
            write!(f, " at line {}, column {}", span.start.line, span.start.column)?;
        }
        if !self.pointer.is_empty() {
            write!(f, " ({})", excerpt(&self.pointer))?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(related) = &self.related {
            write!(f, "\n  note: {}", related.message)?;
            match related.span {
                Some(span) => write!(f, " at line {}, column {}", span.start.line, span.start.column)?,
                None => write!(f, " at {}", excerpt(&related.pointer))?,
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

names! {
    /// Whether a diagnostic makes a policy wrong.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "a policy is wrong or it is not")]
    pub enum Severity {
        /// It does not: the policy is likely not what its author meant.
        Warning = "warning",
        /// It does.
        Error = "error",
    }
}

/// A second place that has to do with a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    message: &'static str,
    pointer: String,
    span: Option<Span>,
    snippet: Option<Snippet>,
}

impl Related {
    /// What is there: `first defined here`.
    #[must_use]
    pub fn message(&self) -> &str {
        self.message
    }

    /// The place in the document, as a JSON Pointer.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The place in the text, if there is one.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.span
    }
}
