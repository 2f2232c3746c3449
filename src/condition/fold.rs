//! `ignore_case`: comparing text by Unicode simple case folding.

/// The simple case folding of a character (`CaseFolding.txt`, statuses C and S).
pub(crate) fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let folded = unicode_case_mapping::case_folded(character);
    folded.and_then(|folded| char::from_u32(folded.get())).unwrap_or(character)
}

/// The text, folded.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(fold).collect()
}

/// Whether two texts are the same when folded.
pub(crate) fn equal(a: &str, b: &str) -> bool {
    a.chars().map(fold).eq(b.chars().map(fold))
}

/// Whether a text begins with another when both are folded.
pub(crate) fn starts_with(text: &str, start: &str) -> bool {
    let mut text = text.chars();
    start.chars().all(|character| text.next().is_some_and(|other| fold(other) == fold(character)))
}

/// Whether a text ends with another when both are folded.
pub(crate) fn ends_with(text: &str, end: &str) -> bool {
    let mut text = text.chars().rev();
    end.chars().rev().all(|character| text.next().is_some_and(|other| fold(other) == fold(character)))
}

#[cfg(test)]
mod tests {
    use regex::RegexBuilder;

    use super::*;

    #[test]
    fn folding_agrees_with_the_regular_expressions() {
        // Both speak of the same thing in one policy. Only characters that fold, or are folded to, can
        // differ.
        let mut count = 0;
        for character in '\0'..=char::MAX {
            let other = fold(character);
            if other == character {
                continue;
            }
            count += 1;
            let pattern = format!("^{}$", regex::escape(character.encode_utf8(&mut [0; 4])));
            let regex = RegexBuilder::new(&pattern).case_insensitive(true).build().unwrap();
            assert!(regex.is_match(other.encode_utf8(&mut [0; 4])), "{character:?} {other:?}");
            assert_eq!(fold(other), other, "{character:?}");
        }
        assert!(count > 1_400, "{count}");
    }

    #[test]
    fn folding_is_simple_not_full_and_of_no_language() {
        assert!(equal("STRASSE", "straSSe"));
        assert!(!equal("STRASSE", "straße"));
        assert!(equal("ẞ", "ß"));
        assert!(equal("ΣΑΣ", "σας"));
        assert!(equal("\u{212a}", "k"));
        assert!(equal("ſ", "S"));
        assert!(!equal("İ", "i"));
        assert!(!equal("I", "ı"));
        assert!(starts_with("MAIN/x", "main/") && !starts_with("ma", "main"));
        assert!(ends_with("x.TXT", ".txt") && !ends_with("t", "xt"));
    }
}
