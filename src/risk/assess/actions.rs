//! Parameters that choose what a tool does: `manage_executions` with `action: "kill"`.

use serde_json::{Map, Value};

use crate::risk::Category;
use crate::risk::assess::context::Context;
use crate::risk::assess::name::{self, Certainty};
use crate::risk::lexicon::{Lexicon, Role, Word};
use crate::risk::words::{Gap, words};

/// A parameter that chooses what is done.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    pub(super) parameter: &'a str,
    /// The values, and what each does; `None` if its name does not say.
    pub(super) values: Vec<(&'a str, Option<Category>)>,
    /// There are more values than are read.
    pub(super) is_obscure: bool,
    /// Its name says that it chooses, and not its values only.
    pub(super) is_named_so: bool,
}

impl<'a> Choice<'a> {
    /// The worst value of which it is known what it does.
    pub(super) fn worst(&self) -> Option<(&'a str, Category)> {
        let known = self.values.iter().filter_map(|(value, category)| Some((*value, (*category)?)));
        known.reduce(|worst, next| if next.1 > worst.1 { next } else { worst })
    }

    /// Whether it is not known of every value what it does.
    pub(super) fn has_unknown(&self) -> bool {
        self.is_obscure || self.values.iter().any(|(_, category)| category.is_none())
    }
}

/// Reads a parameter, if it chooses what is done.
pub(super) fn read<'a>(
    lexicon: &Lexicon,
    root: &'a Map<String, Value>,
    parameter: &'a str,
    schema: &'a Value,
    word: Word,
    context: &Context,
) -> Option<Choice<'a>> {
    let is_named_so = word.is(Role::ParameterAction) || ends_so(lexicon, parameter);
    if !is_named_so && !word.is(Role::ParameterMaybeAction) {
        return None;
    }
    let schema = resolve(root, schema);
    let mut values = Vec::new();
    let is_obscure = enumerated(root, schema, &mut values);
    if values.is_empty() && is_named_so {
        described(lexicon, schema, &mut values);
    }
    values.truncate(MOST_VALUES);
    let values: Vec<_> = values.into_iter().map(|value| (value, does(lexicon, value, context))).collect();
    let known = values.iter().filter(|(_, category)| category.is_some()).count();
    let is_choice = known > 0 && (is_named_so || known.saturating_mul(2) > values.len());
    is_choice.then_some(Choice { parameter, values, is_obscure, is_named_so })
}

/// What a value does, by its name.
fn does(lexicon: &Lexicon, value: &str, context: &Context) -> Option<Category> {
    let reading = name::read(lexicon, value, context);
    match reading.certainty {
        _ if reading.is_obscure => None,
        Certainty::Silent => None,
        _ => reading.category,
    }
}

/// `run_action`, `operation_type`.
fn ends_so(lexicon: &Lexicon, parameter: &str) -> bool {
    let last = words(parameter).last().and_then(|token| lexicon.word(token.key?));
    words(parameter).nth(1).is_some() && last.is_some_and(|word| word.is(Role::EndsAction))
}

/// Gathers the values of an enumeration, however it is written. Whether there is more than is read.
fn enumerated<'a>(root: &'a Map<String, Value>, schema: &'a Value, values: &mut Vec<&'a str>) -> bool {
    let mut open = vec![schema];
    let mut steps = 0_usize;
    while let Some(schema) = open.pop() {
        steps = steps.saturating_add(1);
        if steps > MOST_STEPS || values.len() > MOST_VALUES {
            return true;
        }
        let schema = resolve(root, schema);
        let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
        values.extend(listed.take(MOST_VALUES.saturating_add(1)).filter_map(Value::as_str));
        values.extend(schema.get("const").and_then(Value::as_str));
        for key in ["allOf", "anyOf", "oneOf"] {
            let variants = schema.get(key).and_then(Value::as_array).map(Vec::as_slice);
            open.extend(variants.unwrap_or_default().iter().take(MOST_STEPS).rev());
        }
        open.extend(schema.get("items"));
    }
    values.len() > MOST_VALUES
}

/// Gathers the values that a description lists: "one of: create, update, delete".
fn described<'a>(lexicon: &Lexicon, schema: &'a Value, values: &mut Vec<&'a str>) {
    let Some(text) = schema.get("description").and_then(Value::as_str) else { return };
    let text = text.get(..text.floor_char_boundary(LONGEST_DESCRIPTION)).unwrap_or_default();
    let mut tokens = words(text).peekable();
    while let Some(token) = tokens.next() {
        let after = tokens.peek().map_or(Gap::Stop, |next| next.gap);
        let is_listed = token.gap >= Gap::Comma || after >= Gap::Comma;
        let word = token.key.and_then(|key| lexicon.word(key)).unwrap_or_default();
        let value = text.get(token.start..token.end).unwrap_or_default();
        if is_listed && word.may_be_verb() && !word.is(Role::LeadIn) && !values.contains(&value) {
            values.push(value);
        }
    }
}

/// What a local reference leads to, or the schema itself. One step: what is behind more is not followed.
pub(super) fn resolve<'a>(root: &'a Map<String, Value>, schema: &'a Value) -> &'a Value {
    let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return schema };
    let mut parts = reference.strip_prefix("#/").into_iter().flat_map(|rest| rest.split('/'));
    let first = parts.next().and_then(|part| root.get(part));
    first.and_then(|first| parts.try_fold(first, |value, part| value.get(part))).unwrap_or(schema)
}

/// How many values of a parameter are read. Past them it is not known what a tool can do: at least write.
const MOST_VALUES: usize = 512;

/// How many parts of a parameter's schema are looked at.
const MOST_STEPS: usize = 512;

/// How many bytes of a parameter's description are read.
const LONGEST_DESCRIPTION: usize = 400;
