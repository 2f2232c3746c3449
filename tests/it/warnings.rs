//! What is likely not meant is said, and nothing else; and it changes no decision.
#![expect(clippy::unwrap_used, reason = "what is wrong with a fixture fails the test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use mcp_policy::diagnostic::Severity;
use mcp_policy::policy::document::PolicyDocument;
use mcp_policy::{Diagnostic, DiagnosticCode, Policy, ToolCall};
use proptest::prelude::*;
use serde_json::{Value, json};

fn words(diagnostic: &Diagnostic) -> Value {
    json!([diagnostic.code().as_str(), diagnostic.pointer(), diagnostic.message(), diagnostic.help()])
}

/// Every row of the tables: a policy, and what is to be said about it.
fn rows() -> Vec<(Value, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/warnings");
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let file: Vec<Value> = serde_json::from_str(&text).unwrap();
        rows.extend(file.iter().map(|row| (document_of(row), row["found"].clone())));
    }
    rows
}

/// A row has the members of a document, a rule, the limits of one, or the conditions of a clause.
fn document_of(row: &Value) -> Value {
    let rule = |rule: Value| json!({"tools": {"t": rule}});
    let members = match row.as_object().unwrap().iter().find(|(name, _)| *name != "found").unwrap() {
        (name, members) if name == "members" => members.clone(),
        (name, members) if name == "rule" => rule(members.clone()),
        (name, limits) if name == "limits" => rule(json!({"limits": limits})),
        (list, conditions) => rule(json!({list: [{"conditions": conditions}]})),
    };
    let mut document = json!({"version": "1", "default": "deny"});
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document
}

#[test]
fn each_warning_is_said_in_these_words_and_nothing_else_is() {
    let mut failures = Vec::new();
    for (document, expected) in rows() {
        let policy = Policy::from_json(&document.to_string()).unwrap();
        assert!(policy.warnings().iter().all(|warning| warning.span().is_some()), "{document}");
        assert!(
            policy.warnings().iter().all(|warning| warning.severity() == Severity::Warning),
            "{document}"
        );
        let found: Value = policy.warnings().iter().map(words).collect();
        if found != expected {
            failures.push(format!("{document}\n  found {found}\n  not   {expected}"));
        }
    }
    assert!(failures.is_empty(), "{} rows:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_code_of_a_warning_is_met_and_no_other() {
    let met: BTreeSet<_> = rows()
        .iter()
        .flat_map(|(_, found)| found.as_array().unwrap().clone())
        .map(|found| found[0].as_str().unwrap().to_owned())
        .collect();
    // These need the tools of a server, and have tests of their own.
    let with_tools =
        [DiagnosticCode::PinDiffers, DiagnosticCode::UnknownArgument, DiagnosticCode::UnknownTool];
    let warnings = DiagnosticCode::ALL.iter().filter(|code| code.severity() == Severity::Warning);
    let warnings = warnings.filter(|code| !with_tools.contains(code));
    assert_eq!(met, warnings.map(ToString::to_string).collect());
}

#[test]
fn a_document_is_warned_of_like_its_text() {
    for (document, _) in rows() {
        let text = Policy::from_json(&document.to_string()).unwrap();
        let read: PolicyDocument = serde_json::from_value(document.clone()).unwrap();
        let policy = Policy::try_from(read).unwrap();
        let sorted = |policy: &Policy| {
            policy.warnings().iter().map(|warning| words(warning).to_string()).collect::<BTreeSet<_>>()
        };
        assert_eq!(sorted(&policy), sorted(&text), "{document}");
        assert!(policy.warnings().iter().all(|warning| warning.span().is_none()), "{document}");
    }
}

/// Each thing around a place that can have a `silence`.
fn around(document: &Value, pointer: &str) -> Vec<String> {
    let ends = pointer.match_indices('/').map(|(end, _)| end).chain([pointer.len()]);
    let places = ends.filter_map(|end| pointer.get(..end)).map(str::to_owned);
    places
        .filter(|place| {
            let steps: Vec<_> = place.split('/').skip(1).collect();
            let part = match steps.as_slice() {
                [] | ["all_tools"] | ["tools" | "categories", _] => true,
                [.., list, _] => ["require", "deny_if", "approve_if", "limits"].contains(list),
                [_] => false,
            };
            part && document.pointer(place).is_some_and(Value::is_object)
        })
        .collect()
}

#[test]
fn every_warning_can_be_silenced_beside_the_thing_and_above_it() {
    let mut silenced = 0;
    for (document, found) in rows() {
        for warning in found.as_array().unwrap() {
            let (code, pointer) = (warning[0].as_str().unwrap(), warning[1].as_str().unwrap());
            let places = around(&document, pointer);
            let same = |policy: &Policy| {
                policy
                    .warnings()
                    .iter()
                    .any(|other| other.code().as_str() == code && other.pointer() == pointer)
            };
            for place in &places {
                let mut document = document.clone();
                document.pointer_mut(place).unwrap()["silence"] = json!([code]);
                assert!(
                    !same(&Policy::from_json(&document.to_string()).unwrap()),
                    "{code} at {place}: {document}"
                );
                document.pointer_mut(place).unwrap()["silence"] =
                    json!([if code == "shadowed" { "unanchored" } else { "shadowed" }]);
                assert!(
                    same(&Policy::from_json(&document.to_string()).unwrap()),
                    "{code} at {place}: {document}"
                );
                silenced += 1;
            }
            // What is in a rule can be silenced there, and what is in a clause or a limit there.
            let least = if pointer.starts_with("/hide") || pointer.starts_with("/classify") { 1 } else { 2 };
            assert!(places.len() >= least, "{pointer}");
        }
    }
    assert!(silenced >= 100, "{silenced}");
}

#[test]
fn only_warnings_are_silenced() {
    let errors = |silence: Value| {
        let document = json!({"version": "1", "default": "deny", "tools": {"t": {"deny_if": [
            {"conditions": [], "silence": silence}]}}, "all_tools": {"limits": [
            {"counter": "c", "window": "day", "max": 1, "silence": silence}], "silence": silence}, "silence": silence,
            "categories": {"read": {"silence": silence}}});
        let error = Policy::from_json(&document.to_string()).unwrap_err();
        error.diagnostics().iter().map(words).collect::<Vec<_>>()
    };
    let pointers = [
        "/all_tools/silence/0",
        "/all_tools/limits/0/silence/0",
        "/categories/read/silence/0",
        "/silence/0",
        "/tools/t/deny_if/0/silence/0",
    ];
    for (name, message, help) in [
        ("unanchord", "unknown warning `unanchord`", Some("did you mean `unanchored`?")),
        ("syntax", "`syntax` is an error, and errors cannot be silenced", Some("leave it out")),
    ] {
        let found = errors(json!([name]));
        let said: BTreeSet<_> = found.iter().map(ToString::to_string).collect();
        let expected: BTreeSet<_> = pointers
            .iter()
            .map(|pointer| json!(["unknown_name", pointer, message, help]).to_string())
            .collect();
        assert_eq!(said, expected);
    }
    let found = errors(json!(["nothing like it"]));
    assert!(found[0][3].as_str().unwrap().starts_with("write `always_holds`, "), "{found:?}");
}

#[test]
fn the_policies_of_the_examples_have_no_warnings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policies/kestra.json");
    let policy = Policy::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let said: Vec<_> = policy.warnings().iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
}

#[test]
fn warnings_are_kept_to_a_hundred() {
    let tools: serde_json::Map<_, _> = (0..300).map(|n| (format!("t{n}"), json!({"reason": "x"}))).collect();
    let document = json!({"version": "1", "default": "deny", "tools": tools});
    let policy = Policy::from_json(&document.to_string()).unwrap();
    assert_eq!((policy.warnings().len(), policy.omitted_warnings()), (100, 200));
}

/// How long a policy takes to be read.
#[expect(clippy::disallowed_methods, reason = "comparing patterns allocates nothing: only time tells")]
fn time(document: &Value) -> Duration {
    let text = document.to_string();
    let start = Instant::now();
    Policy::from_json(&text).unwrap();
    start.elapsed()
}

#[test]
fn hostile_policies_are_warned_of_in_time() {
    let policy = |members: Value| {
        let mut document = json!({"version": "1", "default": "deny"});
        document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        document
    };
    let many = |count: usize, of: &dyn Fn(usize) -> Value| (0..count).map(of).collect::<Vec<_>>();
    let condition = |path: &str, op: &str, value: Value| json!({"path": path, "op": op, "value": value});
    let values = many(20_000, &|n| json!(n));
    let lists = many(2_000, &|n| condition("args.a", "not_in", json!([n + 1_000_000])));
    let stars = |n: usize| {
        let starred = (0..15).map(|bit| if n >> bit & 1 == 1 { "a*" } else { "a" });
        json!(starred.collect::<String>() + "*")
    };
    let starred = many(20_000, &stars);
    let tools: serde_json::Map<_, _> =
        starred.iter().map(|key| (key.as_str().unwrap().to_owned(), json!({}))).collect();
    let mut conditions = lists;
    conditions.push(condition("args.a", "in", json!(values)));
    let rules: serde_json::Map<_, _> = (0..20_000)
        .map(|n| (format!("tool_{n}"), json!({"rate_limit": "10/minute", "require": [{"conditions": [condition("args.a", "eq", json!(n))]}]})))
        .collect();
    let clauses =
        many(2_000, &|n| json!({"conditions": [condition(&format!("args.a{n}"), "exists", json!(true))]}));
    for document in [
        policy(json!({"hide": starred})),
        policy(json!({"hide": many(20_000, &|n| json!(format!("*{n}*x")))})),
        policy(json!({"tools": tools})),
        policy(json!({"tools": {"t": {"require": [{"conditions": conditions}]}}})),
        policy(json!({"tools": rules, "all_tools": {"require": clauses}})),
        policy(
            json!({"tools": {"t": {"limits": many(10_000, &|n| json!({"counter": "c", "window": "day", "max": n}))}}}),
        ),
    ] {
        // Quadratic work on so much takes minutes; this takes well under a second where nothing else runs.
        let taken = time(&document);
        assert!(taken < Duration::from_secs(20), "{taken:?} {:.80}", document.to_string());
    }
}

/// A document of comparisons on few arguments, so that many of them meet.
fn documents() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        Just(json!("a")),
        Just(json!("b")),
        Just(json!(1)),
        Just(json!(2)),
        Just(json!(true)),
        Just(json!(["a"]))
    ];
    let op = prop::sample::select(vec![
        "eq",
        "neq",
        "gt",
        "lte",
        "in",
        "not_in",
        "exists",
        "starts_with",
        "regex",
        "type",
    ]);
    let path = prop::sample::select(vec!["args.a", "args.b", "context.user", "now.weekday"]);
    let comparison = (path, op, value, any::<bool>()).prop_map(|(path, op, value, stand_in)| {
        let value = match op {
            "in" | "not_in" => json!([value, "c"]),
            "gt" | "lte" => value.as_i64().map_or(json!(5), |n| json!(n)),
            "exists" => json!(value.is_string()),
            "type" => json!(if value.is_string() { "string" } else { "number" }),
            "starts_with" | "regex" => value.as_str().map_or(json!("x"), |text| json!(text)),
            _ => value,
        };
        let mut condition = json!({"path": path, "op": op, "value": value});
        if stand_in && op != "exists" {
            condition.as_object_mut().unwrap().insert("absent_as".to_owned(), json!("a"));
        }
        condition
    });
    let condition = comparison.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|all| json!({"all": all})),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|any| json!({"any": any})),
            inner.prop_map(|not| json!({"not": not})),
        ]
    });
    let clause =
        prop::collection::vec(condition, 1..4).prop_map(|conditions| json!({"conditions": conditions}));
    let clauses = || prop::collection::vec(clause.clone(), 0..3);
    (clauses(), clauses(), clauses()).prop_map(|(require, deny_if, approve_if)| {
        json!({"version": "1", "default": "deny",
            "tools": {"t": {"require": require, "deny_if": deny_if, "approve_if": approve_if}}})
    })
}

fn arguments() -> impl Strategy<Value = Value> {
    let value = prop::sample::select(vec![
        json!(null),
        json!("a"),
        json!("b"),
        json!("c"),
        json!("ax"),
        json!(1),
        json!(2),
        json!(6),
        json!(1.5),
        json!(true),
        json!(false),
        json!(["a"]),
        json!({"a": 1}),
    ]);
    (value.clone(), value).prop_map(|(a, b)| json!({"a": a, "b": b}))
}

proptest! {
    #[test]
    fn warnings_change_no_decision(document in documents(), arguments in arguments()) {
        let policy = Policy::from_json(&document.to_string()).unwrap();
        let mut silenced = document;
        let codes: Vec<_> = DiagnosticCode::ALL.iter().filter(|code| code.severity() == Severity::Warning).collect();
        silenced["silence"] = json!(codes);
        let silenced = Policy::from_json(&silenced.to_string()).unwrap();
        prop_assert!(silenced.warnings().is_empty());
        let call = ToolCall::new("t", &arguments);
        let decided = |policy: &Policy| {
            // The digest, and so the fingerprint of an approval, is of the whole document.
            let text = format!("{:?}", policy.judge(&call, SystemTime::UNIX_EPOCH));
            text.split("ingerprint").next().map(str::to_owned)
        };
        prop_assert_eq!(decided(&policy), decided(&silenced));
    }

    /// What never holds together is true of no call: a clause of `require` with nothing else denies.
    #[test]
    fn what_never_holds_denies(document in documents(), arguments in arguments()) {
        let conditions = document["tools"]["t"]["require"][0]["conditions"].clone();
        prop_assume!(conditions.is_array());
        let document = json!({"version": "1", "default": "deny", "tools": {"t": {"require": [{"conditions": conditions}]}}});
        let policy = Policy::from_json(&document.to_string()).unwrap();
        let never = |warning: &Diagnostic| {
            // One that stands in the clause itself, and not inside another condition.
            warning.code() == DiagnosticCode::NeverHolds && warning.pointer().split('/').count() == 7
        };
        if policy.warnings().iter().any(never) {
            let verdict = policy.judge(&ToolCall::new("t", &arguments), SystemTime::UNIX_EPOCH);
            prop_assert!(matches!(verdict, mcp_policy::Verdict::Deny(_)), "{document} {arguments}");
        }
    }

    /// What always holds does so of every argument that is there and of a type that is compared.
    #[test]
    fn what_always_holds_is_never_false(document in documents(), arguments in arguments()) {
        let parts = document["tools"]["t"]["require"][0]["conditions"].clone();
        prop_assume!(parts.is_array());
        let document = |condition: Value| json!({"version": "1", "default": "deny",
            "tools": {"t": {"deny_if": [{"conditions": [condition]}]}}});
        let policy = Policy::from_json(&document(json!({"any": parts})).to_string()).unwrap();
        let always = |warning: &Diagnostic| {
            warning.code() == DiagnosticCode::AlwaysHolds && warning.pointer().split('/').count() == 8
        };
        if policy.warnings().iter().any(always) {
            // False both ways would be neither absent nor mistyped, and yet not true.
            let negated = Policy::from_json(&document(json!({"not": {"any": parts}})).to_string()).unwrap();
            let call = ToolCall::new("t", &arguments);
            let denies = |policy: &Policy| matches!(policy.judge(&call, SystemTime::UNIX_EPOCH), mcp_policy::Verdict::Deny(_));
            prop_assert!(!denies(&negated) || denies(&policy), "{parts} {arguments}");
        }
    }
}
