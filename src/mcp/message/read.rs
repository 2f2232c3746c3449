//! Bytes to a message.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::json::{self, Bounds, Fault, FaultKind, MAX_DEPTH, Values, WideIntegers};
use crate::mcp::Id;
use crate::mcp::message::shape::{self, Misshape, looks_like_one_of};
use crate::mcp::message::{
    Body, INVALID_PARAMS, INVALID_REQUEST, Limits, Message, MessageError, Notification, PARSE_ERROR, Request,
    Response,
};

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Message, MessageError> {
    if bytes.len() > limits.bytes {
        return Err(invalid("the message is too large"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| syntax("the message is not UTF-8"))?;
    let bounds = Bounds {
        depth: limits.depth.min(MAX_DEPTH),
        key_bytes: limits.key_bytes,
        values: limits.values,
        wide_integers: WideIntegers::Refuse,
    };
    match json::read(text, bounds, &mut Values).map_err(|fault| refusal(&fault))? {
        Value::Object(envelope) => message(envelope),
        Value::Array(_) => Err(invalid("batches are not taken: send one message at a time")),
        _ => Err(invalid("a message is an object")),
    }
}

/// The request that unreadable bytes are the answer to, if they say so only once. For who waits, so that he
/// hears of it; nothing else of them counts.
pub(super) fn answered_by(bytes: &[u8]) -> Option<Id> {
    #[derive(Deserialize)]
    struct Answer {
        id: Value,
        #[serde(default)]
        method: Option<IgnoredAny>,
        #[serde(default)]
        result: Option<IgnoredAny>,
        #[serde(default)]
        error: Option<IgnoredAny>,
    }
    let answer: Answer = serde_json::from_slice(bytes).ok()?;
    let is_answer = answer.method.is_none() && (answer.result.is_some() || answer.error.is_some());
    is_answer.then(|| Id::read(answer.id)).flatten()
}

fn message(mut envelope: Map<String, Value>) -> Result<Message, MessageError> {
    let method = match envelope.remove("method") {
        None => None,
        Some(Value::String(method)) => Some(method),
        Some(_) => return Err(invalid("`method` must be a string")),
    };
    let id = envelope.remove("id");
    let has_id = id.is_some();
    let is_null = id.as_ref().is_some_and(Value::is_null);
    let id = id.and_then(Id::read);
    // An error with the identifier of an answer could be taken for the answer to another request.
    let doubt = match method {
        Some(_) => |error: MessageError, id: Option<Id>| error.of_request(id),
        None => |error: MessageError, id: Option<Id>| error.of_response(id),
    };
    let refuse = |text: &'static str| Err(doubt(invalid(text), id.clone()));
    if envelope.remove("jsonrpc").is_none_or(|version| version != "2.0") {
        return refuse("`jsonrpc` must be \"2.0\"");
    }
    let params = envelope.remove("params");
    let (result, error) = (envelope.remove("result"), envelope.remove("error"));
    if envelope.keys().any(|key| looks_like_one_of(key, ENVELOPE.into_iter())) {
        return refuse("a key only looks like one of JSON-RPC");
    }
    if id.is_none() && has_id && !(is_null && error.is_some()) {
        return refuse("`id` must be a string of at most 256 bytes or an integer of 64 bits");
    }
    let Some(method) = method else {
        if params.is_some() {
            return refuse("`params` without `method`");
        }
        return match (result, error) {
            (Some(result), None) => answer(id, result, envelope),
            (None, Some(error)) => failure(id, error, envelope),
            (Some(_), Some(_)) => refuse("both `result` and `error`"),
            (None, None) => refuse("neither `method` nor `result` nor `error`"),
        };
    };
    if result.is_some() || error.is_some() {
        return refuse("`method` together with `result` or `error`");
    }
    if method.is_empty() || method.len() > MAX_METHOD_BYTES {
        return refuse("`method` must have 1 to 256 bytes");
    }
    let params = match params {
        None => None,
        Some(Value::Object(params)) => Some(params),
        Some(_) => return Err(invalid_params("`params` must be an object").of_request(id)),
    };
    if let Err(misshape) = shape::check(&method, params.as_ref()) {
        return Err(invalid_params(words(misshape)).of_request(id));
    }
    match id {
        Some(id) if method.starts_with("notifications/") => {
            Err(invalid("a notification has no `id`").of_request(Some(id)))
        }
        Some(id) => Ok(Message::Request(Request { id, method: method.into(), params, rest: envelope })),
        None if shape::is_known_request(&method) => Err(invalid("a request needs an `id`")),
        None => Ok(Message::Notification(Notification { method: method.into(), params, rest: envelope })),
    }
}

fn answer(id: Option<Id>, result: Value, rest: Map<String, Value>) -> Result<Message, MessageError> {
    match (id, result) {
        (Some(id), Value::Object(result)) => {
            Ok(Message::Response(Response { id: Some(id), body: Body::Result(result), rest }))
        }
        (id, _) => Err(invalid("an answer has an `id`, and its `result` is an object").of_response(id)),
    }
}

fn failure(id: Option<Id>, error: Value, rest: Map<String, Value>) -> Result<Message, MessageError> {
    match error {
        Value::Object(error)
            if error.get("code").is_some_and(Value::is_i64)
                && error.get("message").is_some_and(Value::is_string) =>
        {
            Ok(Message::Response(Response { id, body: Body::Error(error), rest }))
        }
        _ => Err(invalid("an `error` has a `code` and a `message`").of_response(id)),
    }
}

fn refusal(fault: &Fault) -> MessageError {
    // The texts of the reader quote a character at most, and that could be one of a secret.
    match fault.kind {
        FaultKind::Depth => invalid("the message is nested too deep"),
        FaultKind::Duplicate => syntax("a key occurs twice in one object"),
        FaultKind::Key => invalid("a key is too long"),
        FaultKind::Number => syntax("a number is out of range"),
        FaultKind::Syntax => syntax("the message is not JSON"),
        FaultKind::Values => invalid("the message holds too many values"),
    }
}

fn words(misshape: Misshape) -> &'static str {
    match misshape {
        Misshape::Lookalike => "a key of `params` only looks like one of the method",
        Misshape::Missing => "`params` lacks a member that the method needs",
        Misshape::Type => "a member of `params` is not of the type that the method needs",
    }
}

fn syntax(text: &'static str) -> MessageError {
    MessageError::new(PARSE_ERROR, text)
}

fn invalid(text: &'static str) -> MessageError {
    MessageError::new(INVALID_REQUEST, text)
}

fn invalid_params(text: &'static str) -> MessageError {
    MessageError::new(INVALID_PARAMS, text)
}

const ENVELOPE: [&str; 6] = ["error", "id", "jsonrpc", "method", "params", "result"];

/// The longest name of a method. It bounds what is remembered and told of one that does not pass.
const MAX_METHOD_BYTES: usize = 256;
