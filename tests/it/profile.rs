//! The pages about tools and servers.

use mcp_policy::profile::{Grade, ServerProfile, ToolProfile};
use mcp_policy::recommend::Recommendation;
use mcp_policy::risk::{Tool, assess_all, listed_tools};

use crate::recommend::{compare, workflows};

#[test]
fn the_pages_are_as_they_were_read_and_approved() {
    let answer = workflows();
    let tools: Vec<Tool<'_>> = listed_tools(&answer).unwrap().collect();
    let assessments = assess_all(&tools);
    for name in ["restart_execution", "manage_executions"] {
        let at = tools.iter().position(|tool| tool.name == name).unwrap();
        let page = ToolProfile::new(&tools[at], &assessments[at], Recommendation::new());
        compare(&format!("tests/fixtures/profiles/{name}.md"), &page.markdown());
    }
    let page = ServerProfile::new("workflows", &tools, Recommendation::new().with_approvals());
    compare("tests/fixtures/profiles/workflows.md", &page.markdown());
}

#[test]
fn a_page_needs_nothing_else_and_lets_nothing_in() {
    let answer = workflows();
    let tools: Vec<Tool<'_>> = listed_tools(&answer).unwrap().collect();
    let page = ServerProfile::new("workflows", &tools, Recommendation::new()).html();
    assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"), "{page}");
    for outside in ["<script", "<link", "<img", "<iframe", "@import", "url(", " style=", " on", "src="] {
        let markup: String =
            page.split('<').skip(1).filter_map(|tag| tag.split_once('>')).map(|(tag, _)| tag).collect();
        let found = if outside.starts_with('<') { page.contains(outside) } else { markup.contains(outside) };
        assert!(!found, "{outside}");
    }
    for wanted in ["prefers-color-scheme: dark", "@media print", "width=device-width", "max-width: 40rem"] {
        assert!(page.contains(wanted), "{wanted}");
    }
}

#[test]
fn a_server_of_nothing_has_a_page() {
    let page = ServerProfile::new("nothing", &[], Recommendation::new());
    assert_eq!((page.score(), page.grade()), (0, Grade::A));
    assert!(page.markdown().contains("It lists no tools."));
    assert!(page.html().ends_with("</html>\n"));
}

#[test]
fn the_riskiest_come_first_whatever_the_order_of_the_list() {
    let answer = workflows();
    let mut tools: Vec<Tool<'_>> = listed_tools(&answer).unwrap().collect();
    let page = ServerProfile::new("workflows", &tools, Recommendation::new());
    tools.reverse();
    assert_eq!(ServerProfile::new("workflows", &tools, Recommendation::new()).markdown(), page.markdown());
    let markdown = page.markdown();
    let place = |words: &str| markdown.find(words).unwrap_or_else(|| panic!("{words}: {markdown}"));
    assert!(place("| `pay_invoice`") < place("| `delete_logs`"));
    assert!(place("| `delete_logs`") < place("| `restart_execution`"));
    assert!(place("## Tools that move money") < place("## Tools that read"));
}

#[test]
fn the_page_of_a_tool_says_of_each_action_what_its_policy_does() {
    let schema = serde_json::json!({"type": "object", "properties": {"action": {"type": "string", "enum": ["list", "update"]}}, "required": ["action"]});
    let annotations = serde_json::json!({"destructiveHint": true});
    let tool = Tool::new("things").input_schema(&schema).annotations(annotations.as_object().unwrap());
    let assessment = mcp_policy::risk::assess(&tool);
    // By its name `update` only writes, but something about the tool destroys.
    let how = Recommendation::new();
    for (how, outcome) in [(how, "denied"), (how.with_approvals(), "asks a person")] {
        let page = ToolProfile::new(&tool, &assessment, how).markdown();
        assert!(page.contains("| `list` | read | allowed |"), "{page}");
        assert!(page.contains(&format!("| `update` | write | {outcome} |")), "{page}");
    }
}
