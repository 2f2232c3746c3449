//! The integration tests: one binary.

mod allocations;
mod bounds;
mod cases;
mod documents;
mod evaluating;
mod hostile_values;
mod layers;
mod reading;
mod schema;
mod settlement;
mod store;
mod threads;
mod windows;
