//! Parameters that choose what a tool does: `manage_executions` with `action: "kill"`.

use serde_json::{Map, Value};

use crate::risk::Category;
use crate::risk::assess::context::Context;
use crate::risk::assess::name::{self, Certainty, Manner};
use crate::risk::lexicon::{Lexicon, Role, Word};
use crate::risk::words::{Gap, beginning, words};

/// A parameter that chooses what is done.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what is known of a parameter: one thing does not follow from another"
)]
pub(super) struct Choice<'a> {
    pub(super) parameter: &'a str,
    /// The values, and what each does; `None` if its name does not say.
    pub(super) values: Vec<(&'a str, Option<Category>)>,
    /// There are more values than are read.
    pub(super) is_obscure: bool,
    pub(super) source: Source,
    /// One of the values is chosen where the caller chooses none.
    pub(super) has_default: bool,
    /// Its description says that it filters.
    pub(super) is_filter: bool,
    /// Its name says that it chooses, and not its values only.
    pub(super) is_named_so: bool,
}

/// Where it is said which values there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Description,
    Schema,
}

impl<'a> Choice<'a> {
    /// Takes in what another variant of the schema says of the same parameter.
    pub(super) fn merge(&mut self, other: Self) {
        self.values.extend(other.values);
        self.is_obscure |= other.is_obscure || self.values.len() > MOST_VALUES;
        self.values.truncate(MOST_VALUES);
    }

    /// The worst value of which it is known what it does.
    pub(super) fn worst(&self) -> Option<(&'a str, Category)> {
        let known = self.values.iter().filter_map(|(value, category)| Some((*value, (*category)?)));
        known.reduce(|worst, next| if next.1 > worst.1 { next } else { worst })
    }

    /// Whether what it lists is all that the tool can do.
    pub(super) fn is_complete(&self) -> bool {
        self.is_named_so && self.source == Source::Schema && !self.has_unknown()
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
    description: &'a str,
    word: Word,
    context: &Context<'_>,
) -> Option<Choice<'a>> {
    let is_named_so = word.is(Role::ParameterAction);
    if !is_named_so && !word.is(Role::ParameterMaybeAction) {
        return None;
    }
    let schema = resolve(root, schema);
    let is_filter = is_filter(schema);
    let has_default = schema.get("default").is_some_and(Value::is_string);
    let mut values = Vec::new();
    let is_obscure = enumerated(root, schema, &mut values);
    let source = if values.is_empty() { Source::Description } else { Source::Schema };
    if values.is_empty() && is_named_so {
        let own = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        listed(lexicon, own, &mut values);
        given(description, parameter, &mut values);
    }
    values.truncate(MOST_VALUES);
    let values: Vec<_> = values.into_iter().map(|value| (value, does(lexicon, value, context))).collect();
    let known = values.iter().filter(|(_, category)| category.is_some()).count();
    let is_choice = known > 0 && (is_named_so || known.saturating_mul(2) > values.len());
    is_choice.then_some(Choice { parameter, values, is_obscure, source, has_default, is_filter, is_named_so })
}

/// Whether a parameter says of itself that it filters what is shown.
fn is_filter(schema: &Value) -> bool {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let mut first = words(text).take(FILTER).filter_map(|token| text.get(token.start..token.end));
    first.any(|word| word.eq_ignore_ascii_case("filter") || word.eq_ignore_ascii_case("filters"))
}

/// What a value does, by its name.
fn does(lexicon: &Lexicon, value: &str, context: &Context<'_>) -> Option<Category> {
    let reading = name::read(lexicon, value, context, Manner::Action);
    match reading.certainty {
        _ if reading.is_obscure => None,
        Certainty::Ambiguous | Certainty::Silent => None,
        _ => reading.category,
    }
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

/// Gathers the values that a parameter's description lists: "one of create, update or delete".
fn listed<'a>(lexicon: &Lexicon, text: &'a str, values: &mut Vec<&'a str>) {
    let text = beginning(text, LONGEST_DESCRIPTION);
    let separates = |gap| matches!(gap, Gap::Comma | Gap::Quote | Gap::Colon);
    let mut tokens = words(text).peekable();
    let mut follows_join = false;
    while let Some(token) = tokens.next() {
        let word = token.key.and_then(|key| lexicon.word(key)).unwrap_or_default();
        let is_listed =
            follows_join || separates(token.gap) || tokens.peek().is_some_and(|next| separates(next.gap));
        let value = text.get(token.start..token.end).unwrap_or_default();
        if is_listed && word.may_be_verb() && !word.is(Role::Vague) && !values.contains(&value) {
            values.push(value);
        }
        follows_join = word.is(Role::Joins);
    }
}

/// Gathers the values that a tool's description gives a parameter: `action="set"`.
fn given<'a>(text: &'a str, parameter: &str, values: &mut Vec<&'a str>) {
    let text = beginning(text, LONGEST_DESCRIPTION);
    for (at, _) in text.match_indices(parameter).take(MOST_VALUES) {
        let rest = at.checked_add(parameter.len()).and_then(|end| text.get(end..)).unwrap_or_default();
        let rest = rest.trim_start_matches('"').trim_start().strip_prefix(['=', ':']).unwrap_or_default();
        let value = rest.trim_start().strip_prefix(['"', '\'', '`']).unwrap_or_default();
        let end = value.find(|letter: char| !letter.is_ascii_alphanumeric() && !"_-.".contains(letter));
        let value = end.and_then(|end| value.get(..end)).unwrap_or_default();
        if !value.is_empty() && !values.contains(&value) {
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

/// Among how many words of a parameter's description it says that it filters.
const FILTER: usize = 4;

/// How many bytes of a description are read for values.
const LONGEST_DESCRIPTION: usize = 1_600;
