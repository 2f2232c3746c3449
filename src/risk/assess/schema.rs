//! What an input schema says.

use serde_json::{Map, Value};

use crate::risk::assess::actions::{self, Choice};
use crate::risk::assess::context::Context;
use crate::risk::lexicon::{Lexicon, Role, Roles, Word};
use crate::risk::words::words;
use crate::risk::{Signal, Signals};

/// What the parameters of a tool say.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a> {
    /// The parameters that choose what is done, with what their values do.
    pub(super) choices: Vec<Choice<'a>>,
    pub(super) signals: Signals,
    /// A parameter for a command of a shell.
    pub(super) shell: Option<&'a str>,
    /// A parameter for code.
    pub(super) code: Option<&'a str>,
    /// A parameter for SQL.
    pub(super) sql: Option<&'a str>,
    /// A parameter that makes it insist.
    pub(super) force: Option<&'a str>,
    /// A parameter for an amount.
    pub(super) amount: Option<&'a str>,
    /// A parameter for who receives, or for what currency.
    pub(super) recipient: Option<&'a str>,
    /// A parameter for where something is written.
    pub(super) output: Option<&'a str>,
    /// What the words of all names can be.
    pub(super) roles: Roles,
    /// There are more parameters than are read.
    pub(super) is_obscure: bool,
    count: usize,
}

/// Reads the parameters of a schema.
pub(super) fn read<'a>(lexicon: &Lexicon, schema: &'a Value, context: &Context) -> Parameters<'a> {
    let mut found = Parameters::default();
    let Some(schema) = schema.as_object() else { return found };
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        read_properties(lexicon, schema, properties, context, &mut found);
    }
    for variants in ["oneOf", "anyOf", "allOf"] {
        let variants = schema.get(variants).and_then(Value::as_array);
        for variant in variants.into_iter().flatten().take(MOST_VARIANTS) {
            let variant = actions::resolve(schema, variant);
            if let Some(properties) = variant.get("properties").and_then(Value::as_object) {
                read_properties(lexicon, schema, properties, context, &mut found);
            }
        }
    }
    found
}

fn read_properties<'a>(
    lexicon: &Lexicon,
    root: &'a Map<String, Value>,
    properties: &'a Map<String, Value>,
    context: &Context,
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
        if word.roles != Roles::default() {
            read_parameter(name, schema, word, found);
        }
        if let Some(choice) = actions::read(lexicon, root, name, schema, word, context) {
            match found.choices.iter_mut().find(|known| known.parameter == choice.parameter) {
                Some(known) => known.values.extend(choice.values),
                None => found.choices.push(choice),
            }
        }
    }
}

fn read_parameter<'a>(name: &'a str, schema: &Value, word: Word, found: &mut Parameters<'a>) {
    let kind = schema.get("type").and_then(Value::as_str);
    let is_flag = kind == Some("boolean");
    let is_number = matches!(kind, Some("integer" | "number"));
    let may_be_text = !is_flag && !is_number && schema.get("enum").is_none();
    let mut note = |role, slot: &mut Option<&'a str>, signal: Option<Signal>| {
        if word.is(role) {
            *slot = slot.or(Some(name));
            if let Some(signal) = signal {
                found.signals.insert(signal);
            }
        }
    };
    let mut nothing = None;
    if may_be_text {
        note(Role::ParameterShell, &mut found.shell, Some(Signal::Shell));
        note(Role::ParameterCode, &mut found.code, Some(Signal::Code));
        note(Role::ParameterSql, &mut found.sql, Some(Signal::Sql));
        note(Role::ParameterUrl, &mut nothing, Some(Signal::Url));
        note(Role::ParameterPath, &mut nothing, Some(Signal::Path));
        note(Role::ParameterHtml, &mut nothing, Some(Signal::Html));
        note(Role::ParameterRecipient, &mut found.recipient, None);
        note(Role::ParameterCurrency, &mut found.recipient, None);
        note(Role::ParameterOutput, &mut found.output, None);
    }
    if !is_flag {
        note(Role::ParameterAmount, &mut found.amount, None);
    } else {
        note(Role::Force, &mut found.force, Some(Signal::Force));
        note(Role::Many, &mut nothing, Some(Signal::Bulk));
    }
}

/// What a name of a parameter says as a whole: `sql_query` is one word, `query_id` is none.
fn whole(lexicon: &Lexicon, name: &str) -> Word {
    let mut tokens = words(name);
    let mut buffer = [crate::risk::words::Token::default(); 4];
    let mut count = 0_usize;
    for (slot, token) in buffer.iter_mut().zip(&mut tokens) {
        *slot = token;
        count = count.saturating_add(1);
    }
    let named = buffer.get(..count).unwrap_or_default();
    let (word, length) = lexicon.find(named);
    if length == count && tokens.next().is_none() {
        return word;
    }
    Word::default()
}

/// How many parameters are read. A schema with more is not understood, and the tool no read.
const MOST_PARAMETERS: usize = 1_024;

/// How many variants of a schema are read.
const MOST_VARIANTS: usize = 64;

/// More parameters than this are many.
const MANY: usize = 20;
