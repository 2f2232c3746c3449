//! What comes of judging a call.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::call::Approval;
use crate::fingerprint::Fingerprint;
use crate::limit::{Charge, Charges};
use crate::names::names;

/// What a policy says of a call at a moment.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever acts on a verdict must act on every one")]
pub enum Verdict {
    /// It may pass.
    Allow,
    /// It may pass if this can be charged, all of it.
    Charge(Charges),
    /// It may not pass.
    Deny(Denial),
    /// It may pass once somebody has approved it.
    NeedsApproval(ApprovalRequest),
}

names! {
    /// Why a call is denied. The names are stable.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "part of the language, version 1")]
    pub enum DenialCode {
        /// The rule's `action` denies.
        ActionDeny = "action_deny",
        /// The amount of a limit's `increment_from` is absent, no number, negative or beyond 10¹².
        AmountInvalid = "amount_invalid",
        /// The approval is for another call, too old, or was used before.
        ApprovalInvalid = "approval_invalid",
        /// The arguments are not valid against the tool's input schema.
        ArgumentInvalid = "argument_invalid",
        /// An argument that `only_args` does not name.
        ArgumentNotAllowed = "argument_not_allowed",
        /// The tool was listed with another definition than the pinned one, or never.
        DefinitionChanged = "definition_changed",
        /// A clause of `deny_if` holds, or met an argument of the wrong type.
        DenyIfMatched = "deny_if_matched",
        /// `hide` names the tool.
        Hidden = "hidden",
        /// A limit would be exceeded.
        LimitExceeded = "limit_exceeded",
        /// The arguments are not a JSON object, or nested too deep to be approved, or the tool's name is not
        /// 1 to 128 visible ASCII characters.
        MalformedCall = "malformed_call",
        /// There is no policy.
        NoPolicy = "no_policy",
        /// A clause of `require` does not hold.
        RequireFailed = "require_failed",
        /// The call does not have an attribute or argument that a limit counts by.
        ScopeMissing = "scope_missing",
        /// The counter store has no room for another counter.
        StoreFull = "store_full",
        /// The counter store did not answer, or not as it should.
        StoreUnavailable = "store_unavailable",
        /// The policy goes by risk category, and the tool has none.
        Unclassified = "unclassified",
        /// No rule is for the tool.
        Unlisted = "unlisted",
    }
}

/// Why a call may not pass.
///
/// `Display` writes what the agent is told: `[POLICY DENIED] ` and the [message](Denial::message).
#[derive(Clone, Debug)]
pub struct Denial {
    code: DenialCode,
    rule: Option<Arc<str>>,
    message: Cow<'static, str>,
    retry_after: Option<u64>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Denial {
    /// Why, for programs.
    #[must_use]
    pub fn code(&self) -> DenialCode {
        self.code
    }

    /// What denies, as a JSON Pointer into the policy, such as `/tools/create_charge/deny_if/0`; none where
    /// nothing in the policy does.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// Why, for the agent: the author's text, or one that never quotes an argument.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How long until the limits would let the same call through if nothing else is charged: whole seconds,
    /// rounded up. None for any other denial, and where they never would.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.map(Duration::from_secs)
    }

    /// What went wrong in the counter store. It is for the operator: it may name hosts and files.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.source.as_deref()
    }

    pub(crate) fn new(code: DenialCode, rule: Option<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, rule: rule.map(Into::into), message: message.into(), retry_after: None, source: None }
    }

    /// One with the author's text, if there is one.
    pub(crate) fn told(
        code: DenialCode,
        rule: String,
        text: Option<&Arc<str>>,
        generated: impl FnOnce() -> Cow<'static, str>,
    ) -> Self {
        let message = text.map_or_else(generated, |text| Cow::Owned(text.to_string()));
        Self::new(code, Some(rule), message)
    }

    pub(crate) fn no_policy() -> Self {
        Self::new(DenialCode::NoPolicy, None, "there is no policy, and nothing is allowed without one")
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[POLICY DENIED] {}", self.message)
    }
}

/// What keeps a call from passing.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "everything that is not an allow")]
pub enum Stop {
    /// It is denied.
    Deny(Denial),
    /// It is held until somebody has approved it.
    NeedsApproval(ApprovalRequest),
}

impl From<Denial> for Stop {
    fn from(denial: Denial) -> Self {
        Self::Deny(denial)
    }
}

/// A call that may pass once somebody has approved it.
///
/// `Display` writes what is shown to whoever is asked. It does not hold the call: keep the tool and its
/// arguments, and show them too. Until the answer comes the agent can be told that the call waits for
/// approval; it repeats the call, or the program does.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use mcp_policy::{Decision, Evaluator, MemoryStore, Policy, ToolCall};
/// use serde_json::json;
///
/// let policy: Policy =
///     r#"{"version": "1", "default": "deny", "tools": {"wipe": {"action": "require_approval"}}}"#.parse()?;
/// let evaluator = Evaluator::new(policy, MemoryStore::new());
/// let now = SystemTime::UNIX_EPOCH;
///
/// let arguments = json!({"disk": "sdb"});
/// let call = ToolCall::new("wipe", &arguments);
/// let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, now) else { panic!() };
/// assert_eq!(request.rule(), "/tools/wipe/action");
///
/// // A person has said yes. The identifier is the program's own, and is never used again.
/// let approval = request.approve("ticket-4711", now + Duration::from_secs(300));
/// let approved = call.approval(&approval);
/// assert!(matches!(evaluator.evaluate_at(&approved, now), Decision::Allow(_)));
/// assert!(matches!(evaluator.evaluate_at(&approved, now), Decision::Deny(_)));
/// # Ok::<(), mcp_policy::PolicyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ApprovalRequest {
    fingerprint: Fingerprint,
    rule: Arc<str>,
    message: Cow<'static, str>,
}

impl ApprovalRequest {
    /// What is to be approved: this call, under this policy, in this context.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// What asks, as a JSON Pointer into the policy. Where several clauses ask it is the first: one approval
    /// answers all of them.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The text to show: the author's, or one that never quotes an argument.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The approval of this request: valid until `expires_at`, for one use. The identifier must be its own:
    /// see [`Approval::new`].
    #[must_use]
    pub fn approve(&self, id: impl Into<String>, expires_at: SystemTime) -> Approval {
        Approval::new(id, self.fingerprint, expires_at)
    }

    pub(crate) fn new(fingerprint: Fingerprint, rule: Arc<str>, text: Option<&Arc<str>>) -> Self {
        let generated = Cow::Borrowed("this call needs approval");
        let message = text.map_or(generated, |text| Cow::Owned(text.to_string()));
        Self { fingerprint, rule, message }
    }
}

impl fmt::Display for ApprovalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The denial of a charge that does not fit; `seconds` until it would.
pub(crate) fn limit_exceeded(charge: &Charge, seconds: Option<u64>) -> Denial {
    let limit = charge.limit();
    let generated = || {
        let allowed = limit.words(charge.max());
        Cow::Owned(match seconds {
            _ if charge.amount() > charge.max() => format!("the call alone is over the limit of {allowed}"),
            Some(1) => format!("the limit would be exceeded: {allowed}; try again in 1 second"),
            Some(seconds) => {
                format!("the limit would be exceeded: {allowed}; try again in {seconds} seconds")
            }
            None => format!("the limit would be exceeded: {allowed}"),
        })
    };
    let denial = Denial::told(DenialCode::LimitExceeded, limit.rule(), limit.on_deny.as_ref(), generated);
    Denial { retry_after: seconds, ..denial }
}

/// A denial because of the counter store.
pub(crate) fn store_denial(code: DenialCode, source: Option<Arc<dyn Error + Send + Sync>>) -> Denial {
    let message = match code {
        DenialCode::StoreFull => "too many counters are in use, and none can be added; try again later",
        _ => "the limits cannot be checked now; try again later",
    };
    Denial { source, ..Denial::new(code, None, message) }
}
