//! What a gate is made of.

use std::fmt;

use crate::audit::AuditKey;
use crate::evaluator::Evaluator;
use crate::mcp::Limits;
use crate::mcp::answer::Denials;
use crate::mcp::approvals::Approvals;
use crate::mcp::gate::Gate;
use crate::risk::Tool;

/// What a gate is made of.
///
/// ```
/// use std::time::Duration;
/// use mcp_policy::mcp::{Approvals, Denials, Elicitation, Gate, Retries};
/// use mcp_policy::{Evaluator, MemoryStore, Policy};
///
/// let policy: Policy = r#"{"version": "1", "default": "allow"}"#.parse()?;
/// # let (key, uuid) = ([0; 32], "9f1c");
/// let gate = Gate::builder(Evaluator::new(policy, MemoryStore::new()))
///     .approvals(Approvals::Elicit(Elicitation::new(key, uuid, Duration::from_secs(300))))
///     .retries(Retries::ChargeOnce)
///     .denials(Denials::Conceal)
///     .on_tools(|tools| println!("{} tools", tools.len()))
///     .build();
/// # let _ = gate;
/// # Ok::<(), mcp_policy::PolicyError>(())
/// ```
#[derive(Debug)]
pub struct GateBuilder<S> {
    evaluator: Evaluator<S>,
    settings: Settings,
}

/// Whether the retry of a call that a server wants more input for is charged again, from revision 2026-07-28
/// on. It is judged again either way, and whatever is not such a retry is a new call: other arguments, another
/// state, or the same state a second time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a retry is charged, or it is not")]
pub enum Retries {
    /// Each time. A server that asks twice makes one call of the agent count for three.
    #[default]
    ChargeEach,
    /// Once for the whole flow: the first call. A server that never comes to an end can be asked for ever at
    /// the price of one call.
    ChargeOnce,
}

/// What a gate was told.
pub(crate) struct Settings {
    pub(crate) approvals: Approvals,
    pub(crate) denials: Denials,
    pub(crate) retries: Retries,
    pub(crate) client_limits: Limits,
    pub(crate) server_limits: Limits,
    pub(crate) on_tools: Option<Box<OnTools>>,
    pub(crate) audit_key: Option<AuditKey>,
}

type OnTools = dyn Fn(&[Tool<'_>]) + Send + Sync;

impl<S> GateBuilder<S> {
    pub(super) fn new(evaluator: Evaluator<S>) -> Self {
        let settings = Settings {
            approvals: Approvals::default(),
            denials: Denials::default(),
            retries: Retries::default(),
            client_limits: Limits::CLIENT,
            server_limits: Limits::SERVER,
            on_tools: None,
            audit_key: None,
        };
        Self { evaluator, settings }
    }

    /// What becomes of calls that need approval. They are answered unless it is said.
    #[must_use]
    pub fn approvals(mut self, approvals: Approvals) -> Self {
        self.settings.approvals = approvals;
        self
    }

    /// How much a client is told of a denial. Everything unless it is said.
    #[must_use]
    pub fn denials(mut self, denials: Denials) -> Self {
        self.settings.denials = denials;
        self
    }

    /// Whether the retry of a call is charged again. It is unless it is said.
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.settings.retries = retries;
        self
    }

    /// What a client's messages may have: [`Limits::CLIENT`] unless it is said.
    #[must_use]
    pub fn client_limits(mut self, limits: Limits) -> Self {
        self.settings.client_limits = limits;
        self
    }

    /// What the server's messages may have: [`Limits::SERVER`] unless it is said.
    #[must_use]
    pub fn server_limits(mut self, limits: Limits) -> Self {
        self.settings.server_limits = limits;
        self
    }

    /// Who is told what the server lists, each time that a client has been listed a page: all tools that are
    /// known, hidden ones too, in the order of the pages. Usually a catalog learns them, and the evaluator
    /// goes by it. What is said here must not ask this gate for anything.
    ///
    /// ```
    /// use mcp_policy::mcp::Gate;
    /// use mcp_policy::risk::RiskCatalog;
    /// use mcp_policy::{Evaluator, MemoryStore};
    ///
    /// let catalog = RiskCatalog::new();
    /// let evaluator = Evaluator::builder(MemoryStore::new()).catalog(catalog.server("kestra")).build();
    /// let gate = Gate::builder(evaluator)
    ///     .on_tools(move |tools| drop(catalog.learn("kestra", tools.iter().copied())))
    ///     .build();
    /// # let _ = gate;
    /// ```
    #[must_use]
    pub fn on_tools(mut self, on_tools: impl Fn(&[Tool<'_>]) + Send + Sync + 'static) -> Self {
        self.settings.on_tools = Some(Box::new(on_tools));
        self
    }

    /// The key by which [events](crate::mcp::Event) tell arguments apart. They do not unless it is given.
    #[must_use]
    pub fn audit_key(mut self, key: AuditKey) -> Self {
        self.settings.audit_key = Some(key);
        self
    }

    /// The gate.
    #[must_use]
    pub fn build(self) -> Gate<S> {
        Gate::from_parts(self.evaluator, self.settings)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("approvals", &self.approvals)
            .field("denials", &self.denials)
            .field("retries", &self.retries)
            .field("client_limits", &self.client_limits)
            .field("server_limits", &self.server_limits)
            .finish_non_exhaustive()
    }
}
