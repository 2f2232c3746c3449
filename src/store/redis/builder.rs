//! How a Redis store is reached, and what it goes by.

use std::sync::Arc;
use std::time::Duration;

use crate::store::StoreError;
use crate::store::redis::link::Link;
use crate::store::redis::queue::Queue;
use crate::store::redis::script::Script;
use crate::store::redis::{Inner, RedisStore};
use crate::timestamp::Timestamp;

/// How a Redis store is reached, and what it goes by.
///
/// ```no_run
/// use std::time::Duration;
/// use mcp_policy::store::RedisStore;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::builder("redis://10.0.0.1:6379")
///     .node("redis://10.0.0.2:6379") // another node of the same cluster, should the first be down
///     .prefix("staging:")
///     .response_timeout(Duration::from_millis(200))
///     .connect()
///     .await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a store is there once it is connected"]
pub struct RedisStoreBuilder {
    urls: Vec<String>,
    prefix: String,
    clock: RedisClock,
    response_timeout: Duration,
    #[cfg(feature = "redis-tls")]
    certificates: Option<redis::TlsCertificates>,
}

/// Whose clock says which window it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two sides")]
pub enum RedisClock {
    /// The moment that the evaluator is given. All gateways must then have the same time: one whose clock is ahead
    /// begins the next window for all of them. For replays and tests.
    ///
    /// Counters still expire by the server's clock, after as long as the caller's says they matter, and a day: a
    /// caller's clock that stands still for longer finds them new.
    Caller,
    /// The server's.
    #[default]
    Server,
}

impl RedisStoreBuilder {
    /// Another node of the same cluster, to ask if the others cannot be reached when the store connects. It must have the
    /// same password. The nodes of a cluster tell each other's addresses, so one is enough while it is up.
    pub fn node(mut self, url: &str) -> Self {
        self.urls.push(url.to_owned());
        self
    }

    /// What every key begins with, instead of `mcp-policy:`. Stores with the same prefix share their counters.
    /// It must be visible ASCII without braces.
    pub fn prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self }
    }

    /// Whose clock says which window it is: the server's unless it is said. All gateways must agree on it.
    pub fn clock(self, clock: RedisClock) -> Self {
        Self { clock, ..self }
    }

    /// How long a call waits for Redis, with everything that belongs to it, until it is denied:
    /// [`DEFAULT_RESPONSE_TIMEOUT`](RedisStore::DEFAULT_RESPONSE_TIMEOUT) unless it is said. Below the usual round trip
    /// every call is denied, and charged.
    pub fn response_timeout(self, response_timeout: Duration) -> Self {
        Self { response_timeout, ..self }
    }

    /// The authorities that are trusted to say who a server is, as PEM: these and no others, instead of those of the
    /// system, or of the file that the variable `SSL_CERT_FILE` names. All addresses must then be `rediss://`.
    #[cfg(feature = "redis-tls")]
    pub fn root_certificates(mut self, pem: &[u8]) -> Self {
        self.certificates().root_cert = Some(pem.to_vec());
        self
    }

    /// What the store shows to a server that asks who it is, as PEM: its certificate, with those that lead to an
    /// authority, and its key. All addresses must then be `rediss://`.
    #[cfg(feature = "redis-tls")]
    pub fn client_certificate(mut self, certificate: &[u8], key: &[u8]) -> Self {
        let (client_cert, client_key) = (certificate.to_vec(), key.to_vec());
        self.certificates().client_tls = Some(redis::ClientTlsConfig { client_cert, client_key });
        self
    }

    /// Connects, and finds out whether the server belongs to a cluster.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a URL, a certificate or the prefix is not valid, no server can be reached within five seconds, or
    /// it refuses the password.
    pub async fn connect(self) -> Result<RedisStore, StoreError> {
        let Self { urls, prefix, clock, response_timeout: timeout, .. } = self;
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(StoreError::new("there is no Tokio runtime"));
        }
        if !prefix.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}')) {
            return Err(StoreError::new("a prefix is visible ASCII without braces"));
        }
        let link = Link::new(&urls, timeout);
        #[cfg(feature = "redis-tls")]
        let link = link.and_then(|link| link.with_certificates(self.certificates));
        let link = Arc::new(link.map_err(StoreError::new)?);
        link.connect().await.map_err(StoreError::new)?;
        Ok(RedisStore {
            inner: Arc::new(Inner {
                link,
                prefix: prefix.into(),
                clock,
                timeout,
                queue: Queue::default(),
                charge: Script::new(include_str!("charge.lua")),
                refund: Script::new(include_str!("refund.lua")),
                peek: Script::new(include_str!("peek.lua")),
            }),
        })
    }

    #[cfg(feature = "redis-tls")]
    fn certificates(&mut self) -> &mut redis::TlsCertificates {
        self.certificates.get_or_insert(redis::TlsCertificates { client_tls: None, root_cert: None })
    }

    pub(super) fn new(url: &str) -> Self {
        Self {
            urls: vec![url.to_owned()],
            prefix: PREFIX.to_owned(),
            clock: RedisClock::default(),
            response_timeout: RedisStore::DEFAULT_RESPONSE_TIMEOUT,
            #[cfg(feature = "redis-tls")]
            certificates: None,
        }
    }
}

/// No addresses, for they may hold passwords.
impl std::fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStoreBuilder")
            .field("prefix", &self.prefix)
            .field("clock", &self.clock)
            .field("response_timeout", &self.response_timeout)
            .finish_non_exhaustive()
    }
}

impl RedisClock {
    /// The moment that is sent; `None` if the server's clock rules.
    pub(super) fn of(self, now: Timestamp) -> Option<Timestamp> {
        (self == Self::Caller).then_some(now)
    }
}

const PREFIX: &str = "mcp-policy:";
