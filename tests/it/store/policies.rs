//! What becomes of the counters when the policy changes, and limits at the ends of what can be written.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use mcp_policy::{Context, Decision, DenialCode, Evaluator, MemoryStore, Outcome, ToolCall};
use serde_json::{Value, json};

use super::{all_limited, code, decide, policy, seconds};

#[test]
fn t40_the_count_is_kept_for_as_long_as_name_window_algorithm_and_scope_are() {
    let limit = json!({"counter": "c", "window": 60, "max": 5, "scope": ["grant", "session"]});
    let with = |changes: Value| {
        let mut limit = limit.clone();
        limit.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        policy(&json!({"t": {"limits": [limit]}}))
    };
    let evaluator = Evaluator::new(with(json!({})), MemoryStore::new());
    for _ in 0..5 {
        assert_eq!(code(&evaluator, "t", "g", seconds(0)), None);
    }
    let limited = Some(DenialCode::LimitExceeded);
    for same in [
        json!({"max": 2}),
        json!({"max": 0}),
        json!({"window": "minute"}),
        json!({"scope": ["session", "grant"]}),
        json!({"increment": 0.5}),
        json!({"refund": "failed", "on_deny": "no"}),
    ] {
        evaluator.replace_policy(with(same.clone()));
        assert_eq!(code(&evaluator, "t", "g", seconds(0)), limited, "{same}");
    }
    for other in [
        json!({"counter": "d"}),
        json!({"window": "hour"}),
        json!({"algorithm": "sliding"}),
        json!({"scope": "grant"}),
    ] {
        evaluator.replace_policy(with(other.clone()));
        assert_eq!(code(&evaluator, "t", "g", seconds(0)), None, "{other}");
        // Back under its old name the count is found again.
        evaluator.replace_policy(with(json!({})));
        assert_eq!(code(&evaluator, "t", "g", seconds(0)), limited, "{other}");
    }
    evaluator.replace_policy(with(json!({"max": 7})));
    let passed = (0..9).filter(|_| code(&evaluator, "t", "g", seconds(0)).is_none()).count();
    assert_eq!(passed, 2);
}

#[test]
fn t40_a_limit_that_is_lowered_below_what_is_used_denies_until_the_window_ends() {
    for algorithm in ["fixed", "sliding"] {
        let with = |max: u64| all_limited(&json!({"window": "minute", "max": max, "algorithm": algorithm}));
        let evaluator = Evaluator::new(with(10), MemoryStore::new());
        for _ in 0..8 {
            assert_eq!(code(&evaluator, "t", "g", seconds(0)), None);
        }
        evaluator.replace_policy(with(3));
        let context = Context::new().grant("g");
        let call = ToolCall::new("t", None::<&Value>).context(&context);
        let denial = decide(&evaluator, &call, seconds(0)).unwrap_err();
        let then = SystemTime::UNIX_EPOCH + denial.retry_after().unwrap();
        assert!(decide(&evaluator, &call, then - Duration::from_secs(1)).is_err(), "{algorithm}");
        assert!(decide(&evaluator, &call, then).is_ok(), "{algorithm}");
    }
}

#[test]
fn t40_a_permit_of_the_policy_before_settles_as_it_was_charged() {
    let limit = |name, max, refund| json!({"counter": name, "window": "day", "max": max, "scope": "global", "refund": refund});
    let old = policy(&json!({"t": {"limits": [limit("a", 5, "failed"), limit("b", 5, "failed")]}}));
    // `b` is gone, and `a` is charged otherwise and never given back.
    let new = policy(&json!({"t": {"limits": [limit("a", 3, "never")]}}));
    let evaluator = Evaluator::new(old.clone(), MemoryStore::new());
    let call = ToolCall::new("t", None::<&Value>);
    let permits: Vec<_> = (0..3)
        .map(|_| match evaluator.evaluate_at(&call, seconds(0)) {
            Decision::Allow(permit) => permit,
            decision => panic!("{decision:?}"),
        })
        .collect();
    evaluator.replace_policy(new);
    assert!(decide(&evaluator, &call, seconds(0)).is_err());
    for permit in permits {
        permit.settle(Outcome::Failed).unwrap();
    }
    let passed = (0..5).filter(|_| decide(&evaluator, &call, seconds(0)).is_ok()).count();
    assert_eq!(passed, 3);
    evaluator.replace_policy(old);
    let used: Vec<_> = evaluator
        .explain_at(&call, seconds(0))
        .limits
        .iter()
        .map(|limit| limit.used.unwrap().to_string())
        .collect();
    assert_eq!(used, ["3", "0"]);
}

#[test]
fn t41_limits_of_nothing_and_of_very_much_are_exact() {
    for algorithm in ["fixed", "sliding"] {
        let limit = |max: Value| json!({"window": "day", "max": max, "algorithm": algorithm, "scope": "global", "increment_from": "args.n"});
        let with = |max: Value| Evaluator::new(all_limited(&limit(max)), MemoryStore::new());
        let passes = |evaluator: &Evaluator<MemoryStore>, amount: Value| {
            let arguments = json!({"n": amount});
            decide(evaluator, &ToolCall::new("t", &arguments), seconds(0)).is_ok()
        };
        let nothing = with(json!(0));
        assert!(!passes(&nothing, json!(0.000_001)));
        assert!(!passes(&nothing, json!(1e-300)));
        assert!(passes(&nothing, json!(0)));
        assert!(passes(&nothing, json!(-0.0)));

        let much = with(json!(1_000_000_000_000_u64));
        assert!(passes(&much, json!(999_999_999_999.5)));
        assert!(!passes(&much, json!(0.500_001)));
        assert!(!passes(&much, json!(1_000_000_000_000_u64)));
        assert!(passes(&much, json!(0.5)));
        assert!(!passes(&much, json!(0.000_001)));
        // Where it is full, what no counter could hold is still no way around it.
        for amount in [json!(u64::MAX), json!(1e300), json!(-1e300), json!(i64::MIN), json!(-1)] {
            assert!(!passes(&much, amount));
        }
    }
}

#[test]
fn t41_thousands_of_limits_on_one_tool_are_charged_all_or_none() {
    let limits: Vec<_> = (0..5_000)
        .map(|index| {
            let max = if index == 4_321 { 2 } else { 3 };
            json!({"counter": format!("c{index}"), "window": "day", "max": max, "scope": "global"})
        })
        .collect();
    let evaluator = Evaluator::new(policy(&json!({"t": {"limits": limits}})), MemoryStore::new());
    let call = ToolCall::new("t", None::<&Value>);
    for _ in 0..2 {
        let Decision::Allow(permit) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
        assert_eq!(permit.charged().len(), 5_000);
    }
    let denial = decide(&evaluator, &call, seconds(0)).unwrap_err();
    assert_eq!(denial.rule(), Some("/tools/t/limits/4321"));
    let used: HashSet<_> = evaluator
        .explain_at(&call, seconds(0))
        .limits
        .iter()
        .map(|limit| limit.used.unwrap().to_string())
        .collect();
    assert_eq!(used, HashSet::from(["2".to_owned()]));
    assert_eq!(evaluator.store().len(), 5_000);
}
