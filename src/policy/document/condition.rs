//! Conditions, as they are written.

use serde::Serialize;
use serde_json::Value;

use crate::condition::{Operator, Quantifier};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report};
use crate::json::{Node, NodeKind, excerpt};
use crate::policy::document::object::Object;
use crate::policy::document::read::{deserialize, members};
use crate::policy::document::{Read, hints};

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
    /// A comparison of what is at a path with a value. For one with more to it, begin with
    /// [`Comparison::new`].
    #[must_use]
    pub fn new(path: impl Into<String>, op: Operator, value: impl Into<Value>) -> Self {
        Self::from(Comparison { value: Some(value.into()), ..Comparison::new(path, op) })
    }

    /// All of these.
    #[must_use]
    pub fn all(conditions: impl Into<Vec<Self>>) -> Self {
        Self::All { all: conditions.into() }
    }

    /// One of these.
    #[must_use]
    pub fn any(conditions: impl Into<Vec<Self>>) -> Self {
        Self::Any { any: conditions.into() }
    }

    /// Not this.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is the member `not` of the language, and no operator"
    )]
    #[must_use]
    pub fn not(condition: Self) -> Self {
        Self::Not { not: Box::new(condition) }
    }
}

impl From<Comparison> for Condition {
    fn from(comparison: Comparison) -> Self {
        Self::Compare(Box::new(comparison))
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
    pub struct Comparison or group {
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

impl Comparison {
    /// A comparison without `value` and `value_from`, one of which must be set.
    ///
    /// ```
    /// use mcp_policy::policy::document::{Comparison, Condition, Operator};
    ///
    /// let mut comparison = Comparison::new("args.branch", Operator::NotIn);
    /// comparison.value = Some(serde_json::json!(["main"]));
    /// comparison.ignore_case = true;
    /// let condition = Condition::from(comparison);
    /// # let _ = condition;
    /// ```
    #[must_use]
    pub fn new(path: impl Into<String>, op: Operator) -> Self {
        Self {
            path: path.into(),
            op,
            value: None,
            value_from: None,
            ignore_case: false,
            each: None,
            absent_as: None,
        }
    }
}

/// Reports a condition of several by a name that other languages have for it, once and not for each of its members.
fn group(node: &Node, place: &Place<'_>, report: &mut Report) -> Option<Comparison> {
    let NodeKind::Object(members) = &node.kind else {
        return None;
    };
    if members.iter().any(|member| ["path", "op"].contains(&member.key.as_str())) {
        return None;
    }
    let (member, meant) = hints::group(members)?;
    if report.omit() {
        return Some(Comparison::stand_in());
    }
    let message = format!("unknown member `{}`", excerpt(&member.key));
    let pointer = place.member(&member.key).to_string();
    let diagnostic = Diagnostic::new(DiagnosticCode::UnknownMember, message, pointer)
        .with_help(format!("did you mean `{meant}`?"));
    report.stand_in(place.to_string());
    report.add(diagnostic, member.key_span.clone(), None);
    Some(Comparison::stand_in())
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
