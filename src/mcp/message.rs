//! Messages: bytes to one judged message, and back.

mod error;
mod read;
pub(crate) mod shape;
pub(crate) mod write;

use serde_json::{Map, Value};

pub(crate) use error::error_object;
pub use error::{
    BUSY, HEADER_MISMATCH, INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, MessageError,
    NO_ANSWER, PARSE_ERROR,
};

use crate::json::MAX_DEPTH;
use crate::mcp::Id;
use crate::mcp::message::write::{write_members, write_object, write_text, write_value};

/// One JSON-RPC message of MCP.
///
/// Servers do not agree on what a line of bytes says: of two members with one key some take the last and one
/// refuses both; some take a carriage return for the end of a line, or `NaN` for a number. A gate that reads
/// such a line in its own way and forwards the bytes is bypassed. So there is one reading here, or none, and
/// what goes on is never the bytes that came, but is written anew from what was read: one line, in which no
/// reader finds the end of a line or a second message. There is no message that was not read by
/// [`Message::read`], or made here of what was.
///
/// ```
/// use mcp_policy::mcp::{Limits, Message, PARSE_ERROR};
///
/// let line = br#"{"jsonrpc": "2.0", "id": 1, "method": "tools\/call", "params": {"name": "read"}}"#;
/// let message = Message::read(line, &Limits::CLIENT)?;
/// assert_eq!(message.method(), Some("tools/call"));
/// assert_eq!(message.to_line(), r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read"}}"#);
///
/// let twice = br#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "m\u0065thod": "tools/call"}"#;
/// let error = Message::read(twice, &Limits::CLIENT).unwrap_err();
/// assert_eq!(error.code(), PARSE_ERROR);
/// # Ok::<(), mcp_policy::mcp::MessageError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "JSON-RPC has no others, and batches are refused")]
pub enum Message {
    /// It wants no answer.
    Notification(Notification),
    /// It wants an answer.
    Request(Request),
    /// It is an answer.
    Response(Response),
}

/// A message that wants an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub(crate) id: Id,
    pub(crate) method: Box<str>,
    pub(crate) params: Option<Map<String, Value>>,
    /// Members of the envelope that JSON-RPC does not name.
    pub(crate) rest: Map<String, Value>,
}

/// A message that wants no answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    pub(crate) method: Box<str>,
    pub(crate) params: Option<Map<String, Value>>,
    pub(crate) rest: Map<String, Value>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// None only in an error, about a message whose identifier could not be read.
    pub(crate) id: Option<Id>,
    pub(crate) body: Body,
    pub(crate) rest: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Error(Map<String, Value>),
    Result(Map<String, Value>),
}

/// What a message may have. More is refused before it takes memory: a value takes about a hundred bytes when
/// it is read, so a few bytes on the wire could become many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain numbers, for a gateway to choose")]
pub struct Limits {
    /// The most bytes.
    pub bytes: usize,
    /// The most values: numbers, texts, arrays, objects and so on, at all depths.
    pub values: usize,
    /// The most bytes of a key.
    pub key_bytes: usize,
    /// The deepest nesting of arrays and objects; at most [`MAX_DEPTH`] is read
    /// whatever is said here.
    pub depth: usize,
}

impl Limits {
    /// For what a client sends: 4 MiB, 50 000 values, keys of 64 KiB.
    pub const CLIENT: Self = Self { bytes: 4 << 20, values: 50_000, key_bytes: 64 << 10, depth: MAX_DEPTH };

    /// For what a server sends, which may hold images and long lists: 16 MiB, 250 000 values, keys of 64 KiB.
    pub const SERVER: Self = Self { bytes: 16 << 20, values: 250_000, key_bytes: 64 << 10, depth: MAX_DEPTH };
}

impl Message {
    /// Reads one message: the bytes of one line, or the body of one HTTP request.
    ///
    /// # Errors
    ///
    /// [`MessageError`] for anything that two readers could take for two things, and for what is no message of
    /// MCP:
    ///
    /// - what RFC 8259 does not allow: invalid UTF-8, a byte order mark, `NaN`, a lone surrogate, a second
    ///   value;
    /// - beyond it: a key twice in an object, also by escapes; a number that no double has, or an integer of
    ///   more than 64 bits; more than the [`Limits`];
    /// - a batch; a message with the members of a request and of an answer; a key in the envelope, or in the
    ///   params of a method of MCP, that only looks like one of theirs (`Name`, `paramſ`, `request_state`);
    /// - an identifier that is no integer of 64 bits and no string, or none on a request of MCP;
    /// - params that are not those of the method: a tool's name that is no string, arguments that are no
    ///   object.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, MessageError> {
        read::read(bytes, limits)
    }

    /// The message as one line of JSON, without the line feed that ends it on standard input: no control
    /// character, no U+2028 and no U+2029 stands in it, so nobody finds a second line.
    ///
    /// The members of an object come in the order of the alphabet, unless the program has switched on
    /// `preserve_order` of [`serde_json`].
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = String::with_capacity(256);
        line.push_str("{\"jsonrpc\":\"2.0\"");
        if let Some(id) = self.id() {
            line.push_str(",\"id\":");
            write_value(&id.to_value(), &mut line);
        }
        if let Some(method) = self.method() {
            line.push_str(",\"method\":");
            write_text(method, &mut line);
        }
        if let Some(params) = self.params() {
            line.push_str(",\"params\":");
            write_object(params, &mut line);
        }
        let rest = match self {
            Self::Notification(notification) => &notification.rest,
            Self::Request(request) => &request.rest,
            Self::Response(response) => {
                let (name, body) = match &response.body {
                    Body::Error(error) => (",\"error\":", error),
                    Body::Result(result) => (",\"result\":", result),
                };
                line.push_str(name);
                write_object(body, &mut line);
                &response.rest
            }
        };
        write_members(rest, false, &mut line);
        line.push('}');
        line
    }

    /// The identifier of a request, or of the request that an answer is for.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        match self {
            Self::Notification(_) => None,
            Self::Request(request) => Some(&request.id),
            Self::Response(response) => response.id.as_ref(),
        }
    }

    /// The method of a request or notification.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Notification(notification) => Some(&notification.method),
            Self::Request(request) => Some(&request.method),
            Self::Response(_) => None,
        }
    }

    /// The params of a request or notification.
    #[must_use]
    pub fn params(&self) -> Option<&Map<String, Value>> {
        match self {
            Self::Notification(notification) => notification.params.as_ref(),
            Self::Request(request) => request.params.as_ref(),
            Self::Response(_) => None,
        }
    }

    /// The revision of MCP that a request from revision 2026-07-28 on bears in its `_meta`. Whoever sent it
    /// chose it.
    #[must_use]
    pub fn protocol_version(&self) -> Option<&str> {
        protocol_version(self.params()?)
    }
}

impl Request {
    /// A request.
    pub(crate) fn new(
        id: impl Into<Id>,
        method: impl Into<String>,
        params: Option<Map<String, Value>>,
    ) -> Self {
        Self { id: id.into(), method: method.into().into(), params, rest: Map::new() }
    }

    /// What its answer bears too.
    #[must_use]
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// What is asked for.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The params.
    #[must_use]
    pub fn params(&self) -> Option<&Map<String, Value>> {
        self.params.as_ref()
    }

    pub(crate) fn param(&self, name: &str) -> Option<&Value> {
        self.params.as_ref()?.get(name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.param(name)?.as_str()
    }
}

impl Notification {
    /// A notification.
    pub(crate) fn new(method: impl Into<String>, params: Option<Map<String, Value>>) -> Self {
        Self { method: method.into().into(), params, rest: Map::new() }
    }

    /// What it tells of.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The params.
    #[must_use]
    pub fn params(&self) -> Option<&Map<String, Value>> {
        self.params.as_ref()
    }
}

impl Response {
    /// An answer with a result.
    pub(crate) fn result(id: impl Into<Id>, result: Map<String, Value>) -> Self {
        Self { id: Some(id.into()), body: Body::Result(result), rest: Map::new() }
    }

    /// An answer with an error.
    pub(crate) fn error(id: Option<Id>, code: i64, message: &str, data: Option<Value>) -> Self {
        Self { id, body: Body::Error(error_object(code, message, data)), rest: Map::new() }
    }

    /// What the request bore.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }

    /// The result, if it is no error.
    #[must_use]
    pub fn as_result(&self) -> Option<&Map<String, Value>> {
        match &self.body {
            Body::Error(_) => None,
            Body::Result(result) => Some(result),
        }
    }

    /// The error, if it is one: `code` is an integer and `message` a string.
    #[must_use]
    pub fn as_error(&self) -> Option<&Map<String, Value>> {
        match &self.body {
            Body::Error(error) => Some(error),
            Body::Result(_) => None,
        }
    }
}

/// What `_meta` of these params says under a key.
pub(crate) fn meta<'a>(params: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    params.get("_meta")?.get(key)
}

pub(crate) fn protocol_version(params: &Map<String, Value>) -> Option<&str> {
    meta(params, "io.modelcontextprotocol/protocolVersion")?.as_str()
}

/// Whether a revision is 2026-07-28 or a later one. Revisions are dates.
pub(crate) fn is_modern(version: &str) -> bool {
    let is_date = version.len() == 10
        && version.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    // What is no date that is known to be old is judged by the stricter rules.
    !is_date || version >= "2026-07-28"
}
