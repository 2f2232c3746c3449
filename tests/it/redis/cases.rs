//! The cases that are data, through Redis.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use mcp_policy::CounterStore;
use mcp_policy::limit::{Charges, Reservation};
use mcp_policy::store::{AsyncCounterStore, Peek, RedisClock, RedisStore, Refusal, StoreError};
use tokio::runtime::{Handle, Runtime};

use super::server::{Cluster, Server};

/// A store that is waited for.
struct Waited {
    runtime: Handle,
    store: RedisStore,
}

impl CounterStore for Waited {
    fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        self.runtime.block_on(self.store.reserve(charges, now))
    }

    fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        self.runtime.block_on(self.store.refund(reservation))
    }

    fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        self.runtime.block_on(self.store.peek(charges, now))
    }
}

/// Plays every case with counters of its own: a prefix for each.
fn every_case_comes_to_what_it_says(url: &str) {
    let runtime = Runtime::new().unwrap();
    let number = Cell::new(0);
    crate::cases::play_all(|| {
        number.set(number.get() + 1);
        let prefix = format!("case-{}:", number.get());
        let builder = RedisStore::builder(url).prefix(&prefix).clock(RedisClock::Caller);
        let connecting = builder.response_timeout(Duration::from_secs(5)).connect();
        Box::new(Waited { runtime: runtime.handle().clone(), store: runtime.block_on(connecting).unwrap() })
    });
    assert!(number.get() > 50);
}

#[test]
fn every_case_comes_to_what_it_says_on_a_server() {
    let server = Server::start();
    every_case_comes_to_what_it_says(&server.url());
    // They were counted there.
    assert!(server.run::<u32>("DBSIZE") > 50);
}

#[test]
fn every_case_comes_to_what_it_says_in_a_cluster() {
    let cluster = Cluster::start(0);
    every_case_comes_to_what_it_says(&cluster.url());
    let counted: u32 = cluster.masters.iter().map(|node| node.run::<u32>("DBSIZE")).sum();
    assert!(counted > 50);
}
