//! Names and arguments that a server does not have, and pins that it does not keep.
#![expect(clippy::unwrap_used, reason = "what is wrong with a definition fails the test")]

use mcp_policy::risk::Tool;
use mcp_policy::{Policy, lint};
use serde_json::{Value, json};

fn tools() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": [
        {"name": "pay", "inputSchema": {"type": "object", "additionalProperties": false, "properties": {
            "amount": {"type": "number"}, "currency": {"type": "string"}, "to": {"type": "array"}
        }}},
        {"name": "open", "inputSchema": {"type": "object", "properties": {"a": {}}, "additionalProperties": true}},
        {"name": "either", "inputSchema": {"anyOf": [{"properties": {"a": {}}}]}},
        {"name": "delete_flow", "inputSchema": {"type": "object"}}
    ]}})
}

/// Pointer, message and help of what is found.
fn found(document: &Value) -> Vec<(String, String, Option<String>)> {
    let text = format!("{document:#}");
    let policy = Policy::from_json(&text).unwrap_or_else(|error| panic_with(&error.to_string()));
    let found = lint::against_tools(&policy, Some(&text), &tools()).unwrap_or_default();
    let words = found.iter().map(|found| {
        assert!(found.span().is_some());
        (found.pointer().to_owned(), found.message().to_owned(), found.help().map(str::to_owned))
    });
    words.collect()
}

#[expect(clippy::panic, reason = "a policy that is wrong fails the test")]
fn panic_with(message: &str) -> ! {
    panic!("{message}")
}

fn with(rules: &Value) -> Value {
    json!({"version": "1", "default": "deny", "tools": rules})
}

#[test]
fn names_and_patterns_that_fit_no_tool_are_told() {
    let document = json!({
        "version": "1", "default": "deny", "hide": ["delete_*", "drop_*"], "classify": {"opne": "read"},
        "tools": {"pya": {}, "get_*": {}, "pay": {}, "o*": {}}
    });
    let help = |name: &str| Some(format!("did you mean `{name}`?"));
    let message = |rest: &str| format!("the server has no tool {rest}");
    assert_eq!(
        found(&document),
        [
            ("/classify/opne".to_owned(), message("`opne`"), help("open")),
            ("/hide/1".to_owned(), message("that fits `drop_*`"), None),
            ("/tools/get_*".to_owned(), message("that fits `get_*`"), None),
            ("/tools/pya".to_owned(), message("`pya`"), help("pay")),
        ]
    );
}

#[test]
fn arguments_that_a_tool_does_not_know_are_told_wherever_a_rule_names_them() {
    let condition = |path: &str| json!({"path": path, "op": "exists", "value": true});
    let nested = json!({"any": [{"not": condition("args.ammount")}, condition("args.amount.deep")]});
    let rule = json!({
        "only_args": ["amount", "curency"],
        "require": [{"conditions": [nested]}],
        "deny_if": [{"conditions": [{"path": "args.to[0]", "op": "eq", "value_from": "/args/form"}]}],
        "limits": [{"counter": "c", "window": "day", "max": 1, "increment_from": "args.sum", "scope": ["user", "args.t"]}],
        "rate_limit": {"max": 1, "window": "day", "scope": "args.x"}
    });
    let pointers: Vec<_> =
        found(&with(&json!({"pay": rule}))).into_iter().map(|(pointer, ..)| pointer).collect();
    assert_eq!(
        pointers,
        [
            "/tools/pay/deny_if/0/conditions/0/value_from",
            "/tools/pay/limits/0/increment_from",
            "/tools/pay/limits/0/scope",
            "/tools/pay/only_args/1",
            "/tools/pay/rate_limit/scope",
            "/tools/pay/require/0/conditions/0/any/0/not/path",
        ]
    );
}

fn fingerprint(definition: &Value) -> String {
    let tool = Tool::from_definition(definition).unwrap();
    tool.fingerprint().unwrap().to_string()
}

#[test]
fn t54_a_pin_that_the_server_does_not_keep_is_told() {
    let open = json!({"name": "open", "inputSchema": {"type": "object", "properties": {"a": {}}, "additionalProperties": true}});
    let flow = json!({"name": "delete_flow", "inputSchema": {"type": "object"}});
    let mut document = with(&json!({"pay": {}}));
    document["pins"] =
        json!({"open": fingerprint(&open), "delete_flow": fingerprint(&open), "opne": fingerprint(&open)});
    let listed = fingerprint(&flow);
    assert_eq!(
        found(&document),
        [
            (
                "/pins/delete_flow".to_owned(),
                "the server lists the tool with another definition, so every call is denied".to_owned(),
                Some(format!("look at what has changed; the definition that is listed now is `{listed}`"))
            ),
            (
                "/pins/opne".to_owned(),
                "the server has no tool `opne`".to_owned(),
                Some("did you mean `open`?".to_owned())
            ),
        ]
    );
    document["silence"] = json!(["pin_differs", "unknown_tool"]);
    assert!(found(&document).is_empty());
}

#[test]
fn t51_a_tool_that_is_listed_twice_keeps_no_pin_and_has_no_arguments() {
    let tool = json!({"name": "t", "inputSchema": {"type": "object", "properties": {"a": {}}}});
    let deep = (0..500).fold(json!(1), |value, _| json!([value]));
    let tools = json!([tool, {"name": "deep", "_meta": deep}, tool]);
    let document = json!({
        "version": "1", "default": "deny", "tools": {"t": {"only_args": ["b"]}},
        "pins": {"t": fingerprint(&tool), "deep": fingerprint(&tool)}
    });
    let policy = Policy::from_json(&document.to_string()).unwrap();
    let found = lint::against_tools(&policy, None, &tools).unwrap();
    let found: Vec<_> = found.iter().map(|found| (found.pointer(), found.message())).collect();
    assert_eq!(
        found,
        [
            ("/pins/deep", "the definition of the tool has no fingerprint, so every call is denied"),
            ("/pins/t", "the server lists the tool more than once, so every call is denied"),
        ]
    );
}

#[test]
fn nothing_is_said_where_the_server_leaves_it_open() {
    let clause = json!([{"conditions": [{"path": "args.b", "op": "exists", "value": true}]}]);
    let rule = json!({"require": clause});
    assert!(found(&with(&json!({"open": rule, "either": rule, "delete_flow": rule, "p*": rule}))).is_empty());
}

#[test]
fn silence_takes_them_off() {
    let rule = json!({"silence": ["unknown_argument"], "only_args": ["nothing"]});
    assert!(found(&with(&json!({"pay": rule}))).is_empty());
    let clause = json!({"silence": ["unknown_argument"], "conditions": [{"path": "args.q", "op": "exists", "value": true}]});
    let limit = json!({"silence": ["unknown_argument"], "counter": "c", "window": "day", "max": 1, "increment_from": "args.q"});
    assert!(found(&with(&json!({"pay": {"require": [clause], "limits": [limit]}}))).is_empty());
    let mut document = with(&json!({"pya": {}}));
    document["silence"] = json!(["unknown_tool"]);
    assert!(found(&document).is_empty());
}

#[test]
fn what_is_no_list_of_tools_is_told_apart() {
    let policy = Policy::from_json(&with(&json!({"pay": {}})).to_string()).unwrap();
    for tools in [json!(null), json!({}), json!({"tools": {}}), json!("x")] {
        assert!(lint::against_tools(&policy, None, &tools).is_none(), "{tools}");
    }
    // A list of nothing is a list, and without a text there are no places.
    for tools in [json!([]), json!({"tools": [5, {"name": 5}]})] {
        let found = lint::against_tools(&policy, None, &tools).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].span().is_none());
    }
}
