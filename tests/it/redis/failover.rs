//! A replica takes over. The address, as a name or a floating address does, leads to whichever is the master.

use serde_json::json;

use super::proxy::Proxy;
use super::server::{Server, wait_for};
use super::{Came, by_servers_clock, charge, impatient, limited, price, recovered, run, seconds, spend};

fn pair() -> (Server, Server) {
    let (master, replica) = (Server::start(), Server::start());
    replica.run::<()>(&format!("REPLICAOF 127.0.0.1 {}", master.port()));
    wait_for(|| replica.run::<String>("INFO replication").contains("master_link_status:up"));
    (master, replica)
}

fn ten_a_day() -> mcp_policy::limit::Charges {
    price(&limited(&[json!({"window": "day", "max": 10})]), &json!({}), seconds(0))
}

#[test]
fn t42_a_replica_that_has_everything_takes_over_and_lets_no_more_through() {
    let (mut master, replica) = pair();
    let proxy = Proxy::to(master.port());
    run(async {
        let (store, charges) = (impatient(&proxy.url()).await, ten_a_day());
        for _ in 0..4 {
            assert_eq!(charge(&store, &charges).await, Came::Passed);
        }
        master.replicate("any");
        master.kill();
        proxy.lead_to(replica.port());
        assert!(charge(&store, &charges).await.is_unavailable());
        replica.run::<()>("REPLICAOF NO ONE");
        assert_eq!(spend(&store, &charges).await, 6);
    });
}

#[test]
fn t42_what_a_replica_had_not_received_is_lost_and_no_more_than_that() {
    let (mut master, replica) = pair();
    let proxy = Proxy::to(master.port());
    run(async {
        let (store, charges) = (impatient(&proxy.url()).await, ten_a_day());
        for _ in 0..4 {
            assert_eq!(charge(&store, &charges).await, Came::Passed);
        }
        master.replicate("any");
        // From here on it receives nothing.
        replica.run::<()>("REPLICAOF NO ONE");
        for _ in 0..3 {
            assert_eq!(charge(&store, &charges).await, Came::Passed);
        }
        master.kill();
        proxy.lead_to(replica.port());
        // The three are let through once more, as the documentation says.
        assert_eq!(spend(&store, &charges).await, 6);
    });
}

#[test]
fn t42_a_replica_refuses_charges_until_it_is_the_master() {
    let (master, replica) = pair();
    run(async {
        let charges = ten_a_day();
        let (at_master, at_replica) =
            (by_servers_clock(&master.url()).await, by_servers_clock(&replica.url()).await);
        assert_eq!(charge(&at_master, &charges).await, Came::Passed);
        master.replicate("any");
        for _ in 0..5 {
            let Came::Unavailable(why) = charge(&at_replica, &charges).await else { panic!() };
            assert!(why.to_lowercase().contains("read"), "{why}");
        }
        replica.run::<()>("REPLICAOF NO ONE");
        assert_eq!(recovered(&at_replica, &charges).await, Came::Passed);
    });
}
