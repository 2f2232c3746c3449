//! What is asked of a member beyond its type, and what editors offer for it.

use serde_json::{Value, json};

use crate::diagnostic::{DiagnosticCode, Severity};
use crate::policy::check::ALWAYS_PASS;
use crate::policy::schema::{objects, patterns};

/// What is added to the schema of a member.
pub(super) fn constraints(owner: &str, member: &str) -> Value {
    match (owner, member) {
        (_, "silence") => {
            let codes = DiagnosticCode::ALL.iter().filter(|code| code.severity() == Severity::Warning);
            json!({"items": {"enum": codes.map(|code| code.as_str()).collect::<Vec<_>>()}})
        }
        ("PolicyDocument", "default") => json!({"examples": ["deny"]}),
        ("PolicyDocument", "mode") => json!({"default": "enforce"}),
        ("PolicyDocument", "hide") => json!({"examples": [["delete_*"]]}),
        ("PolicyDocument", "tools") => json!({
            "defaultSnippets": [{"label": "rule", "description": "A rule for a tool", "body": {"${1:tool}": {"$2": "$0"}}}],
            "examples": [{"list_*": {}}],
        }),
        ("PolicyDocument", "classify") => json!({"examples": [{"get_*": "read"}]}),
        ("PolicyDocument", "pins") => json!({"propertyNames": {"pattern": r"^[^*]*$"}}),
        ("PolicyDocument", "methods") => {
            let mut passes = ALWAYS_PASS.to_vec();
            passes.push("tools/call");
            json!({
                "items": {
                    "type": "string",
                    "pattern": r"^[^*]+$",
                    "not": {"anyOf": [{"enum": passes}, {"pattern": "^tasks/"}]},
                },
                "examples": [["resources/read", "prompts/get"]],
            })
        }
        // This version does not check arguments.
        ("PolicyDocument" | "Rule", "validate_args") => json!({"const": false, "default": false}),
        ("Rule", "action") => json!({"default": "allow"}),
        ("Rule", "only_args") => json!({"examples": [["namespace", "flow_id"]]}),
        ("Rule" | "AllTools", "require") => {
            let mut clause = json!({"allOf": [{"$ref": "#/$defs/Clause"}, {"properties": {"conditions": {"minItems": 1}}}]});
            super::merge(&mut clause, objects::clause_snippets());
            json!({"items": clause})
        }
        ("Rule", "rate_limit") => json!({"examples": ["10/minute"], "defaultSnippets": [
            {"label": "10/minute", "description": "Ten calls a minute for each session", "body": "${1:10}/${2:minute}"},
        ]}),
        ("Clause", "on_deny") => json!({"examples": ["Merges into main go through the release manager."]}),
        ("Limit", "counter") => json!({
            "minLength": 1, "maxLength": 128, "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$",
            "examples": ["refunds", "restart_execution_rate"],
        }),
        ("Limit" | "RateLimit", "window") => json!({"examples": ["minute", 90]}),
        ("Limit" | "RateLimit", "max") => {
            json!({"minimum": 0, "maximum": LARGEST_AMOUNT, "examples": [10]})
        }
        ("Limit", "scope") => json!({"default": "grant", "examples": ["user", ["grant", "args.namespace"]]}),
        ("RateLimit", "scope") => json!({"default": "session", "examples": ["grant"]}),
        ("Limit", "algorithm") => json!({"default": "fixed"}),
        ("Limit", "increment") => {
            json!({"exclusiveMinimum": 0, "maximum": LARGEST_AMOUNT, "default": 1})
        }
        ("Limit", "increment_from") => json!({"pattern": patterns::argument(), "examples": ["args.amount"]}),
        ("Limit", "refund") => json!({"default": "unsent"}),
        ("Comparison", "path") => json!({
            "pattern": patterns::path(),
            "examples": ["args.amount", "args.items[*].price", "/args/a.b/0", "context.user", "tool.category", "now.hour"],
        }),
        ("Comparison", "value_from") => {
            json!({"pattern": patterns::single_path(), "examples": ["context.user", "args.currency"]})
        }
        ("Comparison", "ignore_case") => json!({"default": false}),
        ("Comparison", "absent_as") => json!({"type": objects::NOT_NULL, "examples": [0, false]}),
        _ => json!({}),
    }
}

const LARGEST_AMOUNT: u64 = 1_000_000_000_000;
