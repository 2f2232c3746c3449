//! Taking the charges of a call, and giving them back.

use crate::limit::{Charges, Counter, Reservation};
use crate::store::entry::{Entry, SMALLEST_SWEEP};
use crate::store::findings::Findings;
use crate::store::sqlite::file::File;
use crate::store::sqlite::rows::{Cursor, Row, Rows};
use crate::store::sqlite::trouble::Trouble;
use crate::store::{Peek, Refusal};
use crate::timestamp::Timestamp;

/// What came of an attempt to take charges.
#[derive(Debug)]
pub(super) enum Attempt {
    Refused(Refusal),
    Taken(Reservation),
}

impl File {
    /// Takes the charges if they fit and there is room for the counters that they add.
    pub(super) fn reserve(
        &mut self,
        charges: &Charges,
        now: Timestamp,
        capacity: u64,
    ) -> Result<Attempt, Trouble> {
        let generation = self.generations(charges.charges().len())?;
        let mut cursor = self.cursor;
        let attempt = self.write(|rows| {
            let look = match Look::with_room(rows, charges, now, capacity)? {
                Found::Fits(look) => look,
                // What was dropped to make room stays so.
                Found::Refused(refusal) => return Ok(Attempt::Refused(refusal)),
            };
            let reservation = take(rows, charges, &look.rows, now, generation)?;
            if look.added > 0 {
                cursor = tidy(rows, cursor, now)?;
            }
            Ok(Attempt::Taken(reservation))
        })?;
        self.cursor = cursor;
        Ok(attempt)
    }

    pub(super) fn refund(&self, reservation: &Reservation) -> Result<(), Trouble> {
        self.write(|rows| {
            for charged in reservation.charged() {
                let Some(row) = rows.find(charged.key())? else { continue };
                let Entry::Counter(before) = &row.entry else { continue };
                let mut counter = before.clone();
                counter.give_back(charged);
                if counter != *before {
                    rows.put(charged.key(), Some(&row), &counter)?;
                }
            }
            Ok(())
        })
    }

    pub(super) fn peek(&self, charges: &Charges, now: Timestamp) -> Result<Peek, Trouble> {
        self.read(|rows| Ok(Look::at(rows, charges, now)?.peek))
    }
}

/// What the charges find.
#[derive(Debug)]
struct Look {
    peek: Peek,
    /// The row of each charge.
    rows: Vec<Option<Row>>,
    /// How many rows the charges and the approval add.
    added: u64,
}

/// Whether the charges can be taken.
enum Found {
    Fits(Look),
    Refused(Refusal),
}

impl Look {
    fn at(rows: Rows<'_>, charges: &Charges, now: Timestamp) -> Result<Self, Trouble> {
        let mut findings = Findings::new(now, charges.charges().len());
        let mut found = Vec::with_capacity(charges.charges().len());
        let mut added = 0_u64;
        for charge in charges.charges() {
            let row = rows.find(charge.key())?;
            let before = match &row {
                Some(Row { entry: Entry::Counter(counter), .. }) => Some(counter),
                Some(Row { entry: Entry::UsedUntil(_), .. }) => return Err(Trouble::Confused),
                None => None,
            };
            added = added.saturating_add(u64::from(before.is_none()));
            findings.add(before, charge);
            found.push(row);
        }
        let mut approval_used = false;
        if let Some(approval) = charges.approval() {
            let keep_until = Timestamp::from(approval.keep_until()).micros();
            approval_used =
                keep_until <= rows.totals()?.forgotten_until || rows.find(approval.key())?.is_some();
            added = added.saturating_add(u64::from(!approval_used));
        }
        Ok(Self { peek: findings.into_peek(approval_used), rows: found, added })
    }

    /// Makes room for the rows that the charges add, if they fit and there is none.
    fn with_room(rows: Rows<'_>, charges: &Charges, now: Timestamp, capacity: u64) -> Result<Found, Trouble> {
        let has_room = |added: u64| -> Result<bool, Trouble> {
            Ok(added == 0 || rows.totals()?.count.checked_add(added).is_some_and(|count| count <= capacity))
        };
        let look = Self::at(rows, charges, now)?;
        if let Some(refusal) = look.refusal() {
            return Ok(Found::Refused(refusal));
        }
        if has_room(look.added)? {
            return Ok(Found::Fits(look));
        }
        let needed = u64::try_from(charges.charges().len()).unwrap_or(u64::MAX).saturating_add(1);
        rows.drop_over(now, needed.max(DROPPED_AT_ONCE))?;
        // Some of what was dropped may have been what this call found.
        let look = Self::at(rows, charges, now)?;
        let refusal = match look.refusal() {
            Some(refusal) => Some(refusal),
            None => (!has_room(look.added)?).then_some(Refusal::Full),
        };
        Ok(refusal.map_or(Found::Fits(look), Found::Refused))
    }

    fn refusal(&self) -> Option<Refusal> {
        if self.peek.approval_used {
            return Some(Refusal::ApprovalUsed);
        }
        self.peek.exceeded.map(Refusal::Exceeded)
    }
}

/// Writes down charges that fit. `generation` is the last one that was given before.
fn take(
    rows: Rows<'_>,
    charges: &Charges,
    found: &[Option<Row>],
    now: Timestamp,
    generation: u64,
) -> Result<Reservation, Trouble> {
    let mut taken = Vec::with_capacity(found.len());
    for ((charge, row), generation) in charges.charges().iter().zip(found).zip(generation.saturating_add(1)..)
    {
        let before = match row {
            Some(Row { entry: Entry::Counter(counter), .. }) => Some(counter),
            Some(Row { entry: Entry::UsedUntil(_), .. }) | None => None,
        };
        let (after, done) = Counter::charged(before, charge, now, generation).ok_or(Trouble::Confused)?;
        rows.put(charge.key(), row.as_ref(), &after)?;
        taken.push(done);
    }
    if let Some(approval) = charges.approval() {
        rows.use_up(approval.key(), Timestamp::from(approval.keep_until()).micros())?;
    }
    Ok(Reservation::new(taken))
}

/// Drops a few rows that are long over, once there are enough to look for them.
fn tidy(rows: Rows<'_>, cursor: Cursor, now: Timestamp) -> Result<Cursor, Trouble> {
    let smallest = u64::try_from(SMALLEST_SWEEP).unwrap_or(u64::MAX);
    if rows.totals()?.count < smallest {
        return Ok(cursor);
    }
    Ok(rows.tidy(cursor, now)?.unwrap_or(Cursor::START))
}

/// More than one, so that a file which is full is not looked through for every call.
const DROPPED_AT_ONCE: u64 = 256;
