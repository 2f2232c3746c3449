//! What does a session cost?
//!
//! The yardstick is what any gateway does that looks into messages: reading the call and its answer with
//! `serde_json`, and writing them again.

use std::hint::black_box;
use std::time::SystemTime;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mcp_policy::mcp::{Gate, Identity, Limits, Message};
use mcp_policy::{Evaluator, MemoryStore, Policy};
use serde_json::{Value, json};

/// A call of a kibibyte, as agents make them.
fn call() -> Vec<u8> {
    let steps: Vec<_> = (0..6)
        .map(|n| json!({"id": n, "type": "log", "message": "deploy {{ inputs.service }}", "retry": {"max": 3, "wait": 1.5}}))
        .collect();
    let message = json!({
        "jsonrpc": "2.0", "id": 42, "method": "tools/call",
        "params": {"name": "create_flow", "_meta": {"progressToken": 42}, "arguments": {
            "namespace": "company.team", "flow": "deploy-service", "steps": steps, "dry_run": false,
            "labels": ["team:platform", "env:staging"],
            "description": "Deploys a service to staging, waits for its health check and then runs the smoke tests.",
            "schedule": {"cron": "0 4 * * *", "timezone": "Europe/Vienna", "catchup": false}
        }}
    });
    message.to_string().into_bytes()
}

/// An answer of a kibibyte: mostly text, as tools answer.
fn answer(id: u64) -> Vec<u8> {
    let text =
        "Flow `deploy-service` created in namespace \"company.team\".\nRevision 1, six tasks, no trigger.\n"
            .repeat(5);
    let message = json!({
        "jsonrpc": "2.0", "id": id,
        "result": {"content": [{"type": "text", "text": text}], "isError": false, "structuredContent": {
            "id": "deploy-service", "namespace": "company.team", "revision": 1, "disabled": false,
            "tasks": ["deploy", "wait", "smoke", "notify", "rollback", "report"],
            "links": {"ui": "https://kestra.corp.example/ui/flows/company.team/deploy-service", "api": "https://kestra.corp.example/api/v1/flows/company.team/deploy-service"},
            "stats": {"created": 1_763_824_455, "updated": 1_763_824_455, "size": 912.5}
        }}
    });
    message.to_string().into_bytes()
}

#[expect(clippy::panic, reason = "a benchmark on a policy that is wrong measures nothing")]
fn gate(policy: &Value) -> Gate<MemoryStore> {
    let policy = Policy::from_json(&policy.to_string()).unwrap_or_else(|error| panic!("{error}"));
    Gate::new(Evaluator::new(policy, MemoryStore::new()))
}

/// Is an allowed call with its answer cheap beside reading and writing both?
fn pass_a_call(criterion: &mut Criterion) {
    let (call, sample) = (call(), answer(1));
    assert!((900..1_200).contains(&call.len()), "{}", call.len());
    assert!((900..1_200).contains(&sample.len()), "{}", sample.len());

    let mut group = criterion.benchmark_group("pass_a_call");
    let bytes = call.len().saturating_add(sample.len());
    group.throughput(Throughput::Bytes(u64::try_from(bytes).unwrap_or_default()));
    group.bench_function("yardstick_serde_json_reads_and_writes", |b| {
        b.iter(|| {
            for bytes in [&call, &sample] {
                let value = serde_json::from_slice::<Value>(black_box(bytes));
                black_box(value.ok().and_then(|value| serde_json::to_vec(&value).ok()));
            }
        });
    });
    group.bench_function("message_reads_and_writes", |b| {
        b.iter(|| {
            for bytes in [&call, &sample] {
                let message = Message::read(black_box(bytes), &Limits::CLIENT);
                black_box(message.ok().map(|message| message.to_line()));
            }
        });
    });
    let free = json!({"version": "1", "default": "deny", "tools": {"create_*": {
        "require": [{"conditions": [{"path": "args.namespace", "op": "starts_with", "value": "company."}]}],
        "deny_if": [{"conditions": [{"path": "args.labels", "op": "contains", "value": "env:prod"}]}]
    }}});
    let mut limited = free.clone();
    if let Some(rule) = limited.pointer_mut("/tools/create_*").and_then(Value::as_object_mut) {
        let limit = json!([{"counter": "calls", "window": "minute", "max": 1e12}]);
        rule.insert("limits".to_owned(), limit);
    }
    for (name, policy) in [("session_free", &free), ("session_with_a_limit", &limited)] {
        let gate = gate(policy);
        group.bench_function(name, |b| {
            let mut session = gate.session(Identity::new().grant("ci-runner").session("s-42"));
            let mut id = 0_u64;
            b.iter(|| {
                let actions = session.from_client(black_box(&call), SystemTime::UNIX_EPOCH);
                let line = actions.to_server.first().map(Message::to_line);
                assert!(line.is_some());
                black_box(line);
                id = id.saturating_add(1);
                // The identifier is the session's own; writing it into the answer is cheap.
                let answer = with_id(&sample, id);
                let actions = session.from_server(black_box(&answer), SystemTime::UNIX_EPOCH);
                let line = actions.to_client.first().map(Message::to_line);
                assert!(line.is_some());
                black_box(line);
            });
        });
    }
    group.bench_function("session_denies", |b| {
        let gate = gate(&json!({"version": "1", "default": "deny"}));
        let mut session = gate.session(Identity::new().grant("ci-runner"));
        b.iter(|| {
            let actions = session.from_client(black_box(&call), SystemTime::UNIX_EPOCH);
            black_box(actions.to_client.first().map(Message::to_line));
        });
    });
    group.finish();
}

/// The answer with another identifier, which stands at the beginning of it.
fn with_id(sample: &[u8], id: u64) -> Vec<u8> {
    const BEFORE: &[u8] = b"{\"id\":1,";
    let rest = sample.strip_prefix(BEFORE).unwrap_or_default();
    let mut answer = format!("{{\"id\":{id},").into_bytes();
    answer.extend_from_slice(rest);
    answer
}

criterion_group!(benches, pass_a_call);
criterion_main!(benches);
