//! What an input schema says.

use serde_json::{Map, Value};

use crate::risk::assess::actions::{self, Choice};
use crate::risk::assess::context::Context;
use crate::risk::lexicon::{Form, Lexicon, Role, Roles, Word};
use crate::risk::words::{Token, words};
use crate::risk::{Signal, Signals};

/// What the parameters of a tool say.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a> {
    /// The parameters that choose what is done, with what their values do.
    pub(super) choices: Vec<Choice<'a>>,
    pub(super) signals: Signals,
    /// The first parameter that has each of these signals.
    named: Vec<(Signal, &'a str)>,
    /// A parameter for a command of a shell.
    pub(super) shell: Option<&'a str>,
    /// A parameter for code.
    pub(super) code: Option<&'a str>,
    /// A parameter for SQL.
    pub(super) sql: Option<&'a str>,
    /// A parameter for an amount.
    pub(super) amount: Option<&'a str>,
    /// A parameter for who receives.
    pub(super) recipient: Option<&'a str>,
    /// A parameter for a security or a currency.
    pub(super) symbol: Option<&'a str>,
    /// A parameter for where something is written.
    pub(super) output: Option<&'a str>,
    /// What the words of all names can be.
    pub(super) roles: Roles,
    /// There are more parameters than are read.
    pub(super) is_obscure: bool,
    count: usize,
}

impl<'a> Parameters<'a> {
    /// The first parameter that has a signal.
    pub(super) fn named(&self, signal: Signal) -> Option<&'a str> {
        self.named.iter().find(|(known, _)| *known == signal).map(|(_, name)| *name)
    }

    /// Whether no parameter says what is to be done, or brings something.
    pub(super) fn chooses_nothing(&self) -> bool {
        self.choices.is_empty() && self.signals.is_empty() && self.amount.is_none()
    }

    fn note(&mut self, signal: Signal, name: &'a str) {
        if !self.signals.contains(signal) {
            self.named.push((signal, name));
        }
        self.signals.insert(signal);
    }
}

/// Reads the parameters of a schema.
pub(super) fn read<'a>(
    lexicon: &Lexicon,
    schema: &'a Value,
    description: &'a str,
    context: &Context<'_>,
) -> Parameters<'a> {
    let mut found = Parameters::default();
    let Some(schema) = schema.as_object() else { return found };
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        read_properties(lexicon, schema, properties, description, context, &mut found);
    }
    for variants in ["oneOf", "anyOf", "allOf"] {
        let variants = schema.get(variants).and_then(Value::as_array);
        for variant in variants.into_iter().flatten().take(MOST_VARIANTS) {
            let variant = actions::resolve(schema, variant);
            if let Some(properties) = variant.get("properties").and_then(Value::as_object) {
                read_properties(lexicon, schema, properties, description, context, &mut found);
            }
        }
    }
    found
}

fn read_properties<'a>(
    lexicon: &Lexicon,
    root: &'a Map<String, Value>,
    properties: &'a Map<String, Value>,
    description: &'a str,
    context: &Context<'_>,
    found: &mut Parameters<'a>,
) {
    let left = MOST_PARAMETERS.saturating_sub(found.count);
    found.count = found.count.saturating_add(properties.len());
    found.is_obscure |= properties.len() > left;
    if properties.len() > MANY {
        found.signals.insert(Signal::ManyParameters);
    }
    for (name, schema) in properties.iter().take(left) {
        let word = whole(lexicon, name);
        found.roles = found.roles.union(word.roles);
        if is_list_of_ids(name, schema) {
            found.note(Signal::Bulk, name);
        }
        if word.roles != Roles::default() {
            read_parameter(name, schema, word, found);
        }
        if let Some(choice) = actions::read(lexicon, root, name, schema, description, word, context) {
            match found.choices.iter_mut().find(|known| known.parameter == choice.parameter) {
                Some(known) => known.merge(choice),
                None => found.choices.push(choice),
            }
        }
    }
}

fn read_parameter<'a>(name: &'a str, schema: &Value, word: Word, found: &mut Parameters<'a>) {
    let kind = schema.get("type").and_then(Value::as_str);
    let of_text = [
        (Role::ParameterShell, Some(Signal::Shell)),
        (Role::ParameterCode, Some(Signal::Code)),
        (Role::ParameterSql, Some(Signal::Sql)),
        (Role::ParameterUrl, Some(Signal::Url)),
        (Role::ParameterPath, Some(Signal::Path)),
        (Role::ParameterHtml, Some(Signal::Html)),
        (Role::ParameterRecipient, None),
        (Role::ParameterCurrency, None),
        (Role::ParameterAmount, None),
        (Role::ParameterOutput, None),
    ];
    let of_flags = [(Role::Force, Some(Signal::Force)), (Role::Many, Some(Signal::Bulk))];
    let of_numbers = [(Role::ParameterAmount, None)];
    let roles: &[(Role, Option<Signal>)] = match kind {
        Some("boolean") => &of_flags,
        Some("integer" | "number") => &of_numbers,
        _ if schema.get("enum").is_some() => &[],
        _ => &of_text,
    };
    for (role, signal) in roles.iter().filter(|(role, _)| word.is(*role)) {
        if let Some(signal) = signal {
            found.note(*signal, name);
        }
        let slot = match role {
            Role::ParameterAmount => &mut found.amount,
            Role::ParameterCode => &mut found.code,
            Role::ParameterCurrency => &mut found.symbol,
            Role::ParameterOutput => &mut found.output,
            Role::ParameterRecipient => &mut found.recipient,
            Role::ParameterShell => &mut found.shell,
            Role::ParameterSql => &mut found.sql,
            _ => continue,
        };
        *slot = slot.or(Some(name));
    }
}

/// `execution_ids`: things that are named one by one, many at once.
fn is_list_of_ids(name: &str, schema: &Value) -> bool {
    (name.ends_with("ids") || name.ends_with("Ids") || name.ends_with("IDs"))
        && schema.get("type").and_then(Value::as_str) == Some("array")
}

/// What a name of a parameter says as a whole: `sql_query` is one word, `query_id` is none, `run_action` is an action.
fn whole(lexicon: &Lexicon, name: &str) -> Word {
    let mut tokens = words(name);
    let mut buffer = [Token::default(); 4];
    let mut count = 0_usize;
    for (slot, token) in buffer.iter_mut().zip(&mut tokens) {
        *slot = token;
        count = count.saturating_add(1);
    }
    let named = buffer.get(..count).unwrap_or_default();
    if tokens.next().is_some() {
        return Word::default();
    }
    let (word, length) = lexicon.find(named);
    if length == count {
        return word;
    }
    let last = named.last().and_then(|last| lexicon.word(last.key?)).unwrap_or_default();
    if last.is(Role::EndsAction) { ACTION } else { Word::default() }
}

/// What `run_action` says.
const ACTION: Word = Word { verb: None, form: Form::Base, roles: Roles::of(Role::ParameterAction) };

/// How many parameters are read. A schema with more is not understood, and the tool no read.
const MOST_PARAMETERS: usize = 1_024;

/// How many variants of a schema are read.
const MOST_VARIANTS: usize = 64;

/// More parameters than this are many.
const MANY: usize = 20;
