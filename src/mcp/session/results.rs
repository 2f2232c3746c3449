//! Results of the server: what they settle, and what they want of the client.

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::limit::Outcome;
use crate::mcp::answer;
use crate::mcp::ledger::{Flow, flow_key};
use crate::mcp::message::shape::{self, looks_like_one_of};
use crate::mcp::message::{Body, error_object};
use crate::mcp::session::pending::{Pending, PendingCall, PendingKind};
use crate::mcp::session::tasks::{QUESTIONS, is_task, outcome_of};
use crate::mcp::session::{Actions, Event, Session};
use crate::mcp::{INTERNAL_ERROR, INVALID_REQUEST, Id, Message, MessageError, Response};

impl<S> Session<S> {
    /// Takes the server's answer to a request of the client.
    pub(super) fn result(
        &mut self,
        pending: Pending<S>,
        mut response: Response,
        now: SystemTime,
    ) -> Actions<S> {
        let Pending { id, kind } = pending;
        let mut actions = Actions::none();
        response.id = Some(id.clone());
        // What the server answered, also if it does not pass: nobody is to have work for nothing by what the
        // gate refuses.
        let outcome = match &response.body {
            Body::Error(_) => Outcome::Failed,
            Body::Result(result) => outcome_of(result),
        };
        let refusal = match &mut response.body {
            Body::Error(error) => self.check_error(error),
            Body::Result(result) => match self.check_result(&kind, result) {
                None if !self.adjust(&kind, result, &id, now) => Some("the server's list cannot be read"),
                refusal => refusal,
            },
        };
        if let Some(refusal) = refusal {
            response.body = Body::Error(error_object(INTERNAL_ERROR, refusal, None));
            let error = MessageError::new(INTERNAL_ERROR, refusal);
            actions.events.push(Event::RefusedFromServer { method: None, error });
        }
        match (kind, &response.body) {
            (PendingKind::Call(call), Body::Result(result)) => self.end_call(call, result, &mut actions, now),
            (PendingKind::Call(call), Body::Error(_)) => actions.settle_later(call.permit, outcome),
            (PendingKind::Task { task, asks }, Body::Result(result)) => {
                self.settle_task(&task, asks, result, &mut actions, now);
            }
            _ => {}
        }
        actions.to_client.push(Message::Response(response));
        actions
    }

    /// What a call's permit comes to.
    fn end_call(
        &self,
        call: PendingCall<S>,
        result: &Map<String, Value>,
        actions: &mut Actions<S>,
        now: SystemTime,
    ) {
        let PendingCall { permit, flow, approved, .. } = call;
        if is_task(result) {
            return self.begin_task(result, permit, now);
        }
        if !wants_input(result) {
            return actions.settle_later(permit, outcome_of(result));
        }
        match flow {
            Some(call) => {
                let state = result.get("requestState").and_then(Value::as_str);
                let key = flow_key(&self.principal, call, state);
                self.gate.ledger().add_flow(&self.principal, &key, Flow { permit, approved }, now);
            }
            None => actions.settle_later(permit, Outcome::Succeeded),
        }
    }

    /// Changes what is not to pass as it is; false if it cannot be read.
    fn adjust(
        &self,
        kind: &PendingKind<S>,
        result: &mut Map<String, Value>,
        id: &Id,
        now: SystemTime,
    ) -> bool {
        match kind {
            PendingKind::List(list) => self.filter_list(result, *list),
            PendingKind::Tasks => self.filter_tasks(result, now),
            PendingKind::Task { task, .. } => {
                result.get("taskId").is_none_or(|answered| answered.as_str() == Some(task))
            }
            PendingKind::Listen => {
                if let Some(subscription) = subscription_of(result) {
                    *subscription = id.to_value();
                }
                true
            }
            PendingKind::Call(_) | PendingKind::Other | PendingKind::Vendor => true,
        }
    }

    /// Why a result does not pass, if it does not.
    fn check_result(&self, kind: &PendingKind<S>, result: &Map<String, Value>) -> Option<&'static str> {
        let is_lookalike =
            |key: &String| !KNOWN.contains(&key.as_str()) && looks_like_one_of(key, KNOWN.into_iter());
        // No client takes the result of a vendor's method for one of MCP, and the vendor names its members.
        if !matches!(kind, PendingKind::Vendor) && result.keys().any(is_lookalike) {
            return Some("a key of the server's result only looks like one of MCP");
        }
        self.check_input(result)
    }

    /// Why what is wanted of the client does not pass, if it does not.
    pub(super) fn check_input(&self, holder: &Map<String, Value>) -> Option<&'static str> {
        // A task, and what has become of it, are a level below.
        let inner = ["result", "task"].into_iter().filter_map(|name| holder.get(name)?.as_object());
        std::iter::once(holder).chain(inner).find_map(|holder| self.check_wanted(holder))
    }

    fn check_wanted(&self, holder: &Map<String, Value>) -> Option<&'static str> {
        let wanted = match holder.get("inputRequests") {
            None => return None,
            Some(Value::Object(wanted)) => wanted,
            Some(_) => return Some("what the server wants of the client cannot be read"),
        };
        for request in wanted.values() {
            let method = request.get("method").and_then(Value::as_str).unwrap_or_default();
            let params = request.get("params");
            let is_lookalike = |key: &String| {
                !QUESTION.contains(&key.as_str()) && looks_like_one_of(key, QUESTION.into_iter())
            };
            let fits = QUESTIONS.contains(&method)
                && !request.as_object().is_some_and(|members| members.keys().any(is_lookalike))
                && params.is_none_or(Value::is_object)
                && shape::check(method, params.and_then(Value::as_object)).is_ok();
            if !fits {
                return Some("what the server wants of the client cannot be read");
            }
            if !self.passes(method) {
                return Some("the server wants something of the client that does not pass");
            }
        }
        None
    }

    /// An error can send a person to a page too, in revision 2025-11-25.
    fn check_error(&self, error: &Map<String, Value>) -> Option<&'static str> {
        let asks = error.get("code").and_then(Value::as_i64) == Some(URL_ELICITATION_REQUIRED)
            || error.get("data").is_some_and(|data| data.get("elicitations").is_some());
        (asks && !self.passes("elicitation/create"))
            .then_some("the server wants something of the client that does not pass")
    }
}

/// The server's answer to a request of the client cannot be read: the client is not left waiting. Without an
/// outcome a call keeps its charge: the answer may have been a success.
pub(super) fn unreadable<S>(pending: Pending<S>, outcome: Option<Outcome>) -> Actions<S> {
    let text = "the server's answer cannot be read";
    let mut actions = Actions::to_client(answer::error(pending.id, INTERNAL_ERROR, text));
    if let (PendingKind::Call(call), Some(outcome)) = (pending.kind, outcome) {
        actions.settle_later(call.permit, outcome);
    }
    actions.and(Event::RefusedFromServer { method: None, error: MessageError::new(INVALID_REQUEST, text) })
}

/// Whether a server wants more of the client before it answers.
fn wants_input(result: &Map<String, Value>) -> bool {
    result.get("resultType").is_some_and(|kind| kind == "input_required")
        || result.contains_key("inputRequests")
}

/// Where params or a result say which stream they belong to.
pub(super) fn subscription_of(holder: &mut Map<String, Value>) -> Option<&mut Value> {
    holder.get_mut("_meta")?.get_mut("io.modelcontextprotocol/subscriptionId")
}

/// Members of results that are looked at, here or by clients.
const KNOWN: [&str; 16] = [
    "_meta",
    "cacheScope",
    "content",
    "inputRequests",
    "isError",
    "nextCursor",
    "requestState",
    "result",
    "resultType",
    "status",
    "structuredContent",
    "task",
    "taskId",
    "tasks",
    "tools",
    "ttlMs",
];

/// Members of what is wanted of the client.
const QUESTION: [&str; 2] = ["method", "params"];

const URL_ELICITATION_REQUIRED: i64 = -32042;
