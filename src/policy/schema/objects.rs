//! What members of one object ask of each other: operators of values, actions of what stands beside them.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::condition::JsonType;
use crate::names::Words;
use crate::policy::document::{Comparison, Operator, Rule};
use crate::policy::schema::{member, merge, patterns};

/// Every JSON type but null, which is absent.
pub(super) const NOT_NULL: [&str; 5] = ["string", "number", "boolean", "array", "object"];

/// What is added to the schema of an object.
pub(super) fn constraints(owner: &str) -> Value {
    match owner {
        "Rule" => json!({
            "if": {"properties": {"action": {"const": "deny"}}, "required": ["action"]},
            "then": {"properties": never_matters()},
            "defaultSnippets": rule_snippets(),
        }),
        "Clause" => clause_snippets(),
        "Limit" => json!({
            "not": {"required": ["increment", "increment_from"]},
            "if": {"properties": {"algorithm": {"const": "sliding"}}, "required": ["algorithm"]},
            "then": {"properties": {"window": {"not": {"enum": ["month", "lifetime"]}}}},
            "defaultSnippets": [
                {
                    "label": "limit", "description": "So many calls within a window",
                    "body": {"counter": "${1:name}", "window": "${2:minute}", "max": "^${3:10}", "scope": "${4:grant}"},
                },
                {
                    "label": "sum limit", "description": "At most so much of an argument within a window",
                    "body": {
                        "counter": "${1:name}", "window": "${2:day}", "max": "^${3:1000}",
                        "increment_from": "args.${4:amount}", "scope": "${5:user}",
                    },
                },
            ],
        }),
        // In short, or in full.
        "RateLimit" => json!({"type": ["object", "string"], "pattern": patterns::rate()}),
        _ => json!({}),
    }
}

/// The members that make a rule with `action: "deny"` an error.
fn never_matters() -> Map<String, Value> {
    let beside = |name: &&&str| !Rule::BESIDE_DENY.contains(name);
    Rule::MEMBERS.iter().filter(beside).map(|name| ((*name).to_owned(), Value::Bool(false))).collect()
}

fn rule_snippets() -> Value {
    json!([
        {"label": "allow", "description": "The tool is allowed", "body": {}},
        {"label": "deny", "description": "The tool is denied", "body": {"action": "deny", "reason": "${1:Ask a person.}"}},
        {
            "label": "require approval", "description": "A person is asked",
            "body": {"action": "require_approval", "reason": "${1:A person has to agree.}"},
        },
        {"label": "rate limit", "description": "So many calls a window", "body": {"rate_limit": "${1:10}/${2:minute}"}},
        {
            "label": "require", "description": "Conditions on the arguments",
            "body": {"require": [{
                "conditions": [{"path": "args.${1:name}", "op": "${2:eq}", "value": "$3"}], "on_deny": "${4:Why not.}",
            }]},
        },
    ])
}

pub(super) fn clause_snippets() -> Value {
    json!({"defaultSnippets": [{
        "label": "clause", "description": "Conditions that hold together",
        "body": {
            "conditions": [{"path": "args.${1:name}", "op": "${2:eq}", "value": "$3"}], "on_deny": "${4:Why not.}",
        },
    }]})
}

/// A condition: one object for all four forms, so that an editor offers the members of each.
pub(super) fn condition(generator: &mut SchemaGenerator) -> Value {
    let mut schema = Comparison::json_schema(generator).to_value();
    let conditions = json!({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Condition"}});
    let groups = [
        ("all", conditions.clone(), "All of these conditions must hold."),
        ("any", conditions, "One of these conditions must hold."),
        ("not", json!({"allOf": [{"$ref": UNDER_NOT}]}), "This condition must not hold."),
    ];
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, mut group, text) in groups {
            merge(&mut group, json!({"description": text, "markdownDescription": text}));
            properties.insert(name.to_owned(), group);
        }
        if let Some(value) = properties.get_mut("value") {
            merge(value, json!({"type": NOT_NULL}));
        }
    }
    merge(
        &mut schema,
        json!({
            "if": {"anyOf": [{"required": ["all"]}, {"required": ["any"]}, {"required": ["not"]}]},
            "then": {"maxProperties": 1},
            "else": {
                "required": ["path", "op"],
                "oneOf": [{"required": ["value"]}, {"required": ["value_from"]}],
            },
            "allOf": rules(),
            "defaultSnippets": condition_snippets(),
        }),
    );
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
    }
    schema
}

/// What each operator asks of the members beside it.
fn rules() -> Vec<Value> {
    let types: Vec<&str> = JsonType::WORDS.iter().map(|(name, _)| *name).collect();
    let list = json!({"type": "array", "minItems": 1, "items": {"type": NOT_NULL}});
    let texts = json!({
        "type": ["string", "array"], "minItems": 1, "items": {"type": "string", "minLength": 1}, "minLength": 1,
    });
    let text = json!({"type": "string"});
    let number = json!({"type": "number"});
    let value =
        |operators: &[Operator], value: &Value| when(operators, &json!({"properties": {"value": value}}));
    let mut rules = vec![
        value(&[Operator::Lt, Operator::Lte, Operator::Gt, Operator::Gte], &number),
        value(&[Operator::In, Operator::NotIn, Operator::SubsetOf, Operator::Intersects], &list),
        value(&[Operator::Exists], &json!({"type": "boolean"})),
        value(&[Operator::Regex, Operator::NotRegex, Operator::StartsWith, Operator::EndsWith], &text),
        value(&[Operator::Type], &json!({"enum": types})),
        value(
            &[Operator::MinLength, Operator::MaxLength],
            &json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}),
        ),
        value(&[Operator::PathWithin, Operator::HostIn], &texts),
        when(&[Operator::Exists], &json!({"properties": {"absent_as": false}})),
    ];
    let all = Operator::ALL.iter().copied();
    let only_value: Vec<_> = all.clone().filter(|operator| !operator.takes_value_from()).collect();
    rules.push(when(&only_value, &json!({"properties": {"value_from": false}})));
    let no_case: Vec<_> = all.filter(|operator| !operator.takes_ignore_case()).collect();
    rules.push(when(&no_case, &json!({"properties": {"ignore_case": {"const": false}}})));
    rules.push(json!({
        "if": {"properties": {"ignore_case": {"const": true}}, "required": ["ignore_case"]},
        "then": {"properties": {"value": {"type": ["string", "array"], "items": {"type": "string"}}}},
    }));
    let single: Vec<_> =
        [Operator::Eq, Operator::Neq, Operator::Contains, Operator::NotContains].map(Operator::as_str).into();
    rules.push(json!({
        "if": {
            "properties": {"ignore_case": {"const": true}, "op": {"enum": single}},
            "required": ["ignore_case", "op"],
        },
        "then": {"properties": {"value": text}},
    }));
    rules.push(json!({
        "if": {"required": ["each"]},
        "then": {"properties": {"path": {"pattern": patterns::MULTIPLE}}},
    }));
    rules
}

fn when(operators: &[Operator], then: &Value) -> Value {
    let names: Vec<&str> = operators.iter().map(|operator| operator.as_str()).collect();
    json!({"if": {"properties": {"op": {"enum": names}}, "required": ["op"]}, "then": then})
}

fn condition_snippets() -> Value {
    json!([
        {
            "label": "comparison", "description": "What is at a path, compared with a value",
            "body": {"path": "args.${1:name}", "op": "${2:eq}", "value": "$3"},
        },
        {"label": "any", "description": "One of several conditions", "body": {"any": ["$0"]}},
        {"label": "not", "description": "A condition that must not hold", "body": {"not": "$0"}},
    ])
}

/// Leaves the descriptions to the members: an editor shows that of the definition which a member refers to, and not the
/// member's own. Only a tool has none of its own, and gets that of rules.
pub(super) fn leave_descriptions_to_members(schema: &mut Value) {
    const TEXTS: [&str; 2] = ["description", "markdownDescription"];
    let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) else {
        return;
    };
    let mut tool = json!({"allOf": [{"$ref": "#/$defs/Rule"}]});
    for (name, definition) in definitions {
        for text in TEXTS {
            let text_of = definition.as_object_mut().and_then(|definition| definition.remove(text));
            if name == "Rule" {
                merge(&mut tool, json!({text: text_of}));
            }
        }
    }
    if let Some(other) = schema.pointer_mut("/properties/tools/additionalProperties") {
        *other = tool;
    }
}

/// Under `not`, a path with `[*]` must say for how many values it is meant. So conditions there have a schema of their
/// own, all the way down.
pub(super) fn add_conditions_under_not(schema: &mut Value) {
    let definitions = schema.as_object_mut().and_then(|schema| member(schema, "$defs"));
    let Some(definitions) = definitions else {
        return;
    };
    let Some(mut under_not) = definitions.get("Condition").cloned() else {
        return;
    };
    for group in ["any", "all"] {
        if let Some(items) = under_not.pointer_mut(&format!("/properties/{group}/items")) {
            *items = json!({"$ref": UNDER_NOT});
        }
    }
    if let Some(Value::Array(rules)) = under_not.get_mut("allOf") {
        rules.push(json!({
            "if": {"properties": {"path": {"pattern": patterns::MULTIPLE}}, "required": ["path"]},
            "then": {"required": ["each"]},
        }));
    }
    definitions.insert("ConditionUnderNot".to_owned(), under_not);
}

const UNDER_NOT: &str = "#/$defs/ConditionUnderNot";
