//! An MCP server on standard input and output that reads as carelessly as any, for trying what gets past a gate.
//!
//! ```text
//! lenient_server [EXECUTED]
//! ```
//!
//! A carriage return ends a line for it, of two members with one key the last counts, it wants neither
//! `initialize` nor a version, and a message with a `result` too is a request. Any tool does what it is asked
//! to, and leaves its name in the file `EXECUTED`. A few do more: `ask` asks the client for a sample, `babble`
//! writes what is no message, `exit` ends the server at once with the status 7, `large` answers with a
//! mebibyte, and `silent` never answers.

use std::fs::OpenOptions;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use serde_json::{Value, json};

fn main() -> io::Result<ExitCode> {
    let open = |path| OpenOptions::new().create(true).append(true).open(path);
    let mut executed = std::env::args().nth(1).map(open).transpose()?;
    eprintln!("lenient_server is up");
    let mut output = io::stdout().lock();
    let mut input = io::stdin().lock();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        for line in bytes.split(|byte| matches!(byte, b'\r' | b'\n')) {
            let Ok(message) = serde_json::from_slice::<Value>(line) else {
                continue;
            };
            let tool = message.get("params").and_then(|params| params.get("name")).and_then(Value::as_str);
            let is_call = message.get("method").is_some_and(|method| method == "tools/call");
            if let (true, Some(file), Some(tool)) = (is_call, &mut executed, tool) {
                file.write_all(format!("{tool}\n").as_bytes())?;
            }
            if is_call && tool == Some("exit") {
                return Ok(ExitCode::from(7));
            }
            answer(&message, tool, &mut output)?;
        }
    }
}

fn answer(message: &Value, tool: Option<&str>, output: &mut impl Write) -> io::Result<()> {
    let (Some(id), Some(method)) = (message.get("id"), message.get("method").and_then(Value::as_str)) else {
        return Ok(());
    };
    let result = match (method, tool) {
        ("initialize", _) => json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "lenient", "version": "0"}}),
        ("tools/list", _) => {
            let names = ["read", "write", "secret", "ask", "babble", "exit", "large", "silent"];
            let tool = |name| json!({"name": name, "inputSchema": {"type": "object"}, "x-vendor": 1});
            json!({"tools": names.map(tool)})
        }
        ("tools/call", Some("silent")) => return Ok(()),
        ("tools/call", Some(tool)) => {
            match tool {
                "ask" => writeln!(
                    output,
                    r#"{{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{{"messages":[],"maxTokens":9}}}}"#
                )?,
                "babble" => writeln!(output, "reading configuration… \u{1b}[31mdone")?,
                _ => {}
            }
            let text = if tool == "large" { "x".repeat(1 << 20) } else { format!("did {tool}") };
            json!({"content": [{"type": "text", "text": text}]})
        }
        _ => json!({}),
    };
    writeln!(output, "{}", json!({"jsonrpc": "2.0", "id": id, "result": result}))?;
    output.flush()
}
