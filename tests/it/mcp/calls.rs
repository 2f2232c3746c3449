//! Calls through a session: judged, forwarded as judged, settled by their answers.

use mcp_policy::mcp::{Decided, Denials, Event, Id, Identity, Limits, Message};
use mcp_policy::{Context, Decision, ToolCall};
use serde_json::{Value, json};

use crate::mcp::wire::{
    NOW, Wire, builder, call, error, later, modern, notification, policy, request, result, sent, used,
};

#[test]
fn a_call_goes_to_the_server_and_its_answer_comes_back_under_its_own_identifier() {
    let mut wire = Wire::new(&policy());
    for id in [json!("a"), json!(-5), json!(u64::MAX), json!("1"), json!(1)] {
        let sent = wire.call(id.clone(), "read", &json!({"path": "/é"}));
        let forwarded = sent.forwarded().clone();
        assert_eq!(forwarded["params"], json!({"name": "read", "arguments": {"path": "/é"}}));
        let answer =
            json!({"content": [{"type": "text", "text": "x"}], "structuredContent": {"a": 1}, "_meta": {}});
        let sent = wire.server(&result(&forwarded["id"], &answer));
        assert_eq!(*sent.answered(), result(&id, &answer));
    }
    assert_eq!(wire.session.pending(), 0);
}

#[test]
fn a_denied_call_is_answered_here_with_a_code_and_a_rule() {
    let mut wire = Wire::new(&policy());
    let sent = wire.call("x", "wipe_disk", &json!({}));
    assert_eq!(sent.denied(), "hidden");
    let decision = &sent.answered()["result"]["_meta"]["io.github.mcp-policy/decision"];
    assert_eq!(*decision, json!({"decision": "deny", "code": "hidden", "rule": "/hide/0", "requestId": "x"}));
    assert_eq!(sent.answered()["result"].get("resultType"), None);
    assert_eq!(wire.call("x", "nope", &json!({})).denied(), "unlisted");

    for id in 0..10 {
        let sent = wire.call(id, "work", &json!({}));
        assert_eq!(sent.to_server.len(), 1);
    }
    let sent = wire.call("over", "work", &json!({}));
    assert_eq!(sent.denied(), "limit_exceeded");
    let decision = &sent.answered()["result"]["_meta"]["io.github.mcp-policy/decision"];
    assert_eq!(decision["retryAfter"], 86_400);

    let mut modern_call = call(99, "nope", &json!({}));
    modern_call["params"]["_meta"] = modern(&json!({}));
    assert_eq!(wire.client(&modern_call).answered()["result"]["resultType"], "complete");
}

#[test]
fn a_permit_is_settled_by_the_answer() {
    type Answer = fn(&Value) -> Value;
    let outcomes: [(Answer, u64); 6] = [
        (|id| result(id, &json!({"content": []})), 1),
        (|id| result(id, &json!({"content": [], "isError": false})), 1),
        (|id| result(id, &json!({"content": [], "isError": true})), 0),
        (|id| result(id, &json!({"content": [], "isError": 1})), 0),
        (|id| error(id, -32602), 0),
        (|id| json!({"jsonrpc": "2.0", "id": id, "result": 5}), 0),
    ];
    for (answer, charged) in outcomes {
        let mut wire = Wire::new(&policy());
        let id = wire.passes(&call(1, "work", &json!({})));
        assert_eq!(wire.used(), 1);
        let sent = wire.server(&answer(&id));
        assert_eq!(sent.answered()["id"], 1);
        assert_eq!((wire.used(), wire.session.pending()), (charged, 0), "{sent:?}");
    }
}

#[test]
fn a_call_that_never_left_gives_its_charge_back_and_a_lost_answer_does_not() {
    let policy = {
        let mut policy = policy();
        policy["tools"]["work"]["limits"][0]["refund"] = json!("unsent");
        policy["tools"]["pay"] = json!({"action": "deny"});
        policy
    };
    let mut wire = Wire::new(&policy);
    let actions = wire.session.from_client(call(1, "work", &json!({})).to_string().as_bytes(), NOW);
    let unsent = actions.to_server[0].clone();
    assert_eq!(wire.used(), 1);
    let sent = sent(wire.session.not_sent(&unsent));
    assert_eq!((sent.answered()["id"].as_i64(), wire.used()), (Some(1), 0));
    crate::mcp::wire::sent(wire.session.not_sent(&unsent)).dropped();

    let actions = wire.session.from_client(call(1, "work", &json!({})).to_string().as_bytes(), NOW);
    let unanswered = actions.to_server[0].clone();
    let gone = crate::mcp::wire::sent(wire.session.answer_lost(&unanswered));
    assert_eq!((gone.answered()["id"].as_i64(), wire.used(), wire.session.pending()), (Some(1), 1, 0));
    crate::mcp::wire::sent(wire.session.answer_lost(&unanswered)).dropped();
    crate::mcp::wire::sent(wire.session.not_sent(&unanswered)).dropped();

    let _ = wire.passes(&call(2, "work", &json!({})));
    let lost = crate::mcp::wire::sent(wire.session.server_closed());
    assert_eq!((lost.answered()["id"].as_i64(), wire.used()), (Some(2), 2));
    assert_eq!(wire.session.pending(), 0);
}

#[test]
fn t09_an_answer_that_cannot_be_read_is_told_to_who_waits_and_gives_nothing_back() {
    // Node writes half of an emoji so, when a text was cut within it.
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    for value in [r#""\ud83d""#, r#"{"a": 1, "a": 2}"#, "99999999999999999999", &deep] {
        let mut wire = Wire::new(&policy());
        let id = wire.passes(&call("a", "work", &json!({})));
        for line in [
            format!(r#"{{"jsonrpc":"2.0","id":{id},"id":{id},"result":{{"x":{value}}}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping","result":{{"x":{value}}}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":{id}00,"result":{{"x":{value}}}}}"#),
            format!(r#"[{{"jsonrpc":"2.0","id":{id},"result":{{"x":{value}}}}}]"#),
        ] {
            sent(wire.session.from_server(line.as_bytes(), NOW)).dropped();
        }
        let line = format!(r#"{{"result":{{"isError":true,"x":{value}}},"jsonrpc":"2.0","id":{id}}}"#);
        let told = sent(wire.session.from_server(line.as_bytes(), NOW));
        assert_eq!((told.refused(), told.answered()["id"].as_str()), (-32603, Some("a")), "{value}");
        assert_eq!((wire.session.pending(), wire.used()), (0, 1));
    }
}

#[test]
fn t65_a_cancelled_or_timed_out_call_keeps_its_charge_and_its_late_answer_is_nobodys() {
    let mut wire = Wire::new(&policy());
    let id = wire.passes(&call("a", "work", &json!({})));
    let cancel = notification("notifications/cancelled", &json!({"requestId": "a", "reason": "bored"}));
    let sent = wire.client(&cancel);
    assert_eq!(
        *sent.forwarded(),
        notification("notifications/cancelled", &json!({"requestId": id, "reason": "bored"}))
    );
    wire.server(&error(&id, 1)).dropped();
    assert_eq!((wire.used(), wire.session.pending()), (1, 0));
    wire.client(&cancel).dropped();

    let id = wire.passes(&call("a", "work", &json!({})));
    let late = crate::mcp::wire::sent(wire.session.timed_out(&Id::from("a")));
    assert_eq!(
        (late.to_client[0]["id"].as_str(), &late.to_server[0]["params"]["requestId"]),
        (Some("a"), &id)
    );
    crate::mcp::wire::sent(wire.session.timed_out(&Id::from("a"))).dropped();
    wire.server(&result(&id, &json!({"content": [], "isError": true}))).dropped();
    assert_eq!(wire.used(), 2);

    let id = wire.passes(&call("a", "work", &json!({})));
    let closed = crate::mcp::wire::sent(wire.session.cancelled(&Id::from("a")));
    assert_eq!(closed.forwarded()["params"]["requestId"], id);
    assert_eq!(wire.used(), 3);
}

#[test]
fn an_identifier_that_is_under_way_is_refused_and_costs_nothing() {
    let mut wire = Wire::new(&policy());
    let id = wire.passes(&call(7, "work", &json!({})));
    assert_eq!(wire.call(7, "work", &json!({})).refused(), -32600);
    assert_eq!(wire.client(&request(7, "tools/list", &json!({}))).refused(), -32600);
    assert_eq!(wire.used(), 1);
    let _ = wire.server(&result(&id, &json!({})));
    assert_eq!(wire.call(7, "work", &json!({})).to_server.len(), 1);
}

/// A client that reuses an identifier gets the late answer to the first request for the second one otherwise:
/// an unfiltered list, for example.
#[test]
fn t52_a_late_answer_to_a_list_does_not_pass_for_the_answer_to_something_else() {
    let mut wire = Wire::new(&policy());
    let list = wire.passes(&request(5, "tools/list", &json!({})));
    let _ = wire.client(&notification("notifications/cancelled", &json!({"requestId": 5})));
    let ping = wire.passes(&request(5, "ping", &json!({})));
    assert_ne!(list, ping);
    wire.server(&result(&list, &json!({"tools": [{"name": "wipe"}]}))).dropped();
    assert_eq!(wire.server(&result(&ping, &json!({}))).answered()["id"], 5);
}

#[test]
fn answers_that_nobody_waits_for_are_dropped() {
    let mut wire = Wire::new(&policy());
    let id = wire.passes(&call(7, "work", &json!({})));
    for other in [json!(7), json!("1"), json!(0), json!(-1), json!(u64::MAX)] {
        if other != id {
            wire.server(&result(&other, &json!({}))).dropped();
        }
    }
    let _ = wire.server(&result(&id, &json!({})));
    wire.server(&result(&id, &json!({"isError": true}))).dropped();
    assert_eq!(wire.used(), 1);
    wire.server(&json!({"jsonrpc": "2.0", "error": {"code": -32700, "message": "?"}})).dropped();
    wire.client(&result(&json!(1), &json!({}))).dropped();
}

#[test]
fn t53_a_tool_that_was_never_listed_is_what_default_says() {
    assert_eq!(Wire::new(&policy()).call(1, "new", &json!({})).denied(), "unlisted");
    let open = json!({"version": "1", "default": "allow"});
    let _ = Wire::new(&open).call(1, "new", &json!({})).forwarded();
}

#[test]
fn t52_a_hidden_tool_is_denied_when_it_is_called() {
    let mut wire = Wire::new(&policy());
    assert_eq!(wire.call(1, "wipe", &json!({})).denied(), "hidden");
    assert_eq!(wire.call(2, "wipe_all", &json!({})).denied(), "hidden");
}

#[test]
fn t48_what_is_forwarded_is_what_was_judged() {
    let mut wire = Wire::new(&json!({"version": "1", "default": "deny", "tools": {"read": {
        "require": [{"conditions": [{"path": "args.path", "op": "path_within", "value": "/data"}]}]
    }}}));
    let line = "{\"jsonrpc\":\"2.0\",\r\"id\":1,\"method\":\"tools\\/call\",\"params\":{\"n\\u0061me\":\"re\\u0061d\",\
        \"arguments\":{\"path\":\"\\/data\\/x\u{2028}\",\"n\":1e2}}}\r\n";
    let actions = wire.session.from_client(line.as_bytes(), NOW);
    assert_eq!(
        actions.to_server[0].to_line(),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\
         \"params\":{\"arguments\":{\"n\":100.0,\"path\":\"/data/x\\u2028\"},\"name\":\"read\"}}"
    );
    let twice = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"path":"/etc","path":"/data"}}}"#;
    let refused = sent(wire.session.from_client(twice.as_bytes(), NOW));
    assert_eq!(refused.refused(), -32700);
}

#[test]
fn t57_what_a_client_says_of_itself_is_no_identity() {
    let policy = json!({"version": "1", "default": "deny", "tools": {
        "admin": {"require": [{"conditions": [{"path": "context.user", "op": "eq", "value": "admin"}]}]},
        "work": {"limits": [{"counter": "work", "window": "day", "max": 10}]}
    }});
    let mut wire = Wire::new(&policy);
    let _ = wire.passes(&request(0, "initialize", &json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "admin", "user": "admin", "version": "1"}
    })));
    let mut message = call(1, "admin", &json!({"user": "admin", "context": {"user": "admin"}}));
    message["params"]["_meta"] = json!({"user": "admin", "context.user": "admin", "io.modelcontextprotocol/clientInfo": {"user": "admin"}});
    message["context"] = json!({"user": "admin"});
    assert_eq!(wire.client(&message).denied(), "require_failed");

    let gate = builder(&policy).build();
    let mut nobody = gate.session(Identity::new());
    let anonymous = sent(nobody.from_client(call(1, "work", &json!({})).to_string().as_bytes(), NOW));
    assert_eq!(anonymous.denied(), "scope_missing");
    let mut admin = gate.session(Identity::new().user("admin"));
    let _ = sent(admin.from_client(call(1, "admin", &json!({})).to_string().as_bytes(), NOW)).forwarded();
}

#[test]
fn t64_the_policy_is_the_same_before_between_and_after_initialize() {
    let mut wire = Wire::new(&policy());
    let try_all = |wire: &mut Wire, id: i64| {
        assert_eq!(wire.call(id, "wipe", &json!({})).denied(), "hidden");
        assert_eq!(wire.call(id, "nope", &json!({})).denied(), "unlisted");
        assert_eq!(
            wire.client(&request(id, "resources/read", &json!({"uri": "file:///x"}))).refused(),
            -32601
        );
        let _ = wire.passes(&call(id, "read", &json!({})));
    };
    try_all(&mut wire, 1);
    let initialize = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}});
    for id in [10, 20] {
        let _ = wire.passes(&request(id, "initialize", &initialize));
        try_all(&mut wire, id + 1);
    }
    let _ = wire.client(&notification("notifications/initialized", &json!({}))).forwarded();
    let mut hidden = call(30, "wipe", &json!({}));
    hidden["params"]["_meta"] = modern(&json!({}));
    assert_eq!(wire.client(&hidden).denied(), "hidden");
    let _ = wire.passes(&request(31, "initialize", &initialize));
    try_all(&mut wire, 32);
}

#[test]
fn t66_two_callers_at_one_server_are_counted_apart() {
    let gate = builder(&policy()).build();
    let (mut a, mut b) = (Wire::of(&gate, "a"), Wire::of(&gate, "b"));
    for id in 0..10 {
        let _ = a.passes(&call(id, "work", &json!({})));
    }
    assert_eq!(a.call(99, "work", &json!({})).denied(), "limit_exceeded");
    let _ = b.passes(&call(99, "work", &json!({})));
    assert_eq!((used(&gate, "a", NOW), used(&gate, "b", NOW)), (10, 1));
}

#[test]
fn t67_events_name_arguments_and_hold_no_values() {
    let mut wire = Wire::new(&policy());
    let tool = "re\u{1b}[31mad\n{\"level\":\"info\"}";
    let denied = wire.call(1, tool, &json!({"z": "hunter2", "a": "hunter2"}));
    let Event::Decided { id, tool: told, arguments, decision, .. } = &denied.events[0] else { panic!() };
    assert_eq!((id, told.as_str(), arguments), (&Id::from(1), tool, &vec!["a".to_owned(), "z".to_owned()]));
    assert!(matches!(decision, Decided::Denied(_)));
    assert!(!format!("{:?}", denied.events).contains("hunter2"));
    assert!(!denied.answered().to_string().contains("hunter2"));
    // A line feed in a name is escaped wherever it goes.
    let actions = wire.session.from_client(call(2, tool, &json!({})).to_string().as_bytes(), NOW);
    assert_eq!(actions.to_client[0].to_line().lines().count(), 1);
}

#[test]
fn t68_tools_that_cannot_be_called_look_alike_if_that_is_wanted() {
    let mut policy = policy();
    policy["tools"]["barred"] = json!({"action": "deny", "reason": "Barred by the board."});
    let gate = builder(&policy).denials(Denials::Conceal).build();
    let mut wire = Wire::of(&gate, "g");
    let answers: Vec<Value> = ["wipe", "nope", "barred"]
        .iter()
        .map(|tool| wire.call(1, tool, &json!({"secret": "hunter2"})).answered().clone())
        .collect();
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    assert!(!answers[0].to_string().contains("hunter2"));
    // What is told by default names neither arguments nor what others have used.
    let told = Wire::new(&policy).call(1, "barred", &json!({"secret": "hunter2"})).answered().to_string();
    assert!(told.contains("Barred by the board.") && !told.contains("hunter2"));
}

#[test]
fn t16_what_looks_like_a_call_is_none_and_does_not_pass() {
    let mut policy = policy();
    policy["methods"] = json!(["TOOLS/CALL", "tools.call"]);
    let mut wire = Wire::new(&policy);
    for method in [
        "TOOLS/CALL",
        "Tools/Call",
        "tools/call ",
        " tools/call",
        "tools.call",
        "tools/calls",
        "tool/call",
        "call",
        "vendor/x",
    ] {
        assert_eq!(wire.client(&request(1, method, &json!({"name": "read"}))).refused(), -32601, "{method}");
        wire.client(&notification(method, &json!({"name": "read"}))).dropped();
    }
    wire.client(&notification("notifications/custom", &json!({}))).dropped();
}

#[test]
fn in_monitor_mode_everything_passes_but_what_no_reader_agrees_on() {
    let mut policy = policy();
    policy["mode"] = json!("monitor");
    let mut wire = Wire::new(&policy);
    let sent = wire.call(1, "wipe", &json!({}));
    let _ = sent.forwarded();
    let Event::Decided { decision: Decided::Allowed { unenforced, .. }, .. } = &sent.events[0] else {
        panic!()
    };
    assert!(unenforced.is_some());
    let read = wire.client(&request(2, "resources/read", &json!({"uri": "x"})));
    let _ = read.forwarded();
    assert!(matches!(&read.events[0], Event::Monitored { method } if method == "resources/read"));
    assert_eq!(wire.client(&request(3, "TOOLS/CALL", &json!({"name": "read"}))).refused(), -32601);
    assert_eq!(wire.call(4, "caf\u{e9}", &json!({})).denied(), "malformed_call");
}

#[test]
fn without_a_policy_nothing_is_called_and_nothing_is_listed() {
    use mcp_policy::mcp::Gate;
    use mcp_policy::{Evaluator, MemoryStore};
    let gate = Gate::new(Evaluator::builder(MemoryStore::new()).build());
    let mut wire = Wire::of(&gate, "g");
    assert_eq!(wire.call(1, "read", &json!({})).denied(), "no_policy");
    let id = wire.passes(&request(2, "tools/list", &json!({})));
    let sent = wire.server(&result(&id, &json!({"tools": [{"name": "read"}]})));
    assert_eq!(sent.answered()["result"]["tools"], json!([]));
    assert_eq!(wire.client(&request(3, "resources/list", &json!({}))).refused(), -32601);
}

#[test]
fn a_call_decided_while_another_took_its_identifier_is_refused_and_given_back() {
    use mcp_policy::mcp::Step;
    let mut wire = Wire::new(&policy());
    let bytes = call(1, "work", &json!({})).to_string();
    let Step::Judge(mut first) = wire.session.step_from_client(bytes.as_bytes(), NOW) else { panic!() };
    let _ = wire.passes(&call(1, "read", &json!({})));
    let decision = first.evaluate_at(NOW);
    assert!(matches!(decision, Decision::Allow(_)));
    let Step::Done(actions) = wire.session.decided(first, decision, NOW) else { panic!() };
    assert_eq!(sent(actions.settle()).refused(), -32600);
    assert_eq!(wire.used(), 0);
}

#[test]
fn with_a_store_that_is_waited_for_the_same_comes_out() {
    use std::pin::pin;
    use std::task::{Context as TaskContext, Poll, Waker};
    let mut wire = Wire::new(&policy());
    let bytes = call(1, "work", &json!({})).to_string();
    let Poll::Ready(actions) = pin!(wire.session.from_client_async(bytes.as_bytes(), NOW))
        .poll(&mut TaskContext::from_waker(Waker::noop()))
    else {
        panic!()
    };
    let id = sent(actions).forwarded()["id"].clone();
    let bytes = error(&id, 5).to_string();
    let Poll::Ready(actions) = pin!(wire.session.from_server_async(bytes.as_bytes(), NOW))
        .poll(&mut TaskContext::from_waker(Waker::noop()))
    else {
        panic!()
    };
    assert_eq!((sent(actions).answered()["id"].as_i64(), wire.used()), (Some(1), 0));
}

#[test]
fn a_gate_decides_as_its_sessions_do() {
    let gate = builder(&policy()).build();
    let caller = Identity::new().grant("g");
    let Decision::Deny(denial) = gate.decide_at("wipe", None, &caller, NOW) else { panic!() };
    let mut wire = Wire::of(&gate, "g");
    let mut told = wire.call(1, "wipe", &json!({})).answered()["result"].clone();
    told["_meta"]["io.github.mcp-policy/decision"].as_object_mut().unwrap().remove("requestId");
    assert_eq!(json!(gate.denied(&denial)), told);
    assert!(matches!(gate.decide_at("work", Some(&json!({})), &caller, NOW), Decision::Allow(_)));
    assert!(matches!(gate.decide_at("work", Some(&json!([])), &caller, NOW), Decision::Deny(_)));
    assert_eq!(wire.used(), 1);

    let Decision::NeedsApproval(request) = gate.decide_at("pay", None, &caller, NOW) else { panic!() };
    gate.add_approval(request.approve("one", later(60)), NOW);
    assert!(matches!(gate.decide_at("pay", None, &caller, NOW), Decision::Allow(_)));
    assert!(matches!(gate.decide_at("pay", None, &caller, NOW), Decision::NeedsApproval(_)));
    assert!(!gate.lets_pass("tools/call") && !gate.lets_pass("tasks/get") && gate.lets_pass("ping"));
}

#[test]
fn t16_a_gate_that_monitors_lets_nothing_pass_that_looks_like_a_call() {
    let mut monitored = policy();
    monitored["mode"] = json!("monitor");
    let gate = builder(&monitored).build();
    for method in ["tools/call", "TOOLS/CALL", "tools/call ", "tools_call", "tools/list", "tasks/get"] {
        assert!(!gate.lets_pass(method), "{method}");
    }
    assert!(gate.lets_pass("resources/read"));
}

#[test]
fn what_was_read_before_goes_through_a_session_too() {
    let mut wire = Wire::new(&policy());
    let bytes = call(1, "wipe", &json!({})).to_string();
    let message = Message::read(bytes.as_bytes(), &Limits::CLIENT).unwrap();
    assert_eq!(sent(wire.session.message_from_client(message, NOW)).denied(), "hidden");
    let context = Context::new();
    assert!(matches!(
        wire.session
            .gate()
            .evaluator()
            .evaluate_at(&ToolCall::new("wipe", None::<&Value>).context(&context), NOW),
        Decision::Deny(_)
    ));
}
