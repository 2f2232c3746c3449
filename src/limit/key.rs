//! Keys of counters: text that a person can read and no choice of names and values can forge.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::limit::{Algorithm, Window};

/// A key under construction.
///
/// `ns:prod|counter:writes|minute|fixed|grant:ci-runner|args.id=7`: parts are joined by `|`, and each part is
/// a name, a mark and a value. `:` marks text, `=` a number or boolean, `#` the SHA-256 of a text that is
/// long. Names and texts are written in visible ASCII; every byte that is not, or that means something in a
/// key, is percent-encoded. So a key is read back in one way only, whatever the names and values are.
#[derive(Debug)]
pub(crate) struct Key {
    text: String,
}

impl Key {
    pub(crate) fn new(namespace: &str) -> Self {
        let mut key = Self { text: String::with_capacity(USUAL_LENGTH) };
        key.text.push_str("ns");
        key.text(namespace);
        key
    }

    /// Adds what [`Limit::key`](crate::limit::Limit) holds: parts that are written already.
    pub(crate) fn parts(&mut self, parts: &str) {
        self.text.push_str(parts);
    }

    /// Begins a part.
    pub(crate) fn name(&mut self, name: &str) {
        self.text.push('|');
        self.continue_name(name);
    }

    pub(crate) fn continue_name(&mut self, name: &str) {
        escape(name, |byte| matches!(byte, b':' | b'=' | b'#'), &mut self.text);
    }

    /// Gives the part a text.
    pub(crate) fn text(&mut self, text: &str) {
        write_text(text, &mut self.text);
    }

    /// Gives the part a number or a boolean, as JSON writes it.
    pub(crate) fn literal(&mut self, literal: &dyn fmt::Display) {
        // Writing to a string does not fail.
        let _ = write!(self.text, "={literal}");
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// The part of a counter's key that is the same for every call. `mark` says what kind of name it is.
pub(crate) fn counter_key(mark: &str, name: &str, window: Window, algorithm: Algorithm) -> Arc<str> {
    let mut key = format!("|{mark}");
    write_text(name, &mut key);
    // Writing to a string does not fail.
    let _ = write!(key, "|{window}|{algorithm}");
    key.into()
}

/// Most keys are shorter.
const USUAL_LENGTH: usize = 96;

/// Longer texts are hashed, so that a call cannot fill a store with a few large arguments.
const LONGEST_TEXT: usize = 64;

/// Writes a mark and a text.
fn write_text(text: &str, key: &mut String) {
    if text.len() <= LONGEST_TEXT {
        key.push(':');
        escape(text, |_| false, key);
    } else {
        key.push('#');
        for byte in Sha256::digest(text.as_bytes()) {
            let _ = write!(key, "{byte:02x}");
        }
    }
}

/// Braces are escaped because Redis gives them a meaning.
fn escape(text: &str, special: fn(u8) -> bool, key: &mut String) {
    let is_plain =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'|' | b'{' | b'}') && !special(byte);
    if text.bytes().all(is_plain) {
        key.push_str(text);
        return;
    }
    for byte in text.bytes() {
        if is_plain(byte) {
            key.push(char::from(byte));
        } else {
            let _ = write!(key, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Part = (String, String);

    fn key(namespace: &str, parts: &[Part]) -> String {
        let mut key = Key::new(namespace);
        for (name, value) in parts {
            key.name(name);
            key.text(value);
        }
        key.into_text()
    }

    #[test]
    fn t30_a_person_can_read_a_key() {
        let mut key = Key::new("prod");
        key.name("counter");
        key.text("writes");
        key.parts("|minute|fixed");
        key.name("args.id");
        key.literal(&7);
        assert_eq!(key.into_text(), "ns:prod|counter:writes|minute|fixed|args.id=7");
    }

    #[test]
    fn t31_a_large_value_does_not_make_a_large_key() {
        let (a, b) = ("x".repeat(1_000_000), "x".repeat(1_000_001));
        let keys = [a, b].map(|value| key("", &[("args.a".to_owned(), value)]));
        assert_ne!(keys[0], keys[1]);
        assert!(keys[0].len() < 100);
    }

    fn hostile() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a:b|#=%{}/3A ]{0,6}",
            Just("*".to_owned()),
            Just("a\0b\n".to_owned()),
            Just("x".repeat(64)),
            Just("x".repeat(65)),
            any::<String>(),
        ]
    }

    proptest! {
        #[test]
        fn t30_distinct_names_and_values_make_distinct_keys(
            a in (hostile(), prop::collection::vec((hostile(), hostile()), 0..3)),
            b in (hostile(), prop::collection::vec((hostile(), hostile()), 0..3)),
        ) {
            prop_assert_eq!(a == b, key(&a.0, &a.1) == key(&b.0, &b.1));
            prop_assert!(key(&a.0, &a.1).bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
