//! Counter stores: how many counters there can be, and what goes first when there is no room.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in a helper is to fail the test"
)]

mod degraded;
mod failing;
mod keys;
mod policies;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use mcp_policy::{
    Context, CounterStore, Decision, Denial, DenialCode, Evaluator, MemoryStore, Policy, ToolCall,
};
use serde_json::{Value, json};

fn seconds(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn policy(tools: &Value) -> Policy {
    json!({"version": "1", "default": "deny", "tools": tools}).to_string().parse().unwrap()
}

/// One limit on every tool, with these members besides its counter.
fn all_limited(limit: &Value) -> Policy {
    let mut limit = limit.clone();
    limit["counter"] = "c".into();
    json!({"version": "1", "default": "allow", "all_tools": {"limits": [limit]}}).to_string().parse().unwrap()
}

fn free_and_priced() -> Policy {
    policy(
        &json!({"free": {}, "priced": {"limits": [{"counter": "c", "window": "day", "max": 9, "scope": "global"}]}}),
    )
}

/// Decides a call and drops its permit.
fn decide<S: CounterStore>(
    evaluator: &Evaluator<S>,
    call: &ToolCall<'_>,
    now: SystemTime,
) -> Result<(), Denial> {
    match evaluator.evaluate_at(call, now) {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(denial) => Err(denial),
        Decision::NeedsApproval(request) => panic!("nothing asks for approval: {request}"),
    }
}

/// Why the tool is denied to this grant.
fn code<S: CounterStore>(
    evaluator: &Evaluator<S>,
    tool: &str,
    grant: &str,
    now: SystemTime,
) -> Option<DenialCode> {
    let context = Context::new().grant(grant).session(grant);
    let call = ToolCall::new(tool, None::<&Value>).context(&context);
    decide(evaluator, &call, now).err().map(|denial| denial.code())
}

#[test]
fn t31_a_hundred_thousand_principals_take_no_more_than_the_bound() {
    let evaluator =
        Evaluator::new(all_limited(&json!({"window": "day", "max": 1})), MemoryStore::with_capacity(1_000));
    for principal in 0..100_000 {
        let code = code(&evaluator, "t", &format!("p{principal}"), seconds(0));
        assert_eq!(code, (principal >= 1_000).then_some(DenialCode::StoreFull), "{principal}");
    }
    assert_eq!(evaluator.store().len(), 1_000);
    // Being full is no reason that names a rule or says when it ends.
    let context = Context::new().grant("new");
    let denial =
        decide(&evaluator, &ToolCall::new("t", None::<&Value>).context(&context), seconds(0)).unwrap_err();
    assert_eq!((denial.rule(), denial.retry_after()), (None, None));
}

#[test]
fn t31_calls_that_are_denied_create_no_counter() {
    let evaluator = Evaluator::new(
        policy(&json!({
            "t": {
                "deny_if": [{"conditions": [{"path": "args.id", "op": "exists", "value": true}]}],
                "limits": [{"counter": "c", "window": "day", "max": 1, "scope": "args.id"}],
            },
            "none": {"limits": [{"counter": "d", "window": "day", "max": 0, "scope": "args.id"}]},
        })),
        MemoryStore::with_capacity(10),
    );
    for index in 0..5_000 {
        let arguments = json!({"id": index});
        for tool in ["t", "none", &format!("unknown{index}")] {
            assert!(decide(&evaluator, &ToolCall::new(tool, &arguments), seconds(0)).is_err());
        }
    }
    assert!(evaluator.store().is_empty());
}

#[test]
fn t31_threads_do_not_get_past_the_bound() {
    for _ in 0..5 {
        let evaluator = Evaluator::new(
            policy(&json!({"t": {"limits": [
                {"counter": "a", "window": "minute", "max": 1},
                {"counter": "b", "window": "hour", "max": 1},
            ]}})),
            MemoryStore::with_capacity(999),
        );
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for thread in 0..8 {
                let (evaluator, now, most) = (&evaluator, &now, &most);
                scope.spawn(move || {
                    for call in 0..400 {
                        // The clock goes on, so that counters are dropped while others are added.
                        let now = seconds(now.fetch_add(1, Ordering::Relaxed));
                        let _ = code(evaluator, "t", &format!("{thread} {call}"), now);
                        most.fetch_max(evaluator.store().len().try_into().unwrap(), Ordering::Relaxed);
                    }
                });
            }
        });
        assert!(most.load(Ordering::Relaxed) <= 999);
        // Once everything is over there is room for all of the bound again: nothing was counted twice or lost.
        let later = seconds(1_000_000);
        let passed =
            (0..999).filter(|index| code(&evaluator, "t", &format!("later {index}"), later).is_none());
        assert_eq!(passed.count(), 999 / 2);
        assert_eq!(evaluator.store().len(), 998);
    }
}

#[test]
fn a_store_without_room_refuses_what_has_a_price_and_nothing_else() {
    let limit = |name| json!({"counter": name, "window": "day", "max": 9});
    let policy = policy(&json!({
        "free": {},
        "one": {"limits": [limit("a")]},
        "two": {"limits": [limit("a"), limit("b")]},
    }));
    let evaluator = Evaluator::new(policy.clone(), MemoryStore::with_capacity(0));
    assert_eq!(code(&evaluator, "free", "g", seconds(0)), None);
    assert_eq!(code(&evaluator, "one", "g", seconds(0)), Some(DenialCode::StoreFull));

    // There is room for one of the two counters of a call: neither is charged.
    let evaluator = Evaluator::new(policy, MemoryStore::with_capacity(1));
    assert_eq!(code(&evaluator, "two", "g", seconds(0)), Some(DenialCode::StoreFull));
    assert!(evaluator.store().is_empty());
    for _ in 0..9 {
        assert_eq!(code(&evaluator, "two", "g", seconds(0)), Some(DenialCode::StoreFull));
        assert_eq!(code(&evaluator, "one", "g", seconds(0)), None);
    }
    // What is exceeded is said before that there is no room.
    assert_eq!(code(&evaluator, "two", "g", seconds(0)), Some(DenialCode::LimitExceeded));
}

#[test]
fn t32_filling_the_store_does_not_set_a_victim_back() {
    for algorithm in ["fixed", "sliding"] {
        let limit = json!({"window": "hour", "max": 3, "algorithm": algorithm});
        let evaluator = Evaluator::new(all_limited(&limit), MemoryStore::with_capacity(100));
        for _ in 0..3 {
            assert_eq!(code(&evaluator, "t", "victim", seconds(10)), None);
        }
        for flood in 0..1_000 {
            let now = seconds(10 + flood);
            let _ = code(&evaluator, "t", &format!("flood{flood}"), now);
            assert_eq!(
                code(&evaluator, "t", "victim", now),
                Some(DenialCode::LimitExceeded),
                "{algorithm} {flood}"
            );
        }
        assert_eq!(evaluator.store().len(), 100);
        // Who has a counter goes on being counted while newcomers are refused.
        assert_eq!(code(&evaluator, "t", "flood0", seconds(1_100)), None);
        assert_eq!(code(&evaluator, "t", "newcomer", seconds(1_100)), Some(DenialCode::StoreFull));
    }
}

#[test]
fn t32_only_counters_whose_windows_are_over_make_room() {
    let limit = |name, window| json!({"counter": name, "window": window, "max": 1});
    let policy = policy(&json!({
        "short": {"limits": [limit("short", "minute")]},
        "long": {"limits": [limit("long", "day")]},
        "for_ever": {"limits": [limit("for_ever", "lifetime")]},
    }));
    let evaluator = Evaluator::new(policy, MemoryStore::with_capacity(30));
    for tool in ["short", "long", "for_ever"] {
        for grant in 0..10 {
            assert_eq!(code(&evaluator, tool, &grant.to_string(), seconds(0)), None);
        }
    }
    assert_eq!(code(&evaluator, "short", "new", seconds(59)), Some(DenialCode::StoreFull));
    // The first moment after the minute: ten places, and no more.
    for grant in 10..20 {
        assert_eq!(code(&evaluator, "for_ever", &grant.to_string(), seconds(60)), None);
    }
    assert_eq!(code(&evaluator, "for_ever", "20", seconds(60)), Some(DenialCode::StoreFull));
    for grant in 0..10 {
        let limited = Some(DenialCode::LimitExceeded);
        assert_eq!(code(&evaluator, "long", &grant.to_string(), seconds(60)), limited);
        assert_eq!(code(&evaluator, "for_ever", &grant.to_string(), seconds(60)), limited);
    }
    assert_eq!(evaluator.store().len(), 30);
}

#[test]
fn t32_the_use_of_an_approval_is_not_forgotten_while_it_could_be_redeemed() {
    let policy = policy(&json!({
        "t": {"action": "require_approval"},
        "u": {"limits": [{"counter": "c", "window": "second", "max": 1}]},
    }));
    let evaluator = Evaluator::new(policy, MemoryStore::with_capacity(2));
    let call = ToolCall::new("t", None::<&Value>);
    let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
    let approval = request.approve("a", seconds(1_000));
    let call = call.approval(&approval);
    assert!(decide(&evaluator, &call, seconds(0)).is_ok());
    // A flood makes the store look for room all the time.
    for now in (1..4_599).step_by(7) {
        assert_eq!(code(&evaluator, "u", &now.to_string(), seconds(now)), None);
        let full = code(&evaluator, "u", &format!("{now} too"), seconds(now));
        assert_eq!(full, Some(DenialCode::StoreFull), "{now}");
    }
    // A clock that is set back by an hour still finds it used.
    let denial = decide(&evaluator, &call, seconds(999)).unwrap_err();
    assert_eq!(denial.code(), DenialCode::ApprovalInvalid);
}

#[test]
fn memory_follows_what_is_in_use() {
    let evaluator = Evaluator::new(all_limited(&json!({"window": "minute", "max": 1})), MemoryStore::new());
    for day in 0..10 {
        for grant in 0..5_000 {
            let now = seconds(day * 2 * 86_400);
            assert_eq!(code(&evaluator, "t", &format!("{day} {grant}"), now), None);
        }
        assert!(evaluator.store().len() <= 15_000, "{}", evaluator.store().len());
    }
}

#[test]
fn a_store_that_is_chosen_at_run_time_counts_as_any_other() {
    let stores: [Box<dyn CounterStore>; 2] =
        [Box::new(MemoryStore::new()), Box::new(Arc::new(MemoryStore::new()))];
    for store in stores {
        let evaluator = Evaluator::new(free_and_priced(), store);
        let passed = (0..20).filter(|_| code(&evaluator, "priced", "g", seconds(0)).is_none()).count();
        assert_eq!(passed, 9);
    }
}

#[test]
fn what_is_written_of_a_store_for_debugging_names_nobody() {
    let evaluator =
        Evaluator::new(all_limited(&json!({"window": "day", "max": 9})), MemoryStore::with_capacity(5));
    assert_eq!(code(&evaluator, "t", "alice@example.com", seconds(0)), None);
    let text = format!("{:?} {evaluator:?}", evaluator.store());
    assert!(text.contains("len: 1") && text.contains("capacity: 5"), "{text}");
    assert!(!text.contains("alice"), "{text}");
}
