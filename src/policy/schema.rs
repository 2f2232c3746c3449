//! The JSON Schema of policies, for editors: from the types of the document, and what their checks ask beyond types.

mod members;
mod objects;
mod patterns;
mod server;
mod written;

use serde_json::{Map, Value, json};

use crate::policy::Policy;
use crate::policy::document::PolicyDocument;
pub(in crate::policy) use written::{MemberOf, Written, chosen, described, object, words};

impl Policy {
    /// The JSON Schema of policies, draft 2020-12, with descriptions, examples and snippets for editors.
    ///
    /// It accepts what [`Policy::from_json`] accepts, except for what JSON Schema cannot say:
    ///
    /// - the text: duplicate keys, and the length and depth of a document and the length of its keys
    ///   (`duplicate_key`, `too_large`, `too_deep`);
    /// - regular expressions that cannot be compiled (`regex`);
    /// - limits that share a counter and do not agree (`counter_conflict`);
    /// - amounts with more than six fractional digits;
    /// - one scope in two spellings (`args.a` and `/args/a`);
    /// - directories of `path_within` that climb out, begin with `~`, or have a backslash, a NUL or percent-encoding;
    /// - hosts of `host_in` that are none;
    /// - paths of more than 127 segments, and positions in arrays beyond 2^64.
    ///
    /// All of these it accepts, and the policy is refused when it is read.
    ///
    /// ```
    /// let schema = mcp_policy::Policy::json_schema();
    /// assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    /// ```
    #[must_use]
    pub fn json_schema() -> Value {
        let settings = schemars::generate::SchemaSettings::draft2020_12();
        let mut schema = settings.into_generator().into_root_schema_for::<PolicyDocument>().to_value();
        merge(&mut schema, json!({"$id": ID, "title": "A policy for calls of MCP tools, version 1"}));
        objects::leave_descriptions_to_members(&mut schema);
        objects::add_conditions_under_not(&mut schema);
        schema
    }

    /// The JSON Schema of policies for one server, from its answer to `tools/list`: [`json_schema`](Policy::json_schema),
    /// and in addition the names of its tools, the paths of their arguments and the fingerprints of their definitions, which
    /// an editor completes, and flags where they are wrong.
    ///
    /// `None` if there is no list of tools in `tools`: it is the result (`{"tools": […]}`), the whole response, or the
    /// list alone.
    ///
    /// This schema is stricter than the language: a policy may name a tool or an argument that the server does not list,
    /// and is then probably wrong. Names with `*`, JSON Pointers, and whatever lies below an argument whose schema says
    /// nothing of its members are not flagged. Of a list that is very long, or has very large schemas, the rest is left
    /// open in the same way. Nothing in `tools` is trusted: beyond reading it once it costs
    /// time and space in proportion to a fixed bound.
    ///
    /// ```
    /// use mcp_policy::Policy;
    /// use serde_json::json;
    ///
    /// let tools = json!({"tools": [{"name": "merge", "inputSchema": {"properties": {"branch": {"type": "string"}}}}]});
    /// let schema = Policy::json_schema_for(&tools).unwrap();
    /// assert!(schema["properties"]["tools"]["properties"].get("merge").is_some());
    /// ```
    #[must_use]
    pub fn json_schema_for(tools: &Value) -> Option<Value> {
        server::schema_for(Self::json_schema(), tools)
    }
}

const ID: &str = "https://raw.githubusercontent.com/mcp-policy/mcp-policy/main/schema/policy.schema.json";

/// Adds members to an object; those of one name are replaced.
fn merge(object: &mut Value, members: Value) {
    if let (Value::Object(object), Value::Object(members)) = (object, members) {
        object.extend(members);
    }
}

/// The member of an object that is an object itself, made where it is not there.
fn member<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    object.entry(name).or_insert_with(|| json!({})).as_object_mut()
}
