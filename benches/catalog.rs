//! How long does it take to load, to ask and to fill a catalog as large as the whole ecosystem, and how much memory?

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mcp_policy::risk::{Classify, MAX_TOOLS, RiskCatalog, Tool, listed_tools};
use serde_json::{Value, json};

const ECOSYSTEM: usize = 500_000;

/// The lines of a catalog with as many tools, twenty to a server, and the bytes of their names.
fn lines(tools: usize) -> (Vec<String>, usize) {
    let mut names = 0_usize;
    let line = |number: usize| {
        let server = number.wrapping_div(20);
        let (server, name) = (format!("vendor-{server}/server"), format!("get_thing_{number}"));
        names = names.saturating_add(name.len());
        if number.is_multiple_of(20) {
            names = names.saturating_add(server.len());
        }
        let mut fingerprint = "sha256:".to_owned();
        for byte in 0..32_u8 {
            // Writing to a string does not fail.
            let _ = write!(fingerprint, "{:02x}", byte.wrapping_add(number.to_le_bytes()[0]));
        }
        json!({
            "server": server, "name": name, "category": "read", "severity": "low", "confidence": "high",
            "fingerprint": fingerprint,
        })
        .to_string()
    };
    ((0..tools).map(line).collect(), names)
}

#[expect(clippy::panic, reason = "a benchmark on a catalog that is wrong measures nothing")]
fn load(lines: &[String]) -> RiskCatalog {
    RiskCatalog::from_lines(lines).unwrap_or_else(|error| panic!("{error}"))
}

/// Is the whole ecosystem loaded in seconds, and in how much room?
fn load_the_ecosystem(criterion: &mut Criterion) {
    let (lines, names) = lines(ECOSYSTEM);
    let mut catalog = None;
    let measured = allocation_counter::measure(|| catalog = Some(load(&lines)));
    let count = catalog.map_or(0, |catalog| catalog.len());
    let beyond = usize::try_from(measured.bytes_current).unwrap_or_default().saturating_sub(names);
    let most = usize::try_from(measured.bytes_max).unwrap_or_default();
    println!(
        "{count} entries: {} bytes an entry beyond its names; at most {} MB while they are loaded",
        beyond.checked_div(count).unwrap_or_default(),
        most.wrapping_div(1_000_000)
    );
    let mut group = criterion.benchmark_group("load_the_ecosystem");
    group.sample_size(10).throughput(Throughput::Elements(500_000));
    group.bench_function("500000_lines", |b| b.iter(|| load(black_box(&lines))));
    let catalog = load(&lines);
    group.bench_function("write_500000_lines", |b| {
        b.iter(|| catalog.to_lines().map(|line| line.len()).sum::<usize>());
    });
    group.finish();
}

/// Does the number of entries matter to who asks?
fn look_one_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("look_one_up");
    for tools in [1_000, ECOSYSTEM] {
        let (lines, _) = lines(tools);
        let catalog = load(&lines);
        // One tool of each of fifty servers, all over the catalog.
        let step = tools.wrapping_div(50).max(1);
        let asked: Vec<_> = (0..tools)
            .step_by(step)
            .map(|number| {
                let server = number.wrapping_div(20);
                (catalog.server(format!("vendor-{server}/server")), format!("get_thing_{number}"))
            })
            .collect();
        group.throughput(Throughput::Elements(u64::try_from(asked.len()).unwrap_or(1)));
        group.bench_function(format!("among_{tools}"), |b| {
            b.iter(|| {
                asked.iter().filter(|(server, tool)| server.classify(black_box(tool)).is_some()).count()
            });
        });
        group.bench_function(format!("pin_among_{tools}"), |b| {
            b.iter(|| asked.iter().filter(|(server, tool)| server.listed(black_box(tool)).is_some()).count());
        });
    }
    let server = RiskCatalog::new().server("s");
    group.throughput(Throughput::Elements(1));
    group.bench_function("never_listed", |b| b.iter(|| server.classify(black_box("restart_execution"))));
    group.finish();
}

/// What does it cost when a server lists its tools again?
fn learn_a_list(criterion: &mut Criterion) {
    let tool = |number: usize| {
        let text = "Restart an execution from its first task, with the same inputs.".repeat(5);
        let parameters: Value = (0..10)
            .map(|n| (format!("parameter_{n}"), json!({"type": "string", "description": text})))
            .collect();
        json!({"name": format!("restart_execution_{number}"), "description": text, "inputSchema": {"type": "object", "properties": parameters}})
    };
    let list: Value = (0..100).map(tool).collect();
    let longest: Value = (0..MAX_TOOLS).map(tool).collect();
    let mut group = criterion.benchmark_group("learn_a_list");
    let catalog = RiskCatalog::new();
    group.sample_size(10).throughput(Throughput::Elements(10_000));
    group.bench_function("10000_tools", |b| {
        b.iter_batched(
            || listed_tools(&longest),
            |tools| tools.map(|tools| catalog.learn("s", tools)),
            BatchSize::SmallInput,
        );
    });
    group.throughput(Throughput::Elements(100));
    group.bench_function("100_tools", |b| {
        b.iter_batched(
            || listed_tools(&list),
            |tools| tools.map(|tools| catalog.learn("s", tools)),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("fingerprints_of_100_tools", |b| {
        b.iter(|| {
            listed_tools(&list).map(|tools| tools.filter_map(|tool: Tool<'_>| tool.fingerprint()).count())
        });
    });
    group.finish();
}

criterion_group!(benches, load_the_ecosystem, look_one_up, learn_a_list);
criterion_main!(benches);
