//! A stream of the server, and what the client gets of it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use mcp_policy::mcp::{Id, Message};
use reqwest::Response;
use tokio::sync::mpsc::Sender;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::connections::Connection;
use crate::events::{Event, Events, written};
use crate::gateway::Gateway;

/// A stream of the server, and whose it is.
pub(crate) struct Pump {
    pub(crate) response: Response,
    pub(crate) connection: Arc<Connection>,
    /// The request that it answers, and as what it was sent; none for what the server says unasked.
    pub(crate) request: Option<(Id, Message)>,
    pub(crate) is_modern: bool,
    pub(crate) deadline: Option<Instant>,
    pub(crate) version: Option<String>,
}

/// Why a stream goes on no longer.
enum End {
    /// What it was for is answered.
    Answered,
    /// The client has closed it.
    Closed,
    /// The server has ended it, and the client can go on behind the last event.
    Cut,
    /// The server ended it for good, or said what cannot be read.
    Lost,
    /// The server took too long.
    Late,
}

impl Pump {
    pub(crate) async fn run(mut self, gateway: &Arc<Gateway>, client: Sender<Bytes>) {
        let end = self.pass(gateway, &client).await;
        let Some((id, forwarded)) = self.request.take() else {
            return;
        };
        // Before revision 2026-07-28 a client that has closed a stream may come back for the rest of it.
        let may_return = matches!(end, End::Cut) || matches!(end, End::Closed) && !self.is_modern;
        if let (true, Some(deadline)) = (may_return, self.deadline) {
            drop(client);
            drop(self.response);
            sleep_until(deadline).await;
            let actions = self.connection.session().timed_out(&id);
            gateway.answer_server(&actions, &self.connection, self.version.as_deref());
            return;
        }
        let actions = match end {
            End::Answered => return,
            End::Closed => self.connection.session().cancelled(&id),
            End::Cut | End::Lost => self.connection.session().answer_lost(&forwarded),
            End::Late => self.connection.session().timed_out(&id),
        };
        gateway.answer_server(&actions, &self.connection, self.version.as_deref());
        for message in &actions.to_client {
            let _ = client.send(written(None, None, &message.to_line())).await;
        }
    }

    async fn pass(&mut self, gateway: &Arc<Gateway>, client: &Sender<Bytes>) -> End {
        let mut events = Events::default();
        let mut has_id = false;
        loop {
            let chunk = async {
                tokio::select! {
                    () = client.closed() => Err(End::Closed),
                    chunk = self.response.chunk() => Ok(chunk),
                }
            };
            let chunk = match in_time(self.deadline, chunk).await {
                Ok(Ok(Ok(Some(chunk)))) => chunk,
                Ok(Err(end)) => return end,
                Ok(Ok(Ok(None) | Err(_))) if has_id && !self.is_modern => return End::Cut,
                Ok(Ok(Ok(None) | Err(_))) => return End::Lost,
                Err(_) => return End::Late,
            };
            let Ok(events) = events.push(&chunk) else {
                return End::Lost;
            };
            for event in events {
                has_id |= event.id.is_some();
                match self.take(event, gateway, client).await {
                    Ok(true) => return End::Answered,
                    Ok(false) => {}
                    Err(end) => return end,
                }
            }
        }
    }

    /// Passes one event on; true if it has answered the request.
    async fn take(&self, event: Event, gateway: &Arc<Gateway>, client: &Sender<Bytes>) -> Result<bool, End> {
        let Event { id, retry, kind, data } = event;
        if !kind.is_empty() && kind != "message" {
            return Ok(false);
        }
        let (mut id, mut retry) = (id.as_deref(), retry);
        if data.is_empty() {
            let empty = written(id, retry, "");
            return client.send(empty).await.map(|()| false).map_err(|_| End::Closed);
        }
        let step = self.connection.session().step_from_server(&data, crate::clock());
        let actions = step.settle_async().await;
        gateway.answer_server(&actions, &self.connection, self.version.as_deref());
        let own = self.request.as_ref().map(|(id, _)| id);
        let mut is_answered = false;
        for message in &actions.to_client {
            is_answered |= matches!(message, Message::Response(_)) && message.id() == own;
            let bytes = written(id.take(), retry.take(), &message.to_line());
            client.send(bytes).await.map_err(|_| End::Closed)?;
        }
        Ok(is_answered && own.is_some())
    }
}

/// Waits until a deadline, or as long as a stream without one may be silent.
async fn in_time<T>(deadline: Option<Instant>, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await,
        None => timeout(LONGEST, future).await,
    }
}

/// How long a stream without a deadline may be silent.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
