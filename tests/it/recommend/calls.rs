//! What a recommended policy says of calls to the tools that it is for.
#![expect(
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "whatever is not as it should be fails the test"
)]

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::SystemTime;

use mcp_policy::policy::document::DefaultAction;
use mcp_policy::recommend::{Advice, Recommendation};
use mcp_policy::risk::{Assessment, Category, Classification, Tool, assess_all};
use mcp_policy::{Context, Denial, DenialCode, Policy, ToolCall, Verdict};
use serde_json::{Map, Value, json};

pub(crate) static CONTEXT: LazyLock<Context<'static>> =
    LazyLock::new(|| Context::new().grant("g").session("s"));

pub(crate) fn judged(policy: &Policy, tool: &str, arguments: &Value) -> Verdict {
    policy.judge(&ToolCall::new(tool, arguments).context(&CONTEXT), SystemTime::UNIX_EPOCH)
}

pub(crate) fn denial(verdict: Verdict) -> Denial {
    match verdict {
        Verdict::Deny(denial) => denial,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn every_way() -> Vec<Recommendation> {
    let mut ways = vec![Recommendation::new()];
    for more in [Recommendation::with_approvals, Recommendation::pooled, Recommendation::explained] {
        let with: Vec<Recommendation> = ways.iter().map(|how| more(*how)).collect();
        ways.extend(with);
    }
    ways
}

/// Checks the policy for a list of tools against what the assessments of the tools demand. `is_own`: what can be written of a
/// list that was not made to be hostile.
pub(crate) fn check(how: Recommendation, tools: &[Tool<'_>], is_own: bool) {
    let document = how.document(tools);
    assert_eq!(document.default, DefaultAction::Deny);
    let text = document.to_string();
    let policy = Policy::from_json(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(policy.warnings().is_empty(), "{:?}\n{text}", policy.warnings());
    assert_eq!(*policy.document(), document);
    // Another order makes no difference.
    let reversed: Vec<Tool<'_>> = tools.iter().rev().copied().collect();
    assert_eq!(how.document(&reversed), document);

    let worst = worst(tools);
    let catalog: BTreeMap<String, Category> =
        worst.iter().map(|(name, assessment)| ((*name).to_owned(), assessment.category())).collect();
    let catalog = |name: &str| catalog.get(name).map(|category| Classification::from(*category));
    for tool in tools {
        let assessment = &worst[tool.name];
        let is_twice = tools.iter().filter(|other| other.name == tool.name).count() > 1;
        let category = assessment.category();
        let hidden = document.hide.iter().any(|name| name == tool.name);
        assert_eq!(policy.hides(tool.name), hidden, "{}", tool.name);
        for arguments in arguments(tool) {
            let verdict = judged(&policy, tool.name, &arguments);
            let call = ToolCall::new(tool.name, &arguments).context(&CONTEXT);
            let with_catalog = policy.judge_with(&call, &catalog, SystemTime::UNIX_EPOCH);
            if can_be_written(tool.name) {
                assert_eq!(outcome(&with_catalog), outcome(&verdict), "{} {arguments}", tool.name);
            }
            match category {
                Category::Read if can_be_written(tool.name) => {
                    assert!(
                        matches!(verdict, Verdict::Allow | Verdict::Charge(_)),
                        "{} is denied: {verdict:?}",
                        tool.name
                    );
                }
                Category::Write | Category::Execute if is_own => {
                    let known = assessment.actions().is_none();
                    assert!(
                        !known || matches!(verdict, Verdict::Allow | Verdict::Charge(_)),
                        "{} {arguments}: {verdict:?}",
                        tool.name
                    );
                }
                Category::Financial | Category::Destructive => {
                    if matches!(verdict, Verdict::Allow | Verdict::Charge(_)) {
                        assert!(
                            !is_twice && is_harmless_action(tool, assessment, &arguments),
                            "{} {arguments}\n{text}",
                            tool.name
                        );
                    }
                    if category == Category::Destructive
                        && assessment.actions().is_none()
                        && can_be_hidden(tool.name)
                    {
                        assert_eq!(denial(verdict).code(), DenialCode::Hidden);
                    }
                }
                _ => {}
            }
        }
        let is_left_out = matches!(how.advice(tool, assessment), Advice::LeaveOut);
        assert!(!is_left_out || !can_be_written(tool.name), "{}", tool.name);
    }
    for unknown in ["no_such_tool", "delete_everything_there_is"] {
        assert!(matches!(judged(&policy, unknown, &json!({})), Verdict::Deny(_)));
    }
}

/// By name: the worst assessment there is.
fn worst<'a>(tools: &[Tool<'a>]) -> BTreeMap<&'a str, Assessment> {
    let mut worst: BTreeMap<&str, Assessment> = BTreeMap::new();
    for (tool, assessment) in tools.iter().zip(assess_all(tools)) {
        let known = worst.entry(tool.name).or_insert_with(|| assessment.clone());
        if known.category() < assessment.category() {
            *known = assessment;
        }
    }
    worst
}

fn outcome(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Allow | Verdict::Charge(_) => "allow",
        Verdict::Deny(_) => "deny",
        Verdict::NeedsApproval(_) => "ask",
    }
}

/// Whether a call says that it is to do something that is neither destructive nor financial by itself.
fn is_harmless_action(tool: &Tool<'_>, assessment: &Assessment, arguments: &Value) -> bool {
    let Some(actions) = assessment.actions() else { return false };
    let chosen = arguments.get(actions.parameter()).and_then(Value::as_str);
    let of = |action: &&mcp_policy::risk::ActionRisk| Some(&*action.value) == chosen;
    let category = actions.actions().iter().find(of).map(|action| action.category);
    tool.input_schema.is_some() && category.is_some_and(|category| category < Category::Destructive)
}

fn can_be_hidden(name: &str) -> bool {
    !name.is_empty() && !name.contains('*') && name.len() <= 1_024
}

/// A name that a rule can be for: not longer than 128 characters, and all of them are shown.
fn can_be_written(name: &str) -> bool {
    let is_shown = |character: char| {
        !character.is_control()
            && !matches!(
                character,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                    | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                    | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
            )
    };
    can_be_hidden(name) && name.chars().count() <= 128 && name.chars().all(is_shown)
}

/// Arguments that fit the schema: the required ones alone, and all of them, with each word of an enumeration and with
/// the largest numbers.
fn arguments(tool: &Tool<'_>) -> Vec<Value> {
    let Some(schema) = tool.input_schema else { return vec![json!({})] };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let mut all = Vec::new();
    for round in 0..6 {
        for only_required in [true, false] {
            let wanted = |(name, _): &(&String, &Value)| !only_required || required.contains(&name.as_str());
            let values = properties.iter().filter(wanted);
            let values: Map<String, Value> =
                values.map(|(name, property)| (name.clone(), fitting(property, schema, round, 4))).collect();
            all.push(Value::Object(values));
        }
    }
    all
}

fn fitting(property: &Value, root: &Value, round: usize, depth: usize) -> Value {
    let Some(below) = depth.checked_sub(1) else { return Value::Null };
    if let Some(pointer) = property["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        return root.pointer(pointer).map_or(Value::Null, |schema| fitting(schema, root, round, below));
    }
    if let Some(values) = property["enum"].as_array().filter(|values| !values.is_empty()) {
        return values[round % values.len()].clone();
    }
    if let Some(only) = property.get("const") {
        return only.clone();
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(schemas) = property[word].as_array().filter(|schemas| !schemas.is_empty()) {
            return fitting(&schemas[round % schemas.len()], root, round, below);
        }
    }
    let kind = match &property["type"] {
        Value::Array(kinds) if !kinds.is_empty() => &kinds[round % kinds.len()],
        kind => kind,
    };
    match kind.as_str() {
        Some("boolean") => json!(round.is_multiple_of(2)),
        Some("integer" | "number") => property.get("maximum").cloned().unwrap_or_else(|| json!(round)),
        Some("array") => {
            let most = property["maxItems"].as_u64().unwrap_or(2).min(30);
            (0..most).map(|_| fitting(&property["items"], root, round, below)).collect()
        }
        Some("object") => json!({}),
        Some("null") => Value::Null,
        _ => json!("text"),
    }
}
