//! An open file: a connection of SQLite's, and its transactions.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::store::sqlite::options::Durability;
use crate::store::sqlite::place::{Place, is_cut};
use crate::store::sqlite::rows::{Cursor, Rows};
use crate::store::sqlite::schema::{self, Content};
use crate::store::sqlite::trouble::Trouble;
use crate::store::sqlite::wait;

#[derive(Debug)]
pub(super) struct File {
    connection: Connection,
    place: Place,
    generations: Generations,
    /// Where tidying up goes on.
    pub(super) cursor: Cursor,
}

/// What to do if there is no file, or an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Create,
    Refuse,
}

impl File {
    pub(super) fn open(path: &Path, durability: Durability, missing: Missing) -> Result<Self, Trouble> {
        if is_cut(path) {
            return Err(Trouble::Cut);
        }
        // The connection is used by one thread at a time.
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, missing == Missing::Create);
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_handler(Some(wait::try_again))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // What is in the file is data and nothing that runs, the triggers of the schema excepted.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        let place = Place::of(path).map_err(Trouble::Place)?;
        if connection.is_readonly(MAIN_DB)? {
            return Err(Trouble::ReadOnly);
        }
        // Before anything is written: what is not ours stays as it is.
        if schema::content(&connection)? == Content::Empty && missing == Missing::Refuse {
            return Err(Trouble::Empty);
        }
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
        if mode != "wal" {
            return Err(Trouble::NoLog);
        }
        connection.execute_batch(match durability {
            Durability::Machine => "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;",
            Durability::Process => "PRAGMA synchronous = NORMAL;",
        })?;
        connection.pragma_update(None, "cache_size", CACHE_KIB)?;
        schema::migrate(&connection)?;
        Ok(Self { connection, place, generations: Generations::default(), cursor: Cursor::START })
    }

    /// Whether the file that is open is still the one at its path.
    pub(super) fn is_in_place(&self) -> bool {
        self.place.still_holds()
    }

    /// Reads one state of the file.
    pub(super) fn read<T>(&self, work: impl FnOnce(Rows<'_>) -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.transact("BEGIN", work)
    }

    /// Changes the file, all or nothing, and with nobody else between what is read and what is written.
    pub(super) fn write<T>(&self, work: impl FnOnce(Rows<'_>) -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.transact("BEGIN IMMEDIATE", work)
    }

    /// So many generations that no window of this file has had, as the last before them.
    pub(super) fn generations(&mut self, number: usize) -> Result<u64, Trouble> {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        if self.generations.left() < number {
            let block = number.max(BLOCK);
            // In a transaction of its own: what is given out stays so, whatever becomes of the call.
            let last = self.write(|rows| rows.take_generations(block))?;
            self.generations = Generations { given: last.saturating_sub(block), last };
        }
        let before = self.generations.given;
        self.generations.given = before.saturating_add(number);
        Ok(before)
    }

    fn transact<T>(
        &self,
        begin: &str,
        work: impl FnOnce(Rows<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.run(begin)?;
        let result = work(Rows::new(&self.connection)).and_then(|value| {
            self.run("COMMIT")?;
            Ok(value)
        });
        if result.is_err() && !self.connection.is_autocommit() {
            // The error that led here says more than one of this, after which the file is opened anew.
            let _ = self.run("ROLLBACK");
        }
        result
    }

    fn run(&self, sql: &str) -> Result<(), Trouble> {
        self.connection.prepare_cached(sql)?.execute(())?;
        Ok(())
    }
}

/// Generations of windows that this process may give.
#[derive(Clone, Copy, Debug, Default)]
struct Generations {
    given: u64,
    last: u64,
}

impl Generations {
    fn left(self) -> u64 {
        self.last.saturating_sub(self.given)
    }
}

/// How many generations are taken at once.
const BLOCK: u64 = 1 << 20;

/// How much of the file is kept in memory, where it is used: negative, as `SQLite` counts in pages otherwise.
const CACHE_KIB: i64 = -16_384;

/// More than there are statements.
const STATEMENTS: usize = 32;
