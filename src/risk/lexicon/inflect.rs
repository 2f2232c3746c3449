//! The forms of words: "creates", "creating", "created", "secrets".

use std::collections::{BTreeMap, HashMap};

use crate::risk::lexicon::read::Definition;
use crate::risk::lexicon::word::{BuildKeyHasher, Form, Key, Role, Roles, Word};

type Table = HashMap<Key, Word, BuildKeyHasher>;

/// Every form of every word and phrase. What the lexicon defines itself is never overwritten by a form of another word.
pub(super) fn all_forms(definitions: &BTreeMap<Box<str>, Definition>) -> Table {
    let mut table = Table::default();
    for (text, definition) in definitions {
        let word = Word { verb: definition.verb, form: Form::Base, roles: definition.roles };
        insert(&mut table, text, word);
    }
    for (text, definition) in definitions {
        for form in [Form::WithS, Form::Gerund, Form::Participle] {
            let roles = definition.roles.without_names_of_parameters();
            let is_noun = definition.verb.is_none() || roles != Roles::default();
            let word = Word { verb: definition.verb, form, roles };
            if definition.verb.is_some() {
                inflect_verb(text, form).iter().for_each(|text| insert(&mut table, text, word));
            }
            if is_noun && form == Form::WithS {
                insert(&mut table, &with_s(text), word);
            }
        }
    }
    for text in definitions.keys() {
        let Some((first, _)) = text.split_once('-') else { continue };
        let forms = [Form::WithS, Form::Gerund, Form::Participle].into_iter();
        let forms = forms.flat_map(|form| inflect_verb(first, form)).chain([first.to_owned()]);
        for key in forms.filter_map(|form| Key::of(&form)) {
            table.entry(key).or_default().roles.insert(Role::BeginsPhrase);
        }
    }
    table
}

fn insert(table: &mut Table, text: &str, word: Word) {
    let mut keys = text.split('-').filter_map(Key::of);
    let Some(first) = keys.next() else { return };
    let phrase = keys.fold(first, Key::then);
    table.entry(phrase).or_insert(word);
    if let Some(joined) = Key::of(&text.replace('-', "")) {
        table.entry(joined).or_insert(word);
    }
}

/// A verb, or a phrase by its first word.
fn inflect_verb(text: &str, form: Form) -> Vec<String> {
    let (verb, rest) = text.split_once('-').map_or((text, None), |(verb, rest)| (verb, Some(rest)));
    let forms = match form {
        Form::Base => vec![verb.to_owned()],
        Form::Gerund => with_suffix(verb, "ing"),
        Form::Participle => with_suffix(verb, "ed"),
        Form::WithS => vec![with_s(verb)],
    };
    let joined = |form: String| rest.map_or(form.clone(), |rest| format!("{form}-{rest}"));
    forms.into_iter().map(joined).collect()
}

/// `creates`, `copies`, `fetches`.
fn with_s(word: &str) -> String {
    let ends = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    match word.strip_suffix('y') {
        Some(stem) if !ends(&["ay", "ey", "oy", "uy"]) => format!("{stem}ies"),
        _ if ends(&["s", "x", "z", "ch", "sh", "go", "do"]) => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

/// `creating`, `copying`, and both of `stoping` and `stopping`: what nobody writes does no harm.
fn with_suffix(word: &str, suffix: &str) -> Vec<String> {
    let is_vowel = |letter: char| "aeiou".contains(letter);
    if let Some(stem) = word.strip_suffix('e') {
        return vec![format!("{stem}{suffix}")];
    }
    if let Some(stem) = word.strip_suffix('y').filter(|stem| suffix == "ed" && !stem.ends_with(is_vowel)) {
        return vec![format!("{stem}ied")];
    }
    let mut letters = word.chars().rev();
    let (last, before) = (letters.next(), letters.next());
    let plain = format!("{word}{suffix}");
    match last {
        Some(last) if !is_vowel(last) && before.is_some_and(is_vowel) => {
            vec![format!("{word}{last}{suffix}"), plain]
        }
        _ => vec![plain],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_spelled_as_english_spells_them() {
        let s = ["create", "copy", "deploy", "fetch", "go", "fix", "access"].map(with_s);
        assert_eq!(s, ["creates", "copies", "deploys", "fetches", "goes", "fixes", "accesses"]);
        assert_eq!(with_suffix("create", "ing"), ["creating"]);
        assert_eq!(with_suffix("stop", "ing"), ["stopping", "stoping"]);
        assert_eq!(with_suffix("copy", "ed"), ["copied"]);
        assert_eq!(with_suffix("fetch", "ed"), ["fetched"]);
        assert_eq!(inflect_verb("turn-on", Form::WithS), ["turns-on"]);
    }
}
