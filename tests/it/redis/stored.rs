//! What stands under a key and is not what the store wrote: an error, and never no counter.

use mcp_policy::store::AsyncCounterStore;
use serde_json::json;

use super::server::Server;
use super::{Came, by_servers_clock, charge, limited, place_of, price, run, seconds};

#[test]
fn t42_what_cannot_be_read_is_an_error_and_nothing_is_charged() {
    let server = Server::start();
    let garbage = |server: &Server, (key, field): &(String, String), value: &[u8]| {
        let mut set = ::redis::cmd("HSET");
        set.arg(key).arg(field).arg(value).exec(&mut server.connection().unwrap()).unwrap();
    };
    run(async {
        let store = by_servers_clock(&server.url()).await;
        for algorithm in ["fixed", "sliding"] {
            let limit = json!({"window": "day", "max": 10, "algorithm": algorithm});
            let charges = price(&limited(&[limit.clone(), limit]), &json!({}), seconds(0));
            let reservation = store.reserve(&charges, seconds(0)).await.unwrap();
            let places: Vec<_> =
                reservation.charged().iter().map(|charged| place_of(charged.key())).collect();
            let mut get = ::redis::cmd("HGET");
            let (key, field) = &places[1];
            let good: Vec<u8> = get.arg(key).arg(field).query(&mut server.connection().unwrap()).unwrap();
            let other = if algorithm == "fixed" { vec![b's'; 33] } else { vec![0; 24] };
            let bad = [
                Vec::new(),
                b"0".to_vec(),
                b"a".to_vec(),
                good[..good.len() - 1].to_vec(),
                [&good[..], b"x"].concat(),
                [b"x", &good[1..]].concat(),
                [&good[..good.len() - 8], &f64::NAN.to_le_bytes()].concat(),
                [&good[..good.len() - 8], &(-1_f64).to_le_bytes()].concat(),
                [&good[..good.len() - 8], &0.5_f64.to_le_bytes()].concat(),
                other,
                vec![b's', 0],
                vec![b's', 255],
                vec![b'f'; 40],
                vec![b'f'; 25],
                vec![255; 24],
                vec![255; 33],
            ];
            for bad in &bad {
                garbage(&server, &places[1], bad);
                assert!(charge(&store, &charges).await.is_unavailable(), "{bad:?}");
                assert!(store.peek(&charges, seconds(0)).await.is_err(), "{bad:?}");
            }
            for command in ["SET {} a", "LPUSH {} f", "SADD {} f", "ZADD {} 1 f", "XADD {} * a 1"] {
                server.run::<()>(&format!("DEL {key}"));
                server.run::<::redis::Value>(&command.replace("{}", key));
                assert!(charge(&store, &charges).await.is_unavailable(), "{command}");
                assert!(store.peek(&charges, seconds(0)).await.is_err(), "{command}");
                assert!(store.refund(&reservation).await.is_err(), "{command}");
                server.run::<()>(&format!("DEL {key}"));
            }
            garbage(&server, &places[1], &good);
            // The first counter was charged once, and then given back by the refunds, of which each reached it.
            assert_eq!(charge(&store, &charges).await, Came::Passed);
            let used = store.peek(&charges, seconds(0)).await.unwrap().used;
            assert_eq!(used.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1", "2"]);
        }
    });
}

#[test]
fn t36_a_refund_after_the_counter_was_lost_reaches_no_counter_that_came_after_it() {
    let server = Server::start();
    run(async {
        let store = by_servers_clock(&server.url()).await;
        for algorithm in ["fixed", "sliding"] {
            for window in ["day", "lifetime"] {
                if (algorithm, window) == ("sliding", "lifetime") {
                    continue;
                }
                let limit = json!({"window": window, "max": 10, "algorithm": algorithm});
                let charges = price(&limited(&[limit]), &json!({}), seconds(0));
                let lost = store.reserve(&charges, seconds(0)).await.unwrap();
                server.run::<()>("FLUSHALL");
                store.refund(&lost).await.unwrap();
                assert_eq!(server.run::<u32>("DBSIZE"), 0);
                let kept = store.reserve(&charges, seconds(0)).await.unwrap();
                store.refund(&lost).await.unwrap();
                let used = async || store.peek(&charges, seconds(0)).await.unwrap().used[0].to_string();
                assert_eq!(used().await, "1", "{algorithm} {window}");
                store.refund(&kept).await.unwrap();
                assert_eq!(used().await, "0", "{algorithm} {window}");
            }
        }
    });
}
