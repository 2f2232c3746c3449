//! Moments: what a caller's clock showed, to the microsecond.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::{Date, Month, OffsetDateTime};

/// Microseconds since the Unix epoch, negative before it.
///
/// INVARIANT: within the years −9999 to 9999. A clock beyond them is taken as their end, so that no
/// arithmetic on moments overflows and every moment has a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Timestamp {
    micros: i64,
}

impl Timestamp {
    pub(crate) const SECOND: i64 = 1_000_000;
    /// −9999-01-01T00:00:00Z and the first moment of the year 10000, in microseconds.
    const EARLIEST: i64 = -377_705_116_800 * Self::SECOND;
    const LATEST: i64 = 253_402_300_800 * Self::SECOND - 1;

    pub(crate) fn from_micros(micros: i64) -> Self {
        Self { micros: micros.clamp(Self::EARLIEST, Self::LATEST) }
    }

    pub(crate) fn micros(self) -> i64 {
        self.micros
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[cfg(feature = "redis")]
    pub(crate) fn seconds(self) -> i64 {
        self.micros.div_euclid(Self::SECOND)
    }

    /// Hour of the day, 0 to 23, in UTC.
    pub(crate) fn hour(self) -> u8 {
        self.date_time().hour()
    }

    pub(crate) fn date(self) -> Date {
        self.date_time().date()
    }

    /// Whole seconds from here to a later moment, rounded up; zero if it is not later.
    pub(crate) fn seconds_until(self, micros: i64) -> u64 {
        let gap = i128::from(micros).saturating_sub(i128::from(self.micros)).max(0);
        let gap = u128::try_from(gap).unwrap_or(0).div_ceil(1_000_000);
        u64::try_from(gap).unwrap_or(u64::MAX)
    }

    fn date_time(self) -> OffsetDateTime {
        let seconds = self.micros.div_euclid(Self::SECOND);
        // Does not fail within the years of the invariant.
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl From<SystemTime> for Timestamp {
    /// Parts of a microsecond are cut off, towards the past.
    fn from(time: SystemTime) -> Self {
        let micros = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i128::try_from(after.as_micros()).unwrap_or(i128::MAX),
            Err(before) => {
                let before = before.duration().as_nanos().div_ceil(1000);
                i128::try_from(before).map_or(i128::MIN, i128::saturating_neg)
            }
        };
        let beyond = if micros < 0 { i64::MIN } else { i64::MAX };
        Self::from_micros(i64::try_from(micros).unwrap_or(beyond))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        let distance = Duration::from_micros(timestamp.micros.unsigned_abs());
        let moment = if timestamp.micros < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        moment.unwrap_or(UNIX_EPOCH)
    }
}

/// RFC 3339 in UTC, to the microsecond.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.date_time();
        let (date, micros) = (time.date(), self.micros.rem_euclid(Self::SECOND));
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())?;
        write!(f, "T{:02}:{:02}:{:02}.{micros:06}Z", time.hour(), time.minute(), time.second())
    }
}

/// Midnight of the first day of a month, in microseconds; months beyond December belong to the next year.
pub(crate) fn month_start(year: i32, month: u8) -> i64 {
    let (year, month) =
        if month > 12 { (year.saturating_add(1), Month::January) } else { (year, month_of(month)) };
    match Date::from_calendar_date(year, month, 1) {
        Ok(date) => date.midnight().assume_utc().unix_timestamp().saturating_mul(Timestamp::SECOND),
        // Past the last year that has dates.
        Err(_) => Timestamp::LATEST.saturating_add(1),
    }
}

fn month_of(month: u8) -> Month {
    Month::try_from(month).unwrap_or(Month::January)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t39_clocks_far_out_are_taken_as_the_end_of_dates() {
        let far = UNIX_EPOCH + Duration::from_secs(1 << 62);
        assert_eq!(Timestamp::from(far).micros(), Timestamp::LATEST);
        assert_eq!(Timestamp::from(far).date().year(), 9999);
        assert_eq!(Timestamp::from_micros(i64::MIN).date().year(), -9999);
        if let Some(past) = UNIX_EPOCH.checked_sub(Duration::from_secs(1 << 62)) {
            assert_eq!(Timestamp::from(past).micros(), Timestamp::EARLIEST);
        }
    }

    #[test]
    fn moments_before_the_epoch_are_cut_towards_the_past() {
        let before = UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(Timestamp::from(before).micros(), -1);
        assert_eq!(Timestamp::from(before).hour(), 23);
        assert_eq!(SystemTime::from(Timestamp::from_micros(-1)), UNIX_EPOCH - Duration::from_micros(1));
    }

    #[test]
    fn moments_are_written_to_the_microsecond() {
        let moment = Timestamp::from_micros(1_795_371_949 * Timestamp::SECOND + 42);
        assert_eq!(moment.to_string(), "2026-11-22T18:25:49.000042Z");
        assert_eq!(Timestamp::from_micros(-1).to_string(), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn seconds_are_rounded_up() {
        let now = Timestamp::from_micros(10 * Timestamp::SECOND + 1);
        assert_eq!(now.seconds_until(11 * Timestamp::SECOND), 1);
        assert_eq!(now.seconds_until(11 * Timestamp::SECOND + 1), 1);
        assert_eq!(now.seconds_until(11 * Timestamp::SECOND + 2), 2);
        assert_eq!(now.seconds_until(0), 0);
    }
}
