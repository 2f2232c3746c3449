//! What differs between two definitions of a tool.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::json::{equal, excerpt};
use crate::risk::pinned::parameters;

/// Something in which two definitions of a tool differ.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DefinitionChange {
    /// A member of `annotations`, such as `readOnlyHint`, has another value, is new or is gone.
    Annotation {
        /// The name of the member.
        name: String,
        /// What it was.
        before: Option<Value>,
        /// What it is.
        after: Option<Value>,
    },
    /// The description is another.
    Description,
    /// Something in the input schema that is no parameter at the top.
    InputSchema,
    /// A member of the definition that has no variant of its own, such as `_meta` or `icons`.
    Member {
        /// The name of the member.
        name: String,
    },
    /// The output schema is another.
    OutputSchema,
    /// A parameter, at the top of the arguments.
    Parameter {
        /// The name of the parameter.
        name: String,
        /// What happened to it.
        change: ParameterChange,
    },
    /// The title is another.
    Title,
}

/// What happened to a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ParameterChange {
    /// It is new.
    Added {
        /// Whether a call must have it.
        is_required: bool,
    },
    /// Its schema is another: type, description, default, …
    Changed,
    /// It was required, and is not any more.
    NowOptional,
    /// It was not required, and is.
    NowRequired,
    /// It is gone.
    Removed,
}

/// In what two definitions differ, by the members in their order.
pub(super) fn between(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<DefinitionChange> {
    let mut changes = Vec::new();
    for name in names(before, after) {
        let (before, after) = (before.get(name), after.get(name));
        if is_same(before, after) {
            continue;
        }
        match name {
            "annotations" => annotations(before, after, &mut changes),
            "description" => changes.push(DefinitionChange::Description),
            "inputSchema" => parameters::between(before, after, &mut changes),
            "outputSchema" => changes.push(DefinitionChange::OutputSchema),
            "title" => changes.push(DefinitionChange::Title),
            name => changes.push(DefinitionChange::Member { name: name.to_owned() }),
        }
    }
    changes
}

/// The names that either has.
pub(super) fn names<'a>(before: &'a Map<String, Value>, after: &'a Map<String, Value>) -> BTreeSet<&'a str> {
    before.keys().chain(after.keys()).map(String::as_str).collect()
}

pub(super) fn is_same(before: Option<&Value>, after: Option<&Value>) -> bool {
    match (before, after) {
        (None, None) => true,
        (Some(before), Some(after)) => equal(before.into(), after.into()) == Some(true),
        _ => false,
    }
}

fn annotations(before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<DefinitionChange>) {
    let none = Map::new();
    // An empty object says as much as none, and is another definition all the same.
    let members =
        |value: Option<&Value>| value.map_or(Some(none.clone()), |value| value.as_object().cloned());
    let (Some(before), Some(after)) = (members(before), members(after)) else {
        changes.push(DefinitionChange::Member { name: "annotations".to_owned() });
        return;
    };
    let count = changes.len();
    for name in names(&before, &after) {
        let (before, after) = (before.get(name), after.get(name));
        if !is_same(before, after) {
            let (before, after) = (before.cloned(), after.cloned());
            changes.push(DefinitionChange::Annotation { name: name.to_owned(), before, after });
        }
    }
    if changes.len() == count {
        changes.push(DefinitionChange::Member { name: "annotations".to_owned() });
    }
}

impl fmt::Display for DefinitionChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Annotation { name, before, after } => {
                let name = excerpt(name);
                match (before, after) {
                    (Some(Value::Bool(before)), Some(Value::Bool(after))) => {
                        write!(f, "the hint `{name}` was {before} and is {after}")
                    }
                    (None, Some(Value::Bool(after))) => write!(f, "the hint `{name}` is new, and is {after}"),
                    (Some(Value::Bool(before)), None) => {
                        write!(f, "the hint `{name}` was {before} and is gone")
                    }
                    (None, _) => write!(f, "the annotation `{name}` is new"),
                    (_, None) => write!(f, "the annotation `{name}` is gone"),
                    _ => write!(f, "the annotation `{name}` is another"),
                }
            }
            Self::Description => f.write_str("the description is another"),
            Self::InputSchema => f.write_str("the input schema is another"),
            Self::Member { name } => write!(f, "`{}` is another", excerpt(name)),
            Self::OutputSchema => f.write_str("the output schema is another"),
            Self::Parameter { name, change } => {
                let what = match change {
                    ParameterChange::Added { is_required: false } => "is new",
                    ParameterChange::Added { is_required: true } => "is new, and required",
                    ParameterChange::Changed => "is another",
                    ParameterChange::NowOptional => "is not required any more",
                    ParameterChange::NowRequired => "is required now",
                    ParameterChange::Removed => "is gone",
                };
                write!(f, "the parameter `{}` {what}", excerpt(name))
            }
            Self::Title => f.write_str("the title is another"),
        }
    }
}
