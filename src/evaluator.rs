//! Evaluators: a policy, a counter store and a clock.

mod asynchronous;
mod builder;
mod decide;
mod explanation;
mod permit;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::RwLock;

pub use builder::{EvaluatorBuilder, OnStoreFailure};
pub use explanation::{
    ClauseExplanation, ConditionExplanation, Explanation, LimitExplanation, PinExplanation, Truth,
};
pub use permit::Permit;

use crate::call::ToolCall;
use crate::evaluator::decide::Judged;
use crate::evaluator::explanation::Looked;
use crate::policy::{ApprovalRequest, Denial, Policy};
use crate::risk::Classify;
use crate::store::CounterStore;

/// Decides calls: it judges them by a policy and takes their price from a counter store.
///
/// Cloning one is cheap, and the clones are one evaluator: they share the policy and the store.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use mcp_policy::{Context, Decision, Evaluator, MemoryStore, Outcome, Policy, ToolCall};
/// use serde_json::json;
///
/// let policy: Policy = r#"{
///     "version": "1",
///     "default": "deny",
///     "tools": {"restart": {"limits": [{"counter": "restarts", "window": "minute", "max": 1}]}}
/// }"#.parse()?;
/// let evaluator = Evaluator::new(policy, MemoryStore::new());
///
/// let arguments = json!({"execution_id": "2Xq8"});
/// let context = Context::new().grant("ci-runner");
/// let call = ToolCall::new("restart", &arguments).context(&context);
///
/// let now = SystemTime::UNIX_EPOCH;
/// let Decision::Allow(permit) = evaluator.evaluate_at(&call, now) else { panic!() };
/// permit.settle(Outcome::Succeeded)?;
///
/// let Decision::Deny(denial) = evaluator.evaluate_at(&call, now) else { panic!() };
/// assert_eq!(denial.retry_after(), Some(Duration::from_secs(60)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Evaluator<S> {
    inner: Arc<Inner<S>>,
}

/// What becomes of a call.
#[expect(clippy::exhaustive_enums, reason = "whoever acts on a decision must act on every one")]
pub enum Decision<S> {
    /// It may pass. The permit is to be settled when the call has come to its end.
    Allow(Permit<S>),
    /// It may not pass.
    Deny(Denial),
    /// It may pass once somebody has approved it.
    NeedsApproval(ApprovalRequest),
}

impl<S> Evaluator<S> {
    /// An evaluator with a policy and a store, in the namespace `""` and without a catalog.
    #[must_use]
    pub fn new(policy: Policy, store: S) -> Self {
        EvaluatorBuilder::new(store).policy(policy).build()
    }

    /// Begins an evaluator with what [`new`](Self::new) does not set.
    #[must_use]
    pub fn builder(store: S) -> EvaluatorBuilder<S> {
        EvaluatorBuilder::new(store)
    }

    /// Puts another policy in force. Calls that are being decided end under the one they began with; the
    /// counters are kept, for as long as the counter's name, window, algorithm and scope stay the same.
    pub fn replace_policy(&self, policy: Policy) {
        *self.inner.policy.write() = Some(policy);
    }

    /// The policy that is in force.
    #[must_use]
    pub fn policy(&self) -> Option<Policy> {
        self.inner.policy.read().clone()
    }

    /// The counter store.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.inner.store
    }

    fn catalog(&self) -> Option<&dyn Classify> {
        self.inner.catalog.as_deref()
    }
}

impl<S: CounterStore> Evaluator<S> {
    /// Decides a call now, by the system's clock.
    ///
    /// There is no error: whatever cannot be decided is denied, so nobody can turn an error into a yes by
    /// mistake.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock, for those who do not bring one"
    )]
    pub fn evaluate(&self, call: &ToolCall<'_>) -> Decision<S> {
        self.evaluate_at(call, SystemTime::now())
    }

    /// Decides a call at a moment.
    #[must_use]
    pub fn evaluate_at(&self, call: &ToolCall<'_>, now: SystemTime) -> Decision<S> {
        match self.judge(call, now) {
            Judged::Decided(decision) => decision,
            Judged::Priced(priced) => {
                let taken = self.store().reserve(&priced.charges, now);
                self.decide(&priced, taken)
            }
        }
    }

    /// Explains what would become of a call at a moment: every clause and limit that is looked at, with what
    /// it comes to. It charges nothing.
    #[must_use]
    pub fn explain_at(&self, call: &ToolCall<'_>, now: SystemTime) -> Explanation {
        match self.look(call, now) {
            Looked::Explained(explanation) => explanation,
            Looked::Priced(priced) => {
                let peek = self.store().peek(&priced.charges, now);
                self.explain(priced, peek)
            }
        }
    }
}

struct Inner<S> {
    policy: RwLock<Option<Policy>>,
    store: S,
    namespace: Box<str>,
    catalog: Option<Box<dyn Classify>>,
    on_store_failure: OnStoreFailure,
}

impl<S> fmt::Debug for Decision<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow(permit) => f.debug_tuple("Allow").field(permit).finish(),
            Self::Deny(denial) => f.debug_tuple("Deny").field(denial).finish(),
            Self::NeedsApproval(request) => f.debug_tuple("NeedsApproval").field(request).finish(),
        }
    }
}

impl<S> Clone for Evaluator<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S: fmt::Debug> fmt::Debug for Evaluator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator")
            .field("policy", &*self.inner.policy.read())
            .field("store", &self.inner.store)
            .field("namespace", &self.inner.namespace)
            .field("on_store_failure", &self.inner.on_store_failure)
            .finish_non_exhaustive()
    }
}
