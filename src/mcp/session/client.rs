//! What the client sends.

use std::time::SystemTime;

use crate::limit::Outcome;
use crate::mcp::answer;
use crate::mcp::listing::cursor_of;
use crate::mcp::message::{protocol_version, shape};
use crate::mcp::session::asking::{Question, cancelled, elicits};
use crate::mcp::session::pending::{Pending, PendingKind, PendingList};
use crate::mcp::session::{Actions, Event, MAX_PENDING, Place, Session, Step};
use crate::mcp::{
    BUSY, INVALID_PARAMS, INVALID_REQUEST, Id, METHOD_NOT_FOUND, Message, MessageError, NO_ANSWER,
    Notification, Request,
};

impl<S> Session<S> {
    /// Takes what the client sent, up to where a store is needed: for programs that do not hold the session
    /// while they wait for one.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use mcp_policy::mcp::{Gate, Identity, Step};
    /// # use mcp_policy::{Evaluator, MemoryStore, Policy};
    /// # let policy: Policy = r#"{"version": "1", "default": "allow"}"#.parse()?;
    /// # let gate = Gate::new(Evaluator::new(policy, MemoryStore::new()));
    /// # let mut session = gate.session(Identity::new());
    /// # let now = SystemTime::UNIX_EPOCH;
    /// # let bytes = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#;
    /// let mut step = session.step_from_client(bytes, now);
    /// let actions = loop {
    ///     match step {
    ///         Step::Done(actions) => break actions.settle(),
    ///         Step::Judge(mut call) => {
    ///             let decision = call.evaluate_at(now); // or `evaluate_async_at`, with the session unlocked
    ///             step = session.decided(call, decision, now);
    ///         }
    ///     }
    /// };
    /// assert_eq!(actions.to_server.len(), 1);
    /// # Ok::<(), mcp_policy::PolicyError>(())
    /// ```
    pub fn step_from_client(&mut self, bytes: &[u8], now: SystemTime) -> Step<S> {
        match Message::read(bytes, &self.gate.settings().client_limits) {
            Ok(message) => self.step_message_from_client(message, now),
            Err(error) => match error.answered().filter(|id| self.asks(id)).cloned() {
                Some(id) => self.unreadable_answer(id, error),
                None => Step::Done(refuse(error, None)),
            },
        }
    }

    /// Takes a message of the client that has been read, up to where a store is needed.
    pub fn step_message_from_client(&mut self, message: Message, now: SystemTime) -> Step<S> {
        match message {
            Message::Notification(notification) => Step::Done(self.notification_from_client(notification)),
            Message::Request(request) => self.request_from_client(request, now),
            Message::Response(response) => self.answered(response),
        }
    }

    fn request_from_client(&mut self, request: Request, now: SystemTime) -> Step<S> {
        if self.places.contains_key(request.id()) {
            let error = MessageError::new(INVALID_REQUEST, "a request with this `id` is under way");
            return Step::Done(refuse_request(error, &request));
        }
        if self.places.len() >= MAX_PENDING {
            let error = MessageError::new(BUSY, "too many requests are under way");
            return Step::Done(refuse_request(error, &request));
        }
        if request.method() == "tools/call" {
            return self.call(request, now);
        }
        let kind = match self.kind_of(&request, now) {
            Ok(kind) => kind,
            Err(error) => return Step::Done(refuse_request(error, &request)),
        };
        if request.method() == "initialize" {
            self.elicits = request.param("capabilities").is_some_and(elicits);
        }
        let event = self.monitored(request.method());
        let mut actions = self.forward(request, kind);
        actions.events.extend(event);
        Step::Done(actions)
    }

    /// What a request is, if it passes.
    fn kind_of(&self, request: &Request, now: SystemTime) -> Result<PendingKind<S>, MessageError> {
        match request.method() {
            "tools/list" => Ok(PendingKind::List(PendingList {
                cursor: request.text("cursor").map(cursor_of),
                modern: request.params().and_then(protocol_version).is_some(),
            })),
            method if method.starts_with("tasks/") => self.task_request(request, now),
            "subscriptions/listen" if self.passes("subscriptions/listen") => {
                self.own_tasks_only(request, now).map(|()| PendingKind::Listen)
            }
            method if self.passes(method) && shape::is_known_request(method) => Ok(PendingKind::Other),
            method if self.passes(method) => Ok(PendingKind::Vendor),
            _ => Err(not_found()),
        }
    }

    fn notification_from_client(&mut self, notification: Notification) -> Actions<S> {
        if notification.method() == "notifications/cancelled" {
            return self.cancelled_by_client(notification);
        }
        if !self.tells(notification.method()) {
            let method = Some(notification.method().to_owned());
            return Actions::none().and(Event::RefusedFromClient { method, error: not_found() });
        }
        let event = self.monitored(notification.method());
        let mut actions = Actions::to_server(Message::Notification(notification));
        actions.events.extend(event);
        actions
    }

    fn cancelled_by_client(&mut self, mut notification: Notification) -> Actions<S> {
        let params = notification.params.get_or_insert_default();
        let id = params.remove("requestId").and_then(Id::read);
        match id.and_then(|id| self.places.remove(&id)) {
            Some(Place::Server(serial)) => {
                // Dropping the permit keeps the charge: the server may have done the work.
                self.requests.remove(&serial);
                params.insert("requestId".to_owned(), serial.into());
                Actions::to_server(Message::Notification(notification))
            }
            Some(Place::Held(number)) => self.take_back(number),
            None => {
                Actions::none().and(Event::DroppedFromClient("a cancellation of nothing that is under way"))
            }
        }
    }

    /// The client no longer waits for the answer to a request: it has closed the stream that the answer would
    /// go to. A call keeps its charge; the server may have done the work.
    pub fn cancelled(&mut self, id: &Id) -> Actions<S> {
        match self.places.remove(id) {
            Some(Place::Server(serial)) => {
                self.requests.remove(&serial);
                Actions::to_server(Message::Notification(cancelled(&serial.into())))
            }
            Some(Place::Held(number)) => self.take_back(number),
            None => Actions::none(),
        }
    }

    /// The server has taken too long over a request, in the eyes of the program: the client gets an error, and
    /// the server is told that nobody waits any more. A call keeps its charge; the server may have done the
    /// work.
    pub fn timed_out(&mut self, id: &Id) -> Actions<S> {
        if !self.places.contains_key(id) {
            return Actions::none();
        }
        let mut actions = self.cancelled(id);
        actions.to_client.push(answer::error(id.clone(), NO_ANSWER, "the server took too long"));
        actions
    }

    /// The server is gone: every request that waits for it gets an error. Calls keep their charges; the server
    /// may have done the work.
    pub fn server_closed(&mut self) -> Actions<S> {
        let mut actions = Actions::none();
        for (_, pending) in std::mem::take(&mut self.requests) {
            self.places.remove(&pending.id);
            actions.to_client.push(answer::error(
                pending.id,
                NO_ANSWER,
                "the connection to the server was lost",
            ));
        }
        let questions = &mut self.questions;
        questions.retain(|_, question| matches!(**question, Question::Approval { .. }));
        actions
    }

    /// A message was sent to the server, and its answer will never come: the stream or the HTTP exchange that it
    /// was to come on has ended without it. A call keeps its charge; the server may have done the work.
    pub fn answer_lost(&mut self, message: &Message) -> Actions<S> {
        let serial = message.id().and_then(Id::as_serial).filter(|_| message.method().is_some());
        let Some(pending) = serial.and_then(|serial| self.requests.remove(&serial)) else {
            return Actions::none();
        };
        self.places.remove(&pending.id);
        Actions::to_client(answer::error(pending.id, NO_ANSWER, "the server gave no answer"))
    }

    /// A message could not be sent to the server, and it is left to the program to
    /// [settle](Actions::settle) its call.
    pub fn step_not_sent(&mut self, message: &Message) -> Actions<S> {
        let Message::Request(request) = message else {
            return Actions::none();
        };
        let Some(pending) = request.id().as_serial().and_then(|serial| self.requests.remove(&serial)) else {
            return Actions::none();
        };
        let Pending { id, kind } = *pending;
        self.places.remove(&id);
        let mut actions = Actions::to_client(answer::error(id, NO_ANSWER, "the server could not be reached"));
        match kind {
            PendingKind::Call(call) if !call.continues => {
                actions.settle_later(call.permit, Outcome::Unsent);
            }
            // What a flow has paid stays paid: its first call was sent.
            _ => {}
        }
        actions
    }

    /// Sends a request on, under an identifier of the session's own.
    pub(super) fn forward(&mut self, mut request: Request, kind: PendingKind<S>) -> Actions<S> {
        let serial = self.next_serial();
        let id = std::mem::replace(&mut request.id, Id::from(serial));
        self.places.insert(id.clone(), Place::Server(serial));
        self.requests.insert(serial, Box::new(Pending { id, kind }));
        Actions::to_server(Message::Request(request))
    }

    /// Whether a method passes unjudged. `tools/call` and what looks like it never do.
    pub(super) fn passes(&self, method: &str) -> bool {
        !shape::is_call_like(method) && (self.gate.names(method) || self.gate.monitors())
    }

    /// Whether a notification passes unjudged. `tasks/…` are requests: without an identifier nobody would look
    /// whose task it is.
    pub(super) fn tells(&self, method: &str) -> bool {
        !method.starts_with("tasks/") && self.passes(method)
    }

    /// The event of a method that passes although the policy does not name it.
    pub(super) fn monitored(&self, method: &str) -> Option<Event> {
        (!self.gate.names(method)).then(|| Event::Monitored { method: method.to_owned() })
    }
}

pub(super) fn refuse_request<S>(error: MessageError, request: &Request) -> Actions<S> {
    refuse(error.of_request(Some(request.id().clone())), Some(request.method()))
}

fn refuse<S>(error: MessageError, method: Option<&str>) -> Actions<S> {
    let method = method.map(str::to_owned);
    // What was meant as an answer is not answered: the error could be taken for one to another request.
    let actions =
        if error.answered().is_some() { Actions::none() } else { Actions::to_client(error.answer()) };
    actions.and(Event::RefusedFromClient { method, error })
}

pub(super) fn not_found() -> MessageError {
    MessageError::new(METHOD_NOT_FOUND, "this method does not pass")
}

pub(super) fn no_such_task() -> MessageError {
    MessageError::new(INVALID_PARAMS, "there is no such task")
}
