//! What an evaluator is made of.

use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::evaluator::{Evaluator, Inner};
use crate::policy::Policy;
use crate::risk::Classify;

/// What an evaluator is made of.
///
/// ```
/// use mcp_policy::{Evaluator, MemoryStore, Policy};
/// use mcp_policy::risk::Category;
///
/// let policy: Policy = r#"{"version": "1", "default": "deny", "categories": {"read": {}}}"#.parse()?;
/// let evaluator = Evaluator::builder(MemoryStore::with_capacity(10_000))
///     .policy(policy)
///     .namespace("github")
///     .catalog(|tool: &str| tool.starts_with("get_").then(|| Category::Read.into()))
///     .build();
/// # let _ = evaluator;
/// # Ok::<(), mcp_policy::PolicyError>(())
/// ```
pub struct EvaluatorBuilder<S> {
    policy: Option<Policy>,
    store: S,
    namespace: Box<str>,
    catalog: Option<Box<dyn Classify>>,
    on_store_failure: OnStoreFailure,
}

/// What becomes of a call with a price while the counter store does not answer.
///
/// ```
/// use mcp_policy::{Decision, Evaluator, ToolCall};
/// use mcp_policy::evaluator::OnStoreFailure;
/// use mcp_policy::store::NullStore; // never answers
///
/// let policy = r#"{"version": "1", "default": "deny", "tools": {"t": {
///     "limits": [{"counter": "c", "window": "day", "max": 10, "scope": "global"}]
/// }}}"#;
/// let evaluator = Evaluator::builder(NullStore)
///     .policy(policy.parse()?)
///     .on_store_failure(OnStoreFailure::Allow)
///     .build();
/// let decision = evaluator.evaluate(&ToolCall::new("t", None::<&serde_json::Value>));
/// let Decision::Allow(permit) = decision else { panic!() };
/// assert!(permit.degraded().is_some());
/// # Ok::<(), mcp_policy::PolicyError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "what cannot be charged passes or does not")]
pub enum OnStoreFailure {
    /// It is let through uncharged, and its permit says so ([`Permit::degraded`](crate::Permit::degraded)):
    /// no limit holds until the store answers again.
    ///
    /// Only a store that cannot be reached is a failure. One that says that a limit is exceeded, that an
    /// approval was used or that it is full has answered, and the call is denied. So is a call with an
    /// approval, whose single use cannot be marked.
    Allow,
    /// It is denied ([`StoreUnavailable`](crate::DenialCode::StoreUnavailable)).
    #[default]
    Deny,
}

impl<S> EvaluatorBuilder<S> {
    pub(super) fn new(store: S) -> Self {
        Self {
            policy: None,
            store,
            namespace: Box::default(),
            catalog: None,
            on_store_failure: OnStoreFailure::Deny,
        }
    }

    /// The policy. Without one every call is denied ([`NoPolicy`](crate::DenialCode::NoPolicy)) until there
    /// is.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// What keeps the counters and approvals of this evaluator apart from those of others in the same store.
    /// Nothing unless it is said.
    #[must_use]
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into().into(), ..self }
    }

    /// What knows the tools of the server: the risk categories of those that the policy's own `classify` does not name,
    /// and the definitions that its `pins` are compared with. A [`RiskCatalog`](crate::risk::RiskCatalog) has one for
    /// each server.
    #[must_use]
    pub fn catalog(self, catalog: impl Classify + 'static) -> Self {
        Self { catalog: Some(Box::new(catalog)), ..self }
    }

    /// What becomes of a call with a price while the counter store does not answer. It is denied unless it is
    /// said.
    #[must_use]
    pub fn on_store_failure(self, on_store_failure: OnStoreFailure) -> Self {
        Self { on_store_failure, ..self }
    }

    /// The evaluator.
    #[must_use]
    pub fn build(self) -> Evaluator<S> {
        let Self { policy, store, namespace, catalog, on_store_failure } = self;
        let policy = RwLock::new(policy);
        Evaluator { inner: Arc::new(Inner { policy, store, namespace, catalog, on_store_failure }) }
    }
}

impl<S: fmt::Debug> fmt::Debug for EvaluatorBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvaluatorBuilder")
            .field("policy", &self.policy)
            .field("store", &self.store)
            .field("namespace", &self.namespace)
            .field("on_store_failure", &self.on_store_failure)
            .finish_non_exhaustive()
    }
}
