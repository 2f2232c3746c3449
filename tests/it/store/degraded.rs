//! Evaluators that let calls through while the store does not answer: which calls, and which not.

use std::error::Error;
use std::time::SystemTime;

use mcp_policy::evaluator::OnStoreFailure;
use mcp_policy::limit::{Charges, Reservation};
use mcp_policy::policy::document::Mode;
use mcp_policy::store::{Exceeded, NullStore, Peek, Refusal, StoreError};
use mcp_policy::{
    CounterStore, Decision, DenialCode, Evaluator, MemoryStore, Outcome, Policy, Stop, ToolCall,
};
use serde_json::{Value, json};

use super::{decide, policy, seconds};

fn allowing<S>(policy: Policy, store: S) -> Evaluator<S> {
    Evaluator::builder(store).policy(policy).on_store_failure(OnStoreFailure::Allow).build()
}

fn shop() -> Policy {
    let limits = json!([{"counter": "c", "window": "day", "max": 2, "scope": "global", "refund": "failed"}]);
    policy(&json!({
        "priced": {"limits": limits},
        "approved": {"action": "require_approval", "limits": limits},
        "approved_for_nothing": {"action": "require_approval"},
        "never": {"action": "deny"},
    }))
}

fn in_monitor_mode(policy: &Policy) -> Policy {
    let mut document = policy.document().clone();
    document.mode = Mode::Monitor;
    document.try_into().unwrap()
}

/// What a decision and an explanation say, which must be the same: why the call is stopped, and whether it would pass
/// for the store's failure.
fn outcome<S: CounterStore>(evaluator: &Evaluator<S>, call: &ToolCall<'_>) -> (Option<DenialCode>, bool) {
    let explanation = evaluator.explain_at(call, seconds(0));
    let explained = match &explanation.stopped_by {
        Some(Stop::Deny(denial)) => Some(denial.code()),
        Some(Stop::NeedsApproval(_)) | None => None,
    };
    let (decided, degraded) = match evaluator.evaluate_at(call, seconds(0)) {
        Decision::Allow(permit) => {
            let unenforced = permit.unenforced().map(|stop| match stop {
                Stop::Deny(denial) => denial.code(),
                Stop::NeedsApproval(request) => panic!("{request}"),
            });
            (unenforced, permit.degraded().is_some())
        }
        Decision::Deny(denial) => (Some(denial.code()), false),
        Decision::NeedsApproval(_) => (None, false),
    };
    assert_eq!((explained, explanation.degraded), (decided, degraded), "{explanation}");
    (decided, degraded)
}

#[test]
fn t42_a_call_that_passes_while_the_store_is_down_says_so_and_gives_nothing_back() {
    for policy in [shop(), in_monitor_mode(&shop())] {
        let evaluator = allowing(policy, NullStore);
        let call = ToolCall::new("priced", None::<&Value>);
        for outcome in [Outcome::Failed, Outcome::Succeeded, Outcome::Unsent] {
            let Decision::Allow(permit) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
            let error = permit.degraded().unwrap();
            assert_eq!(error.source().unwrap().to_string(), "there is none");
            assert!(permit.unenforced().is_none() && permit.charged().is_empty());
            // The store would answer with an error.
            permit.settle(outcome).unwrap();
        }
        assert_eq!(outcome(&evaluator, &call), (None, true));
        let explanation = evaluator.explain_at(&call, seconds(0));
        assert_eq!(explanation.limits[0].used, None);
        let text = "allowed\n  the counter store is not available, and calls pass uncharged for so long\n";
        assert!(explanation.to_string().starts_with(text), "{explanation}");
        assert_eq!(serde_json::to_value(&explanation).unwrap()["degraded"], true);
    }
}

#[test]
fn t42_what_the_policy_denies_is_denied_while_the_store_is_down() {
    let evaluator = allowing(shop(), NullStore);
    assert_eq!(
        outcome(&evaluator, &ToolCall::new("never", None::<&Value>)),
        (Some(DenialCode::ActionDeny), false)
    );
    assert_eq!(
        outcome(&evaluator, &ToolCall::new("unknown", None::<&Value>)),
        (Some(DenialCode::Unlisted), false)
    );
    let asks = evaluator.evaluate_at(&ToolCall::new("approved", None::<&Value>), seconds(0));
    assert!(matches!(asks, Decision::NeedsApproval(_)));
}

#[test]
fn t47_an_approval_whose_use_cannot_be_marked_denies_however_the_evaluator_is_built() {
    for tool in ["approved", "approved_for_nothing"] {
        let call = ToolCall::new(tool, None::<&Value>);
        let evaluator = allowing(shop(), NullStore);
        let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
        let approval = request.approve("a", seconds(60));
        assert_eq!(
            outcome(&evaluator, &call.approval(&approval)),
            (Some(DenialCode::StoreUnavailable), false)
        );
        // In monitor mode it passes as every call does, and that is what is said.
        let evaluator = allowing(in_monitor_mode(&shop()), NullStore);
        let Stop::NeedsApproval(request) = evaluator.explain_at(&call, seconds(0)).stopped_by.unwrap() else {
            panic!()
        };
        let approval = request.approve("a", seconds(60));
        assert_eq!(
            outcome(&evaluator, &call.approval(&approval)),
            (Some(DenialCode::StoreUnavailable), false)
        );
        // An approval that is not needed does not stand in the way.
        assert_eq!(
            outcome(&evaluator, &ToolCall::new("priced", None::<&Value>).approval(&approval)),
            (None, true)
        );
    }
}

#[test]
fn t42_a_store_that_answers_no_has_not_failed() {
    let evaluator = allowing(shop(), MemoryStore::with_capacity(2));
    let call = ToolCall::new("approved", None::<&Value>);
    let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
    let [first, second] = ["1", "2"].map(|id| request.approve(id, seconds(60)));
    assert_eq!(outcome(&evaluator, &call.approval(&first)), (None, false));
    assert_eq!(outcome(&evaluator, &call.approval(&first)), (Some(DenialCode::ApprovalInvalid), false));
    assert_eq!(
        decide(&evaluator, &call.approval(&second), seconds(0)).unwrap_err().code(),
        DenialCode::StoreFull
    );
    let call = ToolCall::new("priced", None::<&Value>);
    assert_eq!(outcome(&evaluator, &call), (None, false));
    assert_eq!(outcome(&evaluator, &call), (Some(DenialCode::LimitExceeded), false));
}

/// Answers with a charge that the call does not have.
struct Confused;

impl CounterStore for Confused {
    fn reserve(&self, _: &Charges, _: SystemTime) -> Result<Reservation, Refusal> {
        Err(Refusal::Exceeded(Exceeded::new(7, None)))
    }

    fn refund(&self, _: &Reservation) -> Result<(), StoreError> {
        Ok(())
    }

    fn peek(&self, _: &Charges, _: SystemTime) -> Result<Peek, StoreError> {
        Ok(Peek::new(Vec::new(), false, Some(Exceeded::new(7, None))))
    }
}

#[test]
fn t42_a_store_that_says_no_and_cannot_say_why_is_believed() {
    let evaluator = allowing(shop(), Confused);
    let call = ToolCall::new("priced", None::<&Value>);
    assert_eq!(outcome(&evaluator, &call), (Some(DenialCode::StoreUnavailable), false));
}
