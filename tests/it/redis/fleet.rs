//! Many processes, many tasks, one limit.

use std::env;
use std::process::{Command, Stdio};

use mcp_policy::store::{AsyncCounterStore, RedisStore, Refusal};
use serde_json::json;

use super::server::{Cluster, Server};
use super::{by_servers_clock, limited, price, run, seconds};

const PROCESSES: usize = 8;
const TASKS: usize = 8;

fn a_thousand() -> mcp_policy::limit::Charges {
    price(
        &limited(&[
            json!({"window": 31_536_000, "max": 1_000, "algorithm": "sliding"}),
            json!({"window": "lifetime", "max": 1_000}),
            json!({"window": "lifetime", "max": 1e12}),
        ]),
        &json!({}),
        seconds(0),
    )
}

/// Takes what there is, and returns how much that was.
async fn take(store: RedisStore) -> u64 {
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let (charges, mut passed) = (a_thousand(), 0);
                loop {
                    match store.reserve(&charges, seconds(0)).await {
                        Ok(_) => passed += 1,
                        Err(Refusal::Exceeded(_)) => return passed,
                        Err(refusal) => panic!("{refusal:?}"),
                    }
                }
            })
        })
        .collect();
    let mut passed = 0;
    for task in tasks {
        passed += task.await.unwrap();
    }
    passed
}

#[test]
#[ignore = "it is one of the processes that the other tests start"]
fn process() {
    let url = env::var(URL).unwrap();
    println!("{TAKEN}{}", run(async { take(by_servers_clock(&url).await).await }));
}

fn processes(url: &str) -> u64 {
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            Command::new(env::current_exe().unwrap())
                .args(["redis::fleet::process", "--exact", "--ignored", "--nocapture"])
                .env(URL, url)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut passed = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        let taken = text.split(TAKEN).nth(1).unwrap().lines().next().unwrap();
        passed += taken.parse::<u64>().unwrap();
    }
    passed
}

#[test]
fn t33_eight_processes_of_eight_tasks_take_exactly_what_there_is() {
    let server = Server::start();
    assert_eq!(processes(&server.url()), 1_000);
}

#[test]
fn t33_eight_processes_of_eight_tasks_take_exactly_what_there_is_in_a_cluster() {
    let cluster = Cluster::start(0);
    assert_eq!(processes(&cluster.url()), 1_000);
}

const URL: &str = "MCP_POLICY_TEST_REDIS";

const TAKEN: &str = "taken: ";
