//! Counters in a file: kept, shared by processes, and denied when the file fails.
#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in a helper is to fail the test"
)]

mod bounds;
mod child;
mod faults;
mod files;
mod full;
mod keeping;
mod processes;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use mcp_policy::limit::Charges;
use mcp_policy::store::{Refusal, SqliteOptions, SqliteStore, StoreError};
use mcp_policy::{Context, CounterStore, Policy, ToolCall, Verdict};
use serde_json::{Value, json};

/// A folder of a test's own; gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self::below(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    fn below(parent: &Path) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("sqlite-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("counters.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn seconds(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// One limit of so many calls.
fn limit(name: &str, window: &str, max: u64) -> Value {
    json!({"counter": name, "window": window, "max": max})
}

/// The price of a call of a grant, with these limits.
fn price(limits: &[Value], grant: &str) -> Charges {
    let document = json!({"version": "1", "default": "allow", "all_tools": {"limits": limits}});
    let policy: Policy = document.to_string().parse().unwrap();
    let context = Context::new().grant(grant);
    match policy.judge(&ToolCall::new("t", None::<&Value>).context(&context), seconds(0)) {
        Verdict::Charge(charges) => charges,
        other => panic!("{other:?}"),
    }
}

/// How much is used of the first counter of a price.
fn used(store: &SqliteStore, charges: &Charges) -> u64 {
    store.peek(charges, seconds(0)).unwrap().used[0].millionths() / 1_000_000
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).unwrap_or_else(|error| panic!("{}", told(&error)))
}

/// A store that does not wait for long.
fn impatient(path: &Path) -> SqliteStore {
    SqliteOptions::new().busy_timeout(Duration::from_millis(100)).open(path).unwrap()
}

/// An error with what caused it.
fn told(error: &StoreError) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Why a store takes nothing: that it is not available, and what caused it.
fn unavailable(store: &SqliteStore, charges: &Charges) -> String {
    match store.reserve(charges, seconds(0)) {
        Err(Refusal::Unavailable(error)) => told(&error),
        other => panic!("{other:?}"),
    }
}
