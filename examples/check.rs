//! Checks a policy, and tells everything that is wrong with it.
//!
//! ```text
//! cargo run --example check -- POLICY.json [--tools TOOLS.json] [--json]
//! ```
//!
//! `TOOLS.json` is the answer of an MCP server to `tools/list`: with it, names and arguments that the server does not have
//! are warned of too.
//!
//! The report goes to standard error: each mistake under the line that it is on. With `--json` it goes to standard
//! output instead, as an array of `{severity, code, message, help, pointer, line, column}`. `-` reads standard input.
//!
//! The exit status is 0 if the policy is right (there may be warnings), 1 if it is wrong, and 2 if it could not be read.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use mcp_policy::{Diagnostic, Policy, diagnostic, json, lint};
use serde_json::{Value, json};

const USAGE: &str = "usage: check POLICY.json [--tools TOOLS.json] [--json]

`-` reads standard input. TOOLS.json is the answer of an MCP server to `tools/list`.";

fn main() -> ExitCode {
    let options = Options::parse(std::env::args().skip(1));
    match options.and_then(|options| check(&read(&options.policy)?, &options)) {
        Ok(status) => status,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

struct Options {
    policy: String,
    tools: Option<String>,
    json: bool,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut policy, mut tools, mut json) = (None, None, false);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => json = true,
                "--tools" => {
                    let file =
                        arguments.next().ok_or_else(|| format!("`--tools` needs a file\n\n{USAGE}"))?;
                    tools = Some(file);
                }
                "-h" | "--help" => return Err(USAGE.to_owned()),
                option if option.starts_with("--") => {
                    return Err(format!("unknown option `{option}`\n\n{USAGE}"));
                }
                _ if policy.is_some() => return Err(format!("more than one policy\n\n{USAGE}")),
                _ => policy = Some(argument),
            }
        }
        Ok(Self { policy: policy.ok_or(USAGE)?, tools, json })
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

fn check(text: &str, options: &Options) -> Result<ExitCode, String> {
    let tools = options.tools.as_deref().map(read_tools).transpose()?;
    let result = Policy::from_json(text);
    let (mut found, omitted, status) = match &result {
        Ok(policy) => (policy.warnings().to_vec(), policy.omitted_warnings(), ExitCode::SUCCESS),
        Err(error) => (error.diagnostics().to_vec(), error.omitted(), ExitCode::FAILURE),
    };
    if let (Ok(policy), Some(tools)) = (&result, &tools) {
        let against = lint::against_tools(policy, Some(text), tools);
        found.extend(against.ok_or("the tools are not the answer of an MCP server to `tools/list`")?);
        found.sort_by_key(|diagnostic| diagnostic.span().map(|span| span.start));
    }
    if options.json {
        // A reader that has gone away has read enough.
        let _ = writeln!(std::io::stdout(), "{:#}", found.iter().map(to_json).collect::<Value>());
    } else if !found.is_empty() {
        eprintln!("{}", diagnostic::render(&found));
    }
    // The array has as many as are kept, and says nothing of the others.
    if omitted > 0 {
        eprintln!("\nand {omitted} more");
    }
    Ok(status)
}

fn read_tools(path: &str) -> Result<Value, String> {
    json::parse(&read(path)?).map_err(|error| format!("`{path}`: {error}"))
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
