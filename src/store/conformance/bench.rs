//! A store under test, and what a check does with it.

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use crate::limit::{Charges, Reservation};
use crate::store::conformance::Wait;
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{Line, charges, charges_with};
use crate::store::{AsyncCounterStore, Exceeded, Peek, Refusal, StoreError};
use crate::timestamp::Timestamp;

pub(super) struct Bench<'a, S> {
    store: S,
    wait: &'a dyn Wait,
    namespace: String,
    seed: u64,
    steps: u32,
}

/// What a store that answers says to a charge.
#[derive(Debug)]
pub(super) enum Answer {
    ApprovalUsed,
    Exceeded(Exceeded),
    Taken(Reservation),
}

impl<'a, S: AsyncCounterStore> Bench<'a, S> {
    pub(super) fn new(store: S, wait: &'a dyn Wait, namespace: String, seed: u64, steps: u32) -> Self {
        Self { store, wait, namespace, seed, steps }
    }

    pub(super) fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn steps(&self) -> u32 {
        self.steps
    }

    /// The price of these limits in the check's namespace.
    pub(super) fn price(&self, lines: &[Line]) -> Result<Charges, Broken> {
        charges(&self.namespace, lines)
    }

    /// The price of these limits and of an approval.
    pub(super) fn approved(
        &self,
        lines: &[Line],
        id: &str,
        expires_at: Timestamp,
    ) -> Result<Charges, Broken> {
        charges_with(&self.namespace, lines, Some((id, expires_at)))
    }

    pub(super) fn reserve(&self, charges: &Charges, now: Timestamp) -> Result<Answer, Broken> {
        match self.wait(self.store.reserve(charges, now.into()))? {
            Ok(reservation) => {
                let taken = reservation.charged().iter().map(|charged| (charged.key(), charged.amount()));
                let asked = charges.charges().iter().map(|charge| (charge.key(), charge.amount()));
                if taken.eq(asked) {
                    return Ok(Answer::Taken(reservation));
                }
                Err(Broken::new(
                    "A reservation has one charge for each that was asked for, in the same order.",
                    format!("{:?}", reservation.charged()),
                ))
            }
            Err(Refusal::ApprovalUsed) if charges.approval().is_none() => Err(Broken::new(
                "An approval that was used refuses the call that carries it.",
                "a call without an approval was refused for one",
            )),
            Err(Refusal::ApprovalUsed) => Ok(Answer::ApprovalUsed),
            Err(Refusal::Exceeded(exceeded)) => Self::known(exceeded, charges).map(Answer::Exceeded),
            Err(Refusal::Full) => Err(Broken::new("The suite's counters find room.", "the store is full")),
            Err(Refusal::Unavailable(error)) => Err(unanswered(&error)),
        }
    }

    pub(super) fn peek(&self, charges: &Charges, now: Timestamp) -> Result<Peek, Broken> {
        let peek = self.wait(self.store.peek(charges, now.into()))?.map_err(|error| unanswered(&error))?;
        if peek.used.len() != charges.charges().len() {
            return Err(Broken::new("A peek has what is used for each charge.", format!("{:?}", peek.used)));
        }
        peek.exceeded.map(|exceeded| Self::known(exceeded, charges)).transpose()?;
        Ok(peek)
    }

    pub(super) fn refund(&self, reservation: &Reservation) -> Result<(), Broken> {
        self.wait(self.store.refund(reservation))?.map_err(|error| unanswered(&error))
    }

    /// Takes a charge that must pass.
    pub(super) fn take(
        &self,
        charges: &Charges,
        now: Timestamp,
        sentence: &'static str,
    ) -> Result<Reservation, Broken> {
        match self.reserve(charges, now)? {
            Answer::Taken(reservation) => Ok(reservation),
            refused => Err(Broken::new(sentence, format!("at {now:?}: {refused:?}"))),
        }
    }

    /// Tries a charge that must be refused by a limit.
    pub(super) fn refused(
        &self,
        charges: &Charges,
        now: Timestamp,
        sentence: &'static str,
    ) -> Result<Exceeded, Broken> {
        match self.reserve(charges, now)? {
            Answer::Exceeded(exceeded) => Ok(exceeded),
            other => Err(Broken::new(sentence, format!("at {now:?}: {other:?}"))),
        }
    }

    /// Tries a charge so many times, and finds how often it passes.
    pub(super) fn passes(&self, charges: &Charges, times: u64, now: Timestamp) -> Result<u64, Broken> {
        let mut passed = 0_u64;
        for _ in 0..times {
            passed =
                passed.saturating_add(u64::from(matches!(self.reserve(charges, now)?, Answer::Taken(_))));
        }
        Ok(passed)
    }

    /// Of so many calls, so many must pass.
    pub(super) fn passing(
        &self,
        charges: &Charges,
        [expected, times]: [u64; 2],
        now: Timestamp,
        sentence: &'static str,
    ) -> Result<(), Broken> {
        let passed = self.passes(charges, times, now)?;
        same(passed, expected, sentence, || format!("of {times} calls at {now:?}"))
    }

    /// Whether a charge would pass.
    pub(super) fn would_pass(&self, charges: &Charges, now: Timestamp) -> Result<bool, Broken> {
        let peek = self.peek(charges, now)?;
        Ok(peek.exceeded.is_none() && !peek.approval_used)
    }

    /// What is used of each counter, in millionths.
    pub(super) fn used(&self, charges: &Charges, now: Timestamp) -> Result<Vec<u64>, Broken> {
        Ok(self.peek(charges, now)?.used.iter().map(|used| used.millionths()).collect())
    }

    /// So many millionths must be used of each counter.
    pub(super) fn using(
        &self,
        charges: &Charges,
        now: Timestamp,
        expected: &[u64],
        sentence: &'static str,
    ) -> Result<(), Broken> {
        let used = self.used(charges, now)?;
        same(&*used, expected, sentence, || format!("millionths at {now:?}"))
    }

    fn wait<T: Send>(&self, future: impl Future<Output = T> + Send) -> Result<T, Broken> {
        let mut output = None;
        let slot = &mut output;
        (self.wait)(Box::pin(async move { *slot = Some(future.await) }));
        output.ok_or_else(|| Broken::new("What waits comes back when there is an answer.", "there was none"))
    }

    fn known(exceeded: Exceeded, charges: &Charges) -> Result<Exceeded, Broken> {
        if exceeded.charge < charges.charges().len() {
            return Ok(exceeded);
        }
        Err(Broken::new("What is exceeded is one of the charges.", format!("charge {}", exceeded.charge)))
    }
}

/// Both must be the same.
#[expect(clippy::needless_pass_by_value, reason = "callers hand in what they have just made")]
pub(super) fn same<T: PartialEq + Debug>(
    found: T,
    expected: T,
    sentence: &'static str,
    what: impl FnOnce() -> String,
) -> Result<(), Broken> {
    if found == expected {
        return Ok(());
    }
    Err(Broken::new(sentence, format!("{found:?} instead of {expected:?}, {}", what())))
}

/// Something must hold.
pub(super) fn holds(
    condition: bool,
    sentence: &'static str,
    found: impl FnOnce() -> String,
) -> Result<(), Broken> {
    if condition { Ok(()) } else { Err(Broken::new(sentence, found())) }
}

/// Waits for a future on this thread, which sleeps meanwhile.
pub(super) fn wait_here(mut future: Pin<Box<dyn Future<Output = ()> + Send + '_>>) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    while future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        thread::park();
    }
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn unanswered(error: &StoreError) -> Broken {
    let mut found = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        found = format!("{found}: {error}");
        cause = error.source();
    }
    Broken::new("The store answers.", found)
}
