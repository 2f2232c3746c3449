//! The arguments that a tool knows, and those that a rule for it names.

use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report, nearest};
use crate::json::excerpt;
use crate::lint::Silent;
use crate::path::Path;
use crate::policy::document::{Clause, Condition, Rule, Scopes};
use crate::risk::Tool;

/// The arguments of a tool, by name.
pub(super) struct Arguments<'a> {
    properties: &'a Map<String, Value>,
}

impl<'a> Arguments<'a> {
    /// What the input schema of a tool lists; `None` where it does not say that there is nothing else.
    pub(super) fn of(tool: &Tool<'a>) -> Option<Self> {
        let schema = tool.input_schema?.as_object()?;
        let is_open = ["allOf", "anyOf", "oneOf", "$ref", "patternProperties", "if"]
            .iter()
            .any(|keyword| schema.contains_key(*keyword));
        let takes_more = schema.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false));
        if is_open || takes_more {
            return None;
        }
        Some(Self { properties: schema.get("properties")?.as_object()? })
    }

    /// Reports the arguments that a rule names and the tool does not know.
    pub(super) fn check(&self, rule: &Rule, silent: Silent, place: &Place<'_>, report: &mut Report) {
        if silent.arguments {
            return;
        }
        let only_args = place.member("only_args");
        for (index, name) in rule.only_args.iter().flatten().enumerate() {
            self.name(name, &only_args.element(index), report);
        }
        let lists =
            [("require", &rule.require), ("deny_if", &rule.deny_if), ("approve_if", &rule.approve_if)];
        for (name, clauses) in lists {
            self.clauses(clauses, silent, &place.member(name), report);
        }
        let limits = place.member("limits");
        for (index, limit) in rule.limits.iter().enumerate() {
            let place = limits.element(index);
            if silent.and(&limit.silence).arguments {
                continue;
            }
            if let Some(path) = &limit.increment_from {
                self.path(path, &place.member("increment_from"), report);
            }
            for scope in limit.scope.iter().flat_map(Scopes::as_slice) {
                self.path(scope, &place.member("scope"), report);
            }
        }
        for scope in rule.rate_limit.iter().filter_map(|limit| limit.scope.as_ref()) {
            for scope in scope.as_slice() {
                self.path(scope, &place.member("rate_limit").member("scope"), report);
            }
        }
    }

    fn clauses(&self, clauses: &[Clause], silent: Silent, place: &Place<'_>, report: &mut Report) {
        for (index, clause) in clauses.iter().enumerate() {
            if silent.and(&clause.silence).arguments {
                continue;
            }
            let place = place.element(index);
            self.conditions(&clause.conditions, &place.member("conditions"), report);
        }
    }

    fn conditions(&self, conditions: &[Condition], place: &Place<'_>, report: &mut Report) {
        for (index, condition) in conditions.iter().enumerate() {
            self.condition(condition, &place.element(index), report);
        }
    }

    /// It recurses as deep as the condition is nested, which the depth of documents bounds.
    fn condition(&self, condition: &Condition, place: &Place<'_>, report: &mut Report) {
        match condition {
            Condition::All { all } => self.conditions(all, &place.member("all"), report),
            Condition::Any { any } => self.conditions(any, &place.member("any"), report),
            Condition::Not { not } => self.condition(not, &place.member("not"), report),
            Condition::Compare(comparison) => {
                self.path(&comparison.path, &place.member("path"), report);
                if let Some(path) = &comparison.value_from {
                    self.path(path, &place.member("value_from"), report);
                }
            }
        }
    }

    /// Where a path leads to an argument, its name.
    fn path(&self, path: &str, place: &Place<'_>, report: &mut Report) {
        if let Ok(path) = Path::parse(path)
            && let Some(name) = path.argument()
        {
            self.name(name, place, report);
        }
    }

    fn name(&self, name: &str, place: &Place<'_>, report: &mut Report) {
        if self.properties.contains_key(name) || report.omit() {
            return;
        }
        let message = format!("the tool has no argument `{}`", excerpt(name));
        let diagnostic = Diagnostic::warning(DiagnosticCode::UnknownArgument, message, place.to_string());
        let names: Vec<&str> = self.properties.keys().map(String::as_str).collect();
        report.check(match nearest(name, &names) {
            Some(near) => diagnostic.with_help(format!("did you mean `{}`?", excerpt(near))),
            None => diagnostic,
        });
    }
}
