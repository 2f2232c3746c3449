//! Gates: what all connections to one server share.

mod builder;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use serde_json::{Map, Value};

pub use builder::{GateBuilder, Retries};

use crate::call::{Approval, Context, ToolCall};
use crate::evaluator::{Decision, Evaluator};
use crate::fingerprint::Fingerprint;
use crate::mcp::answer;
use crate::mcp::gate::builder::Settings;
use crate::mcp::ledger::Ledger;
use crate::mcp::listing::Listing;
use crate::mcp::{Identity, Session};
use crate::policy::document::Mode;
use crate::policy::{ApprovalRequest, Denial, always_passes};
use crate::store::{AsyncCounterStore, CounterStore};

/// The gate in front of one MCP server: an evaluator, and what outlives a connection.
///
/// Whoever moves bytes makes a [`Session`] of it for each connection: [`session`](Gate::session). Whoever has
/// parsed the JSON already asks it call by call, as here; then these are the traps:
///
/// - **Parse strictly.** Of two members with one key, most readers take the last and some the first. Read with
///   [`json::parse`](crate::json::parse), or let a [`Session`] do it.
/// - **Forward what was judged**: the name and the arguments that were given here, written anew, and never the
///   bytes that came.
/// - **Let nothing past.** A typed library hands what it cannot read as a call (`"arguments": []`) to a
///   handler for other methods. Whatever that handler forwards is not judged: ask [`lets_pass`](Gate::lets_pass)
///   there, and forward nothing that it does not name.
/// - **Filter what is listed** by [`shows`](Gate::shows), so that agents do not try what they may not call.
///
/// Cloning one is cheap, and the clones are one gate.
///
/// ```
/// use std::time::SystemTime;
/// use mcp_policy::mcp::{Gate, Identity};
/// use mcp_policy::{Decision, Evaluator, MemoryStore, Outcome, Policy};
/// use serde_json::json;
///
/// let policy: Policy = r#"{"version": "1", "default": "deny", "hide": ["drop_*"], "tools": {"read": {}}}"#.parse()?;
/// let gate = Gate::new(Evaluator::new(policy, MemoryStore::new()));
/// let caller = Identity::new().grant("ci-runner");
///
/// let arguments = json!({"path": "/tmp/x"});
/// match gate.decide_at("read", Some(&arguments), &caller, SystemTime::UNIX_EPOCH) {
///     Decision::Allow(permit) => {
///         let answer = json!({"content": []}); // of the server
///         permit.settle(Outcome::of(&answer))?;
///     }
///     Decision::Deny(denial) => println!("{}", json!(gate.denied(&denial))), // a result of `tools/call`
///     Decision::NeedsApproval(request) => println!("{request}"),
/// }
/// assert!(!gate.shows("drop_table"));
/// assert!(!gate.lets_pass("resources/read"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Gate<S> {
    inner: Arc<Inner<S>>,
}

struct Inner<S> {
    evaluator: Evaluator<S>,
    settings: Settings,
    ledger: Mutex<Ledger<S>>,
    listing: Mutex<Listing>,
}

impl<S> Gate<S> {
    /// A gate that answers calls which need approval by saying so, judges and charges each retry of a call,
    /// and tells why it denies.
    #[must_use]
    pub fn new(evaluator: Evaluator<S>) -> Self {
        GateBuilder::new(evaluator).build()
    }

    /// Begins a gate with what [`new`](Self::new) does not set.
    #[must_use]
    pub fn builder(evaluator: Evaluator<S>) -> GateBuilder<S> {
        GateBuilder::new(evaluator)
    }

    /// The evaluator.
    #[must_use]
    pub fn evaluator(&self) -> &Evaluator<S> {
        &self.inner.evaluator
    }

    /// A session for one connection of this caller. Where a revision has no connections, one for each request
    /// will do: what one request leaves for another (tasks, flows of several requests, approvals) is kept by
    /// the gate.
    #[must_use]
    pub fn session(&self, identity: Identity) -> Session<S> {
        Session::new(self.clone(), identity)
    }

    /// Whether `tools/list` shows a tool: if and only if it is not hidden. Without a policy none is shown.
    #[must_use]
    pub fn shows(&self, tool: &str) -> bool {
        self.evaluator().policy().is_some_and(|policy| !policy.hides(tool))
    }

    /// Whether a message with this method passes unjudged, in either direction: those that always pass, and
    /// those that the policy's `methods` names; in monitor mode every other too. `tools/call` never does: it
    /// is judged. Neither do `tools/list`, whose answer is to be filtered by [`shows`](Self::shows), and
    /// `tasks/…`, which belong to one caller; a [`Session`] knows how.
    #[must_use]
    pub fn lets_pass(&self, method: &str) -> bool {
        !method.starts_with("tasks/")
            && !matches!(method, "tools/call" | "tools/list")
            && (self.names(method) || self.monitors())
    }

    /// The result of `tools/call` for a call that is denied: `isError`, the text for the agent, and in
    /// `_meta`, under [`DECISION_KEY`](crate::mcp::DECISION_KEY), the code and the rule for programs.
    #[must_use]
    pub fn denied(&self, denial: &Denial) -> Map<String, Value> {
        answer::denied(denial, self.settings().denials, None, false)
    }

    /// The result of `tools/call` for a call that needs approval.
    #[must_use]
    pub fn unapproved(&self, request: &ApprovalRequest) -> Map<String, Value> {
        answer::unapproved(request, answer::NEEDS_APPROVAL, None, false)
    }

    /// Keeps an approval, which somebody has given on whatever way, until the call that it is for is made
    /// again, in this session or another, or until it is too old.
    ///
    /// At most 1 024 are kept; of more the one that expires first is dropped.
    pub fn add_approval(&self, approval: Approval, now: SystemTime) {
        self.ledger().approve(approval, now);
    }

    /// Whether the policy names a method, or it is one that always passes.
    pub(crate) fn names(&self, method: &str) -> bool {
        always_passes(method)
            || self
                .evaluator()
                .policy()
                .is_some_and(|policy| policy.document().methods.iter().any(|named| named == method))
    }

    pub(crate) fn monitors(&self) -> bool {
        self.evaluator().policy().is_some_and(|policy| policy.mode() == Mode::Monitor)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Takes in a page of what the server lists.
    pub(crate) fn learn(&self, cursor: Option<Fingerprint>, result: &Map<String, Value>) {
        if let Some(on_tools) = &self.settings().on_tools {
            let mut listing = self.inner.listing.lock();
            if listing.add(cursor, result) {
                // Under the lock: of two lists the later must be told last.
                on_tools(&listing.tools());
            }
        }
    }

    pub(crate) fn ledger(&self) -> parking_lot::MutexGuard<'_, Ledger<S>> {
        self.inner.ledger.lock()
    }

    fn from_parts(evaluator: Evaluator<S>, settings: Settings) -> Self {
        Self {
            inner: Arc::new(Inner {
                evaluator,
                settings,
                ledger: Mutex::default(),
                listing: Mutex::default(),
            }),
        }
    }

    /// The approval that makes a call pass which needs one, if it was given.
    fn approval_for(&self, decision: &Decision<S>, now: SystemTime) -> Option<Approval> {
        match decision {
            Decision::NeedsApproval(request) => self.ledger().approval(request.fingerprint(), now),
            Decision::Allow(_) | Decision::Deny(_) => None,
        }
    }

    fn use_up(&self, approval: &Approval, decision: &Decision<S>) {
        if matches!(decision, Decision::Allow(_)) {
            self.ledger().drop_approval(approval.fingerprint());
        }
    }
}

impl<S: CounterStore> Gate<S> {
    /// Decides one call at a moment, with the approval that was added for it if it needs one.
    #[must_use]
    pub fn decide_at(
        &self,
        tool: &str,
        arguments: Option<&Value>,
        caller: &Identity,
        now: SystemTime,
    ) -> Decision<S> {
        let pairs = caller.pairs();
        let context = Context::new().attributes(&pairs);
        let call = ToolCall::new(tool, arguments).context(&context);
        let decision = self.evaluator().evaluate_at(&call, now);
        let Some(approval) = self.approval_for(&decision, now) else {
            return decision;
        };
        let decision = self.evaluator().evaluate_at(&call.approval(&approval), now);
        self.use_up(&approval, &decision);
        decision
    }
}

impl<S: AsyncCounterStore> Gate<S> {
    /// Decides one call at a moment, as [`decide_at`](Self::decide_at) does, and waits for the store.
    pub async fn decide_async_at(
        &self,
        tool: &str,
        arguments: Option<&Value>,
        caller: &Identity,
        now: SystemTime,
    ) -> Decision<S> {
        let pairs = caller.pairs();
        let context = Context::new().attributes(&pairs);
        let call = ToolCall::new(tool, arguments).context(&context);
        let decision = self.evaluator().evaluate_async_at(&call, now).await;
        let Some(approval) = self.approval_for(&decision, now) else {
            return decision;
        };
        let decision = self.evaluator().evaluate_async_at(&call.approval(&approval), now).await;
        self.use_up(&approval, &decision);
        decision
    }
}

impl<S> Clone for Gate<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S: fmt::Debug> fmt::Debug for Gate<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("evaluator", self.evaluator())
            .field("settings", self.settings())
            .finish_non_exhaustive()
    }
}
