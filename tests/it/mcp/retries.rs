//! Calls that a server wants more input for, and that are made again.

use mcp_policy::mcp::Retries;
use serde_json::{Value, json};

use crate::mcp::wire::{Wire, builder, call, later, modern, policy, result, used};

fn open_policy() -> Value {
    let mut policy = policy();
    policy["methods"] = json!(["elicitation/create"]);
    policy
}

fn wire(retries: Retries) -> Wire {
    Wire::of(&builder(&open_policy()).retries(retries).build(), "g")
}

/// A call, or its retry with a state.
fn attempt(id: i64, tool: &str, arguments: &Value, state: Option<&str>) -> Value {
    let mut message = call(id, tool, arguments);
    message["params"]["_meta"] = modern(&json!({"elicitation": {}}));
    if let Some(state) = state {
        message["params"]["requestState"] = json!(state);
        message["params"]["inputResponses"] = json!({"q": {"action": "accept", "content": {"n": 1}}});
    }
    message
}

fn asks(state: &str) -> Value {
    json!({
        "resultType": "input_required", "requestState": state,
        "inputRequests": {"q": {"method": "elicitation/create", "params": {"message": "How many?"}}}
    })
}

const DONE: &str = r#"{"resultType": "complete", "content": []}"#;

fn done() -> Value {
    serde_json::from_str(DONE).unwrap()
}

#[test]
fn t58_a_flow_is_charged_once_or_each_time_as_it_is_said() {
    for (retries, price) in [(Retries::ChargeOnce, 1), (Retries::ChargeEach, 3)] {
        let mut wire = wire(retries);
        let id = wire.passes(&attempt(1, "work", &json!({"a": 1}), None));
        assert_eq!(wire.server(&result(&id, &asks("s1"))).answered()["result"], asks("s1"));
        let retry = attempt(2, "work", &json!({"a": 1}), Some("s1"));
        let sent = wire.client(&retry);
        assert_eq!(sent.forwarded()["params"], retry["params"], "the server's state goes back as it came");
        let id = sent.forwarded()["id"].clone();
        let _ = wire.server(&result(&id, &asks("s2")));
        let id = wire.passes(&attempt(3, "work", &json!({"a": 1}), Some("s2")));
        let _ = wire.server(&result(&id, &done()));
        assert_eq!(wire.used(), price, "{retries:?}");
    }
}

#[test]
fn t58_a_flow_goes_on_in_another_connection_of_the_same_caller_only() {
    let gate = builder(&open_policy()).retries(Retries::ChargeOnce).build();
    let mut first = Wire::of(&gate, "g");
    let id = first.passes(&attempt(1, "work", &json!({}), None));
    let _ = first.server(&result(&id, &asks("s")));
    let mut other = Wire::of(&gate, "other");
    let _ = other.passes(&attempt(1, "work", &json!({}), Some("s")));
    assert_eq!(used(&gate, "other", first.now), 1);
    let mut second = Wire::of(&gate, "g");
    let _ = second.passes(&attempt(1, "work", &json!({}), Some("s")));
    assert_eq!(used(&gate, "g", first.now), 1);
}

#[test]
fn t58_a_flow_that_fails_gives_its_one_charge_back() {
    let mut wire = wire(Retries::ChargeOnce);
    let id = wire.passes(&attempt(1, "work", &json!({}), None));
    let _ = wire.server(&result(&id, &asks("s")));
    let id = wire.passes(&attempt(2, "work", &json!({}), Some("s")));
    let _ = wire.server(&result(&id, &json!({"resultType": "complete", "content": [], "isError": true})));
    assert_eq!(wire.used(), 0);
}

#[test]
fn t59_a_made_up_state_is_a_new_call() {
    for retries in [Retries::ChargeOnce, Retries::ChargeEach] {
        let mut wire = wire(retries);
        let _ = wire.passes(&attempt(1, "work", &json!({}), Some("made up")));
        assert_eq!(wire.used(), 1);
        let mut responses_only = attempt(2, "work", &json!({}), Some(""));
        responses_only["params"].as_object_mut().unwrap().remove("requestState");
        let _ = wire.passes(&responses_only);
        assert_eq!(wire.used(), 2);
        assert_eq!(wire.client(&attempt(3, "wipe", &json!({}), Some("made up"))).denied(), "hidden");
    }
}

#[test]
fn t59_a_state_is_good_for_one_retry() {
    let mut wire = wire(Retries::ChargeOnce);
    let id = wire.passes(&attempt(1, "work", &json!({}), None));
    let _ = wire.server(&result(&id, &asks("s")));
    for (id, charged) in [(2, 1), (3, 2), (4, 3)] {
        let _ = wire.passes(&attempt(id, "work", &json!({}), Some("s")));
        assert_eq!(wire.used(), charged);
    }
    let id = wire.passes(&attempt(5, "work", &json!({}), None));
    let _ = wire.server(&result(&id, &asks("t")));
    wire.now = later(3_600);
    let _ = wire.passes(&attempt(6, "work", &json!({}), Some("t")));
    assert_eq!(wire.used(), 5, "an hour later nobody goes on");
}

#[test]
fn t60_a_retry_with_other_arguments_or_of_another_tool_is_a_new_call() {
    let mut policy = open_policy();
    policy["tools"]["work"]["deny_if"] =
        json!([{"conditions": [{"path": "args.n", "op": "gt", "value": 5}]}]);
    let gate = builder(&policy).retries(Retries::ChargeOnce).build();
    let mut wire = Wire::of(&gate, "g");
    let id = wire.passes(&attempt(1, "work", &json!({"n": 1}), None));
    let _ = wire.server(&result(&id, &asks("s")));
    assert_eq!(wire.client(&attempt(2, "work", &json!({"n": 100}), Some("s"))).denied(), "deny_if_matched");
    let _ = wire.passes(&attempt(3, "work", &json!({"n": 2}), Some("s")));
    assert_eq!(wire.used(), 2);
    assert_eq!(wire.client(&attempt(4, "wipe", &json!({"n": 1}), Some("s"))).denied(), "hidden");
    // A retry is judged by the policy of its own time.
    let stricter = json!({"version": "1", "default": "deny"});
    gate.evaluator().replace_policy(mcp_policy::Policy::from_json(&stricter.to_string()).unwrap());
    assert_eq!(wire.client(&attempt(5, "work", &json!({"n": 1}), Some("s"))).denied(), "unlisted");
}
