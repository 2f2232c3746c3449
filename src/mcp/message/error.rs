//! Refusals: what is no message, or none that may pass.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value, json};

use crate::mcp::{Id, Message, Response};

/// Why bytes are not taken for a message, or a message is not let through, before any policy was asked.
///
/// It becomes a JSON-RPC error by [`answer`](Self::answer). Its text names no value and no key of the
/// message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageError {
    code: i64,
    message: Cow<'static, str>,
    id: Option<Id>,
    answers: Option<Id>,
}

impl MessageError {
    /// The JSON-RPC error code: [`PARSE_ERROR`], [`INVALID_REQUEST`], [`METHOD_NOT_FOUND`],
    /// [`INVALID_PARAMS`], [`HEADER_MISMATCH`] or [`BUSY`].
    #[must_use]
    pub fn code(&self) -> i64 {
        self.code
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The identifier of the request that is refused, where it could be read without doubt.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }

    /// The answer to whoever sent it. It has no identifier where none could be read.
    #[must_use]
    pub fn answer(&self) -> Message {
        Message::Response(Response::error(self.id.clone(), self.code, &self.message, None))
    }

    pub(crate) fn new(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), id: None, answers: None }
    }

    pub(crate) fn of_request(self, id: Option<Id>) -> Self {
        Self { id, ..self }
    }

    /// It was meant as the answer to this request. No error is answered to an answer.
    pub(crate) fn of_response(self, answers: Option<Id>) -> Self {
        Self { answers, ..self }
    }

    pub(crate) fn answered(&self) -> Option<&Id> {
        self.answers.as_ref()
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MessageError {}

/// The `error` of a response.
pub(crate) fn error_object(code: i64, message: &str, data: Option<Value>) -> Map<String, Value> {
    let mut error = Map::new();
    error.insert("code".to_owned(), code.into());
    error.insert("message".to_owned(), json!(message));
    if let Some(data) = data {
        error.insert("data".to_owned(), data);
    }
    error
}

/// The bytes are not JSON, or not JSON that is read in one way only.
pub const PARSE_ERROR: i64 = -32700;
/// The JSON is not a message of MCP.
pub const INVALID_REQUEST: i64 = -32600;
/// The method is not one that passes.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The params are not those of the method.
pub const INVALID_PARAMS: i64 = -32602;
/// The server's answer could not be used.
pub const INTERNAL_ERROR: i64 = -32603;
/// The headers do not say what the body says, from revision 2026-07-28 on.
pub const HEADER_MISMATCH: i64 = -32020;
/// Too much is under way already. The codes of JSON-RPC and of MCP lie below zero.
pub const BUSY: i64 = 4290;
/// The server gave no answer.
pub const NO_ANSWER: i64 = 5040;
