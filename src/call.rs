//! The call that is judged, and who makes it.

mod approval;
mod context;

use std::fmt;

use serde_json::{Map, Value};

pub use approval::Approval;
pub use context::Context;
#[cfg(feature = "schema")]
pub(crate) use context::WELL_KNOWN;
pub(crate) use context::is_well_known;

/// One call of a tool: everything that a policy may look at, borrowed.
///
/// Building one allocates nothing.
///
/// ```
/// use mcp_policy::{Context, ToolCall};
/// use serde_json::json;
///
/// let arguments = json!({"execution_id": "2Xq8"});
/// let context = Context::new().grant("ci-runner").session("s-42");
/// let call = ToolCall::new("restart_execution", &arguments).context(&context);
/// assert_eq!(call.tool(), "restart_execution");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ToolCall<'a> {
    tool: &'a str,
    arguments: Arguments<'a>,
    context: Option<&'a Context<'a>>,
    approval: Option<&'a Approval>,
}

impl<'a> ToolCall<'a> {
    /// A call of the tool with this name, with these arguments: a JSON object, or `None::<&Value>` where the
    /// call has none, which is the same as an empty object.
    ///
    /// Anything else that a client may have sent instead of an object can be handed in too. It is denied
    /// ([`MalformedCall`](crate::DenialCode::MalformedCall)), and so is an explicit `null`.
    pub fn new(tool: &'a str, arguments: impl Into<Arguments<'a>>) -> Self {
        Self { tool, arguments: arguments.into(), context: None, approval: None }
    }

    /// Adds what the embedding program vouches for: who calls, in which session. Without it, every rule and
    /// limit that looks at the context finds nothing there.
    #[must_use]
    pub fn context(self, context: &'a Context<'a>) -> Self {
        Self { context: Some(context), ..self }
    }

    /// Adds an approval. It is ignored, and not used up, if the call needs none.
    #[must_use]
    pub fn approval(self, approval: &'a Approval) -> Self {
        Self { approval: Some(approval), ..self }
    }

    /// The name of the tool, as the client sent it.
    #[must_use]
    pub fn tool(&self) -> &'a str {
        self.tool
    }

    pub(crate) fn arguments(&self) -> Arguments<'a> {
        self.arguments
    }

    pub(crate) fn argument_names(&self) -> impl Iterator<Item = &'a str> {
        let members = match self.arguments.kind {
            ArgumentsKind::Object(members) => Some(members),
            ArgumentsKind::Absent | ArgumentsKind::NotAnObject => None,
        };
        members.into_iter().flat_map(Map::keys).map(String::as_str)
    }

    pub(crate) fn approved_by(&self) -> Option<&'a Approval> {
        self.approval
    }

    /// The attribute with this name; an empty one is absent.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.context.and_then(|context| context.attribute(name))
    }

    pub(crate) fn attributes(&self) -> Vec<(&'a str, &'a str)> {
        self.context.map(Context::all).unwrap_or_default()
    }
}

/// What a client sent as the arguments of a call.
///
/// Made by [`ToolCall::new`] from a JSON object, from any JSON value, or from `None`. `Debug` shows no
/// values.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    pub(crate) kind: ArgumentsKind<'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum ArgumentsKind<'a> {
    Absent,
    NotAnObject,
    Object(&'a Map<String, Value>),
}

impl fmt::Debug for Arguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ArgumentsKind::Absent => f.write_str("Arguments(absent)"),
            ArgumentsKind::NotAnObject => f.write_str("Arguments(not an object)"),
            ArgumentsKind::Object(members) => write!(f, "Arguments({} members)", members.len()),
        }
    }
}

impl<'a> From<&'a Map<String, Value>> for Arguments<'a> {
    fn from(arguments: &'a Map<String, Value>) -> Self {
        Self { kind: ArgumentsKind::Object(arguments) }
    }
}

impl<'a> From<&'a Value> for Arguments<'a> {
    fn from(arguments: &'a Value) -> Self {
        let kind = match arguments {
            Value::Object(arguments) => ArgumentsKind::Object(arguments),
            _ => ArgumentsKind::NotAnObject,
        };
        Self { kind }
    }
}

impl<'a, T> From<Option<&'a T>> for Arguments<'a>
where
    &'a T: Into<Arguments<'a>>,
{
    fn from(arguments: Option<&'a T>) -> Self {
        arguments.map_or(Self { kind: ArgumentsKind::Absent }, Into::into)
    }
}
