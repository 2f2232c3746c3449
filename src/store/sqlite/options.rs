//! How a file of counters is kept.

use std::path::Path;
use std::time::Duration;

use crate::store::sqlite::SqliteStore;
use crate::store::{MemoryStore, StoreError};

/// How a file of counters is kept.
///
/// ```
/// use std::time::Duration;
/// use mcp_policy::store::{Durability, SqliteOptions};
///
/// # let path = std::env::temp_dir().join(format!("mcp-policy-doc-options-{}.db", std::process::id()));
/// let store = SqliteOptions::new()
///     .busy_timeout(Duration::from_millis(250))
///     .durability(Durability::Machine)
///     .open(&path)?;
/// assert_eq!(store.count()?, 0);
/// # drop(store);
/// # let _ = std::fs::remove_file(path);
/// # Ok::<(), mcp_policy::store::StoreError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    pub(super) busy_timeout: Duration,
    pub(super) capacity: u64,
    pub(super) durability: Durability,
}

/// What a charge that was taken survives: the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "SQLite has no other that keeps charges")]
pub enum Durability {
    /// The end of the process, at any moment and in any way. A power cut, or a crash of the operating system,
    /// can lose the charges of the last moments, on Linux usually of up to half a minute; what came before
    /// them, and the file itself, stay whole. (SQLite's `synchronous=NORMAL`.)
    #[default]
    Process,
    /// A power cut and a crash of the operating system too, if the disk keeps what it says it has written.
    /// Each charge waits for the disk: milliseconds instead of microseconds. (SQLite's `synchronous=FULL`.)
    Machine,
}

impl SqliteOptions {
    /// How long a call waits for others unless it is said: a second.
    pub const DEFAULT_BUSY_TIMEOUT: Duration = Duration::from_secs(1);
    /// How many counters a file holds unless it is said: a million, as
    /// [`MemoryStore::DEFAULT_CAPACITY`]. With short names one takes some 190 bytes of the file.
    pub const DEFAULT_CAPACITY: u64 = 1_000_000;

    /// [`DEFAULT_BUSY_TIMEOUT`](Self::DEFAULT_BUSY_TIMEOUT), [`DEFAULT_CAPACITY`](Self::DEFAULT_CAPACITY) and
    /// [`Durability::Process`].
    #[must_use]
    pub const fn new() -> Self {
        Self {
            busy_timeout: Self::DEFAULT_BUSY_TIMEOUT,
            capacity: Self::DEFAULT_CAPACITY,
            durability: Durability::Process,
        }
    }

    /// The longest that an operation waits for other threads and processes before it fails. It is not for the
    /// disk: one that is slow makes every call slow.
    #[must_use]
    pub const fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self { busy_timeout, ..self }
    }

    /// The most counters that the file holds. An approval that was used takes the place of a counter until an
    /// hour after it has ended. Each process refuses by its own number.
    #[must_use]
    pub const fn capacity(self, capacity: u64) -> Self {
        Self { capacity, ..self }
    }

    /// What a charge that was taken survives. It is a matter of the process that takes it.
    #[must_use]
    pub const fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// Opens a file, and creates it if it is not there. Its folder must be there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the file cannot be opened, read and written, or holds something else than counters.
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        Ok(SqliteStore::open_with(path.as_ref(), self)?)
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self::new()
    }
}

const _: () = assert!(MemoryStore::DEFAULT_CAPACITY == 1_000_000, "the documentation says that they agree");
