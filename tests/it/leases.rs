//! Leases: quota in blocks. Never more than the limit in total, whatever the clocks show.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "what goes wrong in a helper is to fail the test")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, SystemTime};

use mcp_policy::Outcome;
use mcp_policy::limit::{Charges, Reservation};
use mcp_policy::store::{AsyncCounterStore, CounterStore, Leased, Peek, Refusal, StoreError};
use mcp_policy::{Context, MemoryStore, Policy, ToolCall, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A moment that is far from the end of an hour: 2026-11-22T10:00:00Z.
const START: i64 = 1_795_341_600;

/// A store on another machine: it goes by its own clock, counts how often it is asked, and can be away.
#[derive(Default)]
struct Shared {
    memory: MemoryStore,
    now: AtomicI64,
    asked: AtomicU32,
    is_away: AtomicBool,
    /// Whether an answer takes a while.
    is_slow: AtomicBool,
}

impl Shared {
    fn now(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    async fn ask(&self) -> Result<SystemTime, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_slow.load(Ordering::SeqCst) {
            let mut waited = false;
            std::future::poll_fn(|_| {
                if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::new("away"));
        }
        Ok(millis(self.now()))
    }
}

#[derive(Clone)]
struct Remote(Arc<Shared>);

impl AsyncCounterStore for Remote {
    async fn reserve(&self, charges: &Charges, _: SystemTime) -> Result<Reservation, Refusal> {
        let now = self.0.ask().await?;
        CounterStore::reserve(&self.0.memory, charges, now)
    }

    async fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        self.0.ask().await?;
        CounterStore::refund(&self.0.memory, reservation)
    }

    async fn peek(&self, charges: &Charges, _: SystemTime) -> Result<Peek, StoreError> {
        let now = self.0.ask().await?;
        CounterStore::peek(&self.0.memory, charges, now)
    }
}

fn millis(millis: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis.try_into().unwrap())
}

fn shared() -> Arc<Shared> {
    let shared = Arc::new(Shared::default());
    shared.now.store(START * 1_000, Ordering::SeqCst);
    shared
}

/// A gateway with blocks of a tenth of the limit, whose monotonic clock goes as the shared store's does.
fn gateway(shared: &Arc<Shared>) -> Leased<Remote> {
    let (clock, begin) = (Arc::clone(shared), shared.now());
    let elapsed = move || Duration::from_millis((clock.now() - begin).try_into().unwrap());
    Leased::with_clock(Remote(Arc::clone(shared)), elapsed).share(10).skew(Duration::from_secs(1))
}

/// What the tool `t` costs under these limits.
fn price(limits: &Value, amount: u64) -> Charges {
    let text = json!({"version": "1", "default": "deny", "tools": {"t": {"limits": limits}}}).to_string();
    let policy: Policy = text.parse().unwrap();
    let arguments = json!({"n": amount});
    let context = Context::new().grant("g");
    match policy.judge(&ToolCall::new("t", &arguments).context(&context), millis(START * 1_000)) {
        Verdict::Charge(charges) => charges,
        verdict => panic!("{verdict:?}"),
    }
}

fn hundred_a_minute() -> Charges {
    price(&json!([{"counter": "c", "window": "minute", "max": 100}]), 0)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
            return output;
        }
    }
}

fn reserve(gateway: &Leased<Remote>, charges: &Charges, skew: i64) -> Result<Reservation, Refusal> {
    wait(gateway.reserve(charges, millis(gateway.shared().0.now() + skew)))
}

fn passes(gateway: &Leased<Remote>, charges: &Charges) -> bool {
    reserve(gateway, charges, 0).is_ok()
}

/// How often it passes until it does not.
fn spend(gateway: &Leased<Remote>, charges: &Charges) -> u32 {
    (0..100_000).take_while(|_| passes(gateway, charges)).count().try_into().unwrap()
}

fn asked(shared: &Shared) -> u32 {
    shared.asked.load(Ordering::SeqCst)
}

#[test]
fn a_block_is_spent_without_asking_and_all_of_the_limit_can_be() {
    let shared = shared();
    let (gateway, charges) = (gateway(&shared), hundred_a_minute());
    for call in 1..=100_u32 {
        let reservation = reserve(&gateway, &charges, 0).unwrap();
        let remaining = reservation.charged()[0].remaining().to_string();
        assert_eq!(remaining, (100 - call).to_string());
        assert_eq!(asked(&shared), call.div_ceil(10), "{call}");
    }
    let Err(Refusal::Exceeded(exceeded)) = reserve(&gateway, &charges, 0) else { panic!() };
    assert_eq!(exceeded.retry_after, Some(Duration::from_secs(60)));
}

#[test]
fn the_price_is_at_most_a_block_for_each_other_gateway() {
    let shared = shared();
    let charges = hundred_a_minute();
    let idle: Vec<_> = (0..3).map(|_| gateway(&shared)).collect();
    assert!(idle.iter().all(|gateway| passes(gateway, &charges)));
    let busy = gateway(&shared);
    // Three calls, and three blocks of ten of which nine lie unspent.
    assert_eq!(spend(&busy, &charges), 70);
    // Those are not lost.
    assert_eq!(spend(&idle[0], &charges), 9);
    wait(idle[1].release()).unwrap();
    assert_eq!(spend(&busy, &charges), 9);
    wait(idle[1].release()).unwrap();
    assert!(!passes(&idle[1], &charges));
    drop(idle);
    // What a gateway kept that is no more is free with the next window.
    assert!(!passes(&busy, &charges));
    shared.now.fetch_add(60_000, Ordering::SeqCst);
    assert_eq!(spend(&busy, &charges), 100);
}

#[test]
fn a_block_ends_before_its_window_by_the_monotonic_clock() {
    let shared = shared();
    let (first, charges) = (gateway(&shared), hundred_a_minute());
    assert!(passes(&first, &charges));
    shared.now.fetch_add(58_999, Ordering::SeqCst);
    // Whatever the other clock shows meanwhile.
    assert!(reserve(&first, &charges, -3_600_000).is_ok());
    assert_eq!(asked(&shared), 1);
    shared.now.fetch_add(1, Ordering::SeqCst);
    // In the last second nothing is leased, and each call asks.
    for call in 2..10 {
        assert!(passes(&first, &charges));
        assert_eq!(asked(&shared), call);
    }
    // What was unspent is gone until the window ends.
    assert_eq!(spend(&gateway(&shared), &charges), 82);
}

#[test]
fn a_window_no_longer_than_the_skew_is_not_leased_and_others_never_are() {
    for limit in [
        json!({"window": "second", "max": 100}),
        json!({"window": "minute", "max": 100, "algorithm": "sliding"}),
        json!({"window": "lifetime", "max": 100}),
        // A tenth of it is not more than a call.
        json!({"window": "minute", "max": 10}),
    ] {
        let shared = shared();
        let mut limit = limit;
        limit["counter"] = "c".into();
        let (gateway, charges) = (gateway(&shared), price(&json!([limit]), 0));
        for call in 1..=10 {
            assert!(passes(&gateway, &charges), "{limit}");
            assert_eq!(asked(&shared), call, "{limit}");
        }
    }
}

#[test]
fn what_does_not_fit_as_a_block_is_taken_as_it_is() {
    let shared = shared();
    let other = price(&json!([{"counter": "c", "window": "minute", "max": 100, "increment": 95}]), 0);
    assert!(passes(&gateway(&shared), &other));
    assert_eq!(spend(&gateway(&shared), &hundred_a_minute()), 5);
}

#[test]
fn t34_the_charges_of_a_call_are_taken_all_or_none_wherever_they_come_from() {
    let shared = shared();
    let gateway = gateway(&shared);
    let leased = json!({"counter": "leased", "window": "hour", "max": 100});
    let both = price(&json!([leased, {"counter": "other", "window": "lifetime", "max": 5}]), 0);
    assert_eq!(spend(&gateway, &both), 5);
    let Err(Refusal::Exceeded(exceeded)) = reserve(&gateway, &both, 0) else { panic!() };
    assert_eq!((exceeded.charge, exceeded.retry_after), (1, None));
    // Five were charged to the first, and not one more for the calls that were denied.
    let alone = price(&json!([leased]), 0);
    let used = |charges: &Charges| wait(gateway.peek(charges, millis(shared.now()))).unwrap().used[0];
    assert_eq!(used(&alone).to_string(), "5");
    assert_eq!(spend(&gateway, &alone), 95);
}

#[test]
fn t40_a_smaller_max_is_not_spent_from_a_block_of_a_larger() {
    let shared = shared();
    let gateway = gateway(&shared);
    let limit = |max: u32| price(&json!([{"counter": "c", "window": "minute", "max": max}]), 0);
    for _ in 0..55 {
        assert!(passes(&gateway, &limit(100)));
    }
    // Sixty count as used in the shared store, five of them unspent.
    assert!(!passes(&gateway, &limit(50)));
    assert!(!passes(&gateway, &limit(60)));
    assert!(passes(&gateway, &limit(61)));
    assert_eq!(spend(&gateway, &limit(200)), 5 + 200 - 61);
}

#[test]
fn t35_a_refund_comes_back_to_its_block_or_to_the_shared_store_and_to_no_later_window() {
    let shared = shared();
    let (gateway, charges) = (gateway(&shared), hundred_a_minute());
    let held: Vec<_> = (0..100).map(|_| reserve(&gateway, &charges, 0).unwrap()).collect();
    let asked_before = asked(&shared);
    wait(gateway.refund(&held[0].refundable(Outcome::Unsent))).unwrap();
    assert_eq!(asked(&shared), asked_before);
    assert_eq!(spend(&gateway, &charges), 1);
    // In the last second the block is over, and the window is not.
    shared.now.fetch_add(59_500, Ordering::SeqCst);
    wait(gateway.refund(&held[1].refundable(Outcome::Unsent))).unwrap();
    assert_eq!(spend(&gateway, &charges), 1);
    shared.now.fetch_add(500, Ordering::SeqCst);
    assert!(passes(&gateway, &charges));
    for late in &held[2..] {
        wait(gateway.refund(&late.refundable(Outcome::Unsent))).unwrap();
    }
    assert_eq!(spend(&gateway, &charges), 99);
}

#[test]
fn the_price_does_not_grow_with_refunds() {
    let shared = shared();
    let (first, charges) = (gateway(&shared), hundred_a_minute());
    let held: Vec<_> = (0..100).map(|_| reserve(&first, &charges, 0).unwrap()).collect();
    for back in &held {
        wait(first.refund(&back.refundable(Outcome::Unsent))).unwrap();
    }
    // At most a block of them stays here.
    assert_eq!(spend(&gateway(&shared), &charges), 90);
    assert_eq!(spend(&first, &charges), 10);
}

#[test]
fn t42_while_the_shared_store_is_away_blocks_are_spent_and_no_more() {
    let shared = shared();
    let gateway = gateway(&shared);
    let leased = json!({"counter": "leased", "window": "hour", "max": 100});
    let alone = price(&json!([leased]), 0);
    assert!(passes(&gateway, &alone));
    shared.is_away.store(true, Ordering::SeqCst);
    let both = price(&json!([leased, {"counter": "other", "window": "day", "max": 100}]), 0);
    for _ in 0..5 {
        assert!(matches!(reserve(&gateway, &both, 0), Err(Refusal::Unavailable(_))));
    }
    assert_eq!(spend(&gateway, &alone), 9);
    assert!(matches!(reserve(&gateway, &alone, 0), Err(Refusal::Unavailable(_))));
    shared.is_away.store(false, Ordering::SeqCst);
    assert_eq!(spend(&gateway, &alone), 90);
}

#[test]
fn t65_a_call_that_is_given_up_on_the_way_leaves_its_block_to_the_others() {
    let shared = shared();
    let gateway = gateway(&shared);
    let leased = json!({"counter": "leased", "window": "hour", "max": 100});
    let (alone, both) = (
        price(&json!([leased]), 0),
        price(&json!([leased, {"counter": "other", "window": "day", "max": 100}]), 0),
    );
    assert!(passes(&gateway, &alone));
    shared.is_slow.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        let mut reserving = pin!(gateway.reserve(&both, millis(shared.now())));
        assert!(reserving.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    }
    shared.is_slow.store(false, Ordering::SeqCst);
    let before = asked(&shared);
    for _ in 0..9 {
        assert!(passes(&gateway, &alone));
    }
    assert_eq!(asked(&shared), before, "what was spent for calls that were given up has come back");
    assert!(passes(&gateway, &both));
    assert_eq!(asked(&shared), before + 1);
    assert!(passes(&gateway, &both));
    assert_eq!(asked(&shared), before + 1, "others can fetch a block");
}

#[test]
fn of_calls_at_once_one_fetches_a_block() {
    let shared = shared();
    let (gateway, charges) = (gateway(&shared), hundred_a_minute());
    shared.is_slow.store(true, Ordering::SeqCst);
    let now = millis(shared.now());
    let mut calls: Vec<_> = (0..5).map(|_| Box::pin(gateway.reserve(&charges, now))).collect();
    let mut context = TaskContext::from_waker(Waker::noop());
    assert!(calls.iter_mut().all(|call| call.as_mut().poll(&mut context).is_pending()));
    assert!(calls.into_iter().all(|call| wait(call).is_ok()));
    let used = CounterStore::peek(&shared.memory, &charges, now).unwrap().used[0];
    assert_eq!(used.to_string(), "14");
}

#[test]
fn t31_blocks_that_are_over_do_not_pile_up() {
    let shared = shared();
    let gateway = gateway(&shared);
    let policy: Policy = json!({"version": "1", "default": "deny", "tools": {"t": {"limits": [
        {"counter": "c", "window": "minute", "max": 100, "scope": "args.id"},
    ]}}})
    .to_string()
    .parse()
    .unwrap();
    for id in 0..20_000 {
        let arguments = json!({"id": id});
        let Verdict::Charge(charges) = policy.judge(&ToolCall::new("t", &arguments), millis(0)) else {
            panic!()
        };
        assert!(passes(&gateway, &charges));
        shared.now.fetch_add(1_000, Ordering::SeqCst);
    }
    assert!(gateway.blocks() < 2_000, "{}", gateway.blocks());
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Call { gateway: usize, amount: u64 },
    Refund { held: usize },
    Release { gateway: usize },
    Wait { millis: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0_usize..4, 0_u64..9).prop_map(|(gateway, amount)| Step::Call { gateway, amount }),
        2 => (0_usize..20).prop_map(|held| Step::Refund { held }),
        1 => (0_usize..4).prop_map(|gateway| Step::Release { gateway }),
        2 => (0_i64..500).prop_map(|millis| Step::Wait { millis }),
        2 => (0_i64..30_000).prop_map(|millis| Step::Wait { millis }),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The clocks of the gateways differ from the store's by up to the skew.
    #[test]
    fn t33_t39_gateways_together_never_let_more_through_than_the_limit(
        skews in prop::array::uniform4(-1_000_i64..=1_000),
        steps in steps(),
    ) {
        let shared = shared();
        let gateways = [(); 4].map(|()| gateway(&shared));
        let limit = json!([{"counter": "c", "window": "minute", "max": 100, "increment_from": "args.n", "refund": "unsent"}]);
        let prices: Vec<_> = (0..9).map(|amount| price(&limit, amount)).collect();
        // What was let through in each minute of the store's, and the calls that can be given back.
        let mut passed = std::collections::BTreeMap::<i64, u64>::new();
        let mut held = Vec::new();
        for step in steps {
            let minute = shared.now().div_euclid(60_000);
            match step {
                Step::Call { gateway, amount } => {
                    let charges = &prices[usize::try_from(amount).unwrap()];
                    if let Ok(reservation) = reserve(&gateways[gateway], charges, skews[gateway]) {
                        *passed.entry(minute).or_default() += amount;
                        held.push((minute, gateway, amount, reservation));
                    }
                }
                Step::Refund { held: index } if index < held.len() => {
                    let (charged, gateway, amount, reservation) = held.swap_remove(index);
                    wait(gateways[gateway].refund(&reservation.refundable(Outcome::Unsent))).unwrap();
                    *passed.entry(charged).or_default() -= amount;
                }
                Step::Refund { .. } => {}
                Step::Release { gateway } => wait(gateways[gateway].release()).unwrap(),
                Step::Wait { millis } => {
                    shared.now.fetch_add(millis, Ordering::SeqCst);
                }
            }
            for (minute, passed) in &passed {
                prop_assert!(*passed <= 100, "{} in minute {}", passed, minute);
            }
        }
        // Nothing is lost but what lies in blocks: what the store counts is what passed in this minute, and those.
        let minute = shared.now().div_euclid(60_000);
        for gateway in &gateways {
            wait(gateway.release()).unwrap();
        }
        let used = CounterStore::peek(&shared.memory, &prices[0], millis(shared.now())).unwrap().used[0];
        prop_assert!(used.millionths() >= passed.get(&minute).copied().unwrap_or(0) * 1_000_000);
    }
}
