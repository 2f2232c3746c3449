//! The words of a name.

use crate::risk::assess::context::Context;
use crate::risk::lexicon::{Form, Key, Lexicon, Role, Roles, Word};
use crate::risk::words::{Token, beginning, words};

/// A word or phrase of a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) word: Word,
    key: Option<Key>,
    pub(super) text: &'a str,
}

/// The words and phrases of a name, and whether there are more than are read.
pub(super) fn items<'a>(lexicon: &Lexicon, name: &'a str) -> (Vec<Item<'a>>, bool) {
    let mut tokens: [Token; MOST_WORDS] = [Token::default(); MOST_WORDS];
    let mut count = 0_usize;
    let mut found = words(beginning(name, LONGEST));
    for (slot, token) in tokens.iter_mut().zip(&mut found) {
        *slot = token;
        count = count.saturating_add(1);
    }
    let is_more = name.len() > LONGEST || (count == MOST_WORDS && found.next().is_some());
    let mut rest = tokens.get(..count).unwrap_or_default();
    let mut items = Vec::with_capacity(count);
    while let Some(first) = rest.first() {
        let (word, length) = lexicon.find(rest);
        let (phrase, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let end = phrase.last().map_or(first.end, |last| last.end);
        items.push(Item { word, key: first.key, text: name.get(first.start..end).unwrap_or_default() });
        rest = after;
    }
    if !items.iter().any(|item| item.word.may_be_verb()) {
        items = items.into_iter().flat_map(|item| unglued(lexicon, item)).flatten().collect();
    }
    (items, is_more)
}

/// A verb and a noun that are written as one word: `listfiles`. The longest verb, if the rest is a word as well.
fn unglued<'a>(lexicon: &Lexicon, item: Item<'a>) -> [Option<Item<'a>>; 2] {
    let known = |text: &str| {
        let mut key = Key::default();
        text.bytes().for_each(|letter| key.push(letter.to_ascii_lowercase()));
        let word = lexicon.word(key).filter(|_| text.len() <= Key::LONGEST && text.is_ascii());
        word.filter(|word| word.verb.is_some() || word.roles != Roles::default())
    };
    if item.word == Word::default() {
        let longest = item.text.len().saturating_sub(SHORTEST).min(Key::LONGEST);
        for at in (SHORTEST..=longest).rev() {
            let Some((verb, noun)) = item.text.split_at_checked(at) else { continue };
            let Some(verb_word) = known(verb).filter(|word| word.is_always_verb()) else { continue };
            let Some(noun_word) = known(noun) else { continue };
            let item = |word, text| Some(Item { word, key: None, text });
            return [item(verb_word, verb), item(noun_word, noun)];
        }
    }
    [Some(item), None]
}

/// Without the names of products, and the prefix that the tools of the server share, in front of it.
pub(super) fn without_prefix<'b, 'a>(items: &'b [Item<'a>], context: &Context<'_>) -> &'b [Item<'a>] {
    let mut rest = items;
    while let [first, second, ..] = rest {
        let is_prefix =
            first.word.is(Role::Name) || first.word.is(Role::Browser) || context.is_prefix(first.key);
        if !is_prefix || second.word.is(Role::Joins) {
            break;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    rest
}

/// Without the words at the end that say nothing: `static_map_tool`.
pub(super) fn without_suffix<'b, 'a>(items: &'b [Item<'a>]) -> &'b [Item<'a>] {
    match items {
        [rest @ .., last]
            if !rest.is_empty() && last.word.is(Role::Suffix) && last.word.form == Form::Base =>
        {
            rest
        }
        all => all,
    }
}

/// How many bytes of a name are read.
const LONGEST: usize = 256;

/// How many letters a word has at least that is found in a longer one.
const SHORTEST: usize = 3;

/// How many words of a name are read.
const MOST_WORDS: usize = 48;
