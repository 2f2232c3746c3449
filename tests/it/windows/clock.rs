//! Clocks that jump: no quota is won by turning one, and none locks anybody out for good.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::json;

use super::{HOUR, burst, call, config, micros, one, passes, rfc3339, schedule, seconds, wait, would_pass};

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
