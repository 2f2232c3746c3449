//! The suite for counter stores, on stores that are right, and on stores that are wrong.

#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper is to fail the test")]

mod plain;

use std::sync::Arc;
use std::thread;

use mcp_policy::MemoryStore;
use mcp_policy::store::conformance::{Failure, Suite, spend};
use mcp_policy::store::{Blocking, NullStore};

use self::plain::{Bug, Plain};
use super::asynchronous::{Remote, ready, wait};

#[test]
fn the_memory_store_conforms() {
    for seed in 1..4 {
        Suite::new(MemoryStore::new).seed(seed).run().unwrap();
    }
}

#[test]
fn the_memory_store_conforms_where_it_blocks() {
    let open = || {
        Blocking::new(MemoryStore::new(), |work| {
            thread::spawn(work);
        })
    };
    Suite::new(open).steps(500).run().unwrap();
}

#[test]
fn a_store_that_is_waited_for_conforms() {
    Suite::new(Remote::default).steps(500).run().unwrap();
    Suite::new(Remote::default).waiting(|future| wait(future)).steps(500).run().unwrap();
    // Who does not wait gets no answer, and the suite says so.
    let failures = Suite::new(Remote::default).waiting(|_| ()).only("millionths_add_up").run().unwrap_err();
    assert_eq!(failures.as_slice().first().map(Failure::found), Some("there was none"));
}

#[test]
fn a_store_of_ones_own_conforms_with_one_place_for_all_checks() {
    let kept = Arc::new(Plain::new(None));
    let opened = Arc::clone(&kept);
    let suite = Suite::new(move || Arc::clone(&opened)).reopening(move |store| *store = Arc::clone(&kept));
    suite.run().unwrap();
    suite.namespace("again").seed(7).run().unwrap();
}

#[test]
fn a_store_that_does_not_answer_fails_and_says_why() {
    let failures = Suite::new(|| NullStore).run().unwrap_err();
    assert!(failures.as_slice().len() > 30);
    let failure = failures.as_slice().first().unwrap();
    assert_eq!(failure.check(), "what_one_limit_refuses_charges_none");
    let text = "what_one_limit_refuses_charges_none: expected: The store answers. \
                Found: the counter store is not available: there is none";
    assert_eq!(failure.to_string(), text);
    assert!(format!("{failures:?}").starts_with(&format!("the store does not conform\n  {text}\n")));
    let one = Suite::new(|| NullStore).only("millionths_add_up").run().unwrap_err();
    assert_eq!(one.as_slice().len(), 1);
}

#[test]
fn what_several_spend_together_is_the_limit() {
    let store = Blocking::new(MemoryStore::new(), |work| work());
    let now = std::time::SystemTime::UNIX_EPOCH;
    let passed = thread::scope(|scope| {
        let spending = (0..8).map(|_| scope.spawn(|| ready(spend(&store, "n", 1_000, now))));
        spending.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap().unwrap()).sum::<u64>()
    });
    assert_eq!(passed, 1_000);
}

/// The checks that a store with a bug fails.
fn failed(bug: Bug) -> Vec<&'static str> {
    let suite = Suite::new(move || Plain::new(Some(bug))).steps(1_000);
    let failures = suite.run().unwrap_err();
    failures.as_slice().iter().map(Failure::check).collect()
}

/// Each bug is found, by the check that is named.
macro_rules! found {
    ($($test:ident: $bug:ident => [$($check:literal),+],)+) => {
        $(#[test]
        fn $test() {
            let failed = failed(Bug::$bug);
            for check in [$($check),+] {
                assert!(failed.contains(&check), "{check} does not find it, but {failed:?}");
            }
        })+
    };
}

found! {
    a_store_that_charges_after_it_let_go_is_found: AdmitsBetweenCheckAndCharge => ["threads_pass_exactly_the_limit"],
    a_store_that_forgets_all_or_none_is_found: ChargesWhatFits => [
        "what_one_limit_refuses_charges_none", "a_hundred_limits_are_charged_together", "random_steps_on_fixed_windows"
    ],
    a_store_that_counts_in_doubles_is_found: CountsInDoubles => ["sums_beyond_doubles_are_exact"],
    a_store_that_cuts_keys_is_found: CutsKeys => ["sixteen_scopes_are_told_apart"],
    a_store_that_forgets_approvals_when_they_end_is_found: ForgetsApprovals => ["the_use_is_kept_until_its_time"],
    a_store_that_forgets_approvals_by_any_clock_is_found: ForgetsByAnyClock => [
        "a_clock_that_was_ahead_makes_no_approval_valid_again"
    ],
    a_store_that_forgets_case_is_found: ForgetsInCase => [
        "hostile_names_have_counters_of_their_own", "hostile_values_have_counters_of_their_own",
        "namespaces_have_counters_of_their_own"
    ],
    a_store_that_gives_approvals_back_is_found: GivesApprovalsBack => ["the_use_is_never_given_back"],
    a_store_that_marks_approvals_of_refused_calls_is_found: MarksApprovalsFirst => ["what_a_limit_refuses_uses_no_approval"],
    a_store_that_moves_counters_when_asked_is_found: MovesWhenAsked => ["a_peek_changes_nothing"],
    a_store_that_moves_counters_when_it_refuses_is_found: MovesWhenRefused => ["only_a_charge_that_is_taken_moves_a_counter"],
    a_store_that_never_starts_over_is_found: NeverStartsOver => [
        "a_counter_far_ahead_starts_over", "a_clock_that_was_ten_years_ahead_locks_nobody_out"
    ],
    a_store_that_knows_windows_by_their_beginning_is_found: RefundsByWindow => [
        "a_refund_after_a_counter_started_over_does_not_touch_it"
    ],
    a_store_that_gives_nothing_back_is_found: RefundsNothing => ["a_refund_gives_back_its_own_charge"],
    a_store_that_refunds_to_the_next_window_is_found: RefundsToTheNextWindow => [
        "a_late_refund_does_not_reach_the_next_window", "a_refund_to_a_sliding_window_frees_what_still_counts"
    ],
    a_store_that_reports_the_first_limit_is_found: ReportsTheFirst => ["the_limit_that_frees_last_is_reported"],
    a_store_that_a_step_back_resets_is_found: ResetsOnAStepBack => [
        "a_clock_that_steps_back_wins_nothing", "skewed_clocks_share_one_window"
    ],
    a_store_that_says_a_second_less_is_found: SaysASecondLess => [
        "a_refused_call_passes_when_it_was_told_and_not_a_second_before",
        "a_refused_call_passes_a_sliding_window_when_it_was_told"
    ],
    a_store_that_says_a_second_more_is_found: SaysASecondMore => [
        "a_refused_call_passes_when_it_was_told_and_not_a_second_before"
    ],
    a_store_that_slides_in_halves_is_found: SlidesInHalves => [
        "around_a_boundary_sliding_windows_let_the_limit_through", "random_steps_on_sliding_windows"
    ],
    a_store_that_slides_late_is_found: SlidesLate => [
        "every_sliding_window_lets_the_limit_through", "random_steps_on_sliding_windows"
    ],
    a_store_that_starts_weeks_on_thursday_is_found: StartsWeeksOnThursday => ["windows_end_where_the_calendar_says"],
    a_store_that_takes_months_for_thirty_days_is_found: TakesMonthsForThirtyDays => ["windows_end_where_the_calendar_says"],
    a_store_that_uses_approvals_twice_is_found: UsesApprovalsTwice => ["an_approval_is_used_once", "one_of_many_threads_uses_an_approval"],
    a_store_that_wraps_sums_is_found: WrapsSums => ["sums_at_the_largest_amount_do_not_wrap"],
}

#[test]
fn a_store_that_a_restart_empties_is_found() {
    let failures =
        Suite::new(|| Plain::new(None)).reopening(|store| *store = Plain::new(None)).run().unwrap_err();
    let failed: Vec<_> = failures.as_slice().iter().map(Failure::check).collect();
    let expected = [
        "a_restart_keeps_every_counter",
        "a_restart_keeps_used_approvals",
        "a_refund_after_a_restart_reaches_its_window_only",
        "a_restart_keeps_the_latest_window",
    ];
    assert_eq!(failed, expected);
}
