//! Permits: what a call that was let through holds, until it is settled.

use std::fmt;

use crate::evaluator::Evaluator;
use crate::limit::{Charged, Outcome, Reservation};
use crate::policy::Stop;
use crate::store::{AsyncCounterStore, CounterStore, StoreError};

/// A call that is let through.
///
/// Whoever forwards the call settles the permit once the call has come to its end. One that is dropped
/// without keeps its charges until their windows end. That is right too for a call that was sent and got no
/// answer, or that was cancelled: the server may have done the work.
#[must_use = "a permit that is dropped keeps what it was charged, also if the call was never sent"]
pub struct Permit<S> {
    evaluator: Evaluator<S>,
    reservation: Reservation,
    unenforced: Option<Stop>,
    degraded: Option<StoreError>,
}

impl<S> Permit<S> {
    /// What was charged, counter by counter, and what is left.
    #[must_use]
    pub fn charged(&self) -> &[Charged] {
        self.reservation.charged()
    }

    /// In monitor mode: what would have happened to the call if that was not to be let through.
    #[must_use]
    pub fn unenforced(&self) -> Option<&Stop> {
        self.unenforced.as_ref()
    }

    /// Why the call was let through uncharged: the store did not answer, and the evaluator is built to let
    /// calls pass then ([`OnStoreFailure::Allow`](crate::evaluator::OnStoreFailure::Allow)). Such a permit
    /// has nothing to give back.
    #[must_use]
    pub fn degraded(&self) -> Option<&StoreError> {
        self.degraded.as_ref()
    }

    pub(super) fn new(evaluator: Evaluator<S>, reservation: Reservation) -> Self {
        Self { evaluator, reservation, unenforced: None, degraded: None }
    }

    pub(super) fn degraded_by(evaluator: Evaluator<S>, error: StoreError) -> Self {
        Self { degraded: Some(error), ..Self::new(evaluator, Reservation::default()) }
    }

    pub(super) fn unenforced_by(evaluator: Evaluator<S>, stop: Stop) -> Self {
        Self { unenforced: Some(stop), ..Self::new(evaluator, Reservation::default()) }
    }

    /// What is given back after this outcome, if anything is.
    fn refundable(&self, outcome: Outcome) -> Option<Reservation> {
        let refundable = self.reservation.refundable(outcome);
        (!refundable.charged().is_empty()).then_some(refundable)
    }
}

impl<S: CounterStore> Permit<S> {
    /// Says what became of the call. What its limits give back after that is given back, to the windows that
    /// were charged; where such a window is over, nothing is.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached. Then the charges stay until their windows end.
    pub fn settle(self, outcome: Outcome) -> Result<(), StoreError> {
        match self.refundable(outcome) {
            Some(refundable) => self.evaluator.store().refund(&refundable),
            None => Ok(()),
        }
    }
}

impl<S: AsyncCounterStore> Permit<S> {
    /// Says what became of the call, as [`settle`](Self::settle) does, and waits for the store. The future is
    /// [`Send`]; one that is dropped before its end may have given the charges back or not.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be reached. Then the charges stay until their windows end.
    pub async fn settle_async(self, outcome: Outcome) -> Result<(), StoreError> {
        match self.refundable(outcome) {
            Some(refundable) => self.evaluator.store().refund(&refundable).await,
            None => Ok(()),
        }
    }
}

impl<S> fmt::Debug for Permit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("reservation", &self.reservation)
            .field("unenforced", &self.unenforced)
            .field("degraded", &self.degraded)
            .finish_non_exhaustive()
    }
}
