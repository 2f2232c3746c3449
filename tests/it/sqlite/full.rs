//! A disk that is full.
#![cfg(unix)]

use std::fs;
use std::process::Command;

use mcp_policy::CounterStore;
use mcp_policy::store::Refusal;

use super::child::{Process, this_binary};
use super::{Folder, limit, open, price, seconds};

#[test]
fn t42_a_file_that_may_not_grow_denies_and_keeps_what_was_taken() {
    let folder = Folder::new();
    // A limit that no process can lift again, instead of a signal an error, then this binary.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh"]).arg(this_binary());
    let process = Process::of(command, "fill", &folder.file());
    let output = process.finish();
    assert!(output.contains("> failed "), "{output}");
    let taken: Vec<_> = output.lines().filter_map(|line| line.strip_prefix("> taken ")).collect();
    assert!(taken.len() > 20, "{output}");
    // With room to grow all goes on, and nothing was lost or half taken.
    let store = open(&folder.file());
    assert_eq!(store.count().unwrap(), u64::try_from(taken.len()).unwrap());
    let limits = [limit("c", "day", 1)];
    for index in taken {
        let again = store.reserve(&price(&limits, index), seconds(0));
        assert!(matches!(again, Err(Refusal::Exceeded(_))), "{index}: {again:?}");
    }
    store.reserve(&price(&limits, "late"), seconds(0)).unwrap();
}

/// A disk of a megabyte, where this machine lets one be made.
#[cfg(target_os = "linux")]
#[test]
fn t42_a_disk_that_is_full_denies_and_recovers_when_there_is_room() {
    let folder = Folder::new();
    let script = "mount -t tmpfs -o size=1m tmpfs \"$1\" && shift && exec \"$@\"";
    let unshare = |then: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(&folder.0).arg(then);
        command
    };
    if !unshare("true").output().is_ok_and(|output| output.status.success()) {
        eprintln!("no disk can be made here: not tested");
        return;
    }
    let binary = this_binary();
    let mut process = Process::of(unshare(&binary.as_ref().to_string_lossy()), "fill a disk", &folder.file());
    let error = process.next("failed").unwrap();
    assert!(error.contains("full"), "{error}");
    assert!(process.next("recovered").is_some());
    process.finish();
    assert!(fs::read_dir(&folder.0).unwrap().next().is_none(), "it was on the other disk");
}
