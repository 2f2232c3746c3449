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
mod profile;
mod reading;
mod recommend;
mod reports;
mod schema;
mod settlement;
mod store;
mod threads;
mod warnings;
mod windows;
