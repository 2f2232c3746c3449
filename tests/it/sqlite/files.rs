//! Files that are no files of counters, and places where none can be: refused when they are opened, and left
//! as they are.

use std::fs;
use std::path::Path;

use mcp_policy::CounterStore;
use mcp_policy::store::SqliteStore;
use rusqlite::Connection;

use super::child::Process;
use super::{Folder, limit, open, price, seconds, told};

fn refused(path: &Path) -> String {
    told(&SqliteStore::open(path).unwrap_err())
}

#[test]
fn a_folder_that_is_missing_is_an_error() {
    let folder = Folder::new();
    let path = folder.0.join("missing").join("counters.db");
    assert!(refused(&path).contains("unable to open"), "{}", refused(&path));
    assert!(refused(&folder.0).contains("unable to open"), "a folder is no file");
    assert!(!folder.0.join("missing").exists());
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    for content in
        ["not a database, but somebody's letters, and long enough to have a header".repeat(9), "x".into()]
    {
        fs::write(folder.file(), &content).unwrap();
        assert!(refused(&folder.file()).contains("not a database"), "{}", refused(&folder.file()));
        assert_eq!(fs::read_to_string(folder.file()).unwrap(), content);
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let connection = Connection::open(folder.file()).unwrap();
    connection.execute_batch("CREATE TABLE counter (id INTEGER PRIMARY KEY, ends, state)").unwrap();
    drop(connection);
    let before = fs::read(folder.file()).unwrap();
    assert_eq!(refused(&folder.file()), "the file is a database of another program");
    assert_eq!(fs::read(folder.file()).unwrap(), before);
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let charges = price(&[limit("c", "day", 1)], "g");
    open(&folder.file()).reserve(&charges, seconds(0)).unwrap();
    let version = |number: u32| {
        Connection::open(folder.file()).unwrap().pragma_update(None, "user_version", number).unwrap();
    };
    version(2);
    let before = fs::read(folder.file()).unwrap();
    assert_eq!(
        refused(&folder.file()),
        "the file has the schema version 2, of a newer version of this program: this one knows 1"
    );
    assert_eq!(fs::read(folder.file()).unwrap(), before);
    version(1);
    assert!(open(&folder.file()).reserve(&charges, seconds(0)).is_err(), "what was charged is there still");
}

#[test]
fn a_file_that_is_cut_short_is_refused() {
    let folder = Folder::new();
    let store = open(&folder.file());
    for grant in 0..300 {
        store.reserve(&price(&[limit("c", "day", 1)], &grant.to_string()), seconds(0)).unwrap();
    }
    drop(store);
    let whole = fs::read(folder.file()).unwrap();
    for length in [1, 50, 100, 4_096, whole.len() / 2, whole.len() - 4_096, whole.len() - 1] {
        fs::write(folder.file(), &whole[..length]).unwrap();
        let refused = match SqliteStore::open(folder.file()) {
            Ok(_) => panic!("{length} of {} bytes", whole.len()),
            Err(error) => told(&error),
        };
        assert!(refused.contains("malformed") || refused.contains("not a database"), "{length}: {refused}");
    }
}

/// Root may write to every file, so another user tries.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    // In a folder that every user can come to.
    let folder = Folder::below(&std::env::temp_dir());
    open(&folder.file()).reserve(&price(&[limit("c", "day", 1)], "g"), seconds(0)).unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(&folder.file(), 0o444);
    let is_root = fs::OpenOptions::new().append(true).open(folder.file()).is_ok();
    // This very binary, wherever it is: the way to it may be closed to other users.
    let mut command = Command::new("/proc/self/exe");
    if is_root {
        command.uid(65_534);
    }
    let said = Process::of(command, "open", &folder.file()).finish();
    assert!(said.contains("> failed the file cannot be written"), "{said}");
    mode(&folder.file(), 0o644);
}
