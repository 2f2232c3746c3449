//! Leases: quota that is taken in blocks and spent without asking the store each time.

mod ledger;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

use crate::limit::{Algorithm, Amount, Charge, Charged, Charges, Reservation, Window};
use crate::store::lease::ledger::{Ledger, Need};
use crate::store::{AsyncCounterStore, Exceeded, Peek, Refusal, StoreError};
use crate::timestamp::Timestamp;

/// A store that takes quota from another in blocks, and spends it here: most calls then need no round trip.
///
/// It is for fixed windows, `lifetime` apart. Everything else (sliding windows, approvals, a limit with a smaller `max` than
/// that of the block) goes to the shared store as ever, and so does a call for which what is left of a block does not
/// suffice while another call fetches the next. The charges of a call are still taken all or none.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use mcp_policy::MemoryStore;
/// use mcp_policy::store::Leased;
///
/// # let shared = Arc::new(MemoryStore::new());
/// // `shared` is a `RedisStore`, say.
/// let store = Leased::new(shared).share(100).skew(Duration::from_secs(1));
/// # let _ = store;
/// ```
///
/// # What it promises, and its price
///
/// Together the gateways let through no more than the limit: a block counts as used in the shared store before anything of
/// it is spent. So a fleet may refuse *earlier* than it must, by what lies unspent in its gateways: at
/// most `max` / [`share`](Self::share) for each counter and gateway. A [refund](AsyncCounterStore::refund) comes
/// back to the block, or to the shared store if the block is over. What is unspent when a
/// window ends is worth nothing any more; a gateway that stops gives it back by [`release`](Self::release), and one that is
/// killed keeps it from the others until the window ends.
///
/// # When a block ends
///
/// Before its window does, less the [skew](Self::skew): the most by which this machine's clock and the shared store's may
/// differ. How long that is, is found when the block is taken, and then told by the monotonic clock, so a clock
/// that is set meanwhile changes nothing. If the clocks differ by more, a block may outlast its window, and as much more
/// is let through in the next.
///
/// # What it does not see
///
/// While a block lasts, the shared store is not asked. So a shared store that has failed, or has forgotten its
/// counts, is noticed only when the next block is due.
pub struct Leased<S> {
    inner: Arc<Inner<S>>,
    share: u64,
    skew: Duration,
}

impl<S> Leased<S> {
    /// The most by which clocks may differ unless it is said: a second.
    pub const DEFAULT_SKEW: Duration = Duration::from_secs(1);

    /// Which part of `max` a block is unless it is said: a hundredth.
    pub const DEFAULT_SHARE: u32 = 100;

    /// Leases from a shared store, by the system's monotonic clock.
    #[expect(clippy::disallowed_methods, reason = "how long a lease lasts is told by the monotonic clock")]
    pub fn new(shared: S) -> Self {
        let begin = Instant::now();
        Self::with_clock(shared, move || begin.elapsed())
    }

    /// Leases from a shared store, by another clock: how much time has passed since some moment. It must never go
    /// backwards.
    pub fn with_clock(shared: S, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self {
            inner: Arc::new(Inner { shared, clock: Box::new(clock), ledger: Mutex::default() }),
            share: u64::from(Self::DEFAULT_SHARE),
            skew: Self::DEFAULT_SKEW,
        }
    }

    /// A block is this part of `max`: 100 for a hundredth. At least it is what the call costs that takes it. 0 counts
    /// as 1.
    #[must_use]
    pub fn share(self, share: u32) -> Self {
        Self { share: u64::from(share.max(1)), ..self }
    }

    /// The most by which the clocks of this machine and of the shared store may differ. In windows that are not longer
    /// nothing is leased.
    #[must_use]
    pub fn skew(self, skew: Duration) -> Self {
        Self { skew, ..self }
    }

    /// The store that is leased from.
    #[must_use]
    pub fn shared(&self) -> &S {
        &self.inner.shared
    }

    /// How many blocks there are here, with those that are over and have not been dropped yet.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.inner.ledger.lock().len()
    }

    fn elapsed(&self) -> Duration {
        (self.inner.clock)()
    }

    /// How much to lease for a charge that the blocks here do not cover. `None` if it is not for leasing.
    fn block(&self, charge: &Charge, now: Timestamp) -> Option<Amount> {
        if charge.algorithm() != Algorithm::Fixed || charge.window() == Window::Lifetime {
            return None;
        }
        let (_, end) = charge.window().around(now);
        if self.lasts(Timestamp::from_micros(end).into(), now.into()).is_zero() {
            return None;
        }
        let block = charge.max().millionths().checked_div(self.share)?;
        Amount::from_millionths(block).filter(|block| *block > charge.amount() && *block <= charge.max())
    }

    /// How long a block may be spent of which the window ends then.
    fn lasts(&self, end: SystemTime, now: SystemTime) -> Duration {
        end.duration_since(now).unwrap_or_default().saturating_sub(self.skew)
    }
}

impl<S: AsyncCounterStore> Leased<S> {
    /// Gives back everything that is unspent: for a gateway that stops, or has nothing to do.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the shared store cannot be reached. Then it stays charged until the windows end.
    pub async fn release(&self) -> Result<(), StoreError> {
        let unspent = self.inner.ledger.lock().take_all(self.elapsed());
        if unspent.is_empty() {
            return Ok(());
        }
        let mut outcome = Ok(());
        for charged in unspent {
            // One by one: they may be of several namespaces, which need not be in one place.
            outcome = outcome.and(self.inner.shared.refund(&Reservation::new(vec![charged])).await);
        }
        outcome
    }

    /// Takes what the blocks here do not cover from the shared store, with new blocks if that fits.
    async fn fetch(&self, charges: &Charges, now: SystemTime, plan: &Plan) -> Result<Reservation, Refusal> {
        let shared = &self.inner.shared;
        if !plan.has_blocks() {
            return shared.reserve(&plan.request(charges, false), now).await;
        }
        match shared.reserve(&plan.request(charges, true), now).await {
            // Not a whole block: what the call costs may fit.
            Err(Refusal::Exceeded(_)) => shared.reserve(&plan.request(charges, false), now).await,
            answer => answer,
        }
    }

    async fn take(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        let asked_at = self.elapsed();
        let moment = Timestamp::from(now);
        let mut turn = Turn { leased: self, charges, plan: Plan::default() };
        {
            let mut ledger = self.inner.ledger.lock();
            if let Some(spent) = ledger.spend_all(charges, asked_at) {
                return Ok(spent);
            }
            for charge in charges.charges() {
                let need = ledger.need(charge, asked_at, self.block(charge, moment));
                turn.plan.needs.push(need);
            }
        }
        let answer = self.fetch(charges, now, &turn.plan).await;
        let reservation = match answer {
            Ok(reservation) => reservation,
            Err(Refusal::Exceeded(exceeded)) => {
                let charge = turn.plan.index_of(exceeded.charge);
                return Err(Refusal::Exceeded(Exceeded::new(charge, exceeded.retry_after)));
            }
            Err(refusal) => return Err(refusal),
        };
        turn.end(reservation, asked_at, now).await
    }
}

/// What is to be asked of the shared store for a call.
#[derive(Debug, Default)]
struct Plan {
    /// One for each charge.
    needs: Vec<Need>,
}

impl Plan {
    fn has_blocks(&self) -> bool {
        self.needs.iter().any(|need| matches!(need, Need::Block(_)))
    }

    /// The charges that the blocks here do not cover.
    fn request(&self, charges: &Charges, with_blocks: bool) -> Charges {
        let needed = charges.charges().iter().zip(&self.needs).filter_map(|(charge, need)| match need {
            Need::Block(block) if with_blocks => Some(charge.with_amount(*block)),
            Need::Block(_) | Need::Shared => Some(charge.clone()),
            Need::Spent(_) => None,
        });
        Charges::new(needed.collect(), charges.approval().cloned())
    }

    /// Which of the call's charges is this one of the request.
    fn index_of(&self, requested: usize) -> usize {
        let requests = self.needs.iter().enumerate().filter(|(_, need)| !matches!(need, Need::Spent(_)));
        requests.map(|(index, _)| index).nth(requested).unwrap_or(usize::MAX)
    }
}

/// A call that is under way to the shared store. If it does not come to its end, what it has spent here comes back,
/// and others may fetch the blocks that it has not.
struct Turn<'a, S> {
    leased: &'a Leased<S>,
    charges: &'a Charges,
    plan: Plan,
}

impl<S: AsyncCounterStore> Turn<'_, S> {
    /// Puts together what was spent here and what was taken there, and keeps what is left of new blocks.
    async fn end(
        mut self,
        reservation: Reservation,
        asked_at: Duration,
        now: SystemTime,
    ) -> Result<Reservation, Refusal> {
        let requested = self.plan.needs.iter().filter(|need| !matches!(need, Need::Spent(_)));
        if reservation.charged().len() != requested.count() {
            return Err(StoreError::new("the shared store has not answered to every charge").into());
        }
        let mut taken = reservation.charged().iter();
        let mut all = Vec::with_capacity(self.charges.charges().len());
        let mut too_late = Vec::new();
        let needs = std::mem::take(&mut self.plan.needs);
        {
            let mut ledger = self.leased.inner.ledger.lock();
            for (charge, need) in self.charges.charges().iter().zip(needs) {
                if let Need::Spent(spent) = need {
                    all.push(spent);
                    continue;
                }
                let Some(charged) = taken.next() else { continue };
                if matches!(need, Need::Block(_)) {
                    ledger.fetched(charge.key());
                }
                let left = charged.amount().millionths().saturating_sub(charge.amount().millionths());
                let left = Amount::from_millionths(left).unwrap_or(Amount::ZERO);
                if left > Amount::ZERO {
                    // From when it was asked: the answer may have been on its way for long.
                    let lasts = charged.until().map_or(Duration::ZERO, |end| self.leased.lasts(end, now));
                    // No longer than a window, should the clock here be far behind.
                    let longest = charge.window().around(now.into());
                    let longest = Duration::from_micros(longest.1.saturating_sub(longest.0).unsigned_abs());
                    let end = asked_at.saturating_add(lasts.min(longest.saturating_sub(self.leased.skew)));
                    if let Err(unspent) = ledger.keep(charge, charged, left, [self.leased.elapsed(), end]) {
                        too_late.push(unspent);
                    }
                }
                let remaining = charged.remaining().millionths().saturating_add(left.millionths());
                let remaining = Amount::from_millionths(remaining).unwrap_or(Amount::MAX);
                all.push(Charged::new(charge, remaining, charged.window(), charged.until()));
            }
        }
        for unspent in too_late {
            // Whatever comes of it, the call was charged.
            let _ = self.leased.inner.shared.refund(&Reservation::new(vec![unspent])).await;
        }
        Ok(Reservation::new(all))
    }
}

impl<S> Drop for Turn<'_, S> {
    fn drop(&mut self) {
        if self.plan.needs.is_empty() {
            return;
        }
        let now = self.leased.elapsed();
        let mut ledger = self.leased.inner.ledger.lock();
        for (charge, need) in self.charges.charges().iter().zip(&self.plan.needs) {
            match need {
                Need::Block(_) => ledger.fetched(charge.key()),
                // If its block is over by now it is lost with it, as all that is unspent.
                Need::Spent(spent) => drop(ledger.give_back(spent, now)),
                Need::Shared => {}
            }
        }
    }
}

impl<S: AsyncCounterStore> AsyncCounterStore for Leased<S> {
    async fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        self.take(charges, now).await
    }

    async fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        let now = self.elapsed();
        let elsewhere: Vec<_> = {
            let mut ledger = self.inner.ledger.lock();
            let comes_back = |charged: &&Charged| !ledger.give_back(charged, now);
            reservation.charged().iter().filter(comes_back).cloned().collect()
        };
        if elsewhere.is_empty() {
            return Ok(());
        }
        self.inner.shared.refund(&Reservation::new(elsewhere)).await
    }

    /// What is used: as the shared store says, less what lies unspent here.
    async fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        let mut peek = self.inner.shared.peek(charges, now).await?;
        let unspent = self.inner.ledger.lock().unspent(charges, self.elapsed());
        for (used, unspent) in peek.used.iter_mut().zip(&unspent) {
            let left = used.millionths().saturating_sub(unspent.millionths());
            *used = Amount::from_millionths(left).unwrap_or(Amount::ZERO);
        }
        let is_covered = |index: usize| {
            charges.charges().get(index).zip(unspent.get(index)).is_some_and(|(c, u)| *u >= c.amount())
        };
        if peek.exceeded.is_some_and(|exceeded| is_covered(exceeded.charge)) {
            // The others have still to be asked about.
            let rest = (0..charges.charges().len()).filter(|index| !is_covered(*index)).collect::<Vec<_>>();
            let asked = rest.iter().filter_map(|index| charges.charges().get(*index)).cloned().collect();
            let exceeded = self.inner.shared.peek(&Charges::new(asked, None), now).await?.exceeded;
            peek.exceeded = exceeded
                .and_then(|exceeded| Some(Exceeded::new(*rest.get(exceeded.charge)?, exceeded.retry_after)));
        }
        Ok(peek)
    }
}

struct Inner<S> {
    shared: S,
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
    ledger: Mutex<Ledger>,
}

impl<S> Clone for Leased<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), ..*self }
    }
}

impl<S: fmt::Debug> fmt::Debug for Leased<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased")
            .field("shared", &self.inner.shared)
            .field("share", &self.share)
            .field("skew", &self.skew)
            .finish_non_exhaustive()
    }
}
