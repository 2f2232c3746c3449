//! Limits: how much of what may be called, and how the count is kept.
//!
//! A policy's limits become [`Charges`], the price of one call: plain data, which a [counter
//! store](crate::store::CounterStore) takes, all of them or none.

mod charge;
mod counter;
mod key;
mod scope;
mod window;

use std::sync::Arc;

pub(crate) use charge::ChargeError;
pub use charge::{ApprovalUse, Charge, Charged, Charges, Reservation, WindowId};
#[cfg(feature = "sqlite")]
pub(crate) use counter::CounterError;
pub(crate) use counter::{Counter, Freed, HOUR};
#[cfg(feature = "redis")]
pub(crate) use counter::{Pack, Unpack};
pub(crate) use key::{Key, counter_key};
pub(crate) use scope::{Scope, ScopeError};
pub use window::Window;
pub(crate) use window::WindowName;

use crate::names::names;
pub use crate::number::Amount;
use crate::path::Path;

names! {
    /// How a limit counts.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "the algorithms are part of the language, version 1")]
    pub enum Algorithm {
        /// In windows that are aligned to the calendar. Around a boundary it lets up to twice `max` through.
        #[default]
        Fixed = "fixed",
        /// Within any interval as long as the window, never more than `max`.
        Sliding = "sliding",
    }
}

names! {
    /// When a charge is given back.
    ///
    /// In the order of how much is given back: the least first.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "the refunds are part of the language, version 1")]
    pub enum Refund {
        /// Never.
        Never = "never",
        /// When the call never left the gateway.
        #[default]
        Unsent = "unsent",
        /// Then, and when the server answered with an error. A server that fails after it has done the work
        /// can then be called without end.
        Failed = "failed",
    }
}

names! {
    /// What became of a call that was let through.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "the outcomes are part of the language, version 1")]
    pub enum Outcome {
        /// The server answered with an error.
        Failed = "failed",
        /// The server answered with a result.
        Succeeded = "succeeded",
        /// The call never left the gateway. One that was sent and got no answer is not unsent: the server may
        /// have done the work.
        Unsent = "unsent",
    }
}

impl Outcome {
    /// What a server's answer means: a JSON-RPC response, or the result of a `tools/call` alone.
    ///
    /// An `error` member, or `isError: true` in the result, means that the call failed. An answer that is no
    /// object counts as failed too.
    ///
    /// ```
    /// use mcp_policy::Outcome;
    /// use serde_json::json;
    ///
    /// assert_eq!(Outcome::of(&json!({"content": []})), Outcome::Succeeded);
    /// assert_eq!(Outcome::of(&json!({"content": [], "isError": true})), Outcome::Failed);
    /// assert_eq!(Outcome::of(&json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602}})), Outcome::Failed);
    /// ```
    #[must_use]
    pub fn of(answer: &serde_json::Value) -> Self {
        let Some(answer) = answer.as_object() else {
            return Self::Failed;
        };
        let result = answer.get("result").and_then(serde_json::Value::as_object).unwrap_or(answer);
        let is_error = result.get("isError").is_some_and(|flag| *flag != serde_json::Value::Bool(false));
        if answer.contains_key("error") || is_error { Self::Failed } else { Self::Succeeded }
    }
}

impl Refund {
    /// Whether a charge is given back after this.
    #[must_use]
    pub fn applies_to(self, outcome: Outcome) -> bool {
        match (self, outcome) {
            (Self::Failed, Outcome::Failed) | (Self::Failed | Self::Unsent, Outcome::Unsent) => true,
            (_, Outcome::Failed | Outcome::Succeeded | Outcome::Unsent) => false,
        }
    }
}

/// A compiled limit of a policy.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    /// Where the rule or `all_tools` stands that it is in, as a JSON Pointer.
    pub(crate) owner: Arc<str>,
    /// Where it stands there.
    pub(crate) spot: LimitSpot,
    pub(crate) on_deny: Option<Arc<str>>,
    /// The number of the counter in its policy: limits that name one counter have one number.
    pub(crate) counter: usize,
    /// INVARIANT: canonical, and not `month` or `lifetime` if the algorithm slides.
    pub(crate) window: Window,
    pub(crate) algorithm: Algorithm,
    pub(crate) max: Amount,
    /// INVARIANT: sorted, each once.
    pub(crate) scopes: Vec<Scope>,
    pub(crate) increment: Increment,
    pub(crate) refund: Refund,
    /// The part of the counter's key that is the same for every call.
    pub(crate) key: Arc<str>,
}

/// Where in a rule a limit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitSpot {
    Limits(usize),
    RateLimit,
}

/// What a call costs.
#[derive(Clone, Debug)]
pub(crate) enum Increment {
    Fixed(Amount),
    /// INVARIANT: below `args`, without `[*]`.
    From(Path),
}

impl Limit {
    /// Where it stands in the policy, as a JSON Pointer.
    pub(crate) fn rule(&self) -> String {
        rule_pointer(&self.owner, self.spot)
    }

    /// What it allows, in words: "at most 10 calls per minute for each `grant`". The max is that of the
    /// charge: another limit of the same counter may have a smaller one.
    pub(crate) fn words(&self, max: Amount) -> String {
        let what = match &self.increment {
            Increment::Fixed(Amount::ONE) if max == Amount::ONE => "1 call".to_owned(),
            Increment::Fixed(Amount::ONE) => format!("{max} calls"),
            Increment::Fixed(_) => max.to_string(),
            Increment::From(path) => format!("{max} of `{path}`"),
        };
        let window = match self.window {
            Window::Lifetime => " in all".to_owned(),
            Window::Seconds(seconds) => format!(" in {seconds} seconds"),
            named => format!(" per {named}"),
        };
        let scopes = self.scopes.iter().filter(|scope| **scope != Scope::Global);
        let scopes: Vec<_> = scopes.map(|scope| format!("`{scope}`")).collect();
        let each =
            if scopes.is_empty() { String::new() } else { format!(" for each {}", scopes.join(" and ")) };
        format!("at most {what}{window}{each}")
    }
}

/// Where a limit stands in the policy, as a JSON Pointer.
pub(crate) fn rule_pointer(owner: &str, spot: LimitSpot) -> String {
    match spot {
        LimitSpot::Limits(index) => format!("{owner}/limits/{index}"),
        LimitSpot::RateLimit => format!("{owner}/rate_limit"),
    }
}
