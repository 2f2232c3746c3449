//! How often the built-in lexicon is right, on tools in our own words.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mcp_policy::risk::{Assessment, Category, Tool, assess, assess_all};
use serde_json::Value;

#[test]
fn of_a_hundred_tools_ninety_six_are_called_what_they_are() {
    let rows = rows();
    assert!(rows.len() > 500);
    let (mut hits, mut strict, mut misses) = (0_usize, 0_usize, Vec::new());
    for (row, assessment) in assessed(&rows) {
        let answer = assessment.category().as_str();
        let acceptable = row["acceptable"].as_array().unwrap();
        hits += usize::from(acceptable.iter().any(|category| category == answer));
        strict += usize::from(row["category"] == answer);
        if !acceptable.iter().any(|category| category == answer) {
            misses.push(format!("{} {}: {answer}", row["server"], row["name"]));
        }
    }
    assert!(hits * 100 >= rows.len() * 96, "{hits} of {}: {misses:#?}", rows.len());
    assert!(strict * 100 >= rows.len() * 92, "{strict} of {}", rows.len());
}

#[test]
fn no_tool_that_destroys_or_moves_money_is_called_read() {
    for (row, assessment) in assessed(&rows()) {
        if matches!(row["category"].as_str(), Some("destructive" | "financial")) {
            assert_ne!(assessment.category(), Category::Read, "{row}: {assessment:?}");
        }
    }
}

#[test]
fn no_name_alone_that_destroys_or_moves_money_is_called_read() {
    for row in rows() {
        if matches!(row["category"].as_str(), Some("destructive" | "financial")) {
            let assessment = assess(&Tool::new(row["name"].as_str().unwrap()));
            assert_ne!(assessment.category(), Category::Read, "{row}: {assessment:?}");
        }
    }
}

#[test]
fn every_assessment_names_what_it_rests_on() {
    for (row, assessment) in assessed(&rows()) {
        let first = assessment.evidence().first().unwrap();
        assert_eq!(first.points_to(), Some(assessment.category()), "{row}: {assessment:?}");
        assert!(!first.words().is_empty());
    }
}

#[expect(clippy::unwrap_used, reason = "a test without its data fails")]
fn rows() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/risk/categories.jsonl");
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Each server's tools are each other's context.
#[expect(clippy::unwrap_used, reason = "a test without its data fails")]
fn assessed(rows: &[Value]) -> Vec<(&Value, Assessment)> {
    let mut servers: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for row in rows {
        servers.entry(row["server"].as_str().unwrap()).or_default().push(row);
    }
    let mut all = Vec::new();
    for rows in servers.values() {
        let tools: Vec<Tool<'_>> = rows.iter().map(|row| Tool::from_definition(row).unwrap()).collect();
        all.extend(rows.iter().copied().zip(assess_all(&tools)));
    }
    all
}
