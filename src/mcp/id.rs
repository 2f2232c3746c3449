//! Identifiers of requests.

use std::fmt;

use serde_json::Value;

/// The identifier of a request, which its answer bears too: an integer of 64 bits, or a string of at most
/// [`MAX_ID_BYTES`]. `1` and `"1"` are two identifiers.
///
/// JSON-RPC would allow other numbers and `null`. MCP does not, and servers differ in what they do with them.
///
/// ```
/// use mcp_policy::mcp::Id;
///
/// assert_eq!(Id::from(7).to_string(), "7");
/// assert_eq!(Id::from("7").to_string(), "\"7\"");
/// assert_ne!(Id::from(7), Id::from("7"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Kind);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    /// INVARIANT: the only form of an integer that fits.
    Signed(i64),
    /// INVARIANT: beyond `i64::MAX`.
    Unsigned(u64),
    Text(Box<str>),
}

impl Id {
    /// The identifier that is written so; `None` for anything else.
    pub(crate) fn read(value: Value) -> Option<Self> {
        match value {
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(integer), _) => Some(Self(Kind::Signed(integer))),
                (None, Some(integer)) => Some(Self(Kind::Unsigned(integer))),
                (None, None) => None,
            },
            Value::String(text) if text.len() <= MAX_ID_BYTES => Some(Self(Kind::Text(text.into()))),
            _ => None,
        }
    }

    /// The integer, if it is one that the session has given.
    pub(crate) fn as_serial(&self) -> Option<u64> {
        match self.0 {
            Kind::Signed(integer) => u64::try_from(integer).ok(),
            Kind::Text(_) | Kind::Unsigned(_) => None,
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match &self.0 {
            Kind::Signed(integer) => (*integer).into(),
            Kind::Unsigned(integer) => (*integer).into(),
            Kind::Text(text) => Value::String(text.to_string()),
        }
    }
}

impl From<i32> for Id {
    fn from(integer: i32) -> Self {
        Self(Kind::Signed(integer.into()))
    }
}

impl From<i64> for Id {
    fn from(integer: i64) -> Self {
        Self(Kind::Signed(integer))
    }
}

impl From<u64> for Id {
    fn from(integer: u64) -> Self {
        Self(i64::try_from(integer).map_or(Kind::Unsigned(integer), Kind::Signed))
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self(Kind::Text(text.into()))
    }
}

/// As JSON.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_value(), f)
    }
}

/// The most bytes that an identifier may have. It bounds what a session keeps for a request that is never
/// answered.
pub const MAX_ID_BYTES: usize = 256;
