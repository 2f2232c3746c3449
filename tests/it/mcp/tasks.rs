//! Tasks: each is its caller's alone, and what it costs is settled when it ends.

use serde_json::{Value, json};

use crate::mcp::wire::{Wire, builder, call, later, modern, notification, policy, request, result, used};

/// A call that the server makes a task of; the calls are charged to `grant`.
fn begin(wire: &mut Wire, task: &str, legacy: bool) {
    let mut call = call("c", "work", &json!({}));
    let answer = if legacy {
        call["params"]["task"] = json!({"ttl": 60_000});
        json!({"task": {"taskId": task, "status": "working", "ttl": 60_000}})
    } else {
        call["params"]["_meta"] = modern(&json!({}));
        json!({"resultType": "task", "taskId": task, "status": "working", "ttlMs": 60_000})
    };
    let id = wire.passes(&call);
    assert_eq!(wire.server(&result(&id, &answer)).answered()["result"], answer);
}

#[test]
fn t61_a_task_is_judged_when_it_begins() {
    let mut wire = Wire::new(&policy());
    let mut call = call(1, "wipe", &json!({}));
    call["params"]["task"] = json!({"ttl": 60_000});
    assert_eq!(wire.client(&call).denied(), "hidden");
    begin(&mut wire, "t", true);
    assert_eq!(wire.used(), 1);
}

#[test]
fn t61_another_callers_task_is_no_task_and_neither_is_an_unknown_one() {
    for legacy in [true, false] {
        let gate = builder(&policy()).build();
        let mut owner = Wire::of(&gate, "owner");
        begin(&mut owner, "t1", legacy);
        let mut other = Wire::of(&gate, "other");
        for method in ["tasks/get", "tasks/result", "tasks/cancel", "tasks/vendor"] {
            let mine = other.client(&request(1, method, &json!({"taskId": "t1"})));
            let unknown = other.client(&request(1, method, &json!({"taskId": "t2"})));
            assert_eq!(mine.refused(), -32602);
            assert_eq!(mine.answered(), unknown.answered(), "nobody learns what there is");
        }
        other
            .server(&notification(
                "notifications/tasks/status",
                &json!({"taskId": "t1", "status": "working"}),
            ))
            .dropped();
        other
            .server(&notification("notifications/tasks", &json!({"taskId": "t1", "status": "completed"})))
            .dropped();
        // A server that calls another's task by the same name does not make it theirs.
        begin(&mut other, "t1", legacy);
        assert_eq!(other.client(&request(1, "tasks/get", &json!({"taskId": "t1"}))).refused(), -32602);
        // The owner gets at it from another connection too.
        let mut again = Wire::of(&gate, "owner");
        let _ = again.passes(&request(1, "tasks/get", &json!({"taskId": "t1"})));
        again.now = later(60);
        assert_eq!(again.client(&request(2, "tasks/get", &json!({"taskId": "t1"}))).refused(), -32602);
    }
}

#[test]
fn t61_a_list_of_tasks_shows_the_callers_own() {
    let gate = builder(&policy()).build();
    let mut owner = Wire::of(&gate, "owner");
    begin(&mut owner, "t1", true);
    let list = json!({"tasks": [{"taskId": "t1"}, {"taskId": "t2"}, {}, 5], "nextCursor": "x"});
    for (grant, shown) in [("owner", json!([{"taskId": "t1"}])), ("other", json!([]))] {
        let mut wire = Wire::of(&gate, grant);
        let id = wire.passes(&request(1, "tasks/list", &json!({})));
        assert_eq!(
            wire.server(&result(&id, &list)).answered()["result"],
            json!({"tasks": shown, "nextCursor": "x"})
        );
        let id = wire.passes(&request(1, "tasks/list", &json!({})));
        assert_eq!(wire.server(&result(&id, &json!({"tasks": {}}))).refused(), -32603);
    }
}

#[test]
fn t61_a_task_keeps_its_charge_until_it_ends_and_a_failure_gives_it_back() {
    let ends: [(&str, Value, u64); 6] = [
        ("tasks/result", json!({"content": []}), 1),
        ("tasks/result", json!({"content": [], "isError": true}), 0),
        (
            "tasks/get",
            json!({"taskId": "t", "status": "completed", "result": {"content": [], "isError": true}}),
            0,
        ),
        ("tasks/get", json!({"taskId": "t", "status": "completed", "result": {"content": []}}), 1),
        ("tasks/get", json!({"taskId": "t", "status": "failed"}), 0),
        ("tasks/get", json!({"taskId": "t", "status": "cancelled"}), 1),
    ];
    for (method, answer, charged) in ends {
        let mut wire = Wire::new(&policy());
        begin(&mut wire, "t", true);
        let id = wire.passes(&request(1, "tasks/get", &json!({"taskId": "t"})));
        let _ = wire.server(&result(&id, &json!({"taskId": "t", "status": "working"})));
        assert_eq!(wire.used(), 1);
        let id = wire.passes(&request(1, method, &json!({"taskId": "t"})));
        assert_eq!(wire.server(&result(&id, &answer)).answered()["result"], answer);
        assert_eq!(wire.used(), charged, "{method} {answer}");
        // A second answer settles nothing.
        let id = wire.passes(&request(1, method, &json!({"taskId": "t"})));
        let _ = wire.server(&result(&id, &answer));
        assert_eq!(wire.used(), charged);
    }
    let mut wire = Wire::new(&policy());
    begin(&mut wire, "t", false);
    let news = notification("notifications/tasks", &json!({"taskId": "t", "status": "failed"}));
    assert_eq!(*wire.server(&news).answered(), news);
    assert_eq!(wire.used(), 0);
}

#[test]
fn t61_an_answer_about_another_task_than_was_asked_for_does_not_pass() {
    let mut wire = Wire::new(&policy());
    begin(&mut wire, "t", false);
    let id = wire.passes(&request(1, "tasks/get", &json!({"taskId": "t"})));
    let told = wire
        .server(&result(&id, &json!({"taskId": "other", "status": "completed", "result": {"secret": 1}})));
    assert_eq!(told.refused(), -32603);
    let id = wire.passes(&request(1, "tasks/get", &json!({"taskId": "t"})));
    let asks = json!({"taskId": "t", "status": "input_required", "inputRequests": {"q": {"method": "elicitation/create", "params": {}}}});
    assert_eq!(wire.server(&result(&id, &asks)).refused(), -32603);
}

#[test]
fn t61_answers_for_a_task_pass_only_where_its_questions_do() {
    let update =
        request(1, "tasks/update", &json!({"taskId": "t", "inputResponses": {"q": {"action": "accept"}}}));
    let mut wire = Wire::new(&policy());
    begin(&mut wire, "t", false);
    assert_eq!(wire.client(&update).refused(), -32601);
    let mut open = policy();
    open["methods"] = json!(["elicitation/create"]);
    let mut wire = Wire::new(&open);
    assert_eq!(wire.client(&update).refused(), -32602);
    begin(&mut wire, "t", false);
    let _ = wire.passes(&update);
}

#[test]
fn t61_nobody_subscribes_to_anothers_tasks() {
    let mut open = policy();
    open["methods"] = json!(["subscriptions/listen"]);
    let mut wire = Wire::new(&open);
    begin(&mut wire, "t", false);
    let listen =
        |tasks: Value| request(1, "subscriptions/listen", &json!({"notifications": {"taskIds": tasks}}));
    assert_eq!(wire.client(&listen(json!(["t", "u"]))).refused(), -32602);
    assert_eq!(wire.client(&listen(json!("t"))).refused(), -32602);
    let _ = wire.passes(&listen(json!(["t"])));
}

#[test]
fn the_first_news_of_a_task_may_come_before_its_name() {
    let mut wire = Wire::new(&policy());
    let news = notification("notifications/tasks/status", &json!({"taskId": "t", "status": "working"}));
    wire.server(&news).dropped();
    let mut call = call(1, "work", &json!({}));
    call["params"]["task"] = json!({});
    let id = wire.passes(&call);
    assert_eq!(*wire.server(&news).answered(), news);
    let _ = wire.server(&result(&id, &json!({"task": {"taskId": "t", "status": "working"}})));
    assert_eq!(*wire.server(&news).answered(), news);
    assert_eq!(used(wire.session.gate(), "g", wire.now), 1);
}
