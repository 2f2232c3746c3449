//! What is answered in the server's place.

use serde_json::{Map, Value, json};

use crate::mcp::{Id, Message, Response};
use crate::policy::{ApprovalRequest, Denial, DenialCode};

/// How much a client is told of a denial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a client is told, or it is not")]
pub enum Denials {
    /// That a tool cannot be called at all is said in the same words for every such tool, whether a rule
    /// denies it, none is for it, it is hidden, or there is no such tool as far as the policy knows. So nobody
    /// can find out which tools there are by calling them.
    Conceal,
    /// The code, the rule and the message of the policy.
    #[default]
    Explain,
}

/// The result of a call that is denied, as [`Message`] and as plain JSON.
pub(crate) fn denied(denial: &Denial, denials: Denials, id: Option<&Id>, modern: bool) -> Map<String, Value> {
    let conceal = denials == Denials::Conceal && says_what_there_is(denial.code());
    let (code, rule, text) = if conceal {
        (DenialCode::Unlisted, None, "[POLICY DENIED] this tool cannot be called".to_owned())
    } else {
        (denial.code(), denial.rule(), denial.to_string())
    };
    let mut decision = json!({"decision": "deny", "code": code.as_str(), "rule": rule});
    if let (Some(members), Some(wait)) = (decision.as_object_mut(), denial.retry_after()) {
        members.insert("retryAfter".to_owned(), wait.as_secs().into());
    }
    result(&text, decision, id, modern)
}

/// The result of a call that needs an approval which it does not have.
pub(crate) fn unapproved(
    request: &ApprovalRequest,
    text: &str,
    id: Option<&Id>,
    modern: bool,
) -> Map<String, Value> {
    let decision = json!({"decision": "needs_approval", "code": "needs_approval", "rule": request.rule()});
    result(&format!("[POLICY DENIED] {text}: {}", request.message()), decision, id, modern)
}

/// The result of a call whose approval was refused by whoever was asked, when the request for it is not at
/// hand.
pub(crate) fn declined(id: Option<&Id>, modern: bool) -> Map<String, Value> {
    let decision = json!({"decision": "needs_approval", "code": "needs_approval", "rule": null});
    result("[POLICY DENIED] this call needs approval, and was not approved", decision, id, modern)
}

/// A result that asks for an approval, in the revisions where a server cannot ask otherwise.
pub(crate) fn input_required(elicitation: &Map<String, Value>, state: &str) -> Map<String, Value> {
    let request = json!({"method": "elicitation/create", "params": elicitation});
    let result = json!({
        "resultType": "input_required", "inputRequests": {APPROVAL_KEY: request}, "requestState": state
    });
    members(result)
}

/// The params of `elicitation/create`.
pub(crate) fn elicitation(message: &str) -> Map<String, Value> {
    members(json!({"message": message, "requestedSchema": {"type": "object", "properties": {}}}))
}

pub(crate) fn error(id: Id, code: i64, text: &str) -> Message {
    Message::Response(Response::error(Some(id), code, text, None))
}

pub(crate) fn approval_invalid() -> Denial {
    Denial::new(
        DenialCode::ApprovalInvalid,
        None,
        "the approval is not valid for this call: it is for another one, too old, or was used before",
    )
}

fn result(text: &str, mut decision: Value, id: Option<&Id>, modern: bool) -> Map<String, Value> {
    if let (Some(decision), Some(id)) = (decision.as_object_mut(), id) {
        decision.insert("requestId".to_owned(), id.to_value());
    }
    let mut result = json!({
        "content": [{"type": "text", "text": text}], "isError": true, "_meta": {DECISION_KEY: decision}
    });
    if let (Some(result), true) = (result.as_object_mut(), modern) {
        result.insert("resultType".to_owned(), "complete".into());
    }
    members(result)
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Whether a denial says of a tool that it is there, or is not.
fn says_what_there_is(code: DenialCode) -> bool {
    matches!(
        code,
        DenialCode::ActionDeny
            | DenialCode::DefinitionChanged
            | DenialCode::Hidden
            | DenialCode::Unclassified
            | DenialCode::Unlisted
    )
}

/// Where a result that is answered in the server's place bears the decision, in its `_meta`: an object with
/// `decision`, `code`, `rule`, `retryAfter` in seconds where the call would pass later, and `requestId`.
pub const DECISION_KEY: &str = "io.github.mcp-policy/decision";

/// What a call is told that needs approval and has no chance to ask for it.
pub(crate) const NEEDS_APPROVAL: &str = "this call needs approval";

/// The key of the question for an approval, and of its answer.
pub(crate) const APPROVAL_KEY: &str = "io.github.mcp-policy/approval";
