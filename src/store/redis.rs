//! Counters in Redis or Valkey, which many machines share.

mod batch;
mod builder;
mod link;
mod message;
mod queue;
mod request;
mod script;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use redis::Value;

pub use builder::{RedisClock, RedisStoreBuilder};

use crate::limit::{Charges, Reservation, Unpack};
use crate::store::findings::Findings;
use crate::store::redis::link::Link;
use crate::store::redis::message::{Answer, Status, unreadable};
use crate::store::redis::queue::Queue;
use crate::store::redis::request::Request;
use crate::store::redis::script::Script;
use crate::store::{AsyncCounterStore, Peek, Refusal, StoreError};
use crate::timestamp::Timestamp;

/// Counters in Redis (7 or later) or Valkey: one limit for a fleet of gateways.
///
/// All charges of a call, and the use of its approval, are one step of one script: one round trip, and Redis runs nothing
/// else meanwhile. Calls that come at the same moment are sent together, up to 32 to a script, which takes them one after
/// the other, each as if it had come alone; no call waits for others to come. Cloning a store is cheap, and the clones are
/// one store, over one connection. It needs a Tokio runtime, with time and I/O enabled; where there is none, calls are
/// denied.
///
/// ```no_run
/// use mcp_policy::store::RedisStore;
/// use mcp_policy::{Evaluator, Policy};
///
/// # async fn example(policy: Policy) -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::connect("redis://:password@redis.internal:6379/0").await?;
/// let evaluator = Evaluator::builder(store).policy(policy).namespace("github").build();
/// # Ok(())
/// # }
/// ```
///
/// # Whose clock
///
/// The server's: gateways whose clocks are wrong can neither reset nor extend each other's windows. The
/// moment that an evaluator is given is then used for judging (`now` in a condition, the end of an approval), and not for
/// counting. [`RedisClock::Caller`] is for replays and tests. When Redis's own clock is set back, counters do what they do
/// everywhere: they stay in the latest window that they have seen.
///
/// # Keys
///
/// A limit has one key, `mcp-policy:{ns:github}|counter:writes|minute|fixed`: the prefix, the evaluator's namespace, the
/// counter's name, window and algorithm. It is a hash with a field for each counter, such as `grant:ci-runner`: the scopes
/// with their values. Together they are what [`Charge::key`](crate::limit::Charge::key) says. No name or value can forge
/// either. A value is packed numbers; `redis-cli EVAL "return {struct.unpack('<ddd', redis.call('HGET', KEYS[1], ARGV[1]))}"
/// 1 KEY FIELD` shows those of a fixed window: when it ends (a `lifetime` never does, whatever is shown), its stamp, and what
/// was charged, in millionths. (The field `about` is nobody's: it makes Redis keep small hashes in a way that is quicker to
/// search.) The use of an approval has a key of its own.
///
/// In a cluster the braces put all counters of a namespace into one slot, so that the charges of a call are one
/// indivisible step there too. A fleet spreads over the nodes by its namespaces; one namespace is on one node.
///
/// A counter may go two windows and a day, at most, after its window has ended. When windows begin, Redis looks at three
/// others of the hash for each of them and drops those that may go, so that they do not outnumber the others; and when no
/// window has begun for as long as that, the whole hash expires. Only `lifetime` counters stay. The use of an approval is
/// remembered for a day longer than it must be. Redis takes a quarter of a second to free a million counters that
/// expire together, and serves nobody meanwhile, unless it is told `lazyfree-lazy-expire yes`.
///
/// # A user of its own
///
/// `ACL SETUSER gateway on >password ~mcp-policy:* -@all +eval +evalsha +time +hget +hmget +hset +hdel +hrandfield +ttl
/// +expire +exists +set` may do what the store does; in a cluster it must have `+cluster|slots +ping +asking` too. A user who
/// lacks some of these may be served for days, and then calls are denied: `hdel`, for one, is needed when counters have ended.
///
/// # What it does not protect from
///
/// - **Eviction.** Set `maxmemory-policy noeviction`, Redis's default. Then a full Redis refuses charges, and the
///   calls are denied; under any other policy Redis drops counters as it likes, and a dropped counter lets `max`
///   through again.
/// - **Loss of data.** A Redis without persistence that is restarted has forgotten its counts. Replication is
///   asynchronous: when a replica takes over, the charges of the last moments, which it had not received, are
///   lost, and so much more is let through. `appendfsync always`, or `min-replicas-to-write`, narrows that, and
///   costs time.
/// - **Whoever can write to Redis.** The store trusts what it finds, if it can read it.
///
/// # When Redis fails
///
/// A call waits no longer than the [response timeout](RedisStoreBuilder::response_timeout), half a second unless it
/// is said, for everything that it needs: its turn, a connection, redirections, the answer. Then, and whenever Redis refuses
/// or answers what it should not, the call is denied
/// ([`StoreUnavailable`](crate::DenialCode::StoreUnavailable)). If it was the answer that was lost, the charge
/// stays until its window ends; nothing is sent a second time that may have been done the first time. Calls of several
/// Tokio runtimes with one store are sent together too: when a runtime ends, the calls that it was about to send, or whose
/// answer it waited for, are denied, those of the others included.
///
/// A connection that breaks is opened anew, at once, and then after pauses that double up to two seconds; so is one that
/// answers nothing for the time of four timeouts. While Redis cannot be reached, calls are denied without waiting.
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

impl RedisStore {
    /// How long a call waits for Redis unless it is said: half a second.
    pub const DEFAULT_RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);

    /// Connects to a server, or to the cluster that it belongs to: `redis://user:password@host:port/database`.
    /// `redis+unix:///path` is a local socket.
    ///
    /// `rediss://` asks for TLS, which needs the feature `redis-tls`. The server's certificate must then be of an authority
    /// that the system trusts, or that is in the file that the variable `SSL_CERT_FILE` names, or that was said by
    /// `RedisStoreBuilder::root_certificates`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the URL is none of these, the server cannot be reached, or it refuses the password.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::builder(url).connect().await
    }

    /// Begins a store with what [`connect`](Self::connect) does not set.
    pub fn builder(url: &str) -> RedisStoreBuilder {
        RedisStoreBuilder::new(url)
    }

    async fn take(&self, charges: &Charges, now: Timestamp) -> Result<Reservation, Refusal> {
        let now = self.inner.clock.of(now);
        let answer = self.inner.charge(charges, now).await?.read(charges)?;
        match answer.status {
            Status::ApprovalUsed => Err(Refusal::ApprovalUsed),
            Status::Exceeded => {
                let now = now.unwrap_or(answer.server_now);
                match find(charges, now, &answer)?.into_peek(false).exceeded {
                    Some(exceeded) => Err(Refusal::Exceeded(exceeded)),
                    // Script and arithmetic do not agree.
                    None => Err(unreadable().into()),
                }
            }
            Status::Taken if answer.counters.len() == charges.charges().len() => {
                let taken = charges.charges().iter().zip(&answer.counters);
                let taken = taken.map(|(charge, counter)| Some(counter.as_ref()?.taken(charge)));
                Ok(Reservation::new(taken.collect::<Option<_>>().ok_or_else(unreadable)?))
            }
            Status::Refused | Status::Taken | Status::Unreadable => Err(unreadable().into()),
        }
    }

    async fn look(&self, charges: &Charges, now: Timestamp) -> Result<Peek, StoreError> {
        let Inner { prefix, clock, peek: script, .. } = &*self.inner;
        let answer = self.inner.run(script, &Request::peek(charges, prefix)).await?;
        let Value::BulkString(bytes) = answer else {
            return Err(unreadable());
        };
        let mut bytes = Unpack::new(&bytes);
        let server_now = bytes.moment().ok_or_else(unreadable)?;
        let answer = Answer::read(bytes, server_now, charges)?;
        let now = clock.of(now).unwrap_or(server_now);
        let findings = find(charges, now, &answer)?;
        let may_be_forgotten = charges.approval().is_some_and(|approval| {
            *clock == RedisClock::Server && message::keep_until(approval) <= now.seconds()
        });
        let approval_used = may_be_forgotten || answer.status == Status::ApprovalUsed;
        Ok(findings.into_peek(approval_used))
    }
}

/// What the charges find in the counters of an answer.
fn find(charges: &Charges, now: Timestamp, answer: &Answer) -> Result<Findings, StoreError> {
    let mut findings = Findings::new(now, charges.charges().len());
    let mut counters = answer.counters.iter();
    for charge in charges.charges() {
        let counter = counters.next().ok_or_else(unreadable)?;
        findings.add(counter.as_ref(), charge);
    }
    Ok(findings)
}

impl AsyncCounterStore for RedisStore {
    async fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        if charges.is_empty() {
            return Ok(Reservation::default());
        }
        self.take(charges, now.into()).await
    }

    async fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        if reservation.charged().is_empty() {
            return Ok(());
        }
        let request = Request::refund(reservation, &self.inner.prefix);
        self.inner.run(&self.inner.refund, &request).await.map(drop)
    }

    async fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        if charges.is_empty() {
            return Ok(Peek::default());
        }
        self.look(charges, now.into()).await
    }
}

/// No address, for it may hold a password.
impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.inner.prefix)
            .field("clock", &self.inner.clock)
            .field("response_timeout", &self.inner.timeout)
            .finish_non_exhaustive()
    }
}

struct Inner {
    link: Arc<Link>,
    prefix: Box<str>,
    clock: RedisClock,
    timeout: Duration,
    queue: Queue,
    charge: Script,
    refund: Script,
    peek: Script,
}

impl Inner {
    /// Runs a script, and waits no longer than the timeout.
    async fn run(&self, script: &Script, request: &Request<'_>) -> Result<Value, StoreError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(StoreError::new("there is no Tokio runtime"));
        }
        match tokio::time::timeout(self.timeout, script.run(&self.link, request)).await {
            Ok(answer) => answer.map_err(StoreError::new),
            Err(_) => Err(self.no_answer()),
        }
    }

    /// The error of a call that has waited in vain.
    fn no_answer(&self) -> StoreError {
        self.link.no_answer();
        StoreError::new(format!("no answer within {} ms", self.timeout.as_millis()))
    }
}
