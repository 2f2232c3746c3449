//! A little text on the stack.

use std::fmt;

/// At most 32 bytes, written with `write!`. What does not fit is an error, and not cut.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShortText {
    bytes: [u8; 32],
    length: usize,
}

impl ShortText {
    /// What was written.
    pub(crate) fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Write for ShortText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length.checked_add(text.len()).ok_or(fmt::Error)?;
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn what_does_not_fit_is_an_error() {
        let mut text = ShortText::default();
        write!(text, "{}", "é".repeat(16)).unwrap();
        assert!(write!(text, "x").is_err());
        assert_eq!(text.as_str().chars().count(), 16);
    }
}
