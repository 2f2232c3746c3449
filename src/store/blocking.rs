//! Synchronous stores that may block, used from async code.

mod answer;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::limit::{Charges, Reservation};
use crate::store::blocking::answer::Answer;
use crate::store::{AsyncCounterStore, CounterStore, Peek, Refusal, StoreError};

/// A synchronous store that may block, such as one in a file, for async code: its work is handed to a hook,
/// which runs it where blocking is allowed. Cloning one is cheap, and the clones are one store.
///
/// With tokio:
///
/// ```
/// # mod tokio { pub mod task { pub fn spawn_blocking<F: FnOnce()>(work: F) { work() } } }
/// use mcp_policy::{Evaluator, MemoryStore, Policy};
/// use mcp_policy::store::Blocking;
///
/// let policy: Policy = r#"{"version": "1", "default": "allow"}"#.parse()?;
/// let store = MemoryStore::new(); // it does not block, but any `CounterStore` goes here
/// let store = Blocking::new(store, |work| {
///     tokio::task::spawn_blocking(work);
/// });
/// let evaluator = Evaluator::new(policy, store); // and then `evaluate_async`
/// # let _ = evaluator;
/// # Ok::<(), mcp_policy::PolicyError>(())
/// ```
///
/// A future that is dropped leaves its work to the hook: what the work charges is kept. A hook that drops the
/// work, or work that panics, is a [`StoreError`]; nothing waits for it any longer. How long the work may
/// take is the store's business.
pub struct Blocking<S> {
    inner: Arc<Inner<S>>,
}

struct Inner<S> {
    store: S,
    #[expect(clippy::type_complexity, reason = "what a hook takes is written out where callers see it too")]
    hook: Box<dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync>,
}

impl<S> Blocking<S> {
    /// A store, and what runs its work: at once, later or never, but not where it must not block.
    pub fn new(store: S, hook: impl Fn(Box<dyn FnOnce() + Send>) + Send + Sync + 'static) -> Self {
        Self { inner: Arc::new(Inner { store, hook: Box::new(hook) }) }
    }

    /// The store. Its own operations block.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.inner.store
    }
}

impl<S: CounterStore + 'static> Blocking<S> {
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&S) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, question) = Answer::new();
        let inner = Arc::clone(&self.inner);
        (self.inner.hook)(Box::new(move || question.answer(work(&inner.store))));
        answer.await
    }
}

impl<S: CounterStore + 'static> AsyncCounterStore for Blocking<S> {
    async fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        let charges = charges.clone();
        self.run(move |store| CounterStore::reserve(store, &charges, now)).await?
    }

    async fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        let reservation = reservation.clone();
        self.run(move |store| CounterStore::refund(store, &reservation)).await?
    }

    async fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        let charges = charges.clone();
        self.run(move |store| CounterStore::peek(store, &charges, now)).await?
    }
}

impl<S> Clone for Blocking<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S: fmt::Debug> fmt::Debug for Blocking<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").field("store", &self.inner.store).finish_non_exhaustive()
    }
}
