//! What is in the file, and how an older file becomes one of today.

use rusqlite::Connection;

use crate::store::sqlite::trouble::Trouble;

/// What the tables were before, each entry making the version of its place from the one before it: entry 0
/// makes version 1 from an empty file. An entry that was released is never changed.
///
/// A program that knows only older versions may have the file open at the time. So an entry after which it
/// must not go on writing renames a table: its statements then fail, and it denies.
const MIGRATIONS: [&str; 1] = ["
-- What identifies a counter, or an approval that was used. Apart from what changes with every charge, so that a
-- charge touches little.
CREATE TABLE name (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE counter (
    -- That of its name.
    id INTEGER PRIMARY KEY,
    -- The first moment at which the row does not matter any more, in microseconds since the Unix epoch.
    ends INTEGER NOT NULL,
    -- The counter; NULL for an approval that was used.
    state BLOB
) STRICT;
CREATE INDEX counter_ends ON counter (ends);

-- One row.
CREATE TABLE totals (
    -- How many rows `counter` has.
    count INTEGER NOT NULL,
    -- Every approval that had to be remembered until then, in microseconds, may have been forgotten.
    forgotten_until INTEGER NOT NULL,
    -- The last generation of a window that has been given out to the processes that have opened the file. It begins
    -- somewhere, so that a permit of a file that was here before gives nothing back in this one.
    generations INTEGER NOT NULL
) STRICT;
INSERT INTO totals VALUES (0, -9223372036854775808, (random() & 0x3FFFFFFF) << 20);
CREATE TRIGGER counter_added AFTER INSERT ON counter BEGIN UPDATE totals SET count = count + 1; END;
CREATE TRIGGER counter_removed AFTER DELETE ON counter BEGIN
    UPDATE totals SET count = count - 1;
    DELETE FROM name WHERE id = old.id;
END;
"];

/// What a file is before it is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Empty,
    /// Counters, of this version.
    Version(i64),
}

/// What is in the file. It changes nothing.
pub(super) fn content(connection: &Connection) -> Result<Content, Trouble> {
    content_known_to(connection, &MIGRATIONS)
}

/// Brings the file to the newest version.
pub(super) fn migrate(connection: &Connection) -> Result<(), Trouble> {
    migrate_by(connection, &MIGRATIONS)
}

fn content_known_to(connection: &Connection, migrations: &[&str]) -> Result<Content, Trouble> {
    let number = |sql| connection.query_row(sql, (), |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    if application == APPLICATION_ID && version > 0 {
        let known = known(migrations);
        if version > known {
            return Err(Trouble::Newer { found: version, known });
        }
        return Ok(Content::Version(version));
    }
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    if (application, version, objects) == (0, 0, 0) { Ok(Content::Empty) } else { Err(Trouble::Alien) }
}

/// All steps or none: who is killed on the way leaves the file as it was.
fn migrate_by(connection: &Connection, migrations: &[&str]) -> Result<(), Trouble> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let result = migrate_within(connection, migrations)
        .and_then(|()| connection.execute_batch("COMMIT").map_err(Trouble::from));
    if result.is_err() && !connection.is_autocommit() {
        // The error that led here says more than one of this.
        let _ = connection.execute_batch("ROLLBACK");
    }
    result
}

fn migrate_within(connection: &Connection, migrations: &[&str]) -> Result<(), Trouble> {
    // Looked at again: another process may have done it in the meantime.
    let version = match content_known_to(connection, migrations)? {
        Content::Empty => 0,
        Content::Version(version) => version,
    };
    for step in migrations.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        connection.execute_batch(step)?;
    }
    if version < known(migrations) {
        connection.pragma_update(None, "user_version", known(migrations))?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    Ok(())
}

fn known(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}

/// "mcpp", in the header of the file.
const APPLICATION_ID: i64 = 0x6D63_7070;

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: [&str; 2] = [MIGRATIONS[0], "ALTER TABLE counter RENAME TO counter_2;"];

    fn memory() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    #[test]
    fn an_empty_file_becomes_one_of_the_newest_version_and_stays_it() {
        let connection = memory();
        assert_eq!(content(&connection).unwrap(), Content::Empty);
        for _ in 0..2 {
            migrate(&connection).unwrap();
            assert_eq!(content(&connection).unwrap(), Content::Version(known(&MIGRATIONS)));
        }
    }

    #[test]
    fn an_older_file_is_brought_up_with_what_is_in_it() {
        let connection = memory();
        migrate_by(&connection, &MIGRATIONS).unwrap();
        let old = "INSERT INTO counter (ends, state) VALUES (1, x'00')";
        connection.execute(old, ()).unwrap();
        migrate_by(&connection, &NEXT).unwrap();
        assert_eq!(content_known_to(&connection, &NEXT).unwrap(), Content::Version(2));
        let rows = "SELECT count(*) FROM counter_2 WHERE ends = 1";
        assert_eq!(connection.query_row(rows, (), |row| row.get::<_, i64>(0)).unwrap(), 1);
        // Who knows only the version before is kept out, whether it opens the file or had it open.
        assert!(matches!(content(&connection), Err(Trouble::Newer { found: 2, known: 1 })));
        assert!(matches!(migrate(&connection), Err(Trouble::Newer { found: 2, known: 1 })));
        assert!(connection.execute(old, ()).is_err());
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let connection = memory();
        migrate(&connection).unwrap();
        let broken = [MIGRATIONS[0], "ALTER TABLE counter RENAME TO counter_2; DROP TABLE nothing;"];
        assert!(migrate_by(&connection, &broken).is_err());
        assert_eq!(content(&connection).unwrap(), Content::Version(1));
        assert!(connection.is_autocommit());
    }

    #[test]
    fn what_another_program_made_is_told_by_any_of_three_signs() {
        for sign in ["CREATE TABLE t (a)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"] {
            let connection = memory();
            connection.execute_batch(sign).unwrap();
            assert!(matches!(content(&connection), Err(Trouble::Alien)), "{sign}");
            assert!(matches!(migrate(&connection), Err(Trouble::Alien)), "{sign}");
        }
    }
}
