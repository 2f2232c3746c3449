//! What outlives a connection: tasks, flows of several requests, and approvals.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::call::Approval;
use crate::evaluator::Permit;
use crate::fingerprint::Fingerprint;
use crate::json::{Item, write_canonical};
use crate::mcp::message::Request;
use crate::mcp::shelf::Shelf;

/// Bounded in every part, and each part by principal.
#[derive(Debug)]
pub(crate) struct Ledger<S> {
    tasks: Shelf<Task<S>>,
    flows: Shelf<Flow<S>>,
    approvals: HashMap<Fingerprint, Approval>,
}

/// A task that a call has become.
#[derive(Debug)]
pub(crate) struct Task<S> {
    /// None once it has been settled.
    pub(crate) permit: Option<Permit<S>>,
}

/// A call that the server wants more input for, and that may go on at the price it has paid.
#[derive(Debug)]
pub(crate) struct Flow<S> {
    pub(crate) permit: Permit<S>,
    /// What was approved of it.
    pub(crate) approved: Option<Fingerprint>,
}

impl<S> Default for Ledger<S> {
    fn default() -> Self {
        Self { tasks: Shelf::default(), flows: Shelf::default(), approvals: HashMap::new() }
    }
}

impl<S> Ledger<S> {
    /// Keeps whose task it is. Where there is no room the task is nobody's, and nobody gets at it.
    pub(crate) fn add_task(
        &mut self,
        principal: &Arc<str>,
        id: &str,
        permit: Option<Permit<S>>,
        ttl: Option<Duration>,
        now: SystemTime,
    ) {
        let lifetime = ttl.map_or(MAX_TASK_LIFETIME, |ttl| ttl.min(MAX_TASK_LIFETIME));
        let expires_at = now.checked_add(lifetime).unwrap_or(now);
        self.tasks.put(principal, id, Task { permit }, expires_at, now);
    }

    pub(crate) fn task(&mut self, principal: &str, id: &str, now: SystemTime) -> Option<&mut Task<S>> {
        self.tasks.find(principal, id, now)
    }

    pub(crate) fn add_flow(&mut self, principal: &Arc<str>, key: &str, flow: Flow<S>, now: SystemTime) {
        let expires_at = now.checked_add(FLOW_LIFETIME).unwrap_or(now);
        self.flows.put(principal, key, flow, expires_at, now);
    }

    pub(crate) fn take_flow(&mut self, principal: &str, key: &str, now: SystemTime) -> Option<Flow<S>> {
        self.flows.take(principal, key, now)
    }

    pub(crate) fn approve(&mut self, approval: Approval, now: SystemTime) {
        self.approvals.retain(|_, known| known.expires_at() > now);
        if self.approvals.len() >= MAX_APPROVALS {
            let first = self.approvals.values().min_by_key(|known| known.expires_at());
            if let Some(fingerprint) = first.map(Approval::fingerprint) {
                self.approvals.remove(&fingerprint);
            }
        }
        self.approvals.insert(approval.fingerprint(), approval);
    }

    pub(crate) fn approval(&self, fingerprint: Fingerprint, now: SystemTime) -> Option<Approval> {
        self.approvals.get(&fingerprint).filter(|approval| approval.expires_at() > now).cloned()
    }

    pub(crate) fn drop_approval(&mut self, fingerprint: Fingerprint) {
        self.approvals.remove(&fingerprint);
    }
}

/// What a call is told from another by, before there is a state: the tool and the arguments.
pub(crate) fn call_key(request: &Request) -> Option<[u8; 32]> {
    let mut text = String::new();
    let name = request.text("name")?;
    write_canonical(Item::Text(name), &mut text)?;
    if let Some(arguments) = request.param("arguments") {
        write_canonical(arguments.into(), &mut text)?;
    }
    Some(Sha256::digest(text.as_bytes()).into())
}

/// What the retry of a call is told from another by.
pub(crate) fn flow_key(call: [u8; 32], state: Option<&str>) -> String {
    let mut hash = Sha256::new();
    hash.update(call);
    hash.update([u8::from(state.is_some())]);
    hash.update(state.unwrap_or_default());
    let digest = Fingerprint::from_bytes(hash.finalize().into());
    digest.to_string()
}

/// How long a task is known if the server does not say less: a day.
const MAX_TASK_LIFETIME: Duration = Duration::from_secs(86_400);
/// How long a person may take to answer a server's question: an hour.
const FLOW_LIFETIME: Duration = Duration::from_secs(3_600);
/// The most approvals that wait for their call.
const MAX_APPROVALS: usize = 1_024;
