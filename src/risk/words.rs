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

/// The beginning of a text, of this many bytes at most.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

#[derive(Debug)]
pub(crate) struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for Words<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = self.bytes.get(self.at..)?;
        let mut gap = Gap::Joined;
        let mut begin = None;
        for (at, byte) in rest.iter().enumerate() {
            match kind(*byte) {
                Kind::Gap(Gap::Stop) if goes_on(*byte, rest.get(at.saturating_add(1))) => {}
                Kind::Gap(here) => gap = gap.max(here),
                first => {
                    begin = Some((at, first));
                    break;
                }
            }
        }
        let Some((begin, mut case)) = begin else {
            self.at = self.bytes.len();
            return None;
        };
        let letters = rest.get(begin..)?;
        let mut key = Key::default();
        let mut is_ascii = true;
        let mut length = letters.len();
        for (at, byte) in letters.iter().enumerate() {
            let next = kind(*byte);
            match next {
                Kind::Lower => {}
                Kind::Foreign => is_ascii = false,
                Kind::Upper if at == 0 => {}
                Kind::Upper
                    if case == Kind::Upper
                        && !letters.get(at.saturating_add(1)).is_some_and(u8::is_ascii_lowercase) => {}
                Kind::Gap(_) | Kind::Upper => {
                    length = at;
                    break;
                }
            }
            key.push(*byte | LOWER);
            case = next;
        }
        let start = self.at.saturating_add(begin);
        self.at = start.saturating_add(length);
        let fits = is_ascii && length <= Key::LONGEST;
        Some(Token { key: fits.then_some(key), start, end: self.at, gap })
    }
}

/// Whether a full stop is none: `docs.rs`, `1.2`.
fn goes_on(byte: u8, next: Option<&u8>) -> bool {
    matches!(byte, b'.' | b'!' | b'?') && next.is_some_and(u8::is_ascii_alphanumeric)
}

/// What a byte is in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Foreign,
    Gap(Gap),
    Lower,
    Upper,
}

fn kind(byte: u8) -> Kind {
    KINDS.get(usize::from(byte)).copied().unwrap_or(Kind::Foreign)
}

/// The bit that makes an ASCII letter a small one.
const LOWER: u8 = 0x20;

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Foreign; 256];
    let mut rest: &mut [Kind] = &mut kinds;
    let mut byte = 0_u8;
    while let Some((first, others)) = rest.split_first_mut() {
        *first = match byte {
            b'a'..=b'z' => Kind::Lower,
            b'A'..=b'Z' => Kind::Upper,
            0x80.. => Kind::Foreign,
            b' ' | b'\t' => Kind::Gap(Gap::Space),
            b',' | b'/' | b'|' | b'&' | b'+' => Kind::Gap(Gap::Comma),
            b'`' | b'"' | b'\'' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' => {
                Kind::Gap(Gap::Quote)
            }
            b':' => Kind::Gap(Gap::Colon),
            b'\n' | b'\r' | b';' | b'*' | b'#' | b'.' | b'!' | b'?' => Kind::Gap(Gap::Stop),
            _ => Kind::Gap(Gap::Joined),
        };
        byte = byte.saturating_add(1);
        rest = others;
    }
    kinds
};

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        words(text).map(|token| text.get(token.start..token.end).unwrap()).collect()
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
