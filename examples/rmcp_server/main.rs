//! A policy in a server that is written with rmcp, in the same process.
//!
//! ```text
//! rmcp_server POLICY.json [GRANT]
//! ```
//!
//! `gated.rs` is what it is about: `Gated` stands around any `ServerHandler`. `notes.rs` is one to try it with.
//! It speaks on standard input and output.

mod gated;
mod notes;

use std::process::ExitCode;

use mcp_policy::mcp::{Gate, Identity};
use mcp_policy::{Evaluator, MemoryStore, Policy};
use rmcp::ServiceExt;

use crate::gated::Gated;
use crate::notes::Notes;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: rmcp_server POLICY.json [GRANT]")?;
    let policy: Policy = std::fs::read_to_string(path)?.parse()?;
    let gate = Gate::new(Evaluator::new(policy, MemoryStore::new()));
    // One process is one connection here. A server with many has a session for each.
    let caller = Identity::new().grant(arguments.next().unwrap_or_default()).session("stdio");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Gated::new(Notes::default(), gate, caller);
        server.serve(rmcp::transport::stdio()).await?.waiting().await?;
        Ok(())
    })
}
