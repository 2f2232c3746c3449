//! What is wrong with a policy is said, all of it, with its place; and nothing that is wrong makes a policy.
#![expect(clippy::unwrap_used, reason = "what is wrong with a fixture fails the test")]

use std::path::Path;
use std::time::SystemTime;

use mcp_policy::policy::document::PolicyDocument;
use mcp_policy::{Diagnostic, Policy, PolicyError, ToolCall, Verdict};
use serde_json::{Value, json};

/// The diagnostics of a text that is no policy.
fn diagnostics(text: &str) -> Vec<Diagnostic> {
    Policy::from_json(text).err().map(|error| error.diagnostics().to_vec()).unwrap_or_default()
}

/// Code, pointer, message and help: what is said whether or not there is a text.
fn words(diagnostic: &Diagnostic) -> Value {
    json!([diagnostic.code().as_str(), diagnostic.pointer(), diagnostic.message(), diagnostic.help()])
}

/// Line and column where the first diagnostic of a text begins.
fn place(text: &str) -> Option<(usize, usize)> {
    let start = diagnostics(text).first()?.span()?.start;
    Some((start.line, start.column))
}

/// Every row of the tables of mistakes: the text of a policy, and what is to be found in it.
fn mistakes() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mistakes");
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file: Value =
            serde_json::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        rows.extend(file.as_array().unwrap().iter().map(|row| (text_of(row), row["found"].clone())));
    }
    rows
}

/// A row has a whole text, a whole document, or the part of one that matters.
pub(crate) fn text_of(row: &Value) -> String {
    if let Some(text) = row.get("text") {
        return text.as_str().unwrap().to_owned();
    }
    if let Some(document) = row.get("document") {
        return document.to_string();
    }
    let members = match row.as_object().unwrap().iter().find(|(name, _)| *name != "found").unwrap() {
        (name, members) if name == "members" => members.clone(),
        (name, rule) if name == "rule" => json!({"tools": {"t": rule}}),
        (name, limit) if name == "limit" => json!({"tools": {"t": {"limits": [limit]}}}),
        (_, condition) => json!({"tools": {"t": {"deny_if": [{"conditions": [condition]}]}}}),
    };
    let mut document = json!({"version": "1", "default": "deny"});
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document.to_string()
}

#[test]
fn each_mistake_is_found_once_and_said_in_these_words() {
    let rows = mistakes();
    assert!(rows.len() >= 60, "{} rows", rows.len());
    let mut failures = Vec::new();
    for (text, expected) in rows {
        let found = diagnostics(&text);
        assert!(found.iter().all(|diagnostic| diagnostic.span().is_some()), "{text}");
        let found: Value = found.iter().map(words).collect();
        if found != expected {
            failures.push(format!("{text}\n  found {found}\n  not   {expected}"));
        }
    }
    assert!(failures.is_empty(), "{} rows:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn a_document_says_the_same_as_its_text_but_for_the_places() {
    let mut compared = 0_usize;
    for (text, _) in mistakes() {
        // What is no document has no more to say than that.
        let Ok(document) = serde_json::from_str::<PolicyDocument>(&text) else { continue };
        let error = Policy::try_from(document).unwrap_err();
        let by_words = |found: &[Diagnostic]| {
            let mut found: Vec<_> = found.iter().map(|diagnostic| words(diagnostic).to_string()).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(by_words(error.diagnostics()), by_words(&diagnostics(&text)), "{text}");
        assert!(error.diagnostics().iter().all(|diagnostic| diagnostic.span().is_none()), "{text}");
        compared = compared.saturating_add(1);
    }
    assert!(compared >= 60, "{compared}");
}

#[test]
fn ten_mistakes_are_ten_diagnostics_in_the_order_of_the_text() {
    let text = r#"{
  "version": "1",
  "default": "alow",
  "mod": "monitor",
  "hide": ["x", 5],
  "tools": {
    "pay": {
      "deny_iff": [],
      "require": [{"conditions": []}],
      "deny_if": [{"conditions": [
        {"path": "argz.amount", "op": "gt", "value": 5},
        {"path": "args.é", "op": "gt", "value": "5"}
      ]}],
      "limits": [{"counter": "c", "window": "minutes", "max": -1}]
    }
  },
  "methods": ["ping"]
}"#;
    let found: Vec<_> = diagnostics(text)
        .iter()
        .map(|diagnostic| {
            let start = diagnostic.span().unwrap().start;
            let help = diagnostic.help().unwrap_or("").to_owned();
            (diagnostic.code().as_str(), diagnostic.pointer().to_owned(), start.line, start.column, help)
        })
        .collect();
    let amounts = "write a number from 0 to 10^12 with at most six fractional digits";
    let expected = [
        ("unknown_name", "/default", 3, 14, "did you mean `allow`?"),
        ("unknown_member", "/mod", 4, 3, "did you mean `mode`?"),
        ("wrong_type", "/hide/1", 5, 17, ""),
        ("unknown_member", "/tools/pay/deny_iff", 8, 7, "did you mean `deny_if`?"),
        (
            "invalid_value",
            "/tools/pay/require/0/conditions",
            9,
            34,
            "write a condition, or leave the clause out",
        ),
        ("invalid_value", "/tools/pay/deny_if/0/conditions/0/path", 11, 18, "did you mean `args.amount`?"),
        ("wrong_type", "/tools/pay/deny_if/0/conditions/1/value", 12, 49, "write `5` without quotes"),
        ("unknown_name", "/tools/pay/limits/0/window", 14, 45, "did you mean `minute`?"),
        ("invalid_value", "/tools/pay/limits/0/max", 14, 63, amounts),
        ("invalid_value", "/methods/0", 17, 15, "leave it out"),
    ]
    .map(|(code, pointer, line, column, help)| (code, pointer.to_owned(), line, column, help.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn a_hundred_diagnostics_are_kept_and_the_rest_is_counted() {
    let tools: Value = (0..150).map(|n| (format!("t{n:03}"), json!({"unknown": n}))).collect();
    let text = json!({"version": "1", "default": "deny", "tools": tools}).to_string();
    let error: PolicyError = Policy::from_json(&text).unwrap_err();
    assert_eq!((error.diagnostics().len(), error.omitted()), (100, 50));
    assert_eq!(error.diagnostics().last().map(Diagnostic::pointer), Some("/tools/t099/unknown"));
    assert!(error.to_string().ends_with("\nand 50 more"), "{error}");
    // One more than is kept is enough to be counted, and as many as are kept are not.
    for (count, omitted) in [(100, 0), (101, 1)] {
        let hide: Vec<_> = (0..count).map(|_| 0).collect();
        let text = json!({"version": "1", "default": "deny", "hide": hide}).to_string();
        assert_eq!(Policy::from_json(&text).unwrap_err().omitted(), omitted);
    }
}

#[test]
fn what_this_version_does_not_support_is_an_error_and_not_ignored() {
    for (members, pointers) in [
        (json!({"validate_args": true}), vec!["/validate_args"]),
        (json!({"tools": {"t": {"validate_args": true}}}), vec!["/tools/t/validate_args"]),
        (json!({"validate_args": false, "tools": {"t": {"validate_args": false}}}), vec![]),
    ] {
        let found = diagnostics(&text_of(&json!({ "members": members })));
        let found: Vec<_> =
            found.iter().map(|diagnostic| (diagnostic.code().as_str(), diagnostic.pointer())).collect();
        let expected: Vec<_> = pointers.into_iter().map(|pointer| ("unsupported", pointer)).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn t44_a_regular_expression_decides_a_long_text_in_linear_time() {
    let rule = json!({"require": [{"conditions": [{"path": "args.s", "op": "regex", "value": "(a+)+$"}]}]});
    let policy = Policy::from_json(&text_of(&json!({ "rule": rule }))).unwrap();
    let judge = |text: String| {
        let arguments = json!({ "s": text });
        matches!(policy.judge(&ToolCall::new("t", &arguments), SystemTime::UNIX_EPOCH), Verdict::Allow)
    };
    // A backtracking engine takes longer than the universe for the second.
    assert!(judge("a".repeat(100_000)));
    assert!(!judge(format!("{}!", "a".repeat(100_000))));
}

#[test]
fn t44_what_re2_reads_otherwise_or_not_at_all_is_an_error() {
    for pattern in [r"(?x) ^ a \s b $", "(?u)a", "[a&&b]", "[a[b]]", r"\<a"] {
        let condition = json!({"path": "args.s", "op": "regex", "value": pattern});
        let found = diagnostics(&text_of(&json!({ "condition": condition })));
        assert_eq!(found.len(), 1, "{pattern}");
        assert_eq!(found[0].code().as_str(), "regex", "{pattern}");
    }
}

#[test]
fn t44_a_pattern_that_is_invalid_or_too_large_is_an_error_with_its_place() {
    for (pattern, reason) in [
        ("(", "unclosed group"),
        ("(?=a)", "look-around, including look-ahead and look-behind, is not supported"),
        (r"(a)\1", "backreferences are not supported"),
        ("[z-a]", "invalid character class range, the start must be <= the end"),
        (r"(?:\pL{100}){100}", "too large"),
        ("((a{100}){100}){1000}", "too large"),
    ] {
        let pattern = json!(pattern).to_string();
        let text = format!(
            "{{\"version\": \"1\", \"default\": \"deny\", \"all_tools\": {{\"deny_if\": [{{\"conditions\": [\n\
             {{\"path\": \"args.s\", \"op\": \"regex\", \"value\": {pattern}}}]}}]}}}}"
        );
        let found = diagnostics(&text);
        assert_eq!(found.len(), 1, "{pattern}");
        assert_eq!(found[0].code().as_str(), "regex");
        assert_eq!(found[0].pointer(), "/all_tools/deny_if/0/conditions/0/value");
        assert!(found[0].message().contains(reason), "{pattern}: {}", found[0].message());
        assert_eq!(place(&text), Some((2, 44)), "{pattern}");
    }
}

#[test]
fn t45_a_document_that_is_too_large_or_too_deep_is_refused_before_it_is_built() {
    let head = r#"{"version": "1", "default": "deny", "tools": {"t": {"deny_if": [{"conditions": ["#;
    let long =
        format!("{{\"version\": \"1\", \"default\": \"deny\", \"name\": \"{}\"}}", "x".repeat(10_000_000));
    let found = diagnostics(&long);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code().as_str(), "too_large");
    for deep in [
        format!("{head}{}", r#"{"not": "#.repeat(10_000)),
        format!("{head}{}{}]}}]}}}}}}", r#"{"not": "#.repeat(100), "}".repeat(100)),
        "[".repeat(10_000),
    ] {
        let found = diagnostics(&deep);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code().as_str(), "too_deep");
        assert_eq!(found[0].message(), "nested deeper than 64 levels");
        assert!(place(&deep).is_some_and(|(line, column)| line == 1 && column > 64));
    }
}

#[test]
fn t45_the_limits_are_exact() {
    let head = r#"{"version": "1", "default": "deny", "name": ""#;
    let room = mcp_policy::policy::MAX_BYTES.saturating_sub(head.len()).saturating_sub(2);
    let of_length = |length| format!("{head}{}\"}}", "x".repeat(length));
    assert_eq!(of_length(room).len(), mcp_policy::policy::MAX_BYTES);
    assert!(Policy::from_json(&of_length(room)).is_ok());
    assert!(Policy::from_json(&of_length(room.saturating_add(1))).is_err());
    // The document, `all_tools`, `deny_if`, its clause, `conditions` and the condition are six levels.
    let of_depth = |depth: usize| {
        let inner = depth.saturating_sub(6);
        let value = format!("{}1{}", "[".repeat(inner), "]".repeat(inner));
        let condition = format!(r#"{{"path": "args.x", "op": "eq", "value": {value}}}"#);
        format!(
            r#"{{"version": "1", "default": "deny", "all_tools": {{"deny_if": [{{"conditions": [{condition}]}}]}}}}"#
        )
    };
    assert!(Policy::from_json(&of_depth(mcp_policy::policy::MAX_DEPTH)).is_ok());
    assert!(Policy::from_json(&of_depth(mcp_policy::policy::MAX_DEPTH.saturating_add(1))).is_err());
}

#[test]
fn t45_a_million_entries_are_an_error_that_fits_on_a_screen() {
    let text = format!(r#"{{"version": "1", "default": "deny", "hide": [0{}]}}"#, ",0".repeat(999_999));
    let error = Policy::from_json(&text).unwrap_err();
    assert_eq!((error.diagnostics().len(), error.omitted()), (100, 999_900));
    let twice = format!(r#"{{"version": "1", "default": "deny"{}}}"#, r#","mode":"monitor""#.repeat(100_000));
    let error = Policy::from_json(&twice).unwrap_err();
    assert_eq!((error.diagnostics().len(), error.omitted()), (100, 99_899));
    assert!(error.to_string().len() < 60_000);
}

#[test]
fn t45_what_is_no_policy_is_an_error_with_its_place() {
    for (text, code, at) in [
        ("", "syntax", (1, 1)),
        ("\n\n", "syntax", (3, 1)),
        ("\u{feff}{\"version\": \"1\", \"default\": \"deny\"}", "syntax", (1, 1)),
        ("{\"version\": \"1\",\n\"default\": NaN}", "syntax", (2, 12)),
        ("{\"version\": \"1\",\n\"default\": \"deny\"}\n{}", "syntax", (3, 1)),
        ("{\"version\": \"1\",\n\"default\": \"deny\",}", "syntax", (2, 19)),
        ("{\"version\": \"1\",\n// ü\n\"default\": \"deny\"}", "syntax", (2, 1)),
        ("{\"version\": \"1\",\n\"deny_iff\": 1, \"default\": \"deny\"}", "unknown_member", (2, 1)),
        ("{\"version\": \"1\", \"default\": \"deny\",\n\"versio\\u006e\": \"1\"}", "duplicate_key", (2, 1)),
        ("{\"default\": \"deny\",\n \"version\": \"2\"}", "invalid_value", (2, 13)),
        ("{\"default\": \"deny\",\n \"version\": 1}", "wrong_type", (2, 13)),
        ("\n{\"version\": \"1\"}", "missing_member", (2, 1)),
        ("[]", "wrong_type", (1, 1)),
    ] {
        let found = diagnostics(text);
        assert_eq!(found.len(), 1, "{text:?}");
        assert_eq!(found[0].code().as_str(), code, "{text:?}");
        assert_eq!(place(text), Some(at), "{text:?}");
    }
}

#[test]
fn a_mistake_behind_a_duplicate_key_is_shown_where_it_stands() {
    // The first `tools` is as good as not there: what is wrong is wrong in the second.
    let text = "{\"version\": \"1\", \"default\": \"deny\", \"tools\": {},\n\"tools\": {\"t\": {\"rate_limit\": {\"max\": -1, \"window\": \"day\"}}}}";
    let found: Vec<_> = diagnostics(text)
        .iter()
        .map(|diagnostic| (diagnostic.code().as_str(), diagnostic.span().unwrap().start.line))
        .collect();
    assert_eq!(found, [("duplicate_key", 2), ("invalid_value", 2)]);
}
