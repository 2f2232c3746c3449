//! By the server's clock, which goes on, jumps, and steps back: the same as in memory.
//!
//! A server's clock cannot be set, so its scripts are told a time that is: a line between store and server names other
//! scripts, which are the same but for where they ask.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, SystemTime};

use ::redis::Script;
use mcp_policy::limit::Reservation;
use mcp_policy::store::{AsyncCounterStore, CounterStore, Refusal};
use mcp_policy::{MemoryStore, Outcome, ToolCall, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{TestRng, TestRunner};
use serde_json::json;

use super::batches::{at_once, run};
use super::server::Server;
use super::{by_servers_clock, policy};

#[test]
fn t35_t39_by_a_servers_clock_that_jumps_and_steps_back_random_batches_come_to_what_they_come_to_in_memory() {
    let server = Server::start();
    let windows = [
        (json!("second"), "fixed"),
        (json!("hour"), "fixed"),
        (json!("week"), "fixed"),
        (json!("month"), "fixed"),
        (json!("lifetime"), "fixed"),
        (json!(1_001), "fixed"),
        (json!("second"), "sliding"),
        (json!("hour"), "sliding"),
        (json!("day"), "sliding"),
        (json!(1_001), "sliding"),
    ];
    let limits = windows.iter().flat_map(|(window, algorithm)| {
        // Up to and beyond what a double holds.
        [3.0, 40.5, 9_007_199_254.740_993, 1e12].map(|max| {
            let counter = format!("{window}{algorithm}{max}").replace('"', "");
            json!({"counter": counter, "window": window, "algorithm": algorithm, "max": max,
                "scope": "args.id", "increment_from": "args.n", "refund": "failed"})
        })
    });
    let tools = limits.enumerate().map(|(index, limit)| (format!("t{index}"), json!({"limits": [limit]})));
    let policy = policy(&tools.collect());
    let names: Vec<String> = policy.document().tools.keys().map(ToString::to_string).collect();
    let amount = prop_oneof![
        6 => (0_u32..4).prop_map(f64::from),
        2 => (0_u32..40_000_000).prop_map(|millionths| f64::from(millionths) / 1e6),
        2 => (0_u32..2_000_000_000).prop_map(|n| f64::from(n) * 400.0 + 0.25),
        1 => prop::sample::select(vec![9_007_199_254.740_991, 9_007_199_254.740_992]),
    ];
    // In seconds.
    let length = || prop::sample::select(vec![1_u64, 7, 63, 226, 1_001, 3_600, 86_400, 700_000, 3_000_000]);
    let step_of_clock = prop_oneof![
        8 => Just(Clock::StandsStill),
        5 => (length(), 1_u64..2_000_000).prop_map(|(length, share)| Clock::GoesOn(length * share)),
        4 => (length(), prop::bool::ANY, 0_u64..3).prop_map(|(length, is_part, offset)| {
            Clock::GoesTo(length * if is_part { 62_500 } else { 1_000_000 }, offset)
        }),
        3 => (length(), 1_u64..1_000_000).prop_map(|(length, share)| Clock::StepsBack(length * share)),
    ];
    // Few at a time, so that they meet each other.
    let call = (0..10_usize, amount, 0_u8..2);
    let step = (prop::collection::vec(call, 1..24), prop::collection::vec(0_usize..60, 0..5), step_of_clock);
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig { failure_persistence: None, ..ProptestConfig::default() },
        TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    run(async {
        let (memory, redis) = (MemoryStore::new(), by_servers_clock(&line_to(&server)).await);
        let mut clock_of_server = server.connection().unwrap();
        let mut held: Vec<(Reservation, Reservation)> = Vec::new();
        let (mut taken, mut refused, mut back) = (0, 0, 0);
        let (mut clock, mut latest) = (1_700_000_000_000_000_u64, 0);
        for index in 0..1_600 {
            let (calls, settled, step) = step.new_tree(&mut runner).unwrap().current();
            let before = clock;
            clock = match step {
                Clock::StandsStill => clock,
                Clock::GoesOn(micros) => clock + micros,
                Clock::GoesTo(unit, offset) => (clock / unit + 1) * unit + offset - 1,
                // Counters may be forgotten by a clock that is set back by a day.
                Clock::StepsBack(micros) => {
                    clock.saturating_sub(micros).max(latest - latest.min(86_000_000_000))
                }
            };
            latest = latest.max(clock);
            let (seconds, micros) = (clock / 1_000_000, clock % 1_000_000);
            ::redis::cmd("LPUSH").arg(("clock", micros, seconds)).exec(&mut clock_of_server).unwrap();
            let now = SystemTime::UNIX_EPOCH + Duration::from_micros(clock);
            let calls: Vec<_> = calls
                .iter()
                .map(|(tool, amount, id)| {
                    let tool = &names[index / 400 * 10 + tool];
                    match policy.judge(&ToolCall::new(tool, &json!({"n": amount, "id": id})), now) {
                        Verdict::Charge(charges) => (charges, now),
                        verdict => panic!("{verdict:?}"),
                    }
                })
                .collect();
            let there = at_once(&redis, &calls).await;
            for ((charges, now), there) in calls.iter().zip(there) {
                let here = CounterStore::reserve(&memory, charges, *now);
                assert_eq!(seen(&here), seen(&there), "step {index}, {before} to {clock}: {charges:?}");
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
                // One of the last.
                if let Some(permit) = held.len().checked_sub(permit + 1) {
                    let (here, there) = held.swap_remove(permit);
                    CounterStore::refund(&memory, &here.refundable(Outcome::Failed)).unwrap();
                    redis.refund(&there.refundable(Outcome::Failed)).await.unwrap();
                    back += 1;
                }
            }
        }
        assert!(taken > 2_000 && refused > 1_000 && back > 1_000, "{taken} {refused} {back}");
    });
}

#[derive(Clone, Copy, Debug)]
enum Clock {
    StandsStill,
    /// By so many microseconds.
    GoesOn(u64),
    /// To the next multiple, or one microsecond before or behind it.
    GoesTo(u64, u64),
    StepsBack(u64),
}

/// All that there is to see of an answer.
fn seen(answer: &Result<Reservation, Refusal>) -> String {
    match answer {
        Err(Refusal::Exceeded(exceeded)) => format!("exceeded {:?}", exceeded.retry_after),
        Err(refusal) => format!("{refusal:?}"),
        Ok(reservation) => {
            let charged = reservation.charged();
            let charged = charged.iter().map(|charged| (charged.key(), charged.remaining(), charged.until()));
            format!("{:?}", charged.collect::<Vec<_>>())
        }
    }
}

/// A line on which the scripts are named that take the time from a list.
fn line_to(server: &Server) -> String {
    let mut connection = server.connection().unwrap();
    let texts = [
        include_str!("../../../src/store/redis/charge.lua"),
        include_str!("../../../src/store/redis/peek.lua"),
    ];
    let names = texts.map(|text| {
        let told = text.replace("call('TIME')", "call('LRANGE', 'clock', 0, 1)");
        assert_ne!(text, told);
        let told: String = ::redis::cmd("SCRIPT").arg("LOAD").arg(told).query(&mut connection).unwrap();
        (Script::new(text).get_hash().to_owned(), told)
    });
    let (listener, server) = (TcpListener::bind("127.0.0.1:0").unwrap(), server.port());
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, names) = (client.unwrap(), names.clone());
            thread::spawn(move || pass(&client, &TcpStream::connect(("127.0.0.1", server)).unwrap(), &names));
        }
    });
    format!("redis://127.0.0.1:{port}")
}

fn pass(mut client: &TcpStream, mut server: &TcpStream, names: &[(String, String)]) {
    let (mut answering, mut answered) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut answering, &mut answered);
    });
    let (mut buffer, mut held) = ([0; 8_192], Vec::new());
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        held.extend_from_slice(&buffer[..length]);
        for (name, told) in names {
            while let Some(at) = held.windows(name.len()).position(|bytes| bytes == name.as_bytes()) {
                held[at..at + told.len()].copy_from_slice(told.as_bytes());
            }
        }
        // What may be the beginning of a name waits for its end.
        let is_begun = |rest: &[u8]| names.iter().any(|(name, _)| name.as_bytes().starts_with(rest));
        let end = (held.len().saturating_sub(39)..held.len()).find(|at| is_begun(&held[*at..]));
        if server.write_all(&held[..end.unwrap_or(held.len())]).is_err() {
            break;
        }
        held.drain(..end.unwrap_or(held.len()));
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
