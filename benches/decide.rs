//! How long does it take to decide a call?
//!
//! Each group holds what is measured against a yardstick in the same process: reading the call's own bytes
//! with `serde_json`, which every gateway does before it can ask.

use std::hint::black_box;
use std::time::SystemTime;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mcp_policy::{Context, Decision, Evaluator, MemoryStore, Policy, ToolCall};
use serde_json::{Value, json};

const KESTRA: &str = include_str!("../examples/policies/kestra.json");

/// A call as it comes over the wire, some 300 bytes.
fn message() -> Value {
    json!({
        "jsonrpc": "2.0", "id": 42, "method": "tools/call",
        "params": {"name": "pay", "arguments": {
            "amount": 99.5, "currency": "eur", "to": ["ops@corp.example", "it@corp.example"],
            "note": "invoice 2026-11-0042 for the third quarter", "metadata": {"team": "billing", "ticket": "PAY-1789"}
        }}
    })
}

/// Six clauses with seven conditions, as a careful author writes them.
fn payment_policy(limits: &Value) -> Policy {
    let document = json!({
        "version": "1", "default": "deny",
        "tools": {"pay": {
            "only_args": ["amount", "currency", "to", "note", "metadata"],
            "require": [
                {"conditions": [{"path": "args.amount", "op": "lte", "value": 100}]},
                {"conditions": [{"path": "args.currency", "op": "in", "value": ["eur", "usd"]}]},
                {"conditions": [{"path": "args.to[*]", "op": "ends_with", "value": "@corp.example"}]},
                {"conditions": [{"path": "args.metadata.ticket", "op": "regex", "value": "^PAY-[0-9]+$"}]}
            ],
            "deny_if": [
                {"conditions": [{"path": "args.note", "op": "contains", "value": "urgent", "ignore_case": true}]},
                {"conditions": [{"path": "context.env", "op": "eq", "value": "prod"}, {"path": "args.amount", "op": "gt", "value": 50}]}
            ],
            "limits": limits
        }}
    });
    read(&document.to_string())
}

#[expect(clippy::panic, reason = "a benchmark on a policy that is wrong measures nothing")]
fn read(text: &str) -> Policy {
    Policy::from_json(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Is deciding a call cheap beside reading it?
fn decide_a_call(criterion: &mut Criterion) {
    let bytes = message().to_string().into_bytes();
    let message = message();
    let arguments = message.pointer("/params/arguments").and_then(Value::as_object);
    let context = Context::new().grant("ci-runner").session("s-42");
    let call = ToolCall::new("pay", arguments).context(&context);
    let now = SystemTime::UNIX_EPOCH;

    let mut group = criterion.benchmark_group("decide_a_call");
    group.bench_function("yardstick_read_it_with_serde_json", |b| {
        b.iter(|| serde_json::from_slice::<Value>(black_box(&bytes)));
    });
    let free = payment_policy(&json!([]));
    group.bench_function("judge_six_clauses", |b| b.iter(|| free.judge(black_box(&call), now)));
    let limits = json!([
        {"counter": "calls", "window": "minute", "max": 1e12},
        {"counter": "spend", "window": "day", "max": 1e12, "increment_from": "args.amount"}
    ]);
    let priced = payment_policy(&limits);
    group.bench_function("judge_six_clauses_and_two_limits", |b| {
        b.iter(|| priced.judge(black_box(&call), now));
    });
    let evaluator = Evaluator::new(priced, MemoryStore::new());
    group.bench_function("evaluate_six_clauses_and_two_limits", |b| {
        b.iter(|| evaluator.evaluate_at(black_box(&call), now));
    });
    let unlisted = ToolCall::new("rm", arguments).context(&context);
    group.bench_function("evaluate_an_unlisted_tool", |b| {
        b.iter(|| evaluator.evaluate_at(black_box(&unlisted), now));
    });
    group.finish();
}

/// Does the number of rules matter?
fn find_a_rule(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("find_a_rule");
    for rules in [1, 100, 10_000] {
        let exact: serde_json::Map<_, _> = (0..rules).map(|n| (format!("tool_{n}"), json!({}))).collect();
        let policy = read(&json!({"version": "1", "default": "deny", "tools": exact}).to_string());
        let call = ToolCall::new("tool_0", None::<&Value>);
        group.bench_function(BenchmarkId::new("exact", rules), |b| {
            b.iter(|| policy.judge(black_box(&call), SystemTime::UNIX_EPOCH));
        });
        let patterns: serde_json::Map<_, _> = (0..rules).map(|n| (format!("*_{n}_*"), json!({}))).collect();
        let policy = read(&json!({"version": "1", "default": "deny", "tools": patterns}).to_string());
        let call = ToolCall::new("no_pattern_is_for_this", None::<&Value>);
        group.bench_function(BenchmarkId::new("no_pattern", rules), |b| {
            b.iter(|| policy.judge(black_box(&call), SystemTime::UNIX_EPOCH));
        });
    }
    group.finish();
}

/// What do threads cost that charge one counter, or each its own?
fn charge_from_threads(criterion: &mut Criterion) {
    const CALLS: u64 = 20_000;
    let policy = read(
        r#"{"version": "1", "default": "deny", "tools": {"t": {"limits": [{"counter": "n", "window": "minute", "max": 1e12}]}}}"#,
    );
    let mut group = criterion.benchmark_group("charge_from_threads");
    group.throughput(Throughput::Elements(CALLS)).sample_size(20);
    for (name, grants) in [
        ("one_thread", ["a"].as_slice()),
        ("two_threads_one_counter", &["a", "a"]),
        ("two_threads_two_counters", &["a", "b"]),
    ] {
        let evaluator = Evaluator::new(policy.clone(), MemoryStore::new());
        let share = CALLS.checked_div(u64::try_from(grants.len()).unwrap_or(1)).unwrap_or(CALLS);
        group.bench_function(name, |b| {
            b.iter(|| {
                std::thread::scope(|scope| {
                    for grant in grants {
                        scope.spawn(|| {
                            let context = Context::new().grant(grant);
                            let call = ToolCall::new("t", None::<&Value>).context(&context);
                            for _ in 0..share {
                                let decision = evaluator.evaluate_at(&call, SystemTime::UNIX_EPOCH);
                                assert!(matches!(decision, Decision::Allow(_)));
                            }
                        });
                    }
                });
            });
        });
    }
    group.finish();
}

/// Is reading a policy cheap beside reading its JSON?
fn read_a_policy(criterion: &mut Criterion) {
    // With the names, just below four mebibytes.
    let rule = json!({"require": [{"conditions": [{"path": "args.branch", "op": "neq", "value": "main"}],
        "on_deny": "Merges into main are not for agents."}],
        "limits": [{"counter": "calls", "window": "minute", "max": 10}]});
    let tools: serde_json::Map<_, _> = (0..20_000).map(|n| (format!("tool_{n}"), rule.clone())).collect();
    let large = json!({"version": "1", "default": "deny", "tools": tools}).to_string();
    let mut group = criterion.benchmark_group("read_a_policy");
    group.sample_size(10);
    for (name, text) in [("kestra", KESTRA), ("20000_rules", large.as_str())] {
        // A text that is refused would be quick.
        let _policy = read(text);
        group.bench_function(BenchmarkId::new("yardstick_serde_json_value", name), |b| {
            b.iter(|| serde_json::from_str::<Value>(black_box(text)));
        });
        group.bench_function(BenchmarkId::new("policy_from_json", name), |b| {
            b.iter(|| Policy::from_json(black_box(text)));
        });
    }
    group.finish();
}

criterion_group!(benches, decide_a_call, find_a_rule, charge_from_threads, read_a_policy);
criterion_main!(benches);
