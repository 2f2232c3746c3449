//! Members that are written in more than one way.

use serde::Serialize;
use serde_json::Number;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report};
use crate::fingerprint::Fingerprint;
use crate::json::{Node, NodeKind, excerpt};
use crate::limit::{Window, WindowName};
use crate::number::Decimal;
use crate::policy::document::object::{invalid, unknown_name, wrong_type};
use crate::policy::document::read::{deserialize, members};
use crate::policy::document::{Read, hints};

crate::names::names! {
    /// The version of the language.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum Version {
        /// Version 1.
        #[default]
        V1 = "1",
    }
}

impl Read for Version {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        let NodeKind::String(version) = &node.kind else {
            let help = "write `\"1\"`, with quotes";
            let message = format!("expected a string, found {}", node.article());
            let diagnostic = Diagnostic::new(DiagnosticCode::WrongType, message, place.to_string());
            report.broken(diagnostic.with_help(help), node.span.clone());
            return Self::stand_in();
        };
        Self::from_name(version).unwrap_or_else(|| {
            let message = format!("version `{}` of the policy language is not known", excerpt(version));
            invalid(node, place, message, "this version of mcp-policy reads version `1`", report);
            Self::stand_in()
        })
    }

    fn stand_in() -> Self {
        Self::V1
    }
}

deserialize!(Version);
#[cfg(feature = "schema")]
crate::policy::schema::chosen!(Version);

/// What has a counter of its own: one scope, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[expect(clippy::exhaustive_enums, reason = "the two ways to write it are part of the language, version 1")]
pub enum Scopes {
    /// Each combination of these.
    Many(Vec<String>),
    /// Each of this: `"grant"`, `"args.repo"`, …
    One(String),
}

impl Scopes {
    /// The scopes, in the order in which they are written.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::Many(scopes) => scopes,
            Self::One(scope) => std::slice::from_ref(scope),
        }
    }
}

impl From<&str> for Scopes {
    fn from(scope: &str) -> Self {
        Self::One(scope.to_owned())
    }
}

impl Read for Scopes {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        match &node.kind {
            NodeKind::String(scope) => Self::One(scope.clone()),
            NodeKind::Array(_) => Self::Many(Vec::read(node, place, report)),
            _ => {
                wrong_type(node, place, "a scope, or an array of scopes", report);
                Self::stand_in()
            }
        }
    }

    fn stand_in() -> Self {
        Self::One("grant".to_owned())
    }
}

deserialize!(Scopes);

members! {
    /// One limit with a counter of its own for its rule. In a document it can also be written in short:
    /// `"10/minute"`.
    pub struct RateLimit or short {
        /// The most calls within one window: 0 to 10¹², at most six fractional digits.
        required max: Number,
        /// How long a call counts.
        required window: Window,
        /// What has a counter of its own. The session unless it is said.
        optional scope: Option<Scopes>,
    }
}

impl RateLimit {
    /// So many calls for each session.
    #[must_use]
    pub fn new(max: impl Into<Number>, window: Window) -> Self {
        Self { max: max.into(), window, scope: None }
    }
}

/// `"10/minute"`: a positive integer, and a window by its name.
fn short(node: &Node, place: &Place<'_>, report: &mut Report) -> Option<RateLimit> {
    let text = match &node.kind {
        NodeKind::Object(_) => return None,
        NodeKind::String(text) => text,
        _ => {
            wrong_type(node, place, "a rate such as `10/minute`, or an object", report);
            return Some(RateLimit::stand_in());
        }
    };
    let (max, window) = text.split_once('/').unwrap_or((text, ""));
    let is_canonical = max.bytes().all(|byte| byte.is_ascii_digit()) && !max.starts_with('0');
    let max = max.parse::<u64>().ok().filter(|max| is_canonical && *max <= LARGEST_RATE);
    let Some(max) = max.filter(|_| !window.is_empty()) else {
        let message = format!("`{}` is not a rate", excerpt(text));
        let help = "write an integer from 1 to 10^12, a slash and a window, such as `10/minute`";
        invalid(node, place, message, help, report);
        return Some(RateLimit::stand_in());
    };
    let Some(window) = WindowName::from_name(window) else {
        let names: Vec<&str> = WindowName::ALL.iter().map(|name| name.as_str()).collect();
        unknown_name(node, place, window, &names, report);
        return Some(RateLimit::stand_in());
    };
    Some(RateLimit::new(max, window.into()))
}

/// The largest amount, 10¹².
const LARGEST_RATE: u64 = 1_000_000_000_000;

impl Read for Fingerprint {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        let NodeKind::String(text) = &node.kind else {
            wrong_type(node, place, "a fingerprint, which is a string", report);
            return Self::stand_in();
        };
        text.parse().unwrap_or_else(|_| {
            let message = format!("`{}` is not a fingerprint", excerpt(text));
            invalid(node, place, message, &hints::fingerprint(text), report);
            Self::stand_in()
        })
    }

    fn stand_in() -> Self {
        Self::from_bytes([0; 32])
    }
}

deserialize!(Fingerprint);

impl Read for Window {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        match &node.kind {
            NodeKind::String(name) => {
                if let Some(name) = WindowName::from_name(name) {
                    return name.into();
                }
                if name.parse::<u32>().is_ok() {
                    let message = format!("unknown name `{}`", excerpt(name));
                    invalid(node, place, message, "write a number of seconds without quotes", report);
                    return Self::stand_in();
                }
                if let Some(help) = hints::seconds(name) {
                    let message = format!("unknown name `{}`", excerpt(name));
                    invalid(node, place, message, &help, report);
                    return Self::stand_in();
                }
                let names: Vec<&str> = WindowName::ALL.iter().map(|name| name.as_str()).collect();
                unknown_name(node, place, name, &names, report);
                Self::stand_in()
            }
            NodeKind::Number(number) => {
                let seconds =
                    Decimal::of(number).and_then(Decimal::to_u64).and_then(|n| u32::try_from(n).ok());
                let possible = |seconds: &u32| (1..=Self::MAX_SECONDS).contains(seconds);
                if let Some(seconds) = seconds.filter(possible) {
                    return Self::Seconds(seconds);
                }
                let message = format!("a window of `{number}` seconds is not possible");
                let help = "write a name such as `minute`, or whole seconds from 1 to 31536000";
                invalid(node, place, message, help, report);
                Self::stand_in()
            }
            _ => {
                wrong_type(node, place, "the name of a window, or a number of seconds", report);
                Self::stand_in()
            }
        }
    }

    fn stand_in() -> Self {
        Self::Lifetime
    }
}

deserialize!(Window);
