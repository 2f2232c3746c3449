//! Clocks that jump: no quota is won by turning one, and none locks anybody out for good.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::json;

use super::{
    DAY, HOUR, burst, call, config, micros, one, passes, rfc3339, schedule, seconds, wait, would_pass,
};

#[test]
fn t39_a_clock_that_steps_back_wins_nothing() {
    for algorithm in ["fixed", "sliding"] {
        // An hour back, to the microsecond, from the beginning of the counter's minute.
        let evaluator = one("minute", 5, algorithm);
        assert_eq!(burst(&evaluator, 10, seconds(36_000)), 5, "{algorithm}");
        for back in [1, 59, 60, 61, 120, 121, 600, HOUR] {
            let denial = call(&evaluator, 1, seconds(36_000 - back)).unwrap_err();
            let again = 36_000 - back + i64::try_from(wait(&denial).unwrap()).unwrap();
            assert!(!would_pass(&evaluator, 1, seconds(again - 1)), "{algorithm} {back}");
            assert!(would_pass(&evaluator, 1, seconds(again)), "{algorithm} {back}");
        }
        // Nor does one that goes to and fro.
        let evaluator = one("minute", 5, algorithm);
        let there_and_back = (0..20).map(|step| burst(&evaluator, 1, seconds(36_000 - (step % 2) * 90)));
        assert_eq!(there_and_back.sum::<usize>(), 5, "{algorithm}");
    }
}

#[test]
fn t39_a_counter_starts_over_two_windows_and_an_hour_ahead_of_the_clock() {
    // 2026-06-01 is a Monday and the first day of a month.
    let start = rfc3339("2026-06-01T00:00:00Z");
    for (window, protected) in [
        (json!("second"), HOUR),
        (json!("minute"), HOUR),
        (json!(1_800), HOUR),
        (json!(1_801), 3_602),
        (json!("hour"), 2 * HOUR),
        (json!("day"), 2 * DAY),
        (json!("week"), 14 * DAY),
        (json!("month"), 60 * DAY),
    ] {
        // Seconds that do not divide the day begin elsewhere.
        let begins = match window.as_i64() {
            Some(seconds) => {
                let since = start.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
                start - Duration::from_secs(since % seconds.unsigned_abs())
            }
            None => start,
        };
        let border = begins - Duration::from_secs(protected.unsigned_abs());
        let evaluator = one(window.clone(), 3, "fixed");
        assert_eq!(burst(&evaluator, 5, begins + Duration::from_millis(500)), 3, "{window}");
        assert_eq!(burst(&evaluator, 5, border), 0, "{window}");
        assert_eq!(burst(&evaluator, 5, border - Duration::from_micros(1)), 3, "{window}");
        // It counts from there: not yet in the window that it was in once, and only once.
        assert_eq!(burst(&evaluator, 5, border - Duration::from_micros(1)), 0, "{window}");
        assert_eq!(burst(&evaluator, 5, begins), 3, "{window}");
        assert_eq!(burst(&evaluator, 5, begins), 0, "{window}");
    }
}

#[test]
fn t39_a_sliding_counter_starts_over_too() {
    for (window, length) in [("minute", 60), ("hour", HOUR), ("day", DAY), ("week", 7 * DAY)] {
        let evaluator = one(window, 3, "sliding");
        let at = 1_000 * 7 * DAY;
        assert_eq!(burst(&evaluator, 5, seconds(at)), 3, "{window}");
        let protected = HOUR.max(2 * length);
        assert_eq!(burst(&evaluator, 5, seconds(at - protected)), 0, "{window}");
        // Wherever its window is taken to begin, at the latest here it is further ahead than is protected.
        let ahead = protected + length + length / 16 + 1;
        assert_eq!(burst(&evaluator, 5, seconds(at - ahead)), 3, "{window}");
        assert_eq!(burst(&evaluator, 5, seconds(at - ahead)), 0, "{window}");
    }
}

#[test]
fn t39_a_clock_that_was_ten_years_ahead_locks_nobody_out() {
    let now = rfc3339("2026-11-22T10:00:30Z");
    let wrong = rfc3339("2036-11-22T10:00:30Z");
    for algorithm in ["fixed", "sliding"] {
        for window in ["second", "minute", "hour", "day", "week"] {
            let evaluator = one(window, 5, algorithm);
            assert_eq!(burst(&evaluator, 3, now), 3);
            assert_eq!(burst(&evaluator, 9, wrong), 5);
            // Right again, it counts as if nothing had been; what was charged before the clock went wrong is forgotten.
            assert_eq!(burst(&evaluator, 9, now), 5, "{algorithm} {window}");
            assert_eq!(burst(&evaluator, 9, now), 0, "{algorithm} {window}");
        }
    }
}

#[test]
fn t39_no_moment_makes_anything_panic_or_counts_less() {
    let far = Duration::from_secs(1 << 60);
    let mut moments = vec![
        rfc3339("1969-12-31T23:59:59.999999Z"),
        rfc3339("0000-01-01T00:00:00Z"),
        rfc3339("9999-12-31T23:59:59.999999Z"),
        rfc3339("9999-12-31T23:59:59.999999Z") + Duration::from_secs(1),
        SystemTime::UNIX_EPOCH,
    ];
    moments.extend(SystemTime::UNIX_EPOCH.checked_add(far));
    moments.extend(SystemTime::UNIX_EPOCH.checked_sub(far));
    for window in
        [json!("second"), json!("week"), json!("month"), json!("lifetime"), json!(31_536_000), json!(7)]
    {
        for algorithm in ["fixed", "sliding"] {
            if algorithm == "sliding" && (window == "month" || window == "lifetime") {
                continue;
            }
            for first in &moments {
                let evaluator = one(window.clone(), 4, algorithm);
                assert_eq!(burst(&evaluator, 6, *first), 4, "{window} {algorithm} {first:?}");
                for then in &moments {
                    // Equal stamps are one window, whatever came between.
                    assert!(burst(&evaluator, 6, *then) <= 4);
                    assert_eq!(burst(&evaluator, 6, *then), 0, "{window} {algorithm} {first:?} {then:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn t39_under_any_clock_a_fixed_counter_does_what_the_language_says(
        window in prop_oneof![1_i64..100, 1_000_i64..10_000],
        moments in prop::collection::vec((-20_000_i64..20_000, 0_u64..4), 1..80),
    ) {
        let evaluator = one(window, 5, "fixed");
        // The window that the counter is in, by its first second, and what it holds.
        let mut counter: Option<(i64, u64)> = None;
        for (now, amount) in moments {
            let start = now.div_euclid(window) * window;
            let stays = counter.filter(|(latest, _)| {
                let ahead = latest - now;
                *latest >= start && !(ahead > 2 * window && ahead > HOUR)
            });
            let (start, used) = stays.unwrap_or((start, 0));
            let fits = used + amount <= 5;
            let decision = call(&evaluator, amount, seconds(now));
            prop_assert_eq!(decision.is_ok(), fits, "{:?}", counter);
            if fits {
                counter = Some((start, used + amount));
            } else if let Some(wait) = wait(&decision.unwrap_err()) {
                let then = now + i64::try_from(wait).unwrap();
                prop_assert!(would_pass(&evaluator, amount, seconds(then)));
                prop_assert!(!would_pass(&evaluator, amount, seconds(then - 1)));
            }
        }
    }

    #[test]
    fn t39_a_clock_that_steps_back_gets_no_more_from_a_sliding_window(
        (window, max, steps) in schedule(),
        back in prop::collection::vec(prop_oneof![Just(0), 0_i64..=1_000_000], 1..120),
    ) {
        let evaluator = one(window, max, "sliding");
        let length = window * 1_000_000;
        let mut now = 0;
        // Each charge counts at the latest moment at which the counter has been charged.
        let mut log: Vec<(i64, u64)> = Vec::new();
        for ((step, amount), back) in steps.into_iter().zip(back.into_iter().cycle()) {
            now += step * window;
            let latest = log.last().map_or(i64::MIN, |(latest, _)| *latest);
            // At most an hour or two windows behind what the counter has seen.
            let back = back * HOUR.max(2 * window);
            let clock = if latest == i64::MIN { now } else { now.max(latest) - back };
            if passes(&evaluator, amount, micros(clock)) {
                let counted = clock.max(latest);
                let within = log.iter().filter(|(at, _)| *at >= counted - length).map(|(_, amount)| amount).sum::<u64>();
                prop_assert!(within + amount <= max, "{clock} {log:?}");
                log.push((counted, amount));
            }
        }
    }
}
