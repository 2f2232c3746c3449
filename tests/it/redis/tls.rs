//! TLS: whom a store speaks to, and what becomes of calls where it does not speak to him.
//!
//! The store trusts whom the system trusts. The tests are processes of their own, whose environment says that this is
//! an authority of theirs.

mod certificates;

use std::env;
use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mcp_policy::store::{RedisStore, RedisStoreBuilder};
use mcp_policy::{Decision, DenialCode, Evaluator, ToolCall};
use serde_json::{Value, json};

use self::certificates::Certificates;
use super::proxy::{Answers, Proxy};
use super::server::{Cluster, Server, free_port, wait_for};
use super::{Came, by_servers_clock, charge, impatient, limited, now, price, recovered, run, seconds, spend};

/// Runs a test in a process that trusts the authority of the certificates that it is given.
fn trusting(test: &str, body: impl FnOnce(&Path)) {
    if let Some(folder) = env::var_os(CERTIFICATES) {
        return body(&PathBuf::from(folder));
    }
    let certificates = Certificates::new();
    let output = Command::new(env::current_exe().unwrap())
        .args([&format!("redis::tls::{test}"), "--exact", "--nocapture"])
        .env(CERTIFICATES, certificates.folder())
        .env("SSL_CERT_FILE", certificates.folder().join("authority.pem"))
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let texts = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && texts[0].contains(" 1 passed"), "{}", texts.concat());
}

/// Lets a server speak TLS, on another port too, which is returned.
fn secure(server: &Server, certificates: &Path) -> u16 {
    assert!(
        !server.run::<Vec<String>>("CONFIG GET tls-port").is_empty(),
        "these tests need a server that can speak TLS: install `redis-server` or `valkey-server` of a distribution, \
         or build it with `BUILD_TLS=yes`"
    );
    let on_some_port = || {
        let port = free_port();
        let mut set = ::redis::cmd("CONFIG");
        set.arg("SET").arg(settings(certificates, port)).exec(&mut server.connection()?)?;
        Ok::<_, ::redis::RedisError>(port)
    };
    // Another process may take the port first.
    on_some_port().or_else(|_| on_some_port()).unwrap()
}

/// What lets a server speak TLS on a port.
fn settings(certificates: &Path, port: u16) -> Vec<String> {
    let file = |name: &str| certificates.join(name).to_str().unwrap().to_owned();
    let settings = [
        ("tls-ca-cert-file", file("authority.pem")),
        ("tls-cert-file", file("server.pem")),
        ("tls-key-file", file("key.pem")),
        ("tls-auth-clients", "no".to_owned()),
        ("tls-port", port.to_string()),
    ];
    settings.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
}

/// A node of a cluster whose nodes speak TLS to each other, and its port for TLS.
fn secure_node(certificates: &Path) -> (Server, u16) {
    let port = free_port();
    let mut options = settings(certificates, port);
    options.extend(["tls-cluster", "yes", "tls-replication", "yes"].map(str::to_owned));
    for name in options.iter_mut().step_by(2) {
        name.insert_str(0, "--");
    }
    (Server::node(&options.iter().map(String::as_str).collect::<Vec<_>>()), port)
}

/// Three masters that speak TLS to each other, and their ports for TLS.
fn secure_cluster(certificates: &Path) -> (Cluster, Vec<u16>) {
    // A server that was built without TLS says so here.
    secure(&Server::start(), certificates);
    let (nodes, ports): (Vec<_>, Vec<_>) = (0..3).map(|_| secure_node(certificates)).unzip();
    let cluster = Cluster::of(nodes, Vec::new());
    // Who asks by TLS is told the ports for TLS, as soon as the nodes have told each other.
    let root_cert = Some(std::fs::read(certificates.join("authority.pem")).unwrap());
    let trusting = ::redis::TlsCertificates { client_tls: None, root_cert };
    let client = ::redis::Client::build_with_tls(url(ports[0]), trusting).unwrap();
    wait_for(|| {
        let mut asking = client.get_connection().unwrap();
        let known: String = ::redis::cmd("CLUSTER").arg("NODES").query(&mut asking).unwrap();
        ports.iter().all(|port| known.contains(&format!(":{port}@")))
    });
    (cluster, ports)
}

/// Lets a server show another certificate from now on, and ends its connections.
fn show(server: &Server, certificates: &Path, name: &str) {
    let file = certificates.join(name);
    let mut admin = server.connection().unwrap();
    let set = ["SET", "tls-cert-file", file.to_str().unwrap()];
    ::redis::cmd("CONFIG").arg(&set).exec(&mut admin).unwrap();
    ::redis::cmd("CLIENT").arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"]).exec(&mut admin).unwrap();
}

fn url(port: u16) -> String {
    format!("rediss://127.0.0.1:{port}")
}

fn ten_a_day() -> mcp_policy::limit::Charges {
    price(&limited(&[json!({"window": "day", "max": 10})]), &json!({}), seconds(0))
}

async fn refused(url: &str) -> String {
    does_not_connect(RedisStore::builder(url)).await
}

/// Why a store does not connect. That must be found out soon.
async fn does_not_connect(builder: RedisStoreBuilder) -> String {
    let begin = now();
    let Err(error) = builder.connect().await else { panic!() };
    // The documentation says five seconds, and the machine may be busy.
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    error.source().unwrap().to_string()
}

#[test]
fn t42_over_tls_a_store_charges_and_comes_back_after_a_break() {
    trusting("t42_over_tls_a_store_charges_and_comes_back_after_a_break", |certificates| {
        let server = Server::with(&["--requirepass", "secret"]);
        let port = secure(&server, certificates);
        run(async {
            for (host, passed) in [("127.0.0.1", 10), ("localhost", 0)] {
                let store = by_servers_clock(&format!("rediss://:secret@{host}:{port}")).await;
                assert_eq!(spend(&store, &ten_a_day()).await, passed, "{host}");
                let killed: u32 = server.run("CLIENT KILL TYPE normal SKIPME yes");
                assert!(killed > 0);
                assert_eq!(recovered(&store, &ten_a_day()).await, Came::Exceeded);
            }
            // It was that server, and its password counts here too.
            assert_eq!(server.run::<u32>("DBSIZE"), 1);
            let why = refused(&format!("rediss://:other@127.0.0.1:{port}")).await;
            assert!(why.contains("WRONGPASS"), "{why}");
        });
    });
}

#[test]
fn t42_a_certificate_that_proves_nothing_is_refused() {
    trusting("t42_a_certificate_that_proves_nothing_is_refused", |certificates| {
        let server = Server::start();
        let port = secure(&server, certificates);
        run(async {
            for (name, reason) in [
                ("of_a_stranger.pem", "UnknownIssuer"),
                ("of_an_impostor.pem", "BadSignature"),
                ("of_itself.pem", "UnknownIssuer"),
                ("of_another_name.pem", "not valid for name"),
                ("of_the_past.pem", "expired"),
            ] {
                show(&server, certificates, name);
                let why = refused(&url(port)).await;
                assert!(why.contains("certificate") && why.contains(reason), "{name}: {why}");
            }
            // What the crate would call insecure is not built in.
            let why = refused(&format!("{}#insecure", url(port))).await;
            assert!(why.contains("insecure"), "{why}");
            show(&server, certificates, "server.pem");
            assert_eq!(spend(&by_servers_clock(&url(port)).await, &ten_a_day()).await, 10);
        });
    });
}

#[test]
fn t42_a_server_whose_certificate_becomes_a_strangers_is_told_nothing() {
    trusting("t42_a_server_whose_certificate_becomes_a_strangers_is_told_nothing", |certificates| {
        let server = Server::start();
        let port = secure(&server, certificates);
        run(async {
            let policy = limited(&[json!({"window": "day", "max": 10})]);
            let evaluator = Evaluator::new(policy, impatient(&url(port)).await);
            let call = ToolCall::new("t", None::<&Value>);
            let Decision::Allow(_) = evaluator.evaluate_async(&call).await else { panic!() };
            show(&server, certificates, "of_a_stranger.pem");
            let calls = || commands(&server);
            let before = calls();
            for _ in 0..5 {
                let Decision::Deny(denial) = evaluator.evaluate_async(&call).await else { panic!() };
                assert_eq!(denial.code(), DenialCode::StoreUnavailable);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let Came::Unavailable(why) = charge(evaluator.store(), &ten_a_day()).await else { panic!() };
            assert!(why.contains("UnknownIssuer"), "{why}");
            assert_eq!(calls(), before);
            show(&server, certificates, "server.pem");
            assert_eq!(spend(evaluator.store(), &ten_a_day()).await, 9);
        });
    });
}

/// How many scripts a server was asked to run.
fn commands(server: &Server) -> Vec<String> {
    let statistics: String = server.run("INFO commandstats");
    let of_scripts = statistics.lines().filter(|line| line.starts_with("cmdstat_eval"));
    of_scripts.map(str::to_owned).collect()
}

#[test]
fn t42_who_speaks_plainly_to_tls_or_tls_to_a_plain_port_learns_it_in_time() {
    trusting("t42_who_speaks_plainly_to_tls_or_tls_to_a_plain_port_learns_it_in_time", |certificates| {
        let server = Server::start();
        let port = secure(&server, certificates);
        run(async {
            refused(&format!("redis://127.0.0.1:{port}")).await;
            refused(&url(server.port())).await;

            // The same, where it becomes so later.
            let proxies = [server.port(), port].map(Proxy::to);
            let urls = [proxies[0].url(), proxies[1].url().replace("redis:", "rediss:")];
            let stores = [impatient(&urls[0]).await, impatient(&urls[1]).await];
            for (ports, works) in
                [([server.port(), port], true), ([port, server.port()], false), ([server.port(), port], true)]
            {
                for (proxy, port) in proxies.iter().zip(ports) {
                    proxy.lead_to(port);
                }
                server.run::<u32>("CLIENT KILL TYPE normal SKIPME yes");
                for store in &stores {
                    if works {
                        assert_eq!(recovered(store, &ten_a_day()).await, Came::Passed);
                        continue;
                    }
                    for _ in 0..5 {
                        assert!(charge(store, &ten_a_day()).await.is_unavailable());
                    }
                }
            }
            assert_eq!(spend(&stores[1], &ten_a_day()).await, 6);
        });
    });
}

#[test]
fn t42_a_server_that_falls_silent_while_keys_are_exchanged_is_not_waited_for() {
    trusting("t42_a_server_that_falls_silent_while_keys_are_exchanged_is_not_waited_for", |certificates| {
        let server = Server::start();
        let port = secure(&server, certificates);
        let proxy = Proxy::to(port);
        let url = proxy.url().replace("redis:", "rediss:");
        run(async {
            for answers in [Answers::Vanish, Answers::Cut] {
                proxy.answers(answers);
                refused(&url).await;
            }
            proxy.answers(Answers::Pass);
            let store = impatient(&url).await;
            assert_eq!(charge(&store, &ten_a_day()).await, Came::Passed);
            proxy.answers(Answers::Vanish);
            server.run::<u32>("CLIENT KILL TYPE normal SKIPME yes");
            for _ in 0..5 {
                assert!(charge(&store, &ten_a_day()).await.is_unavailable());
            }
            proxy.answers(Answers::Pass);
            assert_eq!(spend(&store, &ten_a_day()).await, 9);
        });
    });
}

#[test]
fn t42_a_cluster_is_spoken_to_by_tls_only() {
    trusting("t42_a_cluster_is_spoken_to_by_tls_only", |certificates| {
        let (cluster, ports) = secure_cluster(certificates);
        run(async {
            let store = by_servers_clock(&url(ports[1])).await;
            let policy = limited(&[json!({"window": "day", "max": 3})]);
            for namespace in 0..12 {
                let evaluator = Evaluator::builder(store.clone())
                    .policy(policy.clone())
                    .namespace(format!("server-{namespace}"))
                    .build();
                let call = ToolCall::new("t", None::<&Value>);
                let mut passed = 0;
                for _ in 0..5 {
                    let decision = evaluator.evaluate_async(&call).await;
                    passed += u32::from(matches!(decision, Decision::Allow(_)));
                }
                assert_eq!(passed, 3, "{namespace}");
            }
            for node in &cluster.masters {
                assert!(node.run::<u32>("DBSIZE") > 0);
            }
            // To the nodes that it was told of as to the one that it was given.
            for (node, port) in cluster.masters.iter().zip(ports.iter()) {
                let clients: String = node.run("CLIENT LIST TYPE normal");
                let (asking, store): (Vec<_>, Vec<_>) =
                    clients.lines().partition(|client| client.contains("cmd=client|list"));
                assert!(asking.len() == 1 && !store.is_empty(), "{clients}");
                assert!(store.iter().all(|client| client.contains(&format!(":{port} fd="))), "{clients}");
            }
            // One that cannot prove who it is, is not spoken to.
            for node in &cluster.masters {
                show(node, certificates, "of_a_stranger.pem");
            }
            let why = refused(&url(ports[0])).await;
            assert!(why.contains("UnknownIssuer"), "{why}");
        });
    });
}

#[test]
fn t42_an_authority_that_is_said_is_the_only_one() {
    let certificates = Certificates::new();
    let (authority, stranger) = (certificates.read("authority.pem"), certificates.read("stranger.pem"));
    let server = Server::start();
    let port = secure(&server, certificates.folder());
    let builder = || RedisStore::builder(&url(port)).response_timeout(Duration::from_secs(5));
    run(async {
        let why = does_not_connect(builder()).await;
        assert!(why.contains("certificate"), "{why}");
        let store = builder().root_certificates(&authority).connect().await.unwrap();
        assert_eq!(charge(&store, &ten_a_day()).await, Came::Passed);
        server.run::<u32>("CLIENT KILL TYPE normal SKIPME yes");
        assert_eq!(recovered(&store, &ten_a_day()).await, Came::Passed);
        let both = [&stranger[..], &authority].concat();
        let store = builder().root_certificates(&both).connect().await.unwrap();
        assert_eq!(spend(&store, &ten_a_day()).await, 8);

        let why = does_not_connect(builder().root_certificates(&stranger)).await;
        assert!(why.contains("UnknownIssuer"), "{why}");
        // The last that is said counts, and nothing is no authority.
        let last = builder().root_certificates(&authority).root_certificates(&stranger);
        does_not_connect(last).await;
        for nothing in ["", "-----BEGIN CERTIFICATE-----", "/etc/ssl/ca.pem"] {
            let why = does_not_connect(builder().root_certificates(nothing.as_bytes())).await;
            assert!(!why.contains("UnknownIssuer"), "{nothing}: {why}");
        }
        // Whoever says whom to trust does not mean to trust everybody.
        let plain = RedisStore::builder(&server.url()).root_certificates(&authority);
        let why = does_not_connect(plain).await;
        assert!(why.contains("rediss://"), "{why}");
    });
}

#[test]
fn t42_an_authority_that_is_said_counts_for_all_nodes_of_a_cluster() {
    let certificates = Certificates::new();
    let (cluster, ports) = secure_cluster(certificates.folder());
    run(async {
        let builder = || RedisStore::builder(&url(ports[0])).response_timeout(Duration::from_secs(5));
        let store = builder().root_certificates(&certificates.read("authority.pem"));
        let store = store.connect().await.unwrap();
        assert_eq!(spend(&store, &ten_a_day()).await, 10);
        let stranger = builder().root_certificates(&certificates.read("stranger.pem"));
        let why = does_not_connect(stranger).await;
        assert!(why.contains("UnknownIssuer"), "{why}");
        assert_eq!(cluster.masters.iter().map(|node| node.run::<u32>("DBSIZE")).sum::<u32>(), 1);
    });
}

#[test]
fn t42_a_server_that_asks_who_the_store_is_is_shown_its_certificate() {
    let certificates = Certificates::new();
    let server = Server::start();
    let port = secure(&server, certificates.folder());
    server.run::<()>("CONFIG SET tls-auth-clients yes");
    let key = certificates.read("key.pem");
    let builder = || {
        let builder = RedisStore::builder(&url(port)).response_timeout(Duration::from_secs(5));
        builder.root_certificates(&certificates.read("authority.pem"))
    };
    run(async {
        does_not_connect(builder()).await;
        does_not_connect(builder().client_certificate(&certificates.read("of_a_stranger.pem"), &key)).await;
        let certificate = certificates.read("server.pem");
        does_not_connect(builder().client_certificate(b"", &key)).await;
        does_not_connect(builder().client_certificate(&certificate, b"")).await;
        let builder = builder().client_certificate(&certificate, &key);
        assert!(!format!("{builder:?}").contains("PRIVATE"));
        let store = builder.connect().await.unwrap();
        assert_eq!(spend(&store, &ten_a_day()).await, 10);
    });
}

const CERTIFICATES: &str = "MCP_POLICY_TEST_CERTIFICATES";
