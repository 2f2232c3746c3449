//! Limits that deny everything, never matter, or that the agent gets around.

use std::collections::HashMap;

use serde_json::Number;

use crate::diagnostic::{DiagnosticCode, Place};
use crate::json::excerpt;
use crate::limit::{Amount, Refund, Scope, Window};
use crate::number::Decimal;
use crate::path::Path;
use crate::policy::document::{Limit, RateLimit, Scopes};
use crate::policy::warn::clauses::Required;
use crate::policy::warn::silence::Muted;
use crate::policy::warn::{Warner, Words};

/// The limits of a rule or of `all_tools`.
#[derive(Debug, Default)]
pub(super) struct Limits<'a> {
    list: &'a [Limit],
    rate_limit: Option<&'a RateLimit>,
    /// By the counter: which of the limits is the strictest.
    strictest: HashMap<&'a str, usize>,
    /// Whether one of them has a scope that is no argument, so that the agent does not get around it.
    holds: bool,
}

impl<'a> Limits<'a> {
    pub(super) fn of(limits: &'a [Limit], rate_limit: Option<&'a RateLimit>) -> Self {
        let mut strictest: HashMap<&str, usize> = HashMap::new();
        for (index, limit) in limits.iter().enumerate() {
            let best = strictest.entry(&limit.counter).or_insert(index);
            if limits.get(*best).is_some_and(|best| is_stricter(limit, best)) {
                *best = index;
            }
        }
        let holds = limits.iter().any(|limit| !is_by_agent(limit.scope.as_ref()))
            || rate_limit.is_some_and(|limit| !is_by_agent(limit.scope.as_ref()));
        Self { list: limits, rate_limit, strictest, holds }
    }

    fn strictest(&self, counter: &str) -> Option<(usize, &'a Limit)> {
        let index = *self.strictest.get(counter)?;
        Some((index, self.list.get(index)?))
    }
}

impl Warner<'_, '_> {
    pub(super) fn limits(
        &mut self,
        own: &Limits<'_>,
        shared: &Limits<'_>,
        required: &[&Required],
        muted: Muted,
        place: &Place<'_>,
    ) {
        let holds = own.holds || shared.holds;
        let list = place.member("limits");
        for (index, limit) in own.list.iter().enumerate() {
            let muted = muted.and(&limit.silence);
            let place = list.element(index);
            if let Some(Cost::Fixed(cost)) = cost(limit) {
                self.max(&limit.max, cost, muted, &place);
            }
            self.redundant(limit, index, own, shared, muted, &list);
            self.scope(limit.scope.as_ref(), limit.window, holds, required, muted, &place);
        }
        if let Some(rate_limit) = own.rate_limit {
            let place = place.member("rate_limit");
            self.max(&rate_limit.max, Amount::ONE, muted, &place);
            self.scope(rate_limit.scope.as_ref(), rate_limit.window, holds, required, muted, &place);
        }
    }

    fn max(&mut self, max: &Number, cost: Amount, muted: Muted, place: &Place<'_>) {
        if amount(max).is_some_and(|max| max < cost) {
            self.say(DiagnosticCode::IncrementAboveMax, muted, &place.member("max"), || {
                let message = format!("every call is denied: it costs {cost}, and {max} is allowed");
                Words::new(message, "write a larger `max`, or `\"action\": \"deny\"` if that is meant")
            });
        }
    }

    fn redundant(
        &mut self,
        limit: &Limit,
        index: usize,
        own: &Limits<'_>,
        shared: &Limits<'_>,
        muted: Muted,
        list: &Place<'_>,
    ) {
        let all_tools = Place::Document;
        let all_tools = all_tools.member("all_tools");
        let all_tools = all_tools.member("limits");
        let beside = own.strictest(&limit.counter).filter(|(other, strict)| {
            *other != index && is_covered(limit, strict) && (*other < index || limit.on_deny.is_none())
        });
        let found = match beside {
            Some((other, _)) => Some(list.element(other)),
            None => shared
                .strictest(&limit.counter)
                .filter(|(_, strict)| is_covered(limit, strict) && limit.on_deny.is_none())
                .map(|(other, _)| all_tools.element(other)),
        };
        if let Some(other) = found {
            self.say(DiagnosticCode::RedundantLimit, muted, &list.element(index), || {
                let message = format!(
                    "this never matters beside another limit of the counter `{}`, which is as strict or stricter",
                    excerpt(&limit.counter)
                );
                Words::new(message, "leave it out, or name another counter").beside("the other limit is here", &other)
            });
        }
    }

    fn scope(
        &mut self,
        scope: Option<&Scopes>,
        window: Window,
        holds: bool,
        required: &[&Required],
        muted: Muted,
        place: &Place<'_>,
    ) {
        let place = place.member("scope");
        let mut arguments = scope.map(Scopes::as_slice).unwrap_or_default().iter().filter_map(|text| {
            let scope = Scope::parse(text).ok()?;
            matches!(scope, Scope::Argument(_)).then(|| scope.to_string())
        });
        let free =
            arguments.find(|argument| !required.iter().any(|required| required.bounded.contains(argument)));
        let Some(free) = free else {
            return;
        };
        if !holds && is_by_agent(scope) {
            self.say(DiagnosticCode::ScopeByAgent, muted, &place, || {
                let message = format!(
                    "the agent gets a new counter with each value of `{}` that it writes",
                    excerpt(&free)
                );
                let help =
                    "add a limit with a scope such as `grant`, or ask in `require` that it is `in` a list";
                Words::new(message, help)
            });
        }
        if window == Window::Lifetime {
            self.say(DiagnosticCode::LifetimePerArgument, muted, &place, || {
                let message =
                    format!("each value of `{}` makes a counter that is kept for ever", excerpt(&free));
                let help = "write a window that ends, or ask in `require` that the argument is `in` a list";
                Words::new(message, help)
            });
        }
    }
}

/// What a call costs.
#[derive(PartialEq, Eq)]
enum Cost {
    Argument(Path),
    Fixed(Amount),
}

fn cost(limit: &Limit) -> Option<Cost> {
    match (&limit.increment_from, &limit.increment) {
        (Some(path), _) => Path::parse(path).ok().map(Cost::Argument),
        (None, Some(increment)) => amount(increment).map(Cost::Fixed),
        (None, None) => Some(Cost::Fixed(Amount::ONE)),
    }
}

fn amount(number: &Number) -> Option<Amount> {
    Amount::exactly(Decimal::of(number)?).ok()
}

/// Whether every scope is an argument.
fn is_by_agent(scope: Option<&Scopes>) -> bool {
    scope.is_some_and(|scopes| {
        scopes.as_slice().iter().all(|text| matches!(Scope::parse(text), Ok(Scope::Argument(_))))
    })
}

/// Whether a limit lets less through than another of the same counter: the first of those that let the least through is
/// what the others are compared with.
fn is_stricter(limit: &Limit, other: &Limit) -> bool {
    let (max, other_max) = (amount(&limit.max), amount(&other.max));
    max < other_max || (max == other_max && is_covered(other, limit) && !is_covered(limit, other))
}

/// Whether a limit asks for nothing that another of the same counter does not: it lets as much through, costs no more and is given
/// back as often.
fn is_covered(limit: &Limit, other: &Limit) -> bool {
    let costs_no_more = match (cost(limit), cost(other)) {
        (Some(Cost::Fixed(cost)), Some(Cost::Fixed(other))) => cost <= other,
        (Some(Cost::Argument(path)), Some(Cost::Argument(other))) => path == other,
        _ => false,
    };
    costs_no_more
        && amount(&limit.max) >= amount(&other.max)
        && generosity(limit.refund) >= generosity(other.refund)
}

fn generosity(refund: Refund) -> u8 {
    match refund {
        Refund::Never => 0,
        Refund::Unsent => 1,
        Refund::Failed => 2,
    }
}
