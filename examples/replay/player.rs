//! Decides calls one after the other, and remembers what later lines may refer to.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use mcp_policy::risk::ServerCatalog;
use mcp_policy::{
    Approval, ApprovalRequest, Decision, Evaluator, Fingerprint, Outcome, Permit, Policy, Stop, ToolCall,
};

use crate::causes::with_causes;
use crate::output::Line;
use crate::stores::Store;

pub(crate) struct Player {
    evaluator: Evaluator<Store>,
    /// By the line of the call: the permits that a settlement could still give something back for.
    permits: HashMap<u64, Permit<Store>>,
    /// As many permits make it look for those that are over.
    tidy_at: usize,
    /// By the line of the call that asked.
    requests: HashMap<u64, ApprovalRequest>,
    /// By the line that approved.
    approvals: HashMap<u64, Approval>,
}

impl Player {
    pub(crate) fn new(policy: Policy, tools: Option<ServerCatalog>, store: Store) -> Self {
        let evaluator = Evaluator::builder(store).policy(policy);
        let evaluator = match tools {
            Some(tools) => evaluator.catalog(tools),
            None => evaluator,
        };
        Self {
            evaluator: evaluator.build(),
            permits: HashMap::new(),
            tidy_at: 1_024,
            requests: HashMap::new(),
            approvals: HashMap::new(),
        }
    }

    pub(crate) fn call(&mut self, line: u64, call: &ToolCall<'_>, now: SystemTime) -> Line {
        match self.evaluator.evaluate_at(call, now) {
            Decision::Allow(permit) => {
                let output = Line::allowed(line, permit.unenforced());
                if let Some(Stop::NeedsApproval(request)) = permit.unenforced() {
                    self.requests.insert(line, request.clone());
                }
                if !permit.charged().is_empty() {
                    self.permits.insert(line, permit);
                    self.tidy(now);
                }
                output
            }
            Decision::Deny(denial) => {
                // The denial is for the agent; why the store fails is for whoever runs this.
                if let Some(error) = denial.source() {
                    eprintln!("line {line}: {}", with_causes(error));
                }
                Line::denied(line, &denial)
            }
            Decision::NeedsApproval(request) => {
                let output = Line::asked(line, &request);
                self.requests.insert(line, request);
                output
            }
        }
    }

    /// Settles the permit of the call on a line, if it holds one.
    pub(crate) fn settle(&mut self, call: u64, outcome: Outcome) {
        if let Some(permit) = self.permits.remove(&call)
            && let Err(error) = permit.settle(outcome)
        {
            eprintln!("the call on line {call} keeps its charge: {}", with_causes(&error));
        }
    }

    /// Approves what the call on a line asked for. Where it asked for nothing, the approval is for nothing.
    pub(crate) fn approve(&mut self, line: u64, call: u64, expires_at: SystemTime) {
        let fingerprint =
            self.requests.get(&call).map_or(Fingerprint::from_bytes([0; 32]), ApprovalRequest::fingerprint);
        let approval = Approval::new(format!("line {line}"), fingerprint, expires_at);
        self.approvals.insert(line, approval);
    }

    /// The approval that was given on a line; one for nothing where none was.
    pub(crate) fn approval(&self, line: u64) -> Approval {
        self.approvals.get(&line).cloned().unwrap_or_else(|| {
            Approval::new(format!("line {line}"), Fingerprint::from_bytes([0; 32]), SystemTime::UNIX_EPOCH)
        })
    }

    /// Drops the permits whose windows have been over for a day, so that memory does not grow with the file.
    fn tidy(&mut self, now: SystemTime) {
        if self.permits.len() < self.tidy_at {
            return;
        }
        let long_ago = now.checked_sub(Duration::from_secs(86_400)).unwrap_or(now);
        self.permits.retain(|_, permit| {
            permit.charged().iter().any(|charged| charged.until().is_none_or(|until| until > long_ago))
        });
        self.tidy_at = self.permits.len().saturating_mul(2).max(1_024);
    }
}
