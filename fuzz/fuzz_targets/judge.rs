//! Judging never panics, and a call that the policy does not name is never allowed by it.
//!
//! The input is a policy and the arguments of a call, with a line feed between them.
#![no_main]

use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use mcp_policy::policy::document::{DefaultAction, Mode};
use mcp_policy::{Context, Decision, Evaluator, MemoryStore, Policy, ToolCall, json};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((policy, arguments)) = text.split_once('\n') else { return };
    let Ok(policy) = Policy::from_json(policy) else { return };
    let Ok(arguments) = json::parse(arguments) else { return };
    let context = Context::new().grant("g").session("s").user("u");
    let tools: Vec<String> = policy.document().tools.keys().cloned().collect();
    let closed = policy.document().default == DefaultAction::Deny
        && policy.document().mode == Mode::Enforce
        && policy.document().categories.is_none();
    let evaluator = Evaluator::new(policy, MemoryStore::with_capacity(16));
    for tool in &tools {
        let call = ToolCall::new(tool, &arguments).context(&context);
        let explained = evaluator.explain_at(&call, SystemTime::UNIX_EPOCH);
        let allowed = matches!(evaluator.evaluate_at(&call, SystemTime::UNIX_EPOCH), Decision::Allow(_));
        let stopped = explained.stopped_by.is_some() && explained.enforced;
        assert_eq!(allowed, !stopped, "what is explained is what is decided");
    }
    let unnamed = ToolCall::new("\u{e9}", &arguments).context(&context);
    if closed && !tools.iter().any(|tool| tool == "\u{e9}") {
        assert!(matches!(evaluator.evaluate_at(&unnamed, SystemTime::UNIX_EPOCH), Decision::Deny(_)));
    }
});
