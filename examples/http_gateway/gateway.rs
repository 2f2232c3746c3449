//! Requests of clients, from the door to the answer.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use mcp_policy::mcp::{Actions, Gate, Id, Limits, Message, MessageError, check_headers};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::checks::{self, Doors};
use crate::connections::{Connection, Connections, lock};
use crate::events;
use crate::grants::{Caller, Grants};
use crate::pump::Pump;
use crate::stores::Store;
use crate::trail::Trail;
use crate::upstream::{Reply, Upstream};

/// Everything that requests share.
pub(crate) struct Gateway {
    pub(crate) gate: Gate<Store>,
    pub(crate) grants: Arc<RwLock<Grants>>,
    pub(crate) doors: Doors,
    pub(crate) connections: Connections,
    pub(crate) upstream: Upstream,
    pub(crate) trail: Trail,
    pub(crate) timeout: Duration,
}

/// What a client is answered that does not get what it wants. It is large, and rare.
struct Refusal(Box<Response>);

/// What a request says of itself beside its body.
struct Said {
    caller: Caller,
    /// The revision, in the header.
    version: Option<String>,
    /// The session, in the header.
    session: Option<String>,
}

pub(crate) async fn post(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    gateway.post(request).await.unwrap_or_else(|refusal| *refusal.0)
}

pub(crate) async fn listen(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    gateway.listen(request.headers()).await.unwrap_or_else(|refusal| *refusal.0)
}

pub(crate) async fn end(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    gateway.end(request.headers()).await.unwrap_or_else(|refusal| *refusal.0)
}

impl Gateway {
    async fn post(self: Arc<Self>, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        let said = self.admit(&parts.headers)?;
        checks::check_body(&parts.headers).map_err(refusal)?;
        checks::check_accept(&parts.headers, &["application/json", "text/event-stream"]).map_err(refusal)?;
        let body = timeout(SLOWEST_BODY, to_bytes(body, Limits::CLIENT.bytes));
        let body = body.await.map_err(|_| refusal(StatusCode::REQUEST_TIMEOUT))?;
        let body = body.map_err(|_| refusal(StatusCode::PAYLOAD_TOO_LARGE))?;
        let message = Message::read(&body, &Limits::CLIENT).map_err(|error| malformed(&error))?;
        let headers = mcp_headers(&parts.headers).ok_or_else(|| refusal(StatusCode::BAD_REQUEST))?;
        check_headers(headers, &message).map_err(|error| malformed(&error))?;

        let now = Instant::now();
        let connection = self.connection(&message, &said, now)?;
        if connection.name.is_none() {
            // A client that goes away takes its request with it, and the server sees that.
            return self.exchange(message, connection, said, now).await;
        }
        // Where a session goes on, what was begun comes to its end, whether the client waits for it or not.
        let exchange = tokio::spawn(self.exchange(message, connection, said, now));
        exchange.await.unwrap_or_else(|_| Err(refusal(StatusCode::INTERNAL_SERVER_ERROR)))
    }

    /// Has a message judged, sends it on, and waits for what it leads to.
    async fn exchange(
        self: Arc<Self>,
        message: Message,
        connection: Arc<Connection>,
        said: Said,
        now: Instant,
    ) -> Result<Response, Refusal> {
        let id = match &message {
            Message::Request(request) => Some(request.id().clone()),
            Message::Notification(_) | Message::Response(_) => None,
        };
        let is_new = message.method() == Some("initialize");
        let is_stream = message.method() == Some("subscriptions/listen");
        let actions = self.take(&connection, message).await;
        let Some(forwarded) = actions.to_server.into_iter().next() else {
            return Ok(answer(actions.to_client.first(), StatusCode::OK));
        };
        let deadline = now.checked_add(self.timeout).unwrap_or(now);
        let reply = self.upstream.post(&forwarded, &connection, said.version.as_deref());
        let reply = timeout_at(deadline, reply).await;
        let Some(id) = id else {
            return Ok(if matches!(reply, Ok(Reply::Accepted | Reply::Body(..))) {
                StatusCode::ACCEPTED.into_response()
            } else {
                StatusCode::BAD_GATEWAY.into_response()
            });
        };
        let mut begun = false;
        let response = match reply {
            Ok(Reply::Unreached) => {
                let actions = connection.session().step_not_sent(&forwarded);
                let actions = actions.settle_async().await;
                answer(actions.to_client.first(), StatusCode::OK)
            }
            Ok(Reply::Body(status, body, session)) => {
                let (message, is_result) = self.answered(&connection, &body, &id, &forwarded).await;
                if is_new && is_result {
                    self.begin(&connection, session, now)?;
                    begun = true;
                }
                self.forget_if_gone(&connection, status);
                let kept = matches!(status.as_u16(), 400 | 404).then_some(status);
                answer(message.as_ref(), kept.unwrap_or(StatusCode::OK))
            }
            Ok(Reply::Stream(response, session)) => {
                if is_new {
                    self.begin(&connection, session, now)?;
                    begun = true;
                }
                let is_modern = connection.name.is_none();
                self.clone().stream(Pump {
                    response,
                    connection: connection.clone(),
                    request: Some((id, forwarded)),
                    is_modern,
                    deadline: (!is_stream).then_some(deadline),
                    version: said.version,
                })
            }
            Ok(Reply::Unusable(status)) if status == StatusCode::NOT_FOUND && connection.name.is_some() => {
                // The server does not know the session any more: the client is to begin another.
                drop(lost(&connection, &forwarded));
                self.forget_if_gone(&connection, status);
                StatusCode::NOT_FOUND.into_response()
            }
            Ok(Reply::Accepted | Reply::Unusable(_) | Reply::Lost) => {
                answer(lost(&connection, &forwarded).first(), StatusCode::OK)
            }
            Err(_) => {
                let actions = connection.session().timed_out(&id);
                self.answer_server(&actions, &connection, said.version.as_deref());
                answer(actions.to_client.first(), StatusCode::OK)
            }
        };
        Ok(with_session(response, begun.then_some(&connection)))
    }

    async fn listen(self: Arc<Self>, headers: &HeaderMap) -> Result<Response, Refusal> {
        let said = self.admit(headers)?;
        checks::check_accept(headers, &["text/event-stream"]).map_err(refusal)?;
        let connection = self.known(&said)?;
        let last = HeaderName::from_static("last-event-id");
        let last = checks::only(headers, &last).map_err(refusal)?;
        match self.upstream.listen(&connection, said.version.as_deref(), last).await {
            Reply::Stream(response, _) => Ok(self.stream(Pump {
                response,
                connection,
                request: None,
                is_modern: false,
                deadline: None,
                version: said.version,
            })),
            Reply::Unusable(status) | Reply::Body(status, ..) => {
                self.forget_if_gone(&connection, status);
                let kept = matches!(status.as_u16(), 404 | 405 | 409).then_some(status);
                Err(refusal(kept.unwrap_or(StatusCode::BAD_GATEWAY)))
            }
            Reply::Accepted | Reply::Lost | Reply::Unreached => Err(refusal(StatusCode::BAD_GATEWAY)),
        }
    }

    async fn end(self: Arc<Self>, headers: &HeaderMap) -> Result<Response, Refusal> {
        let said = self.admit(headers)?;
        let connection = self.known(&said)?;
        let status = self.upstream.end(&connection, said.version.as_deref()).await;
        if status == Some(StatusCode::METHOD_NOT_ALLOWED) {
            return Err(refusal(StatusCode::METHOD_NOT_ALLOWED));
        }
        self.connections.remove(connection.name.as_deref().unwrap_or_default());
        // Who still waits on another request gets no answer from this one: its stream ends by itself.
        drop(connection.session().server_closed());
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// Who is at the door, if somebody is to be let in.
    fn admit(&self, headers: &HeaderMap) -> Result<Said, Refusal> {
        self.doors.check(headers).map_err(refusal)?;
        let grants = self.grants.read().map_err(|_| refusal(StatusCode::SERVICE_UNAVAILABLE))?;
        let caller = checks::token(headers).and_then(|token| grants.find(token)).cloned();
        let Some(caller) = caller else {
            let ask = [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
            return Err(Refusal(Box::new((StatusCode::UNAUTHORIZED, ask).into_response())));
        };
        let value = |name| {
            let value = checks::only(headers, &HeaderName::from_static(name)).map_err(refusal)?;
            let is_plain = |text: &str| text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_graphic());
            match value {
                Some(text) if !is_plain(text) => Err(refusal(StatusCode::BAD_REQUEST)),
                text => Ok(text.map(str::to_owned)),
            }
        };
        let (version, session) = (value("mcp-protocol-version")?, value("mcp-session-id")?);
        Ok(Said { caller, version, session })
    }

    /// The session that a message belongs to.
    fn connection(&self, message: &Message, said: &Said, now: Instant) -> Result<Arc<Connection>, Refusal> {
        let is_modern = message.protocol_version().is_some();
        if said.session.is_some() && !is_modern {
            return self.known(said);
        }
        let name = if message.method() == Some("initialize") && !is_modern {
            Some(crate::random_name().map_err(|_| refusal(StatusCode::SERVICE_UNAVAILABLE))?)
        } else {
            None
        };
        // Requests that belong to no session are counted together, for each token.
        let own = name.clone().unwrap_or_else(|| format!("token {}", said.caller.name));
        let session = self.gate.session(said.caller.identity.clone().session(own));
        Ok(Arc::new(Connection::new(session, name, &said.caller.name, now)))
    }

    /// The session that a client names, if it is its own.
    fn known(&self, said: &Said) -> Result<Arc<Connection>, Refusal> {
        let Some(name) = said.session.as_deref() else {
            return Err(refusal(StatusCode::METHOD_NOT_ALLOWED));
        };
        let found = self.connections.find(name, &said.caller.name, Instant::now());
        found.ok_or_else(|| refusal(StatusCode::NOT_FOUND))
    }

    /// Keeps a session that the server has agreed to.
    fn begin(
        &self,
        connection: &Arc<Connection>,
        upstream: Option<String>,
        now: Instant,
    ) -> Result<(), Refusal> {
        *lock(&connection.upstream) = upstream;
        let has_room = self.connections.add(Arc::clone(connection), now);
        if has_room { Ok(()) } else { Err(refusal(StatusCode::SERVICE_UNAVAILABLE)) }
    }

    fn forget_if_gone(&self, connection: &Connection, status: StatusCode) {
        if let (StatusCode::NOT_FOUND, Some(name)) = (status, connection.name.as_deref()) {
            self.connections.remove(name);
        }
    }

    /// Has a message judged, and its decision recorded. What cannot be recorded is not sent.
    async fn take(&self, connection: &Connection, message: Message) -> Actions<Store> {
        let now = crate::clock();
        let mut actions = connection.take(message, now).await;
        let identity = connection.session().identity().clone();
        if let Err(error) = self.trail.record(&actions.events, &identity, self.gate.evaluator(), now) {
            eprintln!("http_gateway: the audit trail cannot be written, and calls are not sent: {error}");
            for message in std::mem::take(&mut actions.to_server) {
                let not_sent = connection.session().step_not_sent(&message);
                let not_sent = not_sent.settle_async().await;
                actions.to_client.extend(not_sent.to_client);
            }
        }
        actions
    }

    /// What the client is answered to its request by a body of the server, and whether that is a result.
    async fn answered(
        &self,
        connection: &Connection,
        body: &[u8],
        id: &Id,
        forwarded: &Message,
    ) -> (Option<Message>, bool) {
        let step = connection.session().step_from_server(body, crate::clock());
        let actions = step.settle_async().await;
        let mut own = actions.to_client.into_iter().filter(|message| message.id() == Some(id));
        match own.next() {
            Some(message) => {
                let is_result = matches!(&message, Message::Response(answer) if answer.as_result().is_some());
                (Some(message), is_result)
            }
            None => (lost(connection, forwarded).into_iter().next(), false),
        }
    }

    /// Tells the server what it may not ask, and that nobody waits any more. Over HTTP there is no such thing
    /// from revision 2026-07-28 on: a stream that is closed says it.
    pub(crate) fn answer_server(
        self: &Arc<Self>,
        actions: &Actions<Store>,
        connection: &Arc<Connection>,
        version: Option<&str>,
    ) {
        if connection.name.is_none() {
            return;
        }
        for message in actions.to_server.iter().map(Message::clone) {
            let (gateway, connection) = (Arc::clone(self), Arc::clone(connection));
            let version = version.map(str::to_owned);
            tokio::spawn(async move {
                // If it is lost the server waits for nobody but itself.
                let sent = gateway.upstream.post(&message, &connection, version.as_deref());
                let _ = timeout(gateway.timeout, sent).await;
            });
        }
    }

    fn stream(self: Arc<Self>, pump: Pump) -> Response {
        let (sender, receiver) = mpsc::channel(EVENTS_AHEAD);
        tokio::spawn(async move { pump.run(&self, sender).await });
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        (headers, Body::from_stream(events::Body(receiver))).into_response()
    }
}

pub(crate) async fn health(State(gateway): State<Arc<Gateway>>) -> StatusCode {
    let has_policy = gateway.gate.evaluator().policy().is_some();
    if has_policy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// The answer to a request that the server will not answer any more.
fn lost(connection: &Connection, forwarded: &Message) -> Vec<Message> {
    connection.session().answer_lost(forwarded).to_client
}

/// The headers that a body is compared with; `None` if one of them is no text.
fn mcp_headers(headers: &HeaderMap) -> Option<Vec<(&str, &str)>> {
    let named = headers.iter().filter(|(name, _)| name.as_str().starts_with("mcp-"));
    named.map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect()
}

fn answer(message: Option<&Message>, status: StatusCode) -> Response {
    match message {
        Some(message) => json(status, message),
        None => StatusCode::ACCEPTED.into_response(),
    }
}

fn json(status: StatusCode, message: &Message) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], message.to_line())
        .into_response()
}

fn malformed(error: &MessageError) -> Refusal {
    Refusal(Box::new(json(StatusCode::BAD_REQUEST, &error.answer())))
}

fn refusal(status: StatusCode) -> Refusal {
    Refusal(Box::new(status.into_response()))
}

/// Tells a client the name of its session.
fn with_session(mut response: Response, connection: Option<&Arc<Connection>>) -> Response {
    let name = connection.and_then(|connection| connection.name.as_deref());
    if let Some(name) = name.and_then(|name| HeaderValue::try_from(name).ok()) {
        response.headers_mut().insert("mcp-session-id", name);
    }
    response
}

/// How long a client may take over a body.
const SLOWEST_BODY: Duration = Duration::from_secs(30);
/// How many events are read before the client has taken them.
const EVENTS_AHEAD: usize = 16;
