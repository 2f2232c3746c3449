//! MCP, without input and output: bytes in, messages out.

mod headers;
mod id;
mod message;

pub use headers::{check_headers, headers_of};
pub use id::{Id, MAX_ID_BYTES};
pub use message::{
    BUSY, HEADER_MISMATCH, INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, Limits, METHOD_NOT_FOUND,
    Message, MessageError, NO_ANSWER, Notification, PARSE_ERROR, Request, Response,
};
