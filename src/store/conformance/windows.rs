//! Every window, and both algorithms.

use std::time::SystemTime;

use crate::limit::{Algorithm, Charged, Window};
use crate::store::AsyncCounterStore;
use crate::store::conformance::Check;
use crate::store::conformance::bench::{Bench, holds, same};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{ALGORITHMS, DAY, Line, MILLION, at, at_micros};
use crate::timestamp::Timestamp;

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![
        windows_end_where_the_calendar_says,
        a_lifetime_never_ends,
        around_a_boundary_fixed_windows_let_twice_the_limit_through,
        around_a_boundary_sliding_windows_let_the_limit_through,
        every_sliding_window_lets_the_limit_through,
        a_charge_says_what_remains_and_until_when_it_counts,
        the_parts_of_a_second_count,
    ]
}

const CALENDAR: &str = "Fixed windows are aligned to the calendar in UTC (weeks start on Monday; integer seconds are \
                        aligned to the Unix epoch).";

const SLIDES: &str = "Within any interval as long as the window, never more than `max`.";

const LATE: &str =
    "Under `sliding` a call may be refused up to 1/16 of the window longer than the exact log would.";

fn windows_end_where_the_calendar_says<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for (index, (window, first)) in [
        (Window::Second, 1_782_820_801),
        (Window::Minute, 1_782_820_860),
        (Window::Hour, 1_782_824_400),
        // 2027-01-01, 1970-01-01 and 2028-03-01: the year, the epoch, and a leap day before it.
        (Window::Day, 1_798_761_600),
        (Window::Day, 0),
        (Window::Day, 1_835_481_600),
        // Mondays: 2026-11-23, 1970-01-05 and 1969-12-29.
        (Window::Week, 1_795_392_000),
        (Window::Week, 345_600),
        (Window::Week, -259_200),
        // 2028-03-01, 2027-01-01, 2100-03-01, which has no leap day before it, and 1969-12-01.
        (Window::Month, 1_835_481_600),
        (Window::Month, 1_798_761_600),
        (Window::Month, 4_107_542_400),
        (Window::Month, -2_678_400),
        (Window::Seconds(7), 700),
        (Window::Seconds(7), -7),
        (Window::Seconds(604_800), 604_800),
        (Window::Seconds(Window::MAX_SECONDS), 31_536_000),
    ]
    .into_iter()
    .enumerate()
    {
        let first = i64::saturating_mul(first, Timestamp::SECOND);
        let (last, first) = (Timestamp::from_micros(first.saturating_sub(1)), Timestamp::from_micros(first));
        let price = bench.price(&[Line::fixed(format!("c{index}"), window, 2)])?;
        bench.passing(&price, [2, 3], last, "A limit lets `max` through.")?;
        let exceeded = bench.refused(&price, last, "A full counter refuses.")?;
        same(exceeded.retry_after.map(|wait| wait.as_secs()), Some(1), CALENDAR, || {
            format!("at the end of a {window}, {last:?}")
        })?;
        bench.passing(&price, [2, 3], first, CALENDAR)?;
    }
    Ok(())
}

fn a_lifetime_never_ends<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    const NEVER: &str = "`lifetime` never resets.";
    let price = bench.price(&[Line::fixed("c", Window::Lifetime, 3)])?;
    for now in [0, 1, 36_500 * DAY] {
        let taken = bench.take(&price, at(now), NEVER)?;
        same(taken.charged().first().and_then(Charged::until), None, NEVER, || "until when".to_owned())?;
    }
    for now in [0, 36_500 * DAY, -36_500 * DAY, 2_000_000 * DAY] {
        bench.refused(&price, at(now), NEVER)?;
        bench.using(&price, at(now), &[3 * MILLION], NEVER)?;
    }
    Ok(())
}

fn around_a_boundary_fixed_windows_let_twice_the_limit_through<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    let price = bench.price(&[Line::fixed("c", Window::Minute, 10)])?;
    bench.passing(&price, [10, 15], at_micros(59_999_000), "A limit lets `max` through.")?;
    bench.passing(&price, [10, 15], at_micros(60_001_000), CALENDAR)
}

fn around_a_boundary_sliding_windows_let_the_limit_through<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    let price = bench.price(&[Line::of(Algorithm::Sliding, "c", Window::Minute, 10)])?;
    bench.passing(&price, [10, 15], at_micros(59_999_000), "A limit lets `max` through.")?;
    bench.passing(&price, [0, 15], at_micros(60_001_000), SLIDES)?;
    bench.passing(&price, [0, 15], at_micros(119_998_999), SLIDES)?;
    bench.passing(&price, [10, 15], at_micros(123_749_000), LATE)
}

fn every_sliding_window_lets_the_limit_through<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    for window in [
        Window::Second,
        Window::Minute,
        Window::Hour,
        Window::Day,
        Window::Week,
        Window::Seconds(7),
        Window::Seconds(Window::MAX_SECONDS),
    ] {
        let length = window.length().unwrap_or(0);
        let sixteenth = length.div_euclid(16);
        let price = bench.price(&[Line::of(Algorithm::Sliding, format!("c {window}"), window, 4)])?;
        // Two at once, and two half a window later, off the calendar's boundaries.
        let begin = sixteenth.div_euclid(3);
        let half = begin.saturating_add(length.div_euclid(2));
        bench.passing(&price, [2, 2], at_micros(begin), "A limit lets `max` through.")?;
        bench.passing(&price, [2, 3], at_micros(half), "A limit lets `max` through.")?;
        for (earlier, frees) in [(begin, 2), (half, 2)] {
            let within = earlier.saturating_add(length).saturating_sub(1);
            bench.passing(&price, [0, 1], at_micros(within), SLIDES)?;
            let past = earlier.saturating_add(length).saturating_add(sixteenth);
            bench.passing(&price, [frees, 3], at_micros(past), LATE)?;
        }
    }
    Ok(())
}

fn a_charge_says_what_remains_and_until_when_it_counts<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    const REMAINS: &str = "What remains is how much the counter lets through until its window ends.";
    const UNTIL: &str = "A charge counts until its window ends.";
    for algorithm in ALGORITHMS {
        let line = Line::of(algorithm, format!("c {algorithm}"), Window::Minute, 10);
        for (amount, remains, micros) in [(3, 7, 10_500_000), (0, 7, 11_000_000), (7, 0, 12_000_000)] {
            let price = bench.price(&[line.clone().costing(amount)])?;
            let taken = bench.take(&price, at_micros(micros), "A limit lets `max` through.")?;
            let charged = taken.charged().first();
            let remaining = charged.map(|charged| charged.remaining().millionths());
            same(remaining, Some(u64::saturating_mul(remains, MILLION)), REMAINS, || {
                format!("of {price:?}")
            })?;
            let until = charged.and_then(Charged::until);
            let (earliest, latest) = match algorithm {
                Algorithm::Fixed => (60_000_000, 60_000_000),
                Algorithm::Sliding => {
                    let earliest = i64::saturating_add(micros, 60_000_000);
                    (earliest, earliest.saturating_add(3_750_000))
                }
            };
            let allowed = SystemTime::from(at_micros(earliest))..=SystemTime::from(at_micros(latest));
            holds(until.is_some_and(|until| allowed.contains(&until)), UNTIL, || {
                format!("{until:?} instead of {allowed:?}")
            })?;
        }
    }
    Ok(())
}

fn the_parts_of_a_second_count<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let price = bench.price(&[Line::of(Algorithm::Sliding, "c", Window::Second, 1)])?;
    bench.passing(&price, [1, 2], at_micros(400_000), "A limit lets `max` through.")?;
    bench.passing(&price, [0, 2], at_micros(1_100_000), SLIDES)?;
    bench.passing(&price, [0, 2], at_micros(1_399_999), SLIDES)?;
    bench.passing(&price, [1, 2], at_micros(1_462_500), LATE)
}
