//! What a description says.

use crate::risk::Category;
use crate::risk::lexicon::{Form, Lexicon, Role, Roles, Word};
use crate::risk::words::{Gap, Token, words};

/// What a description says of what a tool does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'a> {
    /// The worst of the verbs that the sentence begins with, and the word.
    pub(super) worst: Option<Verb<'a>>,
    /// The first of them.
    pub(super) first: Option<Verb<'a>>,
    /// A noun of what is shown that it begins with: "Details of a user".
    pub(super) shown: Option<&'a str>,
    /// It says of itself that it only reads.
    pub(super) read_only: Option<&'a str>,
    /// It says of itself that it destroys.
    pub(super) destroys: Option<&'a str>,
    /// What the words of its beginning can be, all together.
    pub(super) roles: Roles,
}

/// A verb of a description.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verb<'a> {
    pub(super) category: Category,
    pub(super) text: &'a str,
    /// It is a verb wherever it stands.
    pub(super) is_clear: bool,
}

/// Reads the beginning of a description.
pub(super) fn read<'a>(lexicon: &Lexicon, text: &'a str) -> Said<'a> {
    let end = text.floor_char_boundary(LONGEST);
    let text = text.get(..end).unwrap_or_default();
    let mut tokens: Vec<Token> = Vec::with_capacity(MOST_WORDS);
    tokens.extend(words(text).take(MOST_WORDS));
    let mut said = Said::default();
    let mut rest: &[Token] = &tokens;
    let mut sentences = 0_usize;
    while !rest.is_empty() {
        let ends = |token: &Token| token.gap == Gap::Stop;
        let length = rest.iter().skip(1).position(ends).map_or(rest.len(), |at| at.saturating_add(1));
        let (sentence, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let is_open = said.first.is_none() && said.shown.is_none() && sentences < MOST_SENTENCES;
        read_sentence(lexicon, text, sentence, is_open, &mut said);
        rest = after;
        sentences = sentences.saturating_add(1);
    }
    said
}

/// Where a sentence is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before its verb.
    Lead,
    /// Behind its verb, or behind a verb that is joined to it.
    Verb,
    /// Behind an object of its verb.
    Object,
    /// What comes does not count.
    Over,
}

fn read_sentence<'a>(
    lexicon: &Lexicon,
    text: &'a str,
    sentence: &[Token],
    is_open: bool,
    said: &mut Said<'a>,
) {
    let mut state = if is_open { State::Lead } else { State::Over };
    let (mut rest, mut before, mut joined) = (sentence, Word::default(), false);
    let (mut index, mut position) = (0_usize, 0_usize);
    let mut form = Form::Base;
    while let Some(first) = rest.first() {
        let (word, length) = lexicon.find(rest);
        let (phrase, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let end = phrase.last().map_or(first.end, |last| last.end);
        let written = text.get(first.start..end).unwrap_or_default();
        let is_name = (index > 0 && first.gap == Gap::Joined)
            || after.first().is_some_and(|next| next.gap == Gap::Joined && state != State::Lead);
        said.roles = said.roles.union(word.roles);
        if word.is(Role::ReadOnly) && !before.is(Role::Negates) {
            said.read_only = said.read_only.or(Some(written));
        }
        if word.is(Role::Destroys) && !before.is(Role::Negates) {
            said.destroys = said.destroys.or(Some(written));
        }
        joined |= first.gap == Gap::Comma || word.is(Role::Joins);
        let verb = word.verb.filter(|_| !is_name && first.gap != Gap::Quote);
        let clear = verb.is_some() && !word.is(Role::Noun);
        match state {
            State::Lead if position == 0 && word.is(Role::Aside) => state = State::Over,
            State::Lead if stands_as_verb(word, before, position) && verb.is_some() => {
                if let Some(category) = verb {
                    let found = Verb { category, text: written, is_clear: clear };
                    said.first = Some(found);
                    said.worst = Some(found);
                    form = word.form;
                    state = State::Verb;
                    joined = false;
                }
            }
            State::Lead if word.is(Role::Shown) && position < LEAD => {
                said.shown = Some(written);
                state = State::Over;
            }
            State::Lead if word.is(Role::LeadIn) || written.ends_with("ly") => {}
            State::Lead => {
                // A noun: of "dbt compile generates SQL" the verb comes behind it, with an s.
                position = position.saturating_add(1);
                if position > LEAD {
                    state = State::Over;
                }
            }
            State::Verb | State::Object if word.is(Role::Ends) || first.gap == Gap::Colon => {
                state = State::Over
            }
            State::Verb | State::Object => {
                let counts = joined && word.form == form && (clear || state == State::Verb);
                if let Some(category) = verb.filter(|_| counts) {
                    if said.worst.is_none_or(|worst| category > worst.category) {
                        said.worst = Some(Verb { category, text: written, is_clear: clear });
                    }
                    state = State::Verb;
                    joined = false;
                } else if !word.is(Role::Joins) && !written.ends_with("ly") {
                    state = State::Object;
                    joined = false;
                }
            }
            State::Over => {}
        }
        before = word;
        rest = after;
        index = index.saturating_add(1);
    }
}

/// Whether a word is the verb of a sentence. Behind an article it is a noun, and behind a noun a verb has an s: "dbt compile
/// generates SQL".
fn stands_as_verb(word: Word, before: Word, nouns: usize) -> bool {
    let is_always = !word.is(Role::Noun);
    match word.form {
        Form::Participle => false,
        _ if before.is(Role::Article) => false,
        Form::WithS => nouns == 0 || is_always,
        Form::Base | Form::Gerund => nouns == 0,
    }
}

/// How many bytes of a description are read.
const LONGEST: usize = 640;

/// How many words of it.
const MOST_WORDS: usize = 96;

/// In how many sentences a verb is looked for.
const MOST_SENTENCES: usize = 4;

/// How many nouns may stand before the verb of a sentence.
const LEAD: usize = 3;
