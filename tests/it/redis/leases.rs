//! Leases on a real server: gateways that take blocks, of which one disappears.

use std::time::SystemTime;

use mcp_policy::limit::Charges;
use mcp_policy::store::{AsyncCounterStore, Leased, RedisStore, Refusal};
use serde_json::json;

use super::server::{Cluster, Server};
use super::{by_servers_clock, limited, price, run, seconds};

const GATEWAYS: usize = 4;
const TASKS: usize = 8;
const MAX: u64 = 1_000;
/// `MAX` / 20.
const BLOCK: u64 = 50;

fn a_thousand_a_year() -> Charges {
    price(&limited(&[json!({"window": 31_536_000, "max": MAX})]), &json!({}), seconds(0))
}

#[expect(clippy::disallowed_methods, reason = "leases go by how the two clocks differ")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Takes up to so much, by many tasks at once, and returns how much that was.
async fn take(store: &Leased<RedisStore>, most: u64) -> u64 {
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let store = store.clone();
            let most = most / u64::try_from(TASKS).unwrap();
            tokio::spawn(async move {
                let (charges, mut passed) = (a_thousand_a_year(), 0);
                while passed < most {
                    match store.reserve(&charges, now()).await {
                        Ok(_) => passed += 1,
                        Err(Refusal::Exceeded(_)) => break,
                        Err(refusal) => panic!("{refusal:?}"),
                    }
                }
                passed
            })
        })
        .collect();
    let mut passed = 0;
    for task in tasks {
        passed += task.await.unwrap();
    }
    passed
}

async fn gateways(url: &str) {
    let mut gateways = Vec::new();
    for _ in 0..GATEWAYS {
        // Each has a connection of its own, as if it were a process.
        gateways.push(Leased::new(by_servers_clock(url).await).share(20));
    }
    let shared = by_servers_clock(url).await;
    let used = async || {
        let used = shared.peek(&a_thousand_a_year(), now()).await.unwrap().used;
        used[0].to_string().parse::<u64>().unwrap()
    };

    // One takes some, and is gone with what is left of its block.
    let lost = take(&gateways.pop().unwrap(), 64).await;
    assert_eq!(lost, 64);
    let unspent = used().await - lost;
    assert!(unspent < BLOCK, "{unspent}");

    let taking: Vec<_> = gateways
        .iter()
        .map(|gateway| {
            let gateway = gateway.clone();
            tokio::spawn(async move { take(&gateway, u64::MAX).await })
        })
        .collect();
    let mut taken = lost;
    for taking in taking {
        taken += taking.await.unwrap();
    }
    // Never more than the limit, and the price is what the documentation says.
    let price = unspent + BLOCK * u64::try_from(gateways.len()).unwrap();
    assert!(taken <= MAX - unspent && taken + price >= MAX, "{taken}");

    // What is given back can be had by others, all of it.
    for gateway in &gateways {
        gateway.release().await.unwrap();
    }
    assert_eq!(used().await, taken + unspent);
    let newcomer = Leased::new(by_servers_clock(url).await).share(20);
    taken += take(&newcomer, u64::MAX).await;
    assert_eq!(taken, MAX - unspent);
    assert_eq!(used().await, MAX);
}

#[test]
fn t33_gateways_that_lease_let_through_what_there_is_but_for_what_disappears_with_one() {
    let server = Server::start();
    run(gateways(&server.url()));
}

#[test]
fn t33_gateways_that_lease_from_a_cluster_let_through_what_there_is() {
    let cluster = Cluster::start(0);
    run(gateways(&cluster.url()));
}

#[test]
fn t42_while_the_server_is_away_a_block_is_spent_and_no_more_and_then_it_goes_on() {
    let server = Server::start();
    run(async {
        let store = Leased::new(super::impatient(&server.url()).await).share(20);
        let charges = a_thousand_a_year();
        store.reserve(&charges, now()).await.unwrap();
        server.signal("-STOP");
        for left in (0..BLOCK - 1).rev() {
            assert!(store.reserve(&charges, now()).await.is_ok(), "{left}");
        }
        for _ in 0..3 {
            let refused = store.reserve(&charges, now()).await;
            assert!(matches!(refused, Err(Refusal::Unavailable(_))), "{refused:?}");
        }
        server.signal("-CONT");
        let begin = super::now();
        let mut passed = BLOCK;
        loop {
            match store.reserve(&charges, now()).await {
                Ok(_) => passed += 1,
                Err(Refusal::Exceeded(_)) => break,
                Err(refusal) => {
                    assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{refusal:?}");
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            }
        }
        // What was asked for while the server stood still may be a block, or what a call costs, and is lost.
        assert!(passed <= MAX && passed + 4 * BLOCK >= MAX, "{passed}");
    });
}
