//! A policy in front of any MCP server that speaks on standard input and output.
//!
//! ```text
//! stdio_gate POLICY.json [--grant NAME] [--store STORE] [--audit FILE] -- COMMAND [ARGUMENT]...
//! ```
//!
//! In the configuration file of a client it stands in the place of the server's own command, which comes after
//! `--`. What the server writes to standard error passes through; the exit status is the server's own. When the
//! client closes its end the server sees that, and ends by itself; signals are passed on to it.
//!
//! The policy is read again when its file changes. One that is wrong is not put in force, and that is told on
//! standard error.
//!
//! With `--audit` there is a line for each call that is decided, and no call is sent that cannot be recorded.

mod lines;
mod options;
#[cfg(any(feature = "redis", feature = "sqlite"))]
#[path = "../parts/causes.rs"]
mod causes;
#[path = "../parts/policy_file.rs"]
mod policy_file;
mod relay;
mod server;
#[path = "../parts/stores.rs"]
mod stores;
#[path = "../parts/trail.rs"]
mod trail;
#[path = "../parts/watched.rs"]
mod watched;

use std::fmt::Write as _;
use std::io::{self, BufReader};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use mcp_policy::Evaluator;
use mcp_policy::mcp::{Approvals, Elicitation, Gate, Identity};
use mcp_policy::risk::RiskCatalog;

use crate::options::Options;
use crate::relay::Relay;
use crate::server::Server;
use crate::stores::{Opening, Store};
use crate::trail::Trail;

fn main() -> ExitCode {
    match Options::parse(std::env::args_os().skip(1)).and_then(|options| run(&options)) {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<u8, String> {
    let gate = gate(options)?;
    let trail = Trail::open(options.audit.as_deref())?;
    let identity = with_session(&options.identity)?;
    let (mut server, input, output) = Server::start(&mut options.command())
        .map_err(|error| format!("the server cannot be started: {error}"))?;
    let (later, lines) = mpsc::sync_channel(MOST_LATER);
    let relay = Arc::new(Relay::new(gate.session(identity), io::stdout(), input, later, trail));

    let own = Arc::clone(&relay);
    thread::spawn(move || own.listen_to_client(io::stdin().lock()));
    let own = Arc::clone(&relay);
    thread::spawn(move || own.to_server_later(&lines));
    let own = Arc::clone(&relay);
    let reader = thread::spawn(move || own.listen_to_server(BufReader::with_capacity(BUFFER, output)));

    let status = server.wait().map_err(|error| format!("the server cannot be waited for: {error}"))?;
    // What it has said before its end is still to be passed on; but a process that it has left behind may keep
    // its output open for ever.
    let mut idle = 0;
    while !reader.is_finished() && idle < MOST_IDLE {
        thread::sleep(TICK);
        idle = if relay.is_busy() { 0 } else { idle.saturating_add(1) };
    }
    relay.server_closed();
    Ok(server::code(status))
}

fn gate(options: &Options) -> Result<Gate<Store>, String> {
    let (file, policy) = policy_file::read(&options.policy)?;
    let catalog = RiskCatalog::new();
    let evaluator = Evaluator::builder(Opening { name: &options.store, is_recorded: false }.open()?)
        .policy(policy)
        .catalog(catalog.server(SERVER))
        .build();
    policy_file::follow(file, evaluator.clone());
    let mut gate =
        Gate::builder(evaluator).on_tools(move |tools| drop(catalog.learn(SERVER, tools.iter().copied())));
    if let Some(path) = &options.audit_key {
        gate = gate.audit_key(trail::key(path)?);
    }
    if options.elicit {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| format!("no random numbers: {error}"))?;
        gate = gate.approvals(Approvals::Elicit(Elicitation::new(key, random_name()?, APPROVED_FOR)));
    }
    Ok(gate.build())
}

/// Gives the connection a session of its own, unless it was given one.
fn with_session(identity: &Identity) -> Result<Identity, String> {
    let identity = identity.clone();
    if identity.value("session").is_some() {
        return Ok(identity);
    }
    Ok(identity.session(random_name()?))
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

/// There is one server, and it is known by this name.
const SERVER: &str = "server";
/// How long a person's yes is good for.
const APPROVED_FOR: Duration = Duration::from_secs(300);
/// The most answers that wait for the server to read them.
const MOST_LATER: usize = 256;
/// What is read from the server at once, at most.
const BUFFER: usize = 64 * 1024;
const TICK: Duration = Duration::from_millis(10);
/// How often in a row nothing came from a server that has ended.
const MOST_IDLE: u32 = 50;
