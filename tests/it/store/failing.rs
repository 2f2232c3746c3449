//! Stores that do not answer, or not as they should: what has a price is denied, and nobody is told why but the operator.

use std::error::Error;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, SystemTime};

use mcp_policy::limit::{Charges, Reservation};
use mcp_policy::store::{Exceeded, NullStore, Peek, Refusal, StoreError};
use mcp_policy::{CounterStore, Decision, DenialCode, Evaluator, MemoryStore, Outcome, Stop, ToolCall};
use serde_json::{Value, json};

use super::{code, decide, free_and_priced, policy, seconds};

/// Cannot be reached, and says where it cannot be reached.
#[derive(Debug)]
struct Down;

fn down() -> StoreError {
    StoreError::new("connection refused: redis://:s3cret@10.0.0.7:6379")
}

impl CounterStore for Down {
    fn reserve(&self, _: &Charges, _: SystemTime) -> Result<Reservation, Refusal> {
        Err(down().into())
    }

    fn refund(&self, _: &Reservation) -> Result<(), StoreError> {
        Err(down())
    }

    fn peek(&self, _: &Charges, _: SystemTime) -> Result<Peek, StoreError> {
        Err(down())
    }
}

#[test]
fn t42_a_store_that_is_down_denies_what_has_a_price_and_does_not_say_where_it_is() {
    let evaluator = Evaluator::new(free_and_priced(), Down);
    assert_eq!(code(&evaluator, "free", "g", seconds(0)), None);
    let denial = decide(&evaluator, &ToolCall::new("priced", None::<&Value>), seconds(0)).unwrap_err();
    assert_eq!(denial.code(), DenialCode::StoreUnavailable);
    assert_eq!((denial.rule(), denial.retry_after()), (None, None));
    for told in [denial.message(), &denial.to_string()] {
        assert!(!told.contains("10.0.0.7") && !told.contains("s3cret") && !told.contains("redis"), "{told}");
    }
    // The operator is told.
    let cause = denial.source().and_then(Error::source).map(ToString::to_string);
    assert_eq!(cause.as_deref(), Some("connection refused: redis://:s3cret@10.0.0.7:6379"));

    // An explanation says that nothing is known, and does not promise that the call would pass.
    let explanation = evaluator.explain_at(&ToolCall::new("priced", None::<&Value>), seconds(0));
    assert_eq!(explanation.limits[0].used, None);
    let Some(Stop::Deny(denial)) = &explanation.stopped_by else { panic!("{explanation}") };
    assert_eq!(denial.code(), DenialCode::StoreUnavailable);
    assert!(!explanation.to_string().contains("10.0.0.7"));
}

#[test]
fn t42_monitor_mode_lets_a_call_through_while_the_store_is_down_and_says_so() {
    let mut document = free_and_priced().document().clone();
    document.mode = mcp_policy::policy::document::Mode::Monitor;
    let evaluator = Evaluator::new(document.try_into().unwrap(), Down);
    let decision = evaluator.evaluate_at(&ToolCall::new("priced", None::<&Value>), seconds(0));
    let Decision::Allow(permit) = decision else { panic!("{decision:?}") };
    let Some(Stop::Deny(denial)) = permit.unenforced() else { panic!("{permit:?}") };
    assert_eq!(denial.code(), DenialCode::StoreUnavailable);
    // Nothing was charged, so the store has nothing to do.
    permit.settle(Outcome::Unsent).unwrap();
}

/// Refuses for reasons that do not exist.
struct Confused(fn() -> Refusal);

impl CounterStore for Confused {
    fn reserve(&self, _: &Charges, _: SystemTime) -> Result<Reservation, Refusal> {
        Err((self.0)())
    }

    fn refund(&self, _: &Reservation) -> Result<(), StoreError> {
        Ok(())
    }

    fn peek(&self, _: &Charges, _: SystemTime) -> Result<Peek, StoreError> {
        Ok(Peek::default())
    }
}

#[test]
fn t42_a_store_that_answers_what_it_cannot_mean_denies() {
    let answers: [fn() -> Refusal; 3] = [
        // A charge that the call does not have.
        || Refusal::Exceeded(Exceeded::new(1, None)),
        || Refusal::Exceeded(Exceeded::new(usize::MAX, Some(Duration::MAX))),
        // The approval of a call that carries none.
        || Refusal::ApprovalUsed,
    ];
    for answer in answers {
        let evaluator = Evaluator::new(free_and_priced(), Confused(answer));
        assert_eq!(code(&evaluator, "priced", "g", seconds(0)), Some(DenialCode::StoreUnavailable));
    }
    let forever = || Refusal::Exceeded(Exceeded::new(0, Some(Duration::MAX)));
    let evaluator = Evaluator::new(free_and_priced(), Confused(forever));
    assert_eq!(code(&evaluator, "priced", "g", seconds(0)), Some(DenialCode::LimitExceeded));
}

/// A store with a bug: at one call it panics while it holds its lock.
#[derive(Default)]
struct Poisoned {
    counters: Mutex<u64>,
    inner: MemoryStore,
}

impl CounterStore for Poisoned {
    fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        let mut calls = self.counters.lock().map_err(|error| StoreError::new(error.to_string()))?;
        *calls += 1;
        if *calls == 3 {
            std::panic::resume_unwind(Box::new("a bug"));
        }
        self.inner.reserve(charges, now)
    }

    fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        let _counters = self.counters.lock().map_err(|error| StoreError::new(error.to_string()))?;
        self.inner.refund(reservation)
    }

    fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        self.inner.peek(charges, now)
    }
}

#[test]
fn t69_after_a_panic_in_the_store_calls_are_decided_and_those_with_a_price_denied() {
    let evaluator = Evaluator::new(free_and_priced(), Poisoned::default());
    let call = ToolCall::new("priced", None::<&Value>);
    let Decision::Allow(permit) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
    assert!(decide(&evaluator, &call, seconds(0)).is_ok());
    let panicked =
        thread::scope(|scope| scope.spawn(|| decide(&evaluator, &call, seconds(0)).is_ok()).join());
    assert!(panicked.is_err());
    for _ in 0..3 {
        let denial = decide(&evaluator, &call, seconds(0)).unwrap_err();
        assert_eq!(denial.code(), DenialCode::StoreUnavailable);
        assert!(!denial.message().contains("poison"));
        assert!(denial.source().is_some());
    }
    // The evaluator itself is none the worse: it judges, it settles, and it takes another policy.
    assert_eq!(code(&evaluator, "free", "g", seconds(0)), None);
    assert!(permit.settle(Outcome::Unsent).is_err());
    evaluator.replace_policy(policy(&json!({})));
    assert_eq!(code(&evaluator, "free", "g", seconds(0)), Some(DenialCode::Unlisted));
}

/// Takes charges, and is down when one is to be given back.
#[derive(Default)]
struct Forgetful(MemoryStore);

impl CounterStore for Forgetful {
    fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        self.0.reserve(charges, now)
    }

    fn refund(&self, _: &Reservation) -> Result<(), StoreError> {
        Err(down())
    }

    fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        self.0.peek(charges, now)
    }
}

#[test]
fn a_charge_stays_when_the_store_cannot_be_reached_to_give_it_back() {
    let evaluator = Evaluator::new(free_and_priced(), Forgetful::default());
    let call = ToolCall::new("priced", None::<&Value>);
    for outcome in [Outcome::Succeeded, Outcome::Failed, Outcome::Unsent] {
        let Decision::Allow(permit) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
        // Where nothing is to be given back the store is not asked.
        assert_eq!(permit.settle(outcome).is_err(), outcome == Outcome::Unsent, "{outcome}");
    }
    let explanation = evaluator.explain_at(&call, seconds(0));
    assert_eq!(explanation.limits[0].used.unwrap().to_string(), "3");
    assert_eq!(down().to_string(), "the counter store is not available");
}

#[test]
fn the_null_store_denies_what_has_a_price() {
    let evaluator = Evaluator::new(free_and_priced(), NullStore);
    assert_eq!(code(&evaluator, "free", "g", seconds(0)), None);
    assert_eq!(code(&evaluator, "priced", "g", seconds(0)), Some(DenialCode::StoreUnavailable));
    assert_eq!(code(&evaluator, "unknown", "g", seconds(0)), Some(DenialCode::Unlisted));
}
