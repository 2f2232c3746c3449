//! The suite for counter stores.

use mcp_policy::store::RedisStore;
use mcp_policy::store::conformance::Suite;

use super::by_callers_clock;
use super::server::{Cluster, Server};

fn conforms(url: String) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (opening, waiting) = (runtime.handle().clone(), runtime.handle().clone());
    let store: RedisStore = runtime.block_on(by_callers_clock(&url));
    Suite::new(move || store.clone())
        .waiting(move |future| waiting.block_on(future))
        .reopening(move |store| *store = opening.block_on(by_callers_clock(&url)))
        .run()
        .unwrap();
}

#[test]
fn the_redis_store_conforms() {
    conforms(Server::start().url());
}

#[test]
fn the_redis_store_conforms_on_a_cluster_of_three_masters() {
    conforms(Cluster::start(0).url());
}
