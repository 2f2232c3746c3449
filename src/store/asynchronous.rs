//! Stores that are waited for: the same three operations, as futures.

use std::future::Future;
use std::time::SystemTime;

use crate::limit::{Charges, Reservation};
use crate::store::{CounterStore, Peek, Refusal, StoreError};

/// Keeps counters, and is waited for: a store on another machine.
///
/// The operations promise what those of [`CounterStore`] promise. No runtime is asked for; the futures are
/// [`Send`], and do nothing before they are polled.
///
/// A future that is dropped before its end takes everything or nothing. Nobody knows which, so what it may
/// have charged stays until its window ends. An answer that is lost on the way is the same case: report it as
/// [`Refusal::Unavailable`].
///
/// Every [`CounterStore`] is one too, and its futures are ready at once: they block for as long as the store
/// does. Where that is more than a moment, [`Blocking`](crate::store::Blocking) says where the work is done
/// instead.
///
/// An [`Arc`](std::sync::Arc) of a synchronous store is a store. One that implements only this trait is
/// shared by cloning it: let the clones be one store.
///
/// The operations are called as those of [`CounterStore`], so where a synchronous store's are called by hand,
/// import one of the two traits.
///
/// ```
/// use std::sync::Arc;
/// use std::time::SystemTime;
/// use mcp_policy::limit::{Charges, Reservation};
/// use mcp_policy::store::{AsyncCounterStore, Peek, Refusal, StoreError};
/// # struct Connection;
/// # impl Connection {
/// #     async fn ask(&self) -> Result<(), std::io::Error> { Err(std::io::ErrorKind::TimedOut.into()) }
/// # }
///
/// #[derive(Clone)]
/// struct Remote {
///     connection: Arc<Connection>,
/// }
///
/// impl AsyncCounterStore for Remote {
///     async fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
///         self.connection.ask().await.map_err(StoreError::new)?;
///         // …
/// #       Err(Refusal::Full)
///     }
///
///     async fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
///         self.connection.ask().await.map_err(StoreError::new)
///     }
///
///     async fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
///         self.connection.ask().await.map_err(StoreError::new)?;
///         // …
/// #       Err(StoreError::new(""))
///     }
/// }
/// ```
pub trait AsyncCounterStore: Send + Sync {
    /// Takes all charges, and uses up the approval if there is one, in one indivisible step, or changes
    /// nothing.
    ///
    /// An approval that was used before refuses, whatever the limits would say.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] that says why nothing was taken. After [`Refusal::Unavailable`] the charges may have
    /// been taken all the same; they stay until their windows end.
    fn reserve(
        &self,
        charges: &Charges,
        now: SystemTime,
    ) -> impl Future<Output = Result<Reservation, Refusal>> + Send;

    /// Gives charges back, each to the window that was charged and to no other: where that window is over,
    /// the charge is dropped. It is called at most once for each charge. An approval stays used.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached. Then the charges stay until their windows end.
    fn refund(&self, reservation: &Reservation) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What [`reserve`](Self::reserve) would find. It changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached.
    fn peek(
        &self,
        charges: &Charges,
        now: SystemTime,
    ) -> impl Future<Output = Result<Peek, StoreError>> + Send;
}

impl<S: CounterStore> AsyncCounterStore for S {
    async fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        CounterStore::reserve(self, charges, now)
    }

    async fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        CounterStore::refund(self, reservation)
    }

    async fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        CounterStore::peek(self, charges, now)
    }
}
