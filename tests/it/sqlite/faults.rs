//! A file that is locked, deleted, replaced or damaged while it is in use: denied, never over the limit, and
//! well again by itself.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mcp_policy::CounterStore;
use mcp_policy::store::{Refusal, SqliteOptions};
use rusqlite::Connection;

use super::child::Process;
use super::{Folder, impatient, limit, open, price, seconds, told, unavailable, used};

/// The file and what belongs to it.
fn each_file(path: &Path, mut act: impl FnMut(&Path)) {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        act(Path::new(&name));
    }
}

fn delete(path: &Path) {
    each_file(path, |file| {
        let _ = fs::remove_file(file);
    });
}

#[expect(clippy::disallowed_methods, reason = "how long is waited for a real lock is what is tested")]
fn clock() -> Instant {
    Instant::now()
}

#[test]
fn t42_a_file_that_another_process_has_locked_denies_within_the_timeout_and_recovers() {
    let folder = Folder::new();
    let store = impatient(&folder.file());
    let charges = price(&[limit("c", "day", 2)], "g");
    store.reserve(&charges, seconds(0)).unwrap();
    let mut process = Process::new("lock", &folder.file());
    process.next("locked").unwrap();
    for _ in 0..3 {
        let begin = clock();
        assert!(unavailable(&store, &charges).contains("locked"));
        let waited = begin.elapsed();
        assert!(waited >= Duration::from_millis(100) && waited < Duration::from_secs(5), "{waited:?}");
    }
    // Nor is the file opened.
    let error = SqliteOptions::new().busy_timeout(Duration::from_millis(10)).open(folder.file()).unwrap_err();
    assert!(told(&error).contains("locked"), "{}", told(&error));
    // Who only looks does not need the lock.
    assert_eq!(used(&store, &charges), 1);
    process.finish();
    store.reserve(&charges, seconds(0)).unwrap();
    assert!(matches!(store.reserve(&charges, seconds(0)), Err(Refusal::Exceeded(_))));
}

#[test]
fn t42_threads_that_wait_behind_a_locked_file_wait_no_longer_than_one() {
    let folder = Folder::new();
    let store = impatient(&folder.file());
    let charges = price(&[limit("c", "day", 2)], "g");
    let mut process = Process::new("lock", &folder.file());
    process.next("locked").unwrap();
    let begin = clock();
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| unavailable(&store, &charges));
        }
    });
    // One after the other they would have waited for 6.4 seconds.
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[test]
fn t42_a_file_that_is_deleted_while_open_denies_until_there_is_one_again() {
    let folder = Folder::new();
    let store = open(&folder.file());
    let charges = price(&[limit("c", "day", 3)], "g");
    store.reserve(&charges, seconds(0)).unwrap();
    delete(&folder.file());
    for _ in 0..3 {
        unavailable(&store, &charges);
        assert!(store.peek(&charges, seconds(0)).is_err());
    }
    assert!(!folder.file().exists(), "it begins with nothing of its own accord");
    // An empty file is none.
    fs::write(folder.file(), "").unwrap();
    assert!(unavailable(&store, &charges).contains("empty"));
    delete(&folder.file());
    // Another process makes a new one: both count in that.
    let other = open(&folder.file());
    other.reserve(&charges, seconds(0)).unwrap();
    store.reserve(&charges, seconds(0)).unwrap();
    assert_eq!((used(&other, &charges), used(&store, &charges)), (2, 2));
}

#[test]
fn t42_who_had_a_deleted_file_open_does_no_harm_to_the_new_one() {
    let folder = Folder::new();
    let charges = price(&[limit("c", "day", 9)], "g");
    let old = open(&folder.file());
    old.reserve(&charges, seconds(0)).unwrap();
    delete(&folder.file());
    let new = open(&folder.file());
    new.reserve(&charges, seconds(0)).unwrap();
    drop(old);
    // The new file's log is where it was: a third process reads it.
    new.reserve(&charges, seconds(0)).unwrap();
    assert_eq!(used(&open(&folder.file()), &charges), 2);
}

#[test]
fn t42_a_file_that_is_put_in_the_place_of_another_is_the_one_that_counts() {
    let folder = Folder::new();
    let charges = price(&[limit("c", "day", 9)], "g");
    let store = open(&folder.file());
    store.reserve(&charges, seconds(0)).unwrap();
    let backup = Folder::new();
    let saved = open(&backup.file());
    for _ in 0..5 {
        saved.reserve(&charges, seconds(0)).unwrap();
    }
    drop(saved);
    delete(&folder.file());
    fs::rename(backup.file(), folder.file()).unwrap();
    assert_eq!(used(&store, &charges), 5);
    store.reserve(&charges, seconds(0)).unwrap();
    assert_eq!(used(&open(&folder.file()), &charges), 6);
}

#[test]
fn t42_whatever_page_of_the_file_is_damaged_who_is_at_the_limit_does_not_pass() {
    let folder = Folder::new();
    let limits = [limit("a long name of a counter, so that there are some pages", "day", 1)];
    let victim = price(&limits, "victim");
    let store = open(&folder.file());
    for grant in 0..300 {
        store.reserve(&price(&limits, &grant.to_string()), seconds(0)).unwrap();
        if grant == 150 {
            store.reserve(&victim, seconds(0)).unwrap();
        }
    }
    drop(store);
    let whole = fs::read(folder.file()).unwrap();
    let pages = whole.len() / 4_096;
    assert!(pages > 20, "{pages}");
    let mut denied = 0;
    for page in 0..pages {
        for garbage in [0x00, 0xFF, 0x0D] {
            let mut damaged = whole.clone();
            damaged[page * 4_096..][..4_096].fill(garbage);
            fs::write(folder.file(), damaged).unwrap();
            // What is refused when it is opened is refused at every call too.
            if let Ok(store) = SqliteOptions::new().open(folder.file()) {
                let refused = store.reserve(&victim, seconds(0)).unwrap_err();
                denied += usize::from(matches!(refused, Refusal::Unavailable(_)));
            } else {
                denied += 1;
            }
            delete(&folder.file());
        }
    }
    assert!(denied > 6, "{denied}");
    // The file as it was works.
    fs::write(folder.file(), whole).unwrap();
    assert!(matches!(open(&folder.file()).reserve(&victim, seconds(0)), Err(Refusal::Exceeded(_))));
}

#[test]
fn t42_a_file_that_is_cut_short_while_open_denies_and_recovers_when_it_is_put_back() {
    let folder = Folder::new();
    let limits = [limit("c", "day", 1)];
    let store = open(&folder.file());
    for grant in 0..300 {
        store.reserve(&price(&limits, &grant.to_string()), seconds(0)).unwrap();
    }
    // All of it in the file, and nothing in the log.
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    Connection::open(folder.file()).unwrap().query_row(checkpoint, (), |_| Ok(())).unwrap();
    let whole = fs::read(folder.file()).unwrap();
    fs::OpenOptions::new().write(true).open(folder.file()).unwrap().set_len(4_096).unwrap();
    for grant in ["0", "299", "new"] {
        let taken = store.reserve(&price(&limits, grant), seconds(0));
        // What is in memory still is known still; nothing is lost.
        assert!(matches!(taken, Err(Refusal::Exceeded(_) | Refusal::Unavailable(_))), "{grant}: {taken:?}");
    }
    delete(&folder.file());
    fs::write(folder.file(), whole).unwrap();
    assert!(matches!(store.reserve(&price(&limits, "0"), seconds(0)), Err(Refusal::Exceeded(_))));
    store.reserve(&price(&limits, "new"), seconds(0)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_permit_from_a_file_that_is_gone_gives_nothing_back_in_another() {
    let folder = Folder::new();
    let store = open(&folder.file());
    let charges = price(&[limit("c", "day", 2)], "g");
    let before = store.reserve(&charges, seconds(0)).unwrap();
    delete(&folder.file());
    // Another process begins anew.
    drop(open(&folder.file()));
    store.reserve(&charges, seconds(0)).unwrap();
    store.refund(&before).unwrap();
    assert_eq!(used(&store, &charges), 1);
}
