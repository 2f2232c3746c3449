//! Policies: the language, its check, and the judgment of a call.

mod check;
pub mod document;
mod judge;
mod rule;
#[cfg(feature = "schema")]
mod schema;
mod source;
mod verdict;
mod warn;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

pub(crate) use check::always_passes;
pub(crate) use judge::{ClauseKind, Observer, approval_invalid};
pub use source::{MAX_BYTES, MAX_DEPTH, MAX_KEY_BYTES};
pub use verdict::{ApprovalRequest, Denial, DenialCode, Stop, Verdict};
pub(crate) use verdict::{limit_exceeded, store_denial};

use crate::call::ToolCall;
use crate::diagnostic::{self, Diagnostic, Report};
use crate::fingerprint::Fingerprint;
use crate::json::Node;
use crate::policy::document::{Mode, PolicyDocument, depth};
use crate::policy::rule::Rules;
use crate::risk::Classify;

/// A policy that has been checked: there is none that is wrong.
///
/// It is made from a text ([`Policy::from_json`], [`FromStr`]) or from a [`PolicyDocument`] ([`TryFrom`]).
/// Cloning one is cheap.
///
/// ```
/// use std::time::SystemTime;
/// use mcp_policy::{Policy, ToolCall, Verdict};
/// use serde_json::json;
///
/// let policy: Policy = r#"{
///     "version": "1",
///     "default": "deny",
///     "tools": {"merge": {"require": [{"conditions": [{"path": "args.branch", "op": "neq", "value": "main"}]}]}}
/// }"#.parse()?;
///
/// let arguments = json!({"branch": "main"});
/// let verdict = policy.judge(&ToolCall::new("merge", &arguments), SystemTime::UNIX_EPOCH);
/// let Verdict::Deny(denial) = verdict else { panic!() };
/// assert_eq!(denial.rule(), Some("/tools/merge/require/0"));
/// # Ok::<(), mcp_policy::PolicyError>(())
/// ```
#[derive(Clone)]
pub struct Policy {
    inner: Arc<Inner>,
}

struct Inner {
    document: PolicyDocument,
    digest: Fingerprint,
    rules: Rules,
    warnings: Vec<Diagnostic>,
    omitted_warnings: usize,
}

impl Policy {
    /// Reads a policy from a JSON text.
    ///
    /// Reading is strict: a member that the language does not have is an error, and so is a key that occurs
    /// twice.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] with everything that is wrong, each with its line, column and JSON Pointer:
    ///
    /// ```
    /// use mcp_policy::Policy;
    ///
    /// let error = Policy::from_json(r#"{
    ///     "version": "1",
    ///     "default": "deny",
    ///     "tools": {"pay": {"limit": [], "deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": "5"}]}]}}
    /// }"#).unwrap_err();
    ///
    /// let pointers: Vec<_> = error.diagnostics().iter().map(|diagnostic| diagnostic.pointer()).collect();
    /// assert_eq!(pointers, ["/tools/pay/limit", "/tools/pay/deny_if/0/conditions/0/value"]);
    /// assert_eq!(error.diagnostics()[0].help(), Some("did you mean `limits`?"));
    /// assert_eq!(error.diagnostics()[0].span().unwrap().start.line, 4);
    /// ```
    pub fn from_json(text: &str) -> Result<Self, PolicyError> {
        let mut report = Report::default();
        let Some((document, root)) = source::read(text, &mut report) else {
            return Err(PolicyError::new(report.finish_text(text)));
        };
        match Self::check(document, &mut report, Some((text, &root))) {
            Some(policy) => Ok(policy),
            None => Err(PolicyError::new(report.finish(Some((text, &root))))),
        }
    }

    /// Judges a call at a moment: whether it is denied, needs approval, or is allowed, and at what price.
    ///
    /// Keys and fingerprints are those of the namespace `""`: an approval that was asked for here is not one
    /// for an [`Evaluator`](crate::Evaluator) with a namespace.
    ///
    /// Nothing is charged. Nothing is allocated on the way to an allow without a price either, but where an
    /// operator must: `host_in` and `path_within`, `contains` and lists with `ignore_case` where folding
    /// changes the text, lists that an array or object is looked for in, and lists from `value_from`.
    ///
    /// The verdict is what the policy says, also in [monitor mode](Policy::mode).
    #[must_use]
    pub fn judge(&self, call: &ToolCall<'_>, now: SystemTime) -> Verdict {
        self.judge_in("", call, None, now.into(), &mut ())
    }

    /// Judges a call as [`judge`](Policy::judge) does, with what is known of the server's tools: their risk categories,
    /// and the definitions that `pins` are compared with. Without it a tool that is pinned is denied.
    #[must_use]
    pub fn judge_with(&self, call: &ToolCall<'_>, catalog: &dyn Classify, now: SystemTime) -> Verdict {
        self.judge_in("", call, Some(catalog), now.into(), &mut ())
    }

    /// Whether a tool is removed from `tools/list`. In monitor mode none is.
    #[must_use]
    pub fn hides(&self, tool: &str) -> bool {
        self.mode() == Mode::Enforce && self.inner.rules.hidden_by(tool).is_some()
    }

    /// Whether decisions are enforced.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.inner.document.mode
    }

    /// The document that the policy was made of.
    #[must_use]
    pub fn document(&self) -> &PolicyDocument {
        &self.inner.document
    }

    /// SHA-256 of the document in canonical JSON: the same for two texts that differ in white space or in the
    /// order of members. What was approved under a policy with one digest is not approved under another.
    #[must_use]
    pub fn digest(&self) -> Fingerprint {
        self.inner.digest
    }

    /// What is likely not what the author meant, in the order of the text. It changes no decision. At most 100
    /// are kept.
    ///
    /// A document, a rule, a clause and a limit can have a member `silence`: the codes that are not wanted there and below.
    ///
    /// ```
    /// use mcp_policy::Policy;
    ///
    /// let policy: Policy = r#"{"version": "1", "default": "deny", "hide": ["delete_*", "delete_flow"]}"#.parse()?;
    /// assert_eq!(
    ///     policy.warnings()[0].to_string(),
    ///     "warning[shadowed] at line 1, column 58 (/hide/1): `delete_*` hides all that `delete_flow` does\n  \
    ///      note: hidden here at line 1, column 46\n  help: leave one of them out"
    /// );
    /// # Ok::<(), mcp_policy::PolicyError>(())
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.inner.warnings
    }

    /// How many more warnings there were.
    #[must_use]
    pub fn omitted_warnings(&self) -> usize {
        self.inner.omitted_warnings
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.inner.rules
    }

    /// The source is where the document was read from. It is only asked for places.
    fn check(document: PolicyDocument, report: &mut Report, source: Option<(&str, &Node)>) -> Option<Self> {
        let rules = check::check(&document, report);
        warn::check_silence(&document, report);
        if !report.is_empty() {
            return None;
        }
        let digest = digest(&document, report)?;
        let mut found = Report::default();
        warn::warn(&document, &mut found);
        let (warnings, omitted_warnings) = found.finish(source);
        Some(Self { inner: Arc::new(Inner { document, digest, rules, warnings, omitted_warnings }) })
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        Self::from_json(text)
    }
}

impl TryFrom<PolicyDocument> for Policy {
    type Error = PolicyError;

    fn try_from(document: PolicyDocument) -> Result<Self, PolicyError> {
        let mut report = Report::default();
        Self::check(document, &mut report, None).ok_or_else(|| PolicyError::new(report.finish(None)))
    }
}

/// The name, if there is one, and the digest.
impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("name", &self.inner.document.name)
            .field("digest", &self.inner.digest)
            .finish()
    }
}

/// Everything that is wrong with a policy.
///
/// `Debug` writes what `Display` does: it is what `main` and `unwrap` show.
#[derive(Clone, PartialEq, Eq)]
pub struct PolicyError {
    diagnostics: Vec<Diagnostic>,
    omitted: usize,
}

impl PolicyError {
    /// What is wrong, in the order of the text. At most 100 are kept.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// How many more there were.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    fn new((diagnostics, omitted): (Vec<Diagnostic>, usize)) -> Self {
        Self { diagnostics, omitted }
    }
}

/// One diagnostic after the other, each drawn under the line of the text that it is about, as
/// [`render`](diagnostic::render()) does.
impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", diagnostic::render(&self.diagnostics))?;
        if self.omitted > 0 {
            write!(f, "\n\nand {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl fmt::Debug for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for PolicyError {}

fn digest(document: &PolicyDocument, report: &mut Report) -> Option<Fingerprint> {
    let value = serde_json::to_value(document).ok()?;
    // Only a document that a program built can be too deep: a text has been refused before.
    let is_read = depth(&value, MAX_DEPTH) <= MAX_DEPTH;
    let digest = is_read.then(|| Fingerprint::of((&value).into())).flatten();
    if digest.is_none() {
        report.check(check::too_deep(MAX_DEPTH));
    }
    digest
}
