//! Prints a page about a tool of a server, or about the server.
//!
//! ```text
//! cargo run --example profile -- TOOLS.json [TOOL] [--html] [--approvals] [--name SERVER]
//! ```
//!
//! `TOOLS.json` is the answer of an MCP server to `tools/list`; `-` reads standard input. The page is Markdown, or with
//! `--html` one file that needs nothing else. With `--approvals` it recommends for a gateway that can ask a person.
//! The server has the name of the file, unless `--name` says otherwise.
//!
//! The exit status is 0, and 2 if the tools could not be read or there is no such tool.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use mcp_policy::json;
use mcp_policy::profile::{ServerProfile, ToolProfile};
use mcp_policy::recommend::Recommendation;
use mcp_policy::risk::{Tool, assess_all, listed_tools};

const USAGE: &str = "usage: profile TOOLS.json [TOOL] [--html] [--approvals] [--name SERVER]

TOOLS.json is the answer of an MCP server to `tools/list`. `-` reads standard input.";

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| page(&options)) {
        Ok(page) => {
            // A reader that has gone away has read enough.
            let _ = write!(std::io::stdout(), "{page}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

struct Options {
    file: String,
    tool: Option<String>,
    server: Option<String>,
    html: bool,
    how: Recommendation,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut file, mut tool, mut server, mut html) = (None, None, None, false);
        let mut how = Recommendation::new();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--approvals" => how = how.with_approvals(),
                "--html" => html = true,
                "--name" => {
                    server =
                        Some(arguments.next().ok_or_else(|| format!("`--name` needs a name\n\n{USAGE}"))?);
                }
                "-h" | "--help" => return Err(USAGE.to_owned()),
                option if option.starts_with("--") => {
                    return Err(format!("unknown option `{option}`\n\n{USAGE}"));
                }
                _ if file.is_none() => file = Some(argument),
                _ if tool.is_none() => tool = Some(argument),
                _ => return Err(format!("more than one tool\n\n{USAGE}")),
            }
        }
        Ok(Self { file: file.ok_or(USAGE)?, tool, server, html, how })
    }

    /// The name of the server.
    fn server(&self) -> String {
        let stem = Path::new(&self.file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        self.server.clone().or(stem.filter(|stem| stem != "-")).unwrap_or_else(|| "MCP server".to_owned())
    }
}

fn page(options: &Options) -> Result<String, String> {
    let file = &options.file;
    let answer = json::parse(&read(file)?).map_err(|error| format!("{}: {error}", place(file)))?;
    let tools = listed_tools(&answer)
        .ok_or_else(|| format!("{} is not the answer of an MCP server to `tools/list`", place(file)))?;
    let tools: Vec<Tool<'_>> = tools.collect();
    let Some(name) = &options.tool else {
        let page = ServerProfile::new(&options.server(), &tools, options.how);
        return Ok(if options.html { page.html() } else { page.markdown() });
    };
    // Assessed beside the others, which are the context of a name that is vague.
    let assessments = assess_all(&tools);
    let mut found = tools.iter().zip(&assessments).filter(|(tool, _)| tool.name == name);
    let (tool, assessment) = found.next().ok_or_else(|| unknown(name, &tools))?;
    if found.next().is_some() {
        return Err(format!("the server lists `{name}` more than once"));
    }
    let page = ToolProfile::new(tool, assessment, options.how);
    Ok(if options.html { page.html() } else { page.markdown() })
}

/// Names the tool that is nearest, if it is near: within a third of the name.
fn unknown(name: &str, tools: &[Tool<'_>]) -> String {
    let near = name.chars().count() / 3;
    let distances = tools.iter().map(|tool| (strsim::osa_distance(name, tool.name), tool.name));
    let nearest = distances.filter(|(distance, _)| *distance <= near).min();
    match nearest {
        Some((_, nearest)) => format!("the server has no tool `{name}`: did you mean `{nearest}`?"),
        None => format!("the server has no tool `{name}`, but {} others", tools.len()),
    }
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
