//! What can these tools do at worst?
//!
//! ```text
//! cargo run --example classify -- TOOLS.json
//! cargo run --example classify -- --lines TOOLS.jsonl
//! ```
//!
//! `TOOLS.json` is the answer of an MCP server to `tools/list`: a result, the response around it, or the array alone. All
//! tools of the file are one server's, and each other's context. With `--lines` each line is a tool, which may have a
//! member `server`: consecutive lines with the same `server` are each other's context, and are written when the next
//! server begins; lines without one stand alone, and are written at once. `-` reads standard input.
//!
//! Each tool comes out as a line: `{server?, name, category, severity, confidence, evidence, signals?, actions?}`. The
//! exit status is 0, or 2 if something could not be read: what was read before is written.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::process::ExitCode;

use mcp_policy::risk::{self, Assessment, Tool};
use serde_json::{Map, Value, json};

const USAGE: &str = "usage: classify [--lines] TOOLS.json|-";

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let result = run(&mut out).and_then(|()| out.flush().map_err(|error| error.to_string()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            if let Err(error) = out.flush() {
                eprintln!("{error}");
            }
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run(out: &mut impl Write) -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (path, by_lines) = match arguments.as_slice() {
        ["--lines", path] | [path, "--lines"] => (*path, true),
        [path] if !path.starts_with("--") => (*path, false),
        _ => return Err(USAGE.to_owned()),
    };
    let input: Box<dyn Read> = match path {
        "-" => Box::new(io::stdin().lock()),
        path => Box::new(File::open(path).map_err(|error| format!("{path}: {error}"))?),
    };
    let input = BufReader::new(input);
    if by_lines { classify_lines(input, out) } else { classify_list(input, out) }
        .map_err(|error| format!("{path}: {error}"))
}

fn classify_list(input: impl Read, out: &mut impl Write) -> Result<(), String> {
    let answer: Value = serde_json::from_reader(input).map_err(|error| error.to_string())?;
    let tools: Vec<Tool<'_>> = risk::listed_tools(&answer)
        .ok_or("neither an answer to `tools/list` nor an array of tools")?
        .collect();
    write_all(&tools, None, out)
}

fn classify_lines(input: impl BufRead, out: &mut impl Write) -> Result<(), String> {
    let mut group: Vec<Value> = Vec::new();
    let mut result = Ok(());
    for (line, number) in input.lines().zip(1_usize..) {
        match line.map_err(|error| error.to_string()).and_then(|line| read_tool(&line)) {
            Ok(None) => {}
            Ok(Some(definition)) => {
                let is_same = group.last().is_some_and(|last| {
                    last.get("server").is_some() && last.get("server") == definition.get("server")
                });
                if !is_same {
                    write_group(&group, out)?;
                    group.clear();
                }
                group.push(definition);
            }
            Err(error) => {
                result = Err(format!("line {number}: {error}"));
                break;
            }
        }
    }
    write_group(&group, out)?;
    result
}

/// The tool in a line; `None` in a blank one.
fn read_tool(line: &str) -> Result<Option<Value>, String> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let definition: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    Tool::from_definition(&definition).map_err(|error| error.to_string())?;
    Ok(Some(definition))
}

fn write_group(group: &[Value], out: &mut impl Write) -> Result<(), String> {
    let tools: Vec<Tool<'_>> = group.iter().filter_map(|tool| Tool::from_definition(tool).ok()).collect();
    let server = group.first().and_then(|tool| tool.get("server"));
    write_all(&tools, server, out)
}

fn write_all(tools: &[Tool<'_>], server: Option<&Value>, out: &mut impl Write) -> Result<(), String> {
    for (tool, assessment) in tools.iter().zip(risk::assess_all(tools)) {
        let line = Value::Object(line(tool, &assessment, server));
        writeln!(out, "{line}").map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn line(tool: &Tool<'_>, assessment: &Assessment, server: Option<&Value>) -> Map<String, Value> {
    let evidence: Vec<Value> = assessment
        .evidence()
        .iter()
        .map(|evidence| {
            json!({
                "clue": evidence.clue(),
                "part": evidence.part(),
                "words": evidence.words(),
                "points_to": evidence.points_to(),
            })
        })
        .collect();
    let mut line = Map::new();
    if let Some(server) = server {
        line.insert("server".to_owned(), server.clone());
    }
    line.insert("name".to_owned(), json!(tool.name));
    line.insert("category".to_owned(), json!(assessment.category()));
    line.insert("severity".to_owned(), json!(assessment.severity()));
    line.insert("confidence".to_owned(), json!(assessment.confidence()));
    line.insert("evidence".to_owned(), Value::Array(evidence));
    if !assessment.signals().is_empty() {
        line.insert("signals".to_owned(), assessment.signals().iter().map(|signal| json!(signal)).collect());
    }
    if let Some(actions) = assessment.actions() {
        let values: Map<String, Value> = actions
            .actions()
            .iter()
            .map(|action| (action.value.to_string(), json!(action.category)))
            .collect();
        let actions =
            json!({"parameter": actions.parameter(), "required": actions.is_required(), "values": values});
        line.insert("actions".to_owned(), actions);
    }
    line
}
