//! Scopes: what has a counter of its own.

use std::fmt;

use thiserror::Error;

use crate::call::is_well_known;
use crate::condition::Subject;
use crate::json::Item;
use crate::limit::Key;
use crate::path::{Found, Path, PathError, Root};

/// One dimension by which a limit's counters are told apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    /// The value of an argument, by its path in one spelling.
    Argument(ArgumentScope),
    /// An attribute of the call's context, by its name.
    Attribute(Box<str>),
    Global,
    Tool,
}

/// INVARIANT: the path is below `args`, without `[*]`, and `text` is how it is written.
#[derive(Clone, Debug)]
pub(crate) struct ArgumentScope {
    text: Box<str>,
    path: Path,
}

/// Why a text is no scope. The texts are for policy authors.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ScopeError {
    #[error("`args` as a whole is not a scope")]
    Arguments,
    #[error("a scope has one value, and `[*]` leads to many")]
    Many,
    #[error("`{text}` is not a scope: {error}")]
    Path { text: String, error: PathError },
    #[error("`{0}` is not a scope")]
    Unknown(String),
    #[error("the attribute `{0}` is a scope by its own name, without `context.`")]
    WellKnown(String),
}

impl Scope {
    /// The names of scopes; those that end with a dot go on.
    pub(crate) const NAMES: [&'static str; 10] =
        ["agent", "args.", "context.", "global", "grant", "server", "session", "tenant", "tool", "user"];

    pub(crate) fn parse(text: &str) -> Result<Self, ScopeError> {
        match text {
            "global" => return Ok(Self::Global),
            "tool" => return Ok(Self::Tool),
            name if is_well_known(name) => return Ok(Self::Attribute(name.into())),
            _ => {}
        }
        let is_path = ["args.", "context.", "/args/"].iter().any(|start| text.starts_with(start));
        if text == "args" || text == "/args" {
            return Err(ScopeError::Arguments);
        }
        if !is_path {
            return Err(ScopeError::Unknown(crate::json::excerpt(text)));
        }
        let path = Path::parse(text)
            .map_err(|error| ScopeError::Path { text: crate::json::excerpt(text), error })?;
        if let Root::Context(name) = path.root() {
            if is_well_known(name) {
                return Err(ScopeError::WellKnown(name.to_string()));
            }
            return Ok(Self::Attribute(name.clone()));
        }
        if path.is_multiple() {
            return Err(ScopeError::Many);
        }
        Ok(Self::Argument(ArgumentScope { text: path.to_string().into(), path }))
    }

    /// Adds this dimension to a counter's key; `None` if the call does not have it.
    pub(crate) fn write_key(&self, subject: &Subject<'_>, key: &mut Key) -> Option<()> {
        match self {
            Self::Global => key.name("global"),
            Self::Tool => {
                key.name("tool");
                key.text(subject.call().tool());
            }
            Self::Attribute(name) => {
                let value = subject.call().attribute(name)?;
                if is_well_known(name) {
                    key.name(name);
                } else {
                    key.name("context.");
                    key.continue_name(name);
                }
                key.text(value);
            }
            Self::Argument(argument) => {
                let Found::Item(item) = argument.path.find(subject.arguments()) else {
                    return None;
                };
                key.name(&argument.text);
                match item {
                    Item::Bool(boolean) => key.literal(&boolean),
                    Item::Number(number) => key.literal(&number?),
                    Item::Text(text) => key.text(text),
                    Item::Array(_) | Item::Null | Item::Object(_) => return None,
                }
            }
        }
        Some(())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(argument) => f.write_str(&argument.text),
            Self::Attribute(name) if is_well_known(name) => f.write_str(name),
            Self::Attribute(name) => write!(f, "context.{name}"),
            Self::Global => f.write_str("global"),
            Self::Tool => f.write_str("tool"),
        }
    }
}

impl PartialEq for ArgumentScope {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for ArgumentScope {}

impl PartialOrd for ArgumentScope {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ArgumentScope {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl std::hash::Hash for ArgumentScope {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written() {
        for text in [
            "grant",
            "tool",
            "global",
            "context.team",
            "context.a.b",
            "args.repo",
            "args.a[0].b",
            "/args/a.b",
        ] {
            assert_eq!(Scope::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Scope::parse("/args/repo"), Scope::parse("args.repo"));
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        for (text, message) in [
            ("", "`` is not a scope"),
            ("team", "`team` is not a scope"),
            ("now.hour", "`now.hour` is not a scope"),
            ("args[0]", "`args[0]` is not a scope"),
            ("args", "`args` as a whole is not a scope"),
            ("args.items[*].id", "a scope has one value, and `[*]` leads to many"),
            ("args.", "`args.` is not a scope: a segment is empty"),
            ("context.", "`context.` is not a scope: the name of an attribute is missing after `context.`"),
            ("context.user", "the attribute `user` is a scope by its own name, without `context.`"),
        ] {
            assert_eq!(Scope::parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
