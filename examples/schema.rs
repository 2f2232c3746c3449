//! Prints the JSON Schema of policies, for editors: `schema [--tools TOOLS.json]`.
//!
//! `TOOLS.json` is what a server answers to `tools/list`. With it, the schema knows the server's tools and their
//! arguments.

use std::io::Write as _;
use std::process::ExitCode;

use mcp_policy::Policy;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let schema = match words.as_slice() {
        [] => Ok(Policy::json_schema()),
        ["--tools", file] => for_tools(file),
        _ => Err("usage: schema [--tools TOOLS.json]".to_owned()),
    };
    let text =
        schema.and_then(|schema| serde_json::to_string_pretty(&schema).map_err(|error| error.to_string()));
    match text {
        Ok(text) => {
            // A reader that has gone away has read enough.
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn for_tools(file: &str) -> Result<serde_json::Value, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let tools = mcp_policy::json::parse(&text).map_err(|error| format!("{file}: {error}"))?;
    Policy::json_schema_for(&tools).ok_or_else(|| format!("{file}: there is no list of tools in it"))
}
