//! Four gateways share one limit in Redis: a hundred calls for all of them. One is killed on the way.
//!
//! ```text
//! cargo run --example fleet --features redis
//! cargo run --example fleet --features redis -- redis://127.0.0.1:6379
//! ```
//!
//! Without an address it starts a server of its own, `redis-server` or `valkey-server`, and stops it at the end.

use std::env;
use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use mcp_policy::store::RedisStore;
use mcp_policy::{Decision, Evaluator, Outcome, Policy, ToolCall};
use serde_json::Value;

const POLICY: &str = r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "limits": [{"counter": "refunds", "window": "day", "max": 100, "scope": "global"}]
    }
  }
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            let server = Server::start()?;
            fleet(&server.url)
        }
        ["gateway", url, run] => gateway(url, run),
        [url] => fleet(url),
        _ => Err("one argument at most: the address of a Redis server".into()),
    }
}

/// Starts the gateways, kills the third, and adds up what they were given.
fn fleet(url: &str) -> Result<(), Box<dyn Error>> {
    println!("The limit is 100 calls for the whole fleet. Each gateway makes as many as it is let:\n");
    // Every run counts on its own.
    let run = format!("fleet-{}:", std::process::id());
    let (sender, calls) = channel();
    let mut gateways = Vec::new();
    for number in 1..=GATEWAYS {
        let mut gateway =
            Command::new(env::current_exe()?).args(["gateway", url, &run]).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(gateway.stdout.take().ok_or("no output")?).lines();
        let sender = sender.clone();
        // A line for each call that was let through.
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|_| sender.send(number)));
        gateways.push(gateway);
    }
    drop(sender);

    let mut given = [0_u32; GATEWAYS];
    for number in calls {
        if let Some(given) = given.get_mut(number.saturating_sub(1)) {
            *given = given.saturating_add(1);
            if number == KILLED && *given == 10 {
                gateways.get_mut(KILLED.saturating_sub(1)).map(Child::kill).transpose()?;
            }
        }
    }
    let mut failed = false;
    for ((number, gateway), given) in (1..).zip(&mut gateways).zip(given) {
        let killed = number == KILLED;
        let end = if killed { "   (killed on the way)" } else { "" };
        println!("gateway {number}   {given:>3} calls{end}");
        failed |= !gateway.wait()?.success() && !killed;
    }
    let total: u32 = given.iter().sum();
    println!("total       {total:>3} of 100");
    if total < 100 {
        println!("\nWhat is missing was charged by the gateway that was killed, before it could say so.");
    }
    if failed || total > 100 { Err("a gateway failed, or there were more than 100".into()) } else { Ok(()) }
}

/// A gateway: calls until it is denied, and writes a line for each call that passes.
fn gateway(url: &str, run: &str) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = RedisStore::builder(url).prefix(run).connect().await?;
        let evaluator = Evaluator::new(POLICY.parse::<Policy>()?, store);
        let call = ToolCall::new("create_refund", None::<&Value>);
        loop {
            match evaluator.evaluate_async(&call).await {
                Decision::Allow(permit) => {
                    writeln!(io::stdout(), "a call")?;
                    // Here a gateway forwards the call. It takes a few milliseconds.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    permit.settle_async(Outcome::Succeeded).await?;
                }
                Decision::Deny(denial) if denial.rule().is_some() => return Ok(()),
                Decision::Deny(denial) => return Err(denial.message().into()),
                Decision::NeedsApproval(request) => return Err(request.to_string().into()),
            }
        }
    })
}

/// A server without persistence, for as long as the example runs.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Result<Self, Box<dyn Error>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let start = |program| {
            Command::new(program)
                .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
                .stdout(Stdio::null())
                .spawn()
        };
        let process = start("redis-server").or_else(|_| start("valkey-server")).map_err(|_| {
            "neither redis-server nor valkey-server is in PATH: install one, or say the address of a server"
        })?;
        let server = Self { process, url: format!("redis://127.0.0.1:{port}") };
        for _ in 0..500 {
            if std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok() {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err("the server does not answer".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whatever comes of it: this is the end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const GATEWAYS: usize = 4;

const KILLED: usize = 3;
