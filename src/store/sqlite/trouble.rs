//! What can go wrong with a file of counters, for those who operate it.

use std::io;

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::limit::CounterError;
use crate::store::StoreError;

#[derive(Debug, Error)]
pub(super) enum Trouble {
    #[error("the file is a database of another program")]
    Alien,
    #[error("the use of an approval has the key of a counter")]
    Confused,
    #[error("the other threads of this process have used the file for longer than the busy timeout")]
    Crowded,
    #[error("the file is cut short, or not a database")]
    Cut,
    #[error("the file is empty, and was not when it was opened first")]
    Empty,
    #[error(
        "the file has the schema version {found}, of a newer version of this program: this one knows {known}"
    )]
    Newer { found: i64, known: i64 },
    #[error("the file system does not allow a write-ahead log: it must be on a disk of this machine")]
    NoLog,
    #[error("there is no way to the file")]
    Place(#[source] io::Error),
    #[error("the file cannot be written")]
    ReadOnly,
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("a row of the file cannot be read")]
    Unreadable(#[from] CounterError),
}

impl Trouble {
    /// Whether it is over by itself, without the file being opened again.
    pub(super) fn is_passing(&self) -> bool {
        let passing = [ErrorCode::DatabaseBusy, ErrorCode::DatabaseLocked, ErrorCode::DiskFull];
        match self {
            Self::Crowded | Self::Confused | Self::Unreadable(_) => true,
            Self::Sqlite(error) => error.sqlite_error_code().is_some_and(|code| passing.contains(&code)),
            _ => false,
        }
    }
}

impl From<Trouble> for StoreError {
    /// What SQLite says is the source itself.
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Sqlite(error) => Self::new(error),
            other => Self::new(other),
        }
    }
}
