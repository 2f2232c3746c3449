//! A client that sends what it is told, hostile or not.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

#[derive(Clone)]
pub(super) struct Client {
    address: String,
    headers: Vec<(String, String)>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    headers: String,
    pub(super) body: String,
}

impl Client {
    pub(super) fn new(address: &str, token: &str) -> Self {
        let client = Self { address: address.to_owned(), headers: Vec::new() };
        client
            .with("host", address)
            .with("authorization", &format!("Bearer {token}"))
            .with("content-type", "application/json")
            .with("accept", "application/json, text/event-stream")
    }

    /// One that sends one header more.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    pub(super) fn without(&self, name: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| known != name);
        client
    }

    pub(super) fn post(&self, body: &Value) -> Answer {
        self.send("POST", "/mcp", &body.to_string())
    }

    pub(super) fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut answer = Vec::new();
        // A server that refuses a large body closes before it has all of it.
        let _ = self.open(method, path, body).read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (headers, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, headers: headers.to_owned(), body: body.to_owned() }
    }

    /// Sends a message, and does not wait: the client is there as long as what is returned.
    pub(super) fn begin(&self, body: &Value) -> TcpStream {
        self.open("POST", "/mcp", &body.to_string())
    }

    /// What comes on the stream of a session until a text has come.
    pub(super) fn listen_until(&self, text: &str) -> String {
        let mut stream = self.open("GET", "/mcp", "");
        let mut seen = Vec::new();
        let mut buffer = [0; 4_096];
        loop {
            let shown = String::from_utf8_lossy(&seen).into_owned();
            if shown.contains(text) {
                return shown;
            }
            match stream.read(&mut buffer) {
                Ok(count) if count > 0 => seen.extend_from_slice(&buffer[..count]),
                end => panic!("{text} does not come: {end:?} after {shown}"),
            }
        }
    }

    fn open(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        // In HTTP/1.0 the answer ends with the connection.
        let length = body.len();
        let request = format!("{method} {path} HTTP/1.0\r\n{headers}content-length: {length}\r\n\r\n{body}");
        let _ = stream.write_all(request.as_bytes());
        stream
    }
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.headers, self.body))
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        let mut lines = self.headers.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    }

    pub(super) fn events(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}
