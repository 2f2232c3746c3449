//! Approvals over MCP.

use std::time::Duration;

use mcp_policy::MemoryStore;
use mcp_policy::mcp::{Approvals, Decided, Elicitation, Event, Gate, Retries};
use serde_json::{Value, json};

use crate::mcp::wire::{
    NOW, Wire, builder, call, later, modern, notification, policy, request, result, sent,
};

fn eliciting() -> Gate<MemoryStore> {
    let elicitation = Elicitation::new([7; 32], "nonce", Duration::from_secs(60));
    builder(&policy()).approvals(Approvals::Elicit(elicitation)).build()
}

fn initialize(wire: &mut Wire, capabilities: &Value) {
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": {"name": "c", "version": "1"}});
    let _ = wire.passes(&request("init", "initialize", &params));
}

fn modern_pay(id: i64, arguments: &Value) -> Value {
    let mut message = call(id, "pay", arguments);
    message["params"]["_meta"] = modern(&json!({"elicitation": {"form": {}}}));
    message
}

/// The state of the session's own question.
fn asked(sent: &crate::mcp::wire::Sent) -> String {
    let result = &sent.answered()["result"];
    assert_eq!(result["resultType"], "input_required");
    let question = &result["inputRequests"]["io.github.mcp-policy/approval"];
    assert_eq!(question["method"], "elicitation/create");
    result["requestState"].as_str().unwrap().to_owned()
}

fn retry(id: i64, arguments: &Value, state: &str, answer: &Value) -> Value {
    let mut message = modern_pay(id, arguments);
    message["params"]["requestState"] = json!(state);
    message["params"]["inputResponses"] = json!({"io.github.mcp-policy/approval": answer});
    message
}

#[test]
fn a_call_that_needs_approval_is_told_so_and_passes_when_it_comes_again_with_one() {
    let gate = builder(&policy()).build();
    let mut wire = Wire::of(&gate, "g");
    let sent = wire.call(1, "pay", &json!({"n": 1}));
    assert_eq!(sent.denied(), "needs_approval");
    assert!(sent.answered().to_string().contains("Money needs a yes."));
    let Event::Decided { decision: Decided::NeedsApproval(asked), .. } = &sent.events[0] else { panic!() };
    gate.add_approval(asked.approve("ticket", later(60)), NOW);
    assert_eq!(wire.call(2, "pay", &json!({"n": 2})).denied(), "needs_approval");
    let _ = wire.passes(&call(3, "pay", &json!({"n": 1})));
    assert_eq!(wire.call(4, "pay", &json!({"n": 1})).denied(), "needs_approval");
    assert_eq!(wire.used(), 1);
}

#[test]
fn an_approval_that_a_limit_stops_is_still_there_afterwards() {
    let gate = builder(&policy()).build();
    let mut wire = Wire::of(&gate, "g");
    let sent = wire.call(1, "pay", &json!({}));
    let Event::Decided { decision: Decided::NeedsApproval(asked), .. } = &sent.events[0] else { panic!() };
    gate.add_approval(asked.approve("ticket", later(200_000)), NOW);
    for id in 10..20 {
        let _ = wire.passes(&call(id, "work", &json!({})));
    }
    assert_eq!(wire.call(2, "pay", &json!({})).denied(), "limit_exceeded");
    wire.now = later(86_400);
    let _ = wire.passes(&call(3, "pay", &json!({})));
}

#[test]
fn a_held_call_waits_for_the_programs_word() {
    let gate = builder(&policy()).approvals(Approvals::Hold).build();
    let mut wire = Wire::of(&gate, "g");
    let hold = |wire: &mut Wire, id: i64| {
        let actions = wire.session.from_client(call(id, "pay", &json!({"n": 1})).to_string().as_bytes(), NOW);
        assert!(actions.to_client.is_empty() && actions.to_server.is_empty());
        let mut held = actions.held;
        held.pop().unwrap()
    };
    let waiting = hold(&mut wire, 1);
    assert_eq!(
        (waiting.tool(), waiting.arguments().unwrap()["n"].as_i64(), waiting.identity().value("grant")),
        ("pay", Some(1), Some("g"))
    );
    assert_eq!(wire.call(1, "read", &json!({})).refused(), -32600, "its identifier is taken");
    let sent_on = sent(wire.session.approve(waiting, "one", later(60), NOW));
    assert_eq!(sent_on.forwarded()["params"]["name"], "pay");

    let waiting = hold(&mut wire, 2);
    let declined = sent(wire.session.decline(waiting));
    assert_eq!(declined.denied(), "needs_approval");
    assert!(matches!(declined.events[0], Event::Decided { decision: Decided::Declined, .. }));

    // The same approval a second time, and one that is too old.
    let waiting = hold(&mut wire, 3);
    assert_eq!(sent(wire.session.approve(waiting, "one", later(60), NOW)).denied(), "approval_invalid");
    let waiting = hold(&mut wire, 4);
    assert_eq!(sent(wire.session.approve(waiting, "late", NOW, NOW)).denied(), "approval_invalid");

    // A call that was cancelled is not sent, whoever approves it.
    let waiting = hold(&mut wire, 5);
    let _ = wire.client(&notification("notifications/cancelled", &json!({"requestId": 5})));
    sent(wire.session.approve(waiting, "five", later(60), NOW)).dropped();
    let waiting = hold(&mut wire, 6);
    let _ = wire.client(&notification("notifications/cancelled", &json!({"requestId": 6})));
    let again = hold(&mut wire, 6);
    sent(wire.session.approve(waiting, "six", later(60), NOW)).dropped();
    let _ = sent(wire.session.approve(again, "seven", later(60), NOW)).forwarded();
    assert_eq!(wire.used(), 2);
}

#[test]
fn a_client_that_can_ask_is_asked_while_the_call_waits() {
    let mut wire = Wire::of(&eliciting(), "g");
    initialize(&mut wire, &json!({"elicitation": {}}));
    let asked = wire.call(1, "pay", &json!({"n": 1, "to": "a\u{202e}b"}));
    let question = asked.answered().clone();
    assert_eq!(question["method"], "elicitation/create");
    let message = question["params"]["message"].as_str().unwrap();
    assert!(
        message.contains("Money needs a yes.")
            && message.contains("Tool: pay")
            && message.contains("\"n\":1")
    );
    assert!(!message.contains('\u{202e}'), "what is not seen is shown");
    let sent = wire.client(&result(&question["id"], &json!({"action": "accept", "content": {}})));
    let id = sent.forwarded()["id"].clone();
    assert_eq!(wire.server(&result(&id, &json!({"content": []}))).answered()["id"], 1);
    wire.client(&result(&question["id"], &json!({"action": "accept"}))).dropped();
    // One yes is for one call.
    let _ = wire.call(2, "pay", &json!({"n": 1})).answered()["method"].as_str().unwrap();
}

#[test]
fn t49_nothing_but_accept_is_a_yes() {
    for answer in [
        json!({"action": "decline"}),
        json!({"action": "cancel"}),
        json!({"action": "ACCEPT"}),
        json!({"action": "accept "}),
        json!({"action": ["accept"]}),
        json!({"action": true}),
        json!({"Action": "accept"}),
        json!({}),
        json!({"content": {"action": "accept"}}),
    ] {
        let mut wire = Wire::of(&eliciting(), "g");
        initialize(&mut wire, &json!({"elicitation": {"form": {}}}));
        let id = wire.call(1, "pay", &json!({})).answered()["id"].clone();
        assert_eq!(wire.client(&result(&id, &answer)).denied(), "needs_approval", "{answer}");
        wire.client(&result(&id, &json!({"action": "accept"}))).dropped();

        let state = asked(&wire.client(&modern_pay(2, &json!({}))));
        assert_eq!(
            wire.client(&retry(3, &json!({}), &state, &answer)).denied(),
            "needs_approval",
            "{answer}"
        );
        assert_eq!(wire.used(), 0);
    }
    let mut wire = Wire::of(&eliciting(), "g");
    initialize(&mut wire, &json!({"elicitation": {}}));
    let id = wire.call(1, "pay", &json!({})).answered()["id"].clone();
    let error = json!({"jsonrpc": "2.0", "id": id, "error": {"code": 1, "message": "no", "data": {"action": "accept"}}});
    assert_eq!(wire.client(&error).denied(), "needs_approval");
    let state = asked(&wire.client(&modern_pay(2, &json!({}))));
    let mut bare = modern_pay(3, &json!({}));
    bare["params"]["requestState"] = json!(state);
    assert_eq!(wire.client(&bare).denied(), "needs_approval");
}

#[test]
fn a_client_that_cannot_ask_is_told() {
    for capabilities in [
        json!({}),
        json!({"elicitation": {"url": {}}}),
        json!({"elicitation": true}),
        json!({"Elicitation": {}}),
    ] {
        let mut wire = Wire::of(&eliciting(), "g");
        initialize(&mut wire, &capabilities);
        assert_eq!(wire.call(1, "pay", &json!({})).denied(), "needs_approval", "{capabilities}");
        let mut message = call(2, "pay", &json!({}));
        message["params"]["_meta"] = modern(&capabilities);
        assert_eq!(wire.client(&message).denied(), "needs_approval", "{capabilities}");
    }
    // Off unless it is chosen.
    let mut wire = Wire::new(&policy());
    initialize(&mut wire, &json!({"elicitation": {}}));
    assert_eq!(wire.call(1, "pay", &json!({})).denied(), "needs_approval");
}

#[test]
fn a_call_that_is_cancelled_while_the_client_is_asked_takes_the_question_back() {
    let mut wire = Wire::of(&eliciting(), "g");
    initialize(&mut wire, &json!({"elicitation": {}}));
    let id = wire.call(1, "pay", &json!({})).answered()["id"].clone();
    let back = wire.client(&notification("notifications/cancelled", &json!({"requestId": 1})));
    assert_eq!(*back.answered(), notification("notifications/cancelled", &json!({"requestId": id})));
    wire.client(&result(&id, &json!({"action": "accept"}))).dropped();
    assert_eq!(wire.used(), 0);
}

#[test]
fn from_2026_07_28_on_the_client_carries_the_question_and_makes_the_call_again() {
    let gate = eliciting();
    let mut wire = Wire::of(&gate, "g");
    let arguments = json!({"n": 1});
    let state = asked(&wire.client(&modern_pay(1, &arguments)));
    assert_eq!(wire.session.pending(), 0);
    // Another connection, without any memory of the first.
    let mut wire = Wire::of(&gate, "g");
    let sent = wire.client(&retry(2, &arguments, &state, &json!({"action": "accept", "content": {}})));
    assert_eq!(
        sent.forwarded()["params"],
        json!({"name": "pay", "arguments": arguments, "_meta": modern(&json!({"elicitation": {"form": {}}}))})
    );
    assert_eq!(wire.used(), 1);
    // Once.
    assert_eq!(
        wire.client(&retry(3, &arguments, &state, &json!({"action": "accept"}))).denied(),
        "approval_invalid"
    );
    assert_eq!(wire.used(), 1);
}

#[test]
fn t46_a_state_is_good_for_its_call_its_caller_and_its_time_only() {
    let yes = json!({"action": "accept"});
    let gate = eliciting();
    let mut wire = Wire::of(&gate, "g");
    let state = asked(&wire.client(&modern_pay(1, &json!({"n": 1}))));
    for other in [json!({"n": 2}), json!({"n": "1"}), json!({"n": 1, "m": 1}), json!({})] {
        assert_eq!(wire.client(&retry(2, &other, &state, &yes)).denied(), "approval_invalid", "{other}");
    }
    let mut thief = Wire::of(&gate, "thief");
    assert_eq!(thief.client(&retry(2, &json!({"n": 1}), &state, &yes)).denied(), "approval_invalid");
    let mut forged = state.clone();
    forged.replace_range(20..21, if &state[20..21] == "A" { "B" } else { "A" });
    assert_eq!(wire.client(&retry(2, &json!({"n": 1}), &forged, &yes)).denied(), "approval_invalid");
    // What went wrong has not used it up.
    let mut late = Wire::of(&gate, "g");
    late.now = later(61);
    assert_eq!(late.client(&retry(2, &json!({"n": 1}), &state, &yes)).denied(), "approval_invalid");
    let _ = wire.passes(&retry(3, &json!({"n": 1.0}), &state, &yes));
    // It approves no other tool, and what needs no approval does not use it up.
    let state = asked(&wire.client(&modern_pay(4, &json!({"n": 1}))));
    let mut other = retry(5, &json!({"n": 1}), &state, &yes);
    other["params"]["name"] = json!("wipe");
    assert_eq!(wire.client(&other).denied(), "hidden");
}

#[test]
fn the_servers_state_and_the_sessions_own_are_kept_apart() {
    let mut open = policy();
    open["methods"] = json!(["elicitation/create"]);
    let elicitation = Elicitation::new([7; 32], "nonce", Duration::from_secs(60));
    for (retries, questions) in [(Retries::ChargeEach, 2), (Retries::ChargeOnce, 1)] {
        let gate = builder(&open).approvals(Approvals::Elicit(elicitation.clone())).retries(retries).build();
        let mut wire = Wire::of(&gate, "g");
        let yes = json!({"action": "accept"});
        let state = asked(&wire.client(&modern_pay(1, &json!({}))));
        let id = wire.passes(&retry(2, &json!({}), &state, &yes));
        let wants = json!({"resultType": "input_required", "requestState": "upstream",
            "inputRequests": {"q": {"method": "elicitation/create", "params": {"message": "?"}}}});
        let _ = wire.server(&result(&id, &wants));
        let mut second = modern_pay(3, &json!({}));
        second["params"]["requestState"] = json!("upstream");
        second["params"]["inputResponses"] = json!({"q": {"action": "accept", "content": {"n": 0.1}}});
        let mut sent = wire.client(&second);
        if questions == 2 {
            let state = asked(&sent);
            sent = wire.client(&retry(4, &json!({}), &state, &yes));
        }
        let params = &sent.forwarded()["params"];
        assert_eq!(params["requestState"], "upstream");
        assert_eq!(params["inputResponses"], second["params"]["inputResponses"]);
        assert_eq!(wire.used(), questions, "{retries:?}");
    }
}
