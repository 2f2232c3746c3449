//! The example `rmcp_server` as a program that runs: a policy in the process of a server.

use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Folder, Program, example};

struct Server {
    program: Program,
    _folder: Folder,
}

fn server(policy: &Value) -> Server {
    let folder = Folder::new();
    let path = folder.write("policy.json", &policy.to_string());
    let mut program = Program::start(Command::new(example("rmcp_server")).args([&path, "ci"]));
    program.ask(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}}));
    program.say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    Server { program, _folder: folder }
}

impl Server {
    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        self.program.ask(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))["result"].take()
    }

    /// The note is there as long as no call got past the gate.
    fn note(&mut self) -> String {
        let read = self.call("read_note", &json!({"title": "a"}));
        read["content"][0]["text"].as_str().unwrap_or_default().to_owned()
    }
}

fn policy() -> Value {
    json!({"version": "1", "default": "allow", "hide": ["delete_*"], "tools": {
        "write_note": {"limits": [{"counter": "written", "window": "day", "max": 1}]}
    }})
}

#[test]
fn calls_pass_at_a_price_and_hidden_tools_neither_are_listed_nor_run() {
    let mut server = server(&policy());
    let list = server.program.ask(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    let names: Vec<_> = list["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["read_note", "write_note"]);
    let note = json!({"title": "a", "text": "kept"});
    assert_eq!(server.call("write_note", &note)["content"][0]["text"], "written");
    let denied = server.call("write_note", &note);
    assert_eq!(denied["isError"], true);
    assert_eq!(denied["_meta"]["io.github.mcp-policy/decision"]["code"], "limit_exceeded");
    let hidden = server.call("delete_notes", &json!({}));
    assert_eq!(hidden["_meta"]["io.github.mcp-policy/decision"]["code"], "hidden");
    assert_eq!(server.note(), "kept");
}

#[test]
fn t15_what_the_sdk_reads_as_no_call_is_no_way_around_the_policy() {
    let mut open = server(&json!({"version": "1", "default": "allow", "methods": ["notes/wipe"]}));
    open.call("write_note", &json!({"title": "a", "text": "kept"}));
    // A method that is named passes to the handler of custom requests, which runs whatever it says.
    let custom =
        json!({"jsonrpc": "2.0", "id": 1, "method": "notes/wipe", "params": {"name": "delete_notes"}});
    open.program.ask(custom);
    assert_eq!(open.note(), "");

    let mut server = server(&policy());
    server.call("write_note", &json!({"title": "a", "text": "kept"}));
    let hostile = [
        r#""method":"tools/call","params":{"name":"read_note","name":"delete_notes"}"#,
        r#""method":"tools/call","params":{"name":"delete_notes","arguments":{},"arguments":{}}"#,
        r#""method":"tools/call","params":{"name":"delete_notes","arguments":[]}"#,
        r#""method":"tools/call","params":{"name":"delete_notes","inputResponses":5}"#,
        r#""method":"tools/call","params":{"name":"delete_notes","requestState":{}}"#,
        r#""method":"TOOLS/CALL","params":{"name":"delete_notes"}"#,
        r#""method":"notes/wipe","params":{"name":"delete_notes"}"#,
    ];
    for line in hostile {
        let answer = server.program.ask(format!(r#"{{"jsonrpc":"2.0","id":1,{line}}}"#));
        assert!(answer["error"].is_object(), "{line}: {answer}");
        assert_eq!(server.note(), "kept", "{line}");
    }
}
