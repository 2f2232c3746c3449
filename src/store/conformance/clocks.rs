//! Clocks that step, and clocks that differ.

use crate::limit::{Algorithm, Window};
use crate::store::AsyncCounterStore;
use crate::store::conformance::Check;
use crate::store::conformance::bench::{Bench, same};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{ALGORITHMS, DAY, HOUR, Line, MILLION, MINUTE, at};
use crate::timestamp::Timestamp;

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![
        a_clock_that_steps_back_wins_nothing,
        skewed_clocks_share_one_window,
        a_counter_far_ahead_starts_over,
        a_sliding_counter_far_ahead_starts_over,
        a_lifetime_never_starts_over,
        a_clock_that_was_ten_years_ahead_locks_nobody_out,
        only_a_charge_that_is_taken_moves_a_counter,
        moments_far_out_are_counted,
    ]
}

const STAYS: &str = "When the clock steps back, a counter stays in the latest window that it has seen, so no quota is \
                     won by turning the clock.";

const STARTS_OVER: &str = "A counter whose window begins later than the clock shows by more than two windows and by \
                           more than an hour starts over.";

fn a_clock_that_steps_back_wins_nothing<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for algorithm in ALGORITHMS {
        let price = bench.price(&[Line::of(algorithm, format!("c {algorithm}"), Window::Minute, 5)])?;
        bench.passing(&price, [5, 7], at(0), "A limit lets `max` through.")?;
        for back in [1, 59, 60, 61, 120, 121, 600, HOUR] {
            bench.refused(&price, at(0_i64.saturating_sub(back)), STAYS)?;
            bench.using(&price, at(0_i64.saturating_sub(back)), &[5 * MILLION], STAYS)?;
        }
        bench.refused(&price, at(0), STAYS)?;

        // What is charged while the clock is back is charged to the latest window.
        let price = bench.price(&[Line::of(algorithm, format!("d {algorithm}"), Window::Minute, 5)])?;
        bench.take(&price, at(0), "A limit lets `max` through.")?;
        bench.passing(&price, [4, 6], at(-90), STAYS)?;
        bench.refused(&price, at(0), STAYS)?;
    }
    Ok(())
}

fn skewed_clocks_share_one_window<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for algorithm in ALGORITHMS {
        let price = bench.price(&[Line::of(algorithm, format!("c {algorithm}"), Window::Minute, 5)])?;
        let mut passed = 0_u64;
        for step in 0..20 {
            // Two callers, whose clocks are a minute and a half apart.
            let behind = if step % 2 == 0 { 0 } else { -90 };
            passed = passed.saturating_add(bench.passes(&price, 1, at(behind))?);
        }
        same(passed, 5, STAYS, || "calls by two clocks, in turn".to_owned())?;
    }
    Ok(())
}

fn a_counter_far_ahead_starts_over<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for (window, protected) in [
        (Window::Second, HOUR),
        (Window::Minute, HOUR),
        (Window::Seconds(1_800), HOUR),
        (Window::Seconds(1_801), 3_602),
        (Window::Hour, 2 * HOUR),
        (Window::Day, 2 * DAY),
        (Window::Week, 14 * DAY),
        // June, in which the counter is, has thirty days.
        (Window::Month, 60 * DAY),
    ] {
        // Seconds that do not divide the day begin elsewhere.
        let begins = window.bounds(at(0).into()).map_or(at(0), |bounds| bounds.start.into());
        let after = |micros: i64| Timestamp::from_micros(begins.micros().saturating_add(micros));
        let border = after(0_i64.saturating_sub(protected.saturating_mul(Timestamp::SECOND)));
        let beyond = Timestamp::from_micros(border.micros().saturating_sub(1));
        let price = bench.price(&[Line::fixed(format!("c {window}"), window, 3)])?;
        bench.passing(&price, [3, 5], after(500_000), "A limit lets `max` through.")?;
        bench.refused(&price, border, STAYS)?;
        bench.using(&price, beyond, &[0], STARTS_OVER)?;
        bench.passing(&price, [3, 5], beyond, STARTS_OVER)?;
        // Having started over, it has forgotten the window that was ahead.
        bench.passing(&price, [3, 5], after(500_000), "A counter holds one window.")?;
    }
    Ok(())
}

fn a_sliding_counter_far_ahead_starts_over<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for (window, length) in [
        (Window::Second, 1),
        (Window::Minute, MINUTE),
        (Window::Hour, HOUR),
        (Window::Day, DAY),
        (Window::Week, 7 * DAY),
    ] {
        let price = bench.price(&[Line::of(Algorithm::Sliding, format!("c {window}"), window, 3)])?;
        bench.passing(&price, [3, 5], at(0), "A limit lets `max` through.")?;
        let protected = i64::saturating_mul(length, 2).max(HOUR);
        bench.refused(&price, at(0_i64.saturating_sub(protected)), STAYS)?;
        // Wherever its window is taken to begin, at the latest here it is further ahead than is protected.
        let ahead = protected.saturating_add(length).saturating_add(length.div_euclid(16)).saturating_add(1);
        bench.passing(&price, [3, 5], at(0_i64.saturating_sub(ahead)), STARTS_OVER)?;
    }
    Ok(())
}
fn a_lifetime_never_starts_over<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    const NEVER: &str = "`lifetime` never resets, and never starts over.";
    let price = bench.price(&[Line::fixed("c", Window::Lifetime, 4)])?;
    bench.passing(&price, [1, 1], at(36_500 * DAY), "A limit lets `max` through.")?;
    bench.passing(&price, [3, 5], at(-36_500 * DAY), NEVER)?;
    for now in [0, DAY, -DAY, 400 * DAY, 36_500 * DAY] {
        bench.refused(&price, at(now), NEVER)?;
    }
    Ok(())
}

fn a_clock_that_was_ten_years_ahead_locks_nobody_out<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    const FREE: &str = "A clock that was once far in the future locks nobody out.";
    for algorithm in ALGORITHMS {
        for window in [Window::Second, Window::Minute, Window::Hour, Window::Day, Window::Week] {
            let price = bench.price(&[Line::of(algorithm, format!("{window}"), window, 5)])?;
            bench.passing(&price, [3, 3], at(30), "A limit lets `max` through.")?;
            bench.passing(&price, [5, 7], at(3_652 * DAY), "A new window lets `max` through.")?;
            bench.passing(&price, [5, 7], at(30), FREE)?;
            bench.refused(&price, at(30), FREE)?;
        }
    }
    Ok(())
}

fn only_a_charge_that_is_taken_moves_a_counter<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    const MOVES: &str = "Only a charge that is taken moves a counter, starts it over or creates it.";
    for algorithm in ALGORITHMS {
        let line = Line::of(algorithm, format!("c {algorithm}"), Window::Minute, 10);
        let costing = |amount| bench.price(&[line.clone().costing(amount)]);
        bench.take(&costing(6)?, at(30), "A limit lets `max` through.")?;
        for elsewhere in [3 * HOUR, -3 * HOUR] {
            let now = at(elsewhere);
            bench.refused(&costing(11)?, now, "A price above `max` is refused.")?;
            bench.using(&costing(1)?, now, &[0], "A window that is over counts nothing.")?;
            // A call that another limit refuses.
            let full = Line::fixed("full", Window::Day, 0);
            bench.refused(&bench.price(&[line.clone(), full])?, now, "`max: 0` lets nothing through.")?;
        }
        bench.using(&costing(1)?, at(30), &[6 * MILLION], MOVES)?;
        bench.refused(&costing(5)?, at(30), MOVES)?;
        // A charge of nothing that is taken does move it, and the clock then steps back.
        bench.take(&costing(0)?, at(3 * HOUR), "A new window lets `max` through.")?;
        bench.using(&costing(1)?, at(3_i64.saturating_mul(HOUR).saturating_sub(MINUTE)), &[0], MOVES)?;
    }
    Ok(())
}

fn moments_far_out_are_counted<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    const FAR: &str =
        "A clock beyond the years of the calendar, and one before 1970, is counted by as any other.";
    let moments = [i64::MIN, -5_000_000_000_000_000, 0, 1, 400_000_000_000_000_000, i64::MAX];
    for algorithm in ALGORITHMS {
        for window in [Window::Second, Window::Week, Window::Seconds(Window::MAX_SECONDS), Window::Seconds(7)]
        {
            for (index, now) in moments.into_iter().enumerate() {
                let line = Line::of(algorithm, format!("{window} {index}"), window, 4);
                bench.passing(&bench.price(&[line])?, [4, 6], Timestamp::from_micros(now), FAR)?;
            }
        }
    }
    for window in [Window::Month, Window::Lifetime] {
        for (index, now) in moments.into_iter().enumerate() {
            let line = Line::fixed(format!("{window} {index}"), window, 4);
            bench.passing(&bench.price(&[line])?, [4, 6], Timestamp::from_micros(now), FAR)?;
        }
    }
    Ok(())
}
