//! Server-sent events: read from the server, written to the client.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use futures_core::Stream;
use mcp_policy::mcp::Limits;
use tokio::sync::mpsc::Receiver;

/// One event. Where a stream was cut a client goes on behind its `id`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) retry: Option<u64>,
    pub(crate) kind: String,
    pub(crate) data: Vec<u8>,
}

/// What of a stream has not become an event yet.
#[derive(Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    after_return: bool,
}

/// An event is too long.
pub(crate) struct TooLong;

impl Events {
    /// Takes what came, and gives the events that end in it.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            let was_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if was_return => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    self.end_line(&line, &mut events);
                }
                byte => self.line.push(*byte),
            }
            if self.line.len().saturating_add(self.event.data.len()) > LONGEST {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    fn end_line(&mut self, line: &[u8], events: &mut Vec<Event>) {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            let has_data = std::mem::take(&mut self.has_data);
            if has_data || event.id.is_some() || event.retry.is_some() {
                events.push(event);
            }
            return;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = || {
            std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
        };
        match name {
            b"data" => {
                if self.has_data {
                    self.event.data.push(b'\n');
                }
                self.has_data = true;
                self.event.data.extend_from_slice(value);
            }
            b"event" => self.event.kind = String::from_utf8_lossy(value).into_owned(),
            // What is no plain text is not repeated to the client.
            b"id" => self.event.id = text().map(str::to_owned),
            b"retry" => self.event.retry = text().and_then(|text| text.parse().ok()),
            _ => {}
        }
    }
}

/// An event as the client gets it. The line is one that a message was written as.
pub(crate) fn written(id: Option<&str>, retry: Option<u64>, line: &str) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    let retry = retry.map(|retry| format!("retry: {retry}\n")).unwrap_or_default();
    format!("{id}{retry}data: {line}\n\n").into()
}

/// The body of an answer that is written while it is sent.
pub(crate) struct Body(pub(crate) Receiver<Bytes>);

impl Stream for Body {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(Ok))
    }
}

/// The longest event: a message, and the names of its fields.
const LONGEST: usize = Limits::SERVER.bytes + 1_024;
