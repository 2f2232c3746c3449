//! What the other tools of a server say.

use std::collections::HashMap;

use crate::risk::Tool;
use crate::risk::assess::schema::Parameters;
use crate::risk::lexicon::{Key, Lexicon, Role, Roles};
use crate::risk::words::words;

/// What the tools of a server have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    /// They speak of money.
    pub(super) money: bool,
    /// They drive a browser.
    pub(super) browser: bool,
    /// The word that most names begin with.
    prefix: Option<Key>,
}

impl Context {
    /// Of the tools of one server.
    pub(super) fn of(lexicon: &Lexicon, tools: &[Tool<'_>]) -> Self {
        let mut firsts: HashMap<Key, usize> = HashMap::new();
        let (mut money, mut browser) = (0_usize, 0_usize);
        for tool in tools {
            let mut speaks_of_money = false;
            let mut drives_a_browser = false;
            for (at, token) in words(tool.name).take(MOST_WORDS).enumerate() {
                let Some(key) = token.key else { continue };
                if at == 0 {
                    let count = firsts.entry(key).or_default();
                    *count = count.saturating_add(1);
                }
                let Some(word) = lexicon.word(key) else { continue };
                speaks_of_money |= word.is(Role::Money) || word.is(Role::MoneyContext);
                drives_a_browser |= word.is(Role::Drives);
            }
            money = money.saturating_add(usize::from(speaks_of_money));
            browser = browser.saturating_add(usize::from(drives_a_browser));
        }
        let most = firsts.into_iter().max_by_key(|(_, count)| *count);
        let is_shared = |count: usize| count >= 4 && count.saturating_mul(4) >= tools.len().saturating_mul(3);
        let is_verb = |key: Key| {
            lexicon.word(key).is_some_and(|word| word.is_always_verb() || word.is(Role::VerbFirst))
        };
        let prefix = most.filter(|(key, count)| is_shared(*count) && !is_verb(*key)).map(|(key, _)| key);
        Self {
            money: money >= 2 && money.saturating_mul(5) >= tools.len(),
            browser: browser >= 3 && browser.saturating_mul(5) >= tools.len(),
            prefix,
        }
    }

    /// With what a tool's own definition says.
    pub(super) fn with_own(&self, roles: Roles, parameters: &Parameters<'_>) -> Self {
        let pays = parameters.amount.is_some() && parameters.recipient.is_some();
        Self { money: self.money || roles.contains(Role::MoneyContext) || pays, ..self.clone() }
    }

    pub(super) fn is_prefix(&self, key: Option<Key>) -> bool {
        self.prefix.is_some() && self.prefix == key
    }
}

/// How many words of a name are looked at here.
const MOST_WORDS: usize = 12;
