//! Calls of tools while they are judged, and while they wait for a word.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::call::{Approval, Context, ToolCall};
use crate::evaluator::{Decision, Permit};
use crate::fingerprint::Fingerprint;
use crate::mcp::answer;
use crate::mcp::gate::Gate;
use crate::mcp::message::{is_modern, protocol_version};
use crate::mcp::session::{Actions, Decided, Event};
use crate::mcp::{Id, Identity, Message, Request, Response};
use crate::policy::{ApprovalRequest, Denial};
use crate::store::{AsyncCounterStore, CounterStore};

/// A call that is being judged. It borrows nothing, so the session need not be locked while it is.
///
/// If it is dropped the client gets no answer, and what was charged stays charged.
pub struct JudgedCall<S> {
    pub(super) gate: Gate<S>,
    pub(super) identity: Arc<Identity>,
    pub(super) request: Request,
    pub(super) approval: Option<Approval>,
    /// The permit of the flow that the call goes on with, and that has paid for it.
    pub(super) paid: Option<Permit<S>>,
    /// What was approved of that flow.
    pub(super) approved: Option<Fingerprint>,
    /// Whether it is a retry that goes on with a flow: a call before it was sent.
    pub(super) continues: bool,
    /// The number it is held under, if it was.
    pub(super) held: Option<u64>,
}

/// A call that waits for an approval of the embedding program.
///
/// If it is dropped the client waits until it loses patience.
#[must_use = "a held call is to be approved or declined"]
pub struct HeldCall<S> {
    pub(super) call: Box<JudgedCall<S>>,
    pub(super) approval: ApprovalRequest,
}

impl<S> JudgedCall<S> {
    /// The tool, as the client named it.
    #[must_use]
    pub fn tool(&self) -> &str {
        // A message without a name is not read.
        self.request.text("name").unwrap_or_default()
    }

    /// The arguments; `None` where the call has none.
    #[must_use]
    pub fn arguments(&self) -> Option<&Map<String, Value>> {
        self.request.param("arguments").and_then(Value::as_object)
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    pub(super) fn approve(&mut self, approval: Approval) {
        self.approval = Some(approval);
    }

    /// Whether the request is one of revision 2026-07-28 or later.
    pub(super) fn is_modern(&self) -> bool {
        let params = self.request.params();
        params.and_then(protocol_version).is_some_and(is_modern)
    }

    pub(super) fn event(&self, decision: Decided) -> Event {
        let mut arguments: Vec<String> =
            self.arguments().map(|arguments| arguments.keys().cloned().collect()).unwrap_or_default();
        arguments.sort_unstable();
        let arguments_hmac =
            self.gate.settings().audit_key.as_ref().and_then(|key| key.sign(self.arguments()));
        let (id, tool) = (self.request.id.clone(), self.tool().to_owned());
        Event::Decided { id, tool, arguments, arguments_hmac, decision }
    }

    pub(super) fn denied(&self, denial: Denial) -> Actions<S> {
        let denials = self.gate.settings().denials;
        let result = answer::denied(&denial, denials, Some(self.request.id()), self.is_modern());
        self.answer(result).and(self.event(Decided::Denied(denial)))
    }

    pub(super) fn declined(&self) -> Actions<S> {
        let result = answer::declined(Some(self.request.id()), self.is_modern());
        self.answer(result).and(self.event(Decided::Declined))
    }

    /// Tells the client that the call needs approval.
    pub(super) fn refer(&self, request: &ApprovalRequest) -> Actions<S> {
        let id = Some(self.request.id());
        self.answer(answer::unapproved(request, answer::NEEDS_APPROVAL, id, self.is_modern()))
    }

    pub(super) fn answer(&self, result: Map<String, Value>) -> Actions<S> {
        Actions::to_client(Message::Response(Response::result(self.request.id.clone(), result)))
    }
}

/// What the evaluator is asked, with the attributes of the caller.
fn tool_call<'a, S>(call: &'a JudgedCall<S>, context: &'a Context<'a>) -> ToolCall<'a> {
    let asked = ToolCall::new(call.tool(), call.arguments()).context(context);
    match &call.approval {
        Some(approval) => asked.approval(approval),
        None => asked,
    }
}

impl<S: CounterStore> JudgedCall<S> {
    /// Decides the call.
    #[must_use]
    pub fn evaluate_at(&mut self, now: SystemTime) -> Decision<S> {
        let (paid, approved) = (self.paid.take(), self.approved);
        let pairs = self.identity.pairs();
        let context = Context::new().attributes(&pairs);
        let call = tool_call(self, &context);
        match paid {
            Some(permit) => self.gate.evaluator().judge_again(&call, permit, approved, now),
            None => self.gate.evaluator().evaluate_at(&call, now),
        }
    }
}

impl<S: AsyncCounterStore> JudgedCall<S> {
    /// Decides the call, and waits for the store.
    pub async fn evaluate_async_at(&mut self, now: SystemTime) -> Decision<S> {
        let (paid, approved) = (self.paid.take(), self.approved);
        let pairs = self.identity.pairs();
        let context = Context::new().attributes(&pairs);
        let call = tool_call(self, &context);
        match paid {
            Some(permit) => self.gate.evaluator().judge_again(&call, permit, approved, now),
            None => self.gate.evaluator().evaluate_async_at(&call, now).await,
        }
    }
}

impl<S> HeldCall<S> {
    /// What is asked. Show it with the [tool](Self::tool) and the [arguments](Self::arguments).
    #[must_use]
    pub fn request(&self) -> &ApprovalRequest {
        &self.approval
    }

    /// The identifier that the client knows the call by.
    #[must_use]
    pub fn id(&self) -> &Id {
        self.call.request.id()
    }

    /// Who calls.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.call.identity
    }

    /// The tool, as the client named it.
    #[must_use]
    pub fn tool(&self) -> &str {
        self.call.tool()
    }

    /// The arguments; `None` where the call has none.
    #[must_use]
    pub fn arguments(&self) -> Option<&Map<String, Value>> {
        self.call.arguments()
    }
}

/// Shows no argument.
impl<S> fmt::Debug for JudgedCall<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JudgedCall")
            .field("id", self.request.id())
            .field("tool", &self.tool())
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for HeldCall<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldCall").field("call", &self.call).field("approval", &self.approval).finish()
    }
}
