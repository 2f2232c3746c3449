//! The audit trail: a file with one record a line.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::time::SystemTime;

use mcp_policy::Evaluator;
use mcp_policy::audit::AuditKey;
use mcp_policy::mcp::{Event, Identity};

use crate::stores::Store;

/// Where decisions are recorded, if they are.
pub(crate) struct Trail {
    file: Option<File>,
}

impl Trail {
    /// Opens the file to append to it, or makes it.
    pub(crate) fn open(path: Option<&str>) -> Result<Self, String> {
        let open = |path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map_err(|error| format!("{path} cannot be written: {error}"))
        };
        Ok(Self { file: path.map(open).transpose()? })
    }

    /// Records what was decided. What cannot be recorded should not be done.
    pub(crate) fn record(
        &self,
        events: &[Event],
        identity: &Identity,
        evaluator: &Evaluator<Store>,
        now: SystemTime,
    ) -> io::Result<()> {
        let Some(mut file) = self.file.as_ref() else {
            return Ok(());
        };
        let policy = evaluator.policy().map(|policy| policy.digest());
        for record in events.iter().filter_map(|event| event.record(identity, now)) {
            // In one piece: several processes may write to one file.
            file.write_all(format!("{}\n", record.policy(policy)).as_bytes())?;
        }
        Ok(())
    }
}

/// Reads the key that arguments are signed with.
pub(crate) fn key(path: &str) -> Result<AuditKey, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    AuditKey::new(bytes.trim_ascii()).map_err(|error| format!("{path}: {error}"))
}
