//! Charges as a policy would make them, and moments to take them at.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::call::{Context, ToolCall};
use crate::condition::Subject;
use crate::limit::{
    Algorithm, Amount, ApprovalUse, Charge, Charges, Increment, Limit, LimitSpot, Refund, Scope, Window,
    counter_key,
};
use crate::store::conformance::failure::Broken;
use crate::timestamp::Timestamp;

/// What a limit charges: one line of a price.
#[derive(Clone, Debug)]
pub(super) struct Line {
    counter: String,
    window: Window,
    algorithm: Algorithm,
    max: u64,
    amount: u64,
    refund: Refund,
    /// Scopes with what the call has there.
    scopes: Vec<(String, Value)>,
}

impl Line {
    /// A fixed window that lets so many calls through.
    pub(super) fn fixed(counter: impl Into<String>, window: Window, max: u64) -> Self {
        Self {
            counter: counter.into(),
            window: window.canonical(),
            algorithm: Algorithm::Fixed,
            max: max.saturating_mul(MILLION),
            amount: MILLION,
            refund: Refund::Unsent,
            scopes: Vec::new(),
        }
    }

    /// A window by its algorithm.
    pub(super) fn of(algorithm: Algorithm, counter: impl Into<String>, window: Window, max: u64) -> Self {
        Self { algorithm, ..Self::fixed(counter, window, max) }
    }

    /// Costs so much instead of one.
    pub(super) fn costing(self, amount: u64) -> Self {
        Self { amount: amount.saturating_mul(MILLION), ..self }
    }

    /// Costs so many millionths, against so many.
    pub(super) fn in_millionths(self, amount: u64, max: u64) -> Self {
        Self { max, amount, ..self }
    }

    /// Counts for each value of a scope.
    pub(super) fn each(mut self, scope: impl Into<String>, value: impl Into<Value>) -> Self {
        self.scopes.push((scope.into(), value.into()));
        self
    }

    fn limit(&self, index: usize) -> Result<Limit, Broken> {
        let mut scopes = Vec::new();
        for (scope, _) in &self.scopes {
            scopes.push(Scope::parse(scope).map_err(|error| unbuilt(error.to_string()))?);
        }
        scopes.sort_unstable();
        Ok(Limit {
            owner: "/conformance".into(),
            spot: LimitSpot::Limits(index),
            on_deny: None,
            counter: index,
            window: self.window,
            algorithm: self.algorithm,
            max: amount(self.max)?,
            scopes,
            increment: Increment::Fixed(amount(self.amount)?),
            refund: self.refund,
            key: counter_key("counter", &self.counter, self.window, self.algorithm),
        })
    }

    fn charge(&self, namespace: &str, index: usize) -> Result<Charge, Broken> {
        let limit = Arc::new(self.limit(index)?);
        self.as_call(|subject| Charge::new(&limit, namespace, subject))
            .map_err(|error| unbuilt(format!("{error:?}")))
    }

    /// Does something with the call that has what the scopes name.
    fn as_call<T>(&self, with: impl FnOnce(&Subject<'_>) -> T) -> T {
        let mut arguments = Map::new();
        let mut attributes = Vec::new();
        for (scope, value) in &self.scopes {
            if let Some(argument) = scope.strip_prefix("args.") {
                arguments.insert(argument.to_owned(), value.clone());
            } else if let Some(value) = value.as_str() {
                attributes.push((scope.strip_prefix("context.").unwrap_or(scope), value));
            }
        }
        let context = Context::new().attributes(&attributes);
        let call = ToolCall::new("conformance", None::<&Value>).context(&context);
        with(&Subject::new(call, Some(&arguments), at(0), None))
    }
}

/// A price, line by line.
pub(super) fn charges(namespace: &str, lines: &[Line]) -> Result<Charges, Broken> {
    charges_with(namespace, lines, None)
}

/// A price with an approval, by its identifier and the moment at which it ends.
pub(super) fn charges_with(
    namespace: &str,
    lines: &[Line],
    approval: Option<(&str, Timestamp)>,
) -> Result<Charges, Broken> {
    let charges: Result<Vec<_>, _> =
        lines.iter().enumerate().map(|(index, line)| line.charge(namespace, index)).collect();
    let approval = approval
        .map(|(id, expires_at)| ApprovalUse::new(namespace, id, "/conformance/action".into(), expires_at));
    Ok(Charges::new(charges?, approval))
}

/// A price of two limits that share a counter.
pub(super) fn joined(namespace: &str, first: &Line, second: &Line) -> Result<Charges, Broken> {
    let mut charge = first.charge(namespace, 0)?;
    let limit = second.limit(1)?;
    second.as_call(|subject| charge.join(&limit, subject)).map_err(|error| unbuilt(format!("{error:?}")))?;
    Ok(Charges::new(vec![charge], None))
}

/// So many seconds after Monday, 2026-06-01T00:00:00Z, the first day of a month.
pub(super) fn at(seconds: i64) -> Timestamp {
    at_micros(seconds.saturating_mul(Timestamp::SECOND))
}

/// So many microseconds after that.
pub(super) fn at_micros(micros: i64) -> Timestamp {
    Timestamp::from_micros(BASE.saturating_add(micros))
}

fn amount(millionths: u64) -> Result<Amount, Broken> {
    Amount::from_millionths(millionths).ok_or_else(|| unbuilt(format!("{millionths} millionths")))
}

/// A mistake of the suite, and none of the store.
fn unbuilt(what: String) -> Broken {
    Broken::new("the suite builds what a policy could.", what)
}

pub(super) const MILLION: u64 = 1_000_000;
pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 3_600;
pub(super) const DAY: i64 = 86_400;

const BASE: i64 = 1_780_272_000 * Timestamp::SECOND;

pub(super) const ALGORITHMS: [Algorithm; 2] = [Algorithm::Fixed, Algorithm::Sliding];
