//! Random charges, refunds and clocks: the Redis store does what the memory store does.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use mcp_policy::limit::{Charges, Reservation};
use mcp_policy::store::{AsyncCounterStore, CounterStore, Refusal};
use mcp_policy::{MemoryStore, Outcome, Policy, ToolCall, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{TestRng, TestRunner};
use serde_json::{Value, json};

use super::server::Server;
use super::{by_callers_clock, policy, run};

const STEPS: usize = 10_000;

const WINDOWS: [&str; 7] = ["second", "minute", "hour", "day", "week", "month", "lifetime"];

/// Tools with one limit, several, and an approval.
fn policies() -> Policy {
    let mut tools = json!({});
    let limit = |name: &str, window: Value, algorithm: &str, max: f64| {
        json!({"counter": name, "window": window, "algorithm": algorithm, "max": max, "scope": "global",
            "increment_from": "args.n", "refund": "failed"})
    };
    let mut all = Vec::new();
    for (window, seconds) in
        WINDOWS.iter().map(|name| (json!(name), 0)).chain([(json!(7), 7), (json!(100_000), 100_000)])
    {
        for algorithm in ["fixed", "sliding"] {
            if algorithm == "sliding" && (window == "month" || window == "lifetime") {
                continue;
            }
            for (size, max) in [("small", 10.0), ("middle", 3_999.5), ("exact", 1e9 + 0.5), ("large", 1e12)] {
                let name = format!("{window}{seconds}{algorithm}{size}");
                let limit = limit(&name, window.clone(), algorithm, max);
                tools[&name] = json!({"limits": [limit]});
                all.push(limit);
            }
        }
    }
    for (index, limits) in all.chunks(5).enumerate() {
        tools[format!("several{index}")] = json!({"limits": limits});
        tools[format!("asks{index}")] = json!({"limits": limits, "action": "require_approval"});
    }
    policy(&tools)
}

/// How the clock goes on between two steps, in microseconds.
fn wait() -> impl Strategy<Value = i64> {
    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3_600 * SECOND;
    prop_oneof![
        20 => Just(0),
        20 => 0..2 * SECOND,
        10 => 0..HOUR,
        10 => -2 * SECOND..2 * SECOND,
        5 => 0..40 * 24 * HOUR,
        5 => -4 * HOUR..4 * HOUR,
        1 => -40 * 24 * HOUR..40 * 24 * HOUR,
    ]
}

fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (0_u32..5).prop_map(f64::from),
        2 => (0_u32..5_000_000).prop_map(|millionths| f64::from(millionths) / 1e6),
        4 => (0_u32..2_000_000_000).prop_map(|millionths| f64::from(millionths) / 1e6),
        2 => (0_u32..1_000_000_000).prop_map(|n| f64::from(n) + 0.000_001),
        2 => (0_u32..2_000_000_000).prop_map(|n| f64::from(n) * 500.0 + 0.25),
        1 => Just(1e12),
        1 => Just(999_999_999_999.0),
    ]
}

fn micros(micros: i64) -> SystemTime {
    let distance = Duration::from_micros(micros.unsigned_abs());
    if micros < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}

/// What there is to see of an answer, without the generations: those are each store's own.
fn seen(answer: &Result<Reservation, Refusal>) -> String {
    match answer {
        Err(refusal) => format!("{refusal:?}"),
        Ok(reservation) => reservation.charged().iter().fold(String::new(), |mut text, charged| {
            let (left, until, position) = (charged.remaining(), charged.until(), charged.window().position);
            write!(text, "{} left {left} until {until:?} from {position}; ", charged.key()).unwrap();
            text
        }),
    }
}

#[test]
fn t23_t35_t39_thousands_of_random_steps_come_to_what_they_come_to_in_memory() {
    let server = Server::start();
    let policy = policies();
    let tools: Vec<String> = policy.document().tools.keys().map(ToString::to_string).collect();
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig { failure_persistence: None, ..ProptestConfig::default() },
        TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let step = (prop::sample::select(tools), amount(), wait(), 0_usize..40, any::<bool>(), 0_u8..120);
    run(async {
        let (memory, redis) = (MemoryStore::new(), by_callers_clock(&server.url()).await);
        let mut now: i64 = 1_795_341_600_000_000;
        let mut held: Vec<(Reservation, Reservation)> = Vec::new();
        let (mut taken, mut refused, mut used_up, mut back) = (0, 0, 0, 0);
        for index in 0..STEPS {
            let (tool, amount, wait, permit, settles, approval) =
                step.new_tree(&mut runner).unwrap().current();
            now += wait;
            if index % 2_500 == 2_499 {
                // A clock at its end, and before the epoch.
                now = [253_402_300_799_999_999, -3_600_000_000, -377_000_000_000_000_000, 0][index / 2_500];
            }
            let Some(charges) = price(&policy, &tool, amount, now, approval) else { continue };
            let here = CounterStore::peek(&memory, &charges, micros(now)).unwrap();
            let there = redis.peek(&charges, micros(now)).await.unwrap();
            assert_eq!(here, there, "step {index}: peek {charges:?} at {now}");
            let here = CounterStore::reserve(&memory, &charges, micros(now));
            let there = redis.reserve(&charges, micros(now)).await;
            assert_eq!(seen(&here), seen(&there), "step {index}: {charges:?} at {now}");
            match (here, there) {
                (Ok(here), Ok(there)) => {
                    taken += 1;
                    held.push((here, there));
                }
                (Err(Refusal::ApprovalUsed), _) => used_up += 1,
                _ => refused += 1,
            }
            if settles && permit < held.len() {
                let (here, there) = held.swap_remove(permit);
                CounterStore::refund(&memory, &here.refundable(Outcome::Failed)).unwrap();
                redis.refund(&there.refundable(Outcome::Failed)).await.unwrap();
                back += 1;
            }
        }
        // Each happens often, or the test shows little.
        assert!(
            taken > 500 && refused > 300 && used_up > 20 && back > 300,
            "{taken} {refused} {used_up} {back}"
        );
    });
}

/// What the call costs; nothing if it asks for an approval that is over.
fn price(policy: &Policy, tool: &str, amount: f64, now: i64, approval: u8) -> Option<Charges> {
    let arguments = json!({"n": amount});
    let call = ToolCall::new(tool, &arguments);
    let charges = |call: &ToolCall<'_>| match policy.judge(call, micros(now)) {
        Verdict::Charge(charges) => Some(charges),
        _ => None,
    };
    match policy.judge(&call, micros(now)) {
        Verdict::NeedsApproval(request) => {
            let approval = request.approve(format!("a{approval}"), micros(now + 1_000_000));
            charges(&call.approval(&approval))
        }
        _ => charges(&call),
    }
}
