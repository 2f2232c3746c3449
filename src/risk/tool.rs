//! Tools, as their servers define them.

use serde_json::{Map, Value};
use thiserror::Error;

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

/// A definition that is no tool's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a tool is an object with a `name`, which is a string")]
pub struct ToolError(());

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
