//! Which methods pass, in both directions.

use serde_json::{Value, json};

use crate::mcp::wire::{Wire, call, error, modern, notification, policy, request, result};

#[test]
fn t62_other_methods_do_not_pass_unless_the_policy_names_them() {
    let methods = [
        ("resources/read", json!({"uri": "file:///etc/passwd"})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/subscribe", json!({"uri": "x"})),
        ("resources/unsubscribe", json!({"uri": "x"})),
        ("resources/directory/read", json!({"uri": "x"})),
        ("prompts/get", json!({"name": "x"})),
        ("prompts/list", json!({})),
        ("completion/complete", json!({"ref": {}, "argument": {}})),
        ("subscriptions/listen", json!({"notifications": {}})),
        ("skills/get", json!({"name": "x"})),
        ("skills/list", json!({})),
        ("sampling/createMessage", json!({"messages": []})),
        ("vendor/anything", json!({})),
    ];
    let names: Vec<_> = methods.iter().map(|(method, _)| *method).collect();
    for default in ["deny", "allow"] {
        let closed = json!({"version": "1", "default": default});
        let open = json!({"version": "1", "default": default, "methods": names});
        for (method, params) in &methods {
            assert_eq!(Wire::new(&closed).client(&request(1, method, params)).refused(), -32601, "{method}");
            let mut wire = Wire::new(&open);
            let id = wire.passes(&request(1, method, params));
            assert_eq!(wire.server(&result(&id, &json!({"x": 1}))).answered()["result"], json!({"x": 1}));
        }
    }
}

#[test]
fn what_mcp_needs_to_work_always_passes() {
    let mut wire = Wire::new(&policy());
    for (method, params) in [
        ("initialize", json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}})),
        ("server/discover", json!({})),
        ("ping", json!({})),
        ("logging/setLevel", json!({"level": "info"})),
    ] {
        let id = wire.passes(&request("x", method, &params));
        let _ = wire.server(&result(&id, &json!({"resultType": "complete"}))).answered();
    }
    for method in ["notifications/initialized", "notifications/progress", "notifications/roots/list_changed"]
    {
        let _ = wire.client(&notification(method, &json!({}))).forwarded();
    }
    for method in [
        "notifications/message",
        "notifications/progress",
        "notifications/tools/list_changed",
        "notifications/resources/updated",
        "notifications/elicitation/complete",
    ] {
        let message = notification(method, &json!({"x": 1}));
        assert_eq!(*wire.server(&message).answered(), message);
    }
    wire.server(&notification("notifications/vendor", &json!({}))).dropped();
}

#[test]
fn t63_a_server_asks_the_client_nothing_that_the_policy_does_not_name() {
    let asked = [
        ("sampling/createMessage", json!({"messages": [], "maxTokens": 1_000_000})),
        ("elicitation/create", json!({"message": "Your password?", "requestedSchema": {}})),
        ("roots/list", json!({})),
    ];
    for (method, params) in &asked {
        let mut wire = Wire::new(&policy());
        let refused = wire.server(&request("s", method, params));
        assert_eq!(
            (refused.forwarded()["id"].as_str(), &refused.forwarded()["error"]["code"]),
            (Some("s"), &json!(-32601))
        );

        let mut open = policy();
        open["methods"] = json!([method]);
        let mut wire = Wire::new(&open);
        let sent = wire.server(&request("s", method, params));
        let id = sent.answered()["id"].clone();
        assert_eq!(sent.answered()["params"], *params);
        // The same identifier again while it is under way.
        assert_eq!(wire.server(&request("s", method, params)).forwarded()["error"]["code"], -32600);
        let sent = wire.client(&result(&id, &json!({"action": "decline"})));
        assert_eq!(*sent.forwarded(), result(&json!("s"), &json!({"action": "decline"})));
        wire.client(&result(&id, &json!({"action": "accept"}))).dropped();
    }
    let mut wire = Wire::new(&policy());
    for method in ["tools/call", "TOOLS/CALL", "vendor/x", "resources/read"] {
        let params = json!({"name": "x", "uri": "x"});
        assert_eq!(wire.server(&request(1, method, &params)).forwarded()["error"]["code"], -32601);
    }
    // A ping goes both ways.
    let id = wire.server(&request(1, "ping", &json!({}))).answered()["id"].clone();
    assert_eq!(wire.client(&error(&id, 5)).forwarded()["id"], 1);
}

#[test]
fn t63_what_a_server_wants_within_a_result_is_judged_by_its_method() {
    let wanted = |method: &str, params: Value| {
        json!({
            "resultType": "input_required", "requestState": "s", "inputRequests": {"q": {"method": method, "params": params}}
        })
    };
    let elicit = || wanted("elicitation/create", json!({"message": "Your password?"}));
    let mut call = call(1, "work", &json!({}));
    call["params"]["_meta"] = modern(&json!({"elicitation": {}}));
    for result_of_server in [
        elicit(),
        wanted("sampling/createMessage", json!({"messages": []})),
        wanted("roots/list", json!({})),
        wanted("tools/call", json!({"name": "x"})),
        json!({"resultType": "input_required", "inputRequests": []}),
        json!({"resultType": "complete", "content": [], "inputRequests": {"q": 5}}),
        json!({"resultType": "complete", "content": [], "input_requests": {}}),
        json!({"resultType": "complete", "content": [], "InputRequests": {}}),
    ] {
        let mut wire = Wire::new(&policy());
        let id = wire.passes(&call);
        let told = wire.server(&result(&id, &result_of_server));
        assert_eq!(told.refused(), -32603, "{result_of_server}");
        assert!(!told.answered().to_string().contains("password"));
        assert_eq!(wire.used(), 0);
    }
    let mut open = policy();
    open["methods"] = json!(["elicitation/create", "resources/read"]);
    let mut wire = Wire::new(&open);
    let id = wire.passes(&call);
    assert_eq!(wire.server(&result(&id, &elicit())).answered()["result"], elicit());
    let id = wire.passes(&request(2, "resources/read", &json!({"uri": "x"})));
    assert_eq!(
        wire.server(&result(&id, &wanted("sampling/createMessage", json!({"messages": []})))).refused(),
        -32603
    );
    let twice = json!({"inputRequests": {"a": {"method": "elicitation/create", "params": {}}, "b": {"method": "roots/list"}}});
    let id = wire.passes(&request(2, "resources/read", &json!({"uri": "x"})));
    assert_eq!(wire.server(&result(&id, &twice)).refused(), -32603);
}

#[test]
fn t63_an_error_that_sends_a_person_to_a_page_is_an_elicitation_too() {
    let asks = |id: &Value| {
        json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32042, "message": "go", "data": {
            "elicitations": [{"mode": "url", "url": "https://evil.example", "elicitationId": "1", "message": "x"}]
        }}})
    };
    let mut wire = Wire::new(&policy());
    let id = wire.passes(&call(1, "work", &json!({})));
    let told = wire.server(&asks(&id));
    assert_eq!(told.refused(), -32603);
    assert!(!told.answered().to_string().contains("evil"));
    let mut open = policy();
    open["methods"] = json!(["elicitation/create"]);
    let mut wire = Wire::new(&open);
    let id = wire.passes(&call(1, "work", &json!({})));
    assert_eq!(wire.server(&asks(&id)).refused(), -32042);
}

#[test]
fn a_server_takes_its_own_question_back_and_no_other() {
    let mut open = policy();
    open["methods"] = json!(["elicitation/create"]);
    let mut wire = Wire::new(&open);
    let question = request("s", "elicitation/create", &json!({"message": "?"}));
    let id = wire.server(&question).answered()["id"].clone();
    wire.server(&notification("notifications/cancelled", &json!({"requestId": id}))).dropped();
    let back = wire.server(&notification("notifications/cancelled", &json!({"requestId": "s"})));
    assert_eq!(back.answered()["params"]["requestId"], id);
    wire.client(&result(&id, &json!({"action": "accept"}))).dropped();
    // It cannot end a call of the client.
    let work = wire.passes(&call(1, "work", &json!({})));
    wire.server(&notification("notifications/cancelled", &json!({"requestId": work}))).dropped();
    assert_eq!(wire.session.pending(), 1);
}

#[test]
fn a_stream_of_news_is_known_by_the_clients_own_identifier() {
    let mut open = policy();
    open["methods"] = json!(["subscriptions/listen"]);
    let mut wire = Wire::new(&open);
    let key = "io.modelcontextprotocol/subscriptionId";
    let id = wire.passes(&request(
        "mine",
        "subscriptions/listen",
        &json!({"notifications": {"toolsListChanged": true}}),
    ));
    for method in ["notifications/subscriptions/acknowledged", "notifications/tools/list_changed"] {
        let told = wire.server(&notification(method, &json!({"_meta": {key: id}})));
        assert_eq!(told.answered()["params"]["_meta"][key], "mine");
    }
    wire.server(&notification("notifications/tools/list_changed", &json!({"_meta": {key: 99}}))).dropped();
    wire.server(&notification("notifications/tools/list_changed", &json!({"_meta": {key: "mine"}})))
        .dropped();
    let end = wire.server(&result(&id, &json!({"resultType": "complete", "_meta": {key: id}})));
    assert_eq!(
        (end.answered()["id"].as_str(), &end.answered()["result"]["_meta"][key]),
        (Some("mine"), &json!("mine"))
    );

    let id = wire.passes(&request("mine", "subscriptions/listen", &json!({"notifications": {}})));
    let end = wire.server(&notification("notifications/cancelled", &json!({"requestId": id})));
    assert_eq!(end.answered()["params"]["requestId"], "mine");
    assert_eq!(wire.session.pending(), 0);
}

#[test]
fn what_the_server_sends_and_nobody_can_read_reaches_nobody() {
    let mut wire = Wire::new(&policy());
    for bytes in [
        &b"log: starting"[..],
        b"",
        b"[]",
        b"{}",
        b"\xff",
        br#"{"jsonrpc":"2.0","method":"notifications/message","method":"x"}"#,
    ] {
        let actions = wire.session.from_server(bytes, wire.now);
        assert_eq!(actions.events.len(), 1);
        crate::mcp::wire::sent(actions).dropped();
    }
}
