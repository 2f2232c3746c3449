//! How somebody is asked for an approval over MCP.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::call::Approval;
use crate::fingerprint::Fingerprint;
use crate::json;
use crate::mcp::message::write::write_object;

/// What becomes of a call that needs approval.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_enums, reason = "a call is answered, held, or the client is asked")]
pub enum Approvals {
    /// The person at the client is asked by elicitation, where the client can; elsewhere as under
    /// [`Refer`](Self::Refer).
    ///
    /// This proves only that *the client* says yes. A client that is run by an agent can say so by itself:
    /// whoever must be sure asks on another way.
    Elicit(Elicitation),
    /// It is held, and handed to the embedding program ([`Actions::held`](crate::mcp::Actions::held)), which
    /// asks whom it wants and then says [`approve`](crate::mcp::Session::approve) or
    /// [`decline`](crate::mcp::Session::decline). For approvals that come before clients lose their patience,
    /// which is a minute with many.
    Hold,
    /// It is answered: it needs approval. Once the embedding program has given
    /// [`Gate::add_approval`](crate::mcp::Gate::add_approval) the approval, the same call passes when it is
    /// repeated. For approvals that may take long.
    #[default]
    Refer,
}

/// Asks for approvals by elicitation: by `elicitation/create` in the revisions until 2025-11-25, and by an
/// input-required result from 2026-07-28 on.
///
/// Clones are one: they count approvals together.
#[derive(Clone)]
pub struct Elicitation {
    inner: Arc<Inner>,
}

struct Inner {
    key: [u8; 32],
    nonce: Box<str>,
    valid_for: Duration,
    count: AtomicU64,
}

impl Elicitation {
    /// With a secret key, a nonce, and how long an approval is valid.
    ///
    /// The key proves that the state which a client carries from its first call to its second is the
    /// gateway's own. All processes that serve the same clients need the same key; nobody else may have it.
    /// The nonce makes the identifiers of approvals unique: a text that no other process in the evaluator's
    /// namespace has or ever had, such as a random UUID made at the start. Two with the same nonce let nothing
    /// through that they should not: one of their approvals is denied as used.
    pub fn new(key: [u8; 32], nonce: impl Into<String>, valid_for: Duration) -> Self {
        let inner = Inner { key, nonce: nonce.into().into(), valid_for, count: AtomicU64::new(0) };
        Self { inner: Arc::new(inner) }
    }

    /// An approval that nobody has given yet.
    pub(crate) fn draw(&self, fingerprint: Fingerprint, now: SystemTime) -> Option<Approval> {
        let number = self.inner.count.fetch_add(1, Ordering::Relaxed);
        let id = format!("elicitation/{}/{number}", self.inner.nonce);
        Some(Approval::new(id, fingerprint, now.checked_add(self.inner.valid_for)?))
    }

    /// The state that the client carries while it asks: the approval, and what the client was carrying
    /// before. It is signed, and not secret.
    pub(crate) fn seal(&self, approval: &Approval, carried: Carried) -> Option<String> {
        let expires = approval.expires_at().duration_since(UNIX_EPOCH).ok()?.as_secs();
        let mut payload = Map::new();
        payload.insert("id".to_owned(), approval.id().into());
        payload.insert("fingerprint".to_owned(), approval.fingerprint().to_string().into());
        payload.insert("expires".to_owned(), expires.into());
        if let Some(state) = carried.state {
            payload.insert("state".to_owned(), state.into());
        }
        if let Some(responses) = carried.responses {
            payload.insert("responses".to_owned(), responses.into());
        }
        let mut text = String::new();
        write_object(&payload, &mut text);
        let signature = self.mac(text.as_bytes())?.finalize().into_bytes();
        Some(format!("{PREFIX}{}.{}", URL_SAFE_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The approval that a state is about, and what the client was carrying before; `None` unless the state is
    /// one of ours, to the letter. Whether it is too old, and for which call it is, the evaluator says.
    pub(crate) fn open(&self, state: &str) -> Option<(Approval, Carried)> {
        let (text, signature) = state.strip_prefix(PREFIX)?.split_once('.')?;
        let text = URL_SAFE_NO_PAD.decode(text).ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.mac(&text)?.verify_slice(&signature).ok()?;
        let Value::Object(mut payload) = json::parse(std::str::from_utf8(&text).ok()?).ok()? else {
            return None;
        };
        let fingerprint = payload.get("fingerprint")?.as_str()?.parse::<Fingerprint>().ok()?;
        let expires = UNIX_EPOCH.checked_add(Duration::from_secs(payload.get("expires")?.as_u64()?))?;
        let approval = Approval::new(payload.get("id")?.as_str()?, fingerprint, expires);
        let state = payload.get("state").and_then(Value::as_str).map(str::to_owned);
        let responses = match payload.remove("responses") {
            Some(Value::Object(responses)) => Some(responses),
            _ => None,
        };
        Some((approval, Carried { state, responses }))
    }

    fn mac(&self, text: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.inner.key).ok()?;
        mac.update(PREFIX.as_bytes());
        mac.update(text);
        Some(mac)
    }
}

/// Shows no key.
impl fmt::Debug for Elicitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elicitation").field("valid_for", &self.inner.valid_for).finish_non_exhaustive()
    }
}

/// What belongs to the server in the retry of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Carried {
    pub(crate) state: Option<String>,
    pub(crate) responses: Option<Map<String, Value>>,
}

/// Whether a state claims to be one of ours.
pub(crate) fn is_sealed(state: &str) -> bool {
    state.starts_with(PREFIX)
}

const PREFIX: &str = "mcp-policy.1.";

#[cfg(test)]
#[expect(clippy::string_slice, reason = "a test that panics fails")]
mod tests {
    use serde_json::json;

    use super::*;

    fn elicitation(key: u8) -> Elicitation {
        Elicitation::new([key; 32], "nonce", Duration::from_secs(60))
    }

    #[test]
    fn what_is_sealed_is_opened_with_what_was_carried() {
        let elicitation = elicitation(1);
        let approval = elicitation.draw(Fingerprint::from_bytes([7; 32]), UNIX_EPOCH).unwrap();
        let carried = Carried {
            state: Some("up\u{2028}stream".to_owned()),
            responses: json!({"a": {"n": 0.1}}).as_object().cloned(),
        };
        let state = elicitation.seal(&approval, carried.clone()).unwrap();
        assert!(is_sealed(&state));
        assert_eq!(elicitation.open(&state), Some((approval, carried)));
    }

    #[test]
    fn t49_a_state_that_was_changed_in_any_place_or_made_with_another_key_is_not_opened() {
        let elicitation = elicitation(1);
        let approval = elicitation.draw(Fingerprint::from_bytes([7; 32]), UNIX_EPOCH).unwrap();
        let state = elicitation.seal(&approval, Carried::default()).unwrap();
        let other = Elicitation::new([2; 32], "nonce", Duration::from_secs(60));
        assert_eq!(other.open(&state), None);
        for at in 0..state.len() {
            for byte in [b'A', b'B', b'.', b'='] {
                let mut changed = state.clone().into_bytes();
                changed[at] = byte;
                let changed = String::from_utf8(changed).unwrap();
                assert!(changed == state || elicitation.open(&changed).is_none(), "{at}");
            }
            assert_eq!(elicitation.open(&state[..at]), None);
        }
        for other in ["", PREFIX, "mcp-policy.1..", "x"] {
            assert_eq!(elicitation.open(other), None);
        }
        assert_eq!(elicitation.open(&format!("{state}A")), None);
    }

    #[test]
    fn every_approval_has_an_identifier_of_its_own() {
        let elicitation = elicitation(1);
        let draw = || elicitation.clone().draw(Fingerprint::from_bytes([7; 32]), UNIX_EPOCH).unwrap();
        assert_ne!(draw().id(), draw().id());
    }
}
