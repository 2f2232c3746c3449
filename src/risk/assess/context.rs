//! What the other tools of a server say.

use std::collections::HashMap;

use crate::risk::Tool;
use crate::risk::assess::schema::Parameters;
use crate::risk::lexicon::{Key, Lexicon, Role, Roles};
use crate::risk::words::words;

/// What the tools of a server have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context {
    /// They speak of money.
    pub(super) money: bool,
    /// They speak of securities.
    pub(super) trading: bool,
    /// They drive a browser.
    pub(super) browser: bool,
    /// The words that a fifth of the names or more begin with.
    prefixes: [Option<Key>; 5],
}

impl Context {
    /// Of the tools of one server.
    pub(super) fn of(lexicon: &Lexicon, tools: &[Tool<'_>]) -> Self {
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
        }
    }

    /// With what a tool's own definition says.
    pub(super) fn with_own(&self, roles: Roles, parameters: &Parameters<'_>) -> Self {
        let pays = parameters.amount.is_some() && parameters.recipient.is_some();
        let trades = parameters.amount.is_some() && parameters.symbol.is_some();
        let trading = self.trading || trades || roles.contains(Role::Trading);
        Self { trading, money: self.money || roles.contains(Role::MoneyContext) || pays, ..*self }
    }

    pub(super) fn is_prefix(&self, key: Option<Key>) -> bool {
        key.is_some() && self.prefixes.contains(&key)
    }
}

/// How many words of a name are looked at here.
const MOST_WORDS: usize = 12;
