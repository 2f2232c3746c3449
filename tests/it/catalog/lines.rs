//! A catalog as JSON lines.

use mcp_policy::risk::{Category, Classification, Classify, Confidence, RiskCatalog, Severity};
use proptest::prelude::*;
use serde_json::json;

use super::learn;

const FINGERPRINT: &str = "sha256:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

fn lines(catalog: &RiskCatalog) -> Vec<String> {
    catalog.to_lines().collect()
}

fn loaded(lines: &[String]) -> RiskCatalog {
    RiskCatalog::from_lines(lines).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_written_is_sorted_and_reads_back() {
    let catalog = RiskCatalog::new();
    learn(
        &catalog,
        "b",
        &json!([{"name": "list"}, {"name": "a/\u{e9}\u{2028}\"\n"}, {"name": "t"}, {"name": "t"}]),
    );
    learn(&catalog, "", &json!([{"name": "delete_flow"}]));
    catalog.overrule(
        Some("b"),
        "purge_*",
        Classification { category: Category::Read, severity: Severity::High },
    );
    catalog.overrule(None, "x", Category::Financial);
    let written = lines(&catalog);
    let again = loaded(&written);
    assert_eq!(lines(&again), written);
    assert_eq!(again.len(), 4);
    assert_eq!(written[0], r#"{"override":"x","category":"financial","severity":"critical"}"#);
    assert_eq!(written[1], r#"{"override":"purge_*","server":"b","category":"read","severity":"high"}"#);
    assert!(
        written[2].starts_with(r#"{"name":"delete_flow","category":"destructive","severity":"critical","#),
        "{}",
        written[2]
    );
    assert!(written.iter().all(|line| !line.contains('\n')));
    for (server, tool) in
        [("b", "list"), ("b", "a/\u{e9}\u{2028}\"\n"), ("b", "t"), ("", "delete_flow"), ("b", "purge_all")]
    {
        let (before, after) = (catalog.server(server), again.server(server));
        assert_eq!(before.find(tool), after.find(tool), "{server} {tool}");
        assert_eq!((before.classify(tool), before.listed(tool)), (after.classify(tool), after.listed(tool)));
    }
}

#[test]
fn a_member_that_is_left_out_means_what_is_safest() {
    let catalog = RiskCatalog::from_lines([
        r#"{"name": "t", "category": "execute", "evidence": [{"clue": "verb"}]}"#,
        r#"{"server": "s", "name": "t", "category": "read", "severity": "high", "confidence": "medium"}"#,
    ])
    .unwrap();
    let entry = catalog.server("").find("t").unwrap();
    assert_eq!(
        (entry.severity, entry.confidence, entry.fingerprint),
        (Severity::High, Confidence::Low, None)
    );
    let entry = catalog.server("s").find("t").unwrap();
    assert_eq!((entry.severity, entry.confidence), (Severity::High, Confidence::Medium));
    assert_eq!(catalog.server("s").listed("t"), None);
}

#[test]
fn a_line_that_is_wrong_is_told_by_its_number_and_nothing_is_taken_in() {
    let catalog = RiskCatalog::new();
    learn(&catalog, "s", &json!([{"name": "t"}]));
    let good = r#"{"server": "s", "name": "u", "category": "read"}"#;
    for (bad, message) in [
        ("", "unexpected end, expected a value at column 1"),
        ("{", "unexpected end, expected a key in double quotes at column 2"),
        ("[]", "not an object"),
        (r#"{"name": "t"}"#, "missing member `category`"),
        (r#"{"category": "read"}"#, "missing member `name`"),
        (r#"{"name": 5, "category": "read"}"#, "`name` is not a string"),
        (r#"{"name": "t", "category": "reed"}"#, "unknown category `reed`; did you mean `read`?"),
        (
            r#"{"name": "t", "category": "Q"}"#,
            "unknown category `Q`; it is one of `read`, `write`, `execute`, `destructive`, `financial`",
        ),
        (r#"{"name": "t", "category": "read", "severity": null}"#, "`severity` is not a string"),
        (
            r#"{"name": "t", "category": "read", "severity": "hihg"}"#,
            "unknown severity `hihg`; did you mean `high`?",
        ),
        (
            r#"{"name": "t", "category": "read", "confidence": "sure"}"#,
            "unknown confidence `sure`; it is one of `low`, `medium`, `high`",
        ),
        (
            r#"{"name": "t", "category": "read", "fingerprint": "sha256:0f"}"#,
            "`sha256:0f` is not a fingerprint",
        ),
        (
            r#"{"name": "t", "category": "read", "catgory": "read"}"#,
            "unknown member `catgory`; did you mean `category`?",
        ),
        (r#"{"name": "t", "n\u0061me": "t", "category": "read"}"#, "duplicate key `name` at column 15"),
        (r#"{"name": "t", "category": "read", "evidence": "a verb"}"#, "`evidence` is not an array"),
        (r#"{"override": "t", "name": "t", "category": "read"}"#, "`name` never matters beside `override`"),
        (good, "the same tool of the same server stands on an earlier line"),
    ] {
        let error = catalog.load([good, bad]).unwrap_err();
        assert_eq!((error.line(), error.message()), (2, message), "{bad}");
        assert_eq!(error.to_string(), format!("line 2: {message}"));
        assert!(catalog.server("s").listed("t").is_some() && catalog.server("s").find("u").is_none());
    }
    let twice = r#"{"override": "t", "category": "read"}"#;
    let error = catalog.load([twice, good, twice]).unwrap_err();
    assert_eq!(error.to_string(), "line 3: the same override stands on an earlier line");
    assert_ne!(catalog.server("s").classify("t"), Some(Category::Read.into()));
}

#[test]
fn loading_replaces_what_is_known_of_the_servers_that_are_named_and_learning_what_was_loaded() {
    let line = |server: &str, name: &str| {
        format!(
            r#"{{"server": "{server}", "name": "{name}", "category": "read", "fingerprint": "{FINGERPRINT}"}}"#
        )
    };
    let catalog = loaded(&[line("a", "one"), line("b", "one"), line("a", "two")]);
    let knows = |server: &str, tool: &str| catalog.server(server).find(tool).is_some();
    learn(&catalog, "b", &json!([{"name": "three"}]));
    learn(&catalog, "c", &json!([{"name": "three"}]));
    assert_eq!((knows("b", "one"), knows("b", "three"), catalog.len()), (false, true, 4));
    catalog.load([line("b", "four"), line("d", "one")]).unwrap();
    for (server, tool, known) in [
        ("a", "one", true),
        ("a", "two", true),
        ("b", "one", false),
        ("b", "three", false),
        ("b", "four", true),
        ("c", "three", true),
        ("d", "one", true),
    ] {
        assert_eq!(knows(server, tool), known, "{server} {tool}");
    }
    assert_eq!((catalog.len(), lines(&catalog).len()), (5, 5));
    // What a server listed is forgotten, and what was loaded counts again.
    let learned = catalog.learn("a", []);
    assert_eq!(learned.removed().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!((knows("a", "one"), catalog.len(), lines(&catalog).len()), (false, 3, 3));
    catalog.forget("a");
    assert_eq!((knows("a", "one"), catalog.len()), (true, 5));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_catalog_reads_back(
        servers in prop::collection::btree_map(".{0,3}", prop::collection::btree_set(".{0,3}", 0..8), 0..8),
        overrides in prop::collection::btree_set((prop::option::of(".{0,2}"), "[ab*]{0,3}"), 0..5),
    ) {
        let catalog = RiskCatalog::new();
        for (server, names) in &servers {
            let tools: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
            learn(&catalog, server, &json!(tools));
        }
        for (server, pattern) in &overrides {
            catalog.overrule(server.as_deref(), pattern, Category::Execute);
        }
        let written = lines(&catalog);
        prop_assert_eq!(written.len(), catalog.len() + overrides.len());
        prop_assert_eq!(lines(&loaded(&written)), written);
    }
}
