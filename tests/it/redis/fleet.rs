//! Many processes, many tasks, one limit.

use std::env;
use std::io::{self, BufRead as _, BufReader, Write as _};
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
    let taken = run(async {
        let store = by_servers_clock(&url).await;
        println!("\n{READY}");
        // Until all are.
        io::stdin().read_line(&mut String::new()).unwrap();
        take(store).await
    });
    println!("{TAKEN}{taken}");
}

/// What each of the processes was given.
fn processes(url: &str) -> Vec<u64> {
    let mut children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let mut child = Command::new(env::current_exe().unwrap())
                .args(["redis::fleet::process", "--exact", "--ignored", "--nocapture"])
                .env(URL, url)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            (child, lines)
        })
        .collect();
    for (_, lines) in &mut children {
        assert!(lines.any(|line| line.unwrap() == READY));
    }
    for (child, _) in &mut children {
        writeln!(child.stdin.as_mut().unwrap()).unwrap();
    }
    let taken = children.into_iter().map(|(mut child, lines)| {
        let lines: Vec<String> = lines.map(Result::unwrap).collect();
        assert!(child.wait().unwrap().success(), "{lines:?}");
        lines.iter().find_map(|line| line.strip_prefix(TAKEN)).unwrap().parse().unwrap()
    });
    taken.collect()
}

fn assert_that_they_took_a_thousand(taken: &[u64]) {
    assert_eq!(taken.iter().sum::<u64>(), 1_000, "{taken:?}");
    // Else it would be a test of one.
    assert!(taken.iter().filter(|taken| **taken > 0).count() > PROCESSES / 2, "{taken:?}");
}

#[test]
fn t33_eight_processes_of_eight_tasks_take_exactly_what_there_is() {
    let server = Server::start();
    assert_that_they_took_a_thousand(&processes(&server.url()));
}

#[test]
fn t33_eight_processes_of_eight_tasks_take_exactly_what_there_is_in_a_cluster() {
    let cluster = Cluster::start(0);
    assert_that_they_took_a_thousand(&processes(&cluster.url()));
}

const URL: &str = "MCP_POLICY_TEST_REDIS";

const READY: &str = "ready";

const TAKEN: &str = "taken: ";
