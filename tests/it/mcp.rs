//! MCP: messages, sessions, and what gets past gates in front of real servers.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "what goes wrong in a helper is to fail the test"
)]

mod approvals;
mod bounds;
mod calls;
mod lists;
mod message;
mod methods;
mod random;
mod retries;
mod tasks;
mod wire;
