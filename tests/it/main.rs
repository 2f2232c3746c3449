//! The integration tests: one binary.

mod allocations;
mod bounds;
mod cases;
mod codes;
mod documents;
mod evaluating;
mod hostile_values;
mod layers;
mod lint;
mod mcp;
mod reading;
mod reports;
mod schema;
mod settlement;
mod store;
mod threads;
mod warnings;
mod windows;
