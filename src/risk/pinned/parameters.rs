//! What differs between two input schemas.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::risk::pinned::change::{DefinitionChange, ParameterChange, is_same, names};

/// Adds in what two input schemas differ, which are known to differ.
pub(super) fn between(before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<DefinitionChange>) {
    let count = changes.len();
    let rest_differs = match (Schema::of(before), Schema::of(after)) {
        (Some(before), Some(after)) => {
            before.parameters(&after, changes);
            before.rest_differs(&after)
        }
        _ => true,
    };
    // Where nothing that is looked at differs, something else does, such as the order of `required`.
    if rest_differs || changes.len() == count {
        changes.push(DefinitionChange::InputSchema);
    }
}

/// A schema that is an object and lists its parameters as schemas do.
struct Schema<'a> {
    whole: Option<&'a Map<String, Value>>,
    properties: Map<String, Value>,
    required: BTreeSet<&'a str>,
}

impl<'a> Schema<'a> {
    fn of(schema: Option<&'a Value>) -> Option<Self> {
        let Some(schema) = schema else {
            return Some(Self { whole: None, properties: Map::new(), required: BTreeSet::new() });
        };
        let whole = schema.as_object()?;
        let properties =
            whole.get("properties").map_or(Some(Map::new()), |value| value.as_object().cloned())?;
        let required = match whole.get("required") {
            Some(names) => names.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?,
            None => BTreeSet::new(),
        };
        Some(Self { whole: Some(whole), properties, required })
    }

    fn parameters(&self, after: &Schema<'_>, changes: &mut Vec<DefinitionChange>) {
        let mut all = names(&self.properties, &after.properties);
        all.extend(self.required.iter().chain(&after.required));
        for name in all {
            let is_required = after.required.contains(name);
            let was_required = self.required.contains(name);
            let mut add = |change| {
                changes.push(DefinitionChange::Parameter { name: name.to_owned(), change });
            };
            match (self.properties.get(name), after.properties.get(name)) {
                (None, Some(_)) => {
                    add(ParameterChange::Added { is_required });
                    continue;
                }
                (Some(_), None) => {
                    add(ParameterChange::Removed);
                    continue;
                }
                (before, after) if !is_same(before, after) => add(ParameterChange::Changed),
                _ => {}
            }
            match (was_required, is_required) {
                (false, true) => add(ParameterChange::NowRequired),
                (true, false) => add(ParameterChange::NowOptional),
                _ => {}
            }
        }
    }

    /// Whether anything differs that is no parameter.
    fn rest_differs(&self, after: &Schema<'_>) -> bool {
        let (Some(before), Some(after)) = (self.whole, after.whole) else {
            return false;
        };
        let mut rest = names(before, after);
        rest.retain(|name| !["properties", "required"].contains(name));
        rest.into_iter().any(|name| !is_same(before.get(name), after.get(name)))
    }
}
