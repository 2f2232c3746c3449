//! The schema for one server: what is right is accepted, wrong names of tools and arguments are refused.

use mcp_policy::Policy;
use mcp_policy::risk::Tool;
use serde_json::{Value, json};

use super::{file, read, validator};

fn shop() -> Value {
    Policy::json_schema_for(&read(&file("tests/fixtures/tools/shop.json"))).unwrap()
}

fn with_rule(rule: &Value) -> Value {
    json!({"version": "1", "default": "deny", "tools": {"create_refund": rule}})
}

#[test]
fn arguments_are_known_by_their_paths() {
    let validator = validator(&shop());
    for (known, path) in [
        (true, "args"),
        (true, "args.amount"),
        (true, "args.reason"),
        (true, "args.items"),
        (true, "args.items[*].price"),
        (true, "args.items[0].parts[3].price"),
        (true, "args.metadata.anything[0].below"),
        (true, "args.customer.address.country"),
        (true, "/args/a.b"),
        (true, "context.user"),
        (true, "tool.name"),
        (false, "args.amuont"),
        (false, "args.amount.value"),
        (false, "args.amount[*]"),
        (false, "args[0]"),
        (false, "args.items.price"),
        (false, "args.items[*].name"),
        (false, "args.customer.mail"),
        (false, "args.a.b"),
    ] {
        let condition = json!({"path": path, "op": "eq", "value": 1});
        let from = json!({"path": "args.amount", "op": "eq", "value_from": path.replace("[*]", "[0]")});
        for condition in [
            condition.clone(),
            from,
            json!({"any": [{"not": {"all": [{"path": path, "op": "eq", "value": 1, "each": "any"}]}}]}),
        ] {
            if !path.contains("[*]") && condition.to_string().contains("each") {
                continue;
            }
            let document = with_rule(&json!({"deny_if": [{"conditions": [condition]}]}));
            assert_eq!(validator.is_valid(&document), known, "{document}");
        }
    }
}

#[test]
fn limits_and_only_args_know_them_too() {
    let validator = validator(&shop());
    let limit = |scope: Value, from: &str| json!({"limits": [{"counter": "c", "window": "day", "max": 1, "scope": scope, "increment_from": from}]});
    for (known, rule) in [
        (true, limit(json!("user"), "args.amount")),
        (true, limit(json!(["user", "args.charge"]), "args.items[0].price")),
        (false, limit(json!(["user", "args.chrage"]), "args.amount")),
        (false, limit(json!("args.chrage"), "args.amount")),
        (false, limit(json!("user"), "args.amonut")),
        (true, json!({"rate_limit": {"max": 1, "window": "day", "scope": "args.charge"}})),
        (false, json!({"rate_limit": {"max": 1, "window": "day", "scope": "args.chrage"}})),
        (true, json!({"rate_limit": "1/day", "only_args": ["charge", "a.b"]})),
        (false, json!({"only_args": ["chrage"]})),
        (false, json!({"only_arg": ["charge"]})),
    ] {
        assert_eq!(validator.is_valid(&with_rule(&rule)), known, "{rule}");
    }
}

#[test]
fn tools_are_known_by_name() {
    let validator = validator(&shop());
    for (known, member, value) in [
        (true, "tools", json!({"list_charges": {}, "list_*": {}, "anything": {}})),
        (false, "tools", json!({"list_charge": {}})),
        (false, "tools", json!({"list_*": {"deny": 1}})),
        (
            true,
            "tools",
            json!({"anything": {"only_args": ["x"], "rate_limit": {"max": 1, "window": "day", "scope": "args.x.y"}}}),
        ),
        (false, "tools", json!({"list_charges": {"only_args": ["x"]}})),
        (true, "hide", json!(["create_refund", "delete_*"])),
        (false, "hide", json!(["create_refunds"])),
        (true, "classify", json!({"create_refund": "financial", "get_*": "read"})),
        (false, "classify", json!({"create_refunds": "financial"})),
        (false, "classify", json!({"create_refund": "money"})),
    ] {
        let document = json!({"version": "1", "default": "deny", member: value});
        assert_eq!(validator.is_valid(&document), known, "{document}");
    }
}

#[test]
fn pins_are_known_by_name_and_by_the_fingerprint_that_is_listed() {
    let validator = validator(&shop());
    let listed = read(&file("tests/fixtures/tools/shop.json"));
    let fingerprint = Tool::from_definition(&listed["tools"][1]).unwrap().fingerprint().unwrap().to_string();
    let other = format!("sha256:{}", "0f".repeat(32));
    for (known, name, pin) in [
        (true, "list_charges", fingerprint.as_str()),
        (false, "list_charges", other.as_str()),
        (false, "list_charge", fingerprint.as_str()),
    ] {
        let document = json!({"version": "1", "default": "deny", "pins": {name: pin}});
        assert_eq!(validator.is_valid(&document), known, "{document}");
        assert!(Policy::from_json(&document.to_string()).is_ok());
    }
    // Which of two definitions is meant nobody knows, and a name with a star cannot be pinned.
    let twice = json!([{"name": "t"}, {"name": "t", "title": "T"}, {"name": "a*"}, {"name": "u"}]);
    let schema = Policy::json_schema_for(&twice).unwrap();
    let pinned: Vec<_> = schema["properties"]["pins"]["properties"].as_object().unwrap().keys().collect();
    assert_eq!(pinned, ["u"]);
}

#[test]
fn lists_come_in_three_wrappings_and_others_are_none() {
    let list = json!([{"name": "t"}]);
    for tools in
        [list.clone(), json!({"tools": list}), json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": list}})]
    {
        let schema = Policy::json_schema_for(&tools).unwrap();
        assert!(schema["properties"]["tools"]["properties"].get("t").is_some(), "{tools}");
        assert!(jsonschema::meta::is_valid(&schema));
    }
    for tools in [json!(null), json!({}), json!({"tools": {}}), json!("x"), json!({"error": {}})] {
        assert_eq!(Policy::json_schema_for(&tools), None, "{tools}");
    }
    // What is no tool is passed over, and a name that no policy can write exactly.
    let odd = json!([1, {}, {"name": 1}, {"name": "a*b"}, {"name": "t", "inputSchema": 5}, {"name": "t"}]);
    let schema = Policy::json_schema_for(&odd).unwrap();
    assert_eq!(schema["properties"]["tools"]["properties"].as_object().unwrap().len(), 1);
}

#[test]
fn a_hostile_list_does_not_blow_the_schema_up() {
    // Each level refers twice to the next, in every way that there is.
    let mut definitions = serde_json::Map::new();
    for level in 0..60 {
        let next = json!({"$ref": format!("#/$defs/{}", level + 1)});
        definitions.insert(level.to_string(), json!({
            "properties": {"a": next, "b": next, "c": {"items": next}}, "anyOf": [next, next], "allOf": [next, {"$ref": "#"}],
        }));
    }
    let tool =
        |name: String| json!({"name": name, "inputSchema": {"$ref": "#/$defs/0", "$defs": definitions}});
    let long = "x".repeat(1_000_000);
    let wide: serde_json::Map<String, Value> =
        (0..50_000).map(|index| (format!("argument_{index}"), json!({"type": "string"}))).collect();
    let lists = [
        (0..20).map(|index| tool(format!("t{index}"))).collect(),
        (0..50_000).map(|index| json!({"name": format!("t{index}")})).collect(),
        vec![json!({"name": "t", "inputSchema": {"properties": wide}})],
        vec![
            json!({"name": "t", "description": long, "inputSchema": {"properties": {long.clone(): {"properties": {long.clone(): {}}}}}}),
        ],
        vec![json!({"name": long})],
    ];
    for list in lists {
        let schema = Policy::json_schema_for(&Value::Array(list)).unwrap();
        assert!(schema.to_string().len() < 8_000_000, "{}", schema.to_string().len());
        let document = json!({"version": "1", "default": "deny", "tools": {"t": {"only_args": ["unknown"]}, "t49999": {}}});
        // What is not known whole is open.
        let open = schema["properties"]["tools"]["additionalProperties"] != false;
        let refused = schema["properties"]["tools"]["properties"].get("t49999").is_none() && !open;
        assert_eq!(validator(&schema).is_valid(&document), !refused);
    }
}
