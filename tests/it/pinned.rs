//! What a server has changed since its tools were pinned.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is wrong with a fixture fails the test"
)]

use mcp_policy::Policy;
use mcp_policy::policy::document::{DefaultAction, PolicyDocument};
use mcp_policy::risk::{Category, DefinitionChange, Drift, ParameterChange, PinnedTools, Tool, listed_tools};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn pinned(tools: &Value) -> PinnedTools {
    PinnedTools::new(listed_tools(tools).unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

fn drift(before: &Value, after: &Value) -> Drift {
    pinned(before).compare(listed_tools(after).unwrap())
}

/// What has changed between two definitions of one tool, in words.
fn changes(before: &Value, after: &Value) -> Vec<String> {
    let named = |definition: &Value| {
        let mut definition = definition.clone();
        definition["name"] = json!("t");
        json!([definition])
    };
    let drift = drift(&named(before), &named(after));
    assert!(drift.added.is_empty() && drift.removed.is_empty() && drift.unclear.is_empty());
    drift.changed.iter().flat_map(|tool| tool.changes.iter().map(ToString::to_string)).collect()
}

#[test]
fn t54_every_change_is_named() {
    let schema = |properties: &Value, required: &Value| json!({"inputSchema": {"type": "object", "properties": properties, "required": required}});
    let text = json!({"type": "string"});
    for (before, after, expected) in [
        (json!({"title": "a"}), json!({"title": "b"}), vec!["the title is another"]),
        (json!({}), json!({"description": ""}), vec!["the description is another"]),
        (json!({"outputSchema": {}}), json!({}), vec!["the output schema is another"]),
        (
            json!({"_meta": {"a": 1}}),
            json!({"_meta": {"a": 2}, "icons": []}),
            vec!["`_meta` is another", "`icons` is another"],
        ),
        (
            json!({"annotations": {"readOnlyHint": false, "title": "a", "x": 1}}),
            json!({"annotations": {"readOnlyHint": true, "title": "b", "idempotentHint": true}}),
            vec![
                "the hint `idempotentHint` is new, and is true",
                "the hint `readOnlyHint` was false and is true",
                "the annotation `title` is another",
                "the annotation `x` is gone",
            ],
        ),
        (
            json!({"annotations": {"openWorldHint": false}}),
            json!({}),
            vec!["the hint `openWorldHint` was false and is gone"],
        ),
        (json!({"annotations": {}}), json!({}), vec!["`annotations` is another"]),
        (json!({"annotations": {}}), json!({"annotations": 5}), vec!["`annotations` is another"]),
        (
            schema(&json!({"a": text, "b": text, "c": text, "d": text}), &json!(["a", "d"])),
            schema(&json!({"a": {}, "b": text, "d": text, "e": text, "f": text}), &json!(["b", "d", "f"])),
            vec![
                "the parameter `a` is another",
                "the parameter `a` is not required any more",
                "the parameter `b` is required now",
                "the parameter `c` is gone",
                "the parameter `e` is new",
                "the parameter `f` is new, and required",
            ],
        ),
        (
            schema(&json!({"a": 1}), &json!([])),
            schema(&json!({"a": 1.0}), &json!(["z"])),
            vec!["the parameter `z` is required now"],
        ),
        (
            schema(&json!({}), &json!(["a", "b"])),
            schema(&json!({}), &json!(["b", "a"])),
            vec!["the input schema is another"],
        ),
        (
            json!({"inputSchema": {"additionalProperties": false}}),
            json!({"inputSchema": {}}),
            vec!["the input schema is another"],
        ),
        (
            json!({"inputSchema": {"required": 5}}),
            json!({"inputSchema": {}}),
            vec!["the input schema is another"],
        ),
        (json!({"inputSchema": true}), json!({}), vec!["the input schema is another"]),
        (json!({}), json!({"inputSchema": {}}), vec!["the input schema is another"]),
        (
            json!({"description": "a\u{1b}[2J", "x\ny": 1}),
            json!({"description": "a\u{1b}[2J"}),
            vec!["`x\\u{a}y` is another"],
        ),
        (
            json!({"title": "a", "_meta": {"a": 1, "b": 2.0}}),
            json!({"_meta": {"b": 2, "a": 1}, "title": "a"}),
            vec![],
        ),
    ] {
        assert_eq!(changes(&before, &after), expected, "{before} {after}");
    }
}

#[test]
fn tools_come_and_go_and_the_risk_rises() {
    let manage = |actions: &[&str]| json!({"name": "manage", "inputSchema": {"properties": {"action": {"enum": actions}}, "required": ["action"]}});
    let before =
        json!([{"name": "list_flows"}, manage(&["get", "list"]), {"name": "gone"}, {"name": "twice"}]);
    let after = json!([
        {"name": "list_flows"}, manage(&["get", "delete"]), {"name": "delete_flow"}, {"name": "twice"}, {"name": "twice"}
    ]);
    let drift = drift(&before, &after);
    assert_eq!((drift.added.len(), drift.changed.len()), (1, 1));
    assert_eq!(
        (drift.removed.as_slice(), drift.unclear.as_slice()),
        (["gone".to_owned()].as_slice(), ["twice".to_owned()].as_slice())
    );
    assert_eq!(drift.added[0].classification, Category::Destructive.into());
    let manage = &drift.changed[0];
    assert!(manage.is_raised());
    assert_eq!(manage.after.category, Category::Destructive);
    assert!(manage.before.category < manage.after.category);
    let parameter =
        DefinitionChange::Parameter { name: "action".to_owned(), change: ParameterChange::Changed };
    assert_eq!(manage.changes, [parameter]);
    assert_eq!(
        drift.to_string(),
        "`delete_flow` is new: destructive, critical\n\
         `manage` has changed, and its risk rose: was write, medium, is destructive, critical\n  the parameter `action` is another\n\
         `gone` is not listed any more\n\
         `twice` is listed more than once, or with a definition that has no fingerprint\n"
    );
    assert!(!drift.is_empty());
    let same = pinned(&before).compare(listed_tools(&before).unwrap());
    assert!(same.is_empty() && same.to_string().is_empty());
}

#[test]
fn what_cannot_be_pinned_is_told_and_not_left_out() {
    let deep = (0..500).fold(json!(1), |value, _| json!([value]));
    for (tools, message) in [
        (json!([{"name": "t"}, {"name": "t"}]), "`t` cannot be pinned: it is listed more than once"),
        (
            json!([{"name": "a\nb", "_meta": deep}]),
            "`a\\u{a}b` cannot be pinned: its definition has no fingerprint",
        ),
    ] {
        assert_eq!(PinnedTools::new(listed_tools(&tools).unwrap()).unwrap_err().to_string(), message);
    }
    let by_hand = PinnedTools::new([Tool::new("t")]).unwrap_err();
    assert_eq!(by_hand.tool(), "t");
}

#[test]
fn pins_are_those_of_a_policy() {
    let tools = json!([{"name": "a"}, {"name": "b*"}]);
    let mut document = PolicyDocument::new(DefaultAction::Deny);
    document.pins = pinned(&tools).pins();
    assert_eq!(document.pins.keys().collect::<Vec<_>>(), ["a"]);
    let policy = Policy::try_from(document).unwrap();
    let text = serde_json::to_string(policy.document()).unwrap();
    assert_eq!(Policy::from_json(&text).unwrap().document(), policy.document());
}

#[test]
fn lines_are_read_strictly() {
    let good: Vec<String> = pinned(&json!([{"name": "a", "title": "T"}, {"name": "b"}])).to_lines().collect();
    assert!(PinnedTools::from_lines(&good).is_ok());
    let changed = good[0].replace("\"T\"", "\"U\"");
    for (line, message) in [
        (changed.as_str(), "`fingerprint` is not that of the definition"),
        (good[1].as_str(), "a tool with the same name stands on an earlier line"),
        (
            &good[0].replace("definition", "defintion"),
            "unknown member `defintion`; did you mean `definition`?",
        ),
        (&good[0].replace("category", "name"), "unknown member `name`"),
        (&good[0].replace("sha256:", ""), "is not a fingerprint"),
        (r#"{"category": "read", "definition": {}}"#, "missing member `fingerprint`"),
        (
            &good[0].replace("\"name\":\"a\"", "\"name\":5"),
            "`definition`: a tool is an object with a `name`, which is a string",
        ),
    ] {
        let error = PinnedTools::from_lines([good[1].as_str(), line]).unwrap_err();
        assert_eq!(error.line(), 2);
        assert!(error.message().ends_with(message), "{error}");
    }
}

fn definition() -> impl Strategy<Value = Value> {
    let small = || {
        prop_oneof![
            Just(json!(1)),
            Just(json!(1.5)),
            Just(json!(true)),
            Just(json!({})),
            Just(json!("x")),
            Just(json!(null))
        ]
    };
    let names = || prop::collection::vec("[ab]", 0..3);
    let schema = (prop::collection::btree_map("[abc]", small(), 0..3), names(), prop::option::of(small())).prop_map(|(properties, required, other)| {
        json!({"properties": properties, "required": required, "additionalProperties": other})
    });
    let part = prop_oneof![
        small(),
        schema,
        prop::collection::btree_map("readOnlyHint|title", small(), 0..3).prop_map(|map| json!(map))
    ];
    let members = prop::collection::btree_map(
        "inputSchema|annotations|title|description|_meta|outputSchema",
        part,
        0..4,
    );
    members.prop_map(|members| {
        let mut definition: Value = members.into_iter().collect::<Map<_, _>>().into();
        definition["name"] = json!("t");
        definition
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn t54_something_is_named_if_and_only_if_the_fingerprint_is_another(before in definition(), after in definition()) {
        let drift = drift(&json!([before]), &json!([after]));
        let same = pinned(&json!([before])).pins() == pinned(&json!([after])).pins();
        prop_assert_eq!(drift.is_empty(), same);
        prop_assert_eq!(drift.changed.iter().all(|tool| !tool.changes.is_empty()), true);
    }

    #[test]
    fn what_is_written_reads_back(definitions in prop::collection::vec(definition(), 0..4)) {
        let named = definitions.into_iter().enumerate().map(|(index, mut definition)| {
            definition["name"] = json!(format!("t{index}"));
            definition
        });
        let own = pinned(&named.collect());
        let lines: Vec<String> = own.to_lines().collect();
        prop_assert_eq!(PinnedTools::from_lines(&lines).unwrap(), own);
    }
}
