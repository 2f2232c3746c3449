//! Keys: what they look like, that they expire, and that two clocks do not disturb each other.

use std::time::{Duration, SystemTime};

use mcp_policy::Outcome;
use mcp_policy::store::{AsyncCounterStore, RedisStore, Refusal};
use mcp_policy::{Context, Decision, DenialCode, Evaluator, ToolCall};
use serde_json::{Value, json};

use super::server::{Cluster, Server};
use super::{
    Came, by_callers_clock, by_servers_clock, charge, limited, place_of, policy, price, run, seconds,
};

/// All keys, sorted.
fn keys(server: &Server) -> Vec<String> {
    let mut keys: Vec<String> = server.run("KEYS *");
    keys.sort();
    keys
}

fn server_now(server: &Server) -> u64 {
    let [seconds, _]: [u64; 2] = server.run("TIME");
    seconds
}

#[test]
fn t30_a_person_can_read_a_key_and_all_of_a_call_share_a_slot() {
    let server = Server::start();
    run(async {
        let tools = json!({"t": {"limits": [
            {"counter": "a|b}{c", "window": "minute", "max": 1, "scope": ["grant", "args.id"]},
            {"counter": "spend", "window": "lifetime", "max": 1, "scope": "global"},
        ]}});
        let store = RedisStore::builder(&server.url()).prefix("test:").connect().await.unwrap();
        let evaluator = Evaluator::builder(store).policy(policy(&tools)).namespace("git{hub}|x").build();
        let arguments = json!({"id": "} {"});
        let context = Context::new().grant("alice");
        let call = ToolCall::new("t", &arguments).context(&context);
        assert!(matches!(evaluator.evaluate_async(&call).await, Decision::Allow(_)));
        assert_eq!(
            keys(&server),
            [
                "test:{ns:git%7Bhub%7D%7Cx}|counter:a%7Cb%7D%7Bc|minute|fixed",
                "test:{ns:git%7Bhub%7D%7Cx}|counter:spend|lifetime|fixed",
            ]
        );
        let fields = |key: &str| {
            let mut fields: Vec<String> = server.run(&format!("HKEYS {key}"));
            fields.sort();
            fields
        };
        let [first, second] = [0, 1].map(|index| fields(&keys(&server)[index]));
        assert_eq!(first, ["about", "args.id:%7D%20%7B|grant:alice"]);
        assert_eq!(second, ["about", "global"]);
    });
}

#[test]
fn t30_stores_with_other_prefixes_and_evaluators_with_other_namespaces_share_nothing() {
    let server = Server::start();
    run(async {
        let policy = limited(&[json!({"window": "day", "max": 1})]);
        for prefix in ["a:", "b:", "", "a:b:"] {
            let store = RedisStore::builder(&server.url()).prefix(prefix).connect().await.unwrap();
            for namespace in ["", "x", "b:"] {
                let evaluator =
                    Evaluator::builder(store.clone()).policy(policy.clone()).namespace(namespace).build();
                let call = ToolCall::new("t", None::<&Value>);
                assert!(
                    matches!(evaluator.evaluate_async(&call).await, Decision::Allow(_)),
                    "{prefix}{namespace}"
                );
                assert!(
                    matches!(evaluator.evaluate_async(&call).await, Decision::Deny(_)),
                    "{prefix}{namespace}"
                );
            }
        }
    });
}

#[test]
fn t43_every_key_expires_but_those_of_lifetime_counters() {
    let server = Server::start();
    let windows = ["second", "minute", "hour", "day", "week", "month"];
    run(async {
        let mut limits: Vec<_> = windows.iter().map(|window| json!({"window": window, "max": 9})).collect();
        limits.push(json!({"window": "lifetime", "max": 9}));
        limits.push(json!({"window": "hour", "max": 9, "algorithm": "sliding"}));
        let charges = price(&limited(&limits), &json!({}), seconds(0));
        let store = by_servers_clock(&server.url()).await;
        for round in 0..2 {
            assert_eq!(charge(&store, &charges).await, Came::Passed, "{round}");
            let reservation = store.reserve(&charges, seconds(0)).await.unwrap();
            for (charged, length) in
                reservation.charged().iter().zip([1, 60, 3_600, 86_400, 604_800, 31 * 86_400])
            {
                let (key, _) = place_of(charged.key());
                let left: i64 = server.run(&format!("TTL {key}"));
                let end = charged.until().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
                let until_end = i64::try_from(end).unwrap() - i64::try_from(server_now(&server)).unwrap();
                let margin = (2 * length).max(86_400);
                // Months are of 28 days and more.
                let least = until_end + margin.min(2 * 28 * 86_400) - 5;
                assert!((least..=until_end + margin + 5).contains(&left), "{key} {left} {until_end}");
            }
            store.refund(&reservation.refundable(Outcome::Unsent)).await.unwrap();
        }
        let forever: Vec<_> =
            keys(&server).into_iter().filter(|key| server.run::<i64>(&format!("TTL {key}")) < 0).collect();
        assert_eq!(forever, ["mcp-policy:{ns:}|counter:c6|lifetime|fixed"]);
    });
}

#[test]
fn t39_by_the_servers_clock_no_gateway_resets_or_extends_a_window() {
    let server = Server::start();
    run(async {
        // Far from the end of the hour, or of the day, the test could take.
        let charges = price(
            &limited(&[
                json!({"window": 31_536_000, "max": 10}),
                json!({"window": 31_536_000, "max": 10, "algorithm": "sliding"}),
            ]),
            &json!({}),
            seconds(0),
        );
        let store = by_servers_clock(&server.url()).await;
        let year = 365 * 86_400;
        let mut passed = 0;
        for round in 0..40 {
            let skewed = seconds([0, 1_795_341_600, 1_795_341_600 + 3 * year, 1 << 40][round % 4]);
            passed += u64::from(store.reserve(&charges, skewed).await.is_ok());
        }
        assert_eq!(passed, 10);
        // What the agent is told to wait goes by the server's clock too.
        let Err(Refusal::Exceeded(exceeded)) = store.reserve(&charges, seconds(0)).await else { panic!() };
        assert!(exceeded.retry_after.unwrap() <= Duration::from_secs(year / 16 * 17 + 1), "{exceeded:?}");
    });
}

#[test]
fn t39_by_the_callers_clock_windows_are_the_callers() {
    let server = Server::start();
    run(async {
        let charges = price(&limited(&[json!({"window": "minute", "max": 1})]), &json!({}), seconds(0));
        let store = by_callers_clock(&server.url()).await;
        for minute in 0..5 {
            let now = seconds(minute * 60);
            let reservation = store.reserve(&charges, now).await.unwrap();
            assert_eq!(reservation.charged()[0].until(), Some(seconds(minute * 60 + 60)));
            assert!(store.reserve(&charges, now + Duration::from_secs(59)).await.is_err());
        }
    });
}

#[test]
fn t47_an_approval_is_used_once_by_whomever() {
    let server = Server::start();
    run(async {
        let policy = policy(&json!({"t": {"action": "require_approval"}}));
        let evaluators: Vec<_> =
            [by_servers_clock(&server.url()).await, by_servers_clock(&server.url()).await]
                .map(|store| Evaluator::new(policy.clone(), store))
                .into();
        let call = ToolCall::new("t", None::<&Value>);
        let now = seconds(server_now(&server));
        let Decision::NeedsApproval(request) = evaluators[0].evaluate_async_at(&call, now).await else {
            panic!()
        };
        let approval = request.approve("a", now + Duration::from_secs(600));
        let call = call.approval(&approval);
        let (first, second) = tokio::join!(
            evaluators[0].evaluate_async_at(&call, now),
            evaluators[1].evaluate_async_at(&call, now),
        );
        let allowed =
            [&first, &second].iter().filter(|decision| matches!(decision, Decision::Allow(_))).count();
        assert_eq!(allowed, 1);
        let left: i64 = server.run("TTL mcp-policy:{ns:}|approval:a");
        assert!((3_600 + 500..=3_600 + 600 + 86_400 + 5).contains(&left), "{left}");
        // A gateway whose clock is a day behind: for it the approval has not ended, and the mark could be gone.
        let behind = now - Duration::from_secs(86_400);
        let Decision::NeedsApproval(request) =
            evaluators[0].evaluate_async_at(&ToolCall::new("t", None::<&Value>), behind).await
        else {
            panic!()
        };
        let late = request.approve("b", behind + Duration::from_secs(600));
        let call = ToolCall::new("t", None::<&Value>).approval(&late);
        let Decision::Deny(denial) = evaluators[0].evaluate_async_at(&call, behind).await else { panic!() };
        assert_eq!(denial.code(), DenialCode::ApprovalInvalid);
    });
}

#[test]
fn t42_a_user_who_may_do_what_is_documented_may_do_everything_that_the_store_does() {
    let server = Server::start();
    let may = "+eval +evalsha +time +hget +hmget +hset +hdel +hrandfield +ttl +expire +exists +set";
    server.run::<()>(&format!("ACL SETUSER gateway on >secret ~mcp-policy:* -@all {may}"));
    let url = server.url().replace("redis://", "redis://gateway:secret@");
    run(async {
        let store = by_servers_clock(&url).await;
        let policy = limited(&["fixed", "sliding"].map(
            |algorithm| json!({"window": "hour", "max": 9, "algorithm": algorithm, "scope": "args.id"}),
        ));
        let of = |id: u32| price(&policy, &json!({"id": id}), seconds(0));
        assert_eq!(charge(&store, &of(0)).await, Came::Passed);
        for charge in of(0).charges() {
            // Long over: they are dropped as others come.
            let (key, _) = place_of(charge.key());
            let mut set = ::redis::cmd("HSET");
            set.arg(key);
            for id in 0..50 {
                let kind: &[u8] = if charge.algorithm().to_string() == "sliding" { b"s" } else { b"" };
                let numbers = [1_f64; 4].map(f64::to_le_bytes).concat();
                let numbers = if kind.is_empty() { &numbers[..24] } else { &numbers[..] };
                set.arg(format!("old:{id}")).arg([kind, numbers].concat());
            }
            set.exec(&mut server.connection().unwrap()).unwrap();
        }
        for id in 1..20 {
            let reservation = store.reserve(&of(id), seconds(0)).await.unwrap();
            store.refund(&reservation).await.unwrap();
        }
        assert_eq!(store.peek(&of(1), seconds(0)).await.unwrap().used.len(), 2);
        assert!(server.run::<String>("INFO commandstats").contains("cmdstat_hdel"));
        let asks = super::policy(&json!({"t": {"action": "require_approval"}}));
        let evaluator = Evaluator::new(asks, store);
        let (call, now) = (ToolCall::new("t", None::<&Value>), seconds(server_now(&server)));
        let Decision::NeedsApproval(request) = evaluator.evaluate_async_at(&call, now).await else {
            panic!()
        };
        let approval = request.approve("a", now + Duration::from_secs(600));
        let decision = evaluator.evaluate_async_at(&call.approval(&approval), now).await;
        assert!(matches!(decision, Decision::Allow(_)), "{decision:?}");
    });
    let cluster = Cluster::start(0);
    for node in &cluster.masters {
        node.run::<()>(&format!(
            "ACL SETUSER gateway on >secret ~mcp-policy:* -@all {may} +cluster|slots +ping +asking"
        ));
    }
    run(async {
        let store = by_servers_clock(&cluster.url().replace("redis://", "redis://gateway:secret@")).await;
        let charges = price(&limited(&[json!({"window": "day", "max": 1})]), &json!({}), seconds(0));
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        assert_eq!(charge(&store, &charges).await, Came::Exceeded);
    });
}
