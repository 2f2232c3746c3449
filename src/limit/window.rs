//! Windows: how long a charge counts.

use std::fmt;
use std::ops::Range;
use std::time::SystemTime;

use crate::names::names;
use crate::timestamp::{Timestamp, month_start};

/// How long a charge counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the windows are part of the language, version 1")]
pub enum Window {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day in UTC.
    Day,
    /// A week in UTC, from Monday.
    Week,
    /// A month in UTC.
    Month,
    /// For ever: such a counter never starts again.
    Lifetime,
    /// So many seconds, 1 to [`Window::MAX_SECONDS`], aligned to the Unix epoch. 1, 60, 3600 and 86 400 are
    /// the same windows as second, minute, hour and day.
    Seconds(u32),
}

impl Window {
    /// The longest window in seconds: 365 days.
    pub const MAX_SECONDS: u32 = 31_536_000;

    /// The window by its name, where it has one: so many seconds that are a minute become the minute.
    #[must_use]
    pub const fn canonical(self) -> Self {
        match self {
            Self::Seconds(1) => Self::Second,
            Self::Seconds(60) => Self::Minute,
            Self::Seconds(3_600) => Self::Hour,
            Self::Seconds(86_400) => Self::Day,
            other => other,
        }
    }

    /// The window of this kind that a moment is in, from its first moment to the first after it: what a store
    /// counts by. `None` for [`Lifetime`](Self::Lifetime), which has no ends.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use mcp_policy::limit::Window;
    ///
    /// let minute = Window::Minute.bounds(SystemTime::UNIX_EPOCH + Duration::from_millis(61_500)).unwrap();
    /// assert_eq!(minute.start, SystemTime::UNIX_EPOCH + Duration::from_secs(60));
    /// assert_eq!(minute.end, SystemTime::UNIX_EPOCH + Duration::from_secs(120));
    /// ```
    #[must_use]
    pub fn bounds(self, now: SystemTime) -> Option<Range<SystemTime>> {
        if self == Self::Lifetime {
            return None;
        }
        let (start, end) = self.around(now.into());
        Some(Timestamp::from_micros(start).into()..Timestamp::from_micros(end).into())
    }

    /// Its length in microseconds, if every one is equally long.
    pub(crate) fn length(self) -> Option<i64> {
        let seconds = match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 604_800,
            Self::Seconds(seconds) => i64::from(seconds.max(1)),
            Self::Month | Self::Lifetime => return None,
        };
        Some(seconds.saturating_mul(Timestamp::SECOND))
    }

    /// The first moment of the window that a moment is in, and the first after it, in microseconds.
    pub(crate) fn around(self, now: Timestamp) -> (i64, i64) {
        let now_micros = now.micros();
        match (self, self.length()) {
            (Self::Lifetime, _) => (i64::MIN, i64::MAX),
            (Self::Month, _) | (_, None) => {
                let date = now.date();
                let month = u8::from(date.month());
                (month_start(date.year(), month), month_start(date.year(), month.saturating_add(1)))
            }
            (window, Some(length)) => {
                // The Unix epoch was a Thursday: weeks begin three days before it.
                let offset = if window == Self::Week { WEEK_OFFSET } else { 0 };
                let into = now_micros.saturating_sub(offset).rem_euclid(length);
                let start = now_micros.saturating_sub(into);
                (start, start.saturating_add(length))
            }
        }
    }
}

impl fmt::Display for Window {
    /// The name, or the number of seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, WindowName::of(*self)) {
            (Self::Seconds(seconds), _) => write!(f, "{seconds}"),
            (_, Some(name)) => f.write_str(name.as_str()),
            (_, None) => Ok(()),
        }
    }
}

impl serde::Serialize for Window {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self, WindowName::of(*self)) {
            (Self::Seconds(seconds), _) => serializer.serialize_u32(*seconds),
            (_, Some(name)) => serializer.serialize_str(name.as_str()),
            (_, None) => serializer.serialize_unit(),
        }
    }
}

names! {
    /// The windows that have a name.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum WindowName {
        Second = "second",
        Minute = "minute",
        Hour = "hour",
        Day = "day",
        Week = "week",
        Month = "month",
        Lifetime = "lifetime",
    }
}

impl WindowName {
    fn of(window: Window) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| Window::from(*name) == window)
    }
}

impl From<WindowName> for Window {
    fn from(name: WindowName) -> Self {
        match name {
            WindowName::Second => Self::Second,
            WindowName::Minute => Self::Minute,
            WindowName::Hour => Self::Hour,
            WindowName::Day => Self::Day,
            WindowName::Week => Self::Week,
            WindowName::Month => Self::Month,
            WindowName::Lifetime => Self::Lifetime,
        }
    }
}

const WEEK_OFFSET: i64 = -3 * 86_400 * Timestamp::SECOND;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
mod tests {
    use proptest::prelude::*;
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    use super::*;

    fn around(window: Window, now: &str) -> [String; 2] {
        let now = OffsetDateTime::parse(now, &Rfc3339).unwrap();
        let micros = i64::try_from(now.unix_timestamp_nanos() / 1000).unwrap();
        let (start, end) = window.around(Timestamp::from_micros(micros));
        [start, end].map(|micros| {
            let nanos = i128::from(micros) * 1000;
            OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap().format(&Rfc3339).unwrap()
        })
    }

    #[test]
    fn windows_are_aligned_to_the_calendar_in_utc() {
        let now = "2026-11-22T10:20:30.25Z";
        for (window, start, end) in [
            (Window::Second, "2026-11-22T10:20:30Z", "2026-11-22T10:20:31Z"),
            (Window::Minute, "2026-11-22T10:20:00Z", "2026-11-22T10:21:00Z"),
            (Window::Hour, "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z"),
            (Window::Day, "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
            (Window::Week, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
            (Window::Month, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            (Window::Seconds(7), "2026-11-22T10:20:29Z", "2026-11-22T10:20:36Z"),
        ] {
            assert_eq!(around(window, now), [start, end], "{window}");
        }
        assert_eq!(around(Window::Month, "2026-12-31T23:59:59Z")[1], "2027-01-01T00:00:00Z");
        assert_eq!(around(Window::Month, "2028-02-29T12:00:00Z")[1], "2028-03-01T00:00:00Z");
    }

    #[test]
    fn t39_windows_before_the_epoch_and_at_the_end_of_time() {
        assert_eq!(around(Window::Day, "1969-12-31T23:59:59Z")[0], "1969-12-31T00:00:00Z");
        assert_eq!(around(Window::Week, "1969-12-31T23:59:59Z")[0], "1969-12-29T00:00:00Z");
        assert_eq!(around(Window::Month, "1969-12-31T23:59:59Z")[0], "1969-12-01T00:00:00Z");
        for micros in [i64::MIN, i64::MAX] {
            for name in WindowName::ALL {
                let now = Timestamp::from_micros(micros);
                let (start, end) = Window::from(*name).around(now);
                assert!(start <= now.micros() && now.micros() < end, "{name}");
            }
        }
    }

    #[test]
    fn seconds_that_have_a_name_are_the_named_window() {
        assert_eq!(Window::Seconds(60).canonical(), Window::Minute);
        assert_eq!(Window::Seconds(604_800).canonical(), Window::Seconds(604_800));
        assert_eq!(Window::Seconds(90).to_string(), "90");
        assert_eq!(Window::Lifetime.to_string(), "lifetime");
    }

    proptest! {
        #[test]
        fn a_moment_is_in_its_window_and_windows_do_not_overlap(micros in any::<i64>(), seconds in 1_u32..=Window::MAX_SECONDS) {
            let now = Timestamp::from_micros(micros);
            for window in [Window::Seconds(seconds), Window::Week, Window::Month] {
                let (start, end) = window.around(now);
                prop_assert!(start <= now.micros() && now.micros() < end);
                prop_assert_eq!(window.around(Timestamp::from_micros(end - 1)), (start, end));
            }
        }
    }
}
