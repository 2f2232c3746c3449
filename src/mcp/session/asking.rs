//! Questions to the client: those of the server, and whether a call is approved.

use std::fmt::Write as _;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::call::Approval;
use crate::json::is_invisible;
use crate::mcp::answer;
use crate::mcp::approvals::{Carried, Elicitation};
use crate::mcp::message::meta;
use crate::mcp::message::write::write_object;
use crate::mcp::session::call::is_yes;
use crate::mcp::session::{Actions, Event, JudgedCall, MAX_QUESTIONS, Session, Step};
use crate::mcp::{Id, Message, Notification, Request, Response};
use crate::policy::ApprovalRequest;

/// What the client has been asked and has not answered.
#[derive(Debug)]
pub(super) enum Question<S> {
    /// Whether a call is approved.
    Approval { call: Box<JudgedCall<S>>, approval: Approval },
    /// A request of the server, by the identifier that the server knows.
    Server(Id),
}

impl<S> Session<S> {
    /// Asks the client whether a call is approved. Gives the call back if the client cannot be asked.
    pub(super) fn ask(
        &mut self,
        mut call: Box<JudgedCall<S>>,
        request: &ApprovalRequest,
        elicitation: &Elicitation,
        now: SystemTime,
    ) -> Result<Actions<S>, Box<JudgedCall<S>>> {
        let params = answer::elicitation(&question(&call, request));
        let Some(approval) = elicitation.draw(request.fingerprint(), now) else {
            return Err(call);
        };
        if call.is_modern() {
            let can_ask =
                call.request().params().and_then(|params| meta(params, CAPABILITIES)).is_some_and(elicits);
            let state = can_ask.then(|| elicitation.seal(&approval, carried(call.request()))).flatten();
            let Some(state) = state else {
                return Err(call);
            };
            return Ok(call.answer(answer::input_required(&params, &state)));
        }
        if !self.elicits || self.questions.len() >= MAX_QUESTIONS {
            return Err(call);
        }
        let number = self.next_serial();
        self.place_held(&mut call, number);
        self.questions.insert(number, Box::new(Question::Approval { call, approval }));
        Ok(Actions::to_client(Message::Request(Request::new(number, "elicitation/create", Some(params)))))
    }

    /// Takes the client's answer to a question.
    pub(super) fn answered(&mut self, response: Response) -> Step<S> {
        let question = response.id().and_then(Id::as_serial).and_then(|id| self.questions.remove(&id));
        match question.map(|question| *question) {
            None => {
                Step::Done(Actions::none().and(Event::DroppedFromClient("an answer that nobody waits for")))
            }
            Some(Question::Server(id)) => {
                Step::Done(Actions::to_server(Message::Response(Response { id: Some(id), ..response })))
            }
            Some(Question::Approval { mut call, approval }) => {
                if !self.is_held(&call) {
                    return Step::Done(
                        Actions::none().and(Event::DroppedFromClient("the call was cancelled")),
                    );
                }
                if is_yes(response.as_result()) {
                    call.approve(approval);
                    return Step::Judge(call);
                }
                self.places.remove(call.request().id());
                Step::Done(call.declined())
            }
        }
    }

    /// Forgets the question about a call that was cancelled, and takes it back.
    pub(super) fn take_back(&mut self, number: u64) -> Actions<S> {
        match self.questions.remove(&number) {
            Some(_) => Actions::to_client(Message::Notification(cancelled(&number.into()))),
            None => Actions::none(),
        }
    }
}

pub(super) fn cancelled(id: &Id) -> Notification {
    let mut params = Map::new();
    params.insert("requestId".to_owned(), id.to_value());
    Notification::new("notifications/cancelled", Some(params))
}

/// Whether capabilities say that the client can put a form before a person.
pub(super) fn elicits(capabilities: &Value) -> bool {
    match capabilities.get("elicitation") {
        // Before 2025-11-25 there were only forms, and nothing was said of them.
        Some(Value::Object(modes)) => modes.is_empty() || modes.get("form").is_some_and(Value::is_object),
        _ => false,
    }
}

/// What belongs to the server in a call that the session asks about.
fn carried(request: &Request) -> Carried {
    Carried {
        state: request.text("requestState").map(str::to_owned),
        responses: request.param("inputResponses").and_then(Value::as_object).cloned(),
    }
}

/// What the person is shown: the author's text, and the call, so that nobody approves what is not seen.
fn question<S>(call: &JudgedCall<S>, request: &ApprovalRequest) -> String {
    let mut text = format!("{}\n\nTool: ", request.message());
    push_visible(call.tool(), &mut text);
    let Some(arguments) = call.arguments() else {
        return text;
    };
    let mut written = String::new();
    write_object(arguments, &mut written);
    text.push_str("\nArguments: ");
    push_visible(&written, &mut text);
    text
}

/// Appends a text with what is not seen escaped, and cut where it is too long, which is said.
fn push_visible(text: &str, shown: &mut String) {
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            let rest = text.chars().count().saturating_sub(LONGEST);
            // Writing to a string does not fail.
            let _ = write!(shown, "… ({rest} more characters are not shown)");
            return;
        }
        if is_invisible(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
}

const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// The most characters of a call that a person is shown.
const LONGEST: usize = 4_000;
