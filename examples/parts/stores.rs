//! Where counters are kept.

use std::sync::Arc;

use mcp_policy::{CounterStore, MemoryStore};

#[cfg(any(feature = "redis", feature = "sqlite"))]
use crate::causes::with_causes;

/// A counter store, whichever was chosen.
pub(crate) type Store = Arc<dyn CounterStore>;

/// What `--store` takes.
pub(crate) struct Opening<'a> {
    /// `memory`; `sqlite:` and the path of a file, or the URL of a Redis server, which go on from what is in them.
    pub(crate) name: &'a str,
    /// Whether the times are those of recorded calls, so that a server's own clock says nothing.
    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "no other store has a clock of its own"))]
    pub(crate) is_recorded: bool,
}

impl Opening<'_> {
    pub(crate) fn open(&self) -> Result<Store, String> {
        match self.name.split_once(':') {
            None if self.name == "memory" => Ok(Arc::new(MemoryStore::new())),
            Some(("sqlite", path)) if !path.is_empty() => sqlite(path),
            Some(("redis" | "rediss", _)) => redis(self),
            // It is not repeated: a URL may hold a password.
            _ => Err("--store takes memory, sqlite:PATH or redis://HOST:PORT".to_owned()),
        }
    }
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &str) -> Result<Store, String> {
    let store = mcp_policy::store::SqliteStore::open(path);
    Ok(Arc::new(store.map_err(|error| format!("cannot open {path}: {}", with_causes(&error)))?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str) -> Result<Store, String> {
    Err("--store sqlite:PATH needs the feature `sqlite`: cargo run --features sqlite …".to_owned())
}

#[cfg(feature = "redis")]
fn redis(opening: &Opening<'_>) -> Result<Store, String> {
    use mcp_policy::store::{RedisClock, RedisStore};

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start a runtime: {error}"))?;
    let clock = if opening.is_recorded { RedisClock::Caller } else { RedisClock::Server };
    let connecting = RedisStore::builder(opening.name).clock(clock);
    let store = waited::wait(&runtime, connecting.connect()).ok_or("the runtime has stopped")?;
    let store = store.map_err(|error| format!("cannot reach the server: {}", with_causes(&error)))?;
    Ok(Arc::new(waited::Waited { runtime, store }))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &Opening<'_>) -> Result<Store, String> {
    Err("--store redis://… needs the feature `redis`: cargo run --features redis …".to_owned())
}

/// A store that is waited for, used by programs that call it.
#[cfg(feature = "redis")]
mod waited {
    use std::future::Future;
    use std::sync::mpsc;
    use std::time::SystemTime;

    use mcp_policy::CounterStore;
    use mcp_policy::limit::{Charges, Reservation};
    use mcp_policy::store::{AsyncCounterStore, Peek, RedisStore, Refusal, StoreError};
    use tokio::runtime::Runtime;

    pub(super) struct Waited {
        pub(super) runtime: Runtime,
        pub(super) store: RedisStore,
    }

    /// Waits on the thread that asks, which may be one of another runtime: the work is done on this one. The store's own
    /// timeout bounds the wait.
    pub(super) fn wait<T: Send + 'static>(
        runtime: &Runtime,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (done, result) = mpsc::sync_channel(1);
        runtime.spawn(async move { done.send(work.await) });
        result.recv().ok()
    }

    fn stopped() -> StoreError {
        StoreError::new("the runtime has stopped")
    }

    impl CounterStore for Waited {
        fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
            let (store, charges) = (self.store.clone(), charges.clone());
            let work = async move { AsyncCounterStore::reserve(&store, &charges, now).await };
            wait(&self.runtime, work).unwrap_or_else(|| Err(stopped().into()))
        }

        fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
            let (store, reservation) = (self.store.clone(), reservation.clone());
            let work = async move { AsyncCounterStore::refund(&store, &reservation).await };
            wait(&self.runtime, work).unwrap_or_else(|| Err(stopped()))
        }

        fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
            let (store, charges) = (self.store.clone(), charges.clone());
            let work = async move { AsyncCounterStore::peek(&store, &charges, now).await };
            wait(&self.runtime, work).unwrap_or_else(|| Err(stopped()))
        }
    }
}
