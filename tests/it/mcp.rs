//! MCP: messages, sessions, and what gets past gates in front of real servers.

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
