//! Limits: amounts, windows, scopes, and whether those that share a counter agree.

use std::sync::Arc;

use serde_json::Number;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, nearest};
use crate::json::excerpt;
use crate::limit::{Algorithm, Amount, Increment, Limit, Refund, Scope, ScopeError, Window, write_text};
use crate::number::{AmountError, Decimal};
use crate::path::{Path, PathError};
use crate::policy::check::{Checker, pointer, text};
use crate::policy::document::{self, RateLimit, Scopes, listed};
use crate::policy::rule::Block;

/// A counter that a limit has named before, and the limit.
pub(super) struct Seen {
    id: usize,
    limit: Arc<str>,
    window: Window,
    algorithm: Algorithm,
    scopes: Vec<Scope>,
}

impl Checker<'_> {
    /// Checks a limit and adds it to a block.
    pub(super) fn limit(&mut self, limit: &document::Limit, place: &Place<'_>, block: &mut Block) {
        self.counter_name(&limit.counter, &place.member("counter"));
        let window = limit.window.canonical();
        self.window(limit.window, &place.member("window"));
        if limit.algorithm == Algorithm::Sliding && matches!(window, Window::Month | Window::Lifetime) {
            let message = format!("the window `{window}` cannot slide");
            let help = "leave `algorithm` out, or write a window of a fixed length";
            self.say(DiagnosticCode::Excluded, message, help, &place.member("algorithm"));
        }
        let max = self.amount(&limit.max, "from 0", &place.member("max"));
        let scopes = self.scopes(limit.scope.as_ref(), "grant", &place.member("scope"));
        let increment = self.increment(limit, place);
        let mut key = String::from("|counter");
        write_text(&limit.counter, &mut key);
        let counter = self.counter(&limit.counter, window, limit.algorithm, &scopes, place);
        let limit = Limit {
            rule: pointer(place),
            on_deny: text(limit.on_deny.as_ref()),
            counter,
            window,
            algorithm: limit.algorithm,
            max,
            scopes,
            increment,
            refund: limit.refund,
            key: format!("{key}|{window}|{}", limit.algorithm).into(),
        };
        block.add(limit);
    }

    /// Checks the `rate_limit` of a rule and adds it to the rule's block.
    pub(super) fn rate_limit(&mut self, rate_limit: &RateLimit, rule: &Place<'_>, block: &mut Block) {
        let place = rule.member("rate_limit");
        let window = rate_limit.window.canonical();
        self.window(rate_limit.window, &place.member("window"));
        let max = self.amount(&rate_limit.max, "from 0", &place.member("max"));
        let scopes = self.scopes(rate_limit.scope.as_ref(), "session", &place.member("scope"));
        let rule = rule.to_string();
        let mut key = String::from("|rule");
        write_text(&rule, &mut key);
        let algorithm = Algorithm::Fixed;
        // No `counter` can be named like this: it would have a control character.
        let counter = self.counter(&format!("\0{rule}"), window, algorithm, &scopes, &place);
        let limit = Limit {
            rule: pointer(&place),
            on_deny: None,
            counter,
            window,
            algorithm,
            max,
            scopes,
            increment: Increment::Fixed(Amount::ONE),
            refund: Refund::default(),
            key: format!("{key}|{window}|{algorithm}").into(),
        };
        block.add(limit);
    }

    fn counter_name(&mut self, name: &str, place: &Place<'_>) {
        let length = name.chars().count();
        if !(1..=128).contains(&length) {
            let message = format!("the name of a counter has {length} characters");
            self.say(DiagnosticCode::InvalidValue, message, "write 1 to 128 characters", place);
        } else if name.chars().any(char::is_control) {
            let message = format!("the name `{}` has a control character", excerpt(name));
            self.say(DiagnosticCode::InvalidValue, message, "write it without control characters", place);
        }
    }

    /// A window that a program made; one that was read is within bounds.
    fn window(&mut self, window: Window, place: &Place<'_>) {
        if let Window::Seconds(seconds) = window
            && !(1..=Window::MAX_SECONDS).contains(&seconds)
        {
            let message = format!("a window of `{seconds}` seconds is not possible");
            let help = "write a name such as `minute`, or whole seconds from 1 to 31536000";
            self.say(DiagnosticCode::InvalidValue, message, help, place);
        }
    }

    /// An amount; `least` is what the help calls the smallest that is allowed.
    fn amount(&mut self, number: &Number, least: &str, place: &Place<'_>) -> Amount {
        let amount = Decimal::of(number).ok_or(AmountError::TooLarge).and_then(Amount::exactly);
        amount.unwrap_or_else(|error| {
            let problem = match error {
                AmountError::Negative => "is negative",
                AmountError::TooFine => "has more than six fractional digits",
                AmountError::TooLarge => "is more than 10^12",
            };
            let message = format!("`{number}` {problem}");
            let help = format!("write a number {least} to 10^12 with at most six fractional digits");
            self.say(DiagnosticCode::InvalidValue, message, &help, place);
            Amount::ZERO
        })
    }

    fn increment(&mut self, limit: &document::Limit, place: &Place<'_>) -> Increment {
        let from = place.member("increment_from");
        if limit.increment.is_some() && limit.increment_from.is_some() {
            let message = "`increment` and `increment_from` exclude each other".to_owned();
            self.say(DiagnosticCode::Excluded, message, "leave one of them out", &from);
        }
        if let Some(path) = &limit.increment_from {
            return match self.path(path, &from) {
                Some(path) if path.is_below_args() && !path.is_multiple() => Increment::From(path),
                Some(_) => {
                    let message = format!("`{}` does not lead to one argument", excerpt(path));
                    let help = "write a path below `args` without `[*]`, such as `args.amount`";
                    self.say(DiagnosticCode::InvalidValue, message, help, &from);
                    Increment::Fixed(Amount::ONE)
                }
                None => Increment::Fixed(Amount::ONE),
            };
        }
        let place = place.member("increment");
        let increment = limit
            .increment
            .as_ref()
            .map_or(Amount::ONE, |number| self.amount(number, "above 0 and up", &place));
        if limit.increment.as_ref().and_then(Decimal::of).is_some_and(Decimal::is_zero) {
            let message = "an increment of 0 counts nothing".to_owned();
            self.say(DiagnosticCode::InvalidValue, message, "write a number greater than 0", &place);
        }
        Increment::Fixed(increment)
    }

    fn scopes(&mut self, scopes: Option<&Scopes>, default: &str, place: &Place<'_>) -> Vec<Scope> {
        let written = scopes.map_or(std::slice::from_ref(&String::new()), Scopes::as_slice).to_vec();
        let written = if scopes.is_none() { vec![default.to_owned()] } else { written };
        if written.is_empty() {
            let message = "an empty array names no scope".to_owned();
            self.say(DiagnosticCode::InvalidValue, message, "leave `scope` out, or write `global`", place);
        }
        let mut found: Vec<Scope> = Vec::new();
        for (index, text) in written.iter().enumerate() {
            let inner = place.element(index);
            let at = if matches!(scopes, Some(Scopes::Many(_))) { &inner } else { place };
            match Scope::parse(text) {
                Ok(scope) if found.contains(&scope) => {
                    let message = format!("the scope `{}` stands here twice", excerpt(&scope.to_string()));
                    self.say(DiagnosticCode::InvalidValue, message, "leave one of them out", at);
                }
                Ok(scope) => found.push(scope),
                Err(error) => self.report.check(scope_diagnostic(&error, text, at)),
            }
        }
        found.sort_unstable();
        found
    }

    /// The number of a counter in the policy. Limits that name it must agree.
    fn counter(
        &mut self,
        name: &str,
        window: Window,
        algorithm: Algorithm,
        scopes: &[Scope],
        place: &Place<'_>,
    ) -> usize {
        let id = self.counters.len();
        let Some(seen) = self.counters.get(name) else {
            // One that could not be read whole does not speak for the counter.
            if !self.report.is_incomplete(place) {
                let limit = pointer(place);
                let seen = Seen { id, limit, window, algorithm, scopes: scopes.to_vec() };
                self.counters.insert(name.into(), seen);
            }
            return id;
        };
        let conflict = if seen.window != window {
            Some(("window", format!("`{}` and `{window}`", seen.window)))
        } else if seen.algorithm != algorithm {
            Some(("algorithm", format!("`{}` and `{algorithm}`", seen.algorithm)))
        } else if seen.scopes != scopes {
            let words = |scopes: &[Scope]| {
                let scopes: Vec<_> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
                scopes.join(" with ")
            };
            Some(("scope", format!("{} and {}", words(&seen.scopes), words(scopes))))
        } else {
            None
        };
        if let Some((member, values)) = conflict
            && !self.report.is_incomplete(place)
        {
            let message = format!("the counter `{}` is used with two {member}s: {values}", excerpt(name));
            let help =
                "limits that share a counter agree on window, algorithm and scope: name another counter";
            let diagnostic = Diagnostic::new(DiagnosticCode::CounterConflict, message, place.to_string());
            let first = seen.limit.to_string();
            self.report.check(diagnostic.with_help(help).with_related("first used here", first));
        }
        seen.id
    }

    /// A path, or a diagnostic.
    pub(super) fn path(&mut self, text: &str, place: &Place<'_>) -> Option<Path> {
        let error = match Path::parse(text) {
            Ok(path) => return Some(path),
            Err(error) => error,
        };
        let message = format!("`{}` is not a path: {error}", excerpt(text));
        let near = match &error {
            PathError::UnknownRoot(word) => nearest(word, error.candidates()),
            _ => nearest(text, error.candidates()),
        };
        let help = match (&error, near) {
            (_, Some(name)) => format!("did you mean `{name}`?"),
            (PathError::UnknownRoot(word), None) if word == text && !word.is_empty() => {
                format!("an argument is reached by `args.{word}`")
            }
            (PathError::NameMissing(_) | PathError::UnknownName { .. }, None) => {
                format!("write {}", listed(error.candidates(), "or"))
            }
            _ => "write a path such as `args.amount`, `args.items[*].price`, `/args/a.b` or `context.user`"
                .to_owned(),
        };
        let diagnostic = Diagnostic::new(DiagnosticCode::InvalidValue, message, place.to_string());
        self.report.check(diagnostic.with_help(help));
        None
    }
}

fn scope_diagnostic(error: &ScopeError, text: &str, place: &Place<'_>) -> Diagnostic {
    let help = match (error, nearest(text, &Scope::NAMES)) {
        (ScopeError::Unknown(_), Some(name)) => format!("did you mean `{name}`?"),
        (ScopeError::WellKnown(name), _) => format!("write `{name}`"),
        _ => "write `grant`, `session`, `user`, `agent`, `server`, `tenant`, `tool`, `global`, `context.<name>` or \
              `args.<path>`"
            .to_owned(),
    };
    Diagnostic::new(DiagnosticCode::InvalidValue, error.to_string(), place.to_string()).with_help(help)
}

impl Block {
    fn add(&mut self, limit: Limit) {
        let position = self.position(limit.counter).unwrap_or_else(|| {
            let position = self.counters.len();
            let at = self.counters.partition_point(|(id, _)| *id < limit.counter);
            self.counters.insert(at, (limit.counter, position));
            position
        });
        self.limits.push((Arc::new(limit), position));
    }
}
