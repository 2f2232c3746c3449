//! Pins the tools of a server, and tells later what the server has changed since.
//!
//! ```text
//! cargo run --example pin -- TOOLS.json                        the member `pins` of a policy
//! cargo run --example pin -- TOOLS.json --lines > PINNED.jsonl the definitions themselves, to compare with later
//! cargo run --example pin -- TOOLS.json --check PINNED.jsonl   what has changed since
//! ```
//!
//! `TOOLS.json` is the answer of an MCP server to `tools/list`; `-` reads standard input. Look at the tools before you pin
//! them.
//!
//! The exit status is 1 if something has changed, and 2 if a file could not be read or a tool cannot be pinned.

use std::io::Read as _;
use std::process::ExitCode;

use mcp_policy::json;
use mcp_policy::risk::{self, PinnedTools};

const USAGE: &str = "usage: pin TOOLS.json [--lines | --check PINNED.jsonl]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [tools] if !tools.starts_with("--") => pins(tools),
        [tools, "--lines"] | ["--lines", tools] => lines(tools),
        [tools, "--check", pinned] | ["--check", pinned, tools] => check(pinned, tools),
        _ => Err(USAGE.to_owned()),
    };
    result.unwrap_or_else(|message| {
        eprintln!("{message}");
        ExitCode::from(2)
    })
}

fn pins(tools: &str) -> Result<ExitCode, String> {
    let pins = pinned(tools)?.pins();
    println!("{:#}", serde_json::json!({ "pins": pins }));
    Ok(ExitCode::SUCCESS)
}

fn lines(tools: &str) -> Result<ExitCode, String> {
    pinned(tools)?.to_lines().for_each(|line| println!("{line}"));
    Ok(ExitCode::SUCCESS)
}

fn check(pinned: &str, tools: &str) -> Result<ExitCode, String> {
    let before =
        PinnedTools::from_lines(read(pinned)?.lines()).map_err(|error| format!("{pinned}, {error}"))?;
    let answer = answer(tools)?;
    let drift = before.compare(risk::listed_tools(&answer).ok_or_else(|| no_list(tools))?);
    print!("{drift}");
    Ok(if drift.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn pinned(tools: &str) -> Result<PinnedTools, String> {
    let answer = answer(tools)?;
    let listed = risk::listed_tools(&answer).ok_or_else(|| no_list(tools))?;
    PinnedTools::new(listed).map_err(|error| format!("{tools}: {error}"))
}

fn answer(tools: &str) -> Result<serde_json::Value, String> {
    json::parse(&read(tools)?).map_err(|error| format!("{tools}: {error}"))
}

fn no_list(path: &str) -> String {
    format!("{path} is not the answer of an MCP server to `tools/list`")
}

fn read(path: &str) -> Result<String, String> {
    if path != "-" {
        return std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"));
    }
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|error| format!("cannot read standard input: {error}"))?;
    Ok(text)
}
