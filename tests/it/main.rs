//! The integration tests: one binary.

mod allocations;
mod bounds;
mod cases;
mod catalog;
mod codes;
mod documents;
mod evaluating;
mod hostile_values;
mod layers;
mod lint;
mod pinned;
mod reading;
mod reports;
mod schema;
mod settlement;
mod store;
mod threads;
mod warnings;
mod windows;
