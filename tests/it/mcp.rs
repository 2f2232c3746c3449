//! MCP: messages, sessions, and what gets past gates in front of real servers.

mod message;
mod random;
