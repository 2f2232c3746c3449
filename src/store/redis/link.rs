//! The connection: one for all calls, opened anew when it breaks.

mod wire;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use redis::{ErrorKind, RedisError, ServerErrorKind, Value};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::store::redis::link::wire::Address;
pub(super) use crate::store::redis::link::wire::Wire;

/// A connection that is opened anew when it breaks.
///
/// Calls share it, and do not wait for each other's answers. Whoever finds it broken opens it; the others wait for
/// that, each as long as it likes. After attempts that failed there are pauses, in which calls fail at once.
pub(super) struct Link {
    address: Address,
    response_timeout: Duration,
    state: RwLock<State>,
    /// Whether the state has something that a good answer ends.
    is_troubled: AtomicBool,
    /// Held by the one attempt to open a connection.
    opening: Arc<Mutex<()>>,
}

#[derive(Default)]
struct State {
    wire: Option<Wire>,
    /// How many connections there have been.
    opened: u64,
    /// How many times in a row a connection broke or could not be opened.
    failures: u32,
    /// No attempt before this moment, but this error.
    pause: Option<(Instant, RedisError)>,
    /// Since when calls have been waiting in vain.
    silent_since: Option<Instant>,
}

impl Link {
    pub(super) fn new(urls: &[String], response_timeout: Duration) -> Result<Self, RedisError> {
        Ok(Self {
            address: Address::new(urls, response_timeout)?,
            response_timeout,
            state: RwLock::default(),
            is_troubled: AtomicBool::new(false),
            opening: Arc::default(),
        })
    }

    /// With these certificates, if any are said, instead of the system's.
    #[cfg(feature = "redis-tls")]
    pub(super) fn with_certificates(
        self,
        certificates: Option<redis::TlsCertificates>,
    ) -> Result<Self, RedisError> {
        let Some(certificates) = certificates else { return Ok(self) };
        Ok(Self { address: self.address.with_certificates(certificates)?, ..self })
    }

    /// Opens the first connection.
    pub(super) async fn connect(self: &Arc<Self>) -> Result<(), RedisError> {
        self.wire().await.map(drop)
    }

    /// The connection; a new one if there is none.
    pub(super) async fn wire(self: &Arc<Self>) -> Result<Wire, RedisError> {
        if let Some(wire) = &self.state.read().wire {
            return Ok(wire.clone());
        }
        let turn = Arc::clone(&self.opening).lock_owned().await;
        {
            let state = self.state.read();
            if let Some(wire) = &state.wire {
                return Ok(wire.clone());
            }
            if let Some((end, error)) = &state.pause
                && Instant::now() < *end
            {
                return Err(error.clone());
            }
        }
        // In a task of its own: it goes on when the call that began it does not wait any longer.
        let link = Arc::clone(self);
        let attempt = tokio::spawn(async move {
            let _turn = turn;
            link.open().await
        });
        attempt.await.unwrap_or_else(|error| Err(io::Error::other(error).into()))
    }

    /// Notes what an answer says about the connection.
    pub(super) fn answered(&self, wire: &Wire, answer: &Result<Value, RedisError>) {
        match answer {
            Err(error) if is_lost(wire, error) => self.lost(wire.number(), error),
            // The crate reaches the nodes of a cluster anew by itself.
            Err(error) if error.is_io_error() => self.no_answer(),
            _ if self.is_troubled.swap(false, Ordering::Relaxed) => {
                let mut state = self.state.write();
                (state.failures, state.silent_since) = (0, None);
            }
            _ => {}
        }
    }

    /// Notes that a call has waited in vain. After some time of that the connection counts as lost: the other end may
    /// be gone without a word.
    pub(super) fn no_answer(&self) {
        let mut state = self.state.write();
        let now = Instant::now();
        let since = *state.silent_since.get_or_insert(now);
        self.is_troubled.store(true, Ordering::Relaxed);
        if now.saturating_duration_since(since) >= self.response_timeout.saturating_mul(SILENT_TIMEOUTS) {
            let error = io::Error::from(io::ErrorKind::TimedOut).into();
            self.close(&mut state, &error);
        }
    }

    /// Drops the connection, if it is still this one.
    fn lost(&self, number: u64, error: &RedisError) {
        let mut state = self.state.write();
        if state.wire.as_ref().is_some_and(|wire| wire.number() == number) {
            self.close(&mut state, error);
        }
    }

    fn close(&self, state: &mut State, error: &RedisError) {
        state.wire = None;
        state.silent_since = None;
        self.failed(state, error);
    }

    fn failed(&self, state: &mut State, error: &RedisError) {
        let pause = pause(state.failures);
        state.failures = state.failures.saturating_add(1);
        state.pause = Instant::now().checked_add(pause).map(|end| (end, error.clone()));
        self.is_troubled.store(true, Ordering::Relaxed);
    }

    async fn open(self: &Arc<Self>) -> Result<Wire, RedisError> {
        let number = self.state.read().opened.saturating_add(1);
        let link = Arc::downgrade(self);
        let on_end = move || {
            if let Some(link) = link.upgrade() {
                link.lost(number, &io::Error::from(io::ErrorKind::ConnectionReset).into());
            }
        };
        let opened = match timeout(CONNECTION_TIMEOUT, self.address.open(number, on_end)).await {
            Ok(opened) => opened,
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        };
        let mut state = self.state.write();
        state.opened = number;
        match opened {
            Ok(wire) => {
                state.wire = Some(wire.clone());
                Ok(wire)
            }
            Err(error) => {
                self.failed(&mut state, &error);
                Err(error)
            }
        }
    }
}

/// Whether the answer says that the connection is of no use: it broke, or it leads to a server that cannot serve, whose
/// name may by now lead to another.
fn is_lost(wire: &Wire, error: &RedisError) -> bool {
    if wire.is_cluster() {
        return false;
    }
    let cannot_serve = matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::BusyLoading
        )
    );
    cannot_serve || error.is_io_error() || error.is_unrecoverable_error() || error.code() == Some("NOAUTH")
}

/// How long to wait after so many failures in a row: not at all after the first.
fn pause(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => {
            FIRST_PAUSE.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(LONGEST_PAUSE)
        }
    }
}

/// How long an attempt to connect may last.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A connection on which nothing is heard for so many response timeouts is given up.
const SILENT_TIMEOUTS: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end() {
        let pauses = [0, 1, 2, 3, 7, 40, u32::MAX].map(|failures| pause(failures).as_millis());
        assert_eq!(pauses, [0, 50, 100, 200, 2_000, 2_000, 2_000]);
    }
}
