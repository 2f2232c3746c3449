//! Checks a policy, and tells everything that is wrong with it.
//!
//! ```text
//! cargo run --example check -- POLICY.json [--json]
//! ```
//!
//! The report goes to standard error: each mistake under the line that it is on. With `--json` it goes to standard
//! output instead, as an array of `{severity, code, message, help, pointer, line, column}`. `-` reads standard input.
//!
//! The exit status is 0 if the policy is right (there may be warnings), 1 if it is wrong, and 2 if it could not be read.

use std::io::Read as _;
use std::process::ExitCode;

use mcp_policy::{Diagnostic, Policy, diagnostic};
use serde_json::{Value, json};

const USAGE: &str = "usage: check POLICY.json [--json]

`-` reads standard input. `--tools TOOLS.json`, which checks a policy against the tools of a server, comes in a later version.";

fn main() -> ExitCode {
    let text =
        Options::parse(std::env::args().skip(1)).and_then(|options| Ok((read(&options.policy)?, options)));
    match text {
        Ok((text, options)) => check(&text, &options),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

struct Options {
    policy: String,
    json: bool,
}

impl Options {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut policy, mut json) = (None, false);
        for argument in arguments {
            match argument.as_str() {
                "--json" => json = true,
                "-h" | "--help" => return Err(USAGE.to_owned()),
                option if option.starts_with("--") => {
                    return Err(format!("unknown option `{option}`\n\n{USAGE}"));
                }
                _ if policy.is_some() => return Err(format!("more than one policy\n\n{USAGE}")),
                _ => policy = Some(argument),
            }
        }
        Ok(Self { policy: policy.ok_or(USAGE)?, json })
    }
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

fn check(text: &str, options: &Options) -> ExitCode {
    let result = Policy::from_json(text);
    let (found, omitted, status) = match &result {
        Ok(policy) => (policy.warnings(), policy.omitted_warnings(), ExitCode::SUCCESS),
        Err(error) => (error.diagnostics(), error.omitted(), ExitCode::FAILURE),
    };
    if options.json {
        println!("{:#}", found.iter().map(to_json).collect::<Value>());
    } else if !found.is_empty() {
        eprintln!("{}", diagnostic::render(found));
    }
    // The array has as many as are kept, and says nothing of the others.
    if omitted > 0 {
        eprintln!("\nand {omitted} more");
    }
    status
}

fn to_json(diagnostic: &Diagnostic) -> Value {
    let start = diagnostic.span().map(|span| span.start);
    json!({
        "severity": diagnostic.severity(),
        "code": diagnostic.code(),
        "message": diagnostic.message(),
        "help": diagnostic.help(),
        "pointer": diagnostic.pointer(),
        "line": start.map(|start| start.line),
        "column": start.map(|start| start.column),
    })
}
