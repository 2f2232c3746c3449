//! One suite for any counter store: what the policy language promises of counters, check by check.
//!
//! A store of your own runs it in a test. The crate is a dependency with the feature `test-util` there:
//!
//! ```
//! use mcp_policy::MemoryStore;
//! use mcp_policy::store::conformance::{Failures, Suite};
//!
//! # fn main() -> Result<(), Failures> {
//! // Your store instead. It is opened anew for each check.
//! Suite::new(MemoryStore::new).run()?;
//! # Ok(())
//! # }
//! ```
//!
//! A store that is waited for, and whose futures need a runtime, says how to wait. One that keeps what it has
//! says how it is opened again:
//!
//! ```
//! # use std::pin::pin;
//! # use std::sync::Arc;
//! # use std::task::{Context, Poll, Waker};
//! # use mcp_policy::MemoryStore;
//! # use mcp_policy::store::conformance::{Failures, Suite};
//! # struct Runtime;
//! # impl Runtime {
//! #     fn block_on<F: Future>(&self, future: F) -> F::Output {
//! #         match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
//! #             Poll::Ready(output) => output,
//! #             Poll::Pending => panic!(),
//! #         }
//! #     }
//! # }
//! # fn main() -> Result<(), Failures> {
//! # let runtime = Runtime; // of tokio, say
//! # let kept = Arc::new(MemoryStore::new());
//! # let opened = Arc::clone(&kept);
//! Suite::new(move || Arc::clone(&opened))
//!     .waiting(move |future| runtime.block_on(future))
//!     .reopening(move |store| *store = Arc::clone(&kept))
//!     .namespace("run-7") // nothing in the store has this yet
//!     .run()?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Suite::run`] blocks, and starts threads: call it from a thread that may, and not from a task of the
//! runtime that it waits with.
//!
//! The suite brings its own clock, and turns it: a store that goes by its server's clock must be told to go by
//! the caller's. What a test of processes needs besides is [`spend()`].

/// Functions as checks of their name.
macro_rules! named {
    ($($name:ident),+ $(,)?) => {
        vec![$(Check { name: stringify!($name), run: $name }),+]
    };
}

mod all_or_none;
mod amounts;
mod approvals;
mod bench;
mod clocks;
mod failure;
mod keys;
mod line;
mod random;
mod refunds;
mod restart;
mod retries;
mod spend;
mod threads;
mod windows;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

pub use failure::{Failure, Failures};
pub use spend::spend;

use crate::store::AsyncCounterStore;
use crate::store::conformance::bench::{Bench, wait_here};
use crate::store::conformance::failure::Broken;

/// The suite, and the store that it is for.
pub struct Suite<S> {
    open: Box<dyn Fn() -> S>,
    #[expect(clippy::type_complexity, reason = "it is what `reopening` takes")]
    reopen: Option<Box<dyn Fn(&mut S)>>,
    wait: Box<dyn Wait>,
    namespace: String,
    seed: u64,
    steps: u32,
    only: Option<String>,
}

/// How a future is waited for.
trait Wait: Fn(Pin<Box<dyn Future<Output = ()> + Send + '_>>) + Send + Sync {}

impl<F: Fn(Pin<Box<dyn Future<Output = ()> + Send + '_>>) + Send + Sync> Wait for F {}

impl<S: AsyncCounterStore> Suite<S> {
    /// The suite for a store. `open` is called for each check. It may give the same store each time, or
    /// handles to one, as long as that has nothing in the suite's [`namespace`](Self::namespace) when the
    /// suite begins.
    pub fn new(open: impl Fn() -> S + 'static) -> Self {
        Self {
            open: Box::new(open),
            reopen: None,
            wait: Box::new(wait_here),
            namespace: "conformance".to_owned(),
            seed: 1,
            steps: 4_000,
            only: None,
        }
    }

    /// How a future of the store is waited for, on whatever thread: its runtime's `block_on`, say. Unless it
    /// is said, the thread sleeps until the future wakes it.
    #[must_use]
    pub fn waiting(
        self,
        wait: impl Fn(Pin<Box<dyn Future<Output = ()> + Send + '_>>) + Send + Sync + 'static,
    ) -> Self {
        Self { wait: Box::new(wait), ..self }
    }

    /// How the store is closed and opened again, in its place. Unless it is said, the store need not keep
    /// anything beyond its own life.
    #[must_use]
    pub fn reopening(self, reopen: impl Fn(&mut S) + 'static) -> Self {
        Self { reopen: Some(Box::new(reopen)), ..self }
    }

    /// What all namespaces of the suite begin with.
    #[must_use]
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), ..self }
    }

    /// Where the random steps begin. A failure of those tells the seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// How many random steps there are, 4,000 unless it is said.
    #[must_use]
    pub fn steps(self, steps: u32) -> Self {
        Self { steps, ..self }
    }

    /// Runs the check of this name alone: to look into its failure.
    #[must_use]
    pub fn only(self, check: impl Into<String>) -> Self {
        Self { only: Some(check.into()), ..self }
    }

    /// Runs every check, also after one has failed.
    ///
    /// # Errors
    ///
    /// [`Failures`]: the checks that failed, each with the sentence of the policy language that does not hold
    /// and with what was found instead.
    pub fn run(&self) -> Result<(), Failures> {
        let mut failures = Vec::new();
        for check in checks() {
            failures.extend(self.run_one(check.name, |bench| (check.run)(bench)));
        }
        if let Some(reopen) = &self.reopen {
            for check in restart::checks() {
                failures.extend(self.run_one(check.name, |bench| (check.run)(bench, reopen)));
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(Failures::new(failures)) }
    }

    fn run_one(
        &self,
        name: &'static str,
        run: impl FnOnce(&mut Bench<'_, S>) -> Result<(), Broken>,
    ) -> Option<Failure> {
        if self.only.as_ref().is_some_and(|only| only != name) {
            return None;
        }
        let namespace = format!("{}/{name}", self.namespace);
        let mut bench = Bench::new((self.open)(), &*self.wait, namespace, self.seed, self.steps);
        run(&mut bench).err().map(|broken| Failure::new(name, broken))
    }
}

/// A check, by its name.
struct Check<S> {
    name: &'static str,
    run: fn(&Bench<'_, S>) -> Result<(), Broken>,
}

fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    let mut checks = all_or_none::checks();
    checks.extend(amounts::checks());
    checks.extend(approvals::checks());
    checks.extend(clocks::checks());
    checks.extend(keys::checks());
    checks.extend(refunds::checks());
    checks.extend(retries::checks());
    checks.extend(threads::checks());
    checks.extend(windows::checks());
    checks.extend(random::checks());
    checks
}

impl<S> fmt::Debug for Suite<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("namespace", &self.namespace)
            .field("seed", &self.seed)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}
