//! Tools, as their servers define them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::fingerprint::Fingerprint;
use crate::json::Item;

/// The definition of a tool: an item of a server's answer to `tools/list`. Everything is borrowed.
///
/// Nothing of it is to be trusted: the server wrote it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tool<'a> {
    /// The name that calls use.
    pub name: &'a str,
    /// The title that people see.
    pub title: Option<&'a str>,
    /// What the server says of it.
    pub description: Option<&'a str>,
    /// The JSON Schema of its arguments.
    pub input_schema: Option<&'a Value>,
    /// What the server claims of it, such as `readOnlyHint`.
    pub annotations: Option<&'a Map<String, Value>>,
    /// The whole definition as it was listed, with members that mean nothing here; `None` if the tool was put together by
    /// hand.
    pub definition: Option<&'a Map<String, Value>>,
}

impl<'a> Tool<'a> {
    /// A tool of which only the name is known.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Self { name, title: None, description: None, input_schema: None, annotations: None, definition: None }
    }

    /// A tool as the server listed it: an object with `name`, and whatever else there is. A member that is not of
    /// the type that MCP gives it says nothing, and is no error: servers differ.
    ///
    /// # Errors
    ///
    /// [`ToolError`] if it is not an object, or has no `name` that is a string.
    pub fn from_definition(definition: &'a Value) -> Result<Self, ToolError> {
        let definition = definition.as_object().ok_or(ToolError(()))?;
        let name = definition.get("name").and_then(Value::as_str).ok_or(ToolError(()))?;
        Ok(Self {
            name,
            title: definition.get("title").and_then(Value::as_str),
            description: definition.get("description").and_then(Value::as_str),
            input_schema: definition.get("inputSchema"),
            annotations: definition.get("annotations").and_then(Value::as_object),
            definition: Some(definition),
        })
    }

    /// What tells this definition from every other: the fingerprint of the whole object as it was listed, with every
    /// member that it has, also those that mean nothing here. A server that changes a word of the description, a hint or
    /// something in `_meta` has changed the definition: an agent reads all of it.
    ///
    /// The order of members is no change, nor is how a number or a character is spelled. `None` if the tool was put together
    /// by hand and never listed, is nested deeper than [`json::MAX_DEPTH`](crate::json::MAX_DEPTH), or holds a number that
    /// has no exact value: what has no fingerprint is never what was pinned.
    ///
    /// ```
    /// use mcp_policy::risk::Tool;
    /// use serde_json::json;
    ///
    /// let listed = json!({"name": "purge", "annotations": {"destructiveHint": true}});
    /// let later = json!({"annotations": {"destructiveHint": false}, "name": "purge"});
    /// let fingerprint = Tool::from_definition(&listed)?.fingerprint();
    /// assert!(fingerprint.is_some());
    /// assert_ne!(fingerprint, Tool::from_definition(&later)?.fingerprint());
    /// # Ok::<(), mcp_policy::risk::ToolError>(())
    /// ```
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.definition.and_then(|definition| Fingerprint::of(Item::Object(definition)))
    }

    /// With the title that people see.
    #[must_use]
    pub const fn title(self, title: &'a str) -> Self {
        Self { title: Some(title), ..self }
    }

    /// With a description.
    #[must_use]
    pub const fn description(self, description: &'a str) -> Self {
        Self { description: Some(description), ..self }
    }

    /// With the JSON Schema of its arguments.
    #[must_use]
    pub const fn input_schema(self, schema: &'a Value) -> Self {
        Self { input_schema: Some(schema), ..self }
    }

    /// With what the server claims of it, such as `readOnlyHint`.
    #[must_use]
    pub const fn annotations(self, annotations: &'a Map<String, Value>) -> Self {
        Self { annotations: Some(annotations), ..self }
    }
}

/// The tools in a server's answer to `tools/list`: a result, the response around it, or the array alone. `None` if it is
/// none of these. What is in the array and is no tool is passed over.
#[must_use]
pub fn listed_tools(answer: &Value) -> Option<impl Iterator<Item = Tool<'_>>> {
    let list =
        answer.pointer("/result/tools").or_else(|| answer.get("tools")).unwrap_or(answer).as_array()?;
    Some(list.iter().filter_map(|definition| Tool::from_definition(definition).ok()))
}

/// The tools of one list by their names. A name that occurs more than once has `None`: which of the two a call would reach
/// only the server knows.
pub(crate) fn by_name<'a>(tools: impl IntoIterator<Item = Tool<'a>>) -> BTreeMap<&'a str, Option<Tool<'a>>> {
    let mut by_name = BTreeMap::new();
    for tool in tools {
        by_name.entry(tool.name).and_modify(|known| *known = None).or_insert(Some(tool));
    }
    by_name
}

/// A definition that is no tool's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a tool is an object with a `name`, which is a string")]
pub struct ToolError(());

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fingerprint(definition: &Value) -> Option<Fingerprint> {
        Tool::from_definition(definition).unwrap().fingerprint()
    }

    #[test]
    fn t54_every_part_of_a_definition_is_in_its_fingerprint_and_the_order_is_not() {
        let definition = json!({
            "name": "t", "title": "T", "description": "Reads.", "inputSchema": {"type": "object", "properties": {"n": {"maximum": 1}}},
            "outputSchema": {"type": "object"}, "annotations": {"readOnlyHint": true}, "_meta": {"v": 1}, "icons": []
        });
        let own = fingerprint(&definition);
        for name in definition.as_object().unwrap().keys().filter(|name| *name != "name") {
            let mut other = definition.clone();
            other[name] = json!("another");
            assert_ne!(fingerprint(&other), own, "{name} is another");
            other.as_object_mut().unwrap().remove(name);
            assert_ne!(fingerprint(&other), own, "{name} is gone");
        }
        let text = r#"{"icons": [], "_meta": {"v": 1.0}, "annotations": {"readOnlyHint": true},
            "outputSchema": {"type": "\u006fbject"}, "inputSchema": {"properties": {"n": {"maximum": 1e0}}, "type": "object"},
            "description": "Reads.", "title": "T", "name": "t"}"#;
        assert_eq!(fingerprint(&crate::json::parse(text).unwrap()), own);
    }

    #[test]
    fn what_was_never_listed_or_is_too_deep_has_no_fingerprint() {
        assert_eq!(Tool::new("t").description("Reads.").fingerprint(), None);
        let deep = (0..500).fold(json!(1), |value, _| json!([value]));
        assert_eq!(fingerprint(&json!({"name": "t", "_meta": deep})), None);
    }

    #[test]
    fn a_fingerprint_is_sha256_over_the_canonical_text_alone() {
        // printf '{"description":"Reads.","name":"t"}' | sha256sum
        let text = "sha256:8c1ead35f94959b68ff753beec4f104b9d7c25dcf7d041cd2aa4fb19df8412d8";
        assert_eq!(fingerprint(&json!({"name": "t", "description": "Reads."})).unwrap().to_string(), text);
    }

    #[test]
    fn a_list_is_found_in_a_result_in_a_response_and_alone() {
        let list = json!([{"name": "a"}, 5, {"title": "no name"}, {"name": "b", "description": 5}]);
        let answers = [list.clone(), json!({"tools": list}), json!({"result": {"tools": list}})];
        for answer in &answers {
            let names: Vec<&str> = listed_tools(answer).unwrap().map(|tool| tool.name).collect();
            assert_eq!(names, ["a", "b"]);
        }
        assert!(listed_tools(&json!({"result": 5})).is_none());
    }
}
