//! What every store does, and what one in a file does besides.

use std::cell::Cell;
use std::rc::Rc;

use mcp_policy::store::{Durability, SqliteOptions, SqliteStore};
use mcp_policy::{CounterStore, Decision, DenialCode, Evaluator, Outcome, Policy, ToolCall};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Folder, limit, open, price, seconds, unavailable, used};

#[cfg(feature = "test-util")]
#[test]
fn the_sqlite_store_conforms() {
    let folder = Folder::new();
    let file = folder.file();
    let again = file.clone();
    mcp_policy::store::conformance::Suite::new(move || open(&file))
        .reopening(move |store| *store = open(&again))
        .run()
        .unwrap();
}

#[test]
fn every_case_comes_to_what_it_says_with_a_file() {
    let folder = Rc::new(Folder::new());
    let number = Cell::new(0);
    crate::cases::play_all(|| {
        number.set(number.get() + 1);
        Box::new(open(&folder.0.join(number.get().to_string())))
    });
    assert!(number.get() > 50);
}

#[test]
fn t43_a_restart_keeps_counters_approvals_and_permits() {
    let policy: Policy = json!({"version": "1", "default": "deny", "tools": {
        "limited": {"limits": [{"counter": "c", "window": "day", "max": 2, "scope": "global"}]},
        "asked": {"action": "require_approval"},
    }})
    .to_string()
    .parse()
    .unwrap();
    let folder = Folder::new();
    let evaluator = || Evaluator::new(policy.clone(), open(&folder.file()));
    let limited = ToolCall::new("limited", None::<&Value>);
    let asked = ToolCall::new("asked", None::<&Value>);

    let first = evaluator();
    let Decision::Allow(permit) = first.evaluate_at(&limited, seconds(0)) else { panic!() };
    let Decision::Allow(_) = first.evaluate_at(&limited, seconds(0)) else { panic!() };
    let Decision::NeedsApproval(request) = first.evaluate_at(&asked, seconds(0)) else { panic!() };
    let approval = request.approve("a", seconds(100));
    let asked = asked.approval(&approval);
    let Decision::Allow(_) = first.evaluate_at(&asked, seconds(0)) else { panic!() };

    let second = evaluator();
    let Decision::Deny(denial) = second.evaluate_at(&limited, seconds(1)) else { panic!() };
    assert_eq!(denial.code(), DenialCode::LimitExceeded);
    let Decision::Deny(denial) = second.evaluate_at(&asked, seconds(1)) else { panic!() };
    assert_eq!(denial.code(), DenialCode::ApprovalInvalid);
    // What the first gives back the second can take.
    permit.settle(Outcome::Unsent).unwrap();
    let Decision::Allow(_) = second.evaluate_at(&limited, seconds(1)) else { panic!() };
}

#[test]
fn one_file_is_left_when_all_is_closed() {
    let folder = Folder::new();
    let stores = [open(&folder.file()), open(&folder.file())];
    for store in &stores {
        store.reserve(&price(&[limit("c", "day", 9)], "g"), seconds(0)).unwrap();
    }
    drop(stores);
    let files: Vec<_> = folder.0.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["counters.db"]);
}

#[test]
fn a_charge_that_survives_a_power_cut_waits_for_the_disk() {
    let folder = Folder::new();
    let store = SqliteOptions::new().durability(Durability::Machine).open(folder.file()).unwrap();
    let charges = price(&[limit("c", "day", 9)], "g");
    store.reserve(&charges, seconds(0)).unwrap();
    assert_eq!(used(&open(&folder.file()), &charges), 1);
}

#[test]
fn a_counter_can_be_set_back_by_hand() {
    let folder = Folder::new();
    let store = open(&folder.file());
    let charges = price(&[limit("c", "day", 1)], "g");
    store.reserve(&charges, seconds(0)).unwrap();
    assert!(store.reserve(&charges, seconds(0)).is_err());
    let connection = Connection::open(folder.file()).unwrap();
    let key = charges.charges()[0].key();
    let by_hand = "DELETE FROM counter WHERE id = (SELECT id FROM name WHERE key = ?1)";
    assert_eq!(connection.execute(by_hand, (key,)).unwrap(), 1);
    assert_eq!(store.count().unwrap(), 0);
    store.reserve(&charges, seconds(0)).unwrap();
    assert_eq!(store.count().unwrap(), 1);
}

#[test]
fn a_row_that_cannot_be_read_is_never_taken_for_no_counter() {
    for damage in
        ["state = x''", "state = x'09'", "state = substr(state, 1, 5)", "ends = ends + 1", "state = NULL"]
    {
        let folder = Folder::new();
        let store = open(&folder.file());
        let victim = price(&[limit("c", "day", 1)], "victim");
        store.reserve(&victim, seconds(0)).unwrap();
        Connection::open(folder.file())
            .unwrap()
            .execute(&format!("UPDATE counter SET {damage}"), ())
            .unwrap();
        unavailable(&store, &victim);
        assert!(store.peek(&victim, seconds(0)).is_err(), "{damage}");
        // Others are none the worse.
        store.reserve(&price(&[limit("c", "day", 1)], "other"), seconds(0)).unwrap();
    }
}

#[test]
fn what_is_written_of_a_file_for_debugging_names_nobody() {
    let folder = Folder::new();
    let store = open(&folder.file());
    store.reserve(&price(&[limit("c", "day", 1)], "alice@example.com"), seconds(0)).unwrap();
    let written = format!("{store:?}");
    assert!(written.contains("counters.db") && !written.contains("alice"), "{written}");
}

#[test]
fn names_that_mean_something_to_sqlite_are_names_of_files() {
    let folder = Folder::new();
    for name in [":memory:", "file:counters.db?mode=memory", "a b%20#?.db"] {
        let path = folder.0.join(name);
        let charges = price(&[limit("c", "day", 1)], "g");
        SqliteStore::open(&path).unwrap().reserve(&charges, seconds(0)).unwrap();
        assert!(path.is_file(), "{name}");
        assert!(open(&path).reserve(&charges, seconds(0)).is_err(), "{name}");
    }
}

#[test]
fn a_blocking_store_works_where_its_hook_says() {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    let folder = Folder::new();
    let store = mcp_policy::store::Blocking::new(open(&folder.file()), |work| {
        std::thread::spawn(work).join().unwrap();
    });
    let policy = json!({"version": "1", "default": "allow", "all_tools": {"limits": [
        {"counter": "c", "window": "day", "max": 1, "scope": "global"},
    ]}});
    let evaluator = Evaluator::new(policy.to_string().parse().unwrap(), store);
    let call = ToolCall::new("t", None::<&Value>);
    let mut allowed = Vec::new();
    for _ in 0..2 {
        let mut future = pin!(evaluator.evaluate_async_at(&call, seconds(0)));
        let Poll::Ready(decision) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("the hook has waited for the work");
        };
        allowed.push(matches!(decision, Decision::Allow(_)));
    }
    assert_eq!(allowed, [true, false]);
}
