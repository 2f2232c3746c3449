//! An approval is for one use.

use crate::limit::Window;
use crate::store::AsyncCounterStore;
use crate::store::conformance::Check;
use crate::store::conformance::bench::{Answer, Bench, holds};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{DAY, HOUR, Line, MILLION, MINUTE, at, charges_with};

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![
        an_approval_is_used_once,
        what_a_limit_refuses_uses_no_approval,
        a_used_approval_refuses_before_any_limit,
        the_use_is_never_given_back,
        the_use_is_kept_until_its_time,
        a_clock_that_was_ahead_makes_no_approval_valid_again,
        approvals_are_told_apart,
    ]
}

const ONCE: &str = "An approval is for one use.";

fn an_approval_is_used_once<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let limit = Line::fixed("c", Window::Day, 10);
    for (id, lines) in [("alone", &[][..]), ("with a limit", &[limit][..])] {
        let price = bench.approved(lines, id, at(HOUR))?;
        let peek = bench.peek(&price, at(0))?;
        holds(!peek.approval_used, "Asking uses no approval up.", || format!("{peek:?}"))?;
        bench.take(&price, at(0), "An approval lets its call through.")?;
        for _ in 0..3 {
            used(&bench.reserve(&price, at(1))?, ONCE)?;
        }
        let peek = bench.peek(&price, at(1))?;
        holds(peek.approval_used, "A peek says that an approval was used.", || format!("{peek:?}"))?;
    }
    // It was charged once.
    let price = bench.price(&[Line::fixed("c", Window::Day, 10)])?;
    bench.using(&price, at(0), &[MILLION], "A call that is denied costs nothing.")
}

fn what_a_limit_refuses_uses_no_approval<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    const KEPT: &str = "The use is marked in the same indivisible step in which the limits are charged, so a call that \
                        a limit denies does not use it up.";
    let lines = [Line::fixed("minute", Window::Minute, 1), Line::fixed("day", Window::Day, 10)];
    let approved = |id| bench.approved(&lines, id, at(HOUR));
    bench.take(&approved("first")?, at(0), "An approval lets its call through.")?;
    for _ in 0..3 {
        bench.refused(&approved("second")?, at(0), KEPT)?;
    }
    bench.take(&approved("second")?, at(MINUTE), KEPT)?;
    let used = [MILLION, 2 * MILLION];
    bench.using(&bench.price(&lines)?, at(MINUTE), &used, "Denied calls cost nothing.")
}

fn a_used_approval_refuses_before_any_limit<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    let lines = [Line::fixed("c", Window::Day, 1)];
    let price = bench.approved(&lines, "a", at(HOUR))?;
    bench.take(&price, at(0), "An approval lets its call through.")?;
    // The limit would refuse too.
    let answer = bench.reserve(&price, at(0))?;
    used(&answer, "An approval that was used before refuses, whatever the limits would say.")
}

fn the_use_is_never_given_back<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let lines = [Line::fixed("c", Window::Day, 1)];
    let price = bench.approved(&lines, "a", at(HOUR))?;
    let taken = bench.take(&price, at(0), "An approval lets its call through.")?;
    bench.refund(&taken)?;
    bench.using(&bench.price(&lines)?, at(0), &[0], "A refund gives back what was charged.")?;
    used(&bench.reserve(&price, at(0))?, "The use of an approval is never refunded.")
}

fn the_use_is_kept_until_its_time<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    const OUTLIVES: &str = "The mark outlives the approval by an hour at least.";
    let limit = [Line::fixed("c", Window::Second, 1_000)];
    let price = bench.approved(&limit, "a", at(3 * DAY))?;
    bench.take(&price, at(0), "An approval lets its call through.")?;
    let until = 3_i64.saturating_mul(DAY).saturating_add(HOUR);
    for now in [1, HOUR, 2 * DAY, 3 * DAY, until.saturating_sub(1)] {
        used(&bench.reserve(&price, at(now))?, OUTLIVES)?;
        // Whatever else is charged, and by whatever clock.
        bench.take(&bench.price(&limit)?, at(now), "A new window lets `max` through.")?;
        used(&bench.reserve(&price, at(0))?, OUTLIVES)?;
    }
    Ok(())
}

fn a_clock_that_was_ahead_makes_no_approval_valid_again<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    let limit = [Line::fixed("c", Window::Minute, 1_000)];
    let price = bench.approved(&limit, "a", at(HOUR))?;
    bench.take(&price, at(0), "An approval lets its call through.")?;
    // Long after its mark may be forgotten, by a clock that is wrong, with enough going on that it is.
    let ahead = 3_652_i64.saturating_mul(DAY);
    for index in 0..100 {
        let now = ahead.saturating_add(index);
        let other = bench.approved(&limit, &format!("b{index}"), at(now.saturating_add(HOUR)))?;
        bench.take(&other, at(now), "An approval lets its call through.")?;
    }
    used(&bench.reserve(&price, at(10))?, "An approval is for one use, whatever clocks have shown since.")
}

fn approvals_are_told_apart<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    const APART: &str =
        "An approval has an identifier of its own, and every namespace has approvals of its own.";
    let namespaces = ["", "a", "A", "a|approval:x"].map(|more| format!("{}{more}", bench.namespace()));
    for namespace in &namespaces {
        for id in [
            "x",
            "X",
            "x ",
            "c",
            "|counter:c|day|fixed",
            "a|approval:x",
            "x\0",
            "*",
            "x%00",
            "\u{e9}",
            "e\u{301}",
        ] {
            let price = charges_with(namespace, &[Line::fixed("x", Window::Day, 100)], Some((id, at(HOUR))))?;
            bench.take(&price, at(0), APART)?;
            used(&bench.reserve(&price, at(0))?, ONCE)?;
        }
    }
    Ok(())
}

fn used(answer: &Answer, sentence: &'static str) -> Result<(), Broken> {
    holds(matches!(answer, Answer::ApprovalUsed), sentence, || format!("{answer:?}"))
}
