//! Sessions: one connection between a client and a server, without input and output.

mod actions;
mod asking;
mod call;
mod client;
mod driver;
mod judged;
mod list;
mod pending;
mod results;
mod server;
mod tasks;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use actions::{Actions, Decided, Event};
pub use call::Step;
pub use judged::{HeldCall, JudgedCall};

use crate::mcp::gate::Gate;
use crate::mcp::session::asking::Question;
use crate::mcp::session::pending::Pending;
use crate::mcp::{Id, Identity};

/// One connection between a client and a server: what came goes in, what is to be sent comes out.
///
/// The program moves the bytes, on whatever transport: it gives each line, or each body of an HTTP request, to
/// [`from_client`](Self::from_client) or [`from_server`](Self::from_server), and sends the messages of the
/// [`Actions`] that come back. That is all; what belongs to which call, the session knows.
///
/// - Calls of tools are decided. One that is denied is answered here: a result with `isError`, whose text
///   begins with `[POLICY DENIED]`.
/// - Other methods pass if they always do, or if the policy's `methods` names them; others are refused, in
///   both directions. Also what a server wants of the client within a result (`inputRequests`).
/// - `tools/list` shows what is not hidden.
/// - A permit is held until the answer comes, and settled by it. A call that is cancelled, or never answered,
///   keeps its charge.
/// - Tasks are their caller's alone.
///
/// Requests get identifiers of the session's own on their way, in both directions, and answers get theirs
/// back. So no identifier is used twice, and an answer that comes too late is nobody's.
///
/// Everything that is kept is bounded: [`MAX_PENDING`] requests of the client, [`MAX_QUESTIONS`] of the
/// server. More are refused until some are answered, cancelled or [timed out](Self::timed_out).
///
/// ```
/// use std::time::SystemTime;
/// use mcp_policy::mcp::{Gate, Identity};
/// use mcp_policy::{Evaluator, MemoryStore, Policy};
///
/// let policy: Policy = r#"{"version": "1", "default": "deny", "tools": {"read": {}}}"#.parse()?;
/// let gate = Gate::new(Evaluator::new(policy, MemoryStore::new()));
/// let mut session = gate.session(Identity::new().grant("ci-runner"));
/// let now = SystemTime::UNIX_EPOCH;
///
/// let call = br#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"read"}}"#;
/// let actions = session.from_client(call, now);
/// assert_eq!(
///     actions.to_server[0].to_line(),
///     r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read"}}"#
/// );
///
/// let answer = br#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
/// let actions = session.from_server(answer, now);
/// assert_eq!(actions.to_client[0].to_line(), r#"{"jsonrpc":"2.0","id":"a","result":{"content":[]}}"#);
///
/// let hidden = br#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"delete"}}"#;
/// let actions = session.from_client(hidden, now);
/// assert!(actions.to_server.is_empty());
/// assert!(actions.to_client[0].to_line().contains("[POLICY DENIED]"));
/// # Ok::<(), mcp_policy::PolicyError>(())
/// ```
///
/// With a store that is waited for, the methods that end in `_async` do the same. A program that serves many
/// requests of one session at once, and must not lock it while a store is waited for, takes the
/// [steps](Self::step_from_client) by itself.
pub struct Session<S> {
    gate: Gate<S>,
    identity: Arc<Identity>,
    principal: Arc<str>,
    /// Whether the client said, when it opened the connection, that it can ask a person.
    elicits: bool,
    /// The last identifier that was given to anything.
    serial: u64,
    /// What the client asked for and the server has not answered, by the identifier that the server knows.
    /// Boxed, because an empty map keeps the room for some.
    requests: BTreeMap<u64, Box<Pending<S>>>,
    /// Where each request of the client is, by the identifier that the client knows.
    places: BTreeMap<Id, Place>,
    /// What the client was asked and has not answered, by the identifier that the client knows.
    questions: BTreeMap<u64, Box<Question<S>>>,
}

/// Where a request of the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// With the server, under this identifier.
    Server(u64),
    /// Held for approval, under this number. If the client is asked, it is the question's.
    Held(u64),
}

impl<S> Session<S> {
    pub(super) fn new(gate: Gate<S>, identity: Identity) -> Self {
        let principal = identity.principal().into();
        Self {
            gate,
            identity: Arc::new(identity),
            principal,
            elicits: false,
            serial: 0,
            requests: BTreeMap::new(),
            places: BTreeMap::new(),
            questions: BTreeMap::new(),
        }
    }

    /// The gate that the session belongs to.
    #[must_use]
    pub fn gate(&self) -> &Gate<S> {
        &self.gate
    }

    /// Who the client is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// How many requests of the client are under way: with the server, or held for approval.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.places.len()
    }

    fn next_serial(&mut self) -> u64 {
        // Counting to the end takes longer than any connection lasts; then the last one is refused as taken.
        self.serial = self.serial.saturating_add(1);
        self.serial
    }
}

impl<S> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("identity", &self.identity)
            .field("pending", &self.places.len())
            .field("questions", &self.questions.len())
            .finish_non_exhaustive()
    }
}

/// The most requests of a client that may be under way at once. It bounds what a session keeps for a server
/// that does not answer.
pub const MAX_PENDING: usize = 1_024;

/// The most requests of a server that may wait for the client's answer at once, and the most calls that may
/// wait for an elicitation: those are kept with their arguments.
pub const MAX_QUESTIONS: usize = 64;
