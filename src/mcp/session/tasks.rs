//! Tasks: calls that answer later. Each is its caller's alone.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::evaluator::Permit;
use crate::limit::Outcome;
use crate::mcp::message::shape::looks_like_one_of;
use crate::mcp::session::client::{no_such_task, not_found};
use crate::mcp::session::pending::{PendingKind, TaskMethod};
use crate::mcp::session::{Actions, Session};
use crate::mcp::{MessageError, Request};

/// What a server may ask of a client.
pub(super) const QUESTIONS: [&str; 3] = ["elicitation/create", "roots/list", "sampling/createMessage"];

impl<S> Session<S> {
    /// What a request about tasks is, if it is about the caller's own.
    pub(super) fn task_request(
        &self,
        request: &Request,
        now: SystemTime,
    ) -> Result<PendingKind<S>, MessageError> {
        let asks = match request.method() {
            "tasks/list" => return Ok(PendingKind::Tasks),
            "tasks/get" => TaskMethod::Look,
            "tasks/result" => TaskMethod::Result,
            // It carries answers to questions of the server: where none pass, there is nothing to answer.
            "tasks/update" if !QUESTIONS.iter().any(|method| self.passes(method)) => return Err(not_found()),
            _ => TaskMethod::Other,
        };
        let task = request.text("taskId").ok_or_else(not_found)?;
        let mut ledger = self.gate.ledger();
        let Some(known) = ledger.task(&self.principal, task, now) else {
            return Err(no_such_task());
        };
        if request.method() == "tasks/cancel" {
            // As with any call that its caller cancels, the charge stays, whatever the server answers.
            known.permit = None;
        }
        drop(ledger);
        Ok(PendingKind::Task { task: task.into(), asks })
    }

    /// Refuses a subscription to tasks that are not the caller's.
    pub(super) fn own_tasks_only(&self, request: &Request, now: SystemTime) -> Result<(), MessageError> {
        let Some(wanted) = request.param("notifications").and_then(Value::as_object) else {
            return Ok(());
        };
        let is_lookalike =
            |key: &String| key != "taskIds" && looks_like_one_of(key, std::iter::once("taskIds"));
        if wanted.keys().any(is_lookalike) {
            return Err(no_such_task());
        }
        let Some(tasks) = wanted.get("taskIds") else {
            return Ok(());
        };
        let is_own = |task: &Value| task.as_str().is_some_and(|task| self.owns(task, now));
        match tasks.as_array() {
            Some(tasks) if tasks.iter().all(is_own) => Ok(()),
            _ => Err(no_such_task()),
        }
    }

    pub(super) fn owns(&self, task: &str, now: SystemTime) -> bool {
        self.gate.ledger().task(&self.principal, task, now).is_some()
    }

    /// Keeps whose task a call has become. The permit goes with it: the call is not over.
    pub(super) fn begin_task(&self, result: &Map<String, Value>, permit: Permit<S>, now: SystemTime) {
        let task = result.get("task").and_then(Value::as_object).unwrap_or(result);
        let ttl = task.get("ttl").or_else(|| task.get("ttlMs")).and_then(Value::as_u64);
        if let Some(id) = task.get("taskId").and_then(Value::as_str) {
            let ttl = ttl.map(Duration::from_millis);
            self.gate.ledger().add_task(&self.principal, id, Some(permit), ttl, now);
        }
    }

    /// Settles a task's permit if this answer says how it ended.
    pub(super) fn settle_task(
        &self,
        task: &str,
        asks: TaskMethod,
        result: &Map<String, Value>,
        actions: &mut Actions<S>,
        now: SystemTime,
    ) {
        let ended = match asks {
            TaskMethod::Look => end_of(result),
            TaskMethod::Result => Some(End::Settled(outcome_of(result))),
            TaskMethod::Other => None,
        };
        let Some(ended) = ended else {
            return;
        };
        let permit = self.gate.ledger().task(&self.principal, task, now).and_then(|task| task.permit.take());
        if let (Some(permit), End::Settled(outcome)) = (permit, ended) {
            actions.settle_later(permit, outcome);
        }
    }

    /// Leaves the caller's own tasks in a list; false if it is none.
    pub(super) fn filter_tasks(&self, result: &mut Map<String, Value>, now: SystemTime) -> bool {
        let Some(Value::Array(tasks)) = result.get_mut("tasks") else {
            return false;
        };
        tasks.retain(|task| {
            task.get("taskId").and_then(Value::as_str).is_some_and(|task| self.owns(task, now))
        });
        true
    }
}

enum End {
    /// Cancelled: the server may have done the work, and the charge stays.
    Cancelled,
    Settled(Outcome),
}

fn end_of(task: &Map<String, Value>) -> Option<End> {
    match task.get("status").and_then(Value::as_str)? {
        "cancelled" => Some(End::Cancelled),
        "completed" => {
            // From 2026-07-28 on the result is there too. Before, `tasks/result` brings it.
            let result = task.get("result")?.as_object();
            Some(End::Settled(result.map_or(Outcome::Failed, outcome_of)))
        }
        "failed" => Some(End::Settled(Outcome::Failed)),
        _ => None,
    }
}

/// Whether a result is that of a call which has become a task.
pub(super) fn is_task(result: &Map<String, Value>) -> bool {
    result.get("resultType").is_some_and(|kind| kind == "task")
        || result.get("task").is_some_and(Value::is_object)
}

/// What a result of `tools/call` means.
pub(super) fn outcome_of(result: &Map<String, Value>) -> Outcome {
    let is_error = result.get("isError").is_some_and(|flag| *flag != Value::Bool(false));
    if is_error { Outcome::Failed } else { Outcome::Succeeded }
}
