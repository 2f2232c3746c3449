//! Windows: how much passes within any interval, and when a refused call passes.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in a helper is to fail the test"
)]

mod clock;

use std::time::{Duration, SystemTime};

use mcp_policy::{Decision, Denial, DenialCode, Evaluator, MemoryStore, ToolCall};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// A tool `t` with these limits, each shared by everybody and charged with `args.n`.
fn limited(limits: &[Value]) -> Evaluator<MemoryStore> {
    let limits = limits.iter().enumerate().map(|(index, limit)| {
        let mut limit = limit.clone();
        limit["counter"] = format!("c{index}").into();
        limit["scope"] = "global".into();
        limit["increment_from"] = "args.n".into();
        limit
    });
    let limits: Vec<Value> = limits.collect();
    let policy = json!({"version": "1", "default": "deny", "tools": {"t": {"limits": limits}}});
    Evaluator::new(policy.to_string().parse().unwrap(), MemoryStore::new())
}

fn one(window: impl Into<Value>, max: u64, algorithm: &str) -> Evaluator<MemoryStore> {
    limited(&[json!({"window": window.into(), "max": max, "algorithm": algorithm})])
}

/// So many microseconds after the epoch, or before it.
fn micros(micros: i64) -> SystemTime {
    let distance = Duration::from_micros(micros.unsigned_abs());
    if micros < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}

fn seconds(seconds: i64) -> SystemTime {
    micros(seconds * 1_000_000)
}

fn rfc3339(text: &str) -> SystemTime {
    OffsetDateTime::parse(text, &Rfc3339).unwrap().into()
}

/// Calls `t` at a price.
fn call(evaluator: &Evaluator<MemoryStore>, amount: u64, now: SystemTime) -> Result<(), Denial> {
    let arguments = json!({"n": amount});
    match evaluator.evaluate_at(&ToolCall::new("t", &arguments), now) {
        // Dropped: it keeps its charge.
        Decision::Allow(_) => Ok(()),
        Decision::Deny(denial) => Err(denial),
        Decision::NeedsApproval(request) => panic!("nothing asks for approval: {request}"),
    }
}

fn passes(evaluator: &Evaluator<MemoryStore>, amount: u64, now: SystemTime) -> bool {
    call(evaluator, amount, now).is_ok()
}

/// Whether a call would pass; nothing is charged.
fn would_pass(evaluator: &Evaluator<MemoryStore>, amount: u64, now: SystemTime) -> bool {
    let arguments = json!({"n": amount});
    evaluator.explain_at(&ToolCall::new("t", &arguments), now).stopped_by.is_none()
}

/// How many single calls pass at one moment.
fn burst(evaluator: &Evaluator<MemoryStore>, calls: u64, now: SystemTime) -> usize {
    (0..calls).filter(|_| passes(evaluator, 1, now)).count()
}

fn wait(denial: &Denial) -> Option<u64> {
    denial.retry_after().map(|wait| wait.as_secs())
}

#[test]
fn t38_around_a_boundary_fixed_windows_let_twice_the_limit_through_and_sliding_ones_do_not() {
    let (before, after) = (micros(59_999_000), micros(60_001_000));
    let fixed = one("minute", 10, "fixed");
    assert_eq!((burst(&fixed, 15, before), burst(&fixed, 15, after)), (10, 10));
    let sliding = one("minute", 10, "sliding");
    assert_eq!((burst(&sliding, 15, before), burst(&sliding, 15, after)), (10, 0));
    // The exact log would let the next one through at 119.999 s; a sixteenth of the window more is 123.749 s.
    assert!(!would_pass(&sliding, 1, micros(119_999_000)));
    assert_eq!(burst(&sliding, 15, micros(123_749_000)), 10);
}

#[test]
fn a_price_above_the_limit_never_passes_and_does_not_say_when() {
    for algorithm in ["fixed", "sliding"] {
        let evaluator = one("minute", 10, algorithm);
        let denial = call(&evaluator, 11, seconds(0)).unwrap_err();
        assert_eq!((denial.code(), wait(&denial)), (DenialCode::LimitExceeded, None), "{algorithm}");
        assert!(passes(&evaluator, 10, seconds(0)), "{algorithm}");
        // What costs nothing passes where nothing is left.
        assert!(passes(&evaluator, 0, seconds(0)), "{algorithm}");
    }
}

/// A window in seconds, a limit, and calls: how long after the one before, in millionths of the window, and at what
/// price.
fn schedule() -> impl Strategy<Value = (i64, u64, Vec<(i64, u64)>)> {
    let windows = prop_oneof![1_i64..100, Just(60), Just(HOUR), Just(DAY), 1_i64..31_536_000];
    // Bursts, small steps, and steps of about a window.
    let steps = prop_oneof![Just(0_i64), 0_i64..70_000, 0_i64..1_200_000];
    (windows, 1_u64..20, prop::collection::vec((steps, 0_u64..6), 1..120))
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn t38_no_interval_as_long_as_the_window_has_more_than_the_limit((window, max, steps) in schedule(), start in -1_000_000_000_i64..2_000_000_000) {
        let evaluator = one(window, max, "sliding");
        let mut now = start * 1_000_000;
        let mut log: Vec<(i64, u64)> = Vec::new();
        for (step, amount) in steps {
            now += step * window;
            let since = |begin: i64| log.iter().filter(|(at, _)| *at > begin).map(|(_, amount)| amount).sum::<u64>();
            let length = window * 1_000_000;
            match call(&evaluator, amount, micros(now)) {
                Ok(()) => {
                    // With both its ends, the interval is even longer than the window.
                    prop_assert!(since(now - length - 1) + amount <= max);
                    log.push((now, amount));
                }
                Err(denial) => {
                    let longer = length / 16 * 17;
                    prop_assert!(since(now - longer) + amount > max, "{denial:?}");
                    // The wait is what the exact log says, or a sixteenth of the window longer.
                    let free = |at: i64| log.iter().filter(|(then, _)| *then > at - longer).map(|(_, n)| n).sum::<u64>() + amount <= max;
                    match wait(&denial) {
                        None => prop_assert!(amount > max),
                        Some(wait) => {
                            let passes_at = now + i64::try_from(wait).unwrap() * 1_000_000;
                            prop_assert!(would_pass(&evaluator, amount, micros(passes_at)));
                            prop_assert!(!free(passes_at - 1_000_000), "{wait} s is more than a second too long");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn t38_fixed_windows_count_what_is_between_their_boundaries((window, max, steps) in schedule(), start in -1_000_000_000_i64..2_000_000_000) {
        let evaluator = one(window, max, "fixed");
        let mut now = start * 1_000_000;
        let mut model = (i64::MIN, 0);
        for (step, amount) in steps {
            now += step * window;
            let index = now.div_euclid(window * 1_000_000);
            let used = if model.0 == index { model.1 } else { 0 };
            let decision = call(&evaluator, amount, micros(now));
            prop_assert_eq!(decision.is_ok(), used + amount <= max);
            if decision.is_ok() {
                model = (index, used + amount);
            }
        }
    }

    #[test]
    fn a_refused_call_passes_when_it_was_told_to_come_back_and_not_a_second_before(
        limits in prop::collection::vec((1_i64..5_000, 1_u64..8, any::<bool>()), 1..5),
        steps in prop::collection::vec((0_i64..3_000_000_000, 1_u64..4), 1..60),
    ) {
        let sliding = limits.iter().any(|(_, _, sliding)| *sliding);
        let limits: Vec<_> = limits.iter().map(|(window, max, sliding)| {
            json!({"window": window, "max": max, "algorithm": if *sliding { "sliding" } else { "fixed" }})
        }).collect();
        let evaluator = limited(&limits);
        let mut now = 0;
        for (step, amount) in steps {
            now += step;
            let Err(denial) = call(&evaluator, amount, micros(now)) else { continue };
            let impossible = limits.iter().any(|limit| limit["max"].as_u64().unwrap() < amount);
            prop_assert_eq!(wait(&denial).is_none(), impossible);
            let Some(wait) = wait(&denial) else { continue };
            prop_assert!(wait >= 1);
            let then = now + i64::try_from(wait).unwrap() * 1_000_000;
            prop_assert!(would_pass(&evaluator, amount, micros(then)));
            // With sliding windows too: the wait is what this store needs, rounded up.
            prop_assert!(!would_pass(&evaluator, amount, micros(then - 1_000_000)), "{}", sliding);
            // Half of them do come back, and take what they were promised.
            if wait % 2 == 0 {
                prop_assert!(passes(&evaluator, amount, micros(then)));
                now = then;
            }
        }
    }
}

#[test]
fn a_call_that_is_refused_creates_no_counter() {
    let evaluator = limited(&[json!({"window": "minute", "max": 10}), json!({"window": "day", "max": 1})]);
    assert!(!passes(&evaluator, 2, seconds(0)));
    assert!(would_pass(&evaluator, 1, seconds(0)));
    assert!(evaluator.store().is_empty());
    assert!(passes(&evaluator, 1, seconds(0)));
    assert_eq!(evaluator.store().len(), 2);
}
