//! Approvals: what a person said yes to.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use thiserror::Error;

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

/// What a request for approval is for: SHA-256 over the namespace, the policy's digest, the rule, the tool,
/// the arguments and all attributes of the context.
///
/// Written as `sha256:` and 64 hexadecimal digits, and read back from that.
///
/// ```
/// use mcp_policy::Fingerprint;
///
/// let fingerprint = Fingerprint::from_bytes([0xab; 32]);
/// assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint with these bytes, as [`as_bytes`](Self::as_bytes) gave them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let digits = text.strip_prefix(PREFIX).ok_or(FingerprintError(()))?;
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(FingerprintError(()));
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            // Lower case only: one text for one fingerprint.
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(is_lower_hex));
            let value = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
            *byte = value.ok_or(FingerprintError(()))?;
        }
        Ok(Self(bytes))
    }
}

/// A text that is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a fingerprint is `sha256:` and 64 lower-case hexadecimal digits")]
pub struct FingerprintError(());

const PREFIX: &str = "sha256:";

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "a test that panics fails")]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_fingerprint_is_refused() {
        let good = Fingerprint::from_bytes([0x0f; 32]).to_string();
        assert!(good.parse::<Fingerprint>().is_ok());
        for bad in
            ["", "sha256:", &good.to_uppercase(), &good[1..], &format!("{good}0"), &good.replace('f', "F")]
        {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
        let signs = format!("sha256:{}", "+f".repeat(32));
        assert!(signs.parse::<Fingerprint>().is_err());
    }
}
