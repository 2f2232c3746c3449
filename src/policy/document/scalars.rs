//! Members that are written in more than one way.

use serde::Serialize;
use serde_json::Number;

use crate::diagnostic::{Place, Report};
use crate::json::{Node, NodeKind, excerpt};
use crate::limit::{Window, WindowName};
use crate::number::Decimal;
use crate::policy::document::Read;
use crate::policy::document::read::{choices, deserialize, invalid, members, unknown_name, wrong_type};

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

choices! {
    Version or Version::V1,
}

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
    let NodeKind::String(text) = &node.kind else {
        return None;
    };
    let (max, window) = text.split_once('/').unwrap_or((text, ""));
    let digits = max.bytes().all(|byte| byte.is_ascii_digit()) && !max.starts_with('0');
    let max = max.parse::<u64>().ok().filter(|_| digits);
    let Some(max) = max else {
        let message = format!("`{}` is no rate", excerpt(text));
        invalid(
            node,
            place,
            message,
            "write a positive integer, a slash and a window, such as `10/minute`",
            report,
        );
        return Some(RateLimit::stand_in());
    };
    let Some(window) = WindowName::from_name(window) else {
        let names: Vec<&str> = WindowName::ALL.iter().map(|name| name.as_str()).collect();
        unknown_name(node, place, window, &names, report);
        return Some(RateLimit::stand_in());
    };
    Some(RateLimit::new(max, window.into()))
}

impl Read for Window {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        match &node.kind {
            NodeKind::String(name) => {
                if let Some(name) = WindowName::from_name(name) {
                    return name.into();
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
