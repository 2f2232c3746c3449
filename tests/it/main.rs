//! The integration tests: one binary.

mod allocations;
mod asynchronous;
mod bounds;
mod cases;
mod codes;
#[cfg(feature = "test-util")]
mod conformance;
mod documents;
mod evaluating;
mod hostile_values;
mod layers;
mod leases;
mod lint;
mod reading;
#[cfg(feature = "redis")]
mod redis;
mod reports;
mod schema;
mod settlement;
mod store;
mod threads;
mod warnings;
mod windows;
