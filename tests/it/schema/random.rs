//! Random documents, valid ones and mutated ones: the schema and the reader agree.

use mcp_policy::Policy;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{is_beyond, validator};

const WORDS: [&str; 40] = [
    "args.a",
    "args.a[*]",
    "args.a[0].b",
    "/args/a~1b",
    "args",
    "args.",
    "context.user",
    "context.team",
    "now.hour",
    "now.minute",
    "tool.name",
    "tool",
    "grant",
    "user",
    "global",
    "allow",
    "deny",
    "require_approval",
    "enforce",
    "minute",
    "lifetime",
    "month",
    "fixed",
    "sliding",
    "never",
    "any",
    "all",
    "string",
    "integer",
    "read",
    "financial",
    "10/minute",
    "0/day",
    "1",
    "2",
    "",
    "tools/call",
    "tasks/get",
    "resources/read",
    "a\u{7}",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => prop::sample::select(WORDS.to_vec()).prop_map(Value::from),
        1 => prop::sample::select(OPERATORS.to_vec()).prop_map(Value::from),
        2 => prop::sample::select(vec![0.0, -0.0, 1.0, 1.5, -1.0, 60.0, 1e12, 1e13, 1e300, 0.000_001]).prop_map(Value::from),
        2 => prop::sample::select(vec![0_i64, 1, -1, 31_536_000, 31_536_001, i64::MAX]).prop_map(Value::from),
        1 => Just(Value::from(u64::MAX)),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(MEMBERS.to_vec()), inner, 0..2).prop_map(
                |members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            ),
        ]
    })
}

const OPERATORS: [&str; 22] = [
    "contains",
    "ends_with",
    "eq",
    "exists",
    "gt",
    "gte",
    "host_in",
    "in",
    "intersects",
    "lt",
    "lte",
    "max_length",
    "min_length",
    "neq",
    "not_contains",
    "not_in",
    "not_regex",
    "path_within",
    "regex",
    "starts_with",
    "subset_of",
    "type",
];

const MEMBERS: [&str; 47] = [
    "$schema",
    "version",
    "name",
    "description",
    "silence",
    "default",
    "mode",
    "hide",
    "all_tools",
    "tools",
    "categories",
    "classify",
    "pins",
    "validate_args",
    "methods",
    "action",
    "reason",
    "only_args",
    "require",
    "deny_if",
    "approve_if",
    "limits",
    "rate_limit",
    "conditions",
    "on_deny",
    "counter",
    "window",
    "max",
    "scope",
    "algorithm",
    "increment",
    "increment_from",
    "refund",
    "path",
    "op",
    "value",
    "value_from",
    "ignore_case",
    "each",
    "absent_as",
    "any",
    "all",
    "not",
    "read",
    "delete_*",
    "t",
    "unknown",
];

/// A value that the operator takes, and `value_from` or `ignore_case` where it takes those.
fn comparison() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec![
        "args.a",
        "args.b[0]",
        "/args/c",
        "context.user",
        "tool.category",
        "now.date",
    ]);
    let operator = prop::sample::select(OPERATORS.to_vec());
    (path, operator, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(path, op, from, case, absent)| {
            let textual = !matches!(
                op,
                "exists"
                    | "gt"
                    | "gte"
                    | "host_in"
                    | "lt"
                    | "lte"
                    | "max_length"
                    | "min_length"
                    | "path_within"
                    | "type"
            );
            let fixed = matches!(
                op,
                "exists"
                    | "host_in"
                    | "max_length"
                    | "min_length"
                    | "not_regex"
                    | "path_within"
                    | "regex"
                    | "type"
            );
            let value = match op {
                "exists" => json!(true),
                "gt" | "gte" | "lt" | "lte" => json!(1.5),
                "max_length" | "min_length" => json!(3),
                "host_in" => json!(["example.com", "*.example.org"]),
                "path_within" => json!("/data"),
                "type" => json!("integer"),
                "in" | "not_in" | "subset_of" | "intersects" => json!(["a", "b"]),
                _ => json!("text"),
            };
            let mut condition = json!({"path": path, "op": op});
            if from && !fixed {
                condition["value_from"] = json!("context.team");
            } else {
                condition["value"] = value;
            }
            if case && textual {
                condition["ignore_case"] = json!(true);
            }
            if absent && op != "exists" {
                condition["absent_as"] = json!("x");
            }
            condition
        },
    )
}

fn condition() -> impl Strategy<Value = Value> {
    comparison().prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"all": all})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|any| json!({"any": any})),
            inner.prop_map(|not| json!({"not": not})),
        ]
    })
}

fn clauses() -> impl Strategy<Value = Value> {
    let clause = (prop::collection::vec(condition(), 1..3), any::<bool>()).prop_map(|(conditions, text)| {
        if text {
            json!({"conditions": conditions, "on_deny": "no"})
        } else {
            json!({"conditions": conditions})
        }
    });
    prop::collection::vec(clause, 0..3).prop_map(Value::from)
}

fn limits() -> impl Strategy<Value = Value> {
    let window = prop::sample::select(vec![json!("second"), json!("week"), json!(90), json!(31_536_000)]);
    let max = prop::sample::select(vec![json!(0), json!(2.5), json!(1_000_000_000_000_u64)]);
    let scope = prop::sample::select(vec![
        None,
        Some(json!("context.team")),
        Some(json!(["user", "args.a[0]"])),
        Some(json!("/args/a")),
    ]);
    let cost = prop::sample::select(vec![
        None,
        Some(("increment", json!(2))),
        Some(("increment_from", json!("args.n"))),
    ]);
    let limit = (window, max, scope, cost, any::<bool>()).prop_map(|(window, max, scope, cost, slides)| {
        let mut limit = json!({"counter": "c", "window": window, "max": max});
        if let Some(scope) = scope {
            limit["scope"] = scope;
        }
        if let Some((name, cost)) = cost {
            limit[name] = cost;
        }
        if slides {
            limit["algorithm"] = json!("sliding");
        }
        limit
    });
    prop::collection::vec(limit, 1..4).prop_map(|mut limits| {
        // Each with a counter of its own, or they would have to agree.
        for (index, limit) in limits.iter_mut().enumerate() {
            limit["counter"] = json!(format!("c{index}"));
        }
        Value::from(limits)
    })
}

fn rule() -> impl Strategy<Value = Value> {
    let members = prop_oneof![
        clauses().prop_map(|clauses| json!({"require": clauses})),
        clauses().prop_map(|clauses| json!({"deny_if": clauses, "only_args": ["a"]})),
        clauses().prop_map(|clauses| json!({"approve_if": clauses, "rate_limit": "10/minute"})),
        limits().prop_map(|limits| json!({"limits": limits})),
        Just(json!({"rate_limit": {"max": 1, "window": "hour", "scope": ["grant", "tool"]}})),
        Just(json!({"deny_if": [{"conditions": []}]})),
    ];
    prop_oneof![
        1 => Just(json!({"action": "deny", "reason": "no"})),
        6 => members,
    ]
}

fn document() -> impl Strategy<Value = Value> {
    (rule(), rule(), clauses(), 0..8_u8).prop_map(|(rule, other, clauses, extra)| {
        let mut document = json!({"version": "1", "default": "deny", "tools": {"t": rule, "list_*": {}}});
        let (name, member) = match extra {
            0 => ("hide", json!(["delete_*"])),
            1 => ("all_tools", json!({"deny_if": clauses})),
            2 => ("categories", json!({"read": {}, "financial": {"action": "deny"}})),
            3 => ("classify", json!({"get_*": "read"})),
            4 => ("methods", json!(["resources/read"])),
            5 => ("mode", json!("monitor")),
            6 => ("tools", json!({"t": other})),
            _ => ("pins", json!({"t": format!("sha256:{}", "0f".repeat(32))})),
        };
        document[name] = member;
        document
    })
}

/// Every place of a document, deepest last.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => members.iter().for_each(|(key, part)| {
            places(part, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(elements) => {
            elements
                .iter()
                .enumerate()
                .for_each(|(index, part)| places(part, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// What is done to a document at one of its places.
#[derive(Clone, Debug)]
enum Mutation {
    Add(&'static str, Value),
    /// A member from elsewhere: right in itself, and in the wrong company.
    Graft(prop::sample::Index),
    Remove(prop::sample::Index),
    Rename(prop::sample::Index, &'static str),
    Replace(Value),
}

fn mutation() -> impl Strategy<Value = (prop::sample::Index, Mutation)> {
    let member = || prop::sample::select(MEMBERS.to_vec());
    let mutation = prop_oneof![
        2 => (member(), value()).prop_map(|(name, value)| Mutation::Add(name, value)),
        4 => any::<prop::sample::Index>().prop_map(Mutation::Graft),
        1 => any::<prop::sample::Index>().prop_map(Mutation::Remove),
        1 => (any::<prop::sample::Index>(), member()).prop_map(|(index, name)| Mutation::Rename(index, name)),
        4 => value().prop_map(Mutation::Replace),
    ];
    (any::<prop::sample::Index>(), mutation)
}

fn mutate(document: &mut Value, at: prop::sample::Index, mutation: Mutation) {
    let mut all = Vec::new();
    places(document, "", &mut all);
    let graft = |from: prop::sample::Index| {
        let from = from.get::<String>(&all);
        let key = from.rsplit('/').next().unwrap().replace("~1", "/").replace("~0", "~");
        (key, document.pointer(from).unwrap().clone())
    };
    if let Mutation::Graft(from) = mutation {
        // Into an object: most places are none.
        let objects: Vec<&String> =
            all.iter().filter(|place| document.pointer(place).is_some_and(Value::is_object)).collect();
        let (key, value) = graft(from);
        if !objects.is_empty() && key.parse::<u32>().is_err() {
            let into = at.get::<&String>(&objects);
            document.pointer_mut(into).unwrap()[key] = value;
        }
        return;
    }
    let place = document.pointer_mut(at.get::<String>(&all)).unwrap();
    let key = |members: &Map<String, Value>, index: prop::sample::Index| {
        (!members.is_empty()).then(|| members.keys().nth(index.index(members.len())).unwrap().clone())
    };
    match (mutation, place) {
        (Mutation::Replace(value), place) => *place = value,
        (Mutation::Add(name, value), Value::Object(members)) => {
            members.insert(name.to_owned(), value);
        }
        (Mutation::Add(_, value), Value::Array(elements)) => elements.push(value),
        (Mutation::Remove(index), Value::Object(members)) => {
            if let Some(key) = key(members, index) {
                members.remove(&key);
            }
        }
        (Mutation::Remove(index), Value::Array(elements)) if !elements.is_empty() => {
            elements.remove(index.index(elements.len()));
        }
        (Mutation::Rename(index, name), Value::Object(members)) => {
            if let Some(value) = key(members, index).and_then(|key| members.remove(&key)) {
                members.insert(name.to_owned(), value);
            }
        }
        _ => {}
    }
}

/// The two agree, or what the reader found is all beyond a schema.
fn agree(validator: &jsonschema::Validator, document: &Value) -> Result<bool, TestCaseError> {
    let accepted = validator.is_valid(document);
    match Policy::from_json(&document.to_string()) {
        Ok(_) => prop_assert!(accepted, "the schema refuses {document}"),
        Err(error) if error.diagnostics().iter().all(is_beyond) => {}
        Err(error) => prop_assert!(!accepted, "the schema accepts {document}, which is refused: {error}"),
    }
    Ok(accepted)
}

#[test]
fn the_schema_accepts_exactly_what_is_read() {
    let validator = validator(&Policy::json_schema());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(3_000));
    let seen = std::cell::Cell::new((0_u32, 0_u32));
    let mutations = prop::collection::vec(mutation(), 0..4);
    runner
        .run(&(document(), mutations), |(mut document, mutations)| {
            for (at, mutation) in mutations {
                mutate(&mut document, at, mutation);
            }
            let (accepted, refused) = seen.get();
            let now = agree(&validator, &document)?;
            seen.set((accepted + u32::from(now), refused + u32::from(!now)));
            Ok(())
        })
        .unwrap();
    let (accepted, refused) = seen.get();
    assert!(accepted > 200 && refused > 200, "{accepted} accepted, {refused} refused");
}
