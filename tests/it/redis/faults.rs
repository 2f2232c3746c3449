//! What becomes of calls while the server fails: denied in time, never more than the limit, and it recovers by itself.

use std::thread;
use std::time::Duration;

use mcp_policy::store::{AsyncCounterStore, RedisStore};
use mcp_policy::{Context, Decision, DenialCode, Evaluator, ToolCall};
use serde_json::{Value, json};

use super::proxy::{Answers, Proxy};
use super::server::{Server, wait_for};
use super::{
    Came, TIMEOUT, by_servers_clock, charge, impatient, limited, now, price, recovered, run, seconds, spend,
    spend_all,
};

fn ten_a_day() -> mcp_policy::limit::Charges {
    price(&limited(&[json!({"window": "day", "max": 10})]), &json!({}), seconds(0))
}

#[test]
fn t42_a_call_is_denied_while_the_server_is_away_and_passes_when_it_is_back() {
    let mut server = Server::start();
    run(async {
        let policy = limited(&[json!({"window": "day", "max": 10})]);
        let evaluator = Evaluator::new(policy, impatient(&server.url()).await);
        let context = Context::new().grant("g");
        let call = ToolCall::new("t", None::<&Value>).context(&context);
        assert!(matches!(evaluator.evaluate_async(&call).await, Decision::Allow(_)));
        server.kill();
        for _ in 0..20 {
            let Decision::Deny(denial) = evaluator.evaluate_async(&call).await else { panic!() };
            assert_eq!((denial.code(), denial.rule()), (DenialCode::StoreUnavailable, None));
        }
        server.start_again();
        // It has forgotten what it held: that is what no persistence means.
        assert_eq!(spend(evaluator.store(), &ten_a_day()).await, 10);
    });
}

#[test]
fn t42_a_server_that_goes_away_between_calls_is_reached_by_the_next() {
    let mut server = Server::start();
    run(async {
        let (store, charges) = (by_servers_clock(&server.url()).await, ten_a_day());
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        for kill in ["CLIENT KILL TYPE normal", "CLIENT KILL TYPE normal SKIPME no"] {
            let _ = server.try_run::<::redis::Value>(kill);
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(charge(&store, &charges).await, Came::Passed, "{kill}");
        }
        server.start_again();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(charge(&store, &charges).await, Came::Passed);
    });
}

#[test]
fn t42_while_clients_are_paused_calls_are_denied_in_time_and_what_they_charged_stays() {
    let server = Server::start();
    run(async {
        let (store, charges) = (impatient(&server.url()).await, ten_a_day());
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        server.run::<()>("CLIENT PAUSE 1000 ALL");
        let begin = now();
        assert!(charge(&store, &charges).await.is_unavailable());
        assert!(begin.elapsed() >= TIMEOUT);
        // What was sent meanwhile is done when the pause ends, and counts.
        let [passed, denied] = spend_all(&store, &charges).await;
        assert_eq!(passed + denied, 8);
    });
}

#[test]
fn t42_a_stopped_process_denies_in_time_and_goes_on_where_it_was() {
    let server = Server::start();
    run(async {
        let (store, charges) = (impatient(&server.url()).await, ten_a_day());
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        server.signal("-STOP");
        let begin = now();
        // For longer than the connection is waited for.
        while begin.elapsed() < TIMEOUT * 6 {
            assert!(charge(&store, &charges).await.is_unavailable());
        }
        server.signal("-CONT");
        let passed = spend(&store, &charges).await;
        assert!((1..=9).contains(&passed), "{passed}");
    });
}

#[test]
fn t42_slow_answers_are_waited_for_up_to_the_timeout() {
    let server = Server::start();
    let proxy = Proxy::to(server.port());
    run(async {
        let (store, charges) = (impatient(&proxy.url()).await, ten_a_day());
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        proxy.answers(Answers::Late(60));
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        proxy.answers(Answers::Late(900));
        let Came::Unavailable(why) = charge(&store, &charges).await else { panic!() };
        assert_eq!(why, "no answer within 300 ms");
        proxy.answers(Answers::Pass);
        // The third was taken, and its answer was too late; so may those be that stood behind it.
        let [passed, denied] = spend_all(&store, &charges).await;
        assert_eq!(passed + denied, 7);
    });
}

#[test]
fn t42_a_connection_that_breaks_before_the_answer_keeps_the_charge_and_charges_once() {
    let server = Server::start();
    let proxy = Proxy::to(server.port());
    run(async {
        let (store, charges) = (impatient(&proxy.url()).await, ten_a_day());
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        // Were it sent again, nothing would be in its way.
        proxy.answers(Answers::CutOnce);
        assert!(charge(&store, &charges).await.is_unavailable());
        assert_eq!(spend(&store, &charges).await, 8);
    });
}

#[test]
fn t42_a_request_that_breaks_off_anywhere_charges_all_of_a_call_or_nothing_and_once() {
    let server = Server::start();
    let proxy = Proxy::to(server.port());
    run(async {
        let both =
            limited(&[json!({"window": "day", "max": 1_000}), json!({"window": "hour", "max": 10_000})]);
        let charges = price(&both, &json!({}), seconds(0));
        let (store, direct) = (impatient(&proxy.url()).await, by_servers_clock(&server.url()).await);
        let used = async || {
            let used = direct.peek(&charges, seconds(0)).await.unwrap().used;
            assert_eq!(used[0].to_string(), used[1].to_string());
            used[0].to_string().parse::<u32>().unwrap()
        };
        let (mut expected, mut whole) = (0, 0);
        for bytes in (0..600).step_by(25) {
            // Until the connection is there again, and knows the script.
            assert_eq!(recovered(&store, &charges).await, Came::Passed);
            expected += 1;
            assert_eq!(used().await, expected, "before {bytes}");
            proxy.break_once_after(bytes);
            let came = charge(&store, &charges).await;
            proxy.break_requests_after(u64::MAX);
            // The whole of it was fewer bytes than that: it was not sent again.
            whole += u32::from(came == Came::Passed);
            expected += u32::from(came == Came::Passed);
            assert_eq!(used().await, expected, "{bytes}: {came:?}");
        }
        assert!((3..22).contains(&whole), "{whole}");
    });
}

#[test]
fn t42_a_server_that_is_busy_with_a_script_of_somebody_else_denies_in_time() {
    let server = Server::start();
    run(async {
        let (store, charges) = (impatient(&server.url()).await, ten_a_day());
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        server.run::<()>("CONFIG SET busy-reply-threshold 50");
        let mut busy = server.connection().unwrap();
        let script = thread::spawn(move || {
            ::redis::cmd("EVAL").arg("while true do end").arg(0).query::<()>(&mut busy)
        });
        wait_for(|| matches!(server.try_run::<()>("PING"), Err(error) if error.code() == Some("BUSY")));
        for _ in 0..20 {
            let Came::Unavailable(why) = charge(&store, &charges).await else { panic!() };
            assert!(why.contains("BUSY"), "{why}");
        }
        server.run::<()>("SCRIPT KILL");
        assert!(script.join().unwrap().is_err());
        // Whoever was told that it is busy was not charged.
        assert_eq!(spend(&store, &charges).await, 9);
    });
}

#[test]
fn t42_a_refund_whose_answer_is_lost_is_not_sent_again() {
    let server = Server::start();
    let proxy = Proxy::to(server.port());
    run(async {
        let (store, charges) = (impatient(&proxy.url()).await, ten_a_day());
        let [first, second] =
            [store.reserve(&charges, seconds(0)).await, store.reserve(&charges, seconds(0)).await];
        // The server knows the script from here on.
        store.refund(&second.unwrap()).await.unwrap();
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        proxy.answers(Answers::CutOnce);
        assert!(store.refund(&first.unwrap()).await.is_err());
        // Two were charged and one was given back, once.
        assert_eq!(spend(&store, &charges).await, 9);
    });
}

#[test]
fn t42_a_line_that_falls_silent_is_given_up_for_another() {
    let server = Server::start();
    let proxy = Proxy::to(server.port());
    run(async {
        let (store, charges) = (impatient(&proxy.url()).await, ten_a_day());
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        let connections = || {
            let statistics: String = server.run("INFO stats");
            let count =
                statistics.lines().find_map(|line| line.strip_prefix("total_connections_received:")).unwrap();
            count.parse::<u32>().unwrap()
        };
        let before = connections();
        proxy.answers(Answers::Vanish);
        let begin = now();
        while begin.elapsed() < TIMEOUT * 6 {
            assert!(charge(&store, &charges).await.is_unavailable());
        }
        // One more is the one that asks.
        assert!(connections() > before + 1, "{before}");
        proxy.answers(Answers::Pass);
        assert!(spend(&store, &charges).await < 10);
    });
}

#[test]
fn t42_a_server_that_has_forgotten_the_script_is_sent_it() {
    let server = Server::start();
    run(async {
        let (store, charges) = (by_servers_clock(&server.url()).await, ten_a_day());
        for round in 0..5 {
            assert_eq!(charge(&store, &charges).await, Came::Passed, "{round}");
            server.run::<()>("SCRIPT FLUSH");
        }
        let reservation = store.reserve(&charges, seconds(0)).await.unwrap();
        server.run::<()>("SCRIPT FLUSH");
        store.refund(&reservation).await.unwrap();
        server.run::<()>("SCRIPT FLUSH");
        assert_eq!(store.peek(&charges, seconds(0)).await.unwrap().used[0].to_string(), "5");
    });
}

#[test]
fn t42_a_server_without_memory_refuses_all_of_a_call_and_recovers() {
    let server = Server::start();
    run(async {
        let both = limited(&[json!({"window": "day", "max": 10}), json!({"window": "hour", "max": 10_000})]);
        let (store, one, both) =
            (by_servers_clock(&server.url()).await, ten_a_day(), price(&both, &json!({}), seconds(0)));
        assert_eq!(charge(&store, &one).await, Came::Passed);
        server.run::<()>("CONFIG SET maxmemory-policy noeviction");
        server.run::<()>("CONFIG SET maxmemory 1");
        for _ in 0..5 {
            assert!(charge(&store, &one).await.is_unavailable());
            let Came::Unavailable(why) = charge(&store, &both).await else { panic!() };
            assert!(why.contains("OOM"), "{why}");
        }
        assert_eq!(server.run::<u32>("DBSIZE"), 1);
        server.run::<()>("CONFIG SET maxmemory 0");
        assert_eq!(spend(&store, &both).await, 9);
    });
}

#[test]
fn t42_a_wrong_password_is_told_and_one_that_is_changed_is_survived() {
    let server = Server::with(&["--requirepass", "secret"]);
    let with = |password: &str| server.url().replace("redis://", &format!("redis://:{password}@"));
    run(async {
        let error = RedisStore::connect(&with("mistaken")).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("WRONGPASS"), "{cause}");
        assert!(!format!("{error} {cause} {error:?}").contains("mistaken"), "{cause}");
        assert!(RedisStore::connect(&server.url()).await.is_err());
        let (store, charges) = (by_servers_clock(&with("secret")).await, ten_a_day());
        assert!(!format!("{store:?}").contains("secret"));
        assert_eq!(charge(&store, &charges).await, Came::Passed);
        let mut admin = server.connection().unwrap();
        let mut set = |password: &str| {
            ::redis::cmd("CONFIG").arg(&["SET", "requirepass", password]).exec(&mut admin).unwrap();
            ::redis::cmd("CLIENT")
                .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
                .exec(&mut admin)
                .unwrap();
        };
        set("other");
        for _ in 0..10 {
            assert!(charge(&store, &charges).await.is_unavailable());
        }
        set("secret");
        assert_eq!(spend(&store, &charges).await, 9);
    });
}

#[test]
fn t42_without_a_runtime_a_call_is_denied_and_nothing_panics() {
    let server = Server::start();
    let store = run(by_servers_clock(&server.url()));
    let charges = ten_a_day();
    let mut reserving = Box::pin(store.reserve(&charges, seconds(0)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(answer) = reserving.as_mut().poll(&mut context) else { panic!() };
    assert!(answer.is_err());
    // On another runtime than the one it was connected on, which is gone, it connects anew.
    assert_eq!(run(recovered(&store, &charges)), Came::Passed);
}

#[test]
fn t42_a_url_that_is_none_is_refused() {
    run(async {
        for url in ["", "http://localhost", "redis://", "localhost:6379", "redis://127.0.0.1/x"] {
            let connected = RedisStore::connect(url).await;
            assert!(connected.is_err(), "{url}");
        }
        for prefix in ["{a}", "a b", "ä", "a}"] {
            assert!(
                RedisStore::builder("redis://127.0.0.1").prefix(prefix).connect().await.is_err(),
                "{prefix}"
            );
        }
    });
}
