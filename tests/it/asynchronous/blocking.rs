//! Work that a hook runs: on another thread, later, or not at all.

use std::error::Error;
use std::future::Future;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context as TaskContext, Waker};
use std::thread;
use std::time::SystemTime;

use mcp_policy::limit::{Amount, Charges, Reservation};
use mcp_policy::store::{Blocking, NullStore, Peek, Refusal, StoreError};
use mcp_policy::{CounterStore, Decision, DenialCode, Evaluator, MemoryStore, Outcome};
use serde_json::json;

use super::{NOW, call, policy, ready, three, wait};

fn on_a_thread<S>(store: S) -> Blocking<S> {
    Blocking::new(store, |work| {
        thread::spawn(work);
    })
}

/// Works on no thread but one that was made for it.
#[derive(Default)]
struct NotHere {
    counters: MemoryStore,
    forbidden: Mutex<Option<thread::ThreadId>>,
}

impl NotHere {
    fn check(&self) {
        assert_ne!(*self.forbidden.lock().unwrap(), Some(thread::current().id()));
    }
}

impl CounterStore for NotHere {
    fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        self.check();
        self.counters.reserve(charges, now)
    }

    fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        self.check();
        self.counters.refund(reservation)
    }

    fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        self.check();
        self.counters.peek(charges, now)
    }
}

#[test]
fn the_work_is_done_where_the_hook_says() {
    let store = NotHere { forbidden: Mutex::new(Some(thread::current().id())), ..NotHere::default() };
    let evaluator = Evaluator::new(three(), on_a_thread(store));
    for _ in 0..5 {
        let Decision::Allow(permit) = wait(evaluator.evaluate_async_at(&call("t"), NOW)) else { panic!() };
        wait(permit.settle_async(Outcome::Unsent)).unwrap();
        assert!(wait(evaluator.explain_async_at(&call("t"), NOW)).stopped_by.is_none());
    }
}

#[test]
fn a_refusal_comes_back_as_it_was() {
    let evaluator = Evaluator::new(three(), on_a_thread(MemoryStore::with_capacity(0)));
    let Decision::Deny(denial) = wait(evaluator.evaluate_async_at(&call("t"), NOW)) else { panic!() };
    assert_eq!(denial.code(), DenialCode::StoreFull);
    let evaluator = Evaluator::new(three(), on_a_thread(NullStore));
    let Decision::Deny(denial) = wait(evaluator.evaluate_async_at(&call("t"), NOW)) else { panic!() };
    assert_eq!(denial.code(), DenialCode::StoreUnavailable);
    assert_eq!(denial.source().and_then(Error::source).map(ToString::to_string).unwrap(), "there is none");
}

#[test]
fn t33_sixty_four_tasks_on_one_limit_pass_exactly_its_number() {
    let limit = json!({"limits": [{"counter": "c", "window": "day", "max": 100, "scope": "global"}]});
    let evaluator = Evaluator::new(policy(&limit), on_a_thread(MemoryStore::new()));
    let passed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                for _ in 0..3 {
                    if let Decision::Allow(_) = wait(evaluator.evaluate_async_at(&call("t"), NOW)) {
                        passed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(passed.into_inner(), 100);
}

type Work = Box<dyn FnOnce() + Send>;

/// A hook that leaves the work until it is asked for.
fn later<S>(store: S) -> (Blocking<S>, mpsc::Receiver<Work>) {
    let (send, receive) = mpsc::channel();
    (Blocking::new(store, move |work| send.send(work).unwrap()), receive)
}

#[test]
fn t65_a_future_that_is_dropped_keeps_its_charge() {
    let (store, works) = later(MemoryStore::new());
    let evaluator = Evaluator::new(three(), store.clone());
    {
        let call = call("t");
        let mut future = Box::pin(evaluator.evaluate_async_at(&call, NOW));
        assert!(future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    }
    works.try_recv().unwrap()();
    assert_eq!(store.store().len(), 1);
    let behind = Evaluator::new(three(), store.store());
    let explanation = behind.explain_at(&call("t"), NOW);
    assert_eq!(explanation.limits.first().unwrap().used, Some(Amount::ONE));
}

#[test]
fn whoever_waits_is_woken_when_the_work_is_done() {
    let (store, works) = later(MemoryStore::new());
    let evaluator = Evaluator::new(three(), store);
    let worker = thread::spawn(move || works.into_iter().take(3).for_each(|work| work()));
    for _ in 0..3 {
        assert!(matches!(wait(evaluator.evaluate_async_at(&call("t"), NOW)), Decision::Allow(_)));
    }
    worker.join().unwrap();
}

#[test]
fn t42_work_that_the_hook_drops_is_an_error_and_nobody_waits_for_it() {
    let evaluator = Evaluator::new(three(), Blocking::new(MemoryStore::new(), drop));
    let Decision::Deny(denial) = ready(evaluator.evaluate_async_at(&call("t"), NOW)) else { panic!() };
    assert_eq!(denial.code(), DenialCode::StoreUnavailable);
    assert!(ready(evaluator.explain_async_at(&call("t"), NOW)).stopped_by.is_some());

    // Also when it is dropped while somebody waits.
    let (store, works) = later(MemoryStore::new());
    let evaluator = Evaluator::new(three(), store);
    let worker = thread::spawn(move || drop(works.recv().unwrap()));
    assert!(matches!(wait(evaluator.evaluate_async_at(&call("t"), NOW)), Decision::Deny(_)));
    worker.join().unwrap();
}

#[test]
fn t69_work_that_panics_is_an_error_and_nobody_waits_for_it() {
    let store = NotHere::default();
    let store = Blocking::new(store, |work| {
        assert!(panic::catch_unwind(AssertUnwindSafe(work)).is_err());
    });
    *store.store().forbidden.lock().unwrap() = Some(thread::current().id());
    let evaluator = Evaluator::new(three(), store);
    let Decision::Deny(denial) = ready(evaluator.evaluate_async_at(&call("t"), NOW)) else { panic!() };
    assert_eq!(denial.code(), DenialCode::StoreUnavailable);
}
