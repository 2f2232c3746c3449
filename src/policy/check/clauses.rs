//! Clauses and conditions: paths, operators, and whether the value fits the operator.

use serde_json::Value;

use crate::condition::{Condition, JsonType, Operand, OperandError, Operator, Quantifier, Test, TestOperand};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Place};
use crate::json::{MAX_DEPTH, excerpt};
use crate::path::{Path, Root};
use crate::policy::ClauseKind;
use crate::policy::check::{Checker, text, too_deep};
use crate::policy::document::{self, Comparison, depth, word_help};
use crate::policy::rule::Clause;

/// Where a condition stands.
#[derive(Clone, Copy)]
struct Within {
    kind: ClauseKind,
    negated: bool,
    depth: usize,
}

impl Checker<'_> {
    pub(super) fn clauses(
        &mut self,
        clauses: &[document::Clause],
        kind: ClauseKind,
        place: &Place<'_>,
    ) -> Vec<Clause> {
        let clause = |(index, clause)| self.clause(clause, kind, &place.element(index));
        clauses.iter().enumerate().map(clause).collect()
    }

    fn clause(&mut self, clause: &document::Clause, kind: ClauseKind, place: &Place<'_>) -> Clause {
        let conditions = place.member("conditions");
        if kind == ClauseKind::Require && clause.conditions.is_empty() {
            let message = "a clause of `require` without conditions requires nothing".to_owned();
            self.say(
                DiagnosticCode::InvalidValue,
                message,
                "write a condition, or leave the clause out",
                &conditions,
            );
        }
        let within = Within { kind, negated: false, depth: 0 };
        Clause {
            name: text(clause.name.as_ref()),
            on_deny: text(clause.on_deny.as_ref()),
            conditions: self.conditions(&clause.conditions, within, &conditions),
        }
    }

    fn conditions(
        &mut self,
        conditions: &[document::Condition],
        within: Within,
        place: &Place<'_>,
    ) -> Vec<Condition> {
        let condition = |(index, condition)| self.condition(condition, within, &place.element(index));
        conditions.iter().enumerate().map(condition).collect()
    }

    fn condition(&mut self, condition: &document::Condition, within: Within, place: &Place<'_>) -> Condition {
        let depth = within.depth.saturating_add(1);
        if depth > MAX_DEPTH {
            // Only a document that a program built can be this deep.
            self.report.check(too_deep(MAX_DEPTH));
            return Condition::All(Box::default());
        }
        let within = Within { depth, ..within };
        match condition {
            document::Condition::All { all } => {
                let place = place.member("all");
                self.not_empty(all, "all", &place);
                Condition::All(self.conditions(all, within, &place).into())
            }
            document::Condition::Any { any } => {
                let place = place.member("any");
                self.not_empty(any, "any", &place);
                Condition::Any(self.conditions(any, within, &place).into())
            }
            document::Condition::Not { not } => {
                let within = Within { negated: true, ..within };
                Condition::Not(Box::new(self.condition(not, within, &place.member("not"))))
            }
            document::Condition::Compare(comparison) => {
                self.comparison(comparison, within, place).unwrap_or(Condition::All(Box::default()))
            }
        }
    }

    fn not_empty(&mut self, conditions: &[document::Condition], group: &str, place: &Place<'_>) {
        if conditions.is_empty() {
            let message = format!("`{group}` is empty");
            self.say(DiagnosticCode::InvalidValue, message, "write at least one condition", place);
        }
    }

    fn comparison(
        &mut self,
        comparison: &Comparison,
        within: Within,
        place: &Place<'_>,
    ) -> Option<Condition> {
        let operator = comparison.op;
        let path = self.path(&comparison.path, &place.member("path"));
        if comparison.ignore_case && !operator.takes_ignore_case() {
            let message = format!("`{operator}` does not compare text");
            self.say(
                DiagnosticCode::Excluded,
                message,
                "leave `ignore_case` out",
                &place.member("ignore_case"),
            );
        }
        let absent_as = self.absent_as(comparison, place);
        let quantifier = path.as_ref().and_then(|path| self.quantifier(comparison, path, within, place));
        let operand = self.operand(comparison, place);
        let (path, quantifier, operand) = (path?, quantifier?, operand?);
        let looks_at_category = |path: &Path| matches!(path.root(), Root::ToolCategory | Root::ToolSeverity);
        self.needs_category |= looks_at_category(&path)
            || matches!(&operand, TestOperand::From(other) if looks_at_category(other));
        let ignore_case = comparison.ignore_case;
        Some(Condition::Test(Box::new(Test { path, operator, operand, ignore_case, quantifier, absent_as })))
    }

    fn absent_as(&mut self, comparison: &Comparison, place: &Place<'_>) -> Option<Value> {
        let absent_as = comparison.absent_as.as_ref()?;
        let place = place.member("absent_as");
        if comparison.op == Operator::Exists {
            let message = "`exists` asks whether something is absent".to_owned();
            self.say(DiagnosticCode::Excluded, message, "leave `absent_as` out", &place);
        } else if absent_as.is_null() {
            let message = "null is absent, and stands in for nothing".to_owned();
            let help = "write the value that the server uses where the argument is absent";
            self.say(DiagnosticCode::InvalidValue, message, help, &place);
        } else {
            self.shallow(absent_as);
        }
        Some(absent_as.clone())
    }

    fn quantifier(
        &mut self,
        comparison: &Comparison,
        path: &Path,
        within: Within,
        place: &Place<'_>,
    ) -> Option<Quantifier> {
        match (path.is_multiple(), comparison.each) {
            (true, Some(each)) => Some(each),
            (true, None) if within.negated => {
                let message = "under `not`, a path with `[*]` leaves open for how many values it must hold";
                let help = "write `each`: `any` for at least one value, or `all` for every one";
                self.say(DiagnosticCode::MissingMember, message.to_owned(), help, place);
                None
            }
            (false, Some(_)) => {
                let message = format!("`{}` leads to one value", excerpt(&comparison.path));
                let help = "leave `each` out, or write `[*]` where the path goes through an array";
                self.say(DiagnosticCode::Excluded, message, help, &place.member("each"));
                None
            }
            (_, None) if within.kind == ClauseKind::Require => Some(Quantifier::All),
            (_, None) => Some(Quantifier::Any),
        }
    }

    fn operand(&mut self, comparison: &Comparison, place: &Place<'_>) -> Option<TestOperand> {
        let operator = comparison.op;
        let from = place.member("value_from");
        if self.report.is_incomplete(&place.member("op")) {
            return None;
        }
        match (&comparison.value, &comparison.value_from) {
            (Some(value), None) => {
                self.value(operator, value, comparison.ignore_case, &place.member("value"))
            }
            (None, Some(_)) if !operator.takes_value_from() => {
                let message = format!("`{operator}` takes no `value_from`");
                self.say(DiagnosticCode::Excluded, message, "write `value`", &from);
                None
            }
            (None, Some(text)) => {
                let path = self.path(text, &from)?;
                if path.is_multiple() {
                    let message = format!("`{}` leads to many values", excerpt(text));
                    self.say(DiagnosticCode::InvalidValue, message, "write a path without `[*]`", &from);
                    return None;
                }
                Some(TestOperand::From(path))
            }
            (Some(_), Some(_)) => {
                let message = "`value` and `value_from` exclude each other".to_owned();
                self.say(DiagnosticCode::Excluded, message, "leave one of them out", &from);
                None
            }
            (None, None) => {
                let message = "missing member `value`".to_owned();
                let help = if operator.takes_value_from() {
                    "write what the argument is compared with, or the path to it in `value_from`"
                } else {
                    "write what the argument is compared with"
                };
                self.say(DiagnosticCode::MissingMember, message, help, place);
                None
            }
        }
    }

    fn value(
        &mut self,
        operator: Operator,
        value: &Value,
        ignore_case: bool,
        place: &Place<'_>,
    ) -> Option<TestOperand> {
        if !self.shallow(value) {
            return None;
        }
        // What `ignore_case` asks of a value is told only where it may stand.
        let ignore_case = ignore_case && operator.takes_ignore_case();
        let operand = match Operand::new(operator, value, ignore_case) {
            Ok(operand) => operand,
            Err(error) => {
                self.report.check(operand_diagnostic(operator, value, error, place));
                return None;
            }
        };
        let Operand::Text(pattern) = &operand else {
            return Some(TestOperand::Value(operand));
        };
        if !matches!(operator, Operator::Regex | Operator::NotRegex) {
            return Some(TestOperand::Value(operand));
        }
        match self.regexes.compile(pattern, ignore_case) {
            Ok(regex) => Some(TestOperand::Value(Operand::Regex(regex))),
            Err(message) => {
                let help = "the syntax is that of RE2 and of the Rust `regex` crate";
                self.say(DiagnosticCode::Regex, message, help, place);
                None
            }
        }
    }

    /// Whether a value is not too deep to be compared; only one that a program built can be.
    fn shallow(&mut self, value: &Value) -> bool {
        let shallow = depth(value, MAX_DEPTH) <= MAX_DEPTH;
        if !shallow {
            self.report.check(too_deep(MAX_DEPTH));
        }
        shallow
    }
}

fn operand_diagnostic(
    operator: Operator,
    value: &Value,
    error: OperandError,
    place: &Place<'_>,
) -> Diagnostic {
    let (code, at, message) = match error {
        OperandError::Element(index, expected) => {
            let found = value.get(index).map_or("nothing".to_owned(), described);
            let message = format!("`{operator}` compares with {expected}, found {found}");
            (DiagnosticCode::InvalidValue, place.element(index).to_string(), message)
        }
        OperandError::NotAllowed(expected) => {
            let message = format!("`{operator}` compares with {expected}, found {}", described(value));
            (DiagnosticCode::InvalidValue, place.to_string(), message)
        }
        OperandError::WrongType(expected) => {
            let message = format!("`{operator}` compares with {expected}, found {}", described(value));
            (DiagnosticCode::WrongType, place.to_string(), message)
        }
        OperandError::UnknownType => {
            let word = value.as_str().unwrap_or_default();
            let names: Vec<&str> = JsonType::ALL.iter().map(|name| name.as_str()).collect();
            let help = word_help(word, &names);
            let message = format!("unknown name `{}`", excerpt(word));
            return Diagnostic::new(DiagnosticCode::UnknownName, message, place.to_string()).with_help(help);
        }
    };
    let diagnostic = Diagnostic::new(code, message, at);
    match value_help(operator, value, code) {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}

/// What to write instead of a value of the wrong type, where that is plain.
fn value_help(operator: Operator, value: &Value, code: DiagnosticCode) -> Option<String> {
    if code != DiagnosticCode::WrongType {
        return None;
    }
    match (operator, value) {
        (Operator::Eq | Operator::Neq, Value::Null) => {
            Some("ask with `exists` whether something is there".to_owned())
        }
        (Operator::In | Operator::NotIn | Operator::SubsetOf | Operator::Intersects, value)
            if !value.is_null() && !value.is_object() =>
        {
            Some("write `[` and `]` around it".to_owned())
        }
        (
            Operator::Gt
            | Operator::Gte
            | Operator::Lt
            | Operator::Lte
            | Operator::Exists
            | Operator::MinLength
            | Operator::MaxLength,
            Value::String(text),
        ) if text.len() <= 32 && is_scalar(operator, text) => Some(format!("write `{text}` without quotes")),
        _ => None,
    }
}

/// Whether a text is what the operator compares with but for its quotes.
fn is_scalar(operator: Operator, text: &str) -> bool {
    match operator {
        Operator::Exists => ["true", "false"].contains(&text),
        _ => text.parse::<serde_json::Number>().is_ok(),
    }
}

/// A value of the policy as a message shows it.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(boolean) => format!("`{boolean}`"),
        Value::Number(number) => format!("`{number}`"),
        Value::String(text) => format!("`\"{}\"`", excerpt(text)),
        Value::Array(elements) if elements.is_empty() => "an empty array".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
