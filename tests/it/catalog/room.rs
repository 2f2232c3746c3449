//! How much memory a catalog takes, and how much a server can make it take.

use std::fmt::Write as _;

use mcp_policy::risk::{Category, Classify, MAX_NAMES_BYTES, MAX_TOOLS, RiskCatalog, Tool};
use mcp_policy::{Policy, ToolCall, Verdict};
use serde_json::{Value, json};

use super::{NOW, learn};

/// A catalog after what is made once for all of them, the words that tools are classed by.
fn warm() -> RiskCatalog {
    let catalog = RiskCatalog::new();
    learn(&catalog, "", &json!([{"name": "list_things"}]));
    catalog.forget("");
    catalog
}

/// The lines of a catalog with as many tools of as many servers, each with a fingerprint, and the bytes of their names.
fn ecosystem(servers: usize, tools: usize) -> (Vec<String>, usize) {
    let mut names = 0_usize;
    let mut lines = Vec::new();
    for server in 0..servers {
        let server = format!("vendor-{server}/server");
        names += server.len();
        for tool in 0..tools {
            let name = format!("list_things_of_kind_{tool}_in_{}", server.len());
            names += name.len();
            let mut fingerprint = "sha256:".to_owned();
            (0..32_u8).for_each(|byte| write!(fingerprint, "{byte:02x}").unwrap());
            let line = json!({"server": server, "name": name, "category": "read", "confidence": "high", "fingerprint": fingerprint});
            lines.push(line.to_string());
        }
    }
    (lines, names)
}

#[test]
fn an_entry_takes_at_most_a_hundred_bytes_beyond_its_names() {
    for (servers, tools) in [(10_000, 1), (500, 20), (5, 2_000), (1, 10_000)] {
        let (lines, names) = ecosystem(servers, tools);
        let mut catalog = None;
        let measured =
            allocation_counter::measure(|| catalog = Some(RiskCatalog::from_lines(&lines).unwrap()));
        let entries = catalog.map(|catalog| catalog.len()).unwrap();
        assert_eq!(entries, servers * tools);
        let beyond = usize::try_from(measured.bytes_current).unwrap().saturating_sub(names);
        assert!(
            beyond / entries <= 100,
            "{servers} servers with {tools} tools: {} bytes an entry",
            beyond / entries
        );
    }
}

#[test]
fn what_a_server_lists_takes_no_more_than_what_is_loaded() {
    let catalog = warm();
    let tools: Vec<Value> = (0..20)
        .map(|tool| json!({"name": format!("get_thing_{tool}"), "description": "x".repeat(1_000)}))
        .collect();
    let names: usize = tools.iter().map(|tool| tool["name"].as_str().unwrap().len() + 6).sum();
    let tools = json!(tools);
    let measured = allocation_counter::measure(|| {
        for server in 0..100 {
            learn(&catalog, &format!("server-{server}"), &tools);
        }
    });
    let beyond = usize::try_from(measured.bytes_current).unwrap().saturating_sub(names * 100);
    assert!(beyond / catalog.len() <= 100, "{} bytes an entry", beyond / catalog.len());
}

#[test]
fn t31_a_server_that_lists_without_end_is_remembered_up_to_a_bound() {
    let catalog = warm();
    let definitions: Vec<Value> =
        (0..MAX_TOOLS + 50).map(|tool| json!({"name": format!("delete_{tool}"), "title": "T"})).collect();
    let listed = || definitions.iter().map(|definition| Tool::from_definition(definition).unwrap());
    let learned = catalog.learn("s", listed());
    assert_eq!((catalog.len(), learned.omitted()), (MAX_TOOLS, 50));
    // Beyond it no pin is kept, and the category is that of the name.
    let server = catalog.server("s");
    let beyond = format!("delete_{MAX_TOOLS}");
    assert_eq!((server.listed(&beyond), server.listed("delete_0").is_some()), (None, true));
    assert_eq!(server.classify(&beyond).map(|known| known.category), Some(Category::Destructive));
    // A second definition beyond it is still seen.
    let again = json!({"name": "delete_0", "title": "another"});
    catalog.learn("s", listed().chain([Tool::from_definition(&again).unwrap()]));
    assert_eq!(server.listed("delete_0"), None);
    // Nor can a server hide one among others that it repeats without end.
    let harmless = json!({"name": "search"});
    let many = std::iter::repeat_n(&harmless, MAX_TOOLS + 1).chain([&harmless]);
    catalog.learn("t", many.map(|tool| Tool::from_definition(tool).unwrap()));
    let searched = catalog.server("t").find("search").unwrap();
    assert_eq!((searched.category, searched.fingerprint), (Category::Financial, None));
    catalog.forget("t");
    // To list for ever takes no more than to list once.
    let measured = allocation_counter::measure(|| {
        for _ in 0..3 {
            catalog.learn("s", listed());
        }
    });
    assert!(measured.bytes_current < 1_024, "{measured:?}");
}

#[test]
fn t31_long_names_are_bounded_together() {
    let catalog = warm();
    let long: Vec<Value> =
        (0..40).map(|tool| json!({"name": format!("{tool}{}", "x".repeat(MAX_NAMES_BYTES / 20))})).collect();
    let measured = allocation_counter::measure(|| {
        let learned = catalog.learn("s", long.iter().map(|tool| Tool::from_definition(tool).unwrap()));
        assert!(learned.omitted() > 20, "{}", learned.omitted());
    });
    assert!(measured.bytes_current < i64::try_from(MAX_NAMES_BYTES).unwrap() + 10_000, "{measured:?}");
}

#[test]
fn an_allow_without_a_price_allocates_nothing_with_a_catalog_and_a_pin() {
    let catalog = warm();
    learn(&catalog, "s", &json!([{"name": "list_flows", "description": "Lists flows."}]));
    catalog.overrule(None, "purge_*", Category::Destructive);
    let server = catalog.server("s");
    let document = json!({
        "version": "1", "default": "deny", "categories": {"read": {"require": [{"conditions": [
            {"path": "tool.severity", "op": "eq", "value": "low"}
        ]}]}},
        "pins": {"list_flows": server.listed("list_flows")}
    });
    let policy = Policy::from_json(&document.to_string()).unwrap();
    let call = ToolCall::new("list_flows", None::<&Value>);
    let mut verdict = None;
    let allocations = allocation_counter::measure(|| verdict = Some(policy.judge_with(&call, &server, NOW)));
    assert!(matches!(verdict, Some(Verdict::Allow)), "{verdict:?}");
    assert_eq!(allocations.count_total, 0);
}
