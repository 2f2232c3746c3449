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
mod layers;
mod leases;
mod lint;
mod mcp;
mod pinned;
mod profile;
mod reading;
mod recommend;
#[cfg(feature = "redis")]
mod redis;
mod reports;
mod risk_accuracy;
mod risk_assess;
mod risk_hostile;
mod schema;
mod settlement;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod threads;
mod warnings;
mod windows;
