//! Nothing grows without bound, and little is kept for a connection at rest.

use mcp_policy::MemoryStore;
use mcp_policy::mcp::{Gate, Id, Identity, MAX_PENDING, MAX_QUESTIONS};
use serde_json::{Value, json};

use crate::mcp::wire::{NOW, Wire, builder, call, notification, policy, request, result};

fn open() -> Value {
    json!({"version": "1", "default": "allow", "methods": ["elicitation/create", "subscriptions/listen"]})
}

#[test]
fn calls_that_are_never_answered_are_bounded() {
    let mut wire = Wire::new(&policy());
    for id in 0..MAX_PENDING {
        let _ = wire.passes(&request(id, "ping", &json!({})));
    }
    for id in 0..10 {
        assert_eq!(wire.call(format!("more {id}"), "work", &json!({})).refused(), 4290);
    }
    assert_eq!((wire.session.pending(), wire.used()), (MAX_PENDING, 0));
    // Every way out makes room.
    let _ = wire.client(&notification("notifications/cancelled", &json!({"requestId": 0})));
    let _ = wire.session.timed_out(&Id::from(1));
    let _ = wire.session.cancelled(&Id::from(2));
    let _ = wire.server(&result(&json!(4), &json!({})));
    assert_eq!(wire.session.pending(), MAX_PENDING - 4);
    let lost = wire.session.server_closed();
    assert_eq!((lost.to_client.len(), wire.session.pending()), (MAX_PENDING - 4, 0));
}

#[test]
fn t65_ten_thousand_cancelled_calls_leave_nothing() {
    let mut policy = policy();
    policy["tools"]["work"]["limits"][0]["max"] = json!(100_000);
    policy["tools"]["pay"] = json!({});
    let mut wire = Wire::new(&policy);
    let round = |wire: &mut Wire| {
        let id = wire.passes(&call(1, "work", &json!({"a": "x".repeat(100)})));
        let _ = wire.client(&notification("notifications/cancelled", &json!({"requestId": 1})));
        wire.server(&result(&id, &json!({}))).dropped();
    };
    round(&mut wire);
    let kept = allocation_counter::measure(|| {
        for _ in 1..10_000 {
            round(&mut wire);
        }
    });
    assert_eq!((wire.session.pending(), wire.used()), (0, 10_000));
    assert!(kept.bytes_current <= 4_096, "{kept:?}");
}

#[test]
fn changes_of_lists_and_tasks_and_other_news_leave_nothing() {
    let mut wire = Wire::new(&policy());
    let round = |wire: &mut Wire| {
        let _ = wire.server(&notification("notifications/tools/list_changed", &json!({})));
        let _ = wire.server(&notification(
            "notifications/tasks/status",
            &json!({"taskId": "x", "status": "working"}),
        ));
        let _ = wire.server(&request("s", "sampling/createMessage", &json!({"messages": []})));
        let _ = wire.client(&result(&json!(5), &json!({})));
        let id = wire.passes(&request(1, "tools/list", &json!({})));
        let _ = wire.server(&result(&id, &json!({"tools": [{"name": "a"}]})));
    };
    round(&mut wire);
    let kept = allocation_counter::measure(|| {
        for _ in 0..10_000 {
            round(&mut wire);
        }
    });
    assert!(kept.bytes_current <= 1_024, "{kept:?}");
}

#[test]
fn questions_of_the_server_that_are_never_answered_are_bounded() {
    let mut wire = Wire::new(&open());
    for id in 0..MAX_QUESTIONS {
        let _ = wire.server(&request(id, "elicitation/create", &json!({"message": "?"}))).answered();
    }
    let more = wire.server(&request("more", "elicitation/create", &json!({"message": "?"})));
    assert_eq!(more.forwarded()["error"]["code"], 4290);
}

#[test]
fn tasks_without_end_are_bounded_for_each_caller() {
    let gate = builder(&open()).build();
    let mut owner = Wire::of(&gate, "quiet");
    let begin = |wire: &mut Wire, task: &str| {
        let id = wire.passes(&call(1, "t", &json!({})));
        let _ = wire.server(&result(&id, &json!({"resultType": "task", "taskId": task})));
    };
    begin(&mut owner, "mine");
    let mut flood = Wire::of(&gate, "loud");
    begin(&mut flood, "first");
    let kept = allocation_counter::measure(|| {
        for task in 0..10_000 {
            begin(&mut flood, &format!("task {task}"));
        }
    });
    assert!(kept.bytes_current <= 512 << 10, "{kept:?}");
    assert_eq!(flood.client(&request(1, "tasks/get", &json!({"taskId": "first"}))).refused(), -32602);
    let _ = flood.passes(&request(2, "tasks/get", &json!({"taskId": "task 9999"})));
    let _ = owner.passes(&request(2, "tasks/get", &json!({"taskId": "mine"})));
    begin(&mut owner, &"x".repeat(10_000));
    assert_eq!(
        owner.client(&request(3, "tasks/get", &json!({"taskId": "x".repeat(10_000)}))).refused(),
        -32602
    );
}

#[test]
fn a_session_at_rest_takes_less_than_two_kibibytes() {
    let gate: Gate<MemoryStore> = builder(&policy()).build();
    let identity = || {
        Identity::new()
            .grant("a-grant-with-a-long-name-of-sixty-four-characters-or-there-abouts")
            .user("somebody@corp.example")
            .session("2f6c1d9e-5a0b-4d55-9d7e-0c1f3b7a9e21")
    };
    let mut session = None;
    let taken = allocation_counter::measure(|| session = Some(Box::new(gate.session(identity()))));
    let mut session = session.unwrap();
    assert!(taken.bytes_current <= 2_048, "{taken:?}");
    // Nor after it has been used.
    let kept = allocation_counter::measure(|| {
        for _ in 0..3 {
            let actions = session.from_client(call(1, "read", &json!({})).to_string().as_bytes(), NOW);
            let id = actions.to_server[0].id().unwrap().to_string();
            let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
            let _ = session.from_server(answer.as_bytes(), NOW);
        }
    });
    assert!(taken.bytes_current + kept.bytes_current <= 2_048, "{taken:?} {kept:?}");
}
