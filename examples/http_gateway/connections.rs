//! Sessions of clients: each is bound to the one who has opened it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use mcp_policy::mcp::{Actions, Message, Session, Step};
use tokio::time::Instant;

use crate::stores::Store;

/// One session with a client, and the one with the server that it stands for.
pub(crate) struct Connection {
    session: Mutex<Session<Store>>,
    /// The name that the client knows it by; none for a single request of a revision without sessions.
    pub(crate) name: Option<String>,
    /// The name that the server has given it.
    pub(crate) upstream: Mutex<Option<String>>,
    /// Whose it is.
    owner: String,
    used: Mutex<Instant>,
}

impl Connection {
    pub(crate) fn new(session: Session<Store>, name: Option<String>, owner: &str, now: Instant) -> Self {
        Self {
            session: Mutex::new(session),
            name,
            upstream: Mutex::default(),
            owner: owner.to_owned(),
            used: Mutex::new(now),
        }
    }

    /// The session. It is not held while anything is waited for.
    pub(crate) fn session(&self) -> MutexGuard<'_, Session<Store>> {
        lock(&self.session)
    }

    /// Takes a message of the client.
    pub(crate) async fn take(&self, message: Message, now: SystemTime) -> Actions<Store> {
        let mut step = self.session().step_message_from_client(message, now);
        loop {
            match step {
                Step::Done(actions) => return actions.settle_async().await,
                Step::Judge(mut call) => {
                    let decision = call.evaluate_async_at(now).await;
                    step = self.session().decided(call, decision, now);
                }
            }
        }
    }
}

/// The sessions that are open.
#[derive(Default)]
pub(crate) struct Connections {
    open: Mutex<HashMap<String, Arc<Connection>>>,
}

impl Connections {
    /// The session with this name, if it is this caller's. Another's is as good as none.
    pub(crate) fn find(&self, name: &str, owner: &str, now: Instant) -> Option<Arc<Connection>> {
        let found = lock(&self.open).get(name).filter(|connection| connection.owner == owner).cloned()?;
        *lock(&found.used) = now;
        Some(found)
    }

    /// Keeps a session, if there is room. The idle ones make room, and nobody takes that of others.
    pub(crate) fn add(&self, connection: Arc<Connection>, now: Instant) -> bool {
        let mut open = lock(&self.open);
        open.retain(|_, known| now.duration_since(*lock(&known.used)) < LONGEST_IDLE);
        let own = open.values().filter(|known| known.owner == connection.owner).count();
        if own >= MOST_OF_ONE || open.len() >= MOST {
            return false;
        }
        if let Some(name) = connection.name.clone() {
            open.insert(name, connection);
        }
        true
    }

    pub(crate) fn remove(&self, name: &str) {
        lock(&self.open).remove(name);
    }
}

/// A thread that has panicked while it held one of these has left it whole: they are changed in single steps.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a session may be idle before it makes room.
const LONGEST_IDLE: Duration = Duration::from_secs(3_600);
/// The most sessions of one caller.
const MOST_OF_ONE: usize = 256;
/// The most sessions.
const MOST: usize = 16_384;
