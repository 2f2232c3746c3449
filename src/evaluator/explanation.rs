//! Explanations: why a call comes to what it comes to.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::call::ToolCall;
pub use crate::condition::Truth;
use crate::condition::{ConditionObserver, Step};
use crate::diagnostic::Place;
use crate::evaluator::Evaluator;
use crate::evaluator::decide::{exceeded_denial, is_always_enforced};
use crate::fingerprint::Fingerprint;
use crate::limit::{Amount, Charge, Charges};
use crate::policy::document::Mode;
use crate::policy::{
    ClauseKind, Denial, DenialCode, Observer, Stop, Verdict, approval_invalid, store_denial,
};
use crate::store::{Peek, StoreError};

/// Why a call would come to what it comes to.
///
/// `Display` writes it for people, and serde as JSON. It quotes no argument, but where a limit counts by one:
/// the key of a counter holds the values of its scopes. Every `rule` in it is a JSON Pointer into the policy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The rule that decides: `/default` where there is none and the policy allows that. `None` if there is
    /// none and the policy denies that, or if the call was denied before a rule was looked for.
    pub rule: Option<String>,
    /// The pin of the tool, if the policy has one and it was looked at.
    pub pin: Option<PinExplanation>,
    /// Every clause that was looked at, in order.
    pub clauses: Vec<ClauseExplanation>,
    /// Every counter that would be charged, in order.
    pub limits: Vec<LimitExplanation>,
    /// What stops the call; `None` if it may pass.
    pub stopped_by: Option<Stop>,
    /// Whether that would be enforced: not in monitor mode.
    pub enforced: bool,
    /// Whether the store did not answer and the call would pass uncharged for that
    /// ([`OnStoreFailure::Allow`](crate::evaluator::OnStoreFailure::Allow)).
    pub degraded: bool,
}

/// A pin, and the definition that it was compared with.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PinExplanation {
    /// Where it stands.
    pub rule: String,
    /// The definition that the tool must have.
    pub pinned: Fingerprint,
    /// The definition that it was listed with last; `None` if it never was, or it is not known how.
    pub listed: Option<Fingerprint>,
}

/// What a clause comes to.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ClauseExplanation {
    /// Where it stands.
    pub rule: String,
    /// What all of its conditions come to.
    pub truth: Truth,
    /// Whether that denies the call, or asks for approval.
    pub bites: bool,
    /// Every condition that was looked at, inner ones before those that they are in. Where a clause was
    /// settled before, the rest was not looked at.
    pub conditions: Vec<ConditionExplanation>,
}

/// What a condition comes to.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ConditionExplanation {
    /// Where it stands.
    pub rule: String,
    /// What it comes to.
    pub truth: Truth,
}

/// What a counter has, and what the call would cost.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LimitExplanation {
    /// Where the limit stands. Of several that share the counter it is the first.
    pub rule: String,
    /// The key of the counter.
    pub key: String,
    /// How much has been charged; `None` if the store did not say.
    pub used: Option<Amount>,
    /// How much the call would cost.
    pub amount: Amount,
    /// The most that may be charged.
    pub max: Amount,
}

/// A call that has been looked at.
pub(super) enum Looked {
    Explained(Explanation),
    Priced(PricedTrace),
}

/// What a call costs, and what was seen on the way.
pub(super) struct PricedTrace {
    pub(super) charges: Charges,
    trace: Trace,
    mode: Mode,
}

impl<S> Evaluator<S> {
    pub(super) fn look(&self, call: &ToolCall<'_>, now: SystemTime) -> Looked {
        let mut trace = Trace::default();
        let Some(policy) = self.policy() else {
            return Looked::Explained(trace.finish(Some(Stop::Deny(Denial::no_policy())), Mode::Enforce));
        };
        let mode = policy.mode();
        let verdict = policy.judge_in(&self.inner.namespace, call, self.catalog(), now.into(), &mut trace);
        let stopped_by = match verdict {
            Verdict::Allow => None,
            Verdict::Charge(charges) => return Looked::Priced(PricedTrace { charges, trace, mode }),
            Verdict::Deny(denial) => Some(Stop::Deny(denial)),
            Verdict::NeedsApproval(request) => Some(Stop::NeedsApproval(request)),
        };
        Looked::Explained(trace.finish(stopped_by, mode))
    }

    pub(super) fn explain(&self, priced: PricedTrace, peek: Result<Peek, StoreError>) -> Explanation {
        let PricedTrace { charges, trace, mode } = priced;
        let limits = limits(&charges, peek.as_ref().ok());
        let degraded = peek.is_err() && self.passes_uncharged(&charges);
        let denial = match peek {
            Err(_) if degraded => None,
            Err(error) => Some(store_denial(DenialCode::StoreUnavailable, Some(Arc::new(error)))),
            Ok(peek) => match (charges.approval(), peek.exceeded) {
                (Some(approval), _) if peek.approval_used => Some(approval_invalid(approval.rule())),
                (_, Some(exceeded)) => Some(exceeded_denial(exceeded, &charges)),
                (_, None) => None,
            },
        };
        Explanation { limits, degraded, ..trace.finish(denial.map(Stop::Deny), mode) }
    }
}

fn limits(charges: &Charges, peek: Option<&Peek>) -> Vec<LimitExplanation> {
    let limit = |(index, charge): (usize, &Charge)| LimitExplanation {
        rule: charge.rule(),
        key: charge.key().to_owned(),
        used: peek.and_then(|peek| peek.used.get(index)).copied(),
        amount: charge.amount(),
        max: charge.max(),
    };
    charges.charges().iter().enumerate().map(limit).collect()
}

/// What was seen on the way.
#[derive(Default)]
struct Trace {
    rule: Option<String>,
    pin: Option<PinExplanation>,
    clauses: Vec<ClauseExplanation>,
    /// Of the clause that is being looked at: the way to the condition, and those that were left.
    way: Vec<Step>,
    conditions: Vec<(Vec<Step>, Truth)>,
}

impl Trace {
    fn finish(self, stopped_by: Option<Stop>, mode: Mode) -> Explanation {
        let enforced = mode == Mode::Enforce || stopped_by.as_ref().is_some_and(is_always_enforced);
        let Self { rule, pin, clauses, .. } = self;
        Explanation { rule, pin, clauses, limits: Vec::new(), stopped_by, enforced, degraded: false }
    }
}

impl ConditionObserver for Trace {
    fn enter(&mut self, step: Step) {
        self.way.push(step);
    }

    fn leave(&mut self, truth: Truth) {
        self.conditions.push((self.way.clone(), truth));
        self.way.pop();
    }
}

impl Observer for Trace {
    fn rule(&mut self, pointer: &str) {
        self.rule = Some(pointer.to_owned());
    }

    fn pin(&mut self, tool: &str, pinned: Fingerprint, listed: Option<Fingerprint>) {
        let rule = Place::Document.member("pins").member(tool).to_string();
        self.pin = Some(PinExplanation { rule, pinned, listed });
    }

    fn clause(&mut self, owner: &str, kind: ClauseKind, index: usize, truth: Truth) {
        let clause = kind.pointer(owner, index);
        let conditions = self.conditions.drain(..).map(|(way, truth)| {
            let mut rule = clause.clone();
            for step in way {
                // Writing to a string does not fail.
                let _ = match step {
                    Step::All(index) => write!(rule, "/all/{index}"),
                    Step::Any(index) => write!(rule, "/any/{index}"),
                    Step::Conditions(index) => write!(rule, "/conditions/{index}"),
                    Step::Not => write!(rule, "/not"),
                };
            }
            ConditionExplanation { rule, truth }
        });
        let conditions = conditions.collect();
        self.clauses.push(ClauseExplanation { rule: clause, truth, bites: kind.bites(truth), conditions });
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stopped_by {
            None => writeln!(f, "allowed")?,
            Some(Stop::Deny(denial)) => {
                write!(f, "denied: {}", denial.code())?;
                if let Some(rule) = denial.rule() {
                    write!(f, " by {rule}")?;
                }
                writeln!(f)?;
                writeln!(f, "  {}", denial.message())?;
                if let Some(wait) = denial.retry_after() {
                    writeln!(f, "  would pass in {} s", wait.as_secs())?;
                }
            }
            Some(Stop::NeedsApproval(request)) => {
                writeln!(f, "needs approval: asked by {}", request.rule())?;
                writeln!(f, "  {}", request.message())?;
            }
        }
        if !self.enforced && self.stopped_by.is_some() {
            writeln!(f, "  monitor mode: the call is allowed all the same")?;
        }
        if self.degraded {
            writeln!(f, "  the counter store is not available, and calls pass uncharged for so long")?;
        }
        match (&self.rule, self.denial_code()) {
            (Some(rule), _) => writeln!(f, "rule {rule}")?,
            (None, Some(DenialCode::Unclassified | DenialCode::Unlisted)) => {
                writeln!(f, "no rule is for this tool")?;
            }
            (None, _) => writeln!(f, "no rule was looked for")?,
        }
        if let Some(PinExplanation { rule, pinned, listed }) = &self.pin {
            match listed {
                Some(listed) if listed == pinned => {
                    writeln!(f, "pin {rule}: the tool is listed as it was pinned")?;
                }
                Some(listed) => writeln!(f, "pin {rule}: pinned is {pinned}\n  listed is {listed}")?,
                None => writeln!(f, "pin {rule}: the tool was not listed, or it is not known how")?,
            }
        }
        for clause in &self.clauses {
            let bites = if clause.bites { ", which decides" } else { "" };
            writeln!(f, "clause {} is {}{bites}", clause.rule, clause.truth)?;
            for condition in &clause.conditions {
                let inside = condition.rule.strip_prefix(&clause.rule).unwrap_or(&condition.rule);
                writeln!(f, "  {} is {}", inside.trim_start_matches('/'), condition.truth)?;
            }
        }
        for limit in &self.limits {
            write!(f, "limit {}: ", limit.rule)?;
            match limit.used {
                Some(used) => write!(f, "{used} of {} used", limit.max)?,
                None => write!(f, "of {} it is not known how much is used", limit.max)?,
            }
            writeln!(f, ", the call costs {}", limit.amount)?;
            writeln!(f, "  counter {}", limit.key)?;
        }
        Ok(())
    }
}

impl Explanation {
    fn denial_code(&self) -> Option<DenialCode> {
        match &self.stopped_by {
            Some(Stop::Deny(denial)) => Some(denial.code()),
            Some(Stop::NeedsApproval(_)) | None => None,
        }
    }
}

/// With what stops the call as an object that says what becomes of it.
impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stopped_by = self.stopped_by.as_ref().map(|stop| match stop {
            Stop::Deny(denial) => json!({
                "decision": "deny",
                "code": denial.code(),
                "rule": denial.rule(),
                "message": denial.message(),
                "retry_after": denial.retry_after().map(|wait| wait.as_secs()),
            }),
            Stop::NeedsApproval(request) => json!({
                "decision": "needs_approval",
                "rule": request.rule(),
                "message": request.message(),
                "fingerprint": request.fingerprint().to_string(),
            }),
        });
        let mut explanation = serializer.serialize_struct("Explanation", 6)?;
        explanation.serialize_field("rule", &self.rule)?;
        explanation.serialize_field("pin", &self.pin)?;
        explanation.serialize_field("clauses", &self.clauses)?;
        explanation.serialize_field("limits", &self.limits)?;
        explanation.serialize_field("stopped_by", &stopped_by)?;
        explanation.serialize_field("enforced", &self.enforced)?;
        explanation.serialize_field("degraded", &self.degraded)?;
        explanation.end()
    }
}
