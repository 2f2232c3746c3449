//! Other processes: this same test binary, started again with a task.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use mcp_policy::CounterStore;
use mcp_policy::store::{Refusal, SqliteOptions};
use rusqlite::Connection;

use super::{limit, open, price, seconds, told, unavailable};

/// What a process is told to do, and with which file.
const TASK: &str = "MCP_POLICY_TEST_TASK";
const FILE: &str = "MCP_POLICY_TEST_FILE";

/// A process that does a task. It is killed when it is dropped.
pub(super) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(super) fn new(task: &str, file: &Path) -> Self {
        Self::of(Command::new(std::env::current_exe().unwrap()), task, file)
    }

    /// By another command, which starts this binary with the arguments that are added to it.
    pub(super) fn of(mut command: Command, task: &str, file: &Path) -> Self {
        command.args(["--exact", "sqlite::child::a_task_of_another_test", "--ignored", "--nocapture"]);
        command.env(TASK, task).env(FILE, file).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    /// Waits for the next line that begins with a word, and gives what follows it; nothing at the end.
    pub(super) fn next(&mut self, word: &str) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // The test runner writes the name of the test before what the test writes first.
            let said = line.split_once("> ").map(|(_, said)| said.trim_end());
            if let Some(rest) = said.and_then(|said| said.strip_prefix(word)) {
                return Some(rest.trim().to_owned());
            }
        }
    }

    /// Tells it to go on: it waits for the end of its input.
    pub(super) fn go_on(&mut self) {
        self.input = None;
    }

    /// `kill -9`, and how often it had said a word that was not read yet.
    pub(super) fn kill(mut self, word: &str) -> usize {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.next(word)).count()
    }

    /// Waits for its end, and gives everything that it said.
    pub(super) fn finish(mut self) -> String {
        self.go_on();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {rest}");
        rest
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One write for each line: what was said has been said when the process is killed.
fn say(text: &str) {
    println!("> {text}");
}

fn wait_to_go_on() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
#[ignore = "the tests of several processes start it"]
fn a_task_of_another_test() {
    let Some(task) = std::env::var_os(TASK) else { return };
    let file = std::env::var_os(FILE).unwrap();
    let file = Path::new(&file);
    match task.to_str().unwrap() {
        "spend" => spend(file),
        "charge" => charge(file),
        "lock" => lock(file),
        "open" => match SqliteOptions::new().open(file) {
            Ok(_) => say("opened"),
            Err(error) => say(&format!("failed {}", told(&error))),
        },
        "fill" => fill(file),
        "fill a disk" => fill_a_disk(file),
        other => panic!("{other}"),
    }
}

/// Eight threads charge one limit until it refuses.
fn spend(file: &Path) {
    const THREADS: usize = 8;
    let store = SqliteOptions::new().busy_timeout(Duration::from_secs(60)).open(file).unwrap();
    let charges = price(&[limit("spend", "day", 1_000)], "g");
    say("ready");
    wait_to_go_on();
    let barrier = Barrier::new(THREADS);
    let passed: usize = thread::scope(|scope| {
        let spend = || {
            barrier.wait();
            let charge = || match store.reserve(&charges, seconds(0)) {
                Ok(_) => Some(()),
                Err(Refusal::Exceeded(_)) => None,
                Err(other) => panic!("{other:?}"),
            };
            std::iter::from_fn(charge).count()
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(spend)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    say(&format!("passed {passed}"));
}

/// What [`charge`] charges: two limits of each call.
pub(super) const CHARGED: [(&str, &str, u64); 2] =
    [("first", "lifetime", 1_000_000), ("second", "day", 1_000_000)];

/// Charges without end, and says so after each charge.
fn charge(file: &Path) {
    let limits = CHARGED.map(|(name, window, max)| limit(name, window, max));
    let charges = price(&limits, "g");
    let store = SqliteOptions::new().busy_timeout(Duration::from_secs(60)).open(file).unwrap();
    loop {
        match store.reserve(&charges, seconds(0)) {
            Ok(_) => say("charged"),
            Err(Refusal::Exceeded(_)) => return,
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Holds the file's lock until it may go on.
fn lock(file: &Path) {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    say("locked");
    wait_to_go_on();
    connection.execute_batch("ROLLBACK").unwrap();
}

/// Adds counters until the store fails for good, with files that may not grow. A log that has grown as far as it
/// may is emptied into the file once or twice before that, and the store goes on.
fn fill(file: &Path) {
    const FOR_GOOD: usize = 20;
    let store = open(file);
    let limits = [limit("c", "day", 1)];
    let (mut index, mut failures) = (0, 0);
    while failures < FOR_GOOD {
        match store.reserve(&price(&limits, &index.to_string()), seconds(0)) {
            Ok(_) => {
                say(&format!("taken {index}"));
                failures = 0;
            }
            Err(Refusal::Unavailable(_)) => failures += 1,
            Err(other) => panic!("{other:?}"),
        }
        index += 1;
    }
    say(&format!("failed {}", unavailable(&store, &price(&limits, "late"))));
}

/// Fills the file's disk, and makes room on it again.
fn fill_a_disk(file: &Path) {
    let store = open(file);
    let limits = [limit("c", "day", 1)];
    let one = price(&[limit("one", "day", 1_000_000)], "g");
    store.reserve(&one, seconds(0)).unwrap();
    let ballast = file.with_file_name("ballast");
    let mut writer = std::fs::File::create(&ballast).unwrap();
    while writer.write_all(&[1; 4_096]).is_ok() {}
    drop(writer);
    // What the file and its log have room for is taken; then there is none.
    let mut taken = 0;
    let error = loop {
        match store.reserve(&price(&limits, &format!("g{taken}")), seconds(0)) {
            Ok(_) => taken += 1,
            Err(Refusal::Unavailable(error)) => break told(&error),
            Err(other) => panic!("{other:?}"),
        }
    };
    say(&format!("failed {error}"));
    // A victim that is at its limit stays there: nothing was forgotten.
    for index in 0..taken {
        let refused = store.reserve(&price(&limits, &format!("g{index}")), seconds(0));
        assert!(matches!(refused, Err(Refusal::Exceeded(_) | Refusal::Unavailable(_))), "{refused:?}");
    }
    std::fs::remove_file(ballast).unwrap();
    // It recovers by itself.
    store.reserve(&price(&limits, "late"), seconds(0)).unwrap();
    let late = store.reserve(&price(&limits, "late"), seconds(0));
    assert!(matches!(late, Err(Refusal::Exceeded(_))), "{late:?}");
    assert_eq!(store.count().unwrap(), taken + 2);
    say("recovered");
}

/// This binary, as an argument of another command.
pub(super) fn this_binary() -> impl AsRef<OsStr> {
    std::env::current_exe().unwrap()
}
