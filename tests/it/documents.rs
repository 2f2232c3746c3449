//! Documents as data: written and read by serde, built by programs, told apart by their digest.
#![expect(clippy::unwrap_used, reason = "what is wrong with a document of a test fails the test")]

use mcp_policy::limit::Window;
use mcp_policy::policy::document::{
    AllTools, Clause, Condition, DefaultAction, Limit, Operator, PolicyDocument, RateLimit, Rule, RuleAction,
    Scopes,
};
use mcp_policy::{Fingerprint, Policy, PolicyError, json};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A policy with every member that this version supports.
fn full() -> Value {
    serde_json::from_str(include_str!("../fixtures/documents/full.json")).unwrap()
}

/// What `from_json` makes of a text, and what serde and `TryFrom` make of it.
fn both_ways(text: &str) -> (Result<Policy, PolicyError>, Option<Policy>) {
    let document = serde_json::from_str::<PolicyDocument>(text).ok();
    (Policy::from_json(text), document.and_then(|document| Policy::try_from(document).ok()))
}

fn digest(document: &Value) -> Fingerprint {
    Policy::from_json(&document.to_string()).unwrap().digest()
}

/// The document with one member set, by the JSON Pointer of the object that it is in.
fn with(pointer: &str, name: &str, value: Value) -> Value {
    let mut document = full();
    document.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
    document
}

/// The document written with its members in the opposite order, and with white space wherever it may stand.
fn backwards(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members =
                members.iter().rev().map(|(key, value)| format!("\t{} :\n{}", json!(key), backwards(value)));
            format!("{{\n{}\r\n}}", members.collect::<Vec<_>>().join(" ,"))
        }
        Value::Array(elements) => {
            format!("[ {} ]", elements.iter().map(backwards).collect::<Vec<_>>().join(" , "))
        }
        other => other.to_string(),
    }
}

#[test]
fn a_document_comes_back_from_its_text_as_it_went() {
    let document: PolicyDocument = serde_json::from_value(full()).unwrap();
    let text = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<PolicyDocument>(&text).unwrap(), document);
    assert_eq!(json::parse(&text).unwrap(), full());
    let policy = Policy::from_json(&text).unwrap();
    assert_eq!(policy.document(), &document);
    assert_eq!(Policy::try_from(document).unwrap().digest(), policy.digest());
}

#[test]
fn a_rate_in_short_is_the_rate_in_full() {
    let text = r#"{"version": "1", "default": "deny", "tools": {"t": {"rate_limit": "10/minute"}}}"#;
    let document: PolicyDocument = serde_json::from_str(text).unwrap();
    assert_eq!(document.tools["t"].rate_limit, Some(RateLimit::new(10, Window::Minute)));
    let written = serde_json::to_value(&document).unwrap();
    assert_eq!(written["tools"]["t"]["rate_limit"], json!({"max": 10, "window": "minute"}));
    assert_eq!(digest(&written), Policy::from_json(text).unwrap().digest());
}

#[test]
fn t45_a_duplicate_key_is_refused_whoever_reads() {
    for text in [
        r#"{"version": "1", "default": "deny", "default": "allow"}"#,
        r#"{"version": "1", "default": "deny", "tools": {"t": {}, "\u0074": {"action": "deny"}}}"#,
        r#"{"version": "1", "default": "deny", "classify": {"t": "read", "t": "read"}}"#,
        r#"{"version": "1", "default": "deny", "tools": {"t": {"deny_if": [], "deny_if": []}}}"#,
        r#"{"version": "1", "default": "deny", "all_tools": {"deny_if": [{"conditions": [
            {"path": "args.x", "op": "eq", "value": {"k": 1, "k": 2}}]}]}}"#,
    ] {
        assert!(Policy::from_json(text).is_err(), "{text}");
        assert!(serde_json::from_str::<PolicyDocument>(text).is_err(), "{text}");
        assert!(serde_json::from_slice::<PolicyDocument>(text.as_bytes()).is_err(), "{text}");
        assert!(serde_json::from_reader::<_, PolicyDocument>(text.as_bytes()).is_err(), "{text}");
        let inside = format!("[{text}]");
        assert!(serde_json::from_str::<Vec<PolicyDocument>>(&inside).is_err(), "{text}");
    }
    let rule = r#"{"deny_if": [], "deny_if": []}"#;
    assert!(serde_json::from_str::<Rule>(rule).is_err());
    let error = serde_json::from_str::<PolicyDocument>(r#"{"version": "1", "version": "1"}"#).unwrap_err();
    assert!(error.to_string().starts_with("duplicate key `version`"), "{error}");
}

#[test]
fn serde_says_what_is_wrong_and_where() {
    for (document, message) in [
        (json!({"version": "1"}), "missing member `default`"),
        (json!({"version": "1", "default": "deny", "tool": {}}), "unknown member `tool` at /tool"),
        (
            json!({"version": "1", "default": "deny", "hide": [1]}),
            "expected a string, found a number at /hide/0",
        ),
        (json!({"version": 1, "default": "deny"}), "expected a string, found a number at /version"),
    ] {
        let error = serde_json::from_value::<PolicyDocument>(document).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn the_digest_does_not_depend_on_how_a_policy_is_written() {
    let full_digest = digest(&full());
    assert_eq!(Policy::from_json(&backwards(&full())).unwrap().digest(), full_digest);
    assert_eq!(digest(&with("/tools/pay/limits/0", "max", json!(1000.0))), full_digest);
    let escaped = full().to_string().replace("\"tools\":", "\"to\\u006fls\":");
    assert_eq!(Policy::from_json(&escaped).unwrap().digest(), full_digest);
}

#[test]
fn the_digest_does_not_depend_on_whether_an_empty_list_or_a_usual_word_is_written_out() {
    let differing: Vec<_> = [
        ("", "validate_args", json!(false)),
        ("/all_tools", "require", json!([])),
        ("/tools/pay", "action", json!("allow")),
        ("/tools/pay", "validate_args", json!(false)),
        ("/tools/burn/limits/0", "algorithm", json!("fixed")),
        ("/tools/burn/limits/0", "refund", json!("unsent")),
        ("/tools/pay/require/0/conditions/1/any/0", "ignore_case", json!(false)),
    ]
    .into_iter()
    .filter(|(pointer, name, value)| digest(&with(pointer, name, value.clone())) != digest(&full()))
    .map(|(pointer, name, _)| format!("{pointer}/{name}"))
    .collect();
    assert_eq!(differing, [""; 0]);
}

#[test]
fn the_digest_is_another_for_any_change() {
    let mut digests = vec![("nothing", digest(&full()))];
    for (pointer, name, value) in [
        ("", "name", json!("Full")),
        ("", "description", json!("")),
        ("", "$schema", json!("")),
        ("", "silence", json!([])),
        ("", "default", json!("allow")),
        ("", "mode", json!("enforce")),
        ("", "hide", json!(["internal_*", "x"])),
        ("", "methods", json!([])),
        ("/classify", "get_*", json!("write")),
        ("/categories", "write", json!({})),
        ("/categories/destructive", "reason", json!("no.")),
        ("/all_tools/limits/0", "scope", json!("user")),
        ("/all_tools/limits/0", "max", json!(60.000_001)),
        ("/all_tools/limits/0", "counter", json!("Calls")),
        ("/all_tools/deny_if/0", "on_deny", json!("too late.")),
        ("/all_tools/deny_if/0/conditions/0", "value", json!(22.5)),
        ("/all_tools/deny_if/0/conditions/0", "op", json!("gt")),
        ("/tools/pay", "only_args", json!(["amount", "repo"])),
        ("/tools/pay", "approve_if", json!([])),
        ("/tools/pay/require/0", "name", json!("to them")),
        ("/tools/pay/require/0/conditions/0", "ignore_case", json!(false)),
        ("/tools/pay/require/0/conditions/1/any/1/not", "each", json!("all")),
        ("/tools/pay/limits/0", "window", json!(91)),
        ("/tools/pay/limits/0", "refund", json!("failed")),
        ("/tools/burn/deny_if/0/conditions/0", "absent_as", json!(false)),
        ("/tools/burn", "only_args", json!([])),
        ("/tools/get_*/rate_limit", "window", json!("day")),
        ("/tools", "new", json!({})),
    ] {
        let changed = digest(&with(pointer, name, value));
        let same = digests.iter().find(|(_, other)| *other == changed);
        assert!(same.is_none(), "{pointer}/{name} is as {same:?}");
        digests.push((name, changed));
    }
}

#[test]
fn t45_a_document_deeper_than_the_limit_is_refused_whoever_reads() {
    // The document, `all_tools`, `deny_if`, its clause, `conditions` and the condition are six levels.
    for (depth, allowed) in [(mcp_policy::policy::MAX_DEPTH, true), (70, false), (1_000, false)] {
        let inner = depth.saturating_sub(6);
        let deep = format!("{}1{}", "[".repeat(inner), "]".repeat(inner));
        let condition = format!(r#"{{"path": "args.x", "op": "eq", "value": {deep}}}"#);
        let all_tools = format!(r#"{{"deny_if": [{{"conditions": [{condition}]}}]}}"#);
        let (from_text, from_document) =
            both_ways(&format!(r#"{{"version": "1", "default": "deny", "all_tools": {all_tools}}}"#));
        assert_eq!(from_text.is_ok(), allowed, "the text, {depth} levels");
        assert_eq!(from_document.is_some(), allowed, "the document, {depth} levels");
    }
}

#[test]
fn a_program_builds_what_an_author_writes() {
    let mut document = PolicyDocument::new(DefaultAction::Deny);
    let mut limit = Limit::new("payments", Window::Day, 3);
    limit.scope = Some(Scopes::from("user"));
    let mut rule = Rule::default();
    rule.deny_if.push(Clause::new(vec![Condition::Not {
        not: Box::new(Condition::new("args.currency", Operator::In, vec!["EUR", "CHF"])),
    }]));
    rule.limits.push(limit);
    document.tools.insert("pay".to_owned(), rule);
    let mut all_tools = AllTools::default();
    all_tools.require.push(Clause::new(vec![Condition::new("context.user", Operator::Exists, true)]));
    document.all_tools = Some(all_tools);

    let written = Policy::from_json(
        r#"{"version": "1", "default": "deny",
            "all_tools": {"require": [{"conditions": [{"path": "context.user", "op": "exists", "value": true}]}]},
            "tools": {"pay": {
                "deny_if": [{"conditions": [{"not": {"path": "args.currency", "op": "in", "value": ["EUR", "CHF"]}}]}],
                "limits": [{"counter": "payments", "window": "day", "max": 3, "scope": "user"}]}}}"#,
    );
    let (built, written) = (Policy::try_from(document).unwrap(), written.unwrap());
    assert_eq!(built.document(), written.document());
    assert_eq!(built.digest(), written.digest());
}

#[test]
fn what_only_a_program_can_build_is_checked_too() {
    let built = |edit: fn(&mut PolicyDocument, &mut Rule)| {
        let (mut document, mut rule) = (PolicyDocument::new(DefaultAction::Deny), Rule::default());
        edit(&mut document, &mut rule);
        document.tools.insert("t".to_owned(), rule);
        let error = Policy::try_from(document).err();
        let found = error.as_ref().map(PolicyError::diagnostics).unwrap_or_default().first().cloned();
        found.map(|found| (found.code().as_str(), found.pointer().to_owned()))
    };
    let of = |code, pointer: &str| Some((code, pointer.to_owned()));
    assert_eq!(
        built(|_, rule| rule.limits.push(Limit::new("c", Window::Seconds(0), 1))),
        of("invalid_value", "/tools/t/limits/0/window")
    );
    assert_eq!(
        built(|_, rule| rule.rate_limit = Some(RateLimit::new(1, Window::Seconds(u32::MAX)))),
        of("invalid_value", "/tools/t/rate_limit/window")
    );
    assert_eq!(
        built(|_, rule| {
            rule.action = RuleAction::Deny;
            rule.only_args = Some(Vec::new());
        }),
        of("excluded", "/tools/t/only_args")
    );
    let nested = |document: &mut PolicyDocument, _: &mut Rule| {
        let leaf = Condition::new("args.x", Operator::Eq, 1);
        let deep = (0..1_000).fold(leaf, |inner, _| Condition::Not { not: Box::new(inner) });
        let all_tools = document.all_tools.get_or_insert_default();
        all_tools.deny_if.push(Clause::new(vec![deep]));
    };
    assert_eq!(built(nested), of("too_deep", ""));
    let value = |_: &mut PolicyDocument, rule: &mut Rule| {
        let deep = (0..1_000).fold(json!(1), |inner, _| json!([inner]));
        rule.deny_if.push(Clause::new(vec![Condition::new("args.x", Operator::Eq, deep)]));
    };
    assert_eq!(built(value), of("too_deep", ""));
    let Condition::Compare(mut comparison) = Condition::new("args.x", Operator::Eq, 1) else {
        panic!("a comparison is one");
    };
    comparison.value = None;
    let mut document = PolicyDocument::new(DefaultAction::Deny);
    let all_tools = document.all_tools.get_or_insert_default();
    all_tools.deny_if.push(Clause::new(vec![Condition::Compare(comparison)]));
    let error = Policy::try_from(document).unwrap_err();
    assert_eq!(error.diagnostics()[0].pointer(), "/all_tools/deny_if/0/conditions/0");
}

/// Changes the node with this number, counted from the root through members and elements.
fn change(value: &mut Value, number: &mut usize, how: &dyn Fn(&mut Value)) {
    if *number == 0 {
        how(value);
    }
    // After the change it runs below zero, and no other node is reached.
    *number = number.wrapping_sub(1);
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| change(element, number, how)),
        Value::Object(members) => members.values_mut().for_each(|member| change(member, number, how)),
        _ => {}
    }
}

/// Values that fit somewhere in a policy, and some that fit nowhere.
fn values() -> impl Strategy<Value = Value> {
    let pieces = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1),
        json!(1.5),
        json!(60),
        json!(1e300),
        json!(""),
        json!("x"),
        json!("1"),
        json!("deny"),
        json!("allow"),
        json!("minute"),
        json!("month"),
        json!("10/hour"),
        json!("grant"),
        json!("args.x"),
        json!("args.x[*]"),
        json!("context.user"),
        json!("any"),
        json!("all"),
        json!("in"),
        json!("lt"),
        json!("exists"),
        json!("sliding"),
        json!("("),
        json!("read"),
        json!([]),
        json!(["x"]),
        json!([1]),
        json!({}),
        json!({"conditions": []}),
        json!([{"conditions": []}]),
        json!({"path": "args.x", "op": "eq", "value": 1}),
    ];
    prop::sample::select(pieces.to_vec())
}

/// A change of one node: another value in its place, a member or element more or less, or a key that is spelled anew.
fn changes() -> impl Strategy<Value = (usize, u8, String, Value)> {
    let keys = "(tools|tool|action|require|deny_if|limits|rate_limit|value|value_from|each|x|\\*|absent_as|scope|any)";
    (0..140_usize, 0..5_u8, keys, values())
}

fn apply(document: &mut Value, (number, kind, key, value): (usize, u8, String, Value)) {
    let mut number = number;
    change(document, &mut number, &|node| match (kind, node) {
        (1, Value::Object(members)) => {
            let first = members.keys().next().cloned();
            first.map(|first| members.remove(&first));
        }
        (2, Value::Object(members)) => {
            members.insert(key.clone(), value.clone());
        }
        (3, Value::Object(members)) => {
            let mut renamed = Map::new();
            for (index, (old, member)) in std::mem::take(members).into_iter().enumerate() {
                renamed.insert(if index == 0 { key.clone() } else { old }, member);
            }
            *members = renamed;
        }
        (1, Value::Array(elements)) => {
            elements.pop();
        }
        (2 | 3, Value::Array(elements)) => elements.push(value.clone()),
        (_, node) => *node = value.clone(),
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn text_and_serde_agree_on_what_is_a_policy(changes in prop::collection::vec(changes(), 0..3)) {
        let mut document = full();
        for change in changes {
            apply(&mut document, change);
        }
        let text = document.to_string();
        let (from_text, from_document) = both_ways(&text);
        match (from_text, from_document) {
            (Ok(a), Some(b)) => {
                prop_assert_eq!(a.document(), b.document());
                prop_assert_eq!(a.digest(), b.digest());
                let written = serde_json::to_string(a.document()).unwrap();
                let again = Policy::from_json(&written);
                prop_assert_eq!(again.map(|again| again.digest()), Ok(a.digest()), "{}", written);
            }
            (Err(error), None) => {
                prop_assert!(!error.diagnostics().is_empty());
                prop_assert!(error.diagnostics().iter().all(|diagnostic| diagnostic.span().is_some()));
                let starts: Vec<_> = error.diagnostics().iter().map(|found| found.span().unwrap().start).collect();
                prop_assert!(starts.is_sorted());
            }
            (a, b) => prop_assert!(false, "{text}\nfrom the text: {a:?}\nfrom the document: {b:?}"),
        }
    }

    #[test]
    fn t45_random_bytes_never_panic_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Policy::from_json(&String::from_utf8_lossy(&bytes)).is_err());
        prop_assert!(serde_json::from_slice::<PolicyDocument>(&bytes).is_err());
    }

    #[test]
    fn t45_random_cuts_of_a_policy_never_panic_the_reader(from in 0..2_500_usize, length in 1..40_usize, with in ".{0,3}") {
        let text: Vec<char> = full().to_string().chars().collect();
        let (from, to) = (from.min(text.len()), from.saturating_add(length).min(text.len()));
        let cut: String = text[..from].iter().chain(with.chars().collect::<Vec<_>>().iter()).chain(&text[to..]).collect();
        let (from_text, from_document) = both_ways(&cut);
        prop_assert_eq!(from_text.is_ok(), from_document.is_some(), "{}", cut);
    }
}
