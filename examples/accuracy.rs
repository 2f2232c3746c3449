//! How often is the risk catalog right? Measures it on labeled tools.
//!
//! ```text
//! accuracy FOLDER [--misses]
//! ```
//!
//! The folder may hold, as JSON lines of tools with `server`, `name`, `description` and `inputSchema`:
//!
//! - `categories.jsonl` and others with `category` and `acceptable`: a hit is an answer in `acceptable`, and a strict hit is
//!   `category` itself;
//! - `annotated.jsonl` with `label`: `read`, or something else that is no read; averaged by server.
//!
//! A tool that is destructive or financial and was called read is a failure: exit 1.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use mcp_policy::risk::{self, Assessment, Category, Tool};
use serde_json::Value;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (options, folders): (Vec<_>, Vec<_>) =
        arguments.iter().partition(|argument| argument.starts_with("--"));
    let shows_misses = options.iter().any(|option| *option == "--misses");
    let ([folder], true) = (folders.as_slice(), options.iter().all(|option| *option == "--misses")) else {
        eprintln!("usage: accuracy FOLDER [--misses]");
        eprintln!(
            "FOLDER holds labeled tools: categories.jsonl, kestra.jsonl, annotated.jsonl, or some of them"
        );
        return ExitCode::from(2);
    };
    match measure(Path::new(folder), shows_misses) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether no destructive or financial tool was called read.
fn measure(folder: &Path, shows_misses: bool) -> Result<bool, Box<dyn Error>> {
    let mut is_safe = true;
    let mut found = false;
    for name in ["categories.jsonl", "kestra.jsonl", "annotated.jsonl"] {
        let path = folder.join(name);
        if !path.exists() {
            continue;
        }
        found = true;
        let text = fs::read_to_string(&path)?;
        let mut rows = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let row: Value =
                serde_json::from_str(line).map_err(|error| format!("{name}, line {number}: {error}"))?;
            rows.push(row);
        }
        let assessed = assess_by_server(&rows).map_err(|error| format!("{name}, {error}"))?;
        println!("{name}: {} tools", rows.len());
        is_safe &= if rows.iter().all(|row| row.get("acceptable").is_some()) {
            report_categories(&rows, &assessed, shows_misses)
        } else {
            report_reads(&rows, &assessed, shows_misses)
        };
    }
    if found {
        Ok(is_safe)
    } else {
        Err("none of categories.jsonl, kestra.jsonl, annotated.jsonl is there".into())
    }
}

/// The assessments of the rows, in their order: each server's tools are each other's context.
fn assess_by_server(rows: &[Value]) -> Result<Vec<Assessment>, String> {
    let mut servers: BTreeMap<&str, Vec<(usize, Tool<'_>)>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let tool = Tool::from_definition(row).map_err(|error| format!("line {}: {error}", at + 1))?;
        servers.entry(text(row, "server")).or_default().push((at, tool));
    }
    let mut assessed = BTreeMap::new();
    for tools in servers.values() {
        let alone: Vec<Tool<'_>> = tools.iter().map(|(_, tool)| *tool).collect();
        assessed.extend(tools.iter().map(|(at, _)| *at).zip(risk::assess_all(&alone)));
    }
    Ok(assessed.into_values().collect())
}

fn report_categories(rows: &[Value], assessed: &[Assessment], shows_misses: bool) -> bool {
    let mut table: BTreeMap<(&str, Category), usize> = BTreeMap::new();
    let (mut hits, mut strict, mut called_read) = (0_usize, 0_usize, Vec::new());
    for (row, assessment) in rows.iter().zip(assessed) {
        let (label, answer) = (text(row, "category"), assessment.category());
        let acceptable = row.get("acceptable").and_then(Value::as_array);
        let is_hit = acceptable.is_some_and(|values| values.iter().any(|value| value == answer.as_str()));
        hits += usize::from(is_hit);
        strict += usize::from(label == answer.as_str());
        *table.entry((label, answer)).or_default() += 1;
        if answer == Category::Read && !is_hit && matches!(label, "destructive" | "financial") {
            called_read.push((row, assessment));
        }
        if shows_misses && !is_hit {
            show(row, label, assessment);
        } else if shows_misses && label != answer.as_str() {
            show(row, &format!("{label} (acceptable)"), assessment);
        }
    }
    println!("  hits   {}", share(hits, rows.len()));
    println!("  strict {}", share(strict, rows.len()));
    for label in Category::ALL {
        let row: Vec<String> = Category::ALL
            .iter()
            .map(|answer| format!("{answer} {}", table.get(&(label.as_str(), *answer)).copied().unwrap_or(0)))
            .collect();
        println!("  {:<12} called {}", label.as_str(), row.join(", "));
    }
    safe(&called_read)
}

fn report_reads(rows: &[Value], assessed: &[Assessment], shows_misses: bool) -> bool {
    let mut servers: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut too_high, mut too_low, mut called_read) = (0_usize, 0_usize, Vec::new());
    for (row, assessment) in rows.iter().zip(assessed) {
        let label = text(row, "label");
        let is_read = assessment.category() == Category::Read;
        let right = is_read == (label == "read");
        let (hits, all) = servers.entry(text(row, "server")).or_default();
        *hits += usize::from(right);
        *all += 1;
        too_high += usize::from(!right && !is_read);
        too_low += usize::from(!right && is_read);
        if is_read && label == "destructive" {
            called_read.push((row, assessment));
        }
        if shows_misses && !right {
            show(row, label, assessment);
        }
    }
    let hits: usize = servers.values().map(|(hits, _)| hits).sum();
    println!("  read against the rest {}", share(hits, rows.len()));
    println!("  read called more {too_high}, more called read {too_low}");
    let shares: f64 = servers.values().map(|(hits, all)| percent(*hits, *all)).sum();
    println!("  average of {} servers {:.2} %", servers.len(), shares / count(servers.len()));
    for (server, (hits, all)) in &servers {
        if hits < all {
            println!("    {server:<30} {}", share(*hits, *all));
        }
    }
    safe(&called_read)
}

fn safe(called_read: &[(&Value, &Assessment)]) -> bool {
    println!("  destructive or financial, and called read: {}", called_read.len());
    for (row, assessment) in called_read {
        show(row, "!!", assessment);
    }
    called_read.is_empty()
}

fn show(row: &Value, label: &str, assessment: &Assessment) {
    let evidence: Vec<String> = assessment
        .evidence()
        .iter()
        .map(|e| {
            format!(
                "{}/{} `{}` {}",
                e.clue(),
                e.part(),
                e.words(),
                e.points_to().map_or("", Category::as_str)
            )
        })
        .collect();
    println!(
        "    {} {}: {label}, called {} ({}); {}",
        text(row, "server"),
        text(row, "name"),
        assessment.category(),
        assessment.confidence(),
        evidence.join("; ")
    );
}

fn text<'a>(row: &'a Value, member: &str) -> &'a str {
    row.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn share(part: usize, whole: usize) -> String {
    format!("{part} of {whole}, {:.2} %", percent(part, whole))
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * count(part) / count(whole).max(1.0)
}

fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
