//! MCP, without input and output: what a gateway needs around an evaluator, on whatever transport.
//!
//! | what | is |
//! |---|---|
//! | [`Message`] | one JSON-RPC message that was read in the one way in which it can be read |
//! | [`Gate`] | what all connections to one server share; also asked call by call |
//! | [`Session`] | one connection: bytes in, [`Actions`] out |
//! | [`check_headers`] | whether the headers of HTTP say what the body says |
//!
//! Nothing here reads a clock, a socket or a random number.

mod answer;
mod approvals;
mod gate;
mod headers;
mod id;
mod identity;
mod ledger;
mod listing;
mod message;
mod session;
mod shelf;

pub use answer::{DECISION_KEY, Denials};
pub use approvals::{Approvals, Elicitation};
pub use gate::{Gate, GateBuilder, Retries};
pub use headers::{check_headers, headers_of};
pub use id::{Id, MAX_ID_BYTES};
pub use identity::Identity;
pub use message::{
    BUSY, HEADER_MISMATCH, INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, Limits, METHOD_NOT_FOUND,
    Message, MessageError, NO_ANSWER, Notification, PARSE_ERROR, Request, Response,
};
pub use session::{Actions, Decided, Event, HeldCall, JudgedCall, MAX_PENDING, MAX_QUESTIONS, Session, Step};
