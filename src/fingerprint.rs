//! Fingerprints: what must not change unnoticed, in 32 bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::json::{Item, write_canonical};

/// SHA-256 over what must not change unnoticed, in canonical JSON: RFC 8785, except that integers are written with all
/// their digits.
///
/// | of | is over |
/// |---|---|
/// | a policy: [`Policy::digest`](crate::Policy::digest) | the whole document |
/// | a request for approval: [`ApprovalRequest::fingerprint`](crate::ApprovalRequest::fingerprint) | the namespace, the policy's digest, the rule, the tool, the arguments and all attributes of the context |
/// | a tool's definition: [`Tool::fingerprint`](crate::risk::Tool::fingerprint) | the whole definition, as the server listed it |
///
/// White space, the order of members and how a number or a character is spelled change nothing. It is written as `sha256:`
/// and 64 lower-case hexadecimal digits, and read back from that.
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

    /// The fingerprint of a value; `None` if it has no canonical text: it is nested too deep, or holds a number without
    /// an exact value.
    pub(crate) fn of(item: Item<'_>) -> Option<Self> {
        let mut text = String::new();
        write_canonical(item, &mut text)?;
        Some(Self::of_canonical(&text))
    }

    /// The fingerprint of a text that is canonical.
    pub(crate) fn of_canonical(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
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

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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
