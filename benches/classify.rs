//! How long does it take to classify a tool?
//!
//! Against a yardstick in the same process: reading the same tools' own bytes with `serde_json`, which everybody does who
//! lists tools. The tools are made up, of the size that real ones have: 1 KiB on average, from a name alone to forty
//! parameters. `MCP_POLICY_TOOLS=FILE.jsonl` measures real ones instead: lines of tools, each of which may have a `server`.

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mcp_policy::risk::{self, Tool};
use serde_json::{Map, Value, json};

/// Is classifying a tool cheap beside reading it?
fn classify_a_tool(criterion: &mut Criterion) {
    let lines = lines();
    let values: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let tools: Vec<Tool<'_>> = values.iter().filter_map(|value| Tool::from_definition(value).ok()).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    println!(
        "{} tools, {} bytes on average",
        tools.len(),
        bytes.checked_div(lines.len()).unwrap_or_default()
    );

    let mut group = criterion.benchmark_group("classify_a_tool");
    group.throughput(Throughput::Elements(u64::try_from(tools.len()).unwrap_or_default()));
    group.bench_function("read_json", |bencher| {
        bencher.iter(|| {
            for line in &lines {
                let value: Result<Value, _> = serde_json::from_str(black_box(line));
                drop(black_box(value));
            }
        });
    });
    group.bench_function("each_alone", |bencher| {
        bencher.iter(|| {
            for tool in &tools {
                black_box(risk::assess(black_box(tool)));
            }
        });
    });
    group.bench_function("as_one_server", |bencher| {
        bencher.iter(|| black_box(risk::assess_all(black_box(&tools))));
    });
    group.finish();
}

#[expect(clippy::panic, reason = "a benchmark on tools that cannot be read measures nothing")]
fn lines() -> Vec<String> {
    let Ok(path) = std::env::var("MCP_POLICY_TOOLS") else { return made_up() };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().map(str::to_owned).collect()
}

fn made_up() -> Vec<String> {
    let mut lines = Vec::new();
    for (verb, said) in VERBS {
        for (at, noun) in NOUNS.iter().enumerate() {
            let parameters: Map<String, Value> = PARAMETERS
                .iter()
                .cycle()
                .skip(at)
                .take(at.saturating_mul(at) % 17)
                .enumerate()
                .map(|(number, name)| {
                    let schema = json!({"type": "string", "description": format!("The {name} of the {noun}, as it is listed.")});
                    (if number < PARAMETERS.len() { (*name).to_owned() } else { format!("{name}_{number}") }, schema)
                })
                .collect();
            let tool = json!({
                "name": format!("{verb}_{noun}"),
                "description": format!("{said} a {noun} of the workspace by its identifier. {TEXT}"),
                "inputSchema": {"type": "object", "properties": parameters, "required": ["id"]},
            });
            lines.push(tool.to_string());
        }
    }
    lines
}

const VERBS: [(&str, &str); 12] = [
    ("get", "Retrieves"),
    ("list", "Lists"),
    ("search", "Searches for"),
    ("create", "Creates"),
    ("update", "Updates"),
    ("delete", "Permanently deletes"),
    ("run", "Runs"),
    ("send", "Sends"),
    ("manage", "Lists, creates, updates or deletes"),
    ("validate", "Checks"),
    ("acme_fetch", "Gets"),
    ("quux", "Frobnicates"),
];

const NOUNS: [&str; 24] = [
    "issue",
    "pull_request",
    "workflow_run",
    "page",
    "dashboard",
    "alert_rule",
    "customer",
    "invoice",
    "file",
    "branch",
    "message",
    "channel",
    "database",
    "table",
    "secret",
    "deployment",
    "pipeline",
    "user",
    "role",
    "label",
    "comment",
    "report",
    "schedule",
    "snapshot",
];

const PARAMETERS: [&str; 12] = [
    "id",
    "name",
    "owner",
    "query",
    "limit",
    "cursor",
    "description",
    "labels",
    "force",
    "url",
    "start_date",
    "filter",
];

const TEXT: &str = "The caller needs access to the workspace. Results come in pages; pass the cursor of the last page to \
                    go on. See also the other tools of this server.";

criterion_group!(benches, classify_a_tool);
criterion_main!(benches);
