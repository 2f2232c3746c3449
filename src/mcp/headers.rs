//! HTTP headers that say what the body says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::mcp::message::is_modern;
use crate::mcp::{HEADER_MISMATCH, Message, MessageError};

/// Checks that the headers of an HTTP request do not say anything else than its body.
///
/// From revision 2026-07-28 on a request bears its method, and the name of what it is for, in headers too, and
/// whoever reads the body must refuse a request whose headers differ: something on the way may have let it
/// pass by its headers. For an earlier revision there are no such headers, and they are ignored. The body is
/// what is judged, always; a header never counts for it.
///
/// The headers are given as they came, each as often as it came; case does not matter in their names. Those
/// that are not named here are not looked at, `Mcp-Param-…` among them.
///
/// What goes on to the server gets headers of its own, from [`headers_of`].
///
/// # Errors
///
/// [`MessageError`] with the code [`HEADER_MISMATCH`], for a request or notification that is modern by its body or by its
/// headers, if `MCP-Protocol-Version`, `Mcp-Method` or `Mcp-Name` is missing, occurs twice, or differs. Over
/// HTTP the status is 400.
///
/// ```
/// use mcp_policy::mcp::{Limits, Message, check_headers};
///
/// let body = br#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "delete",
///     "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}}"#;
/// let message = Message::read(body, &Limits::CLIENT)?;
/// let headers = |name| [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", name)];
/// assert!(check_headers(headers("delete"), &message).is_ok());
/// assert!(check_headers(headers("read"), &message).is_err());
/// # Ok::<(), mcp_policy::mcp::MessageError>(())
/// ```
pub fn check_headers<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    message: &Message,
) -> Result<(), MessageError> {
    let Some(method) = message.method() else {
        return Ok(());
    };
    let mut found = Found::default();
    for (name, value) in headers {
        found.add(name, value);
    }
    let stated = message.protocol_version();
    if !stated.is_some_and(is_modern) && !found.version.any(is_modern) {
        return Ok(());
    }
    let refuse = |text: &'static str| {
        let error = MessageError::new(HEADER_MISMATCH, text);
        Err(error.of_request(message.id().cloned()))
    };
    if found.version.only() != stated || stated.is_none() {
        return refuse("the header MCP-Protocol-Version and the body do not name one revision");
    }
    if found.method.only() != Some(method) {
        return refuse("the header Mcp-Method and the body do not name one method");
    }
    match (name_of(message), &found.name) {
        (Some(name), header) if header.only().and_then(decode).as_deref() == Some(name) => Ok(()),
        (None, Header::Absent) => Ok(()),
        _ => refuse("the header Mcp-Name and the body do not name one thing"),
    }
}

/// The headers that a message needs on its way to a server over HTTP, written from what was judged. None for
/// a revision before 2026-07-28, but the one that names the revision, which only the gateway knows.
#[must_use]
pub fn headers_of(message: &Message) -> Vec<(&'static str, String)> {
    let (Some(method), Some(version)) = (message.method(), message.protocol_version()) else {
        return Vec::new();
    };
    let mut headers = vec![(VERSION, encode(version)), (METHOD, encode(method))];
    headers.extend(name_of(message).map(|name| (NAME, encode(name))));
    headers
}

/// What `Mcp-Name` says of a message.
fn name_of(message: &Message) -> Option<&str> {
    let member = match message.method()? {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => return None,
    };
    message.params()?.get(member).and_then(Value::as_str)
}

#[derive(Default)]
struct Found<'a> {
    version: Header<'a>,
    method: Header<'a>,
    name: Header<'a>,
}

impl<'a> Found<'a> {
    fn add(&mut self, name: &str, value: &'a str) {
        for (known, header) in
            [(VERSION, &mut self.version), (METHOD, &mut self.method), (NAME, &mut self.name)]
        {
            if name.eq_ignore_ascii_case(known) {
                header.add(value.trim_matches([' ', '\t']));
            }
        }
    }
}

#[derive(Default)]
enum Header<'a> {
    #[default]
    Absent,
    Once(&'a str),
    Often,
}

impl<'a> Header<'a> {
    fn add(&mut self, value: &'a str) {
        *self = match self {
            Self::Absent => Self::Once(value),
            Self::Once(_) | Self::Often => Self::Often,
        };
    }

    fn only(&self) -> Option<&'a str> {
        match self {
            Self::Once(value) => Some(value),
            Self::Absent | Self::Often => None,
        }
    }

    /// Whether it may be so; of several values some reader takes one and some another.
    fn any(&self, is: fn(&str) -> bool) -> bool {
        match self {
            Self::Absent => false,
            Self::Once(value) => is(value),
            Self::Often => true,
        }
    }
}

/// What a value means; `None` if it looks encoded and is not.
fn decode(value: &str) -> Option<String> {
    match value.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) {
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok(),
        None => Some(value.to_owned()),
    }
}

fn encode(value: &str) -> String {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        && value.trim() == value
        && !value.starts_with(PREFIX);
    if is_plain { value.to_owned() } else { format!("{PREFIX}{}{SUFFIX}", STANDARD.encode(value)) }
}

const VERSION: &str = "MCP-Protocol-Version";
const METHOD: &str = "Mcp-Method";
const NAME: &str = "Mcp-Name";
const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::mcp::Request;

    fn call(name: &str, version: Option<&str>) -> Message {
        let meta = version.map(|version| json!({"io.modelcontextprotocol/protocolVersion": version}));
        let mut params = json!({"name": name});
        if let Some(meta) = meta {
            params["_meta"] = meta;
        }
        Message::Request(Request::new(1, "tools/call", params.as_object().cloned()))
    }

    #[test]
    fn t14_a_header_that_differs_is_missing_or_occurs_twice_is_refused_from_the_revision_that_has_it() {
        let modern = call("delete", Some("2026-07-28"));
        let version = ("mcp-protocol-version", "2026-07-28");
        let method = ("MCP-METHOD", "tools/call");
        for headers in [
            vec![version, method, ("Mcp-Name", "delete")],
            vec![version, method, ("mcp-name", " delete\t")],
            vec![version, method, ("Mcp-Name", "=?base64?ZGVsZXRl?=")],
            vec![
                version,
                method,
                ("Mcp-Name", "delete"),
                ("x-principal", "admin"),
                ("Mcp-Param-Region", "eu"),
            ],
        ] {
            assert_eq!(check_headers(headers.clone(), &modern), Ok(()), "{headers:?}");
        }
        for headers in [
            vec![],
            vec![version, method],
            vec![method, ("Mcp-Name", "delete")],
            vec![version, ("Mcp-Name", "delete")],
            vec![("MCP-Protocol-Version", "2025-06-18"), method, ("Mcp-Name", "delete")],
            vec![version, version, method, ("Mcp-Name", "delete")],
            vec![version, method, method, ("Mcp-Name", "delete")],
            vec![version, method, ("Mcp-Name", "delete"), ("mcp-name", "delete")],
            vec![version, method, ("Mcp-Name", "delete"), ("mcp-name", "read")],
            vec![version, method, ("Mcp-Name", "read")],
            vec![version, method, ("Mcp-Name", "Delete")],
            vec![version, ("Mcp-Method", "Tools/Call"), ("Mcp-Name", "delete")],
            vec![version, ("Mcp-Method", "ping"), ("Mcp-Name", "delete")],
            vec![version, method, ("Mcp-Name", "=?base64?cmVhZA==?=")],
            vec![version, method, ("Mcp-Name", "=?base64?ZGVsZXRl")],
            vec![version, method, ("Mcp-Name", "=?BASE64?ZGVsZXRl?=")],
            vec![version, method, ("Mcp-Name", "=?base64?ZGVsZXRl*?=")],
            vec![version, method, ("Mcp-Name", "=?base64?/w==?=")],
        ] {
            let error = check_headers(headers.clone(), &modern).unwrap_err();
            assert_eq!((error.code(), error.id()), (HEADER_MISMATCH, Some(&1.into())), "{headers:?}");
        }
    }

    #[test]
    fn t14_an_old_revision_has_no_such_headers_and_the_body_is_judged() {
        let legacy = call("delete", None);
        for headers in
            [vec![], vec![("MCP-Protocol-Version", "2025-06-18"), ("Mcp-Name", "read"), ("Mcp-Name", "x")]]
        {
            assert_eq!(check_headers(headers, &legacy), Ok(()));
        }
        // A modern header over a body that does not say so could have been let pass by its other headers.
        for version in ["2026-07-28", "2027-01-01", "DRAFT-2026"] {
            let headers = [(VERSION, version), (METHOD, "tools/call"), (NAME, "delete")];
            assert!(check_headers(headers, &legacy).is_err());
            assert!(check_headers(headers, &call("delete", Some("2025-11-25"))).is_err());
        }
        let twice = [(VERSION, "2025-06-18"), (VERSION, "2026-07-28")];
        assert!(check_headers(twice, &legacy).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_a_header_and_agrees_with_its_message(name in any::<String>()) {
            let message = call(&name, Some("2026-07-28"));
            let headers = headers_of(&message);
            for (_, value) in &headers {
                prop_assert!(value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
            }
            let given = headers.iter().map(|(name, value)| (*name, value.as_str()));
            prop_assert_eq!(check_headers(given, &message), Ok(()));
        }
    }
}
