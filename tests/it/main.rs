//! The integration tests: one binary.

mod allocations;
mod evaluating;
mod layers;
