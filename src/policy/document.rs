//! The language, once: the members of a policy document and their types.
//!
//! Every type here is plain data: programs build it, serde reads and writes it, and [`Policy`](crate::Policy)
//! is made of it by `TryFrom`, which checks it. Nothing else in the crate knows the name of a member.
//!
//! serde tells the first mistake of a document alone; [`Policy::from_json`](crate::Policy::from_json) tells
//! all, with their places.
//!
//! ```
//! use mcp_policy::policy::document::{DefaultAction, Limit, PolicyDocument, Rule};
//! use mcp_policy::limit::Window;
//! use mcp_policy::Policy;
//!
//! let mut rule = Rule::default();
//! rule.limits.push(Limit::new("restart_execution_rate", Window::Minute, 10));
//! let mut document = PolicyDocument::new(DefaultAction::Deny);
//! document.tools.insert("restart_execution".to_owned(), rule);
//!
//! let policy = Policy::try_from(document)?;
//! assert_eq!(
//!     serde_json::to_string(policy.document())?,
//!     r#"{"version":"1","default":"deny","tools":{"restart_execution":{"limits":[{"counter":"restart_execution_rate","window":"minute","max":10}]}}}"#
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod condition;
mod hints;
mod object;
mod read;
mod scalars;

use std::collections::BTreeMap;

use serde_json::Number;

pub(crate) use condition::depth;
pub use condition::{Comparison, Condition};
pub(crate) use hints::path as path_meant;
pub(crate) use object::{listed, word_help};
pub(crate) use read::Read;
use read::{choices, members};
pub use scalars::{RateLimit, Scopes, Version};

pub use crate::condition::{Operator, Quantifier};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report};
use crate::fingerprint::Fingerprint;
use crate::json::{Member, Node, NodeKind};
use crate::limit::{Algorithm, Refund, Window};
use crate::names::names;
use crate::risk::Category;

members! {
    /// A policy, as it is written.
    pub struct PolicyDocument {
        /// The JSON Schema, for editors. It is ignored.
        optional schema as "$schema": Option<String>,
        /// The version of the language.
        required version: Version,
        /// A name, for people and audit records.
        optional name: Option<String>,
        /// A text for people.
        optional description: Option<String>,
        /// Codes of warnings that are not wanted.
        optional silence: Vec<String>,
        /// What happens to a tool that no rule is for.
        required default: DefaultAction,
        /// Whether decisions are enforced.
        optional mode: Mode,
        /// Patterns of tools that are removed from `tools/list` and denied when called.
        optional hide: Vec<String>,
        /// What is added to every call.
        optional all_tools: Option<AllTools>,
        /// Rules by tool name or pattern.
        optional tools: BTreeMap<String, Rule>,
        /// Rules by risk category, for tools that `tools` has no rule for. Where it is there, even empty, a
        /// tool without a category is denied.
        optional categories: Option<BTreeMap<Category, Rule>>,
        /// Risk categories by tool name or pattern.
        optional classify: BTreeMap<String, Category>,
        /// Fingerprints of tool definitions by tool name: a call to such a tool is denied unless the server listed it with
        /// that definition.
        optional pins: BTreeMap<String, Fingerprint>,
        /// Whether arguments must be valid against the tool's input schema.
        optional validate_args: bool,
        /// MCP methods that a gate lets pass.
        optional methods: Vec<String>,
    }
}

impl PolicyDocument {
    /// A policy that has nothing but its default.
    #[must_use]
    pub fn new(default: DefaultAction) -> Self {
        Self {
            schema: None,
            version: Version::V1,
            name: None,
            description: None,
            silence: Vec::new(),
            default,
            mode: Mode::default(),
            hide: Vec::new(),
            all_tools: None,
            tools: BTreeMap::new(),
            categories: None,
            classify: BTreeMap::new(),
            pins: BTreeMap::new(),
            validate_args: false,
            methods: Vec::new(),
        }
    }
}

members! {
    /// What is added to every call that has not been denied before.
    #[derive(Default)]
    pub struct AllTools {
        /// A text for people.
        optional description: Option<String>,
        /// Codes of warnings that are not wanted.
        optional silence: Vec<String>,
        /// Clauses that must hold.
        optional require: Vec<Clause>,
        /// Clauses that deny the call when they hold.
        optional deny_if: Vec<Clause>,
        /// Clauses that ask for approval when they hold.
        optional approve_if: Vec<Clause>,
        /// Quota.
        optional limits: Vec<Limit>,
    }
}

members! {
    /// What is said about a tool, or about the tools that a pattern or a category names. The empty rule
    /// allows.
    #[derive(Default)]
    pub struct Rule or another_way {
        /// A text for people.
        optional description: Option<String>,
        /// Codes of warnings that are not wanted.
        optional silence: Vec<String>,
        /// What the rule does before its clauses are looked at.
        optional action: RuleAction,
        /// Told to the agent when `action` denies or asks for approval.
        optional reason: Option<String>,
        /// The only top-level arguments that the call may have.
        optional only_args: Option<Vec<String>>,
        /// Clauses that must hold.
        optional require: Vec<Clause>,
        /// Clauses that deny the call when they hold.
        optional deny_if: Vec<Clause>,
        /// Clauses that ask for approval when they hold.
        optional approve_if: Vec<Clause>,
        /// Quota.
        optional limits: Vec<Limit>,
        /// One limit with a counter of its own for this rule.
        optional rate_limit: Option<RateLimit>,
        /// Whether arguments must be valid against the tool's input schema.
        optional validate_args: bool,
    }
}

members! {
    /// Conditions that hold together.
    pub struct Clause or bare_condition {
        /// A name. It is told to the agent where there is no `on_deny`.
        optional name: Option<String>,
        /// A text for people.
        optional description: Option<String>,
        /// Codes of warnings that are not wanted.
        optional silence: Vec<String>,
        /// All of them must hold for the clause to hold. None always hold.
        required conditions: Vec<Condition>,
        /// Told to the agent when the clause denies, or shown with the request for approval.
        optional on_deny: Option<String>,
    }
}

impl Clause {
    /// A clause of these conditions.
    #[must_use]
    pub fn new(conditions: Vec<Condition>) -> Self {
        Self { name: None, description: None, silence: Vec::new(), conditions, on_deny: None }
    }
}

/// Reports a condition that stands where a clause of conditions is expected, once and not for each of its
/// members.
fn bare_condition(node: &Node, place: &Place<'_>, report: &mut Report) -> Option<Clause> {
    let NodeKind::Object(members) = &node.kind else {
        return None;
    };
    let has = |names: &[&str]| members.iter().any(|member| names.contains(&member.key.as_str()));
    if has(&["conditions"]) || !has(&["path", "op", "any", "all", "not"]) {
        return None;
    }
    let message = "a condition stands here without a clause around it".to_owned();
    let diagnostic = Diagnostic::new(DiagnosticCode::MissingMember, message, place.to_string())
        .with_help("write `{\"conditions\": [...]}` around it");
    report.broken(diagnostic, node.span.clone());
    Some(Clause::stand_in())
}

members! {
    /// How much may be called.
    pub struct Limit {
        /// A text for people.
        optional description: Option<String>,
        /// Codes of warnings that are not wanted.
        optional silence: Vec<String>,
        /// The counter's name, 1 to 128 characters. Every limit of the policy that names it shares it.
        required counter: String,
        /// How long a charge counts.
        required window: Window,
        /// The most that may be charged within one window: 0 to 10¹², at most six fractional digits.
        required max: Number,
        /// What has a counter of its own. The grant unless it is said.
        optional scope: Option<Scopes>,
        /// How it is counted.
        optional algorithm: Algorithm,
        /// What a call costs: more than 0, at most 10¹², at most six fractional digits. One unless it is
        /// said.
        optional increment: Option<Number>,
        /// The path of the argument that says what a call costs.
        optional increment_from: Option<String>,
        /// When a charge is given back.
        optional refund: Refund,
        /// Told to the agent when this limit denies.
        optional on_deny: Option<String>,
    }
}

impl Limit {
    /// A limit of so many calls for each grant.
    #[must_use]
    pub fn new(counter: impl Into<String>, window: Window, max: impl Into<Number>) -> Self {
        Self {
            description: None,
            silence: Vec::new(),
            counter: counter.into(),
            window,
            max: max.into(),
            scope: None,
            algorithm: Algorithm::default(),
            increment: None,
            increment_from: None,
            refund: Refund::default(),
            on_deny: None,
        }
    }
}

impl Rule {
    /// The members that may stand beside `action: "deny"`. Any other could never matter.
    pub(crate) const BESIDE_DENY: [&str; 4] = ["action", "description", "reason", "silence"];

    /// What is wrong with a member beside `action: "deny"`.
    pub(crate) fn never_matters(name: &str, place: &Place<'_>) -> Diagnostic {
        let message = format!("`{name}` never matters beside `action: \"deny\"`");
        Diagnostic::new(DiagnosticCode::Excluded, message, place.to_string())
            .with_help("leave it out, or leave `action` out")
    }
}

/// Reports what is written where a rule should be, such as `"allow"`; and what stands beside `action: "deny"`, also where
/// it is empty: the rule is then read as any other.
fn another_way(node: &Node, place: &Place<'_>, report: &mut Report) -> Option<Rule> {
    let NodeKind::Object(members) = &node.kind else {
        if report.omit() {
            return Some(Rule::stand_in());
        }
        let message = format!("expected a rule, which is an object, found {}", node.article());
        let mut diagnostic = Diagnostic::new(DiagnosticCode::WrongType, message, place.to_string());
        if let Some(help) = hints::rule(node) {
            diagnostic = diagnostic.with_help(help);
        }
        report.broken(diagnostic, node.span.clone());
        return Some(Rule::stand_in());
    };
    let is_deny = |member: &Member| {
        member.key == "action" && matches!(&member.value.kind, NodeKind::String(action) if action == "deny")
    };
    if members.iter().any(is_deny) {
        for member in members {
            let name = member.key.as_str();
            if Rule::MEMBERS.contains(&name) && !Rule::BESIDE_DENY.contains(&name) {
                let diagnostic = Rule::never_matters(name, &place.member(name));
                report.add(diagnostic, member.key_span.clone(), None);
            }
        }
    }
    None
}

names! {
    /// What happens to a tool that no rule is for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(clippy::exhaustive_enums, reason = "part of the language, version 1")]
    pub enum DefaultAction {
        /// It is allowed.
        Allow = "allow",
        /// It is denied.
        Deny = "deny",
    }
}

names! {
    /// Whether decisions are enforced.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[expect(clippy::exhaustive_enums, reason = "part of the language, version 1")]
    pub enum Mode {
        /// They are.
        #[default]
        Enforce = "enforce",
        /// They are computed and reported, and the call is allowed.
        Monitor = "monitor",
    }
}

names! {
    /// What a rule does before its clauses are looked at.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[expect(clippy::exhaustive_enums, reason = "part of the language, version 1")]
    pub enum RuleAction {
        /// It goes on to its clauses.
        #[default]
        Allow = "allow",
        /// It denies.
        Deny = "deny",
        /// It asks for approval, unless a clause denies.
        RequireApproval = "require_approval",
    }
}

choices! {
    Algorithm or Algorithm::Fixed,
    Category or Category::Financial,
    DefaultAction or DefaultAction::Deny,
    Mode or Mode::Enforce,
    Refund or Refund::Never,
    RuleAction or RuleAction::Deny,
    Operator or Operator::Eq,
    Quantifier or Quantifier::All,
}
