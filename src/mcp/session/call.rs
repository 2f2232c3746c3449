//! Calls of tools on their way through a session.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::call::Approval;
use crate::evaluator::{Decision, Permit};
use crate::limit::Outcome;
use crate::mcp::answer;
use crate::mcp::approvals::{Approvals, Carried, is_sealed};
use crate::mcp::gate::Retries;
use crate::mcp::ledger::{Flow, call_key, flow_key};
use crate::mcp::session::client::refuse_request;
use crate::mcp::session::pending::{PendingCall, PendingKind};
use crate::mcp::session::{Actions, Decided, Event, HeldCall, JudgedCall, MAX_PENDING, Place, Session};
use crate::mcp::{BUSY, INVALID_REQUEST, MessageError, Request};
use crate::policy::ApprovalRequest;

/// What comes next.
#[must_use = "a step that is not taken leaves the client waiting"]
#[expect(clippy::exhaustive_enums, reason = "whoever takes the steps must take every one")]
pub enum Step<S> {
    /// There is nothing to wait for. [Settle](Actions::settle) it, then send.
    Done(Actions<S>),
    /// A call is to be evaluated, and then [decided](Session::decided).
    Judge(Box<JudgedCall<S>>),
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

impl<S> fmt::Debug for Step<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(actions) => f.debug_tuple("Done").field(actions).finish(),
            Self::Judge(call) => f.debug_tuple("Judge").field(call).finish(),
        }
    }
}
