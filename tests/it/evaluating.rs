//! Evaluators: policies that come and go, catalogs, namespaces, and explanations.

use std::sync::Arc;
use std::time::SystemTime;

use mcp_policy::risk::{Category, Classification, Severity};
use mcp_policy::{
    Approval, ApprovalRequest, Context, CounterStore, Decision, Denial, DenialCode, Evaluator, MemoryStore,
    Outcome, Permit, Policy, PolicyError, Stop, ToolCall, Verdict,
};
use serde_json::{Value, json};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn policy(document: &Value) -> Result<Policy, PolicyError> {
    Policy::from_json(&document.to_string())
}

fn code<S: CounterStore>(evaluator: &Evaluator<S>, call: &ToolCall<'_>) -> Option<DenialCode> {
    match evaluator.evaluate_at(call, NOW) {
        Decision::Allow(_) | Decision::NeedsApproval(_) => None,
        Decision::Deny(denial) => Some(denial.code()),
    }
}

#[test]
fn without_a_policy_nothing_is_allowed_until_there_is_one() {
    let evaluator = Evaluator::builder(MemoryStore::new()).build();
    let call = ToolCall::new("t", None::<&Value>);
    let Decision::Deny(denial) = evaluator.evaluate_at(&call, NOW) else { panic!() };
    assert_eq!((denial.code(), denial.rule()), (DenialCode::NoPolicy, None));
    assert_eq!(denial.to_string(), "[POLICY DENIED] there is no policy, and nothing is allowed without one");
    evaluator.replace_policy(policy(&json!({"version": "1", "default": "allow"})).unwrap());
    assert_eq!(code(&evaluator, &call), None);
}

#[test]
fn a_catalog_is_asked_for_what_classify_does_not_name() {
    let document = json!({
        "version": "1", "default": "allow", "classify": {"purge_cache": "write"},
        "categories": {
            "destructive": {"action": "deny"},
            "write": {"deny_if": [{"conditions": [{"path": "tool.severity", "op": "eq", "value": "critical"}]}]}
        }
    });
    let catalog = |tool: &str| match tool {
        _ if tool.starts_with("purge_") => Some(Category::Destructive.into()),
        "save_all" => Some(Classification { category: Category::Write, severity: Severity::Critical }),
        "save" => Some(Category::Write.into()),
        _ => None,
    };
    let evaluator =
        Evaluator::builder(MemoryStore::new()).policy(policy(&document).unwrap()).catalog(catalog).build();
    let arguments = json!({});
    for (tool, expected) in [
        ("purge_all", Some(DenialCode::ActionDeny)),
        ("purge_cache", None),
        ("save_all", Some(DenialCode::DenyIfMatched)),
        ("save", None),
        ("list", Some(DenialCode::Unclassified)),
    ] {
        assert_eq!(code(&evaluator, &ToolCall::new(tool, &arguments)), expected, "{tool}");
    }
    // Judging alone takes the catalog as an argument.
    let policy = policy(&document).unwrap();
    let call = ToolCall::new("purge_all", &arguments);
    assert!(matches!(policy.judge_with(&call, &catalog, NOW), Verdict::Deny(_)));
    let Verdict::Deny(denial) = policy.judge(&call, NOW) else { panic!() };
    assert_eq!(denial.code(), DenialCode::Unclassified);
}

#[test]
fn t50_namespaces_on_one_store_do_not_share_counters_or_approvals() {
    let document = json!({"version": "1", "default": "deny", "tools": {
        "t": {"limits": [{"counter": "n", "window": "minute", "max": 1, "scope": "global"}]},
        "a": {"action": "require_approval"}
    }});
    let store = Arc::new(MemoryStore::new());
    let evaluator = |namespace: &str| {
        Evaluator::builder(Arc::clone(&store)).policy(policy(&document).unwrap()).namespace(namespace).build()
    };
    let call = ToolCall::new("t", None::<&Value>);
    for namespace in ["", "a", "b", "a|b", "|", "a:"] {
        assert_eq!(code(&evaluator(namespace), &call), None, "{namespace}");
        assert_eq!(code(&evaluator(namespace), &call), Some(DenialCode::LimitExceeded), "{namespace}");
    }
    // An approval that was given in one namespace is for another call in the other.
    let held = ToolCall::new("a", None::<&Value>);
    let Decision::NeedsApproval(request) = evaluator("a").evaluate_at(&held, NOW) else { panic!() };
    let approval = request.approve("1", NOW + std::time::Duration::from_secs(60));
    assert_eq!(code(&evaluator("b"), &held.approval(&approval)), Some(DenialCode::ApprovalInvalid));
    assert_eq!(code(&evaluator("a"), &held.approval(&approval)), None);
}

#[test]
fn an_explanation_says_what_was_looked_at_and_charges_nothing() {
    let document = json!({"version": "1", "default": "deny", "tools": {"pay": {
        "require": [{"conditions": [{"any": [
            {"path": "args.currency", "op": "eq", "value": "usd"},
            {"not": {"path": "args.currency", "op": "in", "value": ["rub", "kpw"]}}
        ]}]}],
        "deny_if": [{"conditions": [{"path": "args.urgent", "op": "eq", "value": true}]}],
        "limits": [{"counter": "spend", "window": "day", "max": 100, "increment_from": "args.amount"}]
    }}});
    let evaluator = Evaluator::new(policy(&document).unwrap(), MemoryStore::new());
    let arguments = json!({"amount": 60.5, "currency": "eur"});
    let context = Context::new().grant("g");
    let call = ToolCall::new("pay", &arguments).context(&context);
    for _ in 0..3 {
        let explanation = evaluator.explain_at(&call, NOW);
        assert!(explanation.stopped_by.is_none());
        assert_eq!(
            explanation.to_string(),
            "allowed\n\
             rule /tools/pay\n\
             clause /tools/pay/require/0 is true\n  \
               conditions/0/any/0 is false\n  \
               conditions/0/any/1/not is false\n  \
               conditions/0/any/1 is true\n  \
               conditions/0 is true\n\
             clause /tools/pay/deny_if/0 is absent\n  \
               conditions/0 is absent\n\
             limit /tools/pay/limits/0: 0 of 100 used, the call costs 60.5\n  \
               counter ns:|counter:spend|day|fixed|grant:g\n"
        );
    }
    assert!(evaluator.store().is_empty());
    assert_eq!(code(&evaluator, &call), None);
    let explanation = serde_json::to_value(evaluator.explain_at(&call, NOW)).unwrap();
    assert_eq!(explanation["stopped_by"]["decision"], "deny");
    assert_eq!(explanation["stopped_by"]["code"], "limit_exceeded");
    assert_eq!(explanation["stopped_by"]["retry_after"], 86_400);
    assert_eq!(explanation["rule"], "/tools/pay");
    assert_eq!(explanation["clauses"][1]["truth"], "absent");
    assert_eq!(explanation["limits"][0]["used"], "60.5");
    assert_eq!(explanation["clauses"][0]["conditions"].as_array().map(Vec::len), Some(4));
    assert_eq!(explanation["enforced"], true);
    // It quotes no argument.
    assert!(!explanation.to_string().contains("eur"));
}

#[test]
fn an_explanation_stops_where_the_decision_does() {
    let document = json!({"version": "1", "default": "deny", "mode": "monitor", "hide": ["rm"], "tools": {
        "a": {"require": [{"conditions": [{"path": "args.x", "op": "gt", "value": 1}]}], "action": "require_approval"},
    }});
    let evaluator = Evaluator::new(policy(&document).unwrap(), MemoryStore::new());
    let explain = |tool: &str, arguments: &Value| {
        evaluator.explain_at(&ToolCall::new(tool, arguments), NOW).to_string()
    };
    assert_eq!(
        explain("rm", &json!({})),
        "denied: hidden by /hide/0\n  this tool is not available\n  monitor mode: the call is allowed all the same\n\
         no rule was looked for\n"
    );
    let mistyped = explain("a", &json!({"x": "2"}));
    assert!(mistyped.contains("clause /tools/a/require/0 is mistyped, which decides"), "{mistyped}");
    assert!(explain("a", &json!({"x": 2})).starts_with("needs approval: asked by /tools/a/action\n"));
    assert!(explain("b", &json!({})).ends_with("no rule is for this tool\n"));
    // What is enforced in monitor mode too says so.
    assert!(!explain("a", &json!([])).contains("monitor mode"));
    let store = Evaluator::new(policy(&document).unwrap(), mcp_policy::store::NullStore);
    assert!(store.explain_at(&ToolCall::new("rm", None::<&Value>), NOW).stopped_by.is_some());
}

#[test]
fn an_approval_is_used_in_the_step_that_charges_and_never_comes_back() {
    let document = json!({"version": "1", "default": "deny", "tools": {"t": {
        "action": "require_approval", "limits": [{"counter": "n", "window": "minute", "max": 1, "scope": "global"}]
    }}});
    let evaluator = Evaluator::new(policy(&document).unwrap(), MemoryStore::new());
    let call = ToolCall::new("t", None::<&Value>);
    let later = NOW + std::time::Duration::from_secs(60);
    let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, NOW) else { panic!() };
    let [first, second] =
        ["1", "2"].map(|id| request.approve(id, later + std::time::Duration::from_secs(60)));
    let Decision::Allow(permit) = evaluator.evaluate_at(&call.approval(&first), NOW) else { panic!() };
    // The limit denies, and does not use the second one up.
    assert_eq!(code(&evaluator, &call.approval(&second)), Some(DenialCode::LimitExceeded));
    // The charge comes back. The approval does not.
    permit.settle(Outcome::Unsent).unwrap();
    assert_eq!(code(&evaluator, &call.approval(&first)), Some(DenialCode::ApprovalInvalid));
    let explanation = evaluator.explain_at(&call.approval(&first), NOW);
    assert!(
        matches!(explanation.stopped_by, Some(Stop::Deny(denial)) if denial.code() == DenialCode::ApprovalInvalid)
    );
    assert!(matches!(evaluator.evaluate_at(&call.approval(&second), NOW), Decision::Allow(_)));
    // One without an identifier is for nothing.
    let nameless = request.approve("", later + std::time::Duration::from_secs(60));
    assert_eq!(code(&evaluator, &call.approval(&nameless)), Some(DenialCode::ApprovalInvalid));
}

#[test]
fn what_crosses_threads_can() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Policy>();
    crosses::<Evaluator<MemoryStore>>();
    crosses::<Evaluator<Arc<dyn CounterStore>>>();
    crosses::<Permit<MemoryStore>>();
    crosses::<Decision<MemoryStore>>();
    crosses::<(Denial, ApprovalRequest, Approval, PolicyError, Verdict)>();
}
