//! The example `stdio_gate` as a program that runs, in front of a server that reads as carelessly as any.

mod hostile;

use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Folder, Program, example};

/// A gate in front of the server, and the files of both.
struct Gated {
    folder: Folder,
    gate: Program,
}

impl Gated {
    fn new(policy: &Value) -> Self {
        Self::with(policy, &[])
    }

    fn with(policy: &Value, options: &[&str]) -> Self {
        let folder = Folder::new();
        let policy = folder.write("policy.json", &policy.to_string());
        let mut command = Command::new(example("stdio_gate"));
        command.args([&policy, "--grant", "ci", "--audit", &folder.path("audit")]).args(options);
        command.arg("--").arg(example("lenient_server")).arg(folder.path("executed"));
        Self { gate: Program::start(&mut command), folder }
    }

    /// What the server did, in order.
    fn executed(&self) -> Vec<String> {
        self.folder.read("executed").lines().map(str::to_owned).collect()
    }

    fn audit(&self) -> Vec<Value> {
        self.folder.read("audit").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn open() -> Value {
    json!({"version": "1", "default": "allow", "hide": ["secret"]})
}

fn call(id: u64, tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": {"n": 7_777}}})
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_default()
}

#[test]
fn traffic_passes_as_it_is_hidden_tools_aside_and_the_end_is_the_servers() {
    let mut gated = Gated::new(&open());
    let gate = &mut gated.gate;
    gate.wait_for_error("lenient_server is up");
    let hello = gate.ask(json!({"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}}));
    assert_eq!(hello["id"], "a");
    assert_eq!(hello["result"]["serverInfo"]["name"], "lenient");
    gate.say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let list = gate.ask(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}));
    let tools = list["result"]["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["read", "write", "ask", "babble", "exit", "large", "silent"]);
    assert!(tools.iter().all(|tool| tool["x-vendor"] == 1));
    let done = gate.ask(call(3, "read"));
    assert_eq!((&done["id"], text(&done)), (&json!(3), "did read"));
    assert_eq!(text(&gate.ask(call(4, "large"))).len(), 1 << 20);
    gate.finish();
    assert_eq!(gate.wait().code(), Some(0));
    assert_eq!(gate.next(), None);
    assert_eq!(gated.executed(), ["read", "large"]);
}

#[test]
fn t52_what_is_denied_does_not_reach_the_server_and_is_recorded_without_a_value() {
    let policy = json!({"version": "1", "default": "deny", "hide": ["secret"], "tools": {
        "read": {"rate_limit": "1/day"}, "write": {"action": "deny", "reason": "Not today."}
    }});
    let folder = Folder::new();
    let key = folder.write("key", "0123456789abcdef0123456789abcdef\n");
    let mut gated = Gated::with(&policy, &["--audit-key", &key]);
    let answers: Vec<_> = (1..)
        .zip(["read", "read", "write", "secret", "x\n\u{1b}"])
        .map(|(id, tool)| gated.gate.ask(call(id, tool)))
        .collect();
    assert_eq!(text(&answers[0]), "did read");
    for (answer, code) in
        answers.iter().skip(1).zip(["limit_exceeded", "action_deny", "hidden", "malformed_call"])
    {
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        assert!(text(answer).starts_with("[POLICY DENIED] "), "{answer}");
        assert_eq!(answer["result"]["_meta"]["io.github.mcp-policy/decision"]["code"], code);
    }
    assert_eq!(gated.executed(), ["read"]);

    let audit = gated.folder.read("audit");
    assert!(!audit.contains("7777"), "{audit}");
    let records = gated.audit();
    let decisions: Vec<_> = records.iter().map(|record| record["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["allow", "deny", "deny", "deny", "deny"]);
    assert_eq!(records[4]["tool"], "x\n\u{1b}");
    for record in &records {
        assert_eq!((&record["grant"], &record["arguments"]), (&json!("ci"), &json!(["n"])));
        assert_eq!(record["arguments_hmac"].as_str().map(str::len), Some(64));
        assert!(record["policy"].as_str().unwrap().starts_with("sha256:"));
        assert!(record["session"].is_string());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_call_that_cannot_be_recorded_is_not_sent() {
    let folder = Folder::new();
    let policy = folder.write("policy.json", &open().to_string());
    let mut command = Command::new(example("stdio_gate"));
    command
        .args([&policy, "--audit", "/dev/full", "--"])
        .arg(example("lenient_server"))
        .arg(folder.path("executed"));
    let mut gate = Program::start(&mut command);
    assert!(gate.ask(call(1, "read"))["error"].is_object());
    gate.wait_for_error("the audit trail cannot be written");
    assert_eq!(gate.ask(json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}))["result"], json!({}));
    assert_eq!(folder.read("executed"), "");
}

#[test]
fn a_policy_that_is_right_is_put_in_force_while_it_runs_and_one_that_is_wrong_is_not() {
    let mut gated = Gated::new(&open());
    assert_eq!(text(&gated.gate.ask(call(1, "read"))), "did read");
    let deny = json!({"version": "1", "default": "allow", "tools": {"read": {"action": "deny"}}});
    gated.folder.write("policy.json", &deny.to_string());
    gated.gate.wait_for_error("is in force");
    assert!(text(&gated.gate.ask(call(2, "read"))).starts_with("[POLICY DENIED]"));
    let wrong = json!({"version": "1", "default": "allow", "tols": {}}).to_string();
    gated.folder.write("policy.json", &wrong);
    gated.gate.wait_for_error("the policy was not replaced");
    gated.gate.wait_for_error("did you mean `tools`?");
    assert!(text(&gated.gate.ask(call(3, "read"))).starts_with("[POLICY DENIED]"));
    gated.folder.write("policy.json", &open().to_string());
    gated.gate.wait_for_error("is in force");
    assert_eq!(text(&gated.gate.ask(call(4, "read"))), "did read");
}

#[test]
fn a_server_that_ends_leaves_nobody_waiting_and_its_status_is_the_gates() {
    let mut gated = Gated::new(&open());
    gated.gate.say(call(1, "silent"));
    gated.gate.say(call(2, "exit"));
    let answers = [gated.gate.next().unwrap(), gated.gate.next().unwrap()];
    assert_eq!(answers.each_ref().map(|answer| answer["id"].as_u64().unwrap()), [1, 2]);
    assert!(answers.iter().all(|answer| answer["error"]["code"] == 5040), "{answers:?}");
    // Its input is still open, and it ends all the same.
    assert_eq!(gated.gate.wait().code(), Some(7));
}

#[test]
fn a_server_that_is_not_there_is_said_and_so_is_a_policy_that_is_wrong() {
    let folder = Folder::new();
    let policy = folder.write("policy.json", &open().to_string());
    let wrong = folder.write("wrong.json", "{}");
    for (policy, text) in [(&policy, "cannot be started"), (&wrong, "missing_member")] {
        let mut command = Command::new(example("stdio_gate"));
        let mut gate = Program::start(command.args([policy, "--", "/does/not/exist"]));
        gate.wait_for_error(text);
        assert_eq!(gate.wait().code(), Some(2));
    }
}

#[cfg(unix)]
#[test]
fn a_signal_goes_to_the_server_and_its_end_is_the_gates() {
    let mut gated = Gated::new(&open());
    gated.gate.wait_for_error("lenient_server is up");
    let id = i32::try_from(gated.gate.id()).unwrap();
    let gate = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(gate, rustix::process::Signal::TERM).unwrap();
    assert_eq!(gated.gate.wait().code(), Some(128 + 15));
}

#[test]
fn what_a_server_says_that_is_no_message_or_not_asked_for_does_not_reach_the_client() {
    let mut gated = Gated::new(&open());
    assert_eq!(text(&gated.gate.ask(call(1, "babble"))), "did babble");
    gated.gate.wait_for_error("refused, from the server");
    assert_eq!(text(&gated.gate.ask(call(2, "ask"))), "did ask");
}

#[test]
fn thousands_of_calls_at_once_do_not_block_each_other() {
    // Both pipes are full many times over, and the server is answered in between.
    let tools = (0..920).map(|id| match id {
        0..20 => "large",
        id if id % 3 == 0 => "ask",
        _ => "read",
    });
    let lines: Vec<_> = (0..).zip(tools).map(|(id, tool)| call(id, tool).to_string()).collect();
    let mut gated = Gated::new(&open());
    gated.gate.say(lines.join("\n"));
    let mut seen: Vec<_> = lines.iter().map(|_| gated.gate.next().unwrap()["id"].as_u64().unwrap()).collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..920));
}
