//! What charges find, whatever keeps the counters.

use std::borrow::Cow;
use std::time::Duration;

use crate::limit::{Amount, Charge, Charges, Counter, Freed};
use crate::store::{Exceeded, StoreError};
use crate::timestamp::Timestamp;

/// How much is used of each charge's counter at a moment, and the charge that does not fit. `counter` is asked once
/// for each charge, in their order.
pub(super) fn standings<'a>(
    charges: &Charges,
    now: Timestamp,
    mut counter: impl FnMut(&Charge) -> Result<Option<Cow<'a, Counter>>, StoreError>,
) -> Result<(Vec<Amount>, Option<Exceeded>), StoreError> {
    let mut used = Vec::with_capacity(charges.charges().len());
    let mut exceeded: Option<(usize, Freed)> = None;
    for (index, charge) in charges.charges().iter().enumerate() {
        let standing = Counter::standing(counter(charge)?.as_deref(), charge, now);
        used.push(standing.used);
        if let Some(freed) = standing.exceeded
            && exceeded.is_none_or(|(_, latest)| freed > latest)
        {
            exceeded = Some((index, freed));
        }
    }
    let exceeded = exceeded.map(|(charge, freed)| {
        let retry_after = match freed {
            Freed::At(moment) => Some(Duration::from_secs(now.seconds_until(moment))),
            Freed::Never => None,
        };
        Exceeded::new(charge, retry_after)
    });
    Ok((used, exceeded))
}
