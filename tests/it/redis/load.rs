//! Faults under load: while the server keeps its data, never more than the limit passes, whatever breaks.

use std::env;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use mcp_policy::limit::Charges;
use mcp_policy::store::{AsyncCounterStore, RedisStore};
use serde_json::json;

use super::proxy::{Answers, Proxy};
use super::server::Server;
use super::{Came, by_servers_clock, charge, impatient, limited, now, price, run, seconds};

const TASKS: usize = 4;

fn charges(max: u64) -> Charges {
    let limits = [json!({"window": 31_536_000, "max": max}), json!({"window": "lifetime", "max": 1e12})];
    price(&limited(&limits), &json!({}), seconds(0))
}

/// What came of the calls of some tasks.
#[derive(Default)]
struct Load {
    passed: AtomicU64,
    unavailable: AtomicU64,
    is_over: AtomicBool,
}

impl Load {
    /// Calls until the limit is reached, or it is over.
    async fn call(&self, store: &RedisStore, charges: &Charges) {
        while !self.is_over.load(Ordering::SeqCst) {
            match charge(store, charges).await {
                Came::Passed => self.passed.fetch_add(1, Ordering::SeqCst),
                Came::Exceeded => return self.is_over.store(true, Ordering::SeqCst),
                Came::Unavailable(_) => {
                    // Not to do nothing but that while it cannot be reached.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    self.unavailable.fetch_add(1, Ordering::SeqCst)
                }
            };
        }
    }

    fn start(self: &Arc<Self>, store: &RedisStore, max: u64) {
        for _ in 0..TASKS {
            let (load, store) = (Arc::clone(self), store.clone());
            tokio::spawn(async move { load.call(&store, &charges(max)).await });
        }
    }

    /// Waits until so many more have passed, or the limit is reached.
    async fn goes_on(&self, more: u64) {
        let (begin, before) = (now(), self.passed.load(Ordering::SeqCst));
        while self.passed.load(Ordering::SeqCst) < before + more && !self.is_over.load(Ordering::SeqCst) {
            assert!(begin.elapsed() < Duration::from_secs(20), "it does not recover");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until more calls have been denied.
    async fn breaks(&self) {
        let (begin, before) = (now(), self.unavailable.load(Ordering::SeqCst));
        while self.unavailable.load(Ordering::SeqCst) < before + 5 {
            assert!(begin.elapsed() < Duration::from_secs(20), "nothing breaks");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// What the server counted is what passed, and of what was denied no more than all.
    async fn is_what_was_counted(&self, url: &str, max: u64) {
        let peek = by_servers_clock(url).await.peek(&charges(max), seconds(0)).await.unwrap();
        let used = peek.used.iter().map(|used| used.to_string().parse::<u64>().unwrap()).collect::<Vec<_>>();
        let [passed, unavailable] =
            [&self.passed, &self.unavailable].map(|count| count.load(Ordering::SeqCst));
        assert!(passed <= max, "{passed}");
        assert_eq!(used[0], used[1], "a call was charged by half");
        assert!(
            (passed..=passed + unavailable).contains(&used[0]),
            "{used:?} were counted, {passed} passed, {unavailable} were denied"
        );
        assert!(unavailable > 0, "nothing broke");
    }
}

#[test]
fn t42_lines_that_break_and_delay_at_any_moment_never_let_more_through() {
    const MAX: u64 = 3_000;
    let server = Server::start();
    let proxies = [Proxy::to(server.port()), Proxy::to(server.port())];
    run(async {
        let load = Arc::new(Load::default());
        for proxy in &proxies {
            load.start(&impatient(&proxy.url()).await, MAX);
        }
        for round in 0..12 {
            load.goes_on(100).await;
            for (proxy, fault) in proxies.iter().zip(round..) {
                match fault % 3 {
                    0 => proxy.answers(Answers::Cut),
                    1 => proxy.break_requests_after(1_000 + 37 * round),
                    _ => proxy.answers(Answers::Late(400)),
                }
            }
            load.breaks().await;
            for proxy in &proxies {
                proxy.answers(Answers::Pass);
                proxy.break_requests_after(u64::MAX);
            }
        }
        // It is not the limit that ended it.
        assert!(!load.is_over.load(Ordering::SeqCst));
        load.goes_on(u64::MAX / 2).await;
        tokio::time::sleep(super::TIMEOUT * 2).await;
        load.is_what_was_counted(&server.url(), MAX).await;
    });
}

#[test]
fn t42_a_server_that_is_killed_under_load_and_keeps_its_data_never_lets_more_through() {
    const MAX: u64 = 2_000;
    let folder = env::temp_dir().join(format!("mcp-policy-kept-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let kept = ["--dir", folder.to_str().unwrap(), "--appendonly", "yes", "--appendfsync", "always"];
    let mut server = Server::with(&kept);
    run(async {
        let load = Arc::new(Load::default());
        load.start(&impatient(&server.url()).await, MAX);
        for _ in 0..10 {
            load.goes_on(100).await;
            server.start_again();
        }
        assert!(!load.is_over.load(Ordering::SeqCst));
        load.goes_on(u64::MAX / 2).await;
        load.is_what_was_counted(&server.url(), MAX).await;
    });
    drop(server);
    fs::remove_dir_all(&folder).unwrap();
}
