//! Settlement: what is given back, when, and to which window.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what goes wrong in a helper is to fail the test"
)]

use std::future::pending;
use std::pin::pin;
use std::task::{Context as TaskContext, Waker};
use std::thread;
use std::time::{Duration, SystemTime};

use mcp_policy::{Decision, DenialCode, Evaluator, MemoryStore, Outcome, Permit, ToolCall};
use serde_json::{Value, json};

const HOUR: i64 = 3_600;

const OUTCOMES: [Outcome; 3] = [Outcome::Failed, Outcome::Succeeded, Outcome::Unsent];

fn evaluator(policy: &Value) -> Evaluator<MemoryStore> {
    Evaluator::new(policy.to_string().parse().unwrap(), MemoryStore::new())
}

/// A policy with one tool, `t`, and one limit that all share. It is charged with `args.n`.
fn limited(mut limit: Value) -> Evaluator<MemoryStore> {
    limit["counter"] = "c".into();
    limit["scope"] = "global".into();
    limit["increment_from"] = "args.n".into();
    evaluator(&json!({"version": "1", "default": "deny", "tools": {"t": {"limits": [limit]}}}))
}

fn seconds(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}

fn call(evaluator: &Evaluator<MemoryStore>, amount: u64, at: i64) -> Option<Permit<MemoryStore>> {
    let arguments = json!({"n": amount});
    match evaluator.evaluate_at(&ToolCall::new("t", &arguments), seconds(at)) {
        Decision::Allow(permit) => Some(permit),
        Decision::Deny(_) | Decision::NeedsApproval(_) => None,
    }
}

/// How much of the counter is used.
fn used(evaluator: &Evaluator<MemoryStore>, at: i64) -> u64 {
    let arguments = json!({"n": 0});
    let explanation = evaluator.explain_at(&ToolCall::new("t", &arguments), seconds(at));
    explanation.limits[0].used.unwrap().millionths() / 1_000_000
}

#[test]
fn a_charge_is_given_back_after_the_outcomes_that_refund_names() {
    for algorithm in ["fixed", "sliding"] {
        for (refund, given_back) in [
            (json!("never"), &[][..]),
            (json!("unsent"), &[Outcome::Unsent]),
            (json!("failed"), &[Outcome::Failed, Outcome::Unsent]),
            // What a limit says that does not say.
            (Value::Null, &[Outcome::Unsent]),
        ] {
            for outcome in OUTCOMES {
                let mut limit = json!({"window": "day", "max": 10, "algorithm": algorithm});
                if !refund.is_null() {
                    limit["refund"] = refund.clone();
                }
                let evaluator = limited(limit);
                // What others were charged stays, before and after.
                assert!(call(&evaluator, 2, 0).is_some());
                let permit = call(&evaluator, 4, 0).unwrap();
                assert!(call(&evaluator, 1, 0).is_some());
                permit.settle(outcome).unwrap();
                let expected = if given_back.contains(&outcome) { 3 } else { 7 };
                assert_eq!(used(&evaluator, 0), expected, "{refund} {outcome}");
            }
        }
    }
}

#[test]
fn limits_that_share_a_counter_charge_once_and_the_strictest_of_each_counts() {
    for algorithm in ["fixed", "sliding"] {
        for rule_is_stricter in [false, true] {
            let limit = |strict: bool, increment: u64| {
                let (max, refund) = if strict { (7, "never") } else { (100, "failed") };
                json!({
                    "counter": "c", "window": "day", "max": max, "increment": increment,
                    "refund": refund, "scope": "global", "algorithm": algorithm,
                })
            };
            let evaluator = evaluator(&json!({
                "version": "1", "default": "deny",
                "all_tools": {"limits": [limit(!rule_is_stricter, 2)]},
                "tools": {"t": {"limits": [limit(rule_is_stricter, 3)]}},
            }));
            let permit = call(&evaluator, 0, 0).unwrap();
            let [charged] = permit.charged() else { panic!("one counter is charged once: {permit:?}") };
            // The larger increment against the smaller max, reported as the limit of the rule.
            assert_eq!(charged.amount().to_string(), "3");
            assert_eq!(charged.remaining().to_string(), "4");
            assert_eq!(charged.rule(), "/tools/t/limits/0");
            permit.settle(Outcome::Unsent).unwrap();
            assert_eq!(used(&evaluator, 0), 3);
            assert!(call(&evaluator, 0, 0).is_some());
            let Decision::Deny(denial) =
                evaluator.evaluate_at(&ToolCall::new("t", None::<&Value>), seconds(0))
            else {
                panic!("9 of 7")
            };
            assert_eq!(denial.rule(), Some("/tools/t/limits/0"));
            assert_eq!(used(&evaluator, 0), 6);
        }
    }
}

#[test]
fn of_two_refunds_for_one_counter_the_one_that_gives_back_least_counts() {
    // In the order of how much is given back.
    let refunds = ["never", "unsent", "failed"];
    for (first, of_rule) in refunds.iter().enumerate() {
        for (second, of_all) in refunds.iter().enumerate() {
            for outcome in OUTCOMES {
                let limit = |refund| json!({"counter": "c", "window": "day", "max": 9, "refund": refund, "scope": "global"});
                let evaluator = evaluator(&json!({
                    "version": "1", "default": "deny",
                    "all_tools": {"limits": [limit(of_all)]},
                    "tools": {"t": {"limits": [limit(of_rule)]}},
                }));
                call(&evaluator, 0, 0).unwrap().settle(outcome).unwrap();
                let given_back = match outcome {
                    Outcome::Failed => first.min(second) == 2,
                    Outcome::Succeeded => false,
                    Outcome::Unsent => first.min(second) >= 1,
                };
                assert_eq!(used(&evaluator, 0), u64::from(!given_back), "{of_rule} {of_all} {outcome}");
            }
        }
    }
}

#[test]
fn each_limit_of_a_call_gives_back_by_itself() {
    let limit = |name, refund| json!({"counter": name, "window": "day", "max": 9, "refund": refund, "scope": "global"});
    let evaluator = evaluator(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "limits": [limit("a", "failed"), limit("b", "unsent"), limit("c", "never")],
    }}}));
    let used = || -> Vec<String> {
        let limits = evaluator.explain_at(&ToolCall::new("t", None::<&Value>), seconds(0)).limits;
        limits.iter().map(|limit| limit.used.unwrap().to_string()).collect()
    };
    for (outcome, expected) in [
        (Outcome::Succeeded, ["1", "1", "1"]),
        (Outcome::Failed, ["1", "2", "2"]),
        (Outcome::Unsent, ["1", "2", "3"]),
    ] {
        call(&evaluator, 0, 0).unwrap().settle(outcome).unwrap();
        assert_eq!(used(), expected, "{outcome}");
    }
}

#[test]
fn t35_a_refund_takes_back_its_own_charge_and_those_of_others_survive() {
    for algorithm in ["fixed", "sliding"] {
        let evaluator = limited(json!({"window": "day", "max": 100_000, "algorithm": algorithm}));
        thread::scope(|scope| {
            for thread in 1..=8 {
                let evaluator = &evaluator;
                scope.spawn(move || {
                    for _ in 0..100 {
                        let permit = call(evaluator, thread, 0).unwrap();
                        // Half of the threads are never sent.
                        let outcome = if thread % 2 == 0 { Outcome::Unsent } else { Outcome::Succeeded };
                        permit.settle(outcome).unwrap();
                    }
                });
            }
        });
        assert_eq!(used(&evaluator, 0), 100 * (1 + 3 + 5 + 7), "{algorithm}");
    }
}

#[test]
fn t36_a_refund_after_the_window_is_over_does_not_touch_the_next() {
    let evaluator = limited(json!({"window": "minute", "max": 10}));
    let permit = call(&evaluator, 8, 59).unwrap();
    assert!(call(&evaluator, 5, 60).is_some());
    permit.settle(Outcome::Unsent).unwrap();
    assert_eq!(used(&evaluator, 60), 5);
    assert!(call(&evaluator, 6, 60).is_none());
    assert!(call(&evaluator, 5, 60).is_some());

    // Nor does one that comes before the counter has been charged again leave a negative count.
    let permit = call(&evaluator, 10, 120).unwrap();
    permit.settle(Outcome::Unsent).unwrap();
    assert!(call(&evaluator, 11, 180).is_none());
    assert!(call(&evaluator, 10, 180).is_some());
}

#[test]
fn t36_a_refund_to_a_sliding_window_frees_only_what_still_counts() {
    // Parts of a second each.
    let evaluator = limited(json!({"window": 16, "max": 10, "algorithm": "sliding"}));
    let early = call(&evaluator, 4, 0).unwrap();
    let middle = call(&evaluator, 3, 8).unwrap();
    assert!(call(&evaluator, 3, 15).is_some());
    assert!(call(&evaluator, 1, 16).is_none());
    middle.settle(Outcome::Unsent).unwrap();
    assert_eq!(used(&evaluator, 16), 7);
    // At 17 s the first four do not count any more: giving them back then makes no room for more.
    assert!(call(&evaluator, 7, 17).is_some());
    early.settle(Outcome::Unsent).unwrap();
    assert_eq!(used(&evaluator, 17), 10);
    assert!(call(&evaluator, 1, 17).is_none());
    assert_eq!(used(&evaluator, 32), 7);
}

#[test]
fn t36_a_refund_after_a_counter_has_started_over_does_not_touch_it() {
    for algorithm in ["fixed", "sliding"] {
        let evaluator = limited(json!({"window": "minute", "max": 10, "algorithm": algorithm}));
        let (wrong, right) = (1_000 * HOUR, HOUR);
        let permit = call(&evaluator, 8, wrong).unwrap();
        let other = call(&evaluator, 1, wrong).unwrap();
        assert!(call(&evaluator, 5, right).is_some());
        permit.settle(Outcome::Unsent).unwrap();
        assert_eq!(used(&evaluator, right), 5, "{algorithm}");
        // The clock comes to the same minute for a second time: it is another window all the same.
        assert!(call(&evaluator, 6, wrong).is_some());
        other.settle(Outcome::Unsent).unwrap();
        assert_eq!(used(&evaluator, wrong), 6, "{algorithm}");
    }
}

#[test]
fn t36_a_refund_while_the_clock_is_back_goes_to_the_window_that_was_charged() {
    for algorithm in ["fixed", "sliding"] {
        let evaluator = limited(json!({"window": "minute", "max": 10, "algorithm": algorithm}));
        assert!(call(&evaluator, 1, 7_200).is_some());
        // Ten minutes back the counter stays where it was, and so does what is charged there.
        let permit = call(&evaluator, 8, 6_600).unwrap();
        assert_eq!(used(&evaluator, 7_200), 9, "{algorithm}");
        permit.settle(Outcome::Unsent).unwrap();
        assert_eq!(used(&evaluator, 7_200), 1, "{algorithm}");
        assert_eq!(used(&evaluator, 6_600), 1, "{algorithm}");
    }
}

#[test]
fn t36_a_refund_to_a_counter_that_was_forgotten_and_made_anew_does_not_touch_it() {
    let policy = json!({"version": "1", "default": "deny", "tools": {"t": {"limits": [
        {"counter": "c", "window": 100, "max": 10, "scope": "args.n", "increment_from": "args.n"},
    ]}}});
    let evaluator = Evaluator::new(policy.to_string().parse().unwrap(), MemoryStore::with_capacity(2));
    let permit = call(&evaluator, 9, 99).unwrap();
    assert!(call(&evaluator, 8, 99).is_some());
    // There is room for two counters only, and the windows of both are over.
    assert!(call(&evaluator, 1, 100).is_some());
    assert_eq!(evaluator.store().len(), 1);
    // The clock steps back into the window, which begins for a second time.
    assert!(call(&evaluator, 9, 99).is_some());
    permit.settle(Outcome::Unsent).unwrap();
    assert!(call(&evaluator, 9, 99).is_none());
}

#[test]
fn t37_what_is_not_let_through_consumes_nothing() {
    let evaluator = evaluator(&json!({
        "version": "1", "default": "deny",
        "hide": ["hidden"],
        "all_tools": {"limits": [{"counter": "all", "window": "day", "max": 5, "scope": "global"}]},
        "tools": {
            "t": {
                "only_args": ["n", "ask"],
                "require": [{"conditions": [{"path": "args.n", "op": "lt", "value": 10}]}],
                "deny_if": [{"conditions": [{"path": "args.n", "op": "eq", "value": 7}]}],
                "approve_if": [{"conditions": [{"path": "args.ask", "op": "exists", "value": true}]}],
                "limits": [{"counter": "c", "window": "day", "max": 5, "scope": "global", "increment_from": "args.n"}],
            },
            "never": {"action": "deny"},
            "by_user": {"limits": [{"counter": "u", "window": "day", "max": 5, "scope": "user"}]},
        },
    }));
    let none = json!({});
    for (tool, arguments, code) in [
        ("t", json!([1]), Some(DenialCode::MalformedCall)),
        ("t", json!(null), Some(DenialCode::MalformedCall)),
        ("t\u{200b}", none.clone(), Some(DenialCode::MalformedCall)),
        ("hidden", none.clone(), Some(DenialCode::Hidden)),
        ("unknown", none.clone(), Some(DenialCode::Unlisted)),
        ("never", none.clone(), Some(DenialCode::ActionDeny)),
        ("t", json!({"n": 1, "m": 1}), Some(DenialCode::ArgumentNotAllowed)),
        ("t", json!({"n": 11}), Some(DenialCode::RequireFailed)),
        ("t", json!({"n": 7}), Some(DenialCode::DenyIfMatched)),
        ("t", json!({"n": 1, "ask": 1}), None),
        ("t", json!({"n": 6}), Some(DenialCode::LimitExceeded)),
        ("t", json!({"n": -1}), Some(DenialCode::AmountInvalid)),
        ("by_user", none.clone(), Some(DenialCode::ScopeMissing)),
    ] {
        let decided = match evaluator.evaluate_at(&ToolCall::new(tool, &arguments), seconds(0)) {
            Decision::Allow(_) => panic!("{tool} {arguments} is allowed"),
            Decision::Deny(denial) => Some(denial.code()),
            Decision::NeedsApproval(_) => None,
        };
        assert_eq!(decided, code, "{tool} {arguments}");
        assert!(evaluator.store().is_empty(), "{tool} {arguments}");
    }
    assert!(call(&evaluator, 5, 0).is_some());
}

#[test]
fn what_monitor_mode_lets_through_all_the_same_costs_and_gives_back_nothing() {
    let evaluator = evaluator(&json!({
        "version": "1", "default": "deny", "mode": "monitor",
        "tools": {"t": {"limits": [{"counter": "c", "window": "day", "max": 3, "scope": "global"}]}},
    }));
    for _ in 0..3 {
        assert!(call(&evaluator, 0, 0).unwrap().unenforced().is_none());
    }
    for _ in 0..5 {
        let permit = call(&evaluator, 0, 0).unwrap();
        assert!(permit.unenforced().is_some());
        assert!(permit.charged().is_empty());
        permit.settle(Outcome::Unsent).unwrap();
        assert_eq!(used(&evaluator, 0), 3);
    }
}

#[test]
fn an_approval_stays_used_when_the_charge_of_its_call_is_given_back() {
    let evaluator = evaluator(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "action": "require_approval",
        "limits": [{"counter": "c", "window": "day", "max": 3, "scope": "global", "refund": "failed"}],
    }}}));
    let call = ToolCall::new("t", None::<&Value>);
    let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
    let approval = request.approve("a", seconds(60));
    let call = call.approval(&approval);
    let Decision::Allow(permit) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
    permit.settle(Outcome::Unsent).unwrap();
    assert_eq!(evaluator.explain_at(&call, seconds(0)).limits[0].used.unwrap().millionths(), 0);
    let Decision::Deny(denial) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
    assert_eq!(denial.code(), DenialCode::ApprovalInvalid);
}

#[test]
fn t65_ten_thousand_permits_that_are_dropped_keep_their_charges() {
    for algorithm in ["fixed", "sliding"] {
        let evaluator =
            limited(json!({"window": "day", "max": 20_000, "algorithm": algorithm, "refund": "failed"}));
        for _ in 0..10_000 {
            drop(call(&evaluator, 1, 0).unwrap());
        }
        assert_eq!(used(&evaluator, 0), 10_000, "{algorithm}");
        assert_eq!(evaluator.store().len(), 1);
    }
}

#[test]
fn t65_ten_thousand_permits_that_are_settled_unsent_give_everything_back() {
    for algorithm in ["fixed", "sliding"] {
        let evaluator = limited(json!({"window": "day", "max": 10_000, "algorithm": algorithm}));
        let permits: Vec<_> = (0..10_000).map(|_| call(&evaluator, 1, 0).unwrap()).collect();
        assert!(call(&evaluator, 1, 0).is_none());
        for permit in permits {
            permit.settle(Outcome::Unsent).unwrap();
        }
        assert_eq!(used(&evaluator, 0), 0, "{algorithm}");
        assert!(call(&evaluator, 10_000, 0).is_some());
    }
}

#[test]
fn t65_a_future_that_is_cancelled_and_a_thread_that_panics_keep_their_charges() {
    let evaluator = limited(json!({"window": "day", "max": 10, "refund": "failed"}));
    {
        let forwards = async {
            let permit = call(&evaluator, 2, 0).unwrap();
            pending::<()>().await;
            permit.settle(Outcome::Unsent).unwrap();
        };
        let poll = pin!(forwards).poll(&mut TaskContext::from_waker(Waker::noop()));
        assert!(poll.is_pending());
    }
    assert_eq!(used(&evaluator, 0), 2);
    let panicked = thread::scope(|scope| {
        let forwards = || {
            let _permit = call(&evaluator, 3, 0).unwrap();
            std::panic::resume_unwind(Box::new("the server is gone"));
        };
        scope.spawn(forwards).join().is_err()
    });
    assert!(panicked);
    assert_eq!(used(&evaluator, 0), 5);
}
