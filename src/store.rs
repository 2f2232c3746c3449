//! Counter stores: where what was charged is kept.

mod asynchronous;
mod blocking;
#[cfg(feature = "test-util")]
pub mod conformance;
mod entry;
mod findings;
mod lease;
mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::time::{Duration, SystemTime};

pub use asynchronous::AsyncCounterStore;
pub use blocking::Blocking;
pub use lease::Leased;
pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::{RedisClock, RedisStore, RedisStoreBuilder};
#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, SqliteOptions, SqliteStore};

use crate::limit::{Amount, Charges, Reservation};

/// Keeps counters.
///
/// An [`Evaluator`](crate::Evaluator) needs nothing else of it. Which error is dangerous: a store that
/// forgets a charge lets more through than the policy allows; one that refuses, or fails, denies a call that
/// could have passed. In doubt a store returns an error. It may always do that: [`NullStore`] does nothing
/// else.
///
/// A store that is waited for implements [`AsyncCounterStore`] instead. Every store of this kind is one of
/// that kind too.
pub trait CounterStore: Send + Sync {
    /// Takes all charges, and uses up the approval if there is one, in one indivisible step, or changes
    /// nothing.
    ///
    /// An approval that was used before refuses, whatever the limits would say.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] that says why nothing was taken.
    fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal>;

    /// Gives charges back, each to the window that was charged and to no other: where that window is over,
    /// the charge is dropped. It is called at most once for each charge. An approval stays used.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached. Then the charges stay until their windows end.
    fn refund(&self, reservation: &Reservation) -> Result<(), StoreError>;

    /// What [`reserve`](Self::reserve) would find. It changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached.
    fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError>;
}

impl<P> CounterStore for P
where
    P: Deref<Target: CounterStore> + Send + Sync,
{
    fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        (**self).reserve(charges, now)
    }

    fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        (**self).refund(reservation)
    }

    fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        (**self).peek(charges, now)
    }
}

/// Why a store has taken nothing.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "each is a denial of its own, and there are no others")]
pub enum Refusal {
    /// The approval was used before.
    ApprovalUsed,
    /// A charge does not fit.
    Exceeded(Exceeded),
    /// There is no room for another counter.
    Full,
    /// The store did not answer, or not as it should.
    Unavailable(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

/// The charge that does not fit. If several do not, it is the one that fits last: of those that never will,
/// or that will at the same moment, the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exceeded {
    /// Its index among the charges.
    pub charge: usize,
    /// How long until it would fit if nothing else is charged: whole seconds, rounded up. `None` if it never
    /// will.
    pub retry_after: Option<Duration>,
}

impl Exceeded {
    /// The charge with this index does not fit, and would after so long.
    #[must_use]
    pub const fn new(charge: usize, retry_after: Option<Duration>) -> Self {
        Self { charge, retry_after }
    }
}

/// What a store would find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peek {
    /// For each charge, how much is used of its counter at the moment.
    pub used: Vec<Amount>,
    /// Whether the approval was used before.
    pub approval_used: bool,
    /// The charge that would not fit, as [`Refusal::Exceeded`] would name it.
    pub exceeded: Option<Exceeded>,
}

impl Peek {
    /// What a store found.
    #[must_use]
    pub const fn new(used: Vec<Amount>, approval_used: bool, exceeded: Option<Exceeded>) -> Self {
        Self { used, approval_used, exceeded }
    }
}

/// A counter store that cannot be reached, or does not answer as it should.
#[derive(Debug)]
pub struct StoreError {
    source: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// An error with what caused it: another error, or a text.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the counter store is not available")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A store that refuses everything. A policy whose calls have no price works with it; every other call is
/// denied.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing that could be added")]
pub struct NullStore;

impl CounterStore for NullStore {
    fn reserve(&self, _: &Charges, _: SystemTime) -> Result<Reservation, Refusal> {
        Err(Refusal::Unavailable(StoreError::new("there is none")))
    }

    fn refund(&self, _: &Reservation) -> Result<(), StoreError> {
        Err(StoreError::new("there is none"))
    }

    fn peek(&self, _: &Charges, _: SystemTime) -> Result<Peek, StoreError> {
        Err(StoreError::new("there is none"))
    }
}
