//! What comes out of a session.

use std::fmt;
use std::time::SystemTime;

use crate::audit::{AuditRecord, Ruling};
use crate::evaluator::Permit;
use crate::limit::Outcome;
use crate::mcp::session::HeldCall;
use crate::mcp::{Id, Identity, Message, MessageError};
use crate::policy::{ApprovalRequest, Denial, Stop};
use crate::store::{AsyncCounterStore, CounterStore, StoreError};

/// What is to be done, in order: the messages are to be sent, each as one line or one HTTP body.
#[must_use = "messages that are not sent leave client and server waiting"]
pub struct Actions<S> {
    /// What the client is sent: answers, and what the server wants to tell or ask it.
    pub to_client: Vec<Message>,
    /// What the server is sent. If that fails, say so to [`Session::not_sent`](crate::mcp::Session::not_sent).
    pub to_server: Vec<Message>,
    /// Calls that wait for the program's word, under [`Approvals::Hold`](crate::mcp::Approvals::Hold).
    pub held: Vec<HeldCall<S>>,
    /// What happened, for records.
    pub events: Vec<Event>,
    settlements: Vec<(Permit<S>, Outcome)>,
}

/// Something that happened, for records. Names and arguments come from the client: escape them as structured
/// records do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A call of a tool was decided.
    Decided {
        /// The identifier that the client knows.
        id: Id,
        /// The tool, as the client named it.
        tool: String,
        /// The names of its arguments, sorted. Values are in no event.
        arguments: Vec<String>,
        /// What tells whether two calls had the same arguments, if the gate has an
        /// [`audit_key`](crate::mcp::GateBuilder::audit_key).
        arguments_hmac: Option<String>,
        /// What became of it.
        decision: Decided,
    },
    /// Something that came from the client, or is about its connection, was dropped.
    DroppedFromClient(&'static str),
    /// Something that came from the server was dropped.
    DroppedFromServer(&'static str),
    /// A method passed that the policy does not name: in monitor mode.
    Monitored {
        /// The method.
        method: String,
    },
    /// What came from the client was refused, and answered with an error where it wanted an answer.
    RefusedFromClient {
        /// The method, if it was read.
        method: Option<String>,
        /// Why.
        error: MessageError,
    },
    /// What came from the server was refused: the client, or the server, was told.
    RefusedFromServer {
        /// The method, if it was read.
        method: Option<String>,
        /// Why.
        error: MessageError,
    },
    /// A permit could not be settled. The charge stays until its window ends.
    Unsettled(StoreError),
}

/// What became of a call of a tool.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Decided {
    /// It was sent to the server.
    Allowed {
        /// In monitor mode: what would have happened to it if that was not to be let through.
        unenforced: Option<Stop>,
        /// Whether it was let through uncharged because the store did not answer.
        degraded: bool,
    },
    /// It was not approved by whoever was asked.
    Declined,
    /// It was denied.
    Denied(Denial),
    /// It was not sent, and waits for an approval, or is to be made again with one.
    NeedsApproval(ApprovalRequest),
}

impl Event {
    /// The record for an audit trail, if a call was decided. The policy's digest is for the program to add, as
    /// [`AuditRecord::policy`] says.
    #[must_use]
    pub fn record(&self, identity: &Identity, now: SystemTime) -> Option<AuditRecord> {
        let Self::Decided { tool, arguments, arguments_hmac, decision, .. } = self else {
            return None;
        };
        let ruling = match decision {
            Decided::Allowed { unenforced, degraded } => Ruling::allowed(unenforced.as_ref(), *degraded),
            Decided::Declined => Ruling::unapproved("declined", None),
            Decided::Denied(denial) => Ruling::denied(denial),
            Decided::NeedsApproval(request) => Ruling::unapproved("needs_approval", Some(request.rule())),
        };
        let record = AuditRecord::of(tool, arguments.clone(), ruling, now);
        Some(record.caller(|name| identity.value(name)).arguments_hmac(arguments_hmac.clone()))
    }
}

impl<S> Actions<S> {
    pub(super) fn none() -> Self {
        Self {
            to_client: Vec::new(),
            to_server: Vec::new(),
            held: Vec::new(),
            events: Vec::new(),
            settlements: Vec::new(),
        }
    }

    pub(super) fn to_client(message: Message) -> Self {
        Self { to_client: vec![message], ..Self::none() }
    }

    pub(super) fn to_server(message: Message) -> Self {
        Self { to_server: vec![message], ..Self::none() }
    }

    pub(super) fn hold(call: HeldCall<S>) -> Self {
        Self { held: vec![call], ..Self::none() }
    }

    pub(super) fn and(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    pub(super) fn settle_later(&mut self, permit: Permit<S>, outcome: Outcome) {
        self.settlements.push((permit, outcome));
    }
}

impl<S: CounterStore> Actions<S> {
    /// Settles what came to its end. Only who takes the [steps](crate::mcp::Session::step_from_client) by himself
    /// has to call it: without it the charges stay.
    pub fn settle(mut self) -> Self {
        for (permit, outcome) in std::mem::take(&mut self.settlements) {
            if let Err(error) = permit.settle(outcome) {
                self.events.push(Event::Unsettled(error));
            }
        }
        self
    }
}

impl<S: AsyncCounterStore> Actions<S> {
    /// Settles what came to its end, and waits for the store.
    pub async fn settle_async(mut self) -> Self {
        for (permit, outcome) in std::mem::take(&mut self.settlements) {
            if let Err(error) = permit.settle_async(outcome).await {
                self.events.push(Event::Unsettled(error));
            }
        }
        self
    }
}

impl<S> fmt::Debug for Actions<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actions")
            .field("to_client", &self.to_client)
            .field("to_server", &self.to_server)
            .field("held", &self.held)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}
