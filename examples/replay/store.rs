//! Where the counters are kept while calls are played.

use std::error::Error;

use mcp_policy::{CounterStore, MemoryStore};

pub(crate) type Store = Box<dyn CounterStore>;

/// `memory`, or `sqlite:` and the path of a file, which goes on from what is in it.
pub(crate) fn open(name: &str) -> Result<Store, Box<dyn Error>> {
    match name.split_once(':') {
        None if name == "memory" => Ok(Box::new(MemoryStore::new())),
        Some(("sqlite", path)) if !path.is_empty() => sqlite(path),
        _ => Err(format!("--store takes memory or sqlite:PATH, and not {name}").into()),
    }
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &str) -> Result<Store, Box<dyn Error>> {
    let store = mcp_policy::store::SqliteStore::open(path);
    Ok(Box::new(store.map_err(|error| format!("cannot open {path}: {}", with_causes(&error)))?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str) -> Result<Store, Box<dyn Error>> {
    Err("--store sqlite:PATH needs the feature `sqlite`: cargo run --features sqlite --example replay -- …"
        .into())
}

/// What went wrong, and why.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
