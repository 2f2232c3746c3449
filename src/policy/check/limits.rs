//! Limits: amounts, windows, scopes, and whether those that share a counter agree.

use std::sync::Arc;

use serde_json::Number;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, nearest};
use crate::json::excerpt;
use crate::limit::{
    Algorithm, Amount, Increment, Limit, LimitSpot, Refund, Scope, ScopeError, Window, counter_key,
};
use crate::number::{AmountError, Decimal};
use crate::path::{Path, PathError};
use crate::policy::check::counters::Counting;
use crate::policy::check::{Checker, text};
use crate::policy::document::{self, RateLimit, Scopes, listed, path_meant};
use crate::policy::rule::Block;

impl Checker<'_> {
    /// Checks a limit and adds it to a block.
    pub(super) fn limit(
        &mut self,
        limit: &document::Limit,
        index: usize,
        place: &Place<'_>,
        block: &mut Block,
    ) {
        self.counter_name(&limit.counter, &place.member("counter"));
        let window = self.window(limit.window, &place.member("window"));
        let slides = limit.algorithm == Algorithm::Sliding;
        if slides && window.length().is_none() && !self.report.is_incomplete(&place.member("window")) {
            let message = format!("the window `{window}` cannot slide");
            let help = "leave `algorithm` out, or write a window of a fixed length";
            self.say(DiagnosticCode::Excluded, message, help, &place.member("algorithm"));
        }
        let max = self.amount(&limit.max, "from 0", &place.member("max"));
        let scopes = self.scopes(limit.scope.as_ref(), "grant", &place.member("scope"));
        let increment = self.increment(limit, place);
        let counting = Counting { window, algorithm: limit.algorithm, scopes };
        let spot = LimitSpot::Limits(index);
        let (owner, report) = (&block.pointer, &mut *self.report);
        let counter = self.counters.number(&limit.counter, &counting, owner, spot, place, report);
        let key = counter_key("counter", &limit.counter, window, limit.algorithm);
        let limit = Limit {
            owner: Arc::clone(owner),
            spot,
            on_deny: text(limit.on_deny.as_ref()),
            counter,
            window,
            algorithm: limit.algorithm,
            max,
            scopes: counting.scopes,
            increment,
            refund: limit.refund,
            key,
        };
        block.add(limit);
    }

    /// Checks the `rate_limit` of a rule and adds it to the rule's block.
    pub(super) fn rate_limit(&mut self, rate_limit: &RateLimit, rule: &Place<'_>, block: &mut Block) {
        let place = rule.member("rate_limit");
        let window = self.window(rate_limit.window, &place.member("window"));
        let max = self.amount(&rate_limit.max, "from 0", &place.member("max"));
        let scopes = self.scopes(rate_limit.scope.as_ref(), "session", &place.member("scope"));
        let algorithm = Algorithm::Fixed;
        let counting = Counting { window, algorithm, scopes };
        let spot = LimitSpot::RateLimit;
        let (owner, report) = (&block.pointer, &mut *self.report);
        // No `counter` can be named like this: it would have a control character.
        let counter = self.counters.number(&format!("\0{owner}"), &counting, owner, spot, &place, report);
        let key = counter_key("rule", owner, window, algorithm);
        let limit = Limit {
            owner: Arc::clone(owner),
            spot,
            on_deny: None,
            counter,
            window,
            algorithm,
            max,
            scopes: counting.scopes,
            increment: Increment::Fixed(Amount::ONE),
            refund: Refund::default(),
            key,
        };
        block.add(limit);
    }

    fn counter_name(&mut self, name: &str, place: &Place<'_>) {
        let length = name.chars().count();
        if length == 0 {
            let message = "the name of the counter is empty".to_owned();
            self.say(DiagnosticCode::InvalidValue, message, "write 1 to 128 characters", place);
        } else if length > 128 {
            let message = format!("the name of the counter has {length} characters");
            self.say(DiagnosticCode::InvalidValue, message, "write 1 to 128 characters", place);
        } else if name.chars().any(char::is_control) {
            let message = format!("the name `{}` has a control character", excerpt(name));
            self.say(DiagnosticCode::InvalidValue, message, "write it without control characters", place);
        }
    }

    /// The window by its name. One that a program made may be out of bounds; one that was read is not.
    fn window(&mut self, window: Window, place: &Place<'_>) -> Window {
        if let Window::Seconds(seconds) = window
            && !(1..=Window::MAX_SECONDS).contains(&seconds)
        {
            let message = format!("a window of `{seconds}` seconds is not possible");
            let help = "write a name such as `minute`, or whole seconds from 1 to 31536000";
            self.say(DiagnosticCode::InvalidValue, message, help, place);
        }
        window.canonical()
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
        let written = scopes.map_or_else(|| vec![default.to_owned()], |scopes| scopes.as_slice().to_vec());
        if written.len() > MAX_SCOPES {
            let message = format!("a limit has {} scopes, and {MAX_SCOPES} are allowed", written.len());
            self.say(DiagnosticCode::TooLarge, message, "count by fewer", place);
            return Vec::new();
        }
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
        let argument = match &error {
            PathError::UnknownRoot(_) => path_meant(text),
            _ => None,
        };
        let help = match (&error, near, argument) {
            (PathError::UnknownRoot(word), Some(name), _) => {
                format!("did you mean `{}`?", excerpt(&text.replacen(word.as_str(), name, 1)))
            }
            (_, Some(name), _) => format!("did you mean `{name}`?"),
            (PathError::BracketText(_), ..) => {
                "write `[*]` for every element, or a position such as `[0]`".to_owned()
            }
            (PathError::ContextName, ..) => "write the name of one, such as `context.user`".to_owned(),
            (_, None, Some(path)) => format!("an argument is reached by `{}`", excerpt(&path)),
            (PathError::NameMissing(_) | PathError::UnknownName { .. }, None, None) => {
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

/// The most scopes that a limit may have. It bounds the length of a counter's key.
const MAX_SCOPES: usize = 16;

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
