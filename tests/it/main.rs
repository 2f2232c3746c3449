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
mod reading;
mod reports;
mod risk_accuracy;
mod risk_assess;
mod risk_hostile;
mod schema;
mod settlement;
mod store;
mod threads;
mod warnings;
mod windows;
