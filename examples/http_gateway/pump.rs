//! A stream of the server, and what the client gets of it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use mcp_policy::mcp::{Actions, Id, Message};
use reqwest::Response;
use tokio::sync::mpsc::Sender;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::connections::Connection;
use crate::events::{Event, Events, written};
use crate::gateway::Gateway;
use crate::policy_file::Store;

/// A stream of the server, and whose it is.
pub(crate) struct Pump {
    pub(crate) response: Response,
    pub(crate) connection: Arc<Connection>,
    /// The request that it answers; none for what the server says unasked.
    pub(crate) id: Option<Id>,
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
    /// The server took too long, ended it for good, or said what cannot be read.
    Lost,
}

impl Pump {
    pub(crate) async fn run(mut self, gateway: &Arc<Gateway>, client: Sender<Bytes>) {
        let end = self.pass(gateway, &client).await;
        let Some(id) = self.id.take() else {
            return;
        };
        // Before revision 2026-07-28 a client that has closed a stream may come back for the rest of it.
        let may_return = matches!(end, End::Cut) || matches!(end, End::Closed) && !self.is_modern;
        if let (true, Some(deadline)) = (may_return, self.deadline) {
            drop(client);
            drop(self.response);
            sleep_until(deadline).await;
            drop(self.connection.session().timed_out(&id));
            return;
        }
        match end {
            End::Answered => {}
            // The server sees that its stream is closed.
            End::Closed => drop(self.connection.session().cancelled(&id)),
            End::Cut | End::Lost => {
                let actions = self.connection.session().timed_out(&id);
                for message in &actions.to_client {
                    let _ = client.send(written(None, None, &message.to_line())).await;
                }
            }
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
                Ok(Ok(Ok(None) | Err(_))) | Err(_) => return End::Lost,
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
        self.answer_server(&actions, gateway);
        let mut is_answered = false;
        for message in &actions.to_client {
            is_answered |= matches!(message, Message::Response(_)) && message.id() == self.id.as_ref();
            let bytes = written(id.take(), retry.take(), &message.to_line());
            client.send(bytes).await.map_err(|_| End::Closed)?;
        }
        Ok(is_answered && self.id.is_some())
    }

    /// Tells the server what it may not ask.
    fn answer_server(&self, actions: &Actions<Store>, gateway: &Arc<Gateway>) {
        if self.is_modern {
            return;
        }
        for message in &actions.to_server {
            let message = message.clone();
            let (gateway, connection) = (Arc::clone(gateway), Arc::clone(&self.connection));
            let version = self.version.clone();
            tokio::spawn(async move {
                // If it is lost the server waits for nobody but itself.
                let sent = gateway.upstream.post(&message, &connection, version.as_deref());
                let _ = timeout(gateway.timeout, sent).await;
            });
        }
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
