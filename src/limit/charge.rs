//! Charges: what a call costs, and what was taken.

use std::sync::Arc;
use std::time::SystemTime;

use crate::condition::Subject;
use crate::json::Item;
use crate::limit::{Algorithm, Amount, HOUR, Increment, Key, Limit, Outcome, Refund, Scope, Window};
use crate::number::AmountError;
use crate::path::Found;
use crate::timestamp::Timestamp;

/// The price of one call: everything that a counter store takes in one indivisible step, or does not take at
/// all.
///
/// No two charges of one call are to the same counter.
#[derive(Clone, Debug, Default)]
pub struct Charges {
    charges: Vec<Charge>,
    approval: Option<ApprovalUse>,
}

impl Charges {
    /// The charges, in the order in which limits are reported.
    #[must_use]
    pub fn charges(&self) -> &[Charge] {
        &self.charges
    }

    /// The approval that is used up together with the charges.
    #[must_use]
    pub fn approval(&self) -> Option<&ApprovalUse> {
        self.approval.as_ref()
    }

    /// Whether there is nothing to take.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.charges.is_empty() && self.approval.is_none()
    }

    pub(crate) fn new(charges: Vec<Charge>, approval: Option<ApprovalUse>) -> Self {
        Self { charges, approval }
    }
}

/// A charge to one counter.
#[derive(Clone, Debug)]
pub struct Charge {
    limit: Arc<Limit>,
    key: Arc<str>,
    max: Amount,
    amount: Amount,
    refund: Refund,
}

impl Charge {
    /// What identifies the counter, in visible ASCII: the evaluator's namespace, the counter's name, window
    /// and algorithm, and its scopes with their values. No choice of names and values makes the keys of two
    /// counters the same. It is at most some kilobytes long, whatever the call's arguments are.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How long the charge counts.
    #[must_use]
    pub fn window(&self) -> Window {
        self.limit.window
    }

    /// How it is counted.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.limit.algorithm
    }

    /// The most that may be charged within one window, this charge included.
    #[must_use]
    pub fn max(&self) -> Amount {
        self.max
    }

    /// How much is charged. It can be zero.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// When the charge is given back.
    #[must_use]
    pub fn refund(&self) -> Refund {
        self.refund
    }

    /// The limit that is reported when the charge does not fit, as a JSON Pointer into the policy.
    #[must_use]
    pub fn rule(&self) -> String {
        self.limit.rule()
    }

    pub(crate) fn limit(&self) -> &Arc<Limit> {
        &self.limit
    }

    pub(crate) fn shared_key(&self) -> &Arc<str> {
        &self.key
    }

    /// The same charge of another amount.
    pub(crate) fn with_amount(&self, amount: Amount) -> Self {
        Self { amount, ..self.clone() }
    }

    /// The charge of a limit that is the first to charge its counter.
    pub(crate) fn new(
        limit: &Arc<Limit>,
        namespace: &str,
        subject: &Subject<'_>,
    ) -> Result<Self, ChargeError> {
        let mut key = Key::new(namespace);
        key.parts(&limit.key);
        for scope in &limit.scopes {
            scope.write_key(subject, &mut key).ok_or_else(|| ChargeError::ScopeMissing(scope.clone()))?;
        }
        let amount = limit.amount(subject)?;
        Ok(Self {
            limit: Arc::clone(limit),
            key: key.into_text().into(),
            max: limit.max,
            amount,
            refund: limit.refund,
        })
    }

    /// Adds a limit that charges the same counter. The call is charged once: the larger increment, against
    /// the smaller max, and given back as rarely as either says.
    pub(crate) fn join(&mut self, limit: &Limit, subject: &Subject<'_>) -> Result<(), ChargeError> {
        self.amount = self.amount.max(limit.amount(subject)?);
        self.max = self.max.min(limit.max);
        self.refund = self.refund.min(limit.refund);
        Ok(())
    }
}

/// Why a limit cannot be charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChargeError {
    AmountInvalid,
    /// The call does not have this.
    ScopeMissing(Scope),
}

impl From<AmountError> for ChargeError {
    fn from(_: AmountError) -> Self {
        Self::AmountInvalid
    }
}

impl Limit {
    fn amount(&self, subject: &Subject<'_>) -> Result<Amount, ChargeError> {
        match &self.increment {
            Increment::Fixed(amount) => Ok(*amount),
            Increment::From(path) => match path.find(subject.arguments()) {
                Found::Item(Item::Number(Some(number))) => Ok(Amount::rounded_up(number)?),
                _ => Err(ChargeError::AmountInvalid),
            },
        }
    }
}

/// The one use of an approval.
#[derive(Clone, Debug)]
pub struct ApprovalUse {
    key: Box<str>,
    rule: Arc<str>,
    keep_until: Timestamp,
}

impl ApprovalUse {
    /// What identifies the approval, in visible ASCII. It differs from every counter's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Until when a store must remember the use: an hour after the approval has ended.
    #[must_use]
    pub fn keep_until(&self) -> SystemTime {
        self.keep_until.into()
    }

    /// The clause that asked for the approval, as a JSON Pointer into the policy.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    pub(crate) fn new(namespace: &str, id: &str, rule: Arc<str>, expires_at: Timestamp) -> Self {
        let mut key = Key::new(namespace);
        key.name("approval");
        key.text(id);
        let keep_until = Timestamp::from_micros(expires_at.micros().saturating_add(HOUR));
        Self { key: key.into_text().into(), rule, keep_until }
    }
}

/// What a store has taken for one call.
#[derive(Clone, Debug, Default)]
pub struct Reservation {
    charged: Vec<Charged>,
}

impl Reservation {
    /// What was taken, for a store to return: one [`Charged`] for each [`Charge`], in the same order.
    #[must_use]
    pub fn new(charged: Vec<Charged>) -> Self {
        Self { charged }
    }

    /// What was taken, counter by counter.
    #[must_use]
    pub fn charged(&self) -> &[Charged] {
        &self.charged
    }

    /// The part that is given back after this outcome.
    #[must_use]
    pub fn refundable(&self, outcome: Outcome) -> Self {
        let charged = self.charged.iter().filter(|charged| charged.refund.applies_to(outcome));
        Self { charged: charged.cloned().collect() }
    }
}

/// A charge that was taken.
#[derive(Clone, Debug)]
pub struct Charged {
    limit: Arc<Limit>,
    key: Arc<str>,
    amount: Amount,
    refund: Refund,
    remaining: Amount,
    window: WindowId,
    until: Option<SystemTime>,
}

impl Charged {
    /// A charge that a store took in this window, what is left in it afterwards, and the first moment at
    /// which the charge does not count any more.
    #[must_use]
    pub fn new(charge: &Charge, remaining: Amount, window: WindowId, until: Option<SystemTime>) -> Self {
        Self {
            limit: Arc::clone(&charge.limit),
            key: Arc::clone(&charge.key),
            amount: charge.amount,
            refund: charge.refund,
            remaining,
            window,
            until,
        }
    }

    /// The key of the counter.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How much was charged.
    #[must_use]
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// How much the counter lets through until its window ends.
    #[must_use]
    pub fn remaining(&self) -> Amount {
        self.remaining
    }

    /// The window that was charged, as the store names it.
    #[must_use]
    pub fn window(&self) -> WindowId {
        self.window
    }

    /// The first moment at which the charge does not count any more; `None` if it counts for ever.
    #[must_use]
    pub fn until(&self) -> Option<SystemTime> {
        self.until
    }

    /// The limit, as a JSON Pointer into the policy that was in force.
    #[must_use]
    pub fn rule(&self) -> String {
        self.limit.rule()
    }

    /// A part of the charge, of this amount.
    pub(crate) fn with_amount(&self, amount: Amount) -> Self {
        Self { amount, ..self.clone() }
    }

    /// The limit that the charge was taken for.
    #[cfg(feature = "redis")]
    pub(crate) fn limit(&self) -> &Arc<Limit> {
        &self.limit
    }
}

/// Which window of a counter was charged, so that a refund reaches that one and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct WindowId {
    /// Where in time the window, or the part of it that was charged, begins: in a unit of the store's.
    pub position: i64,
    /// Which of several windows at that position it was: a clock that is set back can make two.
    pub generation: u64,
}

impl WindowId {
    /// The window at a position, of a generation.
    #[must_use]
    pub const fn new(position: i64, generation: u64) -> Self {
        Self { position, generation }
    }
}
