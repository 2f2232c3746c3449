//! The Redis store, on servers that the tests start themselves.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what goes wrong in a helper is to fail the test"
)]

mod batches;
mod cases;
mod clock;
mod cluster;
#[cfg(feature = "test-util")]
mod conformance;
mod differential;
mod failover;
mod faults;
mod fleet;
mod keys;
mod leases;
mod load;
mod proxy;
pub(crate) mod server;
mod stored;
#[cfg(feature = "redis-tls")]
mod tls;

use std::error::Error as _;
use std::future::Future;
use std::time::{Duration, SystemTime};

use mcp_policy::limit::Charges;
use mcp_policy::store::{AsyncCounterStore, RedisClock, RedisStore, Refusal};
use mcp_policy::{Context, Policy, ToolCall, Verdict};
use serde_json::{Value, json};

use server::now;

/// Runs a future on a runtime of its own, with two threads as a small gateway has.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(future)
}

async fn by_callers_clock(url: &str) -> RedisStore {
    // Longer than usual: what is tested is not how fast a busy machine answers.
    let builder = RedisStore::builder(url).clock(RedisClock::Caller);
    builder.response_timeout(Duration::from_secs(5)).connect().await.unwrap()
}

async fn by_servers_clock(url: &str) -> RedisStore {
    RedisStore::builder(url).response_timeout(Duration::from_secs(5)).connect().await.unwrap()
}

fn seconds(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn policy(tools: &Value) -> Policy {
    json!({"version": "1", "default": "deny", "tools": tools}).to_string().parse().unwrap()
}

/// A policy with one tool, `t`, and these limits for all who call it.
fn limited(limits: &[Value]) -> Policy {
    let limits = limits.iter().enumerate().map(|(index, limit)| {
        let mut limit = limit.clone();
        limit["counter"] = format!("c{index}").into();
        if limit.get("scope").is_none() {
            limit["scope"] = "global".into();
        }
        limit
    });
    policy(&json!({"t": {"limits": limits.collect::<Vec<_>>()}}))
}

/// What the tool `t` costs.
fn price(policy: &Policy, arguments: &Value, now: SystemTime) -> Charges {
    let context = Context::new().grant("g");
    match policy.judge(&ToolCall::new("t", arguments).context(&context), now) {
        Verdict::Charge(charges) => charges,
        verdict => panic!("{verdict:?}"),
    }
}

/// The key and the field of a counter, for the prefix that is used unless another is said.
fn place_of(key: &str) -> (String, String) {
    let parts: Vec<_> = key.split('|').collect();
    let (limit, scopes) = parts.split_at(4);
    (format!("mcp-policy:{{{}", limit.join("|")).replacen('|', "}|", 1), scopes.join("|"))
}

/// How long the stores of the fault tests wait.
const TIMEOUT: Duration = Duration::from_millis(300);

/// A store that does not wait for long.
async fn impatient(url: &str) -> RedisStore {
    RedisStore::builder(url).response_timeout(TIMEOUT).connect().await.unwrap()
}

/// What comes of a charge. It must come soon: nothing hangs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Came {
    Exceeded,
    Passed,
    /// The store failed, and this is why.
    Unavailable(String),
}

async fn charge(store: &RedisStore, charges: &Charges) -> Came {
    let begin = now();
    let answer = store.reserve(charges, SystemTime::UNIX_EPOCH).await;
    let took = begin.elapsed();
    // Much more than the timeout, for the machine may be busy, and much less than for ever.
    assert!(took < TIMEOUT * 5 + Duration::from_secs(5), "{took:?}");
    match answer {
        Ok(_) => Came::Passed,
        Err(Refusal::Exceeded(_)) => Came::Exceeded,
        Err(Refusal::Unavailable(error)) => Came::Unavailable(error.source().unwrap().to_string()),
        Err(refusal) => panic!("{refusal:?}"),
    }
}

impl Came {
    fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Charges until something else comes than that the store is not available, for ten seconds at most.
async fn recovered(store: &RedisStore, charges: &Charges) -> Came {
    let begin = now();
    loop {
        let came = charge(store, charges).await;
        if !came.is_unavailable() {
            return came;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not recover: {came:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Charges until the limit is reached, and counts what passed.
async fn spend(store: &RedisStore, charges: &Charges) -> u64 {
    spend_all(store, charges).await[0]
}

/// Charges until the limit is reached, for ten seconds at most, and counts what passed and what was denied because the
/// store failed.
async fn spend_all(store: &RedisStore, charges: &Charges) -> [u64; 2] {
    let (begin, mut spent) = (now(), [0, 0]);
    loop {
        match charge(store, charges).await {
            Came::Passed => spent[0] += 1,
            Came::Unavailable(why) => {
                assert!(begin.elapsed() < Duration::from_secs(10), "it does not recover: {why}");
                spent[1] += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Came::Exceeded => return spent,
        }
    }
}
