//! Plays recorded calls through a policy and writes what it decides.
//!
//! ```text
//! cargo run --example replay -- POLICY.json CALLS.jsonl [--tools TOOLS.json] [--store STORE]
//! cargo run --example replay -- POLICY.json --recorded EXCHANGE.txt [--context NAME=VALUE]... [--tools TOOLS.json]
//!                               [--store STORE]
//! ```
//!
//! It is a filter: one line in, one line out, over files of any length, with `-` for standard input.
//! `CALLS.jsonl` has one JSON object a line: a call, the settlement of an earlier one, or the approval of
//! one. An exchange is what went over a connection with an MCP server: a JSON-RPC message a line, after `>`
//! if the client sent it and after `<` if the server did. The README describes both.
//!
//! `TOOLS.json` is the answer of the server to `tools/list`: the risk catalog classes tools by it, and `pins` are compared
//! with it. Without it a tool has the category that `classify` gives it, or none, and one that is pinned is denied.
//!
//! STORE is where the counters are kept: `memory`, as they are unless it is said, `sqlite:PATH` with the
//! feature `sqlite`, or `redis://HOST:PORT` with the feature `redis`.

mod calls;
#[path = "../parts/causes.rs"]
mod causes;
mod output;
mod player;
mod recorded;
#[path = "../parts/stores.rs"]
mod stores;

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::ExitCode;

use mcp_policy::risk::{self, RiskCatalog, ServerCatalog};
use mcp_policy::{Policy, json};

use crate::player::Player;
use crate::stores::Opening;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Options::parse(&arguments).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(&options.policy)
        .map_err(|error| format!("cannot read {}: {error}", options.policy))?;
    let policy = text.parse::<Policy>().map_err(|error| format!("{}:\n{error}", options.policy))?;
    let tools = options.tools.as_deref().map(read_tools).transpose()?;
    let store = Opening { name: &options.store, is_recorded: true }.open()?;
    let mut player = Player::new(policy, tools, store);
    let mut exchange = recorded::Exchange::new(&options.context);
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut input = open(&options.input)?;
    let mut line = Vec::new();
    for number in 0_u64.. {
        line.clear();
        // One line in memory at a time, and not a line of any length.
        let length = (&mut input).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        let is_cut = u64::try_from(length)? == LONGEST_LINE && line.last() != Some(&b'\n');
        let result = match std::str::from_utf8(&line) {
            _ if is_cut => Err(format!("longer than {LONGEST_LINE} bytes")),
            Err(error) => Err(error.to_string()),
            Ok(text) if options.recorded && text.trim().is_empty() => Ok(None),
            Ok(text) if options.recorded => exchange.play(text, number, &mut player),
            Ok(text) => calls::play(text, number, &mut player),
        };
        match result {
            Ok(Some(decision)) => {
                serde_json::to_writer(&mut output, &decision)?;
                output.write_all(b"\n")?;
            }
            Ok(None) => {}
            Err(error) => {
                output.flush()?;
                return Err(format!("{}, line {number}: {error}", options.input).into());
            }
        }
    }
    output.flush()?;
    Ok(())
}

/// What a catalog knows of the server that these tools are of.
fn read_tools(path: &str) -> Result<ServerCatalog, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let answer = json::parse(&text).map_err(|error| format!("{path}: {error}"))?;
    let tools = risk::listed_tools(&answer)
        .ok_or_else(|| format!("{path} is not the answer of an MCP server to `tools/list`"))?;
    let catalog = RiskCatalog::new();
    let learned = catalog.learn("", tools);
    if learned.omitted() > 0 {
        eprintln!("{path}: {} tools are too many, and are as if they had not been listed", learned.omitted());
    }
    Ok(catalog.server(""))
}

fn open(path: &str) -> Result<Box<dyn BufRead>, Box<dyn Error>> {
    if path == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    Ok(Box::new(BufReader::new(file)))
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error
        .downcast_ref::<serde_json::Error>()
        .and_then(serde_json::Error::io_error_kind)
        .or_else(|| error.downcast_ref::<io::Error>().map(io::Error::kind));
    error == Some(io::ErrorKind::BrokenPipe)
}

const LONGEST_LINE: u64 = 64 * 1024 * 1024;

struct Options {
    policy: String,
    input: String,
    recorded: bool,
    context: Vec<(String, String)>,
    tools: Option<String>,
    store: String,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, Box<dyn Error>> {
        let mut files = Vec::new();
        let mut recorded = None;
        let mut store = "memory".to_owned();
        let mut context = Vec::new();
        let mut tools = None;
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().cloned().ok_or_else(|| format!("{argument} needs a value\n{USAGE}"));
            match argument.as_str() {
                "--recorded" => recorded = Some(value()?),
                "--store" => store = value()?,
                "--context" => {
                    let pair = value()?;
                    let (name, value) = pair.split_once('=').ok_or("--context takes NAME=VALUE")?;
                    context.push((name.to_owned(), value.to_owned()));
                }
                "--tools" => tools = Some(value()?),
                option if option.starts_with("--") => {
                    return Err(format!("unknown option {option}\n{USAGE}").into());
                }
                file => files.push(file.to_owned()),
            }
        }
        let mut files = files.into_iter();
        match (files.next(), files.next(), files.next(), recorded) {
            (Some(policy), Some(input), None, None) if context.is_empty() => {
                Ok(Self { policy, input, recorded: false, context, tools, store })
            }
            (Some(policy), None, None, Some(input)) => {
                Ok(Self { policy, input, recorded: true, context, tools, store })
            }
            _ => Err(USAGE.into()),
        }
    }
}

const USAGE: &str = "usage: replay POLICY.json CALLS.jsonl [--tools TOOLS.json] [--store STORE]
       replay POLICY.json --recorded EXCHANGE.txt [--context NAME=VALUE]... [--tools TOOLS.json] [--store STORE]
       STORE: memory, sqlite:PATH, redis://HOST:PORT";
