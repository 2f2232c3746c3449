//! What is sent to the scripts, and what they answer.

use crate::limit::{Algorithm, ApprovalUse, Charges, Counter, Pack, Reservation, Unpack, Window};
use crate::store::StoreError;
use crate::timestamp::Timestamp;

/// The argument of `refund.lua`.
pub(super) fn refund(reservation: &Reservation) -> Pack {
    let mut pack = Pack::default();
    for charged in reservation.charged() {
        let (limit, window) = (charged.limit(), charged.window());
        match (limit.algorithm, limit.window) {
            (Algorithm::Sliding, _) => pack.integer(window.position),
            (Algorithm::Fixed, Window::Lifetime) => pack.double(f64::INFINITY),
            (Algorithm::Fixed, of) => {
                pack.integer(seconds(of.around(Timestamp::from_micros(window.position)).1));
            }
        }
        pack.integer(i64::try_from(window.generation).unwrap_or(0));
        pack.amount(charged.amount().millionths());
    }
    pack
}

/// Until when the use must be remembered, in seconds.
pub(super) fn keep_until(approval: &ApprovalUse) -> i64 {
    Timestamp::from(approval.keep_until()).seconds().saturating_add(1)
}

/// What `charge.lua` and `peek.lua` answer to one call.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: Status,
    /// The time by the server's clock.
    pub(super) server_now: Timestamp,
    /// The counters, if they are answered.
    pub(super) counters: Vec<Option<Counter>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    ApprovalUsed,
    Exceeded,
    /// Redis does not write.
    Refused,
    Taken,
    /// What stands under a key is no counter.
    Unreadable,
}

impl Answer {
    /// Reads what was answered to these charges, and nothing else.
    pub(super) fn read(
        bytes: Unpack<'_>,
        server_now: Timestamp,
        charges: &Charges,
    ) -> Result<Self, StoreError> {
        Self::unpack(bytes, server_now, charges).ok_or_else(unreadable)
    }

    fn unpack(mut bytes: Unpack<'_>, server_now: Timestamp, charges: &Charges) -> Option<Self> {
        let status = match bytes.byte()? {
            b'a' => Status::ApprovalUsed,
            b'e' => Status::Exceeded,
            b'r' => Status::Refused,
            b't' => Status::Taken,
            b'u' => Status::Unreadable,
            _ => return None,
        };
        let mut counters = Vec::new();
        if !bytes.is_at_end() {
            counters.reserve_exact(charges.charges().len());
            for charge in charges.charges() {
                counters.push(match bytes.byte()? {
                    0 => None,
                    numbers => Some(Counter::unpack(&mut bytes, numbers, charge)?),
                });
            }
        }
        bytes.is_at_end().then_some(Self { status, server_now, counters })
    }
}

/// Something else than what the scripts write.
pub(super) fn unreadable() -> StoreError {
    StoreError::new("what is stored, or the answer, cannot be read")
}

pub(super) fn seconds(micros: i64) -> i64 {
    micros.div_euclid(Timestamp::SECOND)
}
