//! `silence`: warnings that are not wanted, at a thing and below it.

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report, Severity, nearest};
use crate::json::excerpt;
use crate::policy::document::{Clause, Limit, PolicyDocument, Rule, listed};

/// The warnings that are not wanted at a place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Muted(u64);

impl Muted {
    /// These, and what is named in a `silence` below.
    pub(super) fn and(self, silence: &[String]) -> Self {
        let codes = silence.iter().filter_map(|name| DiagnosticCode::from_name(name));
        Self(codes.fold(self.0, |bits, code| bits | bit(code)))
    }

    pub(super) fn mutes(self, code: DiagnosticCode) -> bool {
        self.0 & bit(code) != 0
    }
}

/// A bit for each warning, and none for an error.
fn bit(code: DiagnosticCode) -> u64 {
    let position = warnings().position(|warning| warning == code);
    position
        .and_then(|position| u32::try_from(position).ok())
        .and_then(|shift| 1_u64.checked_shl(shift))
        .unwrap_or(0)
}

fn warnings() -> impl Iterator<Item = DiagnosticCode> {
    DiagnosticCode::ALL.iter().copied().filter(|code| code.severity() == Severity::Warning)
}

/// Reports what stands in a `silence` and is no code of a warning.
pub(in crate::policy) fn check_silence(document: &PolicyDocument, report: &mut Report) {
    let root = Place::Document;
    codes(&document.silence, &root, report);
    if let Some(all_tools) = &document.all_tools {
        let place = root.member("all_tools");
        codes(&all_tools.silence, &place, report);
        let lists = [
            ("require", &all_tools.require),
            ("deny_if", &all_tools.deny_if),
            ("approve_if", &all_tools.approve_if),
        ];
        parts(lists, &all_tools.limits, &place, report);
    }
    let place = root.member("tools");
    for (name, rule) in &document.tools {
        in_rule(rule, &place.member(name), report);
    }
    let place = root.member("categories");
    for (category, rule) in document.categories.iter().flatten() {
        in_rule(rule, &place.member(category.as_str()), report);
    }
}

fn in_rule(rule: &Rule, place: &Place<'_>, report: &mut Report) {
    codes(&rule.silence, place, report);
    let lists = [("require", &rule.require), ("deny_if", &rule.deny_if), ("approve_if", &rule.approve_if)];
    parts(lists, &rule.limits, place, report);
}

fn parts(lists: [(&str, &Vec<Clause>); 3], limits: &[Limit], place: &Place<'_>, report: &mut Report) {
    for (name, clauses) in lists {
        let list = place.member(name);
        for (index, clause) in clauses.iter().enumerate() {
            codes(&clause.silence, &list.element(index), report);
        }
    }
    let list = place.member("limits");
    for (index, limit) in limits.iter().enumerate() {
        codes(&limit.silence, &list.element(index), report);
    }
}

fn codes(silence: &[String], place: &Place<'_>, report: &mut Report) {
    let list = place.member("silence");
    for (index, name) in silence.iter().enumerate() {
        let code = DiagnosticCode::from_name(name);
        if code.is_some_and(|code| code.severity() == Severity::Warning) || report.omit() {
            continue;
        }
        let quoted = excerpt(name);
        let (message, help) = if code.is_some() {
            (format!("`{quoted}` is an error, and errors cannot be silenced"), "leave it out".to_owned())
        } else {
            let names: Vec<_> = warnings().map(DiagnosticCode::as_str).collect();
            let help = match nearest(name, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write {}", listed(&names, "or")),
            };
            (format!("unknown warning `{quoted}`"), help)
        };
        let pointer = list.element(index).to_string();
        report.check(Diagnostic::new(DiagnosticCode::UnknownName, message, pointer).with_help(help));
    }
}
