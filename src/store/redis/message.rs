//! What is sent to the scripts, and what they answer.

use redis::{Cmd, Value};

use crate::limit::{
    Algorithm, ApprovalUse, Charge, Charged, Charges, Counter, Pack, Reservation, Unpack, Window,
};
use crate::store::StoreError;
use crate::timestamp::Timestamp;

/// The keys of a script, as Redis knows them.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    prefix: &'a str,
    keys: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(charges: &'a Charges, prefix: &'a str) -> Self {
        let counters = charges.charges().iter().map(Charge::key);
        Self { prefix, keys: counters.chain(charges.approval().map(ApprovalUse::key)).collect() }
    }

    pub(super) fn of_charged(reservation: &'a Reservation, prefix: &'a str) -> Self {
        Self { prefix, keys: reservation.charged().iter().map(Charged::key).collect() }
    }

    /// Adds their number and the keys.
    pub(super) fn write(&self, command: &mut Cmd) {
        command.arg(self.keys.len());
        let mut text = String::with_capacity(USUAL_LENGTH);
        for key in &self.keys {
            // The namespace comes first; in keys, braces are ours alone.
            let (namespace, rest) =
                key.split_at_checked(key.find('|').unwrap_or(key.len())).unwrap_or((key, ""));
            text.clear();
            text.extend([self.prefix, "{", namespace, "}", rest]);
            command.arg(&text);
        }
    }
}

/// The argument of `charge.lua`.
pub(super) fn charge(charges: &Charges, now: Option<Timestamp>) -> Pack {
    let mut pack = Pack::default();
    match now {
        Some(now) => {
            pack.integer(now.seconds());
            pack.integer(now.micros().rem_euclid(Timestamp::SECOND));
        }
        None => [0, -1].into_iter().for_each(|part| pack.integer(part)),
    }
    pack.integer(charges.approval().map_or(0, keep_until));
    pack.integer(i64::try_from(charges.charges().len()).unwrap_or(i64::MAX));
    for charge in charges.charges() {
        let kind = match (charge.algorithm(), charge.window()) {
            (Algorithm::Sliding, _) => b's',
            (Algorithm::Fixed, Window::Lifetime) => b'l',
            (Algorithm::Fixed, Window::Month) => b'm',
            (Algorithm::Fixed, Window::Week) => b'w',
            (Algorithm::Fixed, _) => b'f',
        };
        pack.byte(kind);
        pack.integer(charge.window().length().map_or(0, seconds));
        pack.amount(charge.amount().millionths());
        match charge.max().millionths().checked_sub(charge.amount().millionths()) {
            Some(room) => pack.amount(room),
            None => [-1, 0].into_iter().for_each(|half| pack.integer(half)),
        }
    }
    pack
}

/// The argument of `refund.lua`.
pub(super) fn refund(reservation: &Reservation) -> Pack {
    let mut pack = Pack::default();
    for charged in reservation.charged() {
        let (limit, window) = (charged.limit(), charged.window());
        match (limit.algorithm, limit.window) {
            (Algorithm::Sliding, _) => pack.integer(window.position),
            (Algorithm::Fixed, Window::Lifetime) => pack.double(f64::NEG_INFINITY),
            (Algorithm::Fixed, _) => pack.integer(seconds(window.position)),
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

/// What `charge.lua` and `peek.lua` answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: Status,
    pub(super) now: Timestamp,
    /// The counters; none where the approval was used.
    pub(super) counters: Vec<Option<Counter>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    ApprovalUsed,
    Exceeded,
    Taken,
}

impl Answer {
    /// Reads what was answered to these charges.
    pub(super) fn read(value: &Value, charges: &Charges) -> Result<Self, StoreError> {
        let Value::BulkString(bytes) = value else {
            return Err(unreadable());
        };
        Self::unpack(Unpack::new(bytes), charges).ok_or_else(unreadable)
    }

    fn unpack(mut bytes: Unpack<'_>, charges: &Charges) -> Option<Self> {
        let status = match bytes.byte()? {
            0 => Status::Taken,
            1 => Status::Exceeded,
            2 => Status::ApprovalUsed,
            _ => return None,
        };
        let (seconds, micros) = (bytes.integer()?, bytes.integer()?);
        let now = Timestamp::from_micros(seconds.checked_mul(Timestamp::SECOND)?.checked_add(micros)?);
        let mut counters = Vec::new();
        if !bytes.is_at_end() {
            counters.reserve_exact(charges.charges().len());
            for charge in charges.charges() {
                let is_there = !bytes.skips(b'-');
                counters.push(if is_there { Some(Counter::unpack(&mut bytes, charge)?) } else { None });
            }
        }
        bytes.is_at_end().then_some(Self { status, now, counters })
    }
}

/// Something else than what the scripts write.
pub(super) fn unreadable() -> StoreError {
    StoreError::new("what is stored, or the answer, cannot be read")
}

fn seconds(micros: i64) -> i64 {
    micros.div_euclid(Timestamp::SECOND)
}

/// Most keys are shorter.
const USUAL_LENGTH: usize = 128;
