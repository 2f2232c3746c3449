//! Stores that are waited for, and synchronous ones whose work is done elsewhere.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in a helper is to fail the test"
)]

mod blocking;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, SystemTime};

use mcp_policy::evaluator::OnStoreFailure;
use mcp_policy::limit::{Amount, Charges, Reservation};
use mcp_policy::store::{AsyncCounterStore, Blocking, NullStore, Peek, Refusal, StoreError};
use mcp_policy::{
    Context, CounterStore, Decision, DenialCode, Evaluator, MemoryStore, Outcome, Permit, Policy, Stop,
    ToolCall,
};
use serde_json::{Value, json};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

struct Woken(mpsc::Sender<()>);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        // Nobody listens any more where the future has come to its end.
        let _ = self.0.send(());
    }
}

/// Polls a future until it is ready, and whenever it is woken.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let (send, woken) = mpsc::channel();
    let waker = Waker::from(Arc::new(Woken(send)));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
            return output;
        }
        woken.recv_timeout(Duration::from_secs(60)).expect("the future is woken");
    }
}

/// Polls a future that must be ready at once.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it is not ready"),
    }
}

/// Is waited for twice in each operation, and implements nothing but that.
#[derive(Clone, Default)]
pub(crate) struct Remote {
    counters: Arc<MemoryStore>,
    waits: Arc<AtomicUsize>,
}

impl Remote {
    async fn wait(&self) {
        let mut left = [Poll::Ready(()), Poll::Pending, Poll::Pending].into_iter().rev();
        std::future::poll_fn(|context| {
            self.waits.fetch_add(1, Ordering::Relaxed);
            context.waker().wake_by_ref();
            left.next().unwrap()
        })
        .await;
    }
}

impl AsyncCounterStore for Remote {
    async fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        self.wait().await;
        CounterStore::reserve(&self.counters, charges, now)
    }

    async fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        self.wait().await;
        CounterStore::refund(&self.counters, reservation)
    }

    async fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        self.wait().await;
        CounterStore::peek(&self.counters, charges, now)
    }
}

fn policy(tool: &Value) -> Policy {
    json!({"version": "1", "default": "deny", "tools": {"t": tool, "free": {}}}).to_string().parse().unwrap()
}

/// At most three calls of `t` a day.
fn three() -> Policy {
    policy(&json!({"limits": [{"counter": "c", "window": "day", "max": 3, "scope": "global"}]}))
}

fn call(tool: &str) -> ToolCall<'_> {
    ToolCall::new(tool, None::<&Value>)
}

#[test]
fn a_call_is_decided_explained_and_settled_with_a_store_that_is_waited_for() {
    let evaluator = Evaluator::new(three(), Remote::default());
    let mut permits = Vec::new();
    for _ in 0..3 {
        assert!(wait(evaluator.explain_async_at(&call("t"), NOW)).stopped_by.is_none());
        let Decision::Allow(permit) = wait(evaluator.evaluate_async_at(&call("t"), NOW)) else { panic!() };
        permits.push(permit);
    }
    let Decision::Deny(denial) = wait(evaluator.evaluate_async_at(&call("t"), NOW)) else { panic!() };
    assert_eq!((denial.code(), denial.rule()), (DenialCode::LimitExceeded, Some("/tools/t/limits/0")));
    assert_eq!(denial.retry_after(), Some(Duration::from_secs(86_400)));
    let explanation = wait(evaluator.explain_async_at(&call("t"), NOW));
    let Some(Stop::Deny(explained)) = explanation.stopped_by else { panic!("{explanation}") };
    assert_eq!(explained.message(), denial.message());
    for (permit, outcome) in permits.into_iter().zip([Outcome::Succeeded, Outcome::Failed, Outcome::Unsent]) {
        wait(permit.settle_async(outcome)).unwrap();
    }
    // One was given back.
    let passed =
        (0..3).filter(|_| matches!(wait(evaluator.evaluate_async_at(&call("t"), NOW)), Decision::Allow(_)));
    assert_eq!(passed.count(), 1);
    let waits = evaluator.store().waits.load(Ordering::Relaxed);
    // What has no price, or gives nothing back, does not go to the store.
    let Decision::Allow(permit) = ready(evaluator.evaluate_async_at(&call("free"), NOW)) else { panic!() };
    ready(permit.settle_async(Outcome::Unsent)).unwrap();
    assert!(matches!(ready(evaluator.evaluate_async(&call("unknown"))), Decision::Deny(_)));
    assert_eq!(evaluator.store().waits.load(Ordering::Relaxed), waits);
}

#[test]
fn a_synchronous_store_serves_both_and_is_ready_at_once() {
    let stores: [Arc<dyn CounterStore>; 2] =
        [Arc::new(MemoryStore::new()), Arc::new(Arc::new(MemoryStore::new()))];
    for store in stores {
        let evaluator = Evaluator::new(three(), store);
        let Decision::Allow(permit) = evaluator.evaluate_at(&call("t"), NOW) else { panic!() };
        ready(permit.settle_async(Outcome::Unsent)).unwrap();
        for _ in 0..3 {
            assert!(matches!(ready(evaluator.evaluate_async_at(&call("t"), NOW)), Decision::Allow(_)));
        }
        assert!(matches!(evaluator.evaluate_at(&call("t"), NOW), Decision::Deny(_)));
        assert!(matches!(ready(evaluator.evaluate_async_at(&call("t"), NOW)), Decision::Deny(_)));
        let explained = ready(evaluator.explain_async_at(&call("t"), NOW)).to_string();
        assert_eq!(explained, evaluator.explain_at(&call("t"), NOW).to_string());
    }
}

#[test]
fn a_future_that_is_never_polled_charges_nothing() {
    let evaluator = Evaluator::new(three(), MemoryStore::new());
    for _ in 0..10 {
        drop(evaluator.evaluate_async_at(&call("t"), NOW));
    }
    assert!(evaluator.store().is_empty());
    let Decision::Allow(permit) = evaluator.evaluate_at(&call("t"), NOW) else { panic!() };
    drop(permit.settle_async(Outcome::Unsent));
    assert_eq!(evaluator.explain_at(&call("t"), NOW).limits.first().unwrap().used, Some(Amount::ONE));
}

#[test]
fn a_store_that_is_down_denies_or_lets_through_as_it_was_built() {
    let evaluator = Evaluator::new(three(), NullStore);
    let Decision::Deny(denial) = ready(evaluator.evaluate_async_at(&call("t"), NOW)) else { panic!() };
    assert_eq!(denial.code(), DenialCode::StoreUnavailable);
    let evaluator =
        Evaluator::builder(NullStore).policy(three()).on_store_failure(OnStoreFailure::Allow).build();
    let Decision::Allow(permit) = ready(evaluator.evaluate_async_at(&call("t"), NOW)) else { panic!() };
    assert!(permit.degraded().is_some());
    ready(permit.settle_async(Outcome::Unsent)).unwrap();
    let explanation = ready(evaluator.explain_async_at(&call("t"), NOW));
    assert!(explanation.degraded && explanation.stopped_by.is_none(), "{explanation}");
}

#[test]
fn what_is_waited_for_crosses_threads() {
    fn crosses<T: Send>(value: T) -> T {
        value
    }
    fn check<S: AsyncCounterStore + 'static>(store: S) {
        let evaluator = Evaluator::new(three(), store);
        let arguments = json!({});
        let context = Context::new().grant("g");
        let call = ToolCall::new("t", &arguments).context(&context);
        drop(crosses(evaluator.evaluate_async(&call)));
        drop(crosses(evaluator.evaluate_async_at(&call, NOW)));
        drop(crosses(evaluator.explain_async_at(&call, NOW)));
        let _ = |permit: Permit<S>| crosses(permit.settle_async(Outcome::Failed));
        // What owns all it needs can be spawned.
        let owned = async move {
            let arguments = json!({});
            matches!(evaluator.evaluate_async(&ToolCall::new("t", &arguments)).await, Decision::Allow(_))
        };
        thread::spawn(|| wait(owned)).join().unwrap();
    }
    check(MemoryStore::new());
    check(Remote::default());
    check(Arc::new(MemoryStore::new()));
    check(Blocking::new(MemoryStore::new(), |work| work()));
}
