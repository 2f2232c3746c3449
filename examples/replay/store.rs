//! Where the counters are kept while calls are played.

use std::error::Error;

use mcp_policy::{CounterStore, MemoryStore};

pub(crate) type Store = Box<dyn CounterStore>;

/// `memory`; `sqlite:` and the path of a file, or the URL of a Redis server, which go on from what is in them.
pub(crate) fn open(name: &str) -> Result<Store, Box<dyn Error>> {
    match name.split_once(':') {
        None if name == "memory" => Ok(Box::new(MemoryStore::new())),
        Some(("sqlite", path)) if !path.is_empty() => sqlite(path),
        Some(("redis" | "rediss", _)) => redis(name),
        // It is not repeated: a URL may hold a password.
        _ => Err("--store takes memory, sqlite:PATH or redis://HOST:PORT".into()),
    }
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &str) -> Result<Store, Box<dyn Error>> {
    let store = mcp_policy::store::SqliteStore::open(path);
    Ok(Box::new(store.map_err(|error| format!("cannot open {path}: {}", with_causes(&error)))?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str) -> Result<Store, Box<dyn Error>> {
    Err("--store sqlite:PATH needs the feature `sqlite`: cargo run --features sqlite --example replay -- …"
        .into())
}

/// The times are those of the recorded calls, so the server's own clock says nothing.
#[cfg(feature = "redis")]
fn redis(url: &str) -> Result<Store, Box<dyn Error>> {
    use mcp_policy::store::{RedisClock, RedisStore};

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let store = runtime.block_on(RedisStore::builder(url).clock(RedisClock::Caller).connect());
    let store = store.map_err(|error| format!("cannot reach the server: {}", with_causes(&error)))?;
    Ok(Box::new(waited::Waited { runtime, store }))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &str) -> Result<Store, Box<dyn Error>> {
    Err("--store redis://… needs the feature `redis`: cargo run --features redis --example replay -- …"
        .into())
}

/// A store that is waited for, call by call.
#[cfg(feature = "redis")]
mod waited {
    use std::time::SystemTime;

    use mcp_policy::CounterStore;
    use mcp_policy::limit::{Charges, Reservation};
    use mcp_policy::store::{AsyncCounterStore, Peek, RedisStore, Refusal, StoreError};
    use tokio::runtime::Runtime;

    pub(super) struct Waited {
        pub(super) runtime: Runtime,
        pub(super) store: RedisStore,
    }

    impl CounterStore for Waited {
        fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
            self.runtime.block_on(AsyncCounterStore::reserve(&self.store, charges, now))
        }

        fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
            self.runtime.block_on(AsyncCounterStore::refund(&self.store, reservation))
        }

        fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
            self.runtime.block_on(AsyncCounterStore::peek(&self.store, charges, now))
        }
    }
}

/// What went wrong, and why.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
