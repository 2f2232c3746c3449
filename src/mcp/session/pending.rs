//! Requests of the client that the server has not answered.

use crate::evaluator::Permit;
use crate::fingerprint::Fingerprint;
use crate::mcp::Id;

/// A request that the server has been sent.
#[derive(Debug)]
pub(super) struct Pending<S> {
    /// The identifier that the client knows.
    pub(super) id: Id,
    pub(super) kind: PendingKind<S>,
}

#[derive(Debug)]
pub(super) enum PendingKind<S> {
    Call(PendingCall<S>),
    /// A stream of notifications.
    Listen,
    /// `tools/list`.
    List(PendingList),
    /// Anything else that passes.
    Other,
    /// What is asked about a task, by its identifier.
    Task {
        task: Box<str>,
        asks: TaskMethod,
    },
    /// `tasks/list`.
    Tasks,
}

#[derive(Debug)]
pub(super) struct PendingCall<S> {
    pub(super) permit: Permit<S>,
    /// What its retries are known by, if they are charged with it.
    pub(super) flow: Option<[u8; 32]>,
    /// What was approved of it.
    pub(super) approved: Option<Fingerprint>,
    /// Whether the client asked for a task.
    pub(super) wants_task: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PendingList {
    /// The page that was asked for; none for the first.
    pub(super) cursor: Option<Fingerprint>,
    /// Whether the client speaks a revision in which lists say who may keep them.
    pub(super) modern: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskMethod {
    /// `tasks/get`: the status, and from 2026-07-28 on the result with it.
    Look,
    /// `tasks/result`: the result alone.
    Result,
    /// Anything else.
    Other,
}
