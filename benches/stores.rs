//! What does a charge cost in a store that keeps its counters in a file?
//!
//! The yardstick is the least that any such store can do: one row that is written or changed in one
//! transaction, with the same settings, on the same file system, in the same run.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark on a store that fails measures nothing"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mcp_policy::limit::Charges;
use mcp_policy::store::{Durability, SqliteOptions, SqliteStore};
use mcp_policy::{Context, CounterStore, Policy, ToolCall, Verdict};
use rusqlite::Connection;
use serde_json::{Value, json};

/// How many counters there are.
const COUNTERS: [u64; 2] = [1, 10_000];

/// Does a charge take little more than writing a row?
fn charge(criterion: &mut Criterion) {
    for durability in [Durability::Process, Durability::Machine] {
        for counters in COUNTERS {
            let folder = Folder::new();
            let mut group = criterion.benchmark_group(format!("charge/{durability:?}/{counters}"));
            let bare = bare(&folder.file("bare.db"), durability);
            let keys: Vec<String> = charges(1, counters).iter().map(key).collect();
            for key in &keys {
                upsert(&bare, key);
            }
            let mut next = picks(counters);
            group.bench_function("bare_upsert", |bencher| {
                bencher.iter(|| upsert(&bare, &keys[next()]));
            });
            for limits in [1, 2] {
                let store = open(&folder.file(&format!("{limits}.db")), durability);
                let charges = charges(limits, counters);
                for charges in &charges {
                    take(&store, charges);
                }
                let mut next = picks(counters);
                group.bench_function(BenchmarkId::new("limits", limits), |bencher| {
                    bencher.iter(|| take(&store, &charges[next()]));
                });
            }
            group.finish();
        }
    }
}

/// How many times as long as writing a row does a charge take? In turns, so that whatever else the machine does
/// falls on all of them alike, and often enough for each to have emptied its log many times; all in all.
fn ratio(_: &mut Criterion) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut filters = arguments.iter().filter(|argument| !argument.starts_with('-'));
    if !filters.next().is_none_or(|filter| "ratio".contains(filter.as_str())) {
        return;
    }
    let (rounds, calls) =
        if arguments.iter().any(|argument| argument == "--test") { (1, 1) } else { (1_000, 200) };
    for counters in COUNTERS {
        let folder = Folder::new();
        let bare = bare(&folder.file("bare.db"), Durability::Process);
        let stores = [1, 2].map(|limits| {
            (open(&folder.file(&format!("{limits}.db")), Durability::Process), charges(limits, counters))
        });
        let keys: Vec<String> = stores[0].1.iter().map(key).collect();
        for key in &keys {
            upsert(&bare, key);
        }
        for (store, charges) in &stores {
            for charges in charges {
                take(store, charges);
            }
        }
        let mut next = picks(counters);
        let mut time = |work: &dyn Fn(usize)| {
            let begin = clock();
            for _ in 0..calls {
                work(next());
            }
            begin.elapsed().as_secs_f64()
        };
        let (mut yardstick, mut taken) = (0.0, [0.0; 2]);
        for _ in 0..rounds {
            yardstick += time(&|index| upsert(&bare, &keys[index]));
            for ((store, charges), taken) in stores.iter().zip(&mut taken) {
                *taken += time(&|index| take(store, &charges[index]));
            }
        }
        let [one, two] = taken.map(|taken| taken / yardstick);
        println!("ratio/{counters} counters: one limit {one:.2}, two limits {two:.2} times a bare upsert");
    }
}

/// Is one connection that threads take turns at better than one for each thread?
fn threads(criterion: &mut Criterion) {
    const THREADS: usize = 4;
    let folder = Folder::new();
    let shared = Arc::new(open(&folder.file("shared.db"), Durability::Process));
    let path = folder.file("own.db");
    let own: Vec<_> = (0..THREADS).map(|_| Arc::new(open(&path, Durability::Process))).collect();
    let charges = charges(1, 100);
    let mut group = criterion.benchmark_group("threads");
    group.throughput(Throughput::Elements(u64::try_from(THREADS).unwrap_or(0)));
    for (name, stores) in [("one_connection", vec![shared; THREADS]), ("one_each", own)] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| race(&stores, &charges, rounds));
        });
    }
    group.finish();
}

fn race(stores: &[Arc<SqliteStore>], charges: &[Charges], rounds: u64) -> Duration {
    let begin = clock();
    thread::scope(|scope| {
        for (index, store) in stores.iter().enumerate() {
            scope.spawn(move || {
                for charges in charges.iter().cycle().skip(index).zip(0..rounds).map(|(charges, _)| charges) {
                    take(store, charges);
                }
            });
        }
    });
    begin.elapsed()
}

fn open(path: &Path, durability: Durability) -> SqliteStore {
    let options = SqliteOptions::new().durability(durability).busy_timeout(Duration::from_secs(60));
    options.open(path).unwrap_or_else(|error| panic!("{error:?}"))
}

fn take(store: &SqliteStore, charges: &Charges) {
    assert!(store.reserve(charges, SystemTime::UNIX_EPOCH).is_ok());
}

/// The price of a call with so many limits, of each of so many sessions.
fn charges(limits: usize, sessions: u64) -> Vec<Charges> {
    let limits: Vec<Value> = ["day", "hour"]
        .iter()
        .take(limits)
        .map(|window| json!({"counter": format!("writes_{window}"), "window": window, "max": 1e12, "scope": "session"}))
        .collect();
    let document = json!({"version": "1", "default": "allow", "all_tools": {"limits": limits}});
    let policy = Policy::from_json(&document.to_string()).unwrap_or_else(|error| panic!("{error}"));
    let charges = (0..sessions).map(|session| {
        let session = format!("a8b2f0c4-55d1-4c1e-9b1a-{session:012}");
        let context = Context::new().session(&session);
        let call = ToolCall::new("t", None::<&Value>).context(&context);
        match policy.judge(&call, SystemTime::UNIX_EPOCH) {
            Verdict::Charge(charges) => charges,
            other => panic!("{other:?}"),
        }
    });
    charges.collect()
}

fn key(charges: &Charges) -> String {
    charges.charges()[0].key().to_owned()
}

fn bare(path: &Path, durability: Durability) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    let synchronous = match durability {
        Durability::Machine => "FULL",
        Durability::Process => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous).unwrap();
    connection.pragma_update(None, "cache_size", -16_384).unwrap();
    let table = "CREATE TABLE bare (key TEXT PRIMARY KEY, used INTEGER NOT NULL) STRICT, WITHOUT ROWID";
    connection.execute_batch(table).unwrap();
    connection
}

fn upsert(connection: &Connection, key: &str) {
    let upsert = "INSERT INTO bare VALUES (?1, 1) ON CONFLICT (key) DO UPDATE SET used = used + 1";
    connection.prepare_cached("BEGIN IMMEDIATE").unwrap().execute(()).unwrap();
    connection.prepare_cached(upsert).unwrap().execute((key,)).unwrap();
    connection.prepare_cached("COMMIT").unwrap().execute(()).unwrap();
}

/// Indices in an order that no cache can guess, the same in every run.
fn picks(counters: u64) -> impl FnMut() -> usize {
    let mut state = 1_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % counters).unwrap_or(0)
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures")]
fn clock() -> Instant {
    Instant::now()
}

/// A folder on the disk that the project is built on; gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stores-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

criterion_group!(stores, charge, ratio, threads);
criterion_main!(stores);
