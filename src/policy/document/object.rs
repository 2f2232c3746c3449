//! Objects whose members are known, and what is wrong with what stands in them.

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report, nearest};
use crate::json::{Member, Node, NodeKind, excerpt};
use crate::policy::document::Read;
use crate::policy::document::hints::{self, Hint};

/// An object whose members are known by name.
pub(super) struct Object<'a> {
    node: &'a Node,
    place: &'a Place<'a>,
    pub(super) members: &'a [Member],
    names: &'a [&'static str],
    /// Names that unknown members were probably meant to be.
    suggested: Vec<&'static str>,
}

impl<'a> Object<'a> {
    /// The members of a node that is an object. What is not called one of these names is reported.
    pub(super) fn of(
        node: &'a Node,
        place: &'a Place<'a>,
        names: &'a [&'static str],
        report: &mut Report,
    ) -> Option<Self> {
        let NodeKind::Object(members) = &node.kind else {
            wrong_type(node, place, "an object", report);
            return None;
        };
        let mut suggested = Vec::new();
        let mut said_together = false;
        for member in members.iter().filter(|member| !names.contains(&member.key.as_str())) {
            if report.omit() {
                continue;
            }
            let hint = hints::member(&member.key, names);
            let is_together = matches!(hint, Some(Hint::Together(_)));
            if said_together && (is_together || hints::is_of_clause(&member.key)) {
                continue;
            }
            said_together |= is_together;
            let message = match member.key.as_str() {
                "" => "unknown member with an empty name".to_owned(),
                key => format!("unknown member `{}`", excerpt(key)),
            };
            let pointer = place.member(&member.key).to_string();
            let diagnostic = Diagnostic::new(DiagnosticCode::UnknownMember, message, pointer);
            let near = || nearest(&member.key, names).map(Hint::Meant);
            let help = match hint.or_else(near) {
                Some(Hint::Meant(name)) => {
                    suggested.push(name);
                    format!("did you mean `{name}`?")
                }
                Some(Hint::Help(help) | Hint::Together(help)) => help.to_owned(),
                None => format!("the members here are {}", listed(names, "and")),
            };
            report.add(diagnostic.with_help(help), member.key_span.clone(), None);
        }
        Some(Self { node, place, members, names, suggested })
    }

    pub(super) fn required<T: Read>(&self, name: &'static str, report: &mut Report) -> T {
        if let Some(part) = self.read(name, report) {
            return part;
        }
        if !self.suggested.contains(&name) && report.omit() {
            return T::stand_in();
        }
        let missing = self.place.member(name).to_string();
        if self.suggested.contains(&name) {
            // It is there under a wrong name, and that has been said.
            report.stand_in(missing);
        } else {
            let message = format!("missing member `{name}`");
            let mut diagnostic =
                Diagnostic::new(DiagnosticCode::MissingMember, message, self.place.to_string());
            if let Some(help) = hints::missing(name, self.names) {
                diagnostic = diagnostic.with_help(help);
            }
            report.missing(diagnostic, self.node.span.clone(), missing);
        }
        T::stand_in()
    }

    pub(super) fn optional<T: Read + Default>(&self, name: &'static str, report: &mut Report) -> T {
        self.read(name, report).unwrap_or_default()
    }

    /// The last of several members with one name, which has been reported. What is wrong with the others is
    /// reported too.
    fn read<T: Read>(&self, name: &str, report: &mut Report) -> Option<T> {
        let named = self.members.iter().filter(|member| member.key == name);
        named.map(|member| T::read(&member.value, &self.place.member(name), report)).last()
    }
}

/// Reports a value of the wrong type.
pub(super) fn wrong_type(node: &Node, place: &Place<'_>, expected: &str, report: &mut Report) {
    if report.omit() {
        return;
    }
    let message = format!("expected {expected}, found {}", node.article());
    let diagnostic = Diagnostic::new(DiagnosticCode::WrongType, message, place.to_string());
    report.broken(diagnostic, node.span.clone());
}

/// Reports a value of the wrong type; what is quoted and would be right without quotes is told so.
pub(super) fn wrong_scalar(
    node: &Node,
    place: &Place<'_>,
    expected: &str,
    is_right: impl Fn(&str) -> bool,
    report: &mut Report,
) {
    match &node.kind {
        NodeKind::String(text) if text.len() <= LONGEST_SCALAR && is_right(text) => {
            if !report.omit() {
                let message = format!("expected {expected}, found a string");
                let diagnostic = Diagnostic::new(DiagnosticCode::WrongType, message, place.to_string());
                let help = format!("write `{text}` without quotes");
                report.broken(diagnostic.with_help(help), node.span.clone());
            }
        }
        _ => wrong_type(node, place, expected, report),
    }
}

/// The longest text that is tried as a number.
const LONGEST_SCALAR: usize = 32;

/// Reports a value that is of the right type and not allowed.
pub(super) fn invalid(node: &Node, place: &Place<'_>, message: String, help: &str, report: &mut Report) {
    if report.omit() {
        return;
    }
    let diagnostic = Diagnostic::new(DiagnosticCode::InvalidValue, message, place.to_string());
    report.broken(diagnostic.with_help(help), node.span.clone());
}

/// A word of a closed list.
pub(super) fn choice<'a>(
    node: &'a Node,
    place: &Place<'_>,
    report: &mut Report,
    names: &[&str],
) -> Option<&'a str> {
    let NodeKind::String(word) = &node.kind else {
        wrong_type(node, place, "a string", report);
        return None;
    };
    if names.contains(&word.as_str()) {
        return Some(word);
    }
    unknown_name(node, place, word, names, report);
    None
}

pub(super) fn unknown_name(node: &Node, place: &Place<'_>, word: &str, names: &[&str], report: &mut Report) {
    if report.omit() {
        return;
    }
    let message = format!("unknown name `{}`", excerpt(word));
    let diagnostic = Diagnostic::new(DiagnosticCode::UnknownName, message, place.to_string());
    report.broken(diagnostic.with_help(word_help(word, names)), node.span.clone());
}

/// What to write instead of a word that is not in a closed list.
pub(crate) fn word_help(word: &str, names: &[&str]) -> String {
    match hints::word(word, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("write {}", listed(names, "or")),
    }
}

/// `a`, `b` and `c`.
pub(crate) fn listed(names: &[&str], last: &str) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((name, [])) => name.clone(),
        Some((name, rest)) => format!("{} {last} {name}", rest.join(", ")),
        None => "none".to_owned(),
    }
}
