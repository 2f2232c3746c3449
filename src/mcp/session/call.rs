//! Calls of tools on their way through a session.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::call::{Approval, Context, ToolCall};
use crate::evaluator::{Decision, Permit};
use crate::fingerprint::Fingerprint;
use crate::limit::Outcome;
use crate::mcp::answer;
use crate::mcp::approvals::{Approvals, Carried, is_sealed};
use crate::mcp::gate::{Gate, Retries};
use crate::mcp::ledger::{Flow, call_key, flow_key};
use crate::mcp::message::{is_modern, protocol_version};
use crate::mcp::session::client::refuse_request;
use crate::mcp::session::pending::{PendingCall, PendingKind};
use crate::mcp::session::{Actions, Decided, Event, MAX_PENDING, Place, Session};
use crate::mcp::{BUSY, INVALID_REQUEST, Id, Identity, Message, MessageError, Request, Response};
use crate::policy::{ApprovalRequest, Denial};
use crate::store::{AsyncCounterStore, CounterStore};

/// What comes next.
#[must_use = "a step that is not taken leaves the client waiting"]
#[expect(clippy::exhaustive_enums, reason = "whoever takes the steps must take every one")]
pub enum Step<S> {
    /// There is nothing to wait for. [Settle](Actions::settle) it, then send.
    Done(Actions<S>),
    /// A call is to be evaluated, and then [decided](Session::decided).
    Judge(Box<JudgedCall<S>>),
}

/// A call that is being judged. It borrows nothing, so the session need not be locked while it is.
///
/// If it is dropped the client gets no answer, and what was charged stays charged.
pub struct JudgedCall<S> {
    gate: Gate<S>,
    identity: Arc<Identity>,
    request: Request,
    approval: Option<Approval>,
    /// The permit of the flow that the call goes on with, and that has paid for it.
    paid: Option<Permit<S>>,
    /// What was approved of that flow.
    approved: Option<Fingerprint>,
    /// The number it is held under, if it was.
    held: Option<u64>,
}

/// A call that waits for an approval of the embedding program.
///
/// If it is dropped the client waits until it loses patience.
#[must_use = "a held call is to be approved or declined"]
pub struct HeldCall<S> {
    call: Box<JudgedCall<S>>,
    approval: ApprovalRequest,
}

impl<S> Session<S> {
    /// What is to be done with a call now that it is decided.
    ///
    /// A call that meanwhile came twice under one identifier is refused, and costs nothing.
    pub fn decided(&mut self, call: Box<JudgedCall<S>>, decision: Decision<S>, now: SystemTime) -> Step<S> {
        if let Some(error) = self.gone(&call) {
            let mut actions = refuse_request(error, &call.request);
            if let Decision::Allow(permit) = decision {
                actions.settle_later(permit, Outcome::Unsent);
            }
            return Step::Done(actions);
        }
        match decision {
            Decision::Allow(permit) => Step::Done(self.allowed(*call, permit)),
            Decision::Deny(denial) => Step::Done(call.denied(denial)),
            Decision::NeedsApproval(request) => self.unapproved(call, request, now),
        }
    }

    pub(super) fn call(&mut self, mut request: Request, now: SystemTime) -> Step<S> {
        let gate = self.gate.clone();
        let settings = gate.settings();
        let mut approval = None;
        if let (Approvals::Elicit(elicitation), Some(state)) =
            (&settings.approvals, request.text("requestState"))
            && is_sealed(state)
        {
            let Some((sealed, carried)) = elicitation.open(state) else {
                let call = self.judged(request, None, None);
                return Step::Done(call.denied(answer::approval_invalid()));
            };
            if !restore(&mut request, carried) {
                return Step::Done(self.judged(request, None, None).declined());
            }
            approval = Some(sealed);
        }
        let flow = if settings.retries == Retries::ChargeOnce && approval.is_none() {
            self.flow_of(&request, now)
        } else {
            None
        };
        Step::Judge(Box::new(self.judged(request, approval, flow)))
    }

    pub(super) fn judged(
        &self,
        request: Request,
        approval: Option<Approval>,
        flow: Option<Flow<S>>,
    ) -> JudgedCall<S> {
        let (gate, identity) = (self.gate.clone(), Arc::clone(&self.identity));
        let (paid, approved) = flow.map_or((None, None), |flow| (Some(flow.permit), flow.approved));
        JudgedCall { gate, identity, request, approval, paid, approved, held: None }
    }

    /// The flow that a call goes on with: one of the same tool and arguments, in the state that was issued.
    fn flow_of(&self, request: &Request, now: SystemTime) -> Option<Flow<S>> {
        let state = request.text("requestState");
        if state.is_none() && request.param("inputResponses").is_none() {
            return None;
        }
        let key = flow_key(call_key(request)?, state);
        self.gate.ledger().take_flow(&self.principal, &key, now)
    }

    /// Why a call is not to go on, if it is not.
    fn gone(&mut self, call: &JudgedCall<S>) -> Option<MessageError> {
        let id = call.request.id();
        let error = match (self.places.get(id), call.held) {
            (Some(Place::Held(held)), Some(own)) if *held == own => {
                self.places.remove(id);
                return None;
            }
            (Some(_), _) => MessageError::new(INVALID_REQUEST, "a request with this `id` is under way"),
            (None, Some(_)) => MessageError::new(INVALID_REQUEST, "the call was cancelled"),
            (None, None) if self.places.len() >= MAX_PENDING => {
                MessageError::new(BUSY, "too many requests are under way")
            }
            (None, None) => return None,
        };
        Some(error)
    }

    fn allowed(&mut self, call: JudgedCall<S>, permit: Permit<S>) -> Actions<S> {
        let decision = Decided::Allowed {
            unenforced: permit.unenforced().cloned(),
            degraded: permit.degraded().is_some(),
        };
        let event = call.event(decision);
        let approved = call.approval.as_ref().map(Approval::fingerprint).or(call.approved);
        if let Some(approval) = &call.approval {
            self.gate.ledger().drop_approval(approval.fingerprint());
        }
        let charges_once = self.gate.settings().retries == Retries::ChargeOnce;
        let flow = if charges_once && call.is_modern() { call_key(&call.request) } else { None };
        let wants_task = call.request.param("task").is_some();
        let kind = PendingKind::Call(PendingCall { permit, flow, approved, wants_task });
        self.forward(call.request, kind).and(event)
    }

    fn unapproved(
        &mut self,
        mut call: Box<JudgedCall<S>>,
        request: ApprovalRequest,
        now: SystemTime,
    ) -> Step<S> {
        if call.approval.is_none() {
            let approval = self.gate.ledger().approval(request.fingerprint(), now);
            if approval.is_some() {
                call.approval = approval;
                return Step::Judge(call);
            }
        }
        let event = call.event(Decided::NeedsApproval(request.clone()));
        let actions = match &self.gate.settings().approvals {
            Approvals::Elicit(elicitation) => {
                let elicitation = elicitation.clone();
                match self.ask(call, &request, &elicitation, now) {
                    Ok(actions) => actions,
                    Err(call) => call.refer(&request),
                }
            }
            Approvals::Hold => self.hold(call, request),
            Approvals::Refer => call.refer(&request),
        };
        Step::Done(actions.and(event))
    }

    fn hold(&mut self, mut call: Box<JudgedCall<S>>, approval: ApprovalRequest) -> Actions<S> {
        let number = self.next_serial();
        self.place_held(&mut call, number);
        Actions::hold(HeldCall { call, approval })
    }

    pub(super) fn place_held(&mut self, call: &mut JudgedCall<S>, number: u64) {
        call.held = Some(number);
        self.places.insert(call.request.id.clone(), Place::Held(number));
    }

    /// A held call was approved. The step is that of [`approve`](Self::approve).
    pub fn step_approve(
        &mut self,
        held: HeldCall<S>,
        approval: impl Into<String>,
        expires_at: SystemTime,
    ) -> Step<S> {
        let HeldCall { mut call, approval: request } = held;
        if !self.is_held(&call) {
            return Step::Done(Actions::none().and(Event::DroppedFromClient("the call was cancelled")));
        }
        call.approval = Some(request.approve(approval, expires_at));
        Step::Judge(call)
    }

    /// A held call was not approved: the client is told.
    #[expect(clippy::needless_pass_by_value, reason = "a held call is answered once")]
    pub fn decline(&mut self, held: HeldCall<S>) -> Actions<S> {
        if !self.is_held(&held.call) {
            return Actions::none().and(Event::DroppedFromClient("the call was cancelled"));
        }
        self.places.remove(held.call.request.id());
        held.call.declined()
    }

    pub(super) fn is_held(&self, call: &JudgedCall<S>) -> bool {
        call.held.is_some_and(|number| self.places.get(call.request.id()) == Some(&Place::Held(number)))
    }
}

/// Takes the answer to the session's own question out of a retry, and puts back what is the server's. False
/// unless the answer is a yes.
fn restore(request: &mut Request, carried: Carried) -> bool {
    let Some(params) = &mut request.params else {
        return false;
    };
    params.remove("requestState");
    let mut responses = match params.remove("inputResponses") {
        Some(Value::Object(responses)) => responses,
        _ => Map::new(),
    };
    let approved = responses.remove(answer::APPROVAL_KEY).is_some_and(|answer| is_yes(answer.as_object()));
    for (key, response) in carried.responses.into_iter().flatten() {
        responses.insert(key, response);
    }
    if !responses.is_empty() {
        params.insert("inputResponses".to_owned(), Value::Object(responses));
    }
    if let Some(state) = carried.state {
        params.insert("requestState".to_owned(), Value::String(state));
    }
    approved
}

/// Whether the answer to an elicitation is a yes: the action is `accept`, to the letter.
pub(super) fn is_yes(answer: Option<&Map<String, Value>>) -> bool {
    answer.and_then(|answer| answer.get("action")).is_some_and(|action| action == "accept")
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

    fn event(&self, decision: Decided) -> Event {
        let mut arguments: Vec<String> =
            self.arguments().map(|arguments| arguments.keys().cloned().collect()).unwrap_or_default();
        arguments.sort_unstable();
        let arguments_hmac =
            self.gate.settings().audit_key.as_ref().and_then(|key| key.sign(self.arguments()));
        let (id, tool) = (self.request.id.clone(), self.tool().to_owned());
        Event::Decided { id, tool, arguments, arguments_hmac, decision }
    }

    fn denied(&self, denial: Denial) -> Actions<S> {
        let denials = self.gate.settings().denials;
        let result = answer::denied(&denial, denials, Some(self.request.id()), self.is_modern());
        self.answer(result).and(self.event(Decided::Denied(denial)))
    }

    pub(super) fn declined(&self) -> Actions<S> {
        let result = answer::declined(Some(self.request.id()), self.is_modern());
        self.answer(result).and(self.event(Decided::Declined))
    }

    /// Tells the client that the call needs approval.
    fn refer(&self, request: &ApprovalRequest) -> Actions<S> {
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

impl<S> fmt::Debug for Step<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(actions) => f.debug_tuple("Done").field(actions).finish(),
            Self::Judge(call) => f.debug_tuple("Judge").field(call).finish(),
        }
    }
}
