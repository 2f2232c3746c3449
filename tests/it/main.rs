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
mod http_gateway;
mod layers;
mod lint;
mod mcp;
mod pinned;
mod program;
mod reading;
mod reports;
mod rmcp_server;
mod schema;
mod settlement;
mod stdio_gate;
mod store;
mod threads;
mod warnings;
mod windows;
