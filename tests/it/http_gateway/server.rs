//! A server to stand in front of: it does what it is told, and keeps what came.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub(super) struct Server {
    runtime: Option<Runtime>,
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    bodies: Mutex<Vec<Value>>,
    headers: Mutex<BTreeMap<String, String>>,
}

impl Server {
    pub(super) fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Seen>::default();
        let routes = Router::new().route("/server", any(answer)).with_state(Arc::clone(&seen));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self { runtime: Some(runtime), address, seen }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/server", self.address)
    }

    pub(super) fn stop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }

    /// The tools that ran, in order.
    pub(super) fn executed(&self) -> Vec<String> {
        let bodies = self.seen.bodies.lock().unwrap();
        let calls = bodies.iter().filter(|body| body["method"] == "tools/call");
        calls.map(|call| call["params"]["name"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) fn last_headers(&self) -> BTreeMap<String, String> {
        self.seen.headers.lock().unwrap().clone()
    }

    pub(super) fn wait_for(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            if let Some(body) = self.seen.bodies.lock().unwrap().iter().find(|body| is_it(body)) {
                return body.clone();
            }
            assert!(start.elapsed() < Duration::from_secs(20), "it does not come");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == "DELETE" {
        return StatusCode::NO_CONTENT.into_response();
    }
    if parts.method == "GET" {
        let question = json!({"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}});
        let news = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"});
        return events(&format!("data: {question}\n\nid: 17\ndata: {news}\n\n"));
    }
    let headers = parts.headers.iter();
    *seen.headers.lock().unwrap() =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    seen.bodies.lock().unwrap().push(body.clone());
    let json = |result: Value| {
        let answer = json!({"jsonrpc": "2.0", "id": body["id"], "result": result});
        ([("content-type", "application/json"), ("mcp-session-id", "of-the-server")], answer.to_string())
            .into_response()
    };
    let tool = body["params"]["name"].as_str().unwrap_or_default();
    let done = json!({"content": [{"type": "text", "text": format!("did {tool}")}]});
    match (body["method"].as_str().unwrap_or_default(), tool) {
        ("initialize", _) => json(json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "loopback", "version": "0"}})),
        ("tools/list", _) => {
            let tools = ["read", "secret", "stream"]
                .map(|name| json!({"name": name, "inputSchema": {"type": "object"}}));
            json(json!({"tools": tools}))
        }
        ("tools/call", "slow") => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
        ("tools/call", "broken") => (StatusCode::BAD_GATEWAY, "<html>").into_response(),
        ("tools/call", "cut") => events("data: {\"jsonrpc\":\n\n"),
        ("tools/call", "stream") => {
            let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}});
            let question = json!({"jsonrpc": "2.0", "id": "question", "method": "sampling/createMessage",
                "params": {"messages": [], "maxTokens": 1}});
            let answer = json!({"jsonrpc": "2.0", "id": body["id"], "result": done});
            events(&format!(
                "event: message\ndata: {progress}\n\ndata: {question}\r\n\r\n: still there\n\ndata: {answer}\n\n"
            ))
        }
        ("tools/call", _) => json(done),
        _ if body["id"].is_null() || body["method"].is_null() => StatusCode::ACCEPTED.into_response(),
        _ => json(json!({})),
    }
}

fn events(text: &str) -> Response {
    ([("content-type", "text/event-stream")], text.to_owned()).into_response()
}
