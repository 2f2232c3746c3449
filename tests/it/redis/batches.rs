//! Calls that come at the same moment: one script, and each call as if it had come alone.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use mcp_policy::limit::{Charges, Reservation};
use mcp_policy::store::{AsyncCounterStore, CounterStore, RedisStore, Refusal};
use mcp_policy::{MemoryStore, Outcome, Policy, ToolCall, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{TestRng, TestRunner};
use serde_json::{Value, json};

use super::server::{Cluster, Server};
use super::{
    Came, by_callers_clock, by_servers_clock, impatient, limited, place_of, policy, price, recovered, seconds,
};

type Answer = Result<Reservation, Refusal>;

/// On one thread calls are sent only when all that can come have come: what is asked for together goes out together.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Asks for all of these in one moment, in this order.
pub(super) async fn at_once(store: &RedisStore, calls: &[(Charges, SystemTime)]) -> Vec<Answer> {
    let mut futures: Vec<Pin<Box<dyn Future<Output = Answer>>>> = Vec::new();
    for (charges, now) in calls {
        futures.push(Box::pin(store.reserve(charges, *now)));
    }
    let mut answers: Vec<Option<Answer>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, answer) in futures.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *answer = Some(ready);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().map(Option::unwrap).collect()
}

/// The same call, many times.
async fn times(store: &RedisStore, charges: &Charges, count: usize) -> Vec<Answer> {
    at_once(store, &vec![(charges.clone(), seconds(0)); count]).await
}

fn scripts(server: &Server) -> u32 {
    let info: String = server.run("INFO commandstats");
    let of = |name: &str| {
        let line =
            info.lines().find_map(|line| line.strip_prefix(name)?.split_once(',')).map(|(calls, _)| calls);
        line.map_or(0, |calls| calls.parse::<u32>().unwrap())
    };
    of("cmdstat_evalsha:calls=") + of("cmdstat_eval:calls=")
}

fn day(max: u32) -> Charges {
    price(&limited(&[json!({"window": "day", "max": max})]), &json!({}), seconds(0))
}

#[test]
fn t33_calls_of_one_moment_are_few_scripts_and_each_finds_what_those_before_it_left() {
    let server = Server::start();
    run(async {
        let (store, charges) = (by_servers_clock(&server.url()).await, day(70));
        store.reserve(&charges, seconds(0)).await.unwrap();
        let before = scripts(&server);
        let answers = times(&store, &charges, 100).await;
        let count = scripts(&server) - before;
        assert!((1..=4).contains(&count), "{count}");
        let left = |answer: &Answer| match answer {
            Ok(reservation) => Some(reservation.charged()[0].remaining().to_string().parse::<u32>().unwrap()),
            Err(Refusal::Exceeded(_)) => None,
            Err(refusal) => panic!("{refusal:?}"),
        };
        let mut left: Vec<_> = answers.iter().filter_map(left).collect();
        left.sort_unstable();
        assert_eq!(left, (0..69).collect::<Vec<_>>());
    });
}

#[test]
fn t33_a_call_that_does_not_fit_takes_nothing_from_those_around_it() {
    let server = Server::start();
    run(async {
        let store = by_servers_clock(&server.url()).await;
        let policy = policy(&json!({
            "two": {"limits": [limit("day", 5), limit("hour", 1)]},
            "one": {"limits": [limit("day", 5)]},
        }));
        let of = |tool: &str| (charges(&policy, tool), seconds(0));
        let calls: Vec<_> = ["two", "two", "one", "two", "one", "one", "one", "one"].map(of).into();
        let passed: Vec<_> = at_once(&store, &calls).await.iter().map(Result::is_ok).collect();
        assert_eq!(passed, [true, false, true, false, true, true, true, false]);
    });
}

#[test]
fn t47_of_two_calls_with_one_approval_in_one_moment_one_passes() {
    let server = Server::start();
    run(async {
        let store = by_callers_clock(&server.url()).await;
        let policy = policy(&json!({"t": {"action": "require_approval", "limits": [limit("day", 9)]}}));
        let call = ToolCall::new("t", None::<&Value>);
        let Verdict::NeedsApproval(request) = policy.judge(&call, seconds(0)) else { panic!() };
        let approval = request.approve("a", seconds(600));
        let Verdict::Charge(charges) = policy.judge(&call.approval(&approval), seconds(0)) else { panic!() };
        let answers = times(&store, &charges, 3).await;
        assert!(
            matches!(&answers[..], [Ok(_), Err(Refusal::ApprovalUsed), Err(Refusal::ApprovalUsed)]),
            "{answers:?}"
        );
        assert_eq!(store.peek(&charges, seconds(0)).await.unwrap().used[0].to_string(), "1");
    });
}

#[test]
fn t42_what_is_wrong_with_one_counter_or_with_writing_is_told_to_those_whom_it_stops() {
    let server = Server::start();
    run(async {
        let store = by_servers_clock(&server.url()).await;
        let policy = policy(&json!({
            "good": {"limits": [limit("day", 9)]},
            "full": {"limits": [limit("hour", 0)]},
            "text": {"limits": [limit("minute", 9)]},
            "list": {"limits": [limit("week", 9), limit("day", 9)]},
            "long": {"limits": [{"counter": "long", "window": "day", "max": 9, "algorithm": "sliding", "scope": "global"}]},
        }));
        let of = |tool: &str| (charges(&policy, tool), seconds(0));
        let (key, field) = place_of(of("text").0.charges()[0].key());
        server.run::<()>(&format!("HSET {key} {field} garbage"));
        // As a counter is, but with parts without end.
        let [now, _]: [f64; 2] = server.run("TIME");
        let numbers = [&[(now / 5_400.0).floor(), 1.0, 0.0, 1e6][..], &[0.0; 300]].concat();
        let long =
            [&b"s"[..], &numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>()].concat();
        let (key, field) = place_of(of("long").0.charges()[0].key());
        ::redis::cmd("HSET").arg(key).arg(field).arg(long).exec(&mut server.connection().unwrap()).unwrap();
        let (list, _) = place_of(of("list").0.charges()[0].key());
        server.run::<()>(&format!("RPUSH {list} a"));
        let calls: Vec<_> = ["good", "text", "list", "long", "full", "good"].map(of).into();
        let kinds = async || -> Vec<_> { at_once(&store, &calls).await.iter().map(kind).collect() };
        assert_eq!(
            kinds().await,
            ["taken", "unavailable", "unavailable", "unavailable", "exceeded", "taken"]
        );
        server.run::<()>("CONFIG SET maxmemory-policy noeviction");
        server.run::<()>("CONFIG SET maxmemory 1");
        assert_eq!(
            kinds().await,
            ["unavailable", "unavailable", "unavailable", "unavailable", "exceeded", "unavailable"]
        );
        server.run::<()>("CONFIG SET maxmemory 0");
        assert_eq!(
            kinds().await,
            ["taken", "unavailable", "unavailable", "unavailable", "exceeded", "taken"]
        );
        assert_eq!(store.peek(&of("good").0, seconds(0)).await.unwrap().used[0].to_string(), "4");
    });
}

#[test]
fn t42_a_call_that_is_given_up_before_it_is_sent_is_not_charged() {
    let server = Server::start();
    run(async {
        let (store, charges) = (by_servers_clock(&server.url()).await, day(9));
        let (mut kept, mut given_up) =
            (pin!(store.reserve(&charges, seconds(0))), Box::pin(store.reserve(&charges, seconds(0))));
        poll_fn(|context| {
            assert!(given_up.as_mut().poll(context).is_pending() && kept.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(given_up);
        let reservation = kept.await.unwrap();
        assert_eq!(reservation.charged()[0].remaining().to_string(), "8");
    });
}

#[test]
fn t42_a_runtime_that_ends_before_anything_was_sent_keeps_nobody_waiting_afterwards() {
    let server = Server::start();
    let charges = day(9);
    let store = run(async {
        let store = by_servers_clock(&server.url()).await;
        let mut reserving = Box::pin(store.reserve(&charges, seconds(0)));
        poll_fn(|context| {
            assert!(reserving.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(reserving);
        store
    });
    // The connection has gone with the runtime.
    run(async {
        assert_eq!(recovered(&store, &charges).await, Came::Passed);
        assert!(times(&store, &charges, 3).await.iter().all(Result::is_ok));
    });
}

#[test]
fn t42_a_runtime_that_stands_still_holds_up_nobody_on_another_for_long() {
    let server = Server::start();
    let charges = day(1_000);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for gives_up in [true, false] {
        let still = runtime();
        let store = still.block_on(impatient(&server.url()));
        let mut reserving = Box::pin(store.reserve(&charges, seconds(0)));
        still.block_on(poll_fn(|context| {
            assert!(reserving.as_mut().poll(context).is_pending());
            Poll::Ready(())
        }));
        // From here on the first runtime does nothing: neither for this call nor for the connection.
        let pending = (!gives_up).then_some(reserving);
        assert_eq!(run(recovered(&store, &charges)), Came::Passed, "{gives_up}");
        drop(pending);
    }
}

#[test]
fn t33_in_a_cluster_calls_of_many_namespaces_in_one_moment_go_where_they_belong() {
    let cluster = Cluster::start(0);
    run(async {
        let store = by_servers_clock(&cluster.url()).await;
        let policy = limited(&[json!({"window": "day", "max": 3})]);
        let evaluators: Vec<_> = (0..10)
            .map(|name| {
                let evaluator = mcp_policy::Evaluator::builder(store.clone()).policy(policy.clone());
                evaluator.namespace(format!("server-{name}")).build()
            })
            .collect();
        let call = ToolCall::new("t", None::<&Value>);
        let mut futures = Vec::new();
        for evaluator in &evaluators {
            for _ in 0..5 {
                futures.push(Box::pin(evaluator.evaluate_async(&call)));
            }
        }
        let mut passed = 0;
        let mut left = futures.len();
        poll_fn(|context| {
            futures.retain_mut(|future| match future.as_mut().poll(context) {
                Poll::Ready(decision) => {
                    passed += u32::from(matches!(decision, mcp_policy::Decision::Allow(_)));
                    left -= 1;
                    false
                }
                Poll::Pending => true,
            });
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        assert_eq!(passed, 30);
    });
}

#[test]
fn t30_a_call_with_thousands_of_limits_is_charged_for_each_of_them() {
    let server = Server::start();
    run(async {
        let store = by_servers_clock(&server.url()).await;
        for (count, scope) in [(300, "global"), (5_000, "global")] {
            let limits: Vec<_> = (0..count)
                .map(|index| {
                    let counter = format!("n{count}-{index}");
                    json!({"counter": counter, "window": "lifetime", "max": 2 + index, "scope": scope})
                })
                .collect();
            let policy = policy(&json!({"t": {"limits": limits}, "last": {"limits": [limits[count - 1]]}}));
            let (all, last) = (charges(&policy, "t"), charges(&policy, "last"));
            let reservation = store.reserve(&all, seconds(0)).await.unwrap();
            assert_eq!(reservation.charged().len(), count);
            assert!(store.reserve(&all, seconds(0)).await.is_ok());
            // The first has room for two.
            assert!(matches!(store.reserve(&all, seconds(0)).await, Err(Refusal::Exceeded(_))));
            let used = async || store.peek(&last, seconds(0)).await.unwrap().used[0].to_string();
            assert_eq!(used().await, "2");
            store.refund(&reservation).await.unwrap();
            assert_eq!(used().await, "1");
        }
    });
}

#[test]
fn t43_counters_that_have_ended_go_as_others_come() {
    let server = Server::start();
    run(async {
        let store = by_servers_clock(&server.url()).await;
        for algorithm in ["fixed", "sliding"] {
            let limit = json!({"counter": algorithm, "window": "hour", "max": 9, "algorithm": algorithm, "scope": "args.id"});
            let policy = policy(&json!({"t": {"limits": [limit]}}));
            let of = |id: usize| price(&policy, &json!({"id": id}), seconds(0));
            store.reserve(&of(0), seconds(0)).await.unwrap();
            let (key, _) = place_of(of(0).charges()[0].key());
            let [now, _]: [f64; 2] = server.run("TIME");
            // Two thousand whose windows ended so long ago that no clock is set back to them, and five hundred of
            // which one might be.
            let fixed = |ended: f64| [now - ended, 1.0, 1e6].map(f64::to_le_bytes).concat();
            let sliding = |ended: f64| {
                let latest = ((now - ended) / 225.0).floor() - 16.0;
                [&b"s"[..], &[latest, 1.0, 0.0, 1e6].map(f64::to_le_bytes).concat()].concat()
            };
            let counter = |ended| if algorithm == "fixed" { fixed(ended) } else { sliding(ended) };
            let mut set = ::redis::cmd("HSET");
            set.arg(&key);
            for id in 0..2_000 {
                set.arg(format!("old:{id}")).arg(counter(90_000.0));
            }
            for id in 0..500 {
                set.arg(format!("recent:{id}")).arg(counter(80_000.0));
            }
            set.exec(&mut server.connection().unwrap()).unwrap();
            for id in 0..100 {
                let calls: Vec<_> = (0..20).map(|step| (of(1 + id * 20 + step), seconds(0))).collect();
                assert!(at_once(&store, &calls).await.iter().all(Result::is_ok));
            }
            let fields: Vec<String> = server.run(&format!("HKEYS {key}"));
            let count = |name: &str| fields.iter().filter(|field| field.starts_with(name)).count();
            assert_eq!((count("recent:"), count("args.id=")), (500, 2_001), "{algorithm}");
            assert!(count("old:") < 1_000, "{algorithm}: {}", count("old:"));
        }
    });
}

#[test]
fn t23_t35_random_calls_in_random_batches_come_to_what_they_come_to_in_memory_one_by_one() {
    // By the server's clock, which goes on: windows that do not end meanwhile.
    let server = Server::start();
    let limits: Vec<_> = [("lifetime", "fixed"), ("31536000", "fixed"), ("31536000", "sliding")]
        .into_iter()
        .flat_map(|(window, algorithm)| {
            let window = window.parse().map_or_else(|_| json!(window), |seconds: u32| json!(seconds));
            [10.0, 4_000.5, 9.1e9, 1e12].map(|max| {
                let counter = format!("{window}{algorithm}{max}").replace('"', "");
                json!({"counter": counter, "window": window, "algorithm": algorithm, "max": max,
                    "scope": "args.id", "increment_from": "args.n", "refund": "failed"})
            })
        })
        .collect();
    let mut tools = json!({});
    for (index, limits) in limits.iter().map(std::slice::from_ref).chain(limits.chunks(3)).enumerate() {
        tools[format!("t{index}")] = json!({"limits": limits});
    }
    let policy = policy(&tools);
    let names: Vec<String> = policy.document().tools.keys().map(ToString::to_string).collect();
    let amount = prop_oneof![
        6 => (0_u32..4).prop_map(f64::from),
        2 => (0_u32..2_000_000_000).prop_map(|millionths| f64::from(millionths) / 1e6),
        2 => (0_u32..2_000_000_000).prop_map(|n| f64::from(n) * 3.0 + 0.000_001),
        1 => (0_u32..2_000_000_000).prop_map(|n| f64::from(n) * 400.0 + 0.25),
    ];
    let call = (prop::sample::select(names), amount, 0_u8..3);
    let step = (prop::collection::vec(call, 1..12), prop::collection::vec(0_usize..40, 0..4));
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig { failure_persistence: None, ..ProptestConfig::default() },
        TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    run(async {
        let (memory, redis) = (MemoryStore::new(), by_servers_clock(&server.url()).await);
        let [begin, _]: [u64; 2] = server.run("TIME");
        let now = seconds(begin);
        let mut held: Vec<(Reservation, Reservation)> = Vec::new();
        let (mut taken, mut refused, mut back) = (0, 0, 0);
        for index in 0..700 {
            let (calls, settled) = step.new_tree(&mut runner).unwrap().current();
            let calls: Vec<_> = calls
                .iter()
                .map(|(tool, amount, id)| {
                    let arguments = json!({"n": amount, "id": id});
                    match policy.judge(&ToolCall::new(tool, &arguments), now) {
                        Verdict::Charge(charges) => (charges, now),
                        verdict => panic!("{verdict:?}"),
                    }
                })
                .collect();
            let there = at_once(&redis, &calls).await;
            for ((charges, now), there) in calls.iter().zip(there) {
                let here = CounterStore::reserve(&memory, charges, *now);
                assert_eq!(seen(&here), seen(&there), "step {index}: {charges:?}");
                if let (Ok(here), Ok(there)) = (here, there) {
                    taken += 1;
                    held.push((here, there));
                } else {
                    refused += 1;
                }
            }
            let (charges, now) = &calls[calls.len() - 1];
            let here = CounterStore::peek(&memory, charges, *now).unwrap().used;
            assert_eq!(here, redis.peek(charges, *now).await.unwrap().used, "step {index}");
            for permit in settled {
                if permit < held.len() {
                    let (here, there) = held.swap_remove(permit);
                    CounterStore::refund(&memory, &here.refundable(Outcome::Failed)).unwrap();
                    redis.refund(&there.refundable(Outcome::Failed)).await.unwrap();
                    back += 1;
                }
            }
        }
        assert!(taken > 1_000 && refused > 500 && back > 500, "{taken} {refused} {back}");
    });
}

/// What there is to see of an answer that does not depend on the second in which it was given.
fn seen(answer: &Answer) -> Vec<String> {
    match answer {
        Err(Refusal::Exceeded(exceeded)) => vec![format!("exceeded {}", exceeded.charge)],
        Err(refusal) => vec![format!("{refusal:?}")],
        Ok(reservation) => reservation
            .charged()
            .iter()
            .map(|charged| {
                format!("{} left {} until {:?}", charged.key(), charged.remaining(), charged.until())
            })
            .collect(),
    }
}

fn kind(answer: &Answer) -> &'static str {
    match answer {
        Ok(_) => "taken",
        Err(Refusal::Exceeded(_)) => "exceeded",
        Err(Refusal::Unavailable(_)) => "unavailable",
        Err(_) => "other",
    }
}

fn limit(window: &str, max: u32) -> Value {
    json!({"counter": window, "window": window, "max": max, "scope": "global"})
}

/// What a tool of the policy costs.
fn charges(policy: &Policy, tool: &str) -> Charges {
    match policy.judge(&ToolCall::new(tool, None::<&Value>), SystemTime::UNIX_EPOCH + Duration::from_secs(1))
    {
        Verdict::Charge(charges) => charges,
        verdict => panic!("{verdict:?}"),
    }
}
