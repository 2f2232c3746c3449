//! Several processes with one file, and processes that are killed.

use rusqlite::Connection;

use super::child::{CHARGED, Process};
use super::{Folder, limit, open, price, seconds, used};
use mcp_policy::CounterStore;

#[test]
fn t33_eight_processes_of_eight_threads_pass_exactly_the_limit() {
    let folder = Folder::new();
    let mut processes: Vec<_> = (0..8).map(|_| Process::new("spend", &folder.file())).collect();
    for process in &mut processes {
        process.next("ready").unwrap();
    }
    for process in &mut processes {
        process.go_on();
    }
    let passed = processes.iter_mut().map(|process| process.next("passed").unwrap().parse::<u64>().unwrap());
    assert_eq!(passed.sum::<u64>(), 1_000);
    assert_eq!(used(&open(&folder.file()), &price(&[limit("spend", "day", 1_000)], "g")), 1_000);
}

#[test]
fn t43_a_charge_that_was_acknowledged_survives_kill_9_a_hundred_times() {
    const ROUNDS: usize = 25;
    let folder = Folder::new();
    let limits = CHARGED.map(|(name, window, max)| limit(name, window, max));
    let charges = price(&limits, "g");
    let (mut acknowledged, mut killed) = (0, 0);
    for round in 0..ROUNDS {
        let mut processes: Vec<_> = (0..4).map(|_| Process::new("charge", &folder.file())).collect();
        // Each time after another number of charges, while the others go on.
        for (index, process) in processes.iter_mut().enumerate() {
            for _ in 0..=(round * 7 + index * 13) % 40 {
                process.next("charged").unwrap();
                acknowledged += 1;
            }
        }
        for process in processes {
            acknowledged += process.kill("charged");
            killed += 1;
        }
        // Nobody has the file open now: what is there is what the killed have left.
        let store = open(&folder.file());
        let peek = store.peek(&charges, seconds(0)).unwrap();
        assert_eq!(peek.used[0], peek.used[1], "all charges of a call or none");
        let used = usize::try_from(used(&store, &charges)).unwrap();
        // One charge of each may have been taken when its process was killed before it could say so.
        assert!((acknowledged..=acknowledged + killed).contains(&used), "{acknowledged} {killed} {used}");
    }
    assert_eq!(killed, 100);
    assert!(acknowledged > 1_000, "{acknowledged}");
    let intact = "PRAGMA integrity_check";
    let connection = Connection::open(folder.file()).unwrap();
    assert_eq!(connection.query_row(intact, (), |row| row.get::<_, String>(0)).unwrap(), "ok");
}

#[test]
fn t43_after_processes_were_killed_no_more_than_the_limit_is_let_through() {
    let folder = Folder::new();
    let mut acknowledged = 0;
    for _ in 0..3 {
        let mut process = Process::new("charge", &folder.file());
        process.next("charged").unwrap();
        acknowledged += 1 + process.kill("charged");
    }
    let store = open(&folder.file());
    // The same counter, and a limit on it that has room for ten more.
    let (name, window, _) = CHARGED[0];
    let before = used(&store, &price(&[limit(name, window, 1)], "g"));
    assert!(before >= u64::try_from(acknowledged).unwrap());
    let charges = price(&[limit(name, window, before + 10)], "g");
    let passed = std::iter::from_fn(|| store.reserve(&charges, seconds(0)).ok()).count();
    assert_eq!(passed, 10);
}
