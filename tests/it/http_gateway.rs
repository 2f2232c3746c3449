//! The example `http_gateway` as a program that runs, in front of a server on the loopback.

mod client;
mod server;

use std::process::Command;

use mcp_policy::Fingerprint;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::client::{Answer, Client};
use self::server::Server;
use crate::program::{Folder, Program, example};

/// A gateway in front of a server, and clients of it.
struct Gateway {
    folder: Folder,
    program: Program,
    server: Server,
    ann: Client,
    bob: Client,
}

const ANN: &str = "token-of-ann";
const BOB: &str = "token-of-bob";

impl Gateway {
    fn new(policy: &Value) -> Self {
        let folder = Folder::new();
        let server = Server::start();
        let policy = folder.write("policy.json", &policy.to_string());
        let grants = folder.write("grants.json", &grants(&[(ANN, "ann"), (BOB, "bob")]));
        let token = folder.write("token", "token-of-the-gateway\n");
        let mut command = Command::new(example("http_gateway"));
        command.args([&policy, "--upstream", &server.url(), "--upstream-token", &token, "--grants", &grants]);
        command.args(["--listen", "127.0.0.1:0", "--origin", "https://app.example", "--timeout", "1"]);
        command.args(["--audit", &folder.path("audit")]).env("NO_PROXY", "127.0.0.1");
        let program = Program::start(&mut command);
        let line = program.wait_for_error("listening on");
        let address = line.trim_start_matches("listening on http://").trim_end_matches("/mcp").to_owned();
        let (ann, bob) = (Client::new(&address, ANN), Client::new(&address, BOB));
        Self { folder, program, server, ann, bob }
    }
}

fn grants(callers: &[(&str, &str)]) -> String {
    let grants: Vec<_> = callers
        .iter()
        .map(|(token, name)| {
            let digest = Fingerprint::from_bytes(Sha256::digest(token).into()).to_string();
            let digest = digest.trim_start_matches("sha256:");
            json!({"token_sha256": digest, "grant": name})
        })
        .collect();
    json!({"grants": grants}).to_string()
}

fn open() -> Value {
    json!({"version": "1", "default": "allow", "hide": ["secret"]})
}

fn call(tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": "c", "method": "tools/call", "params": {"name": tool, "arguments": {"n": 7_777}}})
}

fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}})
}

fn text(answer: &Answer) -> String {
    answer.json()["result"]["content"][0]["text"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn t66_traffic_passes_and_of_the_client_nothing_but_what_was_judged() {
    let gateway = Gateway::new(&open());
    let hello = gateway.ann.post(&initialize());
    assert_eq!(hello.json()["result"]["serverInfo"]["name"], "loopback");
    let session = hello.header("mcp-session-id").unwrap();
    assert_ne!(session, "of-the-server");
    let ann = gateway.ann.with("mcp-session-id", &session).with("mcp-protocol-version", "2025-11-25");
    let ready = ann.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    assert_eq!((ready.status, ready.body.as_str()), (202, ""));
    let list = ann.post(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).json();
    let tools = list["result"]["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["read", "stream"]);
    let read = ann.with("cookie", "c=1").with("x-forwarded-user", "admin").post(&call("read"));
    assert_eq!((text(&read).as_str(), &read.json()["id"]), ("did read", &json!("c")));
    assert!(text(&ann.post(&call("secret"))).starts_with("[POLICY DENIED]"));
    assert_eq!(gateway.server.executed(), ["read"]);

    let seen = gateway.server.last_headers();
    assert_eq!(seen["authorization"], "Bearer token-of-the-gateway");
    assert_eq!(seen["mcp-session-id"], "of-the-server");
    assert_eq!(seen["mcp-protocol-version"], "2025-11-25");
    assert!(!seen.contains_key("cookie") && !seen.contains_key("x-forwarded-user"));

    let audit = gateway.folder.read("audit");
    assert!(!audit.contains("7777") && !audit.contains("token-of"), "{audit}");
    let records: Vec<Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&records[0]["decision"], &records[0]["grant"]), (&json!("allow"), &json!("ann")));
    assert_eq!(records[0]["session"], session.as_str());
    assert_eq!((&records[1]["decision"], &records[1]["code"]), (&json!("deny"), &json!("hidden")));
}

#[test]
fn t63_events_pass_and_what_the_server_may_not_ask_is_refused() {
    let gateway = Gateway::new(&open());
    let session = gateway.ann.post(&initialize()).header("mcp-session-id").unwrap();
    let ann = gateway.ann.with("mcp-session-id", &session);
    let answer = ann.post(&call("stream"));
    assert_eq!(answer.header("content-type").as_deref(), Some("text/event-stream"));
    let events = answer.events();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0]["method"], "notifications/progress");
    assert_eq!(
        (&events[1]["id"], &events[1]["result"]["content"][0]["text"]),
        (&json!("c"), &json!("did stream"))
    );
    let refused = gateway.server.wait_for(|body| body["id"] == "question");
    assert_eq!(refused["error"]["code"], -32601);

    let unasked = ann.listen_until("list_changed");
    assert!(
        unasked.contains("id: 17\n") && unasked.contains("notifications/tools/list_changed"),
        "{unasked}"
    );
    assert!(!unasked.contains("sampling"), "{unasked}");
}

#[test]
fn who_shows_no_token_or_comes_by_a_strange_name_or_page_is_not_let_in() {
    let gateway = Gateway::new(&open());
    let status = |client: &Client| client.post(&call("read")).status;
    assert_eq!(status(&gateway.ann), 200);
    assert_eq!(status(&gateway.ann.without("authorization")), 401);
    assert_eq!(
        status(&gateway.ann.without("authorization").with("authorization", "Bearer token-of-an")),
        401
    );
    assert_eq!(
        status(&gateway.ann.without("authorization").with("authorization", "Basic token-of-ann")),
        401
    );
    assert_eq!(status(&gateway.ann.with("authorization", "Bearer token-of-bob")), 401);
    assert_eq!(status(&gateway.ann.without("host").with("host", "evil.example")), 403);
    assert_eq!(status(&gateway.ann.without("host")), 403);
    assert_eq!(status(&gateway.ann.without("host").with("host", "LOCALHOST:1")), 200);
    assert_eq!(status(&gateway.ann.with("origin", "https://evil.example")), 403);
    assert_eq!(status(&gateway.ann.with("origin", "null")), 403);
    assert_eq!(status(&gateway.ann.with("origin", "https://app.example")), 200);
    assert_eq!(gateway.server.executed().len(), 3);
    assert_eq!(gateway.ann.without("authorization").send("GET", "/healthz", "").status, 200);
    assert_eq!(gateway.ann.send("PUT", "/mcp", "").status, 405);
    assert_eq!(gateway.ann.send("POST", "/", "").status, 404);
}

#[test]
fn t12_t13_other_types_and_encodings_are_refused() {
    let gateway = Gateway::new(&open());
    let status = |name, value| gateway.ann.without(name).with(name, value).post(&call("secret")).status;
    for kind in [
        "text/json",
        "text/plain",
        "application/jsonl",
        "application/json; charset=utf-16",
        "application/json, text/plain",
    ] {
        assert_eq!(status("content-type", kind), 415, "{kind}");
    }
    assert_eq!(gateway.ann.without("content-type").post(&call("read")).status, 415);
    for encoding in ["gzip", "br", "identity,gzip", "deflate", "x"] {
        assert_eq!(status("content-encoding", encoding), 415, "{encoding}");
    }
    assert_eq!(status("accept", "application/json"), 406);
    // What is taken is judged.
    for kind in ["Application/JSON", "application/json;charset=utf-8", "application/json; charset=\"UTF-8\""]
    {
        let answer = gateway.ann.without("content-type").with("content-type", kind).post(&call("secret"));
        assert!(text(&answer).starts_with("[POLICY DENIED]"), "{kind}");
    }
    assert_eq!(gateway.server.executed(), [""; 0]);
}

#[test]
fn t14_headers_that_differ_from_the_body_are_refused_and_never_count_for_it() {
    let gateway = Gateway::new(&open());
    let modern = |name: &str| {
        let mut call = call(name);
        call["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28"});
        call
    };
    let client = gateway.ann.with("mcp-protocol-version", "2026-07-28").with("mcp-method", "tools/call");
    for (client, code) in [
        (client.clone(), -32020),
        (client.with("mcp-name", "read").with("mcp-name", "read"), -32020),
        (client.with("mcp-name", "secret"), -32020),
        (client.with("mcp-name", "=?base64?c2VjcmV0?="), -32020),
    ] {
        let answer = client.post(&modern("read"));
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!(code)));
    }
    assert_eq!(gateway.server.executed(), [""; 0]);
    let answer = client.with("mcp-name", "=?base64?cmVhZA==?=").post(&modern("read"));
    assert_eq!(text(&answer), "did read");
    assert_eq!(gateway.server.last_headers()["mcp-name"], "read");
    assert!(text(&client.with("mcp-name", "secret").post(&modern("secret"))).starts_with("[POLICY DENIED]"));
    // In an older revision there is no such header.
    let old = gateway.ann.with("mcp-protocol-version", "2025-06-18").with("mcp-name", "read");
    assert!(text(&old.post(&call("secret"))).starts_with("[POLICY DENIED]"));
}

#[test]
fn t01_to_t16_bodies_that_get_past_gates_are_refused() {
    let gateway = Gateway::new(&open());
    let secret = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"secret"}}"#;
    let table: Vec<(String, i64)> = vec![
        (secret.replace(r#""name""#, r#""name":"read","n\u0061me""#), -32700),
        (secret.replace(r#""method""#, r#""METHOD":"ping","method""#), -32600),
        (secret.replace(r#""name""#, r#""Name":"read","name""#), -32602),
        (secret.replace("}}", "},\"result\":{}}"), -32600),
        (format!("[{secret}]"), -32600),
        ("null".to_owned(), -32600),
        (String::new(), -32700),
        (secret.replace(r#""id":1"#, r#""id":1.5"#), -32600),
        (secret.replace(r#""id":1,"#, ""), -32600),
        (secret.replace("}}", ",\"arguments\":{\"a\":NaN}}}"), -32700),
        (format!("\u{feff}{secret}"), -32700),
        (format!("{secret}{secret}"), -32700),
        (format!("{secret}\r{secret}"), -32700),
        (secret.replace("}}", ",\"arguments\":[]}}"), -32602),
        (secret.replace("}}", ",\"inputResponses\":5}}"), -32602),
        (secret.replace("tools/call", "TOOLS/CALL"), -32601),
        (secret.replace("tools/call", "resources/read").replace("name", "uri"), -32601),
    ];
    for (body, code) in table {
        let answer = gateway.ann.send("POST", "/mcp", &body);
        assert_eq!(answer.json()["error"]["code"], code, "{body}");
        assert!(answer.status == 400 || code == -32601, "{body}");
    }
    let large = secret.replace("}}", &format!(",\"x\":\"{}\"}}}}", "x".repeat(5 << 20)));
    assert_eq!(gateway.ann.send("POST", "/mcp", &large).status, 413);
    assert_eq!(gateway.server.executed(), [""; 0]);
}

#[test]
fn a_session_is_its_callers_alone_and_ends() {
    let gateway = Gateway::new(&open());
    let session = gateway.ann.post(&initialize()).header("mcp-session-id").unwrap();
    let (ann, bob) =
        (gateway.ann.with("mcp-session-id", &session), gateway.bob.with("mcp-session-id", &session));
    assert_eq!(bob.post(&call("read")).status, 404);
    assert_eq!(bob.send("DELETE", "/mcp", "").status, 404);
    assert_eq!(bob.with("accept", "text/event-stream").send("GET", "/mcp", "").status, 404);
    assert_eq!(gateway.ann.with("mcp-session-id", "of-the-server").post(&call("read")).status, 404);
    assert_eq!(text(&ann.post(&call("read"))), "did read");
    assert_eq!(ann.send("DELETE", "/mcp", "").status, 204);
    assert_eq!(ann.post(&call("read")).status, 404);
    assert_eq!(gateway.ann.send("GET", "/mcp", "").status, 405);
}

#[test]
fn t66_two_callers_have_counters_of_their_own() {
    let gateway = Gateway::new(&json!({"version": "1", "default": "deny", "tools": {"read": {
        "rate_limit": "1/day", "limits": [{"counter": "reads", "window": "day", "max": 2}]
    }}}));
    // Without a session, calls of one token count together, and not with those of others.
    for client in [&gateway.ann, &gateway.bob] {
        assert_eq!(text(&client.post(&call("read"))), "did read");
        assert!(text(&client.post(&call("read"))).starts_with("[POLICY DENIED]"));
    }
    assert_eq!(gateway.server.executed().len(), 2);
}

#[test]
fn policy_and_grants_are_replaced_while_it_runs() {
    let gateway = Gateway::new(&open());
    assert_eq!(text(&gateway.ann.post(&call("read"))), "did read");
    gateway.folder.write("policy.json", r#"{"version": "1", "default": "deny"}"#);
    gateway.program.wait_for_error("is in force");
    assert!(text(&gateway.ann.post(&call("read"))).starts_with("[POLICY DENIED]"));
    gateway.folder.write("policy.json", r#"{"version": "1", "default": "alow"}"#);
    gateway.program.wait_for_error("the policy was not replaced");
    assert!(text(&gateway.ann.post(&call("read"))).starts_with("[POLICY DENIED]"));
    gateway.folder.write("grants.json", &grants(&[(BOB, "bob")]));
    gateway.program.wait_for_error("the grants are in force");
    assert_eq!(gateway.ann.post(&call("read")).status, 401);
    assert_eq!(gateway.bob.post(&call("read")).status, 200);
    gateway.folder.write("grants.json", r#"{"grants": [{"token": "x"}]}"#);
    gateway.program.wait_for_error("the grants were not replaced");
    assert_eq!(gateway.bob.post(&call("read")).status, 200);
}

#[test]
fn a_server_that_is_slow_or_gone_leaves_nobody_waiting() {
    let mut gateway = Gateway::new(&open());
    let session = gateway.ann.post(&initialize()).header("mcp-session-id").unwrap();
    let ann = gateway.ann.with("mcp-session-id", &session);
    for tool in ["slow", "broken", "cut"] {
        let answer = ann.post(&call(tool));
        let answer = if answer.body.starts_with("data:") { answer.events().remove(0) } else { answer.json() };
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("c"), &json!(5040)), "{tool}");
    }
    gateway.server.stop();
    assert_eq!(gateway.ann.post(&call("read")).json()["error"]["code"], 5040);
}

#[test]
fn t65_a_client_that_goes_away_leaves_nothing_under_way() {
    let gateway = Gateway::new(&open());
    let session = gateway.ann.post(&initialize()).header("mcp-session-id").unwrap();
    let ann = gateway.ann.with("mcp-session-id", &session);
    let client = ann.begin(&call("slow"));
    gateway.server.wait_for(|body| body["params"]["name"] == "slow");
    drop(client);
    // Its call is the session's until the time is over, and the server is told that nobody waits for it.
    assert_eq!(ann.post(&call("read")).json()["error"]["code"], -32600);
    gateway.server.wait_for(|body| body["method"] == "notifications/cancelled");
    assert_eq!(text(&ann.post(&call("read"))), "did read");
}
