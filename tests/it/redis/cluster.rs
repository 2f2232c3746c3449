//! A cluster of three masters.

use mcp_policy::limit::Charges;
use mcp_policy::store::{AsyncCounterStore, RedisStore};
use mcp_policy::{Decision, Evaluator, Outcome, ToolCall};
use serde_json::{Value, json};

use super::server::{Cluster, Server, wait_for};
use super::{Came, by_servers_clock, charge, limited, price, recovered, run, seconds, spend};

fn ten_a_day() -> Charges {
    let limits = [json!({"window": "day", "max": 10}), json!({"window": "lifetime", "max": 10})];
    price(&limited(&limits), &json!({}), seconds(0))
}

/// The slot of the keys of the namespace `""`.
fn slot(cluster: &Cluster) -> u16 {
    cluster.masters[0].run("CLUSTER KEYSLOT {ns:}")
}

/// The master that has the slot.
fn owner(cluster: &Cluster) -> usize {
    match slot(cluster) {
        ..5_461 => 0,
        5_461..10_923 => 1,
        _ => 2,
    }
}

#[test]
fn t33_each_namespace_has_its_slot_and_all_of_its_counters_are_there() {
    let cluster = Cluster::start(0);
    run(async {
        let store = by_servers_clock(&cluster.url()).await;
        let policy =
            limited(&[json!({"window": "day", "max": 3}), json!({"window": "hour", "max": 100_000})]);
        for namespace in 0..30 {
            let evaluator = Evaluator::builder(store.clone())
                .policy(policy.clone())
                .namespace(format!("server-{namespace}"))
                .build();
            let call = ToolCall::new("t", None::<&Value>);
            let mut passed = 0;
            for _ in 0..5 {
                if let Decision::Allow(permit) = evaluator.evaluate_async(&call).await {
                    passed += 1;
                    permit.settle_async(Outcome::Succeeded).await.unwrap();
                }
            }
            assert_eq!(passed, 3, "{namespace}");
        }
        // They are spread over the nodes, both counters of each.
        let sizes: Vec<u32> = cluster.masters.iter().map(|node| node.run("DBSIZE")).collect();
        assert_eq!(sizes.iter().sum::<u32>(), 60);
        assert!(sizes.iter().all(|size| *size > 0 && size % 2 == 0), "{sizes:?}");
    });
}

#[test]
fn t42_a_store_that_knows_one_node_of_several_connects() {
    let cluster = Cluster::start(0);
    run(async {
        let nobody = format!("redis://127.0.0.1:{}", super::server::free_port());
        let store = RedisStore::builder(&nobody).node(&cluster.masters[2].url()).connect().await.unwrap();
        assert_eq!(spend(&store, &ten_a_day()).await, 10);
    });
}

#[test]
fn t42_a_slot_that_moves_takes_its_counts_along() {
    let cluster = Cluster::start(0);
    let from = owner(&cluster);
    let (from, to) = (&cluster.masters[from], &cluster.masters[(from + 1) % 3]);
    let slot = slot(&cluster);
    let id = |node: &Server| node.run::<String>("CLUSTER MYID");
    run(async {
        let (store, charges) = (by_servers_clock(&cluster.url()).await, ten_a_day());
        for _ in 0..3 {
            assert_eq!(charge(&store, &charges).await, Came::Passed);
        }
        to.run::<()>(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", id(from)));
        from.run::<()>(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", id(to)));
        // All keys are here still.
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        let keys: Vec<String> = from.run(&format!("CLUSTER GETKEYSINSLOT {slot} 10"));
        assert_eq!(keys.len(), 2);
        from.run::<()>(&format!("MIGRATE 127.0.0.1 {} {} 0 5000", to.port(), keys[0]));
        // One is here and one is there: nothing can be done in one step, and nothing is.
        assert!(charge_soon(&store, &charges).await.is_unavailable());
        from.run::<()>(&format!("MIGRATE 127.0.0.1 {} {} 0 5000", to.port(), keys[1]));
        // Both are there, and the slot is not yet.
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        for node in [to, from, &cluster.masters[(owner(&cluster) + 2) % 3]] {
            node.run::<()>(&format!("CLUSTER SETSLOT {slot} NODE {}", id(to)));
        }
        assert_eq!(spend(&store, &charges).await, 5);
    });
}

/// With a short timeout, for it is waited for in vain.
async fn charge_soon(store: &RedisStore, charges: &Charges) -> Came {
    let charging = charge(store, charges);
    tokio::time::timeout(super::TIMEOUT, charging).await.unwrap_or(Came::Unavailable("too late".to_owned()))
}

#[test]
fn t42_the_replica_of_a_master_that_dies_takes_over() {
    let mut cluster = Cluster::start(1);
    // Its replica is that of the first master.
    let namespace = (0..1_000)
        .map(|n| format!("n{n}"))
        .find(|name| cluster.masters[0].run::<u16>(&format!("CLUSTER KEYSLOT {{ns:{name}}}")) < 5_461)
        .unwrap();
    run(async {
        let store = RedisStore::builder(&cluster.masters[1].url()).response_timeout(super::TIMEOUT).connect();
        let policy = limited(&[json!({"window": "day", "max": 10})]);
        let evaluator =
            Evaluator::builder(store.await.unwrap()).policy(policy).namespace(namespace.as_str()).build();
        let call = ToolCall::new("t", None::<&Value>);
        let is_let_through = async || matches!(evaluator.evaluate_async(&call).await, Decision::Allow(_));
        for _ in 0..4 {
            assert!(is_let_through().await);
        }
        cluster.masters[0].replicate(&format!("{{ns:{namespace}}}any"));
        cluster.masters[0].kill();
        assert!(!is_let_through().await);
        let replica = &cluster.replicas[0];
        wait_for(|| replica.run::<String>("INFO replication").contains("role:master"));
        let begin = super::now();
        let mut passed = 0;
        while passed < 6 {
            passed += u64::from(is_let_through().await);
            assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{passed}");
        }
        for _ in 0..5 {
            assert!(!is_let_through().await);
        }
    });
}

#[test]
fn t42_a_node_that_is_stopped_denies_its_namespaces_and_goes_on() {
    let cluster = Cluster::start(0);
    run(async {
        let (store, charges) = (by_short_timeout(&cluster).await, ten_a_day());
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        let node = &cluster.masters[owner(&cluster)];
        node.signal("-STOP");
        for _ in 0..3 {
            assert!(charge(&store, &charges).await.is_unavailable());
        }
        node.signal("-CONT");
        assert_eq!(recovered(&store, &charges).await, Came::Passed);
        // What was sent while it stood still may have been charged.
        let passed = spend(&store, &charges).await;
        assert!((5..=8).contains(&passed), "{passed}");
    });
}

async fn by_short_timeout(cluster: &Cluster) -> RedisStore {
    RedisStore::builder(&cluster.url()).response_timeout(super::TIMEOUT).connect().await.unwrap()
}

#[test]
fn t42_a_refund_in_a_cluster_reaches_its_window() {
    let cluster = Cluster::start(0);
    run(async {
        let (store, charges) = (by_servers_clock(&cluster.url()).await, ten_a_day());
        let reservation = store.reserve(&charges, seconds(0)).await.unwrap();
        for node in &cluster.masters {
            node.run::<()>("SCRIPT FLUSH");
        }
        store.refund(&reservation).await.unwrap();
        assert_eq!(spend(&store, &charges).await, 10);
    });
}
