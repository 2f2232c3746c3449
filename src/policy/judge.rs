//! How a call is decided: section 5 of the language, step by step.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::call::{ArgumentsKind, ToolCall};
use crate::condition::{ConditionObserver, Subject, Truth, all_hold};
use crate::diagnostic::Place;
use crate::fingerprint::Fingerprint;
use crate::json::{Item, write_canonical};
use crate::limit::{ApprovalUse, Charge, ChargeError, Charges, Increment, Limit};
use crate::pattern::is_visible_ascii;
use crate::policy::document::RuleAction;
use crate::policy::rule::{Block, Clause, Found, Rule};
use crate::policy::{ApprovalRequest, Denial, DenialCode, Policy, Stop, Verdict};
use crate::risk::Classify;
use crate::timestamp::Timestamp;

/// Sees what is looked at on the way to a verdict. `()` sees nothing and costs nothing.
pub(crate) trait Observer: ConditionObserver {
    /// The rule that decides, as a JSON Pointer.
    fn rule(&mut self, pointer: &str);
    /// The tool is pinned to the first of these; the second is how it was listed last.
    fn pin(&mut self, tool: &str, pinned: Fingerprint, listed: Option<Fingerprint>);
    /// The clause at this place of a rule or of `all_tools` has come to this; its conditions have been seen
    /// before.
    fn clause(&mut self, owner: &str, kind: ClauseKind, index: usize, truth: Truth);
}

impl Observer for () {
    fn rule(&mut self, _: &str) {}
    fn pin(&mut self, _: &str, _: Fingerprint, _: Option<Fingerprint>) {}
    fn clause(&mut self, _: &str, _: ClauseKind, _: usize, _: Truth) {}
}

/// In which list a clause stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClauseKind {
    ApproveIf,
    DenyIf,
    Require,
}

impl ClauseKind {
    /// Where a clause stands, as a JSON Pointer.
    pub(crate) fn pointer(self, owner: &str, index: usize) -> String {
        let list = match self {
            Self::ApproveIf => "approve_if",
            Self::DenyIf => "deny_if",
            Self::Require => "require",
        };
        format!("{owner}/{list}/{index}")
    }

    /// Whether a clause that came to this stops the call, or asks.
    pub(crate) fn bites(self, truth: Truth) -> bool {
        match self {
            Self::Require => truth != Truth::True,
            // An argument of an unexpected type never slips past; one that is left out does not trip.
            Self::ApproveIf | Self::DenyIf => matches!(truth, Truth::Mistyped | Truth::True),
        }
    }
}

impl Policy {
    /// Judges a call in a namespace, and shows an observer what is looked at.
    pub(crate) fn judge_in(
        &self,
        namespace: &str,
        call: &ToolCall<'_>,
        catalog: Option<&dyn Classify>,
        now: Timestamp,
        observer: &mut impl Observer,
    ) -> Verdict {
        match decide(self, namespace, call, catalog, now, observer) {
            Ok(charges) if charges.is_empty() => Verdict::Allow,
            Ok(charges) => Verdict::Charge(charges),
            Err(Stop::Deny(denial)) => Verdict::Deny(denial),
            Err(Stop::NeedsApproval(request)) => Verdict::NeedsApproval(request),
        }
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
    if let Some(index) = rules.hidden_by(call.tool()) {
        let at = format!("/hide/{index}");
        return Err(Denial::new(DenialCode::Hidden, Some(at), "this tool is not available").into());
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
            let message = "this tool has no risk category, and the policy goes by categories";
            return Err(Denial::new(DenialCode::Unclassified, Some("/categories".to_owned()), message).into());
        }
        Found::Unlisted => {
            let message = "no rule allows this tool";
            return Err(Denial::new(DenialCode::Unlisted, Some("/default".to_owned()), message).into());
        }
    };
    let own = rule.map(|rule| &rule.block);
    let owner = own.map_or("/default", |own| &own.pointer);
    observer.rule(owner);
    let names = classification.map(|known| (known.category.as_str(), known.severity.as_str()));
    let subject = Subject::new(*call, arguments, now, names);

    rule.map_or(Ok(()), check_action)?;
    if let Some(pinned) = rules.pins.get(call.tool()) {
        check_definition(call.tool(), *pinned, catalog, observer)?;
    }
    rule.map_or(Ok(()), |rule| check_arguments(rule, arguments))?;
    let blocks = [own, Some(&rules.all_tools)];
    if let Some(bitten) = first_that_bites(blocks, ClauseKind::Require, &subject, observer) {
        return Err(bitten.denial(DenialCode::RequireFailed).into());
    }
    if let Some(bitten) = first_that_bites(blocks, ClauseKind::DenyIf, &subject, observer) {
        return Err(bitten.denial(DenialCode::DenyIfMatched).into());
    }
    let asked = match rule.filter(|rule| rule.action == RuleAction::RequireApproval) {
        Some(rule) => Some((action_pointer(rule), rule.reason.as_ref())),
        None => first_that_bites(blocks, ClauseKind::ApproveIf, &subject, observer)
            .map(|asks| (asks.pointer(), asks.clause.on_deny.as_ref())),
    };
    let approval = match asked {
        Some((asks, text)) => Some(approval(policy, namespace, owner, &asks, text, &subject, now)?),
        None => None,
    };
    let charges = charges(own, &rules.all_tools, namespace, &subject)?;
    Ok(Charges::new(charges, approval))
}

fn malformed(message: &'static str) -> Denial {
    Denial::new(DenialCode::MalformedCall, None, message)
}

fn check_action(rule: &Rule) -> Result<(), Denial> {
    if rule.action != RuleAction::Deny {
        return Ok(());
    }
    let at = action_pointer(rule);
    Err(Denial::told(DenialCode::ActionDeny, at, rule.reason.as_ref(), || "this tool is not allowed".into()))
}

fn action_pointer(rule: &Rule) -> String {
    format!("{}/action", rule.block.pointer)
}

/// Whether the tool was listed with the definition that it is pinned to.
fn check_definition(
    tool: &str,
    pinned: Fingerprint,
    catalog: Option<&dyn Classify>,
    observer: &mut impl Observer,
) -> Result<(), Denial> {
    let listed = catalog.and_then(|catalog| catalog.listed(tool));
    observer.pin(tool, pinned, listed);
    if listed == Some(pinned) {
        return Ok(());
    }
    let message = if listed.is_some() {
        "the definition of this tool is not the one that was approved"
    } else {
        "the definition of this tool is pinned, and is not known"
    };
    let at = Place::Document.member("pins").member(tool).to_string();
    Err(Denial::new(DenialCode::DefinitionChanged, Some(at), message))
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
        "this tool may be called only without arguments".to_owned()
    } else {
        format!("the call has an argument that is not allowed; the allowed ones are {}", names.join(", "))
    };
    let at = format!("{}/only_args", rule.block.pointer);
    Err(Denial::new(DenialCode::ArgumentNotAllowed, Some(at), message))
}

/// A clause that denies or asks.
struct Bitten<'a> {
    owner: &'a str,
    kind: ClauseKind,
    index: usize,
    clause: &'a Clause,
}

/// The first clause that denies or asks: of the rule, then of `all_tools`.
fn first_that_bites<'a>(
    blocks: [Option<&'a Block>; 2],
    kind: ClauseKind,
    subject: &Subject<'_>,
    observer: &mut impl Observer,
) -> Option<Bitten<'a>> {
    for block in blocks.into_iter().flatten() {
        for (index, clause) in block.clauses(kind).iter().enumerate() {
            let truth = all_hold(&clause.conditions, subject, observer);
            observer.clause(&block.pointer, kind, index, truth);
            if kind.bites(truth) {
                return Some(Bitten { owner: &block.pointer, kind, index, clause });
            }
        }
    }
    None
}

impl Bitten<'_> {
    fn pointer(&self) -> String {
        self.kind.pointer(self.owner, self.index)
    }

    fn denial(&self, code: DenialCode) -> Denial {
        Denial::told(code, self.pointer(), self.clause.on_deny.as_ref(), || {
            let what = if code == DenialCode::RequireFailed {
                "the call does not meet a requirement of the policy"
            } else {
                "the policy denies this call"
            };
            match &self.clause.name {
                Some(name) => Cow::Owned(format!("{what}: {name}")),
                None => Cow::Borrowed(what),
            }
        })
    }
}

/// The approval that the call carries, if it is for this call and in time. Whether it has been used the store
/// knows.
fn approval(
    policy: &Policy,
    namespace: &str,
    owner: &str,
    asks: &str,
    text: Option<&Arc<str>>,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Result<ApprovalUse, Stop> {
    let Some(fingerprint) = fingerprint(policy, namespace, owner, subject) else {
        return Err(malformed("the arguments are nested too deep").into());
    };
    let Some(approval) = subject.call().approved_by() else {
        return Err(Stop::NeedsApproval(ApprovalRequest::new(fingerprint, asks.into(), text)));
    };
    let expires_at = Timestamp::from(approval.expires_at());
    if approval.id().is_empty() || approval.fingerprint() != fingerprint || now >= expires_at {
        return Err(approval_invalid(asks).into());
    }
    Ok(ApprovalUse::new(namespace, approval.id(), asks.into(), expires_at))
}

/// The denial of an approval that does not fit, or was used before.
pub(crate) fn approval_invalid(asks: &str) -> Denial {
    let message = "the approval is not for this call, is no longer valid, or was used before";
    Denial::new(DenialCode::ApprovalInvalid, Some(asks.to_owned()), message)
}

/// What an approval is for; `None` if the arguments are nested too deep to say.
fn fingerprint(policy: &Policy, namespace: &str, owner: &str, subject: &Subject<'_>) -> Option<Fingerprint> {
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
    let digest = policy.digest().to_string();
    let rest = [("namespace", namespace), ("policy", &digest), ("rule", owner), ("tool", call.tool())];
    for (name, value) in rest {
        text.push_str(",\"");
        text.push_str(name);
        text.push_str("\":");
        write_canonical(Item::Text(value), &mut text)?;
    }
    text.push('}');
    Some(Fingerprint::of_canonical(&text))
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
    added.map_err(|error| charge_denial(&error, limit))
}

fn charge_denial(error: &ChargeError, limit: &Limit) -> Denial {
    let (code, message) = match error {
        ChargeError::AmountInvalid => {
            let path = match &limit.increment {
                Increment::From(path) => path.to_string(),
                Increment::Fixed(_) => String::from("the amount"),
            };
            (
                DenialCode::AmountInvalid,
                format!("`{path}` must be a number from 0 to 10^12: a limit counts it"),
            )
        }
        ChargeError::ScopeMissing(scope) => {
            (DenialCode::ScopeMissing, format!("the call has no `{scope}`, which a limit counts by"))
        }
    };
    Denial::new(code, Some(limit.rule()), message)
}
