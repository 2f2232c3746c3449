//! What hostile policies and calls cost is in proportion to their size. Work is measured in bytes allocated, not in time.

use std::time::{Duration, SystemTime};

use mcp_policy::policy::MAX_KEY_BYTES;
use mcp_policy::{
    Approval, Context, Decision, DenialCode, DiagnosticCode, Evaluator, MemoryStore, Policy, ToolCall,
    Verdict,
};
use serde_json::{Value, json};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

/// How many bytes were allocated in all.
fn bytes_of(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).bytes_total
}

fn size(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[test]
fn t45_a_long_name_over_many_clauses_is_not_repeated_for_each() {
    let clauses = vec![json!({"conditions": []}); 20_000];
    let limits: Vec<_> =
        (0..5_000).map(|n| json!({"counter": format!("c{n}"), "window": "day", "max": 1})).collect();
    let name = "x".repeat(MAX_KEY_BYTES);
    let document =
        json!({"version": "1", "default": "deny", "tools": {name: {"deny_if": clauses, "limits": limits}}});
    let text = document.to_string();
    let bytes = bytes_of(|| assert!(Policy::from_json(&text).is_ok()));
    assert!(bytes < 200 * size(&text), "{bytes} bytes for {}", text.len());
}

#[test]
fn t45_many_mistakes_below_a_long_name_cost_no_more_than_a_few() {
    let name = "x".repeat(MAX_KEY_BYTES);
    let limits = vec![json!({"counter": 5, "window": "dya", "max": -1, "scope": "grnt"}); 20_000];
    let text = json!({"version": "1", "default": "deny", "tools": {name: {"limits": limits}}}).to_string();
    let bytes = bytes_of(|| {
        let error = Policy::from_json(&text).unwrap_err();
        assert_eq!(error.diagnostics().len(), 100);
        assert!(error.omitted() >= 79_000);
    });
    assert!(bytes < 200 * size(&text), "{bytes} bytes for {}", text.len());
}

#[test]
fn t45_a_key_that_is_too_long_is_refused_with_its_place() {
    let name = "x".repeat(MAX_KEY_BYTES + 1);
    let text = json!({"version": "1", "default": "deny", "classify": {name: "read"}}).to_string();
    let error = Policy::from_json(&text).unwrap_err();
    let [diagnostic] = error.diagnostics() else { panic!("{error}") };
    assert_eq!(diagnostic.code(), DiagnosticCode::TooLarge);
    assert_eq!(diagnostic.message(), "a key is longer than 1024 bytes");
    assert_eq!(diagnostic.span().unwrap().start.offset, text.find("\"xx").unwrap());
}

#[test]
fn t41_a_limit_has_a_bounded_number_of_scopes() {
    let scopes: Vec<_> = (0..17).map(|n| format!("args.a{n}")).collect();
    let policy = |scopes: &[String]| {
        let limit = json!({"counter": "c", "window": "day", "max": 1, "scope": scopes});
        Policy::from_json(
            &json!({"version": "1", "default": "deny", "tools": {"t": {"limits": [limit]}}}).to_string(),
        )
    };
    assert!(policy(&scopes[..16]).is_ok());
    assert_eq!(
        policy(&scopes).unwrap_err().diagnostics()[0].message(),
        "a limit has 17 scopes, and 16 are allowed"
    );
}

#[test]
fn t10_a_value_of_any_depth_is_judged_without_recursion_into_it() {
    let condition = |path: String| json!({"conditions": [{"path": path, "op": "eq", "value": 1}]});
    let document = json!({"version": "1", "default": "allow", "all_tools": {
        "deny_if": [condition(format!("args.a{}", "[0]".repeat(100))), condition(format!("args.a{}", "[*]".repeat(100)))],
        "approve_if": [{"conditions": [{"path": "args.ask", "op": "exists", "value": true}]}]
    }});
    let policy = Policy::from_json(&document.to_string()).unwrap();
    let mut deep = json!(2);
    for _ in 0..50_000 {
        // Not `json!([deep])`, which copies by recursion.
        deep = Value::Array(vec![deep]);
    }
    let mut arguments = json!({});
    arguments["a"] = deep;
    let verdict = policy.judge(&ToolCall::new("t", &arguments), NOW);
    // What is there is an array, and not a number.
    assert!(matches!(verdict, Verdict::Deny(denial) if denial.rule() == Some("/all_tools/deny_if/0")));
    arguments["b"] = arguments["a"].take();
    arguments["ask"] = json!(true);
    let verdict = policy.judge(&ToolCall::new("t", &arguments), NOW);
    assert!(matches!(verdict, Verdict::Deny(denial) if denial.code() == DenialCode::MalformedCall));
    // Dropping such a value recurses, which is not what is tested.
    let mut rest = arguments["b"].take();
    while let Some(inner) = rest.get_mut(0).map(Value::take) {
        rest = inner;
    }
}

#[test]
fn t44_a_text_is_folded_once_and_not_for_each_element() {
    let document = json!({"version": "1", "default": "deny", "tools": {"t": {"deny_if": [{"conditions": [
        {"path": "args.items[*]", "op": "contains", "value_from": "args.part", "ignore_case": true}
    ]}]}}});
    let policy = Policy::from_json(&document.to_string()).unwrap();
    let arguments = json!({"items": vec!["ab"; 10_000], "part": "X".repeat(10_000)});
    let call = ToolCall::new("t", &arguments);
    let bytes = bytes_of(|| assert!(matches!(policy.judge(&call, NOW), Verdict::Allow)));
    assert!(bytes < 10 * size(&arguments.to_string()), "{bytes}");
}

#[test]
fn t47_an_approval_is_not_valid_again_after_a_clock_was_ahead() {
    let document = json!({"version": "1", "default": "deny", "tools": {
        "ask": {"action": "require_approval"},
        "fill": {"limits": [{"counter": "n", "window": "second", "max": 1, "scope": "grant"}]}
    }});
    let policy = Policy::from_json(&document.to_string()).unwrap();
    let evaluator = Evaluator::new(policy, MemoryStore::with_capacity(2));
    let call = ToolCall::new("ask", None::<&Value>);
    let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, NOW) else { panic!() };
    let approval: Approval = request.approve("1", NOW + Duration::from_secs(60));
    let other = request.approve("2", NOW + Duration::from_secs(10 * 86_400));
    assert!(matches!(evaluator.evaluate_at(&call.approval(&approval), NOW), Decision::Allow(_)));
    // A clock that is a day ahead fills the store, and the mark of the approval has to go.
    for grant in ["a", "b"] {
        let context = Context::new().grant(grant);
        let fill = ToolCall::new("fill", None::<&Value>).context(&context);
        assert!(matches!(
            evaluator.evaluate_at(&fill, NOW + Duration::from_secs(86_400)),
            Decision::Allow(_)
        ));
    }
    assert_eq!(evaluator.store().len(), 2);
    let Decision::Deny(denial) = evaluator.evaluate_at(&call.approval(&approval), NOW) else { panic!() };
    assert_eq!(denial.code(), DenialCode::ApprovalInvalid);
    // One that cannot have been forgotten is as good as ever.
    let later = NOW + Duration::from_secs(2 * 86_400);
    assert!(matches!(evaluator.evaluate_at(&call.approval(&other), later), Decision::Allow(_)));
}

#[test]
fn t67_debug_shows_no_arguments() {
    let arguments = json!({"password": "hunter2"});
    let context = Context::new().grant("g");
    let call = ToolCall::new("login", &arguments).context(&context);
    let shown = format!("{call:?}");
    assert!(shown.contains("login") && !shown.contains("hunter2") && !shown.contains("password"), "{shown}");
}
