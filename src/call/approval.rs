//! Approvals: what a person said yes to.

use std::time::SystemTime;

use crate::fingerprint::Fingerprint;

/// A yes to one call: for one fingerprint, until a time, for one use.
///
/// The embedding program makes it when a person has answered a request for approval, usually with
/// [`ApprovalRequest::approve`](crate::ApprovalRequest::approve). It carries no proof: whoever can build one
/// can approve, so it must never be read from what a client sent. Keep it on the program's side and let the
/// client name nothing but its identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Approval {
    id: String,
    fingerprint: Fingerprint,
    expires_at: SystemTime,
}

impl Approval {
    /// An approval with an identifier of its own, which no other approval in the evaluator's namespace has:
    /// it is what single use goes by. One with an empty identifier is not valid for anything.
    pub fn new(id: impl Into<String>, fingerprint: Fingerprint, expires_at: SystemTime) -> Self {
        Self { id: id.into(), fingerprint, expires_at }
    }

    /// What tells this approval from every other.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What was approved.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The first moment at which it is no longer valid.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }
}
