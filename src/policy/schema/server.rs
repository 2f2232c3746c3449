//! The schema for one server: its tools and their arguments by name.

mod arguments;

use serde_json::{Map, Value, json};

use crate::policy::schema::server::arguments::{Arguments, Budget};
use crate::policy::schema::{member, merge};
use crate::risk::{Tool, by_name, listed_tools};

/// Adds the tools of a server to the schema of policies.
pub(super) fn schema_for(mut schema: Value, tools: &Value) -> Option<Value> {
    let listed: Vec<Tool<'_>> = listed_tools(tools)?.take(MAX_TOOLS.saturating_add(1)).collect();
    let is_whole = listed.len() <= MAX_TOOLS;
    let mut server = Server { names: Vec::new(), is_whole, budget: Budget::default() };
    let mut definitions = Map::new();
    let mut rules = Map::new();
    for tool in listed.iter().take(MAX_TOOLS) {
        let name = tool.name;
        if name.len() > MAX_NAME_BYTES {
            // It is not repeated, and can then not be told from a wrong one.
            server.is_whole = false;
        } else if !name.contains('*') && !rules.contains_key(name) {
            let rule = server.rule(tool, rules.len(), &mut definitions);
            rules.insert(name.to_owned(), rule);
            server.names.push(name.to_owned());
        }
    }
    let root = schema.as_object_mut()?;
    member(root, "$defs")?.extend(definitions);
    let properties = member(root, "properties")?;
    server.close(properties.get_mut("tools")?, &rules);
    let classify = properties.get_mut("classify")?;
    let category = classify.get("additionalProperties").cloned().unwrap_or_default();
    let names = server.names.iter().map(|name| (name.clone(), category.clone()));
    server.close(classify, &names.collect());
    let mut name = json!({"anyOf": [{"enum": server.names}, {"pattern": r"\*"}]});
    if !server.is_whole {
        name = json!({"anyOf": [{"enum": server.names}, {"type": "string"}]});
    }
    merge(properties.get_mut("hide")?, json!({"items": {"type": "string", "allOf": [name]}}));
    let pins = properties.get_mut("pins")?;
    if server.is_whole {
        merge(pins, json!({"propertyNames": {"enum": server.names}}));
        let once = by_name(listed).into_iter().filter(|(name, _)| rules.contains_key(*name));
        let fingerprints = once.filter_map(|(name, tool)| Some((name.to_owned(), tool?.fingerprint()?)));
        let pinned = fingerprints.map(|(name, fingerprint)| (name, json!({"enum": [fingerprint]})));
        merge(pins, json!({"properties": pinned.collect::<Map<_, _>>()}));
    }
    // Its own name, or an editor that knows the other one would take that for it.
    root.remove("$id");
    Some(schema)
}

struct Server {
    names: Vec<String>,
    /// Whether every tool is known by name, so that another name is wrong.
    is_whole: bool,
    /// What is left to spend, for all tools together.
    budget: Budget,
}

impl Server {
    /// The rule of one tool: a rule, and what is known of its arguments.
    fn rule(&mut self, tool: &Tool<'_>, number: usize, definitions: &mut Map<String, Value>) -> Value {
        let text = tool.description.unwrap_or_default();
        let text: String = text.chars().take(MAX_DESCRIPTION).collect();
        let mut parts = vec![json!({"$ref": "#/$defs/Rule"})];
        if let Some(schema) = tool.input_schema {
            let arguments = Arguments::of(schema, &mut self.budget);
            let path = format!("Path{number}");
            let condition = format!("Condition{number}");
            definitions.insert(condition.clone(), condition_of(&condition, &path));
            parts.push(rule_of(&condition, &path, &arguments));
            definitions.insert(path, arguments.path());
        }
        json!({"description": text, "allOf": parts})
    }

    /// Lets the object have these members, and besides only patterns.
    fn close(&self, schema: &mut Value, properties: &Map<String, Value>) {
        let other = schema.get("additionalProperties").cloned().unwrap_or_default();
        merge(schema, json!({"properties": properties}));
        if self.is_whole {
            merge(
                schema,
                json!({
                    "patternProperties": {r"\*": other},
                    "additionalProperties": false,
                }),
            );
        }
    }
}

/// What a rule may say of the arguments of a tool.
fn rule_of(condition: &str, path: &str, arguments: &Arguments) -> Value {
    let condition = json!({"$ref": format!("#/$defs/{condition}")});
    let path = json!({"$ref": format!("#/$defs/{path}")});
    let clauses = json!({"items": {"properties": {"conditions": {"items": condition}}}});
    let scope = json!({"anyOf": [path, {"type": "array", "items": path}]});
    let mut properties = json!({
        "require": clauses,
        "deny_if": clauses,
        "approve_if": clauses,
        "limits": {"items": {"properties": {"scope": scope, "increment_from": path}}},
        "rate_limit": {"properties": {"scope": scope}},
    });
    if let Some(names) = arguments.names() {
        merge(&mut properties, json!({"only_args": {"items": {"enum": names}}}));
    }
    json!({"properties": properties})
}

/// What a condition may say of them, however deep.
fn condition_of(own: &str, path: &str) -> Value {
    let own = json!({"$ref": format!("#/$defs/{own}")});
    let path = json!({"$ref": format!("#/$defs/{path}")});
    json!({"properties": {
        "path": path,
        "value_from": path,
        "all": {"items": own},
        "any": {"items": own},
        "not": own,
    }})
}

/// Servers have been seen with a few hundred tools.
const MAX_TOOLS: usize = 2_000;
/// The MCP specification asks for at most 128 characters.
const MAX_NAME_BYTES: usize = 512;
/// How much of the description of a tool is shown.
const MAX_DESCRIPTION: usize = 400;
