//! What does charging in Redis cost?
//!
//! The yardstick is what any script costs: a script that does nothing, called by its hash with as many keys and
//! arguments, on such a connection. It needs `redis-server` or `valkey-server` in PATH, and starts its own.

#[path = "../tests/it/redis/server.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in it is to fail"
)]
mod server;

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mcp_policy::limit::Charges;
use mcp_policy::store::{AsyncCounterStore, Leased, RedisStore};
use mcp_policy::{Context, Policy, ToolCall, Verdict};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use server::{Server, now};

const LIMITS: [(&str, &str); 2] = [("minute", "fixed"), ("day", "fixed")];
/// As many calls at once as a busy gateway has.
const TASKS: u64 = 64;

const SLIDING: [(&str, &str); 2] = [("minute", "sliding"), ("day", "sliding")];

/// What a call costs under these limits, for one of many grants.
#[expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark on a policy that is wrong measures nothing"
)]
fn price(limits: &[(&str, &str)], grant: &str) -> Charges {
    let limits: Vec<_> = limits
        .iter()
        .map(|(window, algorithm)| {
            json!({"counter": format!("{window}_{algorithm}"), "window": window, "algorithm": algorithm, "max": 1e12})
        })
        .collect();
    let text = json!({"version": "1", "default": "deny", "tools": {"t": {"limits": limits}}}).to_string();
    let policy: Policy = text.parse().expect("the policy is right");
    let context = Context::new().grant(grant);
    match policy.judge(&ToolCall::new("t", None::<&Value>).context(&context), SystemTime::UNIX_EPOCH) {
        Verdict::Charge(charges) => charges,
        verdict => panic!("{verdict:?}"),
    }
}

/// A script that does nothing, with as many keys and arguments of the same lengths.
fn empty_script(charges: &Charges) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(redis::Script::new("").get_hash()).arg(charges.charges().len());
    for charge in charges.charges() {
        command.arg(format!("mcp-policy:{{{}", charge.key()).replacen('|', "}|", 1));
    }
    // Some numbers for the call, and some for each charge.
    command.arg(vec![0_u8; charges.charges().len().saturating_mul(41).saturating_add(32)]);
    command
}

#[expect(clippy::expect_used, reason = "a benchmark without a connection measures nothing")]
async fn connect(server: &Server) -> MultiplexedConnection {
    let config = AsyncConnectionConfig::new().set_response_timeout(None).set_pipeline_buffer_size(1_024);
    let client = Client::open(server.url()).expect("the URL is right");
    let mut connection =
        client.get_multiplexed_async_connection_with_config(&config).await.expect("it connects");
    let mut load = redis::cmd("SCRIPT");
    load.arg("LOAD").arg("");
    connection.send_packed_command(&load).await.expect("it loads");
    connection
}

fn runtime() -> Runtime {
    #[expect(clippy::expect_used, reason = "without a runtime there is nothing to measure")]
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("it starts")
}

fn grants(limits: &[(&str, &str)]) -> Vec<Charges> {
    (0..TASKS).map(|grant| price(limits, &format!("grant-{grant}"))).collect()
}

/// How long does one call wait?
#[expect(clippy::expect_used, reason = "a charge that fails would be quick")]
fn charge_two_limits(criterion: &mut Criterion) {
    let (runtime, server) = (runtime(), Server::start());
    let (mut connection, store) =
        runtime.block_on(async { (connect(&server).await, RedisStore::connect(&server.url()).await) });
    let store = store.as_ref().expect("it connects");
    #[expect(clippy::disallowed_methods, reason = "a lease lasts as long as the window that it is now")]
    let now = SystemTime::now();
    let mut group = criterion.benchmark_group("charge_two_limits");
    let charges = price(&LIMITS, "g");
    let command = empty_script(&charges);
    group.bench_function("yardstick_empty_script", |b| {
        b.iter(|| {
            runtime.block_on(connection.send_packed_command(black_box(&command))).expect("it answers");
        });
    });
    for (name, limits) in [("fixed", LIMITS), ("sliding", SLIDING)] {
        let charges = price(&limits, "g");
        group.bench_function(name, |b| {
            b.iter(|| {
                let reserved = runtime.block_on(store.reserve(black_box(&charges), SystemTime::UNIX_EPOCH));
                reserved.expect("there is room")
            });
        });
    }
    // Blocks of a thousand calls: the round trips are in it.
    let (leased, charges) = (Leased::new(store.clone()).share(1_000_000_000), price(&LIMITS, "leased"));
    group.bench_function("leased", |b| {
        b.iter(|| {
            let reserved = runtime.block_on(leased.reserve(black_box(&charges), now));
            reserved.expect("there is room")
        });
    });
    group.finish();
}

/// How many calls pass through one connection? Each task charges two counters of its own; with `one_grant`, all the same.
#[expect(clippy::expect_used, reason = "a charge that fails would be quick")]
fn charge_from_many_tasks(criterion: &mut Criterion) {
    const CALLS: u64 = 200;
    let (runtime, server) = (runtime(), Server::start());
    let (connection, store) =
        runtime.block_on(async { (connect(&server).await, RedisStore::connect(&server.url()).await) });
    let store = store.expect("it connects");
    let mut group = criterion.benchmark_group("charge_from_many_tasks");
    group.throughput(Throughput::Elements(CALLS.saturating_mul(TASKS))).sample_size(10);
    group.measurement_time(Duration::from_secs(6));

    let commands: Vec<_> = grants(&LIMITS).iter().map(empty_script).map(std::sync::Arc::new).collect();
    group.bench_function("yardstick_empty_script", |b| {
        b.iter_custom(|rounds| {
            let begin = now();
            runtime.block_on(async {
                for _ in 0..rounds {
                    let tasks = commands.iter().map(|command| {
                        let (mut connection, command) = (connection.clone(), command.clone());
                        tokio::spawn(async move {
                            for _ in 0..CALLS {
                                connection.send_packed_command(&command).await.expect("it answers");
                            }
                        })
                    });
                    for task in tasks.collect::<Vec<_>>() {
                        task.await.expect("it ends");
                    }
                }
            });
            begin.elapsed()
        });
    });
    let one_grant = (0..TASKS).map(|_| price(&LIMITS, "all")).collect();
    for (name, charges) in
        [("fixed", grants(&LIMITS)), ("sliding", grants(&SLIDING)), ("one_grant", one_grant)]
    {
        let charges: Vec<_> = charges.into_iter().map(std::sync::Arc::new).collect();
        group.bench_function(name, |b| {
            b.iter_custom(|rounds| {
                let begin = now();
                runtime.block_on(async {
                    for _ in 0..rounds {
                        let tasks = charges.iter().map(|charges| {
                            let (store, charges) = (store.clone(), charges.clone());
                            tokio::spawn(async move {
                                for _ in 0..CALLS {
                                    let reserved = store.reserve(&charges, SystemTime::UNIX_EPOCH).await;
                                    reserved.expect("there is room");
                                }
                            })
                        });
                        for task in tasks.collect::<Vec<_>>() {
                            task.await.expect("it ends");
                        }
                    }
                });
                begin.elapsed()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, charge_two_limits, charge_from_many_tasks);
criterion_main!(benches);
