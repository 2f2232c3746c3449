//! Amounts are exact to a millionth, up to 10¹².

use crate::limit::{Amount, Window};
use crate::store::AsyncCounterStore;
use crate::store::conformance::Check;
use crate::store::conformance::bench::{Bench, same};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{ALGORITHMS, HOUR, Line, at};

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![
        sums_beyond_doubles_are_exact,
        sums_at_the_largest_amount_do_not_wrap,
        millionths_add_up,
        nothing_is_charged_where_nothing_is_left,
        large_refunds_are_exact,
    ]
}

const EXACT: &str = "Amounts are decimals with six fractional digits. Sums are checked: they never wrap.";

/// The first integer whose successor is no double.
const BEYOND_DOUBLES: u64 = 1 << 53;

const LARGEST: u64 = Amount::MAX.millionths();

fn sums_beyond_doubles_are_exact<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for algorithm in ALGORITHMS {
        let max = BEYOND_DOUBLES.saturating_add(3);
        let line = Line::of(algorithm, format!("c {algorithm}"), Window::Day, 0);
        let price = |amount| bench.price(&[line.clone().in_millionths(amount, max)]);
        bench.take(&price(BEYOND_DOUBLES)?, at(0), EXACT)?;
        for more in 1..=3 {
            let taken = bench.take(&price(1)?, at(0), EXACT)?;
            bench.using(&price(1)?, at(0), &[BEYOND_DOUBLES.saturating_add(more)], EXACT)?;
            let remaining = taken.charged().first().map(|charged| charged.remaining().millionths());
            same(remaining, Some(3_u64.saturating_sub(more)), EXACT, || "what remains".to_owned())?;
        }
        bench.refused(&price(1)?, at(0), EXACT)?;
    }
    Ok(())
}

fn sums_at_the_largest_amount_do_not_wrap<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for algorithm in ALGORITHMS {
        let line = Line::of(algorithm, format!("c {algorithm}"), Window::Day, 0);
        let price = |amount| bench.price(&[line.clone().in_millionths(amount, LARGEST)]);
        bench.refused(&bench.price(&[line.clone().in_millionths(LARGEST, 999_999)])?, at(0), EXACT)?;
        // In two parts of a window that slides.
        bench.take(&price(LARGEST.saturating_sub(2))?, at(0), EXACT)?;
        bench.take(&price(1)?, at(5 * HOUR), EXACT)?;
        for amount in [2, LARGEST, LARGEST.saturating_sub(1), BEYOND_DOUBLES, 1 << 31, 1 << 32, 1 << 59] {
            bench.refused(&price(amount)?, at(5 * HOUR), EXACT)?;
        }
        bench.take(&price(1)?, at(5 * HOUR), EXACT)?;
        bench.refused(&price(1)?, at(5 * HOUR), EXACT)?;
        bench.using(&price(0)?, at(5 * HOUR), &[LARGEST], EXACT)?;
    }
    Ok(())
}

fn millionths_add_up<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for algorithm in ALGORITHMS {
        // Tenths, which no double is, up to one; and a millionth short of it.
        let tenths = Line::of(algorithm, format!("tenths {algorithm}"), Window::Day, 0);
        let price = bench.price(&[tenths.in_millionths(100_000, 1_000_000)])?;
        bench.passing(&price, [10, 12], at(0), EXACT)?;
        let short = Line::of(algorithm, format!("short {algorithm}"), Window::Day, 0);
        let price = bench.price(&[short.in_millionths(100_000, 999_999)])?;
        bench.passing(&price, [9, 12], at(0), EXACT)?;
        let least = Line::of(algorithm, format!("least {algorithm}"), Window::Day, 0);
        let price = bench.price(&[least.in_millionths(1, 3)])?;
        bench.passing(&price, [3, 5], at(0), EXACT)?;
    }
    Ok(())
}

fn nothing_is_charged_where_nothing_is_left<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    const FREE: &str = "What costs nothing fits wherever what is used is not above `max`.";
    for algorithm in ALGORITHMS {
        let line = Line::of(algorithm, format!("none {algorithm}"), Window::Day, 0);
        bench.passing(&bench.price(&[line.clone().costing(0)])?, [2, 2], at(0), FREE)?;
        bench.refused(
            &bench.price(&[line.clone().in_millionths(1, 0)])?,
            at(0),
            "`max: 0` lets nothing through.",
        )?;

        let line = Line::of(algorithm, format!("full {algorithm}"), Window::Day, 5);
        let free = bench.price(&[line.clone().costing(0)])?;
        bench.take(&bench.price(&[line.clone().costing(5)])?, at(0), "A limit lets `max` through.")?;
        bench.passing(&free, [2, 2], at(0), FREE)?;
        bench.using(&free, at(0), &[5_000_000], FREE)?;
        // Against a smaller max of the same counter it does not fit.
        bench.refused(&bench.price(&[line.in_millionths(0, 4_999_999)])?, at(0), FREE)?;
    }
    Ok(())
}

fn large_refunds_are_exact<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for algorithm in ALGORITHMS {
        let line = Line::of(algorithm, format!("c {algorithm}"), Window::Day, 0);
        let price = |amount| bench.price(&[line.clone().in_millionths(amount, LARGEST)]);
        bench.take(&price(1)?, at(0), EXACT)?;
        let taken = bench.take(&price(LARGEST.saturating_sub(3))?, at(0), EXACT)?;
        bench.take(&price(1)?, at(0), EXACT)?;
        bench.refund(&taken)?;
        bench.using(&price(0)?, at(0), &[2], "A refund gives back what was charged.")?;
    }
    Ok(())
}
