//! Document to rules: everything that the types of the document cannot say is checked here.

mod clauses;
mod counters;
mod limits;
mod re2;
mod regexes;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report};
use crate::json::excerpt;
use crate::pattern::Pattern;
use crate::policy::ClauseKind;
use crate::policy::check::counters::Counters;
use crate::policy::check::regexes::Regexes;
use crate::policy::document::{self, PolicyDocument, RuleAction};
use crate::policy::rule::{Block, Rule, Rules};
use crate::risk::Category;

/// Compiles a document. The rules are of use only if nothing was reported.
pub(crate) fn check(document: &PolicyDocument, report: &mut Report) -> Rules {
    let mut checker =
        Checker { report, regexes: Regexes::default(), counters: Counters::default(), needs_category: false };
    let root = Place::Document;
    checker.unsupported(document, &root);
    checker.pins(document, &root.member("pins"));
    checker.methods(&document.methods, &root.member("methods"));
    let hide = document.hide.iter().map(|text| Pattern::new(text)).collect();
    let tools_place = root.member("tools");
    let tools =
        document.tools.iter().map(|(name, rule)| (name, checker.rule(rule, &tools_place.member(name))));
    let tools = tools.collect();
    let categories = document.categories.as_ref().map(|categories| {
        let place = root.member("categories");
        let rule = |(category, rule): (&Category, _)| {
            (*category, checker.rule(rule, &place.member(category.as_str())))
        };
        categories.iter().map(rule).collect::<BTreeMap<_, _>>()
    });
    let all_tools = match &document.all_tools {
        Some(all_tools) => {
            let clauses = Lists {
                require: &all_tools.require,
                deny_if: &all_tools.deny_if,
                approve_if: &all_tools.approve_if,
            };
            checker.block(&clauses, &all_tools.limits, None, &root.member("all_tools"))
        }
        None => Block::new("/all_tools".into()),
    };
    Rules {
        default: document.default,
        hide,
        all_tools,
        tools,
        needs_category: checker.needs_category || categories.is_some(),
        categories,
        classify: document.classify.iter().map(|(name, category)| (name, *category)).collect(),
        pins: document.pins.iter().map(|(name, pinned)| (name.as_str().into(), *pinned)).collect(),
    }
}

/// A document that is nested deeper than the crate follows.
pub(crate) fn too_deep(limit: usize) -> Diagnostic {
    let message = format!("nested deeper than {limit} levels");
    Diagnostic::new(DiagnosticCode::TooDeep, message, String::new())
}

struct Checker<'a> {
    report: &'a mut Report,
    regexes: Regexes,
    counters: Counters,
    /// Whether a condition looks at the category or severity of a tool.
    needs_category: bool,
}

/// The lists of clauses that a rule and `all_tools` have.
struct Lists<'a> {
    require: &'a [document::Clause],
    deny_if: &'a [document::Clause],
    approve_if: &'a [document::Clause],
}

impl Checker<'_> {
    fn rule(&mut self, rule: &document::Rule, place: &Place<'_>) -> Rule {
        if rule.action == RuleAction::Deny {
            let set = [
                ("only_args", rule.only_args.is_some()),
                ("require", !rule.require.is_empty()),
                ("deny_if", !rule.deny_if.is_empty()),
                ("approve_if", !rule.approve_if.is_empty()),
                ("limits", !rule.limits.is_empty()),
                ("rate_limit", rule.rate_limit.is_some()),
                ("validate_args", rule.validate_args),
            ];
            for (name, _) in set.into_iter().filter(|(_, set)| *set) {
                self.report.check(document::Rule::never_matters(name, &place.member(name)));
            }
        }
        if rule.validate_args {
            self.not_yet("validate_args", &place.member("validate_args"));
        }
        let clauses = Lists { require: &rule.require, deny_if: &rule.deny_if, approve_if: &rule.approve_if };
        let block = self.block(&clauses, &rule.limits, rule.rate_limit.as_ref(), place);
        let only_args = rule.only_args.as_ref().map(|names| {
            let mut names: Vec<Box<str>> = names.iter().map(|name| name.as_str().into()).collect();
            names.sort_unstable();
            names.dedup();
            names
        });
        Rule { action: rule.action, reason: text(rule.reason.as_ref()), only_args, block }
    }

    fn block(
        &mut self,
        clauses: &Lists<'_>,
        limits: &[document::Limit],
        rate_limit: Option<&document::RateLimit>,
        place: &Place<'_>,
    ) -> Block {
        let mut block = Block {
            require: self.clauses(clauses.require, ClauseKind::Require, &place.member("require")),
            deny_if: self.clauses(clauses.deny_if, ClauseKind::DenyIf, &place.member("deny_if")),
            approve_if: self.clauses(clauses.approve_if, ClauseKind::ApproveIf, &place.member("approve_if")),
            ..Block::new(place.to_string().into())
        };
        let limits_place = place.member("limits");
        for (index, limit) in limits.iter().enumerate() {
            self.limit(limit, index, &limits_place.element(index), &mut block);
        }
        if let Some(rate_limit) = rate_limit {
            self.rate_limit(rate_limit, place, &mut block);
        }
        block
    }

    /// A pattern here would be the name of no tool, and what it was meant for would not be pinned.
    fn pins(&mut self, document: &PolicyDocument, place: &Place<'_>) {
        for name in document.pins.keys().filter(|name| name.contains('*')) {
            let message = format!("`{}` is a pattern, and a pin is for one tool", excerpt(name));
            let help = "write the name as the server lists it, one member for each tool";
            self.say(DiagnosticCode::InvalidValue, message, help, &place.member(name));
        }
    }

    fn methods(&mut self, methods: &[String], place: &Place<'_>) {
        for (index, method) in methods.iter().enumerate() {
            let place = place.element(index);
            let quoted = excerpt(method);
            if method == "tools/call" {
                let help = "rules decide about tools; leave it out";
                self.say(
                    DiagnosticCode::InvalidValue,
                    "`tools/call` is judged, not passed".into(),
                    help,
                    &place,
                );
            } else if always_passes(method) {
                let message = format!("`{quoted}` always passes");
                self.say(DiagnosticCode::InvalidValue, message, "leave it out", &place);
            } else if method.is_empty() || method.contains('*') {
                let message = format!("`{quoted}` is not a method");
                let help = "methods are named one by one: there are no patterns";
                self.say(DiagnosticCode::InvalidValue, message, help, &place);
            }
        }
    }

    fn unsupported(&mut self, document: &PolicyDocument, root: &Place<'_>) {
        if document.validate_args {
            self.not_yet("validate_args", &root.member("validate_args"));
        }
    }

    fn not_yet(&mut self, member: &str, place: &Place<'_>) {
        let message = format!("this version of mcp-policy does not support `{member}` yet");
        let help = "leave it out, and mind that it is not checked";
        self.say(DiagnosticCode::Unsupported, message, help, place);
    }

    fn say(&mut self, code: DiagnosticCode, message: String, help: &str, place: &Place<'_>) {
        if self.report.omit() {
            return;
        }
        self.report.check(Diagnostic::new(code, message, place.to_string()).with_help(help));
    }
}

fn text(text: Option<&String>) -> Option<Arc<str>> {
    text.map(|text| text.as_str().into())
}

/// Methods that a gate always lets pass: what MCP needs to work at all, what belongs to a call that was let
/// through, and the notifications that the protocol defines, in all revisions up to 2026-07-28.
pub(crate) fn always_passes(method: &str) -> bool {
    ALWAYS_PASS.contains(&method) || method.starts_with("tasks/")
}

/// Beside these, what begins with `tasks/`.
pub(crate) const ALWAYS_PASS: [&str; 18] = [
    "initialize",
    "logging/setLevel",
    "notifications/cancelled",
    "notifications/elicitation/complete",
    "notifications/initialized",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/roots/list_changed",
    "notifications/subscriptions/acknowledged",
    "notifications/tasks",
    "notifications/tasks/status",
    "notifications/tools/list_changed",
    "ping",
    "server/discover",
    "tools/list",
];
