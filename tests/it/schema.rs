//! The JSON Schema of policies accepts what the reader accepts, and refuses what it refuses.
#![cfg(feature = "schema")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what is wrong with a fixture fails the test"
)]

mod random;
mod server;

use std::path::{Path, PathBuf};

use mcp_policy::Policy;
use serde_json::{Value, json};

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::draft202012::new(schema).unwrap()
}

/// What JSON Schema cannot say: the codes, and the messages of others.
fn is_beyond(diagnostic: &mcp_policy::Diagnostic) -> bool {
    const CODES: [&str; 6] =
        ["counter_conflict", "duplicate_key", "regex", "syntax", "too_deep", "too_large"];
    const MESSAGES: [&str; 5] = [
        "has more than six fractional digits",
        "stands here twice",
        "compares with directories:",
        "compares with host names",
        "it has more than",
    ];
    CODES.contains(&diagnostic.code().as_str())
        || MESSAGES.iter().any(|message| diagnostic.message().contains(message))
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_types() {
    let path = file("schema/policy.schema.json");
    let mut text = serde_json::to_string_pretty(&Policy::json_schema()).unwrap();
    text.push('\n');
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == text,
        "schema/policy.schema.json is not what the types say: run the tests with BLESS=1"
    );
}

#[test]
fn the_schema_is_a_schema() {
    let schema = Policy::json_schema();
    assert!(jsonschema::meta::is_valid(&schema));
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn every_object_is_closed_and_every_member_described() {
    fn walk(schema: &Value, at: &str) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object)
            && schema["type"] == "object"
        {
            assert_eq!(schema["additionalProperties"], false, "{at}");
            for (name, property) in properties {
                for text in ["description", "markdownDescription"] {
                    assert!(
                        property[text].as_str().is_some_and(|text| !text.is_empty()),
                        "{at}/{name} has no {text}"
                    );
                    assert!(
                        !property[text].as_str().unwrap().contains("]("),
                        "{at}/{name}: a link of rustdoc"
                    );
                }
            }
        }
        match schema {
            Value::Object(members) => {
                members.iter().for_each(|(key, part)| walk(part, &format!("{at}/{key}")));
            }
            Value::Array(elements) => elements.iter().for_each(|part| walk(part, at)),
            _ => {}
        }
    }
    walk(&Policy::json_schema(), "");
}

#[test]
fn the_policies_that_come_with_the_crate_are_valid() {
    let validator = validator(&Policy::json_schema());
    let mut policies = Vec::new();
    let mut add = |name: String, policy: Value| {
        if Policy::from_json(&policy.to_string()).is_ok() {
            policies.push((name, policy));
        }
    };
    for folder in ["tests/fixtures/documents", "examples/policies"] {
        for entry in std::fs::read_dir(file(folder)).unwrap() {
            let path = entry.unwrap().path();
            add(path.display().to_string(), read(&path));
        }
    }
    for entry in std::fs::read_dir(file("tests/fixtures/cases")).unwrap() {
        let path = entry.unwrap().path();
        for case in read(&path).as_array().unwrap() {
            if let Some(policy) = case.get("policy") {
                add(format!("{}: {}", path.display(), case["name"]), policy.clone());
            }
        }
    }
    let readme = std::fs::read_to_string(file("README.md")).unwrap();
    for block in readme.split("```json\n").skip(1) {
        let text = block.split("```").next().unwrap();
        if let Ok(policy) = serde_json::from_str::<Value>(text)
            && policy.get("version").is_some()
        {
            add("README".to_owned(), policy);
        }
    }
    assert!(policies.len() > 50, "{}", policies.len());
    for (name, policy) in &policies {
        if let Err(error) = validator.validate(policy) {
            panic!("{name}: {error} at {}", error.instance_path);
        }
    }
}

#[test]
fn every_mistake_that_a_schema_can_see_is_refused() {
    let validator = validator(&Policy::json_schema());
    let mut seen = 0;
    for entry in std::fs::read_dir(file("tests/fixtures/mistakes")).unwrap() {
        for row in read(&entry.unwrap().path()).as_array().unwrap() {
            let text = crate::reading::text_of(row);
            let error = Policy::from_json(&text).unwrap_err();
            if error.diagnostics().iter().all(is_beyond) {
                continue;
            }
            let Ok(document) = serde_json::from_str::<Value>(&text) else {
                continue;
            };
            seen += 1;
            assert!(!validator.is_valid(&document), "{text}: {error}");
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn what_is_said_of_one_member_by_another_is_in_the_schema() {
    let validator = validator(&Policy::json_schema());
    let condition = |condition: Value| json!({"version": "1", "default": "deny", "tools": {"t": {"deny_if": [{"conditions": [condition]}]}}});
    for (valid, part) in [
        (true, json!({"path": "args.a[*]", "op": "eq", "value": 1, "each": "all"})),
        (false, json!({"path": "args.a", "op": "eq", "value": 1, "each": "all"})),
        (false, json!({"path": "context.a[*]", "op": "eq", "value": 1, "each": "all"})),
        (false, json!({"not": {"any": [{"path": "args.a[*]", "op": "eq", "value": 1}]}})),
        (true, json!({"not": {"any": [{"path": "args.a[*]", "op": "eq", "value": 1, "each": "any"}]}})),
        (false, json!({"path": "args.a", "op": "eq", "value": 1, "ignore_case": true})),
        (true, json!({"path": "args.a", "op": "eq", "value": 1, "ignore_case": false})),
        (false, json!({"path": "args.a", "op": "in", "value": ["a", 1], "ignore_case": true})),
        (false, json!({"path": "args.a", "op": "exists", "value": true, "absent_as": 1})),
        (false, json!({"path": "args.a", "op": "min_length", "value": 1.5})),
        (true, json!({"path": "args.a", "op": "min_length", "value": 1.0})),
        (false, json!({"any": [{"path": "args.a", "op": "eq", "value": 1}], "op": "eq"})),
    ] {
        let document = condition(part);
        assert_eq!(Policy::from_json(&document.to_string()).is_ok(), valid, "{document}");
        assert_eq!(validator.is_valid(&document), valid, "{document}");
    }
}

#[test]
fn members_that_exclude_each_other_do_in_the_schema() {
    let validator = validator(&Policy::json_schema());
    let limit = |more: Value| {
        let mut limit = json!({"counter": "c", "window": "day", "max": 1});
        limit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"limits": [limit]})
    };
    for (valid, rule) in [
        (true, limit(json!({"increment": 2}))),
        (true, limit(json!({"increment_from": "args.n"}))),
        (false, limit(json!({"increment": 2, "increment_from": "args.n"}))),
        (true, limit(json!({"algorithm": "sliding"}))),
        (false, limit(json!({"algorithm": "sliding", "window": "month"}))),
        (false, limit(json!({"algorithm": "sliding", "window": "lifetime"}))),
        (true, limit(json!({"algorithm": "fixed", "window": "lifetime"}))),
        (true, json!({"action": "deny", "reason": "no", "description": "d", "silence": []})),
        (false, json!({"action": "deny", "limits": []})),
        (false, json!({"action": "deny", "validate_args": false})),
        (false, json!({"action": "deny", "rate_limit": "1/day"})),
        (true, json!({"action": "require_approval", "rate_limit": "1/day"})),
    ] {
        let document = json!({"version": "1", "default": "deny", "tools": {"t": rule}});
        assert_eq!(Policy::from_json(&document.to_string()).is_ok(), valid, "{document}");
        assert_eq!(validator.is_valid(&document), valid, "{document}");
    }
}
