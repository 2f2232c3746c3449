//! Conditions, as they are written.

use serde::Serialize;
use serde_json::Value;

use crate::condition::{Operator, Quantifier};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report};
use crate::json::{Node, NodeKind};
use crate::policy::document::Read;
use crate::policy::document::read::{Object, deserialize, members};

/// What is asked of a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(clippy::exhaustive_enums, reason = "part of the language, version 1")]
pub enum Condition {
    /// All of these must hold.
    All {
        /// The conditions, at least one.
        all: Vec<Condition>,
    },
    /// One of these must hold.
    Any {
        /// The conditions, at least one.
        any: Vec<Condition>,
    },
    /// A comparison must hold.
    Compare(Box<Comparison>),
    /// This must not hold.
    Not {
        /// The condition.
        not: Box<Condition>,
    },
}

impl Condition {
    /// A comparison of what is at a path with a value.
    #[must_use]
    pub fn new(path: impl Into<String>, op: Operator, value: impl Into<Value>) -> Self {
        Self::Compare(Box::new(Comparison {
            path: path.into(),
            op,
            value: Some(value.into()),
            value_from: None,
            ignore_case: false,
            each: None,
            absent_as: None,
        }))
    }
}

impl Read for Condition {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        let group = match &node.kind {
            NodeKind::Object(members) => {
                let is_group = |key: &&str| GROUPS.contains(key);
                members.iter().map(|member| member.key.as_str()).find(is_group)
            }
            _ => None,
        };
        let Some(group) = group else {
            return Self::Compare(Box::new(Comparison::read(node, place, report)));
        };
        if let NodeKind::Object(members) = &node.kind {
            for member in members.iter().filter(|member| member.key != group) {
                let key = member.key.as_str();
                if GROUPS.contains(&key) || Comparison::MEMBERS.contains(&key) {
                    let message = format!("`{}` cannot stand beside `{group}`", member.key);
                    let pointer = place.member(&member.key).to_string();
                    let diagnostic = Diagnostic::new(DiagnosticCode::Excluded, message, pointer).with_help(
                        format!("put it into a condition of its own, in the list of `{group}` or beside it"),
                    );
                    report.add(diagnostic, member.key_span.clone(), None);
                }
            }
        }
        let known: Vec<&'static str> = Comparison::MEMBERS.iter().copied().chain(GROUPS).collect();
        let Some(object) = Object::of(node, place, &known, report) else {
            return Self::stand_in();
        };
        match group {
            "all" => Self::All { all: object.required("all", report) },
            "any" => Self::Any { any: object.required("any", report) },
            _ => Self::Not { not: object.required("not", report) },
        }
    }

    fn stand_in() -> Self {
        Self::Any { any: Vec::new() }
    }
}

impl Read for Box<Condition> {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        Self::new(Condition::read(node, place, report))
    }

    fn stand_in() -> Self {
        Self::new(Condition::stand_in())
    }
}

deserialize!(Condition);

members! {
    /// A comparison of what is at a path.
    pub struct Comparison {
        /// Where to look: `args.amount`, `args.items[*].price`, `/args/a.b/0`, `context.user`,
        /// `tool.category`, `now.hour`, …
        required path: String,
        /// What is said of the value there.
        required op: Operator,
        /// What it is compared with.
        optional value: Option<Value>,
        /// A path whose value it is compared with, instead of `value`.
        optional value_from: Option<String>,
        /// Whether text is compared without regard to case.
        optional ignore_case: bool,
        /// For how many of the values of a path with `[*]` it must hold.
        optional each: Option<Quantifier>,
        /// The value that the server uses where the argument is absent.
        optional absent_as: Option<Value>,
    }
}

/// How deep arrays and objects are nested in a value, or more than `limit` if it is deeper than that.
pub(crate) fn depth(value: &Value, limit: usize) -> usize {
    let inner = match (value, limit.checked_sub(1)) {
        (Value::Array(elements), Some(limit)) => elements.iter().map(|value| depth(value, limit)).max(),
        (Value::Object(members), Some(limit)) => members.values().map(|value| depth(value, limit)).max(),
        (Value::Array(_) | Value::Object(_), None) => None,
        _ => return 0,
    };
    inner.unwrap_or(0).saturating_add(1)
}

const GROUPS: [&str; 3] = ["all", "any", "not"];
