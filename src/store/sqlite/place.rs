//! Where a file is, and whether it is still the one that was opened.

use std::io;
use std::path::{Path, PathBuf};

/// A path and the file that was there when it was opened.
///
/// A process that goes on with a file which was deleted or moved would count for itself alone. SQLite does
/// not notice.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    identity: Identity,
}

impl Place {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: Identity::of(path)? })
    }

    pub(super) fn still_holds(&self) -> bool {
        Identity::of(&self.path).is_ok_and(|identity| identity == self.identity)
    }
}

/// Whether a file ends in the middle of a page, with no log that could hold the rest. SQLite would take what is
/// missing for zeros, and a file of one byte for an empty one.
pub(super) fn is_cut(path: &Path) -> bool {
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    length(path).checked_rem(SMALLEST_PAGE) != Some(0) && length(Path::new(&log)) == 0
}

/// All sizes of pages are multiples of it.
const SMALLEST_PAGE: u64 = 512;

/// While the file is open nothing else gets the same.
#[cfg(unix)]
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

#[cfg(unix)]
impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;

        let metadata = std::fs::metadata(path)?;
        Ok(Self { device: metadata.dev(), inode: metadata.ino() })
    }
}

/// Where an open file cannot be deleted, that it is there is enough.
#[cfg(not(unix))]
#[derive(Debug, PartialEq, Eq)]
struct Identity;

#[cfg(not(unix))]
impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|_| Self)
    }
}
