//! How a call is decided: section 5 of the language, step by step.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::call::{ArgumentsKind, Fingerprint, ToolCall};
use crate::condition::{ConditionObserver, Subject, Truth, all_hold};
use crate::json::{Item, write_canonical};
use crate::limit::{ApprovalUse, Charge, ChargeError, Charges, Limit};
use crate::pattern::is_visible_ascii;
use crate::policy::document::RuleAction;
use crate::policy::rule::{Block, Clause, Found, Rule};
use crate::policy::{ApprovalRequest, Denial, DenialCode, Policy, Verdict};
use crate::risk::Classify;
use crate::timestamp::Timestamp;

/// Sees what is looked at on the way to a verdict. `()` sees nothing and costs nothing.
pub(crate) trait Observer: ConditionObserver {
    /// The rule that decides, as a JSON Pointer.
    fn rule(&mut self, pointer: &str);
    /// A clause has come to this; its conditions have been seen before.
    fn clause(&mut self, kind: ClauseKind, pointer: &str, truth: Truth);
}

impl Observer for () {
    fn rule(&mut self, _: &str) {}
    fn clause(&mut self, _: ClauseKind, _: &str, _: Truth) {}
}

/// In which list a clause stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClauseKind {
    ApproveIf,
    DenyIf,
    Require,
}

impl ClauseKind {
    /// Whether a clause that came to this stops the call, or asks.
    pub(crate) fn bites(self, truth: Truth) -> bool {
        match self {
            Self::Require => truth != Truth::True,
            // An argument of an unexpected type never slips past; one that is left out does not trip.
            Self::ApproveIf | Self::DenyIf => matches!(truth, Truth::Mistyped | Truth::True),
        }
    }
}

pub(crate) fn judge(
    policy: &Policy,
    namespace: &str,
    call: &ToolCall<'_>,
    catalog: Option<&dyn Classify>,
    now: Timestamp,
    observer: &mut impl Observer,
) -> Verdict {
    match decide(policy, namespace, call, catalog, now, observer) {
        Ok(charges) if charges.is_empty() => Verdict::Allow,
        Ok(charges) => Verdict::Charge(charges),
        Err(Stop::Deny(denial)) => Verdict::Deny(denial),
        Err(Stop::Ask(request)) => Verdict::NeedsApproval(request),
    }
}

enum Stop {
    Ask(ApprovalRequest),
    Deny(Denial),
}

impl From<Denial> for Stop {
    fn from(denial: Denial) -> Self {
        Self::Deny(denial)
    }
}

fn decide(
    policy: &Policy,
    namespace: &str,
    call: &ToolCall<'_>,
    catalog: Option<&dyn Classify>,
    now: Timestamp,
    observer: &mut impl Observer,
) -> Result<Charges, Stop> {
    let rules = policy.rules();
    let arguments = match call.arguments().kind {
        ArgumentsKind::Absent => None,
        ArgumentsKind::Object(arguments) => Some(arguments),
        ArgumentsKind::NotAnObject => {
            return Err(malformed("the arguments are not a JSON object").into());
        }
    };
    if let Some(pattern) = rules.hidden_by(call.tool()) {
        return Err(Denial::new(DenialCode::Hidden, Some(pattern), "this tool is not available").into());
    }
    if !is_visible_ascii(call.tool()) && rules.tools.exact(call.tool()).is_none() {
        let message = "the name of the tool is not 1 to 128 visible ASCII characters";
        return Err(malformed(message).into());
    }
    let classification = rules.classification(call.tool(), catalog);
    let rule = match rules.find(call.tool(), classification) {
        Found::Allow => None,
        Found::Rule(rule) => Some(rule),
        Found::Unclassified => {
            let message = "nothing is known about this tool, and the policy goes by what tools can do";
            return Err(Denial::new(DenialCode::Unclassified, Some(&pointer("/categories")), message).into());
        }
        Found::Unlisted => {
            let message = "no rule allows this tool";
            return Err(Denial::new(DenialCode::Unlisted, Some(&pointer("/default")), message).into());
        }
    };
    observer.rule(rule.map_or("/default", |rule| &rule.pointer));
    let names = classification.map(|known| (known.category.as_str(), known.severity.as_str()));
    let subject = Subject::new(*call, arguments, now, names);

    let own = rule.map(|rule| &rule.block);
    if let Some(rule) = rule {
        check_action(rule)?;
        check_arguments(rule, arguments)?;
    }
    let blocks = || own.into_iter().chain([&rules.all_tools]);
    for clause in blocks().flat_map(|block| &block.require) {
        if bites(clause, ClauseKind::Require, &subject, observer) {
            return Err(clause_denial(DenialCode::RequireFailed, clause).into());
        }
    }
    for clause in blocks().flat_map(|block| &block.deny_if) {
        if bites(clause, ClauseKind::DenyIf, &subject, observer) {
            return Err(clause_denial(DenialCode::DenyIfMatched, clause).into());
        }
    }
    let approval = match asked_by(rule, blocks().flat_map(|block| &block.approve_if), &subject, observer) {
        Some((asks, text)) => {
            let rule = rule.map_or("/default", |rule| &rule.pointer);
            Some(approval(policy, namespace, rule, asks, text, &subject, now)?)
        }
        None => None,
    };
    let charges = charges(own, &rules.all_tools, namespace, &subject)?;
    Ok(Charges::new(charges, approval))
}

fn malformed(message: &'static str) -> Denial {
    Denial::new(DenialCode::MalformedCall, None, message)
}

/// A pointer that every policy has. It is made anew for each denial: denials are rare.
fn pointer(text: &str) -> Arc<str> {
    text.into()
}

fn check_action(rule: &Rule) -> Result<(), Denial> {
    if rule.action != RuleAction::Deny {
        return Ok(());
    }
    let at = action_pointer(rule);
    Err(Denial::told(DenialCode::ActionDeny, &at, rule.reason.as_ref(), || "this tool is not allowed".into()))
}

fn action_pointer(rule: &Rule) -> Arc<str> {
    format!("{}/action", rule.pointer).into()
}

fn check_arguments(rule: &Rule, arguments: Option<&Map<String, Value>>) -> Result<(), Denial> {
    let (Some(allowed), Some(arguments)) = (&rule.only_args, arguments) else {
        return Ok(());
    };
    let is_allowed =
        |name: &String| allowed.binary_search_by(|allowed| (**allowed).cmp(name.as_str())).is_ok();
    if arguments.keys().all(is_allowed) {
        return Ok(());
    }
    let names: Vec<_> = allowed.iter().map(|name| format!("`{name}`")).collect();
    let message = if names.is_empty() {
        "this tool may be called without arguments only".to_owned()
    } else {
        format!("the call has an argument that is not allowed; allowed are {}", names.join(", "))
    };
    let at = pointer(&format!("{}/only_args", rule.pointer));
    Err(Denial::new(DenialCode::ArgumentNotAllowed, Some(&at), message))
}

fn bites(clause: &Clause, kind: ClauseKind, subject: &Subject<'_>, observer: &mut impl Observer) -> bool {
    let truth = all_hold(&clause.conditions, subject, observer);
    observer.clause(kind, &clause.pointer, truth);
    kind.bites(truth)
}

fn clause_denial(code: DenialCode, clause: &Clause) -> Denial {
    Denial::told(code, &clause.pointer, clause.on_deny.as_ref(), || {
        let what = if code == DenialCode::RequireFailed {
            "the call does not meet a requirement of the policy"
        } else {
            "the call is one that the policy denies"
        };
        match &clause.name {
            Some(name) => Cow::Owned(format!("{what}: {name}")),
            None => Cow::Borrowed(what),
        }
    })
}

/// What asks for approval first, and its text.
fn asked_by<'a>(
    rule: Option<&'a Rule>,
    clauses: impl Iterator<Item = &'a Clause>,
    subject: &Subject<'_>,
    observer: &mut impl Observer,
) -> Option<(Arc<str>, Option<&'a Arc<str>>)> {
    if let Some(rule) = rule.filter(|rule| rule.action == RuleAction::RequireApproval) {
        return Some((action_pointer(rule), rule.reason.as_ref()));
    }
    for clause in clauses {
        if bites(clause, ClauseKind::ApproveIf, subject, observer) {
            return Some((Arc::clone(&clause.pointer), clause.on_deny.as_ref()));
        }
    }
    None
}

/// The approval that the call carries, if it is for this call and in time. Whether it has been used the store
/// knows.
fn approval(
    policy: &Policy,
    namespace: &str,
    rule: &str,
    asks: Arc<str>,
    text: Option<&Arc<str>>,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Result<ApprovalUse, Stop> {
    let Some(fingerprint) = fingerprint(policy, namespace, rule, subject) else {
        return Err(malformed("the arguments are nested too deep").into());
    };
    let Some(approval) = subject.call().approved_by() else {
        return Err(Stop::Ask(ApprovalRequest::new(fingerprint, asks, text)));
    };
    let expires_at = Timestamp::from(approval.expires_at());
    if approval.id().is_empty() || approval.fingerprint() != fingerprint || now >= expires_at {
        return Err(approval_invalid(&asks).into());
    }
    Ok(ApprovalUse::new(namespace, approval.id(), asks, expires_at))
}

/// The denial of an approval that does not fit, or was used before.
pub(crate) fn approval_invalid(asks: &Arc<str>) -> Denial {
    let message = "the approval is not for this call, is no longer valid, or was used before";
    Denial::new(DenialCode::ApprovalInvalid, Some(asks), message)
}

/// What an approval is for; `None` if the arguments are nested too deep to say.
fn fingerprint(policy: &Policy, namespace: &str, rule: &str, subject: &Subject<'_>) -> Option<Fingerprint> {
    let call = subject.call();
    let mut text = String::from("{\"arguments\":");
    match subject.arguments() {
        Some(arguments) => write_canonical(Item::Object(arguments), &mut text)?,
        None => text.push_str("{}"),
    }
    let attributes = call.attributes().into_iter();
    let attributes: Map<_, _> = attributes.map(|(name, value)| (name.to_owned(), value.into())).collect();
    text.push_str(",\"context\":");
    write_canonical(Item::Object(&attributes), &mut text)?;
    let mut digest = String::new();
    crate::call::write_hex(&mut digest, policy.digest()).ok()?;
    let rest = [("namespace", namespace), ("policy", &digest), ("rule", rule), ("tool", call.tool())];
    for (name, value) in rest {
        text.push_str(",\"");
        text.push_str(name);
        text.push_str("\":");
        write_canonical(Item::Text(value), &mut text)?;
    }
    text.push('}');
    Some(Fingerprint::from_bytes(Sha256::digest(text.as_bytes()).into()))
}

/// The charges of all limits: the rule's first, then those of `all_tools`, one for each counter.
fn charges(
    own: Option<&Block>,
    all_tools: &Block,
    namespace: &str,
    subject: &Subject<'_>,
) -> Result<Vec<Charge>, Denial> {
    let mut charges = Vec::new();
    for (limit, position) in own.into_iter().flat_map(|own| &own.limits) {
        add_charge(&mut charges, *position, limit, namespace, subject)?;
    }
    // A counter of `all_tools` that the rule charges too has its position there; any other is added behind.
    let mut positions: Vec<usize> = Vec::new();
    for (limit, position) in &all_tools.limits {
        let known = positions.get(*position).copied();
        let position = known.unwrap_or_else(|| {
            let position = own.and_then(|own| own.position(limit.counter)).unwrap_or(charges.len());
            positions.push(position);
            position
        });
        add_charge(&mut charges, position, limit, namespace, subject)?;
    }
    Ok(charges)
}

/// Adds a limit to the charges: to the one at its counter's position, or as a new one.
fn add_charge(
    charges: &mut Vec<Charge>,
    position: usize,
    limit: &Arc<Limit>,
    namespace: &str,
    subject: &Subject<'_>,
) -> Result<(), Denial> {
    let added = match charges.get_mut(position) {
        Some(charge) => charge.join(limit, subject),
        None => Charge::new(limit, namespace, subject).map(|charge| charges.push(charge)),
    };
    added.map_err(|error| charge_denial(error, limit))
}

fn charge_denial(error: ChargeError, limit: &Limit) -> Denial {
    let (code, message) = match error {
        ChargeError::AmountInvalid => {
            let message = "the amount of the call cannot be counted: it must be a number from 0 to 10^12";
            (DenialCode::AmountInvalid, Cow::Borrowed(message))
        }
        ChargeError::ScopeMissing => {
            let scopes: Vec<_> = limit.scopes.iter().map(|scope| format!("`{scope}`")).collect();
            let message = format!("the call cannot be counted without {}", scopes.join(" and "));
            (DenialCode::ScopeMissing, Cow::Owned(message))
        }
    };
    Denial::new(code, Some(&limit.rule), message)
}
