//! Random charges and settlements against a plain model.

use mcp_policy::Outcome;
use proptest::prelude::*;
use serde_json::json;

use super::{HOUR, OUTCOMES, call, limited, used};

/// What a random caller does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Call { amount: u64 },
    Drop { permit: usize },
    Settle { permit: usize, outcome: Outcome },
    Wait { seconds: i64 },
}

/// `waits` is how the clock moves between calls.
fn steps(waits: impl Strategy<Value = i64>) -> impl Strategy<Value = Vec<Step>> {
    let permit = 0_usize..8;
    let settle = (permit.clone(), prop::sample::select(&OUTCOMES[..]));
    let step = prop_oneof![
        4 => (0_u64..5).prop_map(|amount| Step::Call { amount }),
        1 => permit.prop_map(|permit| Step::Drop { permit }),
        3 => settle.prop_map(|(permit, outcome)| Step::Settle { permit, outcome }),
        2 => waits.prop_map(|seconds| Step::Wait { seconds }),
    ];
    prop::collection::vec(step, 1..150)
}

fn gives_back(refund: &str, outcome: Outcome) -> bool {
    match outcome {
        Outcome::Failed => refund == "failed",
        Outcome::Succeeded => false,
        Outcome::Unsent => refund != "never",
    }
}

/// A charge that was taken: in which window, when, and how much of it is left.
#[derive(Clone, Copy, Debug)]
struct Taken {
    window: usize,
    at: i64,
    amount: u64,
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t36_a_fixed_counter_holds_what_was_charged_to_its_window_and_not_given_back(
        window in 1_i64..40,
        refund in prop::sample::select(&["never", "unsent", "failed"][..]),
        steps in steps(prop_oneof![0_i64..10, -50_i64..50, Just(2 * HOUR), Just(-2 * HOUR)]),
    ) {
        let evaluator = limited(json!({"window": window, "max": 10, "refund": refund}));
        let mut now = 10 * HOUR;
        // Every window that the counter was ever in, by when it began; it is in the last. One that the clock comes to
        // twice is two.
        let mut windows: Vec<i64> = Vec::new();
        let mut taken: Vec<Taken> = Vec::new();
        let mut permits = Vec::new();
        let used_in = |taken: &[Taken], window: usize| -> u64 {
            taken.iter().filter(|charge| charge.window == window).map(|charge| charge.amount).sum()
        };
        for step in steps {
            let start = now.div_euclid(window) * window;
            let stays = windows.last().is_some_and(|latest| *latest >= start && latest - now <= HOUR);
            let current = if stays { windows.len() - 1 } else { windows.len() };
            match step {
                Step::Call { amount } => {
                    let fits = used_in(&taken, current) + amount <= 10;
                    let permit = call(&evaluator, amount, now);
                    prop_assert_eq!(permit.is_some(), fits);
                    if let Some(permit) = permit {
                        if !stays {
                            windows.push(start);
                        }
                        permits.push((permit, taken.len()));
                        taken.push(Taken { window: current, at: now, amount });
                    }
                }
                Step::Drop { permit } if permit < permits.len() => drop(permits.swap_remove(permit)),
                Step::Settle { permit, outcome } if permit < permits.len() => {
                    let (permit, charge) = permits.swap_remove(permit);
                    permit.settle(outcome).unwrap();
                    if gives_back(refund, outcome) {
                        taken[charge].amount = 0;
                    }
                }
                Step::Drop { .. } | Step::Settle { .. } => {}
                Step::Wait { seconds } => {
                    now += seconds;
                    continue;
                }
            }
            let in_it = windows.len().checked_sub(1).filter(|latest| *latest == current);
            prop_assert_eq!(used(&evaluator, now), in_it.map_or(0, |latest| used_in(&taken, latest)));
        }
    }

    #[test]
    fn t36_a_sliding_counter_holds_what_was_charged_within_its_window_and_not_given_back(
        window in 1_i64..40,
        refund in prop::sample::select(&["never", "unsent", "failed"][..]),
        steps in steps(prop_oneof![0_i64..4, 0_i64..50]),
    ) {
        let evaluator = limited(json!({"window": window, "max": 10, "refund": refund, "algorithm": "sliding"}));
        let mut now = 10 * HOUR;
        let mut taken: Vec<Taken> = Vec::new();
        let mut permits = Vec::new();
        for step in steps {
            // In sixteenths of a second, so that a sixteenth of the window is a whole number.
            let within = |taken: &[Taken], length: i64| -> u64 {
                let counts = |charge: &&Taken| (now - charge.at) * 16 < length;
                taken.iter().filter(counts).map(|charge| charge.amount).sum()
            };
            match step {
                Step::Call { amount } => match call(&evaluator, amount, now) {
                    Some(permit) => {
                        prop_assert!(within(&taken, window * 16) + amount <= 10);
                        permits.push((permit, taken.len()));
                        taken.push(Taken { window: 0, at: now, amount });
                    }
                    None => prop_assert!(within(&taken, window * 17) + amount > 10),
                },
                Step::Drop { permit } if permit < permits.len() => drop(permits.swap_remove(permit)),
                Step::Settle { permit, outcome } if permit < permits.len() => {
                    let (permit, charge) = permits.swap_remove(permit);
                    permit.settle(outcome).unwrap();
                    if gives_back(refund, outcome) {
                        taken[charge].amount = 0;
                    }
                }
                Step::Drop { .. } | Step::Settle { .. } => {}
                Step::Wait { seconds } => {
                    now += seconds;
                    continue;
                }
            }
            let used = used(&evaluator, now);
            prop_assert!(within(&taken, window * 16) <= used && used <= within(&taken, window * 17));
        }
    }
}
