//! Warnings: what is allowed to be written and likely not meant.
//!
//! A warning that is wrong one time in five is left out. So nothing is said here that depends on how a server
//! behaves, but for what a left-out argument means, and that only where the author named what is allowed.

mod anchors;
mod clauses;
mod domains;
mod kinds;
mod limits;
mod lists;
mod pairs;
mod patterns;
mod silence;

use std::collections::HashMap;

pub(super) use silence::check_silence;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report};
use crate::policy::document::{PolicyDocument, Rule, RuleAction};
use crate::policy::warn::anchors::Openings;
use crate::policy::warn::clauses::{Lists, Required};
use crate::policy::warn::limits::Limits;
use crate::policy::warn::silence::Muted;

/// Warns about a document that has no errors.
pub(super) fn warn(document: &PolicyDocument, report: &mut Report) {
    let mut warner = Warner { report, openings: HashMap::new() };
    let root = Place::Document;
    let muted = Muted::default().and(&document.silence);
    warner.patterns(document, muted);
    let mut shared = Shared::default();
    if let Some(all_tools) = &document.all_tools {
        let muted = muted.and(&all_tools.silence);
        let lists = Lists {
            require: &all_tools.require,
            deny_if: &all_tools.deny_if,
            approve_if: &all_tools.approve_if,
        };
        shared.required = Required::of(&all_tools.require);
        shared.limits = Limits::of(&all_tools.limits, None);
        let place = root.member("all_tools");
        warner.lists(&lists, None, muted, &place);
        warner.limits(&shared.limits, &Limits::default(), &[&shared.required], muted, &place);
    }
    let place = root.member("tools");
    for (name, rule) in &document.tools {
        warner.rule(rule, &shared, muted, &place.member(name));
    }
    let place = root.member("categories");
    for (category, rule) in document.categories.iter().flatten() {
        warner.rule(rule, &shared, muted, &place.member(category.as_str()));
    }
}

struct Warner<'a, 'r> {
    report: &'r mut Report,
    /// By the pattern: where other text may stand.
    openings: HashMap<&'a str, Option<Openings>>,
}

/// What `all_tools` adds to every rule.
#[derive(Default)]
struct Shared<'a> {
    required: Required,
    limits: Limits<'a>,
}

/// What a warning says.
struct Words {
    message: String,
    help: String,
    related: Option<(&'static str, String)>,
}

impl Words {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), related: None }
    }

    fn beside(self, message: &'static str, place: &Place<'_>) -> Self {
        Self { related: Some((message, place.to_string())), ..self }
    }
}

impl<'a> Warner<'a, '_> {
    fn rule(&mut self, rule: &'a Rule, shared: &Shared<'a>, muted: Muted, place: &Place<'_>) {
        let muted = muted.and(&rule.silence);
        if rule.action == RuleAction::Allow && rule.reason.is_some() {
            self.say(DiagnosticCode::NeverTold, muted, &place.member("reason"), || {
                let help = "write `on_deny` in a clause or a limit, or `description` for people";
                Words::new("`reason` is told when `action` denies or asks, and this rule allows", help)
            });
        }
        let lists = Lists { require: &rule.require, deny_if: &rule.deny_if, approve_if: &rule.approve_if };
        let required = Required::of(&rule.require);
        let required = [&required, &shared.required];
        self.lists(&lists, Some(&required), muted, place);
        let limits = Limits::of(&rule.limits, rule.rate_limit.as_ref());
        self.limits(&limits, &shared.limits, &required, muted, place);
    }

    /// Adds a warning, unless it is not wanted or nobody would read it any more.
    fn say(&mut self, code: DiagnosticCode, muted: Muted, place: &Place<'_>, words: impl FnOnce() -> Words) {
        if muted.mutes(code) || self.report.omit() {
            return;
        }
        let words = words();
        let mut diagnostic =
            Diagnostic::warning(code, words.message, place.to_string()).with_help(words.help);
        if let Some((message, pointer)) = words.related {
            diagnostic = diagnostic.with_related(message, pointer);
        }
        self.report.check(diagnostic);
    }
}
