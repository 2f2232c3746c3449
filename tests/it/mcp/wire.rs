//! A session with a client and a server at its ends, both played by the test.

use std::time::{Duration, SystemTime};

use mcp_policy::mcp::{Actions, Event, Gate, GateBuilder, Identity, Session};
use mcp_policy::{Context, Evaluator, MemoryStore, Policy, ToolCall};
use serde_json::{Value, json};

pub(crate) const NOW: SystemTime = SystemTime::UNIX_EPOCH;

pub(crate) fn later(seconds: u64) -> SystemTime {
    NOW + Duration::from_secs(seconds)
}

/// Ten calls of `work` a day for each grant; `read` is free, `wipe` is hidden, `pay` needs approval.
pub(crate) fn policy() -> Value {
    let limits = json!([{"counter": "work", "window": "day", "max": 10, "refund": "failed"}]);
    json!({
        "version": "1", "default": "deny", "hide": ["wipe*"],
        "tools": {
            "read": {}, "work": {"limits": limits},
            "pay": {"action": "require_approval", "reason": "Money needs a yes.", "limits": limits}
        }
    })
}

pub(crate) fn builder(policy: &Value) -> GateBuilder<MemoryStore> {
    let policy = Policy::from_json(&policy.to_string()).unwrap();
    Gate::builder(Evaluator::new(policy, MemoryStore::new()))
}

pub(crate) struct Wire {
    pub(crate) session: Session<MemoryStore>,
    pub(crate) now: SystemTime,
}

/// What one message led to.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) to_client: Vec<Value>,
    pub(crate) to_server: Vec<Value>,
    pub(crate) events: Vec<Event>,
}

impl Wire {
    pub(crate) fn new(policy: &Value) -> Self {
        Self::of(&builder(policy).build(), "g")
    }

    pub(crate) fn of(gate: &Gate<MemoryStore>, grant: &str) -> Self {
        Self { session: gate.session(Identity::new().grant(grant)), now: NOW }
    }

    pub(crate) fn client(&mut self, message: &Value) -> Sent {
        let actions = self.session.from_client(message.to_string().as_bytes(), self.now);
        sent(actions)
    }

    pub(crate) fn server(&mut self, message: &Value) -> Sent {
        let actions = self.session.from_server(message.to_string().as_bytes(), self.now);
        sent(actions)
    }

    /// A call, as the server sees it; none if it does not get there.
    pub(crate) fn call(&mut self, id: impl Into<Value>, tool: &str, arguments: &Value) -> Sent {
        self.client(&call(id, tool, arguments))
    }

    /// A request that passes, by the identifier that the server knows.
    #[track_caller]
    pub(crate) fn passes(&mut self, message: &Value) -> Value {
        self.client(message).forwarded()["id"].clone()
    }

    /// How many calls of `work` the grant has been charged.
    pub(crate) fn used(&self) -> u64 {
        used(self.session.gate(), self.session.identity().value("grant").unwrap(), self.now)
    }
}

pub(crate) fn used(gate: &Gate<MemoryStore>, grant: &str, now: SystemTime) -> u64 {
    let context = Context::new().grant(grant);
    let call = ToolCall::new("work", None::<&Value>).context(&context);
    let explanation = gate.evaluator().explain_at(&call, now);
    let used = explanation.limits[0].used.unwrap().to_string();
    used.parse().unwrap()
}

pub(crate) fn call(id: impl Into<Value>, tool: &str, arguments: &Value) -> Value {
    request(id, "tools/call", &json!({"name": tool, "arguments": arguments}))
}

pub(crate) fn request(id: impl Into<Value>, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

pub(crate) fn notification(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

pub(crate) fn result(id: &Value, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

pub(crate) fn error(id: &Value, code: i64) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": "no"}})
}

/// The `_meta` that requests bear from 2026-07-28 on.
pub(crate) fn modern(capabilities: &Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities
    })
}

pub(crate) fn sent(actions: Actions<MemoryStore>) -> Sent {
    let values = |messages: &[mcp_policy::mcp::Message]| {
        messages.iter().map(|message| serde_json::from_str(&message.to_line()).unwrap()).collect()
    };
    Sent {
        to_client: values(&actions.to_client),
        to_server: values(&actions.to_server),
        events: actions.events,
    }
}

impl Sent {
    /// The one message to the server, where there is none to the client.
    #[track_caller]
    pub(crate) fn forwarded(&self) -> &Value {
        assert!(self.to_client.is_empty() && self.to_server.len() == 1, "{self:?}");
        &self.to_server[0]
    }

    /// The one message to the client, where there is none to the server.
    #[track_caller]
    pub(crate) fn answered(&self) -> &Value {
        assert!(self.to_server.is_empty() && self.to_client.len() == 1, "{self:?}");
        &self.to_client[0]
    }

    #[track_caller]
    pub(crate) fn dropped(&self) {
        assert!(self.to_server.is_empty() && self.to_client.is_empty(), "{self:?}");
    }

    /// The code of the denial in a result to the client.
    #[track_caller]
    pub(crate) fn denied(&self) -> &str {
        let answer = self.answered();
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.starts_with("[POLICY DENIED] "), "{text}");
        answer["result"]["_meta"]["io.github.mcp-policy/decision"]["code"].as_str().unwrap()
    }

    /// The code of the JSON-RPC error to the client.
    #[track_caller]
    pub(crate) fn refused(&self) -> i64 {
        self.answered()["error"]["code"].as_i64().unwrap()
    }
}
