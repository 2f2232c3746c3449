//! What tells whether two calls had the same arguments, without saying what they were.

use std::fmt;
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use thiserror::Error;

use crate::json::{Item, write_canonical};

/// A secret key for the arguments in audit records.
///
/// A record has no values. With a key it bears the HMAC-SHA-256 of the arguments instead: whoever has the key
/// and a guess at the arguments can check the guess, and nobody else can. Without a key in it, a hash of a
/// phone number is as good as the number.
///
/// ```
/// use mcp_policy::audit::AuditKey;
/// use serde_json::json;
///
/// let key = AuditKey::new(*b"0123456789abcdef")?;
/// let arguments = json!({"b": 1.0, "a": [true]});
/// let same = json!({"a": [true], "b": 1});
/// assert_eq!(key.sign(arguments.as_object()), key.sign(same.as_object()));
/// assert_ne!(key.sign(arguments.as_object()), key.sign(None));
/// # Ok::<(), mcp_policy::audit::WeakKey>(())
/// ```
#[derive(Clone)]
pub struct AuditKey(Box<[u8]>);

impl AuditKey {
    /// A key of these bytes, drawn at random by somebody else.
    ///
    /// # Errors
    ///
    /// [`WeakKey`] for fewer than [`MIN_KEY_BYTES`].
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Result<Self, WeakKey> {
        let bytes = bytes.into();
        if bytes.len() < MIN_KEY_BYTES {
            return Err(WeakKey(()));
        }
        Ok(Self(bytes))
    }

    /// The HMAC-SHA-256 of the arguments in canonical JSON (RFC 8785, except that integers are written with
    /// all their digits), as 64 hexadecimal digits. Arguments that are absent are `{}`. None for what is
    /// nested deeper than [`MAX_DEPTH`](crate::json::MAX_DEPTH).
    #[must_use]
    pub fn sign(&self, arguments: Option<&Map<String, Value>>) -> Option<String> {
        let mut text = String::new();
        match arguments {
            Some(members) => write_canonical(Item::Object(members), &mut text)?,
            None => text.push_str("{}"),
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(text.as_bytes());
        let mut digits = String::with_capacity(64);
        for byte in mac.finalize().into_bytes() {
            write!(digits, "{byte:02x}").ok()?;
        }
        Some(digits)
    }
}

/// Shows no key.
impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuditKey").finish_non_exhaustive()
    }
}

/// A key that can be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a key has at least 16 bytes")]
pub struct WeakKey(());

/// The fewest bytes of an [`AuditKey`].
pub const MIN_KEY_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn t67_arguments_are_signed_as_anybody_with_the_key_signs_them() {
        let key = AuditKey::new(*b"0123456789abcdef").unwrap();
        // printf '{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let known = "1c76fbb930d3aa8b1633728fae212c68ca68a6752bb319b98be6fe17e86cf5b8";
        assert_eq!(key.sign(json!({"a": 1}).as_object()).as_deref(), Some(known));
        assert_eq!(key.sign(None), key.sign(Some(&Map::new())));
        assert_ne!(key.sign(json!({"a": "1"}).as_object()).as_deref(), Some(known));
        let other = AuditKey::new(*b"0123456789abcdeg").unwrap();
        assert_ne!(other.sign(json!({"a": 1}).as_object()).as_deref(), Some(known));
        assert_eq!(AuditKey::new(*b"0123456789abcde").unwrap_err(), WeakKey(()));
        assert!(!format!("{key:?}").contains("48"));
    }
}
