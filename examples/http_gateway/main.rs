//! A policy in front of an MCP server that speaks streamable HTTP.
//!
//! ```text
//! http_gateway POLICY.json --upstream URL --listen ADDRESS --grants GRANTS.json
//! ```
//!
//! Clients connect to the path `/mcp`, and show a bearer token. `GRANTS.json` has the SHA-256 digest of each
//! token that is taken, and who that is; the token goes no further, and neither does any other header.
//! `/healthz` answers whoever asks.
//!
//! The policy and the grants are read again when their files change. One that is wrong is not put in force, and
//! that is told on standard error. What is between clients and the gateway is not encrypted: that is for a
//! proxy in front of it, on the same machine.

mod checks;
mod connections;
mod events;
mod gateway;
mod grants;
mod options;
#[cfg(any(feature = "redis", feature = "sqlite"))]
#[path = "../parts/causes.rs"]
mod causes;
#[path = "../parts/policy_file.rs"]
mod policy_file;
mod pump;
#[path = "../parts/stores.rs"]
mod stores;
#[path = "../parts/trail.rs"]
mod trail;
mod upstream;
#[path = "../parts/watched.rs"]
mod watched;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::get;
use mcp_policy::Evaluator;
use mcp_policy::mcp::Gate;
use mcp_policy::risk::RiskCatalog;

use crate::checks::Doors;
use crate::connections::Connections;
use crate::gateway::Gateway;
use crate::grants::Grants;
use crate::options::Options;
use crate::stores::{Opening, Store};
use crate::trail::Trail;
use crate::upstream::Upstream;
use crate::watched::Watched;

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let gateway = Arc::new(Gateway {
        gate: gate(options)?,
        grants: grants(&options.grants)?,
        doors: doors(options),
        connections: Connections::default(),
        upstream: Upstream::new(&options.upstream, options.upstream_token.as_deref())?,
        trail: Trail::open(options.audit.as_deref())?,
        timeout: options.timeout,
    });
    let routes = Router::new()
        .route("/mcp", get(gateway::listen).post(gateway::post).delete(gateway::end))
        .route("/healthz", get(gateway::health))
        .with_state(gateway);
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(options.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        eprintln!("listening on http://{address}/mcp");
        let ended = async {
            // Without it the program ends as any other does.
            let _ = tokio::signal::ctrl_c().await;
        };
        tokio::select! {
            served = axum::serve(listener, routes) => served.map_err(|error| error.to_string()),
            () = ended => Ok(()),
        }
    })
}

fn gate(options: &Options) -> Result<Gate<Store>, String> {
    let (file, policy) = policy_file::read(&options.policy)?;
    let catalog = RiskCatalog::new();
    let evaluator = Evaluator::builder(Opening { name: &options.store, is_recorded: false }.open()?)
        .policy(policy)
        .catalog(catalog.server(SERVER))
        .build();
    policy_file::follow(file, evaluator.clone());
    let gate =
        Gate::builder(evaluator).on_tools(move |tools| drop(catalog.learn(SERVER, tools.iter().copied())));
    Ok(match &options.audit_key {
        Some(path) => gate.audit_key(trail::key(path)?).build(),
        None => gate.build(),
    })
}

/// Reads the grants, and goes by every change of them: a token that is taken away opens nothing any more.
fn grants(path: &str) -> Result<Arc<RwLock<Grants>>, String> {
    let (mut file, text) = Watched::open(path)?;
    let parse = |text: &str| Grants::parse(text).map_err(|error| format!("{error} in the grants"));
    let grants = Arc::new(RwLock::new(parse(&text)?));
    let shared = Arc::clone(&grants);
    thread::spawn(move || {
        loop {
            thread::sleep(EVERY);
            let Some(read) = file.poll() else {
                continue;
            };
            match (read.and_then(|text| parse(&text)), shared.write()) {
                (Ok(new), Ok(mut grants)) => {
                    *grants = new;
                    eprintln!("the grants are in force");
                }
                (Err(error), _) => eprintln!("the grants were not replaced: {error}"),
                (_, Err(_)) => return,
            }
        }
    });
    Ok(grants)
}

fn doors(options: &Options) -> Doors {
    let mut hosts = options.hosts.clone();
    hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
    Doors { hosts, origins: options.origins.clone() }
}

fn random_name() -> Result<String, String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
    let mut name = String::new();
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(name, "{byte:02x}");
    }
    Ok(name)
}

#[expect(clippy::disallowed_methods, reason = "a gateway has a clock, and the core takes its time")]
fn clock() -> SystemTime {
    SystemTime::now()
}

/// There is one server, and it is known by this name.
const SERVER: &str = "server";
/// How often the files are looked at.
const EVERY: Duration = Duration::from_millis(500);
