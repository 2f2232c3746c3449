//! Whatever comes over a connection: nothing panics, only the one allowed tool is ever called, what goes out
//! is one line that reads back as itself, and nothing grows without bound.
//!
//! The input is lines; those that begin with `<` come from the server, all others from the client.
#![no_main]

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use mcp_policy::mcp::{Approvals, Elicitation, Gate, Identity, Limits, MAX_PENDING, Message, Retries};
use mcp_policy::{Evaluator, MemoryStore, Policy};
use serde_json::Value;

const POLICY: &str = r#"{"version": "1", "default": "deny", "hide": ["h*"], "methods": ["elicitation/create", "resources/read"],
    "tools": {"ok": {"limits": [{"counter": "c", "window": "day", "max": 1000}]}, "ask": {"action": "require_approval"}}}"#;

fuzz_target!(|bytes: &[u8]| {
    static POLICY_READ: OnceLock<Policy> = OnceLock::new();
    let policy = POLICY_READ.get_or_init(|| POLICY.parse().expect("the policy is right"));
    let elicitation = Elicitation::new([1; 32], "n", Duration::from_secs(60));
    let gate = Gate::builder(Evaluator::new(policy.clone(), MemoryStore::with_capacity(64)))
        .approvals(Approvals::Elicit(elicitation))
        .retries(Retries::ChargeOnce)
        .on_tools(|_| {})
        .build();
    let mut session = gate.session(Identity::new().grant("g").session("s"));
    let mut asked_and_answered = false;
    for line in bytes.split(|byte| *byte == b'\n') {
        let (from_server, line) = match line.strip_prefix(b"<") {
            Some(line) => (true, line),
            None => (false, line),
        };
        let actions = if from_server {
            session.from_server(line, SystemTime::UNIX_EPOCH)
        } else {
            asked_and_answered |= line.windows(6).any(|window| window == b"accept") || line.contains(&b'\\');
            session.from_client(line, SystemTime::UNIX_EPOCH)
        };
        for message in actions.to_client.iter().chain(&actions.to_server) {
            let written = message.to_line();
            assert!(!written.contains(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}'));
            let limits = Limits { bytes: usize::MAX, values: usize::MAX, ..Limits::SERVER };
            let again = Message::read(written.as_bytes(), &limits).expect("what was written is read");
            assert_eq!(again.to_line(), written);
        }
        for message in &actions.to_server {
            let method = message.method().unwrap_or_default();
            let letters: String = method.chars().filter(char::is_ascii_alphabetic).collect();
            if letters.eq_ignore_ascii_case("toolscall") {
                let tool = message.params().and_then(|params| params.get("name")).and_then(Value::as_str);
                assert!(tool == Some("ok") || (tool == Some("ask") && asked_and_answered), "{tool:?} is called");
            }
        }
        assert!(session.pending() <= MAX_PENDING);
    }
});
