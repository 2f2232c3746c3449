//! Counters in a file.

mod file;
mod options;
mod place;
mod rows;
mod schema;
mod take;
mod trouble;
mod wait;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use parking_lot::{Mutex, MutexGuard};

pub use options::{Durability, SqliteOptions};

use crate::limit::{Charges, Reservation};
use crate::store::sqlite::file::{File, Missing};
use crate::store::sqlite::take::Attempt;
use crate::store::sqlite::trouble::Trouble;
use crate::store::sqlite::wait::Deadline;
use crate::store::{CounterStore, Peek, Refusal, StoreError};

/// Counters in a file of SQLite, with the feature `sqlite`: they survive a restart, and the processes of one
/// machine share them. Exact under any number of threads and processes.
///
/// ```
/// use mcp_policy::store::SqliteStore;
/// use mcp_policy::{Context, Decision, Evaluator, Policy, ToolCall};
/// use serde_json::Value;
///
/// # let folder = std::env::temp_dir().join(format!("mcp-policy-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let policy: Policy = r#"{
///     "version": "1",
///     "default": "deny",
///     "tools": {"restart": {"limits": [{"counter": "restarts", "window": "lifetime", "max": 1}]}}
/// }"#.parse()?;
/// let context = Context::new().grant("ci-runner");
/// let call = ToolCall::new("restart", None::<&Value>).context(&context);
///
/// let evaluator = Evaluator::new(policy.clone(), SqliteStore::open(folder.join("counters.db"))?);
/// assert!(matches!(evaluator.evaluate(&call), Decision::Allow(_)));
/// drop(evaluator);
///
/// // After a restart it is known what was charged before.
/// let evaluator = Evaluator::new(policy, SqliteStore::open(folder.join("counters.db"))?);
/// assert!(matches!(evaluator.evaluate(&call), Decision::Deny(_)));
/// # drop(evaluator);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What a charge survives
///
/// A charge that was taken is in the file before [`reserve`](CounterStore::reserve) returns: the end of the
/// process, `kill -9` included, loses none. Whether a power cut can is what [`Durability`] chooses. What was
/// not taken to its end is not there at all.
///
/// # The file
///
/// The folder must be on a disk of this machine: SQLite's write-ahead log does not work over a network. Beside
/// the file there are two more, with `-wal` and `-shm` behind its name. They belong to it: a copy, a move or a
/// deletion is for all of them, and while no process has the file open. Where that is done all the same, the
/// store denies for as long as there is no file at its path, and then goes on with the one that is there; it
/// never begins with an empty file of its own accord (on Windows the system refuses the deletion instead). A
/// file of another program is refused, and so is one that a newer version of this crate has written.
///
/// A counter may be set back with any SQLite shell: `DELETE FROM counter WHERE id = (SELECT id FROM name WHERE
/// key = '…')`, with the key that an explanation of a call shows.
///
/// # How long a call waits
///
/// One call after the other writes. One that waits for longer than the [busy
/// timeout](SqliteOptions::busy_timeout) is denied `store_unavailable`, and the next one finds the store as it
/// should be, once it is.
///
/// An operation blocks for as long, so asynchronous code runs it where blocking is allowed, by
/// [`Blocking`](crate::store::Blocking). With tokio:
///
/// ```
/// use mcp_policy::store::{Blocking, SqliteStore};
/// use mcp_policy::{Context, Decision, Evaluator, Outcome, Policy, ToolCall};
/// use serde_json::Value;
///
/// # let path = std::env::temp_dir().join(format!("mcp-policy-doc-tokio-{}.db", std::process::id()));
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let policy: Policy = r#"{
///     "version": "1",
///     "default": "allow",
///     "all_tools": {"limits": [{"counter": "calls", "window": "minute", "max": 100}]}
/// }"#.parse()?;
/// let store = Blocking::new(SqliteStore::open(&path)?, |work| {
///     tokio::task::spawn_blocking(work);
/// });
/// let evaluator = Evaluator::new(policy, store);
///
/// let context = Context::new().grant("ci-runner");
/// let call = ToolCall::new("restart", None::<&Value>).context(&context);
/// let Decision::Allow(permit) = evaluator.evaluate_async(&call).await else { panic!() };
/// // … the call is forwarded …
/// permit.settle_async(Outcome::Succeeded).await?;
/// # drop(evaluator);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # How many counters there can be
///
/// As many as [`SqliteOptions::capacity`] says. Counters whose windows have long been over are dropped a few
/// at a time, while others are added; where there is no room, those whose windows are over are dropped, and
/// if that is not enough a new counter is refused ([`Refusal::Full`]). One whose window is not over is never
/// dropped. The file does not shrink, and its free parts are used again.
///
/// What is over is told by the time that callers pass in, as with [`MemoryStore`](crate::MemoryStore): all
/// processes must go by one clock.
pub struct SqliteStore {
    path: PathBuf,
    options: SqliteOptions,
    /// `None` while the file is to be opened again.
    file: Mutex<Option<File>>,
}

impl SqliteStore {
    /// Opens a file, and creates it if it is not there; with the options that [`SqliteOptions::new`] has.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the file cannot be opened, read and written, or holds something else than counters.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        SqliteOptions::new().open(path)
    }

    /// How many counters the file holds, with those whose windows are over and that have not been dropped
    /// yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the file cannot be read.
    pub fn count(&self) -> Result<u64, StoreError> {
        Ok(self.with(|file| file.read(|rows| Ok(rows.totals()?.count)))?)
    }

    fn open_with(path: &Path, options: SqliteOptions) -> Result<Self, Trouble> {
        // Absolute, so that a change of the working directory leads to no other file, and no name that means
        // something to SQLite is left.
        let path = std::path::absolute(path).map_err(Trouble::Place)?;
        Deadline::after(options.busy_timeout).begin();
        let file = File::open(&path, options.durability, Missing::Create)?;
        Ok(Self { path, options, file: Mutex::new(Some(file)) })
    }

    /// Does something with the file, opened again if need be, and waits for no longer than the busy timeout.
    fn with<T>(&self, work: impl FnOnce(&mut File) -> Result<T, Trouble>) -> Result<T, Trouble> {
        let deadline = Deadline::after(self.options.busy_timeout);
        let mut slot = self.lock(deadline)?;
        deadline.begin();
        if slot.as_ref().is_some_and(|file| !file.is_in_place()) {
            *slot = None;
        }
        let file = match &mut *slot {
            Some(file) => file,
            None => slot.insert(File::open(&self.path, self.options.durability, Missing::Refuse)?),
        };
        let result = work(file);
        if result.as_ref().is_err_and(|trouble| !trouble.is_passing()) {
            *slot = None;
        }
        result
    }

    fn lock(&self, deadline: Deadline) -> Result<MutexGuard<'_, Option<File>>, Trouble> {
        match deadline.at() {
            Some(at) => self.file.try_lock_until(at).ok_or(Trouble::Crowded),
            None => Ok(self.file.lock()),
        }
    }
}

impl CounterStore for SqliteStore {
    fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        let attempt = self
            .with(|file| file.reserve(charges, now.into(), self.options.capacity))
            .map_err(StoreError::from)?;
        match attempt {
            Attempt::Refused(refusal) => Err(refusal),
            Attempt::Taken(reservation) => Ok(reservation),
        }
    }

    fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        Ok(self.with(|file| file.refund(reservation))?)
    }

    fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        Ok(self.with(|file| file.peek(charges, now.into()))?)
    }
}

/// The path and the options, and no keys: they name people.
impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
