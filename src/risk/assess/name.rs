//! What a name says: of a tool, or of an action that a parameter chooses.

use crate::risk::Category;
use crate::risk::assess::context::Context;
use crate::risk::lexicon::{Form, Key, Lexicon, Role, Roles, Word};
use crate::risk::words::{Token, beginning, words};

/// What a name says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading<'a> {
    /// What it says that is done; `None` if it does not say.
    pub(super) category: Option<Category>,
    pub(super) certainty: Certainty,
    /// The word that says it.
    pub(super) word: &'a str,
    /// The word beside it that changes what it means.
    pub(super) object: Option<&'a str>,
    /// What its words can be, all together.
    pub(super) roles: Roles,
    /// It has letters that are not ASCII, or more than anyone reads.
    pub(super) is_obscure: bool,
}

/// How a name says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Certainty {
    /// By a verb that also is a noun, which may mean that something is looked at: `audit_log`, `run_status`.
    Ambiguous,
    /// By a verb.
    Clear,
    /// By verbs that say different things, without an "and" between them: `get_delete_form`.
    Contradictory,
    /// By a noun for what is looked at: `job_status`.
    Noun,
    /// By "query": whether that only reads depends on what is queried, and in what language.
    Query,
    /// It does not.
    #[default]
    Silent,
    /// By a verb that says little: `manage_users`.
    Vague,
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// A value that chooses what is done: a verb if it can be one.
    Action,
    /// A tool.
    Tool,
    /// A tool that drives a browser or a screen.
    Driver,
}

/// Reads a name.
pub(super) fn read<'a>(lexicon: &Lexicon, name: &'a str, context: &Context, manner: Manner) -> Reading<'a> {
    let (items, is_more) = items(lexicon, name);
    let roles = items.iter().fold(Roles::default(), |roles, item| roles.union(item.word.roles));
    let is_obscure = is_more || !name.is_ascii();
    let drives = manner == Manner::Tool && (context.browser || roles.contains(Role::Browser));
    let manner = if drives { Manner::Driver } else { manner };
    let said = without_suffix(without_prefix(&items, context));
    let shown = || by_noun(said);
    let reading = if drives && !said.iter().any(|item| item.word.is_always_verb()) {
        shown().or_else(|| by_verbs(said, context, manner))
    } else {
        by_verbs(said, context, manner).or_else(shown)
    };
    let reading = reading.or_else(|| by_browser(&items)).unwrap_or_default();
    Reading { roles, is_obscure, ..reading }
}

/// A word or phrase of a name.
#[derive(Clone, Copy, Debug)]
struct Item<'a> {
    word: Word,
    key: Option<Key>,
    text: &'a str,
}

/// The words and phrases of a name, and whether there are more than are read.
fn items<'a>(lexicon: &Lexicon, name: &'a str) -> (Vec<Item<'a>>, bool) {
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
fn without_prefix<'b, 'a>(items: &'b [Item<'a>], context: &Context) -> &'b [Item<'a>] {
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
fn without_suffix<'b, 'a>(items: &'b [Item<'a>]) -> &'b [Item<'a>] {
    match items {
        [rest @ .., last]
            if !rest.is_empty() && last.word.is(Role::Suffix) && last.word.form == Form::Base =>
        {
            rest
        }
        all => all,
    }
}

fn by_verbs<'a>(items: &[Item<'a>], context: &Context, manner: Manner) -> Option<Reading<'a>> {
    let (first, last) = (items.first()?, items.last()?);
    let ends_in_verb = items.len() > 1 && last.word.is(Role::MostlyVerb) && last.word.may_be_verb();
    let has_verb = ends_in_verb || items.iter().any(|item| item.word.is_always_verb());
    let reads_first = first.word.is_always_verb() && first.word.verb == Some(Category::Read);
    let mut best: Option<(Category, usize, &Item<'a>, Option<&'a str>)> = None;
    let (mut reads, mut joined) = (false, false);
    for (at, item) in items.iter().enumerate() {
        let word = item.word;
        joined |= at > 0 && word.is(Role::Joins);
        if !word.is_always_verb() {
            let before = at.checked_sub(1).and_then(|before| items.get(before));
            let is_last = at > 0 && at.saturating_add(1) == items.len();
            let stands_as_verb = word.may_be_verb()
                && (before.is_some_and(|before| before.word.is(Role::Joins))
                    || (at == 0 && (!has_verb || next_joins(items) || mostly_before_list(word, last)))
                    || (is_last && word.is(Role::MostlyVerb) && !reads_first)
                    || (manner == Manner::Driver && word.is(Role::Step))
                    || (!has_verb && best.is_none()));
            if !stands_as_verb {
                continue;
            }
        }
        let (category, object) = with_objects(item, items, context, manner);
        reads |= category == Some(Category::Read);
        if let Some(category) = category
            && best.is_none_or(|(best, ..)| category > best)
        {
            best = Some((category, at, item, object));
        }
    }
    let (category, at, item, object) = best?;
    // "get_apply_details", "list_buy_orders": behind a verb that reads, with no "and", the other verb is part of a noun.
    let is_noun =
        category == Category::Financial || (category < Category::Destructive && last.word.is(Role::Shown));
    if reads && reads_first && !joined && is_noun {
        let (word, category) = (first.text, first.word.verb);
        return Some(Reading { category, certainty: Certainty::Clear, word, ..Reading::default() });
    }
    let is_shown = items.len() > 1 && last.word.is(Role::Shown);
    let certainty = if reads && reads_first && category > Category::Read && !joined {
        Certainty::Contradictory
    } else if item.word.is(Role::Query) && item.word.verb == Some(Category::Read) {
        Certainty::Query
    } else if item.word.is(Role::Vague) {
        Certainty::Vague
    } else if item.word.is_always_verb()
        || item.word.is(Role::MostlyVerb)
        || (at == 0 && item.word.is(Role::VerbFirst) && !is_shown)
        || (manner == Manner::Action && at == 0 && !is_shown)
        || (at == 0 && category == Category::Read)
    {
        Certainty::Clear
    } else if is_shown && category == Category::Read {
        Certainty::Noun
    } else {
        Certainty::Ambiguous
    };
    Some(Reading { category: Some(category), certainty, word: item.text, object, ..Reading::default() })
}

/// `update_list`: the list is what is updated.
fn mostly_before_list(first: Word, last: &Item<'_>) -> bool {
    first.is(Role::MostlyVerb) && last.word.is(Role::Shown)
}

fn next_joins(items: &[Item<'_>]) -> bool {
    items.get(1).is_some_and(|item| item.word.is(Role::Joins))
}

/// The category of a verb, and the word beside it that changes it.
fn with_objects<'a>(
    verb: &Item<'a>,
    items: &[Item<'a>],
    context: &Context,
    manner: Manner,
) -> (Option<Category>, Option<&'a str>) {
    let word = verb.word;
    let object = |role| {
        let others = items.iter().filter(|item| !std::ptr::eq(*item, verb));
        let is_noun = |item: &Item<'_>| matches!(item.word.form, Form::Base | Form::WithS);
        others
            .map(|item| (item.word.is(role) && is_noun(item), item.text))
            .find(|(is, _)| *is)
            .map(|(_, text)| text)
    };
    let money = || {
        let maybe = || context.money.then(|| object(Role::MaybeMoney))?;
        let order = || context.trading.then(|| object(Role::Order))?;
        object(Role::Money).or_else(maybe).or_else(order)
    };
    if word.is(Role::MovesMoney)
        && let Some(object) = money()
    {
        return (Some(Category::Financial), Some(object));
    }
    if word.verb == Some(Category::Financial) && word.is(Role::Noun) {
        let object = money().or_else(|| object(Role::MaybeMoney)).or_else(|| object(Role::Order));
        let is_money = object.is_some() || context.money || context.trading;
        return (Some(if is_money { Category::Financial } else { Category::Write }), object);
    }
    // A query may write where the language can.
    if word.is(Role::Query) && object(Role::Engine).is_some() {
        return (Some(Category::Execute), object(Role::Engine));
    }
    let changed = [
        (Role::Creates, Role::Runs, Category::Execute),
        (Role::Makes, Role::Media, Category::Execute),
        (Role::Makes, Role::Text, Category::Read),
        (Role::Applies, Role::Mark, Category::Write),
        (Role::Controls, Role::Device, Category::Execute),
        (Role::Detaches, Role::Mark, Category::Write),
        (Role::Renews, Role::Renewable, Category::Write),
        (Role::Settles, Role::Matter, Category::Write),
        (Role::Light, Role::Look, Category::Read),
    ];
    for (verb_role, object_role, category) in changed {
        if word.is(verb_role)
            && let Some(object) = object(object_role)
        {
            return (Some(category), Some(object));
        }
    }
    if manner == Manner::Driver && word.is(Role::Step) {
        return (Some(Category::Execute), None);
    }
    (word.verb, None)
}

fn by_noun<'a>(items: &[Item<'a>]) -> Option<Reading<'a>> {
    let last = items.last().filter(|item| item.word.is(Role::Shown) && item.word.form != Form::Gerund)?;
    Some(Reading {
        category: Some(Category::Read),
        certainty: Certainty::Noun,
        word: last.text,
        ..Reading::default()
    })
}

/// A browser that is told what to do in other words: `browser_agent`, `browser`.
fn by_browser<'a>(items: &[Item<'a>]) -> Option<Reading<'a>> {
    let last = items.last().filter(|item| item.word.is(Role::Browser))?;
    Some(Reading {
        category: Some(Category::Execute),
        certainty: Certainty::Ambiguous,
        word: last.text,
        ..Reading::default()
    })
}

/// How many bytes of a name are read.
const LONGEST: usize = 256;

/// How many letters a word has at least that is found in a longer one.
const SHORTEST: usize = 3;

/// How many words of a name are read.
const MOST_WORDS: usize = 48;
