//! What comes before a call is charged, and what comes after: the same for a store that is called and for one
//! that is waited for.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::call::ToolCall;
use crate::evaluator::{Decision, Evaluator, OnStoreFailure, Permit};
use crate::fingerprint::Fingerprint;
use crate::limit::{Charges, Reservation};
use crate::policy::document::Mode;
use crate::policy::{Denial, DenialCode, Stop, Verdict};
use crate::policy::{approval_invalid, limit_exceeded, store_denial};
use crate::store::{Exceeded, Refusal};

/// A call that has been judged.
pub(super) enum Judged<S> {
    /// There is nothing to charge.
    Decided(Decision<S>),
    Priced(Priced),
}

/// What a call costs, by the policy it was judged by.
pub(super) struct Priced {
    pub(super) charges: Charges,
    mode: Mode,
}

impl<S> Evaluator<S> {
    pub(super) fn judge(&self, call: &ToolCall<'_>, now: SystemTime) -> Judged<S> {
        let Some(policy) = self.policy() else {
            return Judged::Decided(Decision::Deny(Denial::no_policy()));
        };
        let mode = policy.mode();
        match policy.judge_in(&self.inner.namespace, call, self.catalog(), now.into(), &mut ()) {
            Verdict::Allow => {
                Judged::Decided(Decision::Allow(Permit::new(self.clone(), Reservation::default())))
            }
            Verdict::Charge(charges) => Judged::Priced(Priced { charges, mode }),
            Verdict::Deny(denial) => Judged::Decided(self.stop(Stop::Deny(denial), mode)),
            Verdict::NeedsApproval(request) => Judged::Decided(self.stop(Stop::NeedsApproval(request), mode)),
        }
    }

    /// Judges a call again that has been charged: what it costs is not charged a second time, and an approval
    /// that it had then need not be given again.
    pub(crate) fn judge_again(
        &self,
        call: &ToolCall<'_>,
        permit: Permit<S>,
        approved: Option<Fingerprint>,
        now: SystemTime,
    ) -> Decision<S> {
        match self.judge(call, now) {
            Judged::Decided(Decision::Allow(_)) | Judged::Priced(_) => Decision::Allow(permit),
            Judged::Decided(Decision::NeedsApproval(request)) if approved == Some(request.fingerprint()) => {
                Decision::Allow(permit)
            }
            Judged::Decided(stop) => stop,
        }
    }

    pub(super) fn decide(&self, priced: &Priced, taken: Result<Reservation, Refusal>) -> Decision<S> {
        let Priced { charges, mode } = priced;
        match taken {
            Ok(reservation) => Decision::Allow(Permit::new(self.clone(), reservation)),
            Err(Refusal::Unavailable(error)) if self.passes_uncharged(charges) => {
                Decision::Allow(Permit::degraded_by(self.clone(), error))
            }
            Err(refusal) => self.stop(Stop::Deny(denial_of(refusal, charges)), *mode),
        }
    }

    /// Whether a call with this price is let through while the store does not answer. One with an approval
    /// never is: an approval whose use cannot be marked could be used without end.
    pub(super) fn passes_uncharged(&self, charges: &Charges) -> bool {
        match self.inner.on_store_failure {
            OnStoreFailure::Allow => charges.approval().is_none(),
            OnStoreFailure::Deny => false,
        }
    }

    fn stop(&self, stop: Stop, mode: Mode) -> Decision<S> {
        if mode == Mode::Monitor && !is_always_enforced(&stop) {
            return Decision::Allow(Permit::unenforced_by(self.clone(), stop));
        }
        match stop {
            Stop::Deny(denial) => Decision::Deny(denial),
            Stop::NeedsApproval(request) => Decision::NeedsApproval(request),
        }
    }
}

/// Whether monitor mode does not change it.
pub(super) fn is_always_enforced(stop: &Stop) -> bool {
    match stop {
        Stop::Deny(denial) => {
            matches!(denial.code(), DenialCode::MalformedCall | DenialCode::NoPolicy)
        }
        Stop::NeedsApproval(_) => false,
    }
}

fn denial_of(refusal: Refusal, charges: &Charges) -> Denial {
    match refusal {
        Refusal::ApprovalUsed => match charges.approval() {
            Some(approval) => approval_invalid(approval.rule()),
            None => store_denial(DenialCode::StoreUnavailable, None),
        },
        Refusal::Exceeded(exceeded) => exceeded_denial(exceeded, charges),
        Refusal::Full => store_denial(DenialCode::StoreFull, None),
        Refusal::Unavailable(error) => store_denial(DenialCode::StoreUnavailable, Some(Arc::new(error))),
    }
}

pub(super) fn exceeded_denial(exceeded: Exceeded, charges: &Charges) -> Denial {
    match charges.charges().get(exceeded.charge) {
        Some(charge) => limit_exceeded(charge, exceeded.retry_after.map(whole_seconds)),
        // A store that names a charge that there is not does not answer as it should.
        None => store_denial(DenialCode::StoreUnavailable, None),
    }
}

/// Rounded up, as a store may not have done.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}
