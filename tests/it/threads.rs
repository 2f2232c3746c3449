//! Many threads at once: what a limit lets through is exact, whoever comes first, and a call that is refused leaves
//! nothing behind.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper is to fail the test")]

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use mcp_policy::{Context, Decision, DenialCode, Evaluator, MemoryStore, Outcome, ToolCall};
use serde_json::{Value, json};

const THREADS: usize = 64;

/// In the middle of a minute, an hour and a day, so that no window ends while a test runs.
const NOW: Duration = Duration::from_secs(1_000_000_000 + 30);

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + NOW
}

fn evaluator(policy: &Value) -> Evaluator<MemoryStore> {
    Evaluator::new(policy.to_string().parse().unwrap(), MemoryStore::new())
}

/// A policy with one tool, `t`, that has these limits.
fn limited(limits: &Value) -> Evaluator<MemoryStore> {
    evaluator(&json!({"version": "1", "default": "deny", "tools": {"t": {"limits": limits}}}))
}

/// Does the work in so many threads that all begin at once, and returns what each came to.
fn at_once<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    let begin = |index| {
        barrier.wait();
        work(index)
    };
    thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|index| scope.spawn(move || begin(index))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}

fn is_allowed<S>(decision: &Decision<S>) -> bool {
    matches!(decision, Decision::Allow(_))
}

/// How much is used of each counter that the call would charge, in millionths.
fn used(evaluator: &Evaluator<MemoryStore>, call: &ToolCall<'_>) -> Vec<u64> {
    let limits = evaluator.explain_at(call, now()).limits;
    limits.iter().map(|limit| limit.used.unwrap().millionths()).collect()
}

/// Calls `t` four times in each of 64 threads and counts what passes.
fn passed(evaluator: &Evaluator<MemoryStore>, arguments: &Value) -> usize {
    let context = Context::new().grant("g").session("s");
    let call = ToolCall::new("t", arguments).context(&context);
    let passed =
        at_once(THREADS, |_| (0..4).filter(|_| is_allowed(&evaluator.evaluate_at(&call, now()))).count());
    passed.into_iter().sum()
}

#[test]
fn t33_sixty_four_threads_let_exactly_one_hundred_through() {
    for algorithm in ["fixed", "sliding"] {
        for _ in 0..10 {
            let evaluator =
                limited(&json!([{"counter": "c", "window": "hour", "max": 100, "algorithm": algorithm}]));
            assert_eq!(passed(&evaluator, &json!({})), 100, "{algorithm}");
            let context = Context::new().grant("g");
            let call = ToolCall::new("t", None::<&Value>).context(&context);
            assert_eq!(used(&evaluator, &call), [100_000_000], "{algorithm}");
            assert_eq!(evaluator.store().len(), 1);
        }
    }
}

#[test]
fn t33_with_two_limits_the_smaller_one_is_exact_and_the_other_counts_no_more() {
    for _ in 0..10 {
        let evaluator = limited(&json!([
            {"counter": "wide", "window": "day", "max": 150, "scope": "global"},
            {"counter": "narrow", "window": "minute", "max": 100, "algorithm": "sliding", "scope": ["grant", "session"]},
        ]));
        assert_eq!(passed(&evaluator, &json!({})), 100);
        let context = Context::new().grant("g").session("s");
        let call = ToolCall::new("t", None::<&Value>).context(&context);
        assert_eq!(used(&evaluator, &call), [100_000_000, 100_000_000]);

        // Another session finds what is left of the limit that all share, and no more.
        let context = context.session("s2");
        let call = ToolCall::new("t", None::<&Value>).context(&context);
        let more =
            at_once(8, |_| (0..10).filter(|_| is_allowed(&evaluator.evaluate_at(&call, now()))).count());
        assert_eq!(more.into_iter().sum::<usize>(), 50);
        assert_eq!(used(&evaluator, &call), [150_000_000, 50_000_000]);
    }
}

#[test]
fn t33_amounts_add_up_to_the_limit_exactly() {
    for algorithm in ["fixed", "sliding"] {
        let limits = json!([
            {"counter": "c", "window": "day", "max": 10, "increment_from": "args.amount", "algorithm": algorithm},
        ]);
        for (amount, expected) in [(json!(0.1), 100), (json!(0.062_5), 160), (json!(3), 3)] {
            let evaluator = limited(&limits);
            assert_eq!(passed(&evaluator, &json!({"amount": amount})), expected, "{algorithm} {amount}");
        }
    }
}

#[test]
fn t33_of_different_amounts_none_is_refused_that_would_have_fitted() {
    for _ in 0..10 {
        let evaluator = limited(&json!([
            {"counter": "c", "window": "day", "max": 100, "increment_from": "args.amount"},
        ]));
        let results = at_once(THREADS, |index| {
            let amount = u64::try_from(index % 7).unwrap() + 1;
            let arguments = json!({"amount": amount});
            let context = Context::new().grant("g");
            let call = ToolCall::new("t", &arguments).context(&context);
            (amount, is_allowed(&evaluator.evaluate_at(&call, now())))
        });
        let sum: u64 = results.iter().filter(|(_, passed)| *passed).map(|(amount, _)| amount).sum();
        assert!(sum <= 100, "{sum}");
        // Nothing was given back, so what did not fit then does not fit now.
        assert!(results.iter().all(|(amount, passed)| *passed || sum + amount > 100), "{sum} {results:?}");
    }
}

#[test]
fn t33_calls_in_flight_never_exceed_a_limit_that_gives_back() {
    let evaluator = limited(&json!([
        {"counter": "c", "window": "lifetime", "max": 10, "scope": "global"},
        {"counter": "d", "window": "day", "max": 10, "scope": "global", "algorithm": "sliding"},
    ]));
    let (in_flight, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let call = ToolCall::new("t", None::<&Value>);
    let passed = at_once(16, |_| {
        let mut passed = 0;
        for _ in 0..200 {
            if let Decision::Allow(permit) = evaluator.evaluate_at(&call, now()) {
                passed += 1;
                most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                in_flight.fetch_sub(1, Ordering::SeqCst);
                permit.settle(Outcome::Unsent).unwrap();
            }
        }
        passed
    });
    assert!(most.load(Ordering::SeqCst) <= 10);
    // Were nothing given back, ten calls would have passed.
    assert!(passed.into_iter().sum::<usize>() > 10);
    assert_eq!(used(&evaluator, &call), [0, 0]);
}

/// `both` and `reversed` charge the same two counters, `wide_only` one of them.
fn shared_counters(narrow: u64, wide: u64) -> Evaluator<MemoryStore> {
    let limit = |name, max: u64| json!({"counter": name, "window": "day", "max": max, "scope": "global"});
    let (narrow, wide) = (limit("narrow", narrow), limit("wide", wide));
    evaluator(&json!({"version": "1", "default": "deny", "tools": {
        "both": {"limits": [&narrow, &wide]},
        "reversed": {"limits": [&wide, &narrow]},
        "wide_only": {"limits": [&wide]},
    }}))
}

#[test]
fn t34_what_the_second_limit_denies_leaves_the_first_unchanged() {
    for tool in ["both", "reversed"] {
        let evaluator = shared_counters(3, 100);
        let call = ToolCall::new(tool, None::<&Value>);
        let decisions = (0..10).map(|_| is_allowed(&evaluator.evaluate_at(&call, now())));
        assert_eq!(decisions.filter(|passed| *passed).count(), 3);
        assert_eq!(used(&evaluator, &call), [3_000_000, 3_000_000], "{tool}");
    }
}

#[test]
fn t34_under_threads_each_counter_holds_what_passed_and_nothing_else() {
    for _ in 0..10 {
        let evaluator = shared_counters(20, 70);
        // The same two locks are taken in either order here; a store that took them as they come would stand still.
        let passed = at_once(48, |index| {
            let tool = ["both", "reversed", "wide_only"][index % 3];
            let call = ToolCall::new(tool, None::<&Value>);
            let passed = (0..4).filter(|_| is_allowed(&evaluator.evaluate_at(&call, now()))).count();
            (tool == "wide_only", passed)
        });
        let of = |wide_only: bool| -> usize {
            passed.iter().filter(|(tool, _)| *tool == wide_only).map(|(_, passed)| passed).sum()
        };
        // How many of each pass is the threads' luck, but not their sum: there are calls enough to use all of `wide`.
        assert!(of(false) <= 20);
        assert_eq!(of(false) + of(true), 70);
        let call = ToolCall::new("both", None::<&Value>);
        let both = u64::try_from(of(false)).unwrap() * 1_000_000;
        assert_eq!(used(&evaluator, &call), [both, 70_000_000]);
    }
}

#[test]
fn t40_a_policy_is_replaced_while_eight_threads_judge() {
    let policy = |max: u64| {
        let limits = json!([{"counter": "c", "window": "day", "max": max, "scope": "global"}]);
        let policy = json!({"version": "1", "default": "deny", "tools": {"t": {"limits": limits}}});
        policy.to_string().parse::<mcp_policy::Policy>().unwrap()
    };
    for _ in 0..10 {
        let evaluator = Evaluator::new(policy(10), MemoryStore::new());
        let call = ToolCall::new("t", None::<&Value>);
        let passed: usize = at_once(9, |index| {
            let mut passed = 0;
            for round in 0..50 {
                if index == 8 {
                    evaluator.replace_policy(policy(if round % 2 == 0 { 20 } else { 10 }));
                } else if let Decision::Allow(permit) = evaluator.evaluate_at(&call, now()) {
                    passed += 1;
                    // A permit of the policy before settles as it would have.
                    permit.settle(Outcome::Succeeded).unwrap();
                }
            }
            passed
        })
        .into_iter()
        .sum();
        assert!((10..=20).contains(&passed), "{passed}");
        // The count was kept: exactly what is missing to the larger limit passes.
        evaluator.replace_policy(policy(20));
        let more = (0..30).filter(|_| is_allowed(&evaluator.evaluate_at(&call, now()))).count();
        assert_eq!(passed + more, 20);
    }
}

#[test]
fn t40_no_call_that_begins_after_a_replacement_is_judged_by_the_policy_before() {
    let policy = |default: &str| json!({"version": "1", "default": default}).to_string().parse().unwrap();
    for _ in 0..20 {
        let evaluator = Evaluator::new(policy("allow"), MemoryStore::new());
        let replaced = AtomicBool::new(false);
        let call = ToolCall::new("t", None::<&Value>);
        let slipped = at_once(8, |index| {
            if index == 0 {
                evaluator.replace_policy(policy("deny"));
                replaced.store(true, Ordering::SeqCst);
                return 0;
            }
            let judged = (0..200).map(|_| {
                let late = replaced.load(Ordering::SeqCst);
                late && is_allowed(&evaluator.evaluate_at(&call, now()))
            });
            judged.filter(|slipped| *slipped).count()
        });
        assert_eq!(slipped.into_iter().sum::<usize>(), 0);
        assert!(!is_allowed(&evaluator.evaluate_at(&call, now())));
    }
}

#[test]
fn t47_an_approval_that_sixteen_threads_redeem_allows_exactly_one() {
    let evaluator = evaluator(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "action": "require_approval",
        "limits": [{"counter": "c", "window": "day", "max": 100_000, "scope": "global"}],
    }}}));
    let call = ToolCall::new("t", None::<&Value>);
    let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, now()) else { panic!() };
    for round in 1..=50_u64 {
        let approval = request.approve(format!("a{round}"), now() + Duration::from_secs(60));
        let call = call.approval(&approval);
        let codes = at_once(16, |_| match evaluator.evaluate_at(&call, now()) {
            Decision::Allow(_) => None,
            Decision::Deny(denial) => Some(denial.code()),
            Decision::NeedsApproval(_) => panic!("the call carries an approval"),
        });
        assert_eq!(codes.iter().filter(|code| code.is_none()).count(), 1);
        assert!(codes.iter().flatten().all(|code| *code == DenialCode::ApprovalInvalid), "{codes:?}");
        // The fifteen that were refused have paid nothing.
        assert_eq!(used(&evaluator, &call), [round * 1_000_000]);
    }
}

#[test]
fn t47_an_approval_and_the_last_of_a_limit_are_taken_together_or_not_at_all() {
    let evaluator = evaluator(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "action": "require_approval",
        "limits": [{"counter": "c", "window": "minute", "max": 1, "scope": "global"}],
    }}}));
    let call = ToolCall::new("t", None::<&Value>);
    let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, now()) else { panic!() };
    let approvals: Vec<_> = (0..16)
        .map(|index| request.approve(format!("a{index}"), now() + Duration::from_secs(3600)))
        .collect();
    let redeem =
        |index: usize, now| is_allowed(&evaluator.evaluate_at(&call.approval(&approvals[index]), now));
    for minute in 0..16 {
        let now = now() + Duration::from_secs(60 * minute);
        let passed = at_once(16, |index| redeem(index, now));
        // One of those that are left: the limit has denied the others, and has not used up their approvals.
        assert_eq!(passed.into_iter().filter(|passed| *passed).count(), 1, "{minute}");
    }
    assert!((0..16).all(|index| !redeem(index, now() + Duration::from_secs(60 * 20))));
}
