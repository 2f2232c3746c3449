//! What a description says.

use crate::risk::Category;
use crate::risk::lexicon::{Form, Lexicon, Role, Roles, Word};
use crate::risk::words::{Gap, Token, beginning, words};

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
    pub(super) weight: Weight,
}

/// How much a verb of a description says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It is a verb wherever it stands.
    Clear,
    /// Its object says more: "run a query".
    Light,
    /// It may be a noun.
    Noun,
    /// It is a verb, and says little: "manage".
    Vague,
}

/// Reads the beginning of a description.
pub(super) fn read<'a>(lexicon: &Lexicon, text: &'a str) -> Said<'a> {
    let text = beginning(text, LONGEST);
    let mut tokens: Vec<Token> = Vec::with_capacity(MOST_WORDS);
    tokens.extend(words(text).take(MOST_WORDS));
    let mut said = Said::default();
    let mut rest: &[Token] = &tokens;
    let mut listens = Listens::ToAll;
    for _ in 0..MOST_SENTENCES {
        let Some(first) = rest.first() else { break };
        let begins = first.key.and_then(|key| lexicon.word(key)).unwrap_or_default();
        let ends = |token: &Token| token.gap == Gap::Stop;
        let length = rest.iter().skip(1).position(ends).map_or(rest.len(), |at| at.saturating_add(1));
        let (sentence, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let is_open = match listens {
            Listens::No => false,
            Listens::ToAll => true,
            Listens::ToItself => begins.is(Role::LeadIn),
        };
        let is_aside = read_sentence(lexicon, text, sentence, is_open, &mut said);
        listens = if said.first.is_some() || said.shown.is_some() {
            Listens::No
        } else if listens == Listens::ToAll && !is_aside && sentence.len() > HEADING {
            if begins.is(Role::Article) { Listens::ToItself } else { Listens::No }
        } else {
            listens
        };
        rest = after;
    }
    said
}

/// To which sentences a reader still listens who looks for the verb: the first one that is more than a heading or an aside
/// says it, or none does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listens {
    No,
    ToAll,
    /// "A tool for problems. It helps to analyze them.": to those that say of themselves what they are about.
    ToItself,
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
) -> bool {
    let mut is_aside = false;
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
            || after
                .first()
                .is_some_and(|next| next.gap == Gap::Joined && (state != State::Lead || next.start == end));
        said.roles = said.roles.union(word.roles);
        if word.is(Role::ReadOnly) && !before.is(Role::Negates) {
            said.read_only = said.read_only.or(Some(written));
        }
        if word.is(Role::Destroys) && !before.is(Role::Negates) {
            said.destroys = said.destroys.or(Some(written));
        }
        joined |= first.gap == Gap::Comma || word.is(Role::Joins);
        let verb = word.verb.filter(|_| !is_name && first.gap != Gap::Quote);
        let verb = verb.map(|category| by_object(lexicon, word, category, after));
        let weight = weight(lexicon, word, after);
        let clear = verb.is_some() && !word.is(Role::Noun);
        if state == State::Lead && first.gap == Gap::Colon {
            position = 0;
        }
        // "Messages of a thread": a list of them.
        let is_noun_of = word.is(Role::Noun) && word.form == Form::WithS && is_followed_by_of(text, after);
        match state {
            State::Lead if position == 0 && word.is(Role::Aside) => {
                is_aside = true;
                state = State::Over;
            }
            State::Lead if verb.is_some() && stands_as_verb(word, before, position, is_noun_of) => {
                if let Some(category) = verb {
                    let found = Verb { category, text: written, weight };
                    said.first = Some(found);
                    said.worst = Some(found);
                    form = word.form;
                    state = State::Verb;
                    joined = false;
                }
            }
            State::Lead if position < LEAD && (word.is(Role::Shown) || is_noun_of) => {
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
                state = State::Over;
            }
            State::Verb | State::Object => {
                // "Lists users, groups and upgrade domains": behind an object a word may be a noun after all.
                let is_sure = word.form != Form::Base || verb >= Some(Category::Destructive);
                let counts = joined && word.form == form && (state == State::Verb || (clear && is_sure));
                if let Some(category) = verb.filter(|_| counts) {
                    if said.worst.is_none_or(|worst| category > worst.category) {
                        said.worst = Some(Verb { category, text: written, weight });
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
    is_aside
}

/// Whether a word is the verb of a sentence. Behind an article it is a noun, and behind a noun a verb has an s: "dbt compile
/// generates SQL".
fn stands_as_verb(word: Word, before: Word, nouns: usize, is_noun_of: bool) -> bool {
    let is_always = !word.is(Role::Noun);
    match word.form {
        Form::Participle => false,
        _ if is_noun_of || before.is(Role::Article) => false,
        Form::WithS => nouns == 0 || is_always,
        Form::Base | Form::Gerund => nouns == 0,
    }
}

fn is_followed_by_of(text: &str, rest: &[Token]) -> bool {
    let next = rest.first().and_then(|token| text.get(token.start..token.end));
    next.is_some_and(|word| ["of", "that", "in", "which", "and", "with"].contains(&word))
}

/// The category of a verb that computes, by what it makes.
fn by_object(lexicon: &Lexicon, verb: Word, category: Category, rest: &[Token]) -> Category {
    if verb.is(Role::Light) && has_role(lexicon, rest, &[Role::Look]) {
        Category::Read
    } else if verb.is(Role::Detaches) && has_role(lexicon, rest, &[Role::Mark]) {
        Category::Write
    } else if !verb.is(Role::Makes) {
        category
    } else if has_role(lexicon, rest, &[Role::Media]) {
        Category::Execute
    } else if has_role(lexicon, rest, &[Role::Text]) {
        Category::Read
    } else {
        category
    }
}

fn weight(lexicon: &Lexicon, verb: Word, rest: &[Token]) -> Weight {
    if verb.is(Role::Light) && has_role(lexicon, rest, &[Role::Look, Role::Query]) {
        Weight::Light
    } else if verb.is(Role::Noun) {
        Weight::Noun
    } else if verb.is(Role::Vague) {
        Weight::Vague
    } else {
        Weight::Clear
    }
}

/// Whether one of the next words has one of these roles.
fn has_role(lexicon: &Lexicon, rest: &[Token], roles: &[Role]) -> bool {
    let mut next = rest.iter().take(OBJECT).filter_map(|token| lexicon.word(token.key?));
    next.any(|word| roles.iter().any(|role| word.is(*role)))
}

/// How many bytes of a description are read.
const LONGEST: usize = 240;

/// How many words of it.
const MOST_WORDS: usize = 40;

/// How many sentences are read.
const MOST_SENTENCES: usize = 16;

/// How far behind a verb its object may stand.
const OBJECT: usize = 5;

/// How many words a heading has.
const HEADING: usize = 4;

/// How many nouns may stand before the verb of a sentence.
const LEAD: usize = 3;
