//! Splitting names and texts into words.

use crate::risk::lexicon::Key;

/// A word as it stands in a name or a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Token {
    /// Its letters; `None` if it is too long for the lexicon, or has letters that are not ASCII.
    pub(crate) key: Option<Key>,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What stands before it.
    pub(crate) gap: Gap,
}

/// What stands between a word and the one before it, what separates most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    /// Nothing, or what joins the words of a name.
    #[default]
    Joined,
    Space,
    /// A comma or a slash: one of several.
    Comma,
    /// Quotes or brackets: words that are repeated.
    Quote,
    /// A colon or a dash.
    Colon,
    /// The end of a sentence or of a line.
    Stop,
}

/// The words of a text, in order: runs of letters, split where lower case meets upper case. Digits and signs separate.
///
/// One pass over the bytes, and nothing is copied.
pub(crate) fn words(text: &str) -> Words<'_> {
    Words { bytes: text.as_bytes(), at: 0 }
}

#[derive(Debug)]
pub(crate) struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for Words<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let gap = self.gap()?;
        let start = self.at;
        let mut key = Key::default();
        let mut is_ascii = true;
        let mut before = Case::Lower;
        while let Some(&byte) = self.bytes.get(self.at) {
            let case = match byte {
                b'a'..=b'z' => Case::Lower,
                b'A'..=b'Z' => Case::Upper,
                0x80.. => Case::Foreign,
                _ => break,
            };
            let is_first = self.at == start;
            if case == Case::Upper && !is_first && (before != Case::Upper || self.lower_follows()) {
                break;
            }
            is_ascii &= case != Case::Foreign;
            key.push(byte.to_ascii_lowercase());
            before = case;
            self.at = self.at.saturating_add(1);
        }
        let fits = is_ascii && self.at.saturating_sub(start) <= Key::LONGEST;
        Some(Token { key: fits.then_some(key), start, end: self.at, gap })
    }
}

impl Words<'_> {
    /// Passes over what is no letter; `None` at the end.
    fn gap(&mut self) -> Option<Gap> {
        let mut gap = Gap::Joined;
        loop {
            let byte = *self.bytes.get(self.at)?;
            let here = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => return Some(gap),
                b' ' | b'\t' => Gap::Space,
                b',' | b'/' | b'|' | b'&' | b'+' => Gap::Comma,
                b'`' | b'"' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' => Gap::Quote,
                b'\'' => Gap::Quote,
                b':' => Gap::Colon,
                b'\n' | b'\r' | b';' | b'*' | b'#' => Gap::Stop,
                b'.' | b'!' | b'?' if self.blank_follows() => Gap::Stop,
                _ => Gap::Joined,
            };
            gap = gap.max(here);
            self.at = self.at.saturating_add(1);
        }
    }

    fn lower_follows(&self) -> bool {
        self.bytes.get(self.at.saturating_add(1)).is_some_and(u8::is_ascii_lowercase)
    }

    fn blank_follows(&self) -> bool {
        self.bytes.get(self.at.saturating_add(1)).is_none_or(|byte| !byte.is_ascii_alphanumeric())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Foreign,
    Lower,
    Upper,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        words(text).map(|token| &text[token.start..token.end]).collect()
    }

    #[test]
    fn names_are_split_at_signs_digits_and_humps() {
        assert_eq!(split("kv_namespace-delete.all/now:x"), ["kv", "namespace", "delete", "all", "now", "x"]);
        assert_eq!(split("getHTTPResponse2Delete"), ["get", "HTTP", "Response", "Delete"]);
        assert_eq!(split("listS3Buckets"), ["list", "S", "Buckets"]);
        assert_eq!(split("runOneoffQuery"), ["run", "Oneoff", "Query"]);
        assert!(split("_-1.2").is_empty());
    }

    #[test]
    fn letters_that_are_not_ascii_make_a_word_that_is_in_no_lexicon() {
        for name in ["d\u{435}lete", "del\u{200b}ete", "\u{ff44}elete", "\u{202e}eteled"] {
            let tokens: Vec<Token> = words(name).collect();
            assert_eq!(tokens.len(), 1, "{name}");
            assert_eq!(tokens[0].key, None, "{name}");
        }
    }

    #[test]
    fn what_stands_between_words_is_kept() {
        let gaps: Vec<Gap> = words("a_b c, d `e` f: g. H").map(|token| token.gap).collect();
        let expected =
            [Gap::Joined, Gap::Joined, Gap::Space, Gap::Comma, Gap::Quote, Gap::Quote, Gap::Colon, Gap::Stop];
        assert_eq!(gaps, expected);
    }
}
