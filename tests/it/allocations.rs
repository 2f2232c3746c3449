//! Nothing is allocated on the way to an allow without a price.

use std::time::SystemTime;

use mcp_policy::{Context, Policy, ToolCall, Verdict};
use serde_json::json;

#[test]
fn an_allow_without_a_price_allocates_nothing() {
    let document = json!({
        "version": "1", "default": "deny", "hide": ["drop_*"], "classify": {"*": "write"},
        "all_tools": {"require": [{"conditions": [{"path": "context.user", "op": "exists", "value": true}]}]},
        "tools": {"x*": {}, "pay*": {
            "only_args": ["amount", "currency", "to", "note", "at"],
            "require": [
                {"conditions": [{"path": "args.amount", "op": "lte", "value": 100.5}]},
                {"conditions": [{"path": "args.currency", "op": "in", "value": ["eur", "usd"], "ignore_case": true}]},
                {"conditions": [{"path": "args.to[*].name", "op": "ends_with", "value": "@corp.example"}]},
                {"conditions": [{"path": "args.note", "op": "regex", "value": "^[a-z ]+$"}]},
                {"conditions": [{"path": "now.date", "op": "neq", "value": "2026-12-24"}, {"path": "now.hour", "op": "gte", "value": 0}]},
                {"conditions": [{"path": "tool.category", "op": "eq", "value": "write"}]},
                {"conditions": [{"any": [{"path": "/args/at/0", "op": "eq", "value": 5}, {"not": {"path": "args.at", "op": "exists", "value": true}}]}]}
            ],
            "deny_if": [
                {"conditions": [{"path": "args.note", "op": "contains", "value": "urgent"}]},
                {"conditions": [{"path": "args.amount", "op": "gt", "value_from": "args.at[1]"}]}
            ],
            "approve_if": [{"conditions": [{"path": "args.to", "op": "min_length", "value": 10}]}]
        }}
    });
    let policy = Policy::from_json(&document.to_string()).unwrap();
    let arguments = json!({
        "amount": 99.75, "currency": "eur", "to": [{"name": "ops@corp.example"}], "note": "third quarter", "at": [5.0, 100]
    });
    let context = Context::new().user("ana").grant("g");
    let call = ToolCall::new("payment", &arguments).context(&context);
    // What a thread needs once, such as the scratch space of a regular expression, is not counted.
    let verdict = policy.judge(&call, SystemTime::UNIX_EPOCH);
    assert!(matches!(verdict, Verdict::Allow), "{verdict:?}");

    let mut verdict = None;
    let allocations = allocation_counter::measure(|| {
        verdict = Some(policy.judge(&call, SystemTime::UNIX_EPOCH));
    });
    assert!(matches!(verdict, Some(Verdict::Allow)));
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn a_price_allocates_for_its_charges_only() {
    let limits = json!([
        {"counter": "a", "window": "minute", "max": 10},
        {"counter": "b", "window": "day", "max": 10, "scope": ["user", "args.repo"]}
    ]);
    let document = json!({"version": "1", "default": "deny", "tools": {"t": {"limits": limits}}});
    let policy = Policy::from_json(&document.to_string()).unwrap();
    let arguments = json!({"repo": "shop"});
    let context = Context::new().user("ana").grant("g");
    let call = ToolCall::new("t", &arguments).context(&context);
    let allocations = allocation_counter::measure(|| {
        let verdict = policy.judge(&call, SystemTime::UNIX_EPOCH);
        assert!(matches!(verdict, Verdict::Charge(_)));
    });
    // The list, and for each of two charges a key that grows a few times while it is written.
    assert!(allocations.count_total <= 12, "{allocations:?}");
    assert_eq!(allocations.count_current, 0);
}
