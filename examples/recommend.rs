//! Prints a policy for the tools of a server.
//!
//! ```text
//! cargo run --example recommend -- TOOLS.json [--approvals] [--pooled] [--explained]
//! ```
//!
//! `TOOLS.json` is the answer of an MCP server to `tools/list`; `-` reads standard input.
//!
//! - `--approvals`: the gateway can ask a person. What moves money then asks, instead of being denied.
//! - `--pooled`: one rule for each category, instead of one for each tool.
//! - `--explained`: every rule says what it rests on.
//!
//! The exit status is 0, and 2 if the tools could not be read.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use mcp_policy::json;
use mcp_policy::recommend::Recommendation;
use mcp_policy::risk::{Tool, listed_tools};

const USAGE: &str = "usage: recommend TOOLS.json [--approvals] [--pooled] [--explained]

TOOLS.json is the answer of an MCP server to `tools/list`. `-` reads standard input.";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(policy) => {
            // A reader that has gone away has read enough.
            let _ = writeln!(std::io::stdout(), "{policy}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: impl Iterator<Item = String>) -> Result<String, String> {
    let mut file = None;
    let mut how = Recommendation::new();
    for argument in arguments {
        how = match argument.as_str() {
            "--approvals" => how.with_approvals(),
            "--explained" => how.explained(),
            "--pooled" => how.pooled(),
            "-h" | "--help" => return Err(USAGE.to_owned()),
            option if option.starts_with("--") => {
                return Err(format!("unknown option `{option}`\n\n{USAGE}"));
            }
            _ if file.is_some() => return Err(format!("more than one list of tools\n\n{USAGE}")),
            _ => {
                file = Some(argument);
                how
            }
        }
    }
    let file = file.ok_or(USAGE)?;
    let answer = json::parse(&read(&file)?).map_err(|error| format!("{}: {error}", place(&file)))?;
    let tools = listed_tools(&answer)
        .ok_or_else(|| format!("{} is not the answer of an MCP server to `tools/list`", place(&file)))?;
    let tools: Vec<Tool<'_>> = tools.collect();
    Ok(how.document(&tools).to_string())
}

/// What a file is called in messages.
fn place(path: &str) -> String {
    if path == "-" { "standard input".to_owned() } else { format!("`{path}`") }
}

fn read(path: &str) -> Result<String, String> {
    if path != "-" {
        return std::fs::read_to_string(path).map_err(|error| format!("cannot read `{path}`: {error}"));
    }
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|error| format!("cannot read standard input: {error}"))?;
    Ok(text)
}
