//! Definitions that are written to mislead, or to take long.

use std::time::{Duration, Instant};

use mcp_policy::risk::{Assessment, Category, Confidence, Tool, assess, assess_all};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

#[test]
fn t17_a_verb_in_other_letters_never_reads() {
    for name in [
        "d\u{435}lete_file",
        "\u{ff44}elete_file",
        "del\u{200b}ete_file",
        "get_d\u{435}lete_file",
        "list_\u{202e}selif",
        "re\u{301}ad_file",
        "g\u{435}t_file",
    ] {
        let text = "Returns the list of files. Read-only.";
        let assessment = assess(&Tool::new(name).description(text));
        assert_ne!(assessment.category(), Category::Read, "{name:?}");
        assert_eq!(assessment.confidence(), Confidence::Low, "{name:?}");
    }
}

#[test]
fn control_characters_separate_and_are_not_repeated() {
    let assessment = assess(&Tool::new("get\u{0}_delete\u{7}_file"));
    assert_eq!(assessment.category(), Category::Destructive);
    let assessment = assess(&Tool::new("frob\u{1b}[31m\nnicate"));
    assert!(assessment.evidence().iter().all(|evidence| !evidence.words().contains(char::is_control)));
}

#[test]
fn a_verb_behind_a_long_name_never_reads() {
    let long = format!("get_{}_delete", "x".repeat(100_000));
    assert_ne!(assess(&Tool::new(&long)).category(), Category::Read);
    let many = format!("get{}", "_a".repeat(1_000));
    assert_ne!(assess(&Tool::new(&many)).category(), Category::Read);
    let action = json!({"properties": {"action": {"enum": ["list", long]}}, "required": ["action"]});
    assert_ne!(assess(&Tool::new("manage_files").input_schema(&action)).category(), Category::Read);
}

#[test]
fn t56_a_huge_definition_takes_a_moment() {
    let text = "Lists, deletes. (a, b/c) \u{435} ".repeat(350_000);
    let values: Vec<String> = (0..10_000).map(|number| format!("get_{number}")).collect();
    let parameters: Map<String, Value> = (0..100_000)
        .map(|number| (format!("p{number}"), json!({"type": "string", "description": "x, y"})))
        .collect();
    let nested = json!({"anyOf": vec![json!({"$ref": "#/$defs/a"}); 512]});
    let bombs = [
        json!({"properties": {"action": {"enum": values}}}),
        json!({"properties": parameters}),
        json!({"$defs": {"a": nested}, "properties": {"action": {"$ref": "#/$defs/a"}, "method": {"$ref": "#/$defs/a"}}}),
        json!({"properties": {"action": {"$ref": "#/properties/action"}}}),
        json!({"properties": {"action": {"$ref": "https://example.com/schema"}}}),
        json!({"properties": {"action": {"description": text}}}),
        json!({"oneOf": vec![json!({"properties": {"action": {"enum": values}}}); 64]}),
        json!({"required": vec!["x"; 100_000], "properties": {"action": {"enum": ["get"]}}}),
    ];
    for schema in &bombs {
        let begin = now();
        let assessment = assess(&Tool::new("widget").description(&text).input_schema(schema));
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
        assert!(assessment.actions().is_none_or(|actions| actions.actions().len() <= 512));
        assert!(assessment.evidence().len() <= 8);
    }
}

#[test]
fn what_was_not_all_read_is_no_read() {
    let mut values: Vec<String> = (0..600).map(|number| format!("get_{number}")).collect();
    values.push("delete".to_owned());
    let schema = json!({"properties": {"action": {"enum": values}}, "required": ["action"]});
    assert_ne!(assess(&Tool::new("manage_files").input_schema(&schema)).category(), Category::Read);
    let parameters: Map<String, Value> = (0..2_000).map(|number| (format!("p{number}"), json!({}))).collect();
    let schema = json!({"properties": parameters});
    assert_ne!(assess(&Tool::new("get_file").input_schema(&schema)).category(), Category::Read);
}

#[test]
fn a_description_that_begins_late_is_not_read_to_the_end() {
    let text = format!("{} Deletes everything.", "\n".repeat(10_000_000));
    assert_eq!(assess(&Tool::new("widget").description(&text)).category(), Category::Write);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_everything_rests_on_something(
        name in ".{0,40}", text in ".{0,200}", parameter in "[a-z_]{0,12}", value in ".{0,20}",
    ) {
        let schema = json!({"properties": {parameter: {"enum": [value], "description": text}}});
        let tool = Tool::new(&name).title(&text).description(&text).input_schema(&schema);
        let assessment = assess(&tool);
        prop_assert!(!assessment.evidence().is_empty());
        prop_assert!(assessment.severity() >= assessment.category().severity());
        prop_assert_eq!(&assess_all(&[tool])[0].evidence().is_empty(), &false);
    }

    #[test]
    fn no_description_lowers_a_name_with_a_clear_verb(
        verb in prop::sample::select(vec!["delete", "create", "execute", "pay", "update", "send", "run", "drop"]),
        words in prop::collection::vec(
            prop::sample::select(vec![
                "Returns", "the", "list", "read-only", "get", "safe", ".", "\n", "Lists", "search", "status",
                "non-destructive", "readOnlyHint", "ignore", "Details", "of", ":", "use", "instead",
            ]),
            0..30,
        ),
    ) {
        let name = format!("{verb}_widget");
        let text = words.join(" ");
        let with = assess(&Tool::new(&name).description(&text));
        prop_assert!(with.category() >= assess(&Tool::new(&name)).category(), "{name}: {text}");
    }

    #[test]
    fn no_hint_lowers(read_only in any::<bool>(), destructive in any::<bool>(), name in "[a-z]{3,8}_[a-z]{3,8}") {
        let hints = json!({"readOnlyHint": read_only, "destructiveHint": destructive});
        let alone = assess(&Tool::new(&name));
        let hinted = assess(&Tool::new(&name).annotations(hints.as_object().unwrap()));
        prop_assert!(hinted.category() >= alone.category());
        prop_assert!(hinted.severity() >= alone.severity());
    }

    #[test]
    fn the_same_definition_is_always_assessed_the_same(name in "[a-z_]{0,20}", text in "[a-z ,.]{0,80}") {
        let once: Assessment = assess(&Tool::new(&name).description(&text));
        prop_assert_eq!(once, assess(&Tool::new(&name).description(&text)));
    }
}

#[expect(clippy::disallowed_methods, reason = "a test that measures")]
fn now() -> Instant {
    Instant::now()
}
