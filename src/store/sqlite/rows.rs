//! The statements: what is read from the file and written to it.

use rusqlite::{CachedStatement, Connection, Row as SqliteRow};

use crate::limit::{Counter, CounterError};
use crate::store::entry::{DAY, Entry};
use crate::store::sqlite::trouble::Trouble;
use crate::timestamp::Timestamp;

/// The rows, within a transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    connection: &'a Connection,
}

#[derive(Debug)]
pub(super) struct Row {
    id: i64,
    ends: i64,
    pub(super) entry: Entry,
}

/// What is known of all rows together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub(super) count: u64,
    /// See [`MemoryStore`](crate::MemoryStore): a clock that was once ahead must not make an approval valid a
    /// second time.
    pub(super) forgotten_until: i64,
}

/// Where the search for rows that are long over goes on: behind this row, in the order of their ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    ends: i64,
    id: i64,
}

impl<'a> Rows<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }

    /// The row of a key. One that cannot be read is an error, and not no row.
    pub(super) fn find(self, key: &str) -> Result<Option<Row>, Trouble> {
        let sql = "SELECT id, ends, state FROM name JOIN counter USING (id) WHERE key = ?1";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query((key,))?;
        rows.next()?.map(Row::read).transpose()
    }

    /// Puts a counter in the place of what was found.
    pub(super) fn put(self, key: &str, before: Option<&Row>, counter: &Counter) -> Result<(), Trouble> {
        let (ends, state) = (counter.ends(), counter.encode());
        match before {
            None => self.add(key, ends, Some(&state))?,
            // The index of ends is left alone.
            Some(row) if row.ends == ends => {
                self.statement("UPDATE counter SET state = ?1 WHERE id = ?2")?.execute((state, row.id))?;
            }
            Some(row) => {
                let mut statement =
                    self.statement("UPDATE counter SET ends = ?1, state = ?2 WHERE id = ?3")?;
                statement.execute((ends, state, row.id))?;
            }
        }
        Ok(())
    }

    /// Remembers until a moment, in microseconds, that an approval was used.
    pub(super) fn use_up(self, key: &str, until: i64) -> Result<(), Trouble> {
        self.add(key, until, None)
    }

    pub(super) fn totals(self) -> Result<Totals, Trouble> {
        let mut statement = self.statement("SELECT count, forgotten_until FROM totals")?;
        let totals = statement.query_row((), |row| {
            // Never below zero, whatever was done to the file by hand.
            let count = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
            Ok(Totals { count, forgotten_until: row.get(1)? })
        });
        Ok(totals?)
    }

    /// Takes so many generations out of all that are given out, for good, and tells the last.
    pub(super) fn take_generations(self, number: u64) -> Result<u64, Trouble> {
        let sql = "UPDATE totals SET generations = generations + ?1 RETURNING generations";
        let last: i64 = self.statement(sql)?.query_row((integer(number),), |row| row.get(0))?;
        // A number below zero can only have been written by hand.
        u64::try_from(last).map_err(|_| CounterError.into())
    }

    /// Drops rows that are over, those first that have been for the longest; so many at most.
    pub(super) fn drop_over(self, now: Timestamp, most: u64) -> Result<usize, Trouble> {
        let sql = "DELETE FROM counter WHERE id IN \
            (SELECT id FROM counter WHERE ends <= ?1 ORDER BY ends LIMIT ?2) \
            RETURNING CASE WHEN state IS NULL THEN ends END";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query((now.micros(), integer(most)))?;
        let (mut dropped, mut forgotten_until) = (0_usize, i64::MIN);
        while let Some(row) = rows.next()? {
            dropped = dropped.saturating_add(1);
            forgotten_until = forgotten_until.max(row.get::<_, Option<i64>>(0)?.unwrap_or(i64::MIN));
        }
        self.forget_until(forgotten_until)?;
        Ok(dropped)
    }

    /// Looks at the next few rows that have been over for a day, and drops those that are long over. It tells
    /// where to go on; `None` if these were the last.
    pub(super) fn tidy(self, from: Cursor, now: Timestamp) -> Result<Option<Cursor>, Trouble> {
        let sql = "SELECT id, ends, state FROM counter WHERE (ends, id) > (?1, ?2) AND ends <= ?3 \
            ORDER BY ends, id LIMIT ?4";
        let mut statement = self.statement(sql)?;
        let a_day_ago = now.micros().saturating_sub(DAY);
        let mut rows = statement.query((from.ends, from.id, a_day_ago, LOOKED_AT))?;
        let (mut drop, mut next, mut forgotten_until) = (Vec::new(), None, i64::MIN);
        while let Some(row) = rows.next()? {
            next = Some(Cursor { ends: row.get(1)?, id: row.get(0)? });
            // One that cannot be read is for whoever charges it.
            let Ok(Row { id, entry, .. }) = Row::read(row) else { continue };
            if entry.is_long_over(now) {
                drop.push(id);
                if let Entry::UsedUntil(until) = entry {
                    forgotten_until = forgotten_until.max(until);
                }
            }
        }
        for id in drop {
            self.statement("DELETE FROM counter WHERE id = ?1")?.execute((id,))?;
        }
        self.forget_until(forgotten_until)?;
        Ok(next)
    }

    fn add(self, key: &str, ends: i64, state: Option<&[u8]>) -> Result<(), Trouble> {
        let id: i64 = self
            .statement("INSERT INTO name (key) VALUES (?1) ON CONFLICT DO UPDATE SET key = key RETURNING id")?
            .query_row((key,), |row| row.get(0))?;
        self.statement("INSERT INTO counter (id, ends, state) VALUES (?1, ?2, ?3)")?
            .execute((id, ends, state))?;
        Ok(())
    }

    fn forget_until(self, until: i64) -> Result<(), Trouble> {
        if until > i64::MIN {
            let sql = "UPDATE totals SET forgotten_until = max(forgotten_until, ?1)";
            self.statement(sql)?.execute((until,))?;
        }
        Ok(())
    }

    fn statement(self, sql: &str) -> Result<CachedStatement<'a>, Trouble> {
        Ok(self.connection.prepare_cached(sql)?)
    }
}

impl Row {
    fn read(row: &SqliteRow<'_>) -> Result<Self, Trouble> {
        let (id, ends) = (row.get(0)?, row.get(1)?);
        let entry = match row.get_ref(2)?.as_blob_or_null().map_err(|_| CounterError)? {
            Some(state) => Entry::Counter(Counter::decode(state)?),
            None => Entry::UsedUntil(ends),
        };
        if entry.ends() != ends {
            return Err(CounterError.into());
        }
        Ok(Self { id, ends, entry })
    }
}

impl Cursor {
    pub(super) const START: Self = Self { ends: i64::MIN, id: i64::MIN };
}

/// SQLite has no integers that are larger.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How many rows one call looks at to tidy up.
const LOOKED_AT: u32 = 8;
