//! The schema for one server.
