//! What a name says: of a tool, or of an action that a parameter chooses.

mod items;
mod objects;

use crate::risk::Category;
use crate::risk::assess::context::Context;
use crate::risk::assess::name::items::{Item, items, without_prefix, without_suffix};
use crate::risk::assess::name::objects::{find, with_objects};
use crate::risk::lexicon::{Form, Lexicon, Role, Roles, Word};

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
    /// Beside its verb there is a word that speaks of actions: `list_audit_events`.
    pub(super) is_about_actions: bool,
    /// The word for a secret.
    pub(super) secret: Option<&'a str>,
    /// The word for many at once.
    pub(super) many: Option<&'a str>,
    /// The word that insists.
    pub(super) force: Option<&'a str>,
    /// The word for a message to people, if it is what is sent.
    pub(super) message: Option<&'a str>,
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
pub(super) fn read<'a>(
    lexicon: &Lexicon,
    name: &'a str,
    context: &Context<'_>,
    manner: Manner,
) -> Reading<'a> {
    let (items, is_more) = items(lexicon, name);
    let roles = items.iter().fold(Roles::default(), |roles, item| roles.union(item.word.roles));
    let drives = manner == Manner::Tool && (context.browser || roles.contains(Role::Browser));
    let manner = if drives { Manner::Driver } else { manner };
    let said = without_suffix(without_prefix(&items, context));
    let shown = || by_noun(said, manner);
    let reading = if drives && !said.iter().any(|item| item.word.is_always_verb()) {
        shown().or_else(|| by_verbs(said, context, manner))
    } else {
        by_verbs(said, context, manner).or_else(shown)
    };
    let reading = reading.or_else(|| by_browser(&items)).unwrap_or_default();
    let with = |role| if roles.contains(role) { find(&items, role, None) } else { None };
    Reading {
        is_about_actions: items
            .iter()
            .any(|item| item.word.is(Role::AboutActions) && item.text != reading.word),
        secret: with(Role::Secret).filter(|_| !roles.contains(Role::NotSecret)),
        many: with(Role::Many),
        force: with(Role::Force),
        message: if roles.contains(Role::Messages) { message(said, reading.word) } else { None },
        is_obscure: is_more || !name.is_ascii(),
        ..reading
    }
}

/// The message that a name says is sent: what stands last, before a "to" or the like. `send_email`, `notify_team`.
fn message<'a>(items: &[Item<'a>], verb: &str) -> Option<&'a str> {
    let verb = items.iter().find(|item| item.text == verb && item.word.is(Role::Messages))?;
    if verb.word.is(Role::People) {
        return Some(verb.text);
    }
    let is_other = |item: &&Item<'_>| !std::ptr::eq(*item, verb);
    let nouns = items.iter().take_while(|item| !PREPOSITIONS.contains(&item.text)).filter(is_other);
    let head = nouns.last()?;
    head.word.is(Role::People).then_some(head.text)
}

/// By the worst of the words that stand as verbs: those that always are, and of the others the first one, or one that stands
/// last, behind an "and", or alone.
fn by_verbs<'a>(items: &[Item<'a>], context: &Context<'_>, manner: Manner) -> Option<Reading<'a>> {
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
            // "usage_report": the last noun of what is shown.
            let is_shown = is_last && !has_verb && word.is(Role::Shown) && !word.is(Role::MostlyVerb);
            let stands_as_verb = word.may_be_verb()
                && !is_shown
                && (before.is_some_and(|before| before.word.is(Role::Joins))
                    || (at == 0 && (!has_verb || next_joins(items) || word.is(Role::MostlyVerb)))
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
    // "get_apply_details", "list_buy_orders": behind a verb that reads, with no "and", the other verb is part of a noun;
    // not so in "fetch_store", where nothing else could be read.
    let is_bare = at == 1 && items.len() == 2 && item.word.is_always_verb();
    let is_noun = category != Category::Destructive && !is_bare;
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
        || category >= Category::Destructive
    {
        Certainty::Clear
    } else if is_shown && category == Category::Read {
        Certainty::Noun
    } else {
        Certainty::Ambiguous
    };
    Some(Reading { category: Some(category), certainty, word: item.text, object, ..Reading::default() })
}

fn next_joins(items: &[Item<'_>]) -> bool {
    items.get(1).is_some_and(|item| item.word.is(Role::Joins))
}

fn by_noun<'a>(items: &[Item<'a>], manner: Manner) -> Option<Reading<'a>> {
    let is_shown = |word: Word| word.is(Role::Shown) || (manner == Manner::Driver && word.is(Role::Look));
    let last = items.last().filter(|item| is_shown(item.word) && item.word.form != Form::Gerund)?;
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

/// Words that end the noun that something is done to.
const PREPOSITIONS: [&str; 7] = ["to", "for", "from", "in", "on", "with", "by"];
