//! Counters: limits that share one must agree on how it counts.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report};
use crate::json::excerpt;
use crate::limit::{Algorithm, LimitSpot, Scope, Window, rule_pointer};

/// The counters of a policy, numbered in the order in which they are first named.
#[derive(Debug, Default)]
pub(super) struct Counters {
    seen: HashMap<Arc<str>, Seen>,
}

/// How a counter counts: what all limits that share it must agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counting {
    pub(super) window: Window,
    pub(super) algorithm: Algorithm,
    pub(super) scopes: Vec<Scope>,
}

#[derive(Debug)]
struct Seen {
    number: usize,
    /// The first limit that named it.
    owner: Arc<str>,
    spot: LimitSpot,
    counting: Counting,
}

impl Counters {
    /// The number of a counter. A limit that does not agree with the first that named it is reported.
    pub(super) fn number(
        &mut self,
        name: &str,
        counting: &Counting,
        owner: &Arc<str>,
        spot: LimitSpot,
        place: &Place<'_>,
        report: &mut Report,
    ) -> usize {
        let number = self.seen.len();
        let Some(seen) = self.seen.get(name) else {
            // One that could not be read whole does not speak for the counter.
            if !report.is_incomplete(place) {
                let (owner, counting) = (Arc::clone(owner), counting.clone());
                self.seen.insert(name.into(), Seen { number, owner, spot, counting });
            }
            return number;
        };
        if seen.counting != *counting && !report.is_incomplete(place) && !report.omit() {
            let difference = seen.counting.difference(counting);
            let message = format!("the counter `{}` is used with two {difference}", excerpt(name));
            let help =
                "limits that share a counter agree on window, algorithm and scope: name another counter";
            let diagnostic = Diagnostic::new(DiagnosticCode::CounterConflict, message, place.to_string());
            let first = rule_pointer(&seen.owner, seen.spot);
            report.check(diagnostic.with_help(help).with_related("also used here", first));
        }
        seen.number
    }
}

impl Counting {
    fn difference(&self, other: &Self) -> String {
        if self.window != other.window {
            format!("windows: `{}` and `{}`", self.window, other.window)
        } else if self.algorithm != other.algorithm {
            format!("algorithms: `{}` and `{}`", self.algorithm, other.algorithm)
        } else {
            format!("scopes: {} and {}", words(&self.scopes), words(&other.scopes))
        }
    }
}

fn words(scopes: &[Scope]) -> String {
    let scopes: Vec<_> = scopes.iter().map(|scope| format!("`{}`", excerpt(&scope.to_string()))).collect();
    scopes.join(" with ")
}
