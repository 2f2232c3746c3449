//! What is meant by a text that is not JSON: the mistakes that are made most often, and YAML.

use std::ops::Range;

/// Where a text begins that is YAML: its first key.
pub(super) fn yaml(text: &str) -> Option<Range<usize>> {
    let mut start = 0_usize;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') || content == "---" || content.starts_with("%YAML")
        {
            start = start.saturating_add(line.len());
            continue;
        }
        let (key, value) = content.split_once(':')?;
        let is_word = |character: char| character.is_ascii_alphanumeric() || "_-$".contains(character);
        let is_key = !key.is_empty() && key.chars().all(is_word);
        let first = start.saturating_add(line.len().saturating_sub(line.trim_start().len()));
        let is_yaml = is_key && (value.is_empty() || value.starts_with([' ', '\t']));
        return is_yaml.then(|| first..first.saturating_add(key.len()));
    }
    None
}

/// What to write instead, where a text stops being JSON at an offset, and that is said of it.
pub(super) fn help(text: &str, offset: usize, message: &str) -> Option<&'static str> {
    let (before, after) = text.split_at_checked(offset)?;
    if after.starts_with('\u{feff}') {
        return Some("save the file as UTF-8 without a byte order mark");
    }
    if after.starts_with('#') || after.starts_with("//") || after.starts_with("/*") {
        return Some("JSON has no comments: a text for people stands in `description`");
    }
    if after.starts_with(['\'', '`', '“', '”', '‘', '’']) {
        return Some("in JSON, text stands in double quotes: `\"`");
    }
    if after.is_empty() {
        let help = "close what is open: a `\"`, `]` or `}` is missing";
        return Some(if before.trim().is_empty() { super::JSON } else { help });
    }
    let is_after_comma = before.trim_end().ends_with(',');
    match after.chars().next()? {
        '}' | ']' if is_after_comma => Some("leave out the comma before it"),
        ',' if is_after_comma => Some("leave out one of the commas"),
        '"' if message.contains("expected `,`") => Some("write a comma before it"),
        '\t' => Some("write `\\t` for a tab"),
        '\n' | '\r' => Some("close the string, or write `\\n` for the end of a line"),
        'T' | 'F' | 'N' => literal(after),
        _ => None,
    }
}

fn literal(after: &str) -> Option<&'static str> {
    let is = |word: &str| after.starts_with(word);
    match () {
        () if is("True") || is("TRUE") => Some("write `true`"),
        () if is("False") || is("FALSE") => Some("write `false`"),
        () if is("None") || is("NULL") => Some("write `null`, or leave the member out"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_known_by_its_first_key() {
        let first = |text: &'static str| yaml(text).and_then(|range| text.get(range));
        assert_eq!(first("version: \"1\"\ndefault: deny\n"), Some("version"));
        assert_eq!(first("# Intercept\n---\n\n  policies:\n  - name: x"), Some("policies"));
        for text in
            ["", "{version: 1}", "{}", "[1]", "\"version\": 1", "http://x", "# only", "version 1", "a b: c"]
        {
            assert_eq!(first(text), None, "{text}");
        }
    }
}
