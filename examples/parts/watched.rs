//! A file that is read again when it has changed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A file that is read again when it has changed.
pub(crate) struct Watched {
    path: PathBuf,
    seen: Option<(SystemTime, u64)>,
    was_missing: bool,
}

impl Watched {
    /// Reads the file for the first time.
    pub(crate) fn open(path: impl Into<PathBuf>) -> Result<(Self, String), String> {
        let mut file = Self { path: path.into(), seen: None, was_missing: false };
        match file.poll() {
            Some(Ok(text)) => Ok((file, text)),
            Some(Err(error)) => Err(error),
            None => Err(format!("{} cannot be read", file.path.display())),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is in the file, if that may be something else than before. That it cannot be read is said once.
    pub(crate) fn poll(&mut self) -> Option<Result<String, String>> {
        // The stamp is taken before the text is: what is written in between is read again.
        let stamp = fs::metadata(&self.path).and_then(|found| Ok((found.modified()?, found.len())));
        let read = match stamp {
            Ok(stamp) if self.seen == Some(stamp) => return None,
            Ok(stamp) => {
                self.seen = Some(stamp);
                read(&self.path)
            }
            Err(_) if self.was_missing => return None,
            Err(error) => {
                self.seen = None;
                Err(error)
            }
        };
        self.was_missing = read.is_err();
        Some(read.map_err(|error| format!("{} cannot be read: {error}", self.path.display())))
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// More than any of these files may have: a device that never ends does not fill the memory.
const LONGEST: u64 = 16 * 1024 * 1024;
