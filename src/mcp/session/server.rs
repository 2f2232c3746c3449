//! What the server sends.

use std::time::SystemTime;

use serde_json::Value;

use crate::mcp::session::asking::{Question, cancelled};
use crate::mcp::session::client::not_found;
use crate::mcp::session::pending::{Pending, PendingKind, TaskMethod};
use crate::mcp::session::results::{subscription_of, unreadable};
use crate::mcp::session::tasks::QUESTIONS;
use crate::mcp::session::{Actions, Event, MAX_QUESTIONS, Session};
use crate::mcp::{BUSY, INVALID_REQUEST, Id, Message, MessageError, Notification, Request, Response};

impl<S> Session<S> {
    /// Takes what the server sent, and leaves it to the program to [settle](Actions::settle) what ended.
    pub fn step_from_server(&mut self, bytes: &[u8], now: SystemTime) -> Actions<S> {
        match Message::read(bytes, &self.gate.settings().server_limits) {
            Ok(message) => self.step_message_from_server(message, now),
            Err(error) => match error.answered().and_then(|id| self.take_pending(id)) {
                Some(pending) => unreadable(pending),
                None => refuse(error, None),
            },
        }
    }

    /// Takes a message of the server that has been read, and leaves it to the program to
    /// [settle](Actions::settle) what ended.
    pub fn step_message_from_server(&mut self, message: Message, now: SystemTime) -> Actions<S> {
        match message {
            Message::Notification(notification) => self.notification_from_server(notification, now),
            Message::Request(request) => self.request_from_server(request),
            Message::Response(response) => self.response_from_server(response, now),
        }
    }

    fn response_from_server(&mut self, response: Response, now: SystemTime) -> Actions<S> {
        match response.id().and_then(|id| self.take_pending(id)) {
            Some(pending) => self.result(pending, response, now),
            None => Actions::none().and(Event::DroppedFromServer("an answer that nobody waits for")),
        }
    }

    fn take_pending(&mut self, id: &Id) -> Option<Pending<S>> {
        let pending = self.requests.remove(&id.as_serial()?)?;
        self.places.remove(&pending.id);
        Some(*pending)
    }

    fn request_from_server(&mut self, mut request: Request) -> Actions<S> {
        let id = &request.id;
        let is_taken = self.questions.values().any(|question| match &**question {
            Question::Server(taken) => taken == id,
            Question::Approval { .. } => false,
        });
        let error = if !self.passes_to_client(request.method()) {
            Some(not_found())
        } else if is_taken {
            Some(MessageError::new(INVALID_REQUEST, "a request with this `id` is under way"))
        } else if self.questions.len() >= MAX_QUESTIONS {
            Some(MessageError::new(BUSY, "too many requests are under way"))
        } else {
            None
        };
        if let Some(error) = error {
            return refuse(error.of_request(Some(request.id.clone())), Some(request.method()));
        }
        let event = self.monitored(request.method());
        let number = self.next_serial();
        let id = std::mem::replace(&mut request.id, Id::from(number));
        self.questions.insert(number, Box::new(Question::Server(id)));
        let mut actions = Actions::to_client(Message::Request(request));
        actions.events.extend(event);
        actions
    }

    /// Whether a request of the server passes. What is asked about tasks of the client belongs to a question
    /// that has passed.
    fn passes_to_client(&self, method: &str) -> bool {
        if method.starts_with("tasks/") {
            return QUESTIONS.iter().any(|question| self.passes(question));
        }
        self.passes(method)
    }

    fn notification_from_server(&mut self, mut notification: Notification, now: SystemTime) -> Actions<S> {
        match notification.method() {
            "notifications/cancelled" => return self.cancelled_by_server(notification),
            "notifications/tasks" | "notifications/tasks/status" if !self.is_told(&notification, now) => {
                return Actions::none()
                    .and(Event::DroppedFromServer("news of a task that is not the caller's"));
            }
            method if !self.passes(method) => {
                let method = Some(method.to_owned());
                return Actions::none().and(Event::RefusedFromServer { method, error: not_found() });
            }
            _ => {}
        }
        if let Some(subscription) = notification.params.as_mut().and_then(subscription_of) {
            let serial = Id::read(subscription.clone()).and_then(|id| id.as_serial());
            match serial.and_then(|serial| self.requests.get(&serial)).map(|pending| &**pending) {
                Some(Pending { id, kind: PendingKind::Listen }) => *subscription = id.to_value(),
                _ => {
                    return Actions::none()
                        .and(Event::DroppedFromServer("news on a stream that is not open"));
                }
            }
        }
        let event = self.monitored(notification.method());
        let mut actions = Actions::none();
        if notification.method() == "notifications/tasks" {
            self.settle_told(&notification, &mut actions, now);
        }
        actions.to_client.push(Message::Notification(notification));
        actions.events.extend(event);
        actions
    }

    /// Whether news of a task are the client's: the task is the caller's, and what it wants of the client
    /// passes. The first news can come before the answer that says what the task is called.
    fn is_told(&self, notification: &Notification, now: SystemTime) -> bool {
        let Some(params) = notification.params() else {
            return false;
        };
        let awaits = || {
            self.requests
                .values()
                .any(|pending| matches!(&pending.kind, PendingKind::Call(call) if call.wants_task))
        };
        let task = params.get("taskId").and_then(Value::as_str);
        task.is_some_and(|task| self.owns(task, now) || awaits()) && self.check_input(params).is_none()
    }

    /// News of a task may say how it ended.
    fn settle_told(&self, notification: &Notification, actions: &mut Actions<S>, now: SystemTime) {
        if let Some(params) = notification.params()
            && let Some(task) = params.get("taskId").and_then(Value::as_str)
        {
            self.settle_task(task, TaskMethod::Look, params, actions, now);
        }
    }

    /// The server takes back a question, or ends a stream.
    fn cancelled_by_server(&mut self, mut notification: Notification) -> Actions<S> {
        let id = notification.params.get_or_insert_default().remove("requestId").and_then(Id::read);
        let asked = |question: &Question<S>| matches!(question, Question::Server(known) if Some(known) == id.as_ref());
        let question = self.questions.iter().find(|(_, question)| asked(question)).map(|(number, _)| *number);
        if let Some(number) = question {
            self.questions.remove(&number);
            return Actions::to_client(Message::Notification(cancelled(&number.into())));
        }
        let serial = id.as_ref().and_then(Id::as_serial);
        let is_stream = serial
            .and_then(|serial| self.requests.get(&serial))
            .is_some_and(|pending| matches!(pending.kind, PendingKind::Listen));
        match id.filter(|_| is_stream).and_then(|id| self.take_pending(&id)) {
            Some(pending) => Actions::to_client(Message::Notification(cancelled(&pending.id))),
            None => {
                Actions::none().and(Event::DroppedFromServer("a cancellation of nothing that is under way"))
            }
        }
    }
}

fn refuse<S>(error: MessageError, method: Option<&str>) -> Actions<S> {
    let method = method.map(str::to_owned);
    // An error without an identifier would tell the server nothing.
    let actions = if error.id().is_some() { Actions::to_server(error.answer()) } else { Actions::none() };
    actions.and(Event::RefusedFromServer { method, error })
}
