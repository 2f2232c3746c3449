//! What the other tools of a server say.

use std::collections::HashMap;

use crate::risk::assess::schema::Parameters;
use crate::risk::lexicon::{Key, Lexicon, Role, Roles};
use crate::risk::words::{Token, words};
use crate::risk::{Category, Tool};

/// What the tools of a server have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context<'a> {
    /// They speak of money.
    pub(super) money: bool,
    /// They speak of securities.
    pub(super) trading: bool,
    /// They drive a browser.
    pub(super) browser: bool,
    /// The words that a fifth of the names or more begin with.
    prefixes: [Option<Key>; 5],
    /// What others write, by the noun: of `create_users` or `users_create` the name.
    written: Option<&'a Written<'a>>,
}

/// Names of tools that write something, by its noun.
pub(super) type Written<'a> = HashMap<Key, &'a str>;

impl<'a> Context<'a> {
    /// Of the tools of one server.
    pub(super) fn of(lexicon: &Lexicon, tools: &[Tool<'_>], written: &'a Written<'a>) -> Self {
        let mut firsts: HashMap<Key, usize> = HashMap::new();
        let (mut money, mut trading, mut browser) = (0_usize, 0_usize, 0_usize);
        for tool in tools {
            let mut speaks_of_money = false;
            let mut speaks_of_trading = false;
            let mut drives_a_browser = false;
            for (at, token) in words(tool.name).take(MOST_WORDS).enumerate() {
                let Some(key) = token.key else { continue };
                if at == 0 {
                    let count = firsts.entry(key).or_default();
                    *count = count.saturating_add(1);
                }
                let Some(word) = lexicon.word(key) else { continue };
                speaks_of_money |= word.is(Role::Money) || word.is(Role::MoneyContext);
                speaks_of_trading |= word.is(Role::Trading);
                drives_a_browser |= word.is(Role::Drives);
            }
            money = money.saturating_add(usize::from(speaks_of_money));
            trading = trading.saturating_add(usize::from(speaks_of_trading));
            browser = browser.saturating_add(usize::from(drives_a_browser));
        }
        let is_shared = |count: usize| count >= 4 && count.saturating_mul(5) >= tools.len();
        let is_verb = |key: &Key| {
            lexicon.word(*key).is_some_and(|word| {
                word.is_always_verb() || word.is(Role::VerbFirst) || word.is(Role::MostlyVerb)
            })
        };
        let shared = firsts.into_iter().filter(|(key, count)| is_shared(*count) && !is_verb(key));
        let mut prefixes = [None; 5];
        for (slot, (key, _)) in prefixes.iter_mut().zip(shared) {
            *slot = Some(key);
        }
        Self {
            money: money >= 2 && money.saturating_mul(5) >= tools.len(),
            trading: trading >= 2 && trading.saturating_mul(10) >= tools.len(),
            browser: browser >= 3 && browser.saturating_mul(5) >= tools.len(),
            prefixes,
            written: Some(written),
        }
    }

    /// With what a tool's own definition says.
    pub(super) fn with_own(&self, roles: Roles, parameters: &Parameters<'_>) -> Self {
        let pays = parameters.amount.is_some() && parameters.recipient.is_some();
        let trades = parameters.amount.is_some() && parameters.symbol.is_some();
        let trading = self.trading || trades || roles.contains(Role::Trading);
        Self { trading, money: self.money || roles.contains(Role::MoneyContext) || pays, ..*self }
    }

    /// The tool that writes what a name of one noun names: beside `create_users`, `users` is a list of them.
    pub(super) fn counterpart(&self, name: &str) -> Option<&'a str> {
        let mut nouns = words(name).filter(|word| !self.is_prefix(word.key));
        let noun = singular(name, nouns.next()?)?;
        let written = self.written.filter(|_| nouns.next().is_none())?;
        written.get(&noun).copied()
    }

    pub(super) fn is_prefix(&self, key: Option<Key>) -> bool {
        key.is_some() && self.prefixes.contains(&key)
    }
}

/// What the tools of a server write, by the noun. A noun that a tool reads as well is left out: then a vague name is
/// something else.
pub(super) fn written<'a>(lexicon: &Lexicon, tools: &[Tool<'a>]) -> Written<'a> {
    let mut written = Written::new();
    let mut read = Vec::new();
    for tool in tools {
        let (mut verb, mut noun, mut nouns) = (None, None, 0_usize);
        for token in words(tool.name).take(MOST_WORDS) {
            let word = token.key.and_then(|key| lexicon.word(key)).unwrap_or_default();
            if word.is_always_verb() || (word.may_be_verb() && word.is(Role::MostlyVerb)) {
                verb = verb.max(word.verb);
            } else if !word.is(Role::Name) {
                noun = singular(tool.name, token);
                nouns = nouns.saturating_add(1);
            }
        }
        match (verb, noun) {
            (Some(Category::Read), Some(noun)) => read.push(noun),
            (Some(_), Some(noun)) if nouns == 1 => {
                written.entry(noun).or_insert(tool.name);
            }
            _ => {}
        }
    }
    for noun in read {
        written.remove(&noun);
    }
    written
}

/// The letters of a noun, without the s of a plural.
fn singular(name: &str, token: Token) -> Option<Key> {
    let word = name.get(token.start..token.end)?;
    let stem = word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(word);
    Key::of(&stem.to_ascii_lowercase())
}

/// How many words of a name are looked at here.
const MOST_WORDS: usize = 12;
