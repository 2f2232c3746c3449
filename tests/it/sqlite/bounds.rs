//! How many counters a file holds, and which go first.

use mcp_policy::store::{Refusal, SqliteOptions};
use mcp_policy::{CounterStore, Decision, DenialCode, Evaluator, ToolCall};
use serde_json::{Value, json};

use super::{Folder, limit, open, price, seconds};

const DAY: u64 = 86_400;

#[test]
fn t31_a_file_takes_no_more_counters_than_its_bound() {
    let folder = Folder::new();
    let store = SqliteOptions::new().capacity(50).open(folder.file()).unwrap();
    let limits = [limit("c", "day", 1)];
    for principal in 0..200 {
        let taken = store.reserve(&price(&limits, &format!("p{principal}")), seconds(0));
        assert_eq!(matches!(taken, Err(Refusal::Full)), principal >= 50, "{principal}: {taken:?}");
    }
    assert_eq!(store.count().unwrap(), 50);
    // Room for one of the two counters of a call is no room.
    let store = SqliteOptions::new().capacity(51).open(folder.file()).unwrap();
    let two = price(&[limit("a", "day", 1), limit("b", "day", 1)], "g");
    assert!(matches!(store.reserve(&two, seconds(0)), Err(Refusal::Full)));
    assert_eq!(store.count().unwrap(), 50);
    // What is exceeded is said before that there is no room.
    let one = price(&[limit("c", "day", 1), limit("d", "day", 1), limit("e", "day", 1)], "p0");
    assert!(matches!(store.reserve(&one, seconds(0)), Err(Refusal::Exceeded(_))));
}

#[test]
fn t32_only_counters_whose_windows_are_over_make_room_in_a_file() {
    let folder = Folder::new();
    let store = SqliteOptions::new().capacity(30).open(folder.file()).unwrap();
    let windows = ["minute", "day", "lifetime"];
    let charges = |window: &str, grant: u64| price(&[limit(window, window, 1)], &grant.to_string());
    for window in windows {
        for grant in 0..10 {
            store.reserve(&charges(window, grant), seconds(0)).unwrap();
        }
    }
    assert!(matches!(store.reserve(&charges("minute", 10), seconds(59)), Err(Refusal::Full)));
    // The first moment after the minute: ten places, and no more. The counter of this call is among those that go.
    store.reserve(&charges("minute", 0), seconds(60)).unwrap();
    for grant in 10..19 {
        store.reserve(&charges("lifetime", grant), seconds(60)).unwrap();
    }
    assert!(matches!(store.reserve(&charges("lifetime", 19), seconds(60)), Err(Refusal::Full)));
    for window in ["day", "lifetime"] {
        for grant in 0..10 {
            let refused = store.reserve(&charges(window, grant), seconds(60));
            assert!(matches!(refused, Err(Refusal::Exceeded(_))), "{window} {grant}: {refused:?}");
        }
    }
    assert_eq!(store.count().unwrap(), 30);
}

#[test]
fn t32_a_smaller_bound_forgets_nothing_that_counts() {
    let folder = Folder::new();
    let limits = [limit("c", "minute", 1)];
    let wide = open(&folder.file());
    for grant in 0..1_000 {
        wide.reserve(&price(&limits, &grant.to_string()), seconds(0)).unwrap();
    }
    let narrow = SqliteOptions::new().capacity(100).open(folder.file()).unwrap();
    assert!(matches!(narrow.reserve(&price(&limits, "new"), seconds(59)), Err(Refusal::Full)));
    assert_eq!(narrow.count().unwrap(), 1_000);
    // Once they are over they go, some with each call.
    let refused =
        (0..10).take_while(|_| narrow.reserve(&price(&limits, "new"), seconds(60)).is_err()).count();
    assert!((1..10).contains(&refused), "{refused}");
    assert!(narrow.count().unwrap() <= 100);
}

#[test]
fn t32_the_use_of_an_approval_is_kept_while_it_could_be_redeemed() {
    let policy = json!({"version": "1", "default": "deny", "tools": {"t": {"action": "require_approval"}}});
    let folder = Folder::new();
    let store = SqliteOptions::new().capacity(2).open(folder.file()).unwrap();
    let evaluator = Evaluator::new(policy.to_string().parse().unwrap(), store);
    let call = ToolCall::new("t", None::<&Value>);
    let Decision::NeedsApproval(request) = evaluator.evaluate_at(&call, seconds(0)) else { panic!() };
    let approval = request.approve("a", seconds(1_000));
    let call = call.approval(&approval);
    assert!(matches!(evaluator.evaluate_at(&call, seconds(0)), Decision::Allow(_)));
    // A flood makes the store look for room all the time, until an hour after the approval has ended.
    let limits = [limit("c", "second", 1)];
    for now in (1..4_600).step_by(67) {
        let store = evaluator.store();
        store.reserve(&price(&limits, &now.to_string()), seconds(now)).unwrap();
        let full = store.reserve(&price(&limits, &format!("{now} too")), seconds(now));
        assert!(matches!(full, Err(Refusal::Full)), "{now}: {full:?}");
    }
    let invalid = |evaluator: &Evaluator<_>, now| match evaluator.evaluate_at(&call, now) {
        Decision::Deny(denial) => denial.code() == DenialCode::ApprovalInvalid,
        other => panic!("{other:?}"),
    };
    assert!(invalid(&evaluator, seconds(999)));
    // Its mark makes room at last, and a clock that is set back does not make it valid again, in any process.
    for grant in ["x", "y"] {
        evaluator.store().reserve(&price(&[limit("d", "day", 1)], grant), seconds(4_700)).unwrap();
    }
    assert!(invalid(&evaluator, seconds(999)));
    let policy = evaluator.policy().unwrap();
    assert!(invalid(&Evaluator::new(policy, open(&folder.file())), seconds(999)));
}

#[test]
fn a_file_follows_what_is_in_use() {
    let folder = Folder::new();
    let store = open(&folder.file());
    let add = |name: &str, window: &str, grant: u64, now| {
        store.reserve(&price(&[limit(name, window, 1)], &grant.to_string()), seconds(now)).unwrap();
    };
    for grant in 0..4_000 {
        add("minute", "minute", grant, 0);
    }
    for grant in 0..1_000 {
        add("week", "week", grant, 0);
    }
    assert_eq!(store.count().unwrap(), 5_000);
    // The week of the epoch ended on the fourth day, and is long over two weeks later; the minutes are long
    // over after a day.
    for grant in 0..1_000 {
        add("later", "day", grant, 6 * DAY);
    }
    let left = store.count().unwrap();
    assert!((2_000..4_500).contains(&left), "{left}");
    // A clock that is set back finds the weeks where they were.
    let week = store.reserve(&price(&[limit("week", "week", 1)], "7"), seconds(0));
    assert!(matches!(week, Err(Refusal::Exceeded(_))), "{week:?}");
}
