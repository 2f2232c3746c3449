//! What a name says: of a tool, or of an action that a parameter chooses.

use crate::risk::Category;
use crate::risk::assess::context::Context;
use crate::risk::lexicon::{Form, Key, Lexicon, Role, Roles, Word};
use crate::risk::words::{Token, words};

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
    /// It does not.
    #[default]
    Silent,
    /// By a verb that says little: `manage_users`.
    Vague,
}

/// Reads a name.
pub(super) fn read<'a>(lexicon: &Lexicon, name: &'a str, context: &Context) -> Reading<'a> {
    let items = items(lexicon, name);
    let roles = items.iter().fold(Roles::default(), |roles, item| roles.union(item.word.roles));
    let is_obscure = name.len() > LONGEST || name.bytes().any(|byte| byte >= 0x80);
    let said = without_prefix(&items, context);
    let reading = by_verbs(said, context).or_else(|| by_noun(said)).unwrap_or_default();
    Reading { roles, is_obscure, ..reading }
}

/// A word or phrase of a name.
#[derive(Clone, Copy, Debug)]
struct Item<'a> {
    word: Word,
    key: Option<Key>,
    text: &'a str,
}

fn items<'a>(lexicon: &Lexicon, name: &'a str) -> Vec<Item<'a>> {
    let end = name.floor_char_boundary(LONGEST);
    let name = name.get(..end).unwrap_or_default();
    let mut tokens: [Token; MOST_WORDS] = [Token::default(); MOST_WORDS];
    let mut count = 0_usize;
    for (slot, token) in tokens.iter_mut().zip(words(name)) {
        *slot = token;
        count = count.saturating_add(1);
    }
    let mut rest = tokens.get(..count).unwrap_or_default();
    let mut items = Vec::with_capacity(count);
    while let Some(first) = rest.first() {
        let (word, length) = lexicon.find(rest);
        let (phrase, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let end = phrase.last().map_or(first.end, |last| last.end);
        items.push(Item { word, key: first.key, text: name.get(first.start..end).unwrap_or_default() });
        rest = after;
    }
    items
}

/// Without the names of products, and the prefix that the tools of the server share, in front of it.
fn without_prefix<'b, 'a>(items: &'b [Item<'a>], context: &Context) -> &'b [Item<'a>] {
    let mut rest = items;
    while let [first, second, ..] = rest {
        let is_prefix = first.word.is(Role::Name) || context.is_prefix(first.key);
        if !is_prefix || second.word.is(Role::Joins) {
            break;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    rest
}

fn by_verbs<'a>(items: &[Item<'a>], context: &Context) -> Option<Reading<'a>> {
    let has_verb = items.iter().any(|item| item.word.is_always_verb());
    let first = items.first()?;
    let last = items.last()?;
    let first_is_verb = first.word.may_be_verb();
    let mut best: Option<(Category, &Item<'a>, Option<&'a str>)> = None;
    let (mut reads, mut joined) = (false, false);
    for (at, item) in items.iter().enumerate() {
        let word = item.word;
        joined |= word.is(Role::Joins);
        let stands_as_verb = if at == 0 {
            word.may_be_verb() && (!has_verb || word.is(Role::VerbFirst) || next_joins(items))
        } else {
            let follows_join =
                items.get(at.saturating_sub(1)).is_some_and(|before| before.word.is(Role::Joins));
            word.may_be_verb() && (follows_join || (!has_verb && !first_is_verb && best.is_none()))
        };
        if !word.is_always_verb() && !stands_as_verb {
            continue;
        }
        let (category, object) = with_objects(item, items, context);
        reads |= category == Some(Category::Read);
        if let Some(category) = category
            && best.is_none_or(|(best, ..)| category > best)
        {
            best = Some((category, item, object));
        }
    }
    let (category, item, object) = best?;
    let reads_first = first.word.is_always_verb() && first.word.verb == Some(Category::Read);
    let certainty = if reads && reads_first && category > Category::Read && !joined {
        Certainty::Contradictory
    } else if item.word.is(Role::Vague) {
        Certainty::Vague
    } else if item.word.is_always_verb() || item.word.is(Role::VerbFirst) || category == Category::Read {
        Certainty::Clear
    } else if last.word.is(Role::Shown) || !first_is_verb {
        Certainty::Ambiguous
    } else {
        Certainty::Clear
    };
    Some(Reading { category: Some(category), certainty, word: item.text, object, ..Reading::default() })
}

fn next_joins(items: &[Item<'_>]) -> bool {
    items.get(1).is_some_and(|item| item.word.is(Role::Joins))
}

/// The category of a verb, and the word beside it that changes it.
fn with_objects<'a>(
    verb: &Item<'a>,
    items: &[Item<'a>],
    context: &Context,
) -> (Option<Category>, Option<&'a str>) {
    let word = verb.word;
    let object = |role| {
        let others = items.iter().filter(|item| !std::ptr::eq(*item, verb));
        others.map(|item| (item.word.is(role), item.text)).find(|(is, _)| *is).map(|(_, text)| text)
    };
    let money = || object(Role::Money).or_else(|| context.money.then(|| object(Role::MaybeMoney))?);
    if word.is(Role::MovesMoney)
        && let Some(object) = money()
    {
        return (Some(Category::Financial), Some(object));
    }
    if word.verb == Some(Category::Financial) && word.is(Role::Noun) {
        let object = money().or_else(|| object(Role::MaybeMoney));
        let is_money = object.is_some() || context.money;
        return (Some(if is_money { Category::Financial } else { Category::Write }), object);
    }
    let changed = [
        (Role::Creates, Role::Runs, Category::Execute),
        (Role::Makes, Role::Media, Category::Execute),
        (Role::Makes, Role::Text, Category::Read),
        (Role::Applies, Role::Mark, Category::Write),
    ];
    for (verb_role, object_role, category) in changed {
        if word.is(verb_role)
            && let Some(object) = object(object_role)
        {
            return (Some(category), Some(object));
        }
    }
    if word.verb == Some(Category::Write)
        && (context.browser || items.iter().any(|item| item.word.is(Role::Browser)))
    {
        return (Some(Category::Execute), object(Role::Browser));
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

/// How many bytes of a name are read.
const LONGEST: usize = 256;

/// How many words of a name are read.
const MOST_WORDS: usize = 48;
