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
}

impl<S> EvaluatorBuilder<S> {
    pub(super) fn new(store: S) -> Self {
        Self { policy: None, store, namespace: Box::default(), catalog: None }
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

    /// The evaluator.
    #[must_use]
    pub fn build(self) -> Evaluator<S> {
        let Self { policy, store, namespace, catalog } = self;
        Evaluator { inner: Arc::new(Inner { policy: RwLock::new(policy), store, namespace, catalog }) }
    }
}

impl<S: fmt::Debug> fmt::Debug for EvaluatorBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvaluatorBuilder")
            .field("policy", &self.policy)
            .field("store", &self.store)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
