//! Where counters are kept.

use std::sync::Arc;

use mcp_policy::MemoryStore;

use crate::policy_file::Store;

/// The store that is called so on the command line.
pub(crate) fn open(name: &str) -> Result<Store, String> {
    match name {
        "memory" => Ok(Arc::new(MemoryStore::new())),
        _ => Err(format!("unknown store `{name}`: there is `memory`")),
    }
}
