//! The integration tests: one binary.

mod allocations;
mod asynchronous;
mod bounds;
mod cases;
mod catalog;
mod codes;
#[cfg(feature = "test-util")]
mod conformance;
mod documents;
mod evaluating;
mod hostile_values;
#[expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics fails"
)]
mod http_gateway;
mod layers;
mod leases;
mod lint;
mod mcp;
mod pinned;
mod profile;
#[expect(clippy::disallowed_methods, clippy::panic, clippy::unwrap_used, reason = "a test that panics fails")]
mod program;
mod reading;
mod recommend;
#[cfg(feature = "redis")]
mod redis;
mod reports;
mod risk_accuracy;
mod risk_assess;
mod risk_hostile;
#[expect(clippy::indexing_slicing, reason = "a test that panics fails")]
mod rmcp_server;
mod schema;
mod settlement;
#[cfg(feature = "sqlite")]
mod sqlite;
#[expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics fails")]
mod stdio_gate;
mod store;
mod threads;
mod warnings;
mod windows;
