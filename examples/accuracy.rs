//! How often is the risk catalog right? Measures it on labeled tools.
//!
//! ```text
//! cargo run --release --example accuracy -- FOLDER [--misses]
//! ```
//!
//! The folder holds some of these, each a tool a line with `server`, `name`, `description` and `inputSchema`. A server's
//! tools are each other's context.
//!
//! - `categories.jsonl` and `kestra.jsonl`, with `category` and `acceptable`: a hit is an answer in `acceptable`, a strict hit
//!   is `category` itself.
//! - `annotated.jsonl`, with `label` as the tool's author declared it: `read` against all others, averaged by server.
//!
//! `--misses` lists every miss with its evidence. The exit status is 1 if a tool labeled destructive or financial in the
//! first two was called read, and 2 if something could not be read. (What authors declare is often wrong: those of
//! `annotated.jsonl` are listed only.)

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use mcp_policy::risk::{self, Assessment, Category, Tool};
use serde_json::Value;

const USAGE: &str = "usage: accuracy FOLDER [--misses]

FOLDER holds labeled tools: categories.jsonl, kestra.jsonl, annotated.jsonl, or some of them.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (folder, shows_misses) = match arguments.as_slice() {
        [folder] if !folder.starts_with("--") => (folder, false),
        [folder, "--misses"] | ["--misses", folder] => (folder, true),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
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

/// Whether no tool that is destructive or financial was called read.
fn measure(folder: &Path, shows_misses: bool) -> Result<bool, Box<dyn Error>> {
    let mut is_safe = true;
    let mut measured = 0_usize;
    for name in ["categories.jsonl", "kestra.jsonl", "annotated.jsonl"] {
        let path = folder.join(name);
        if !path.exists() {
            continue;
        }
        measured = measured.saturating_add(1);
        let text = fs::read_to_string(&path)?;
        let mut rows = Vec::new();
        for (line, number) in text.lines().zip(1_usize..) {
            let row: Value =
                serde_json::from_str(line).map_err(|error| format!("{name}, line {number}: {error}"))?;
            Tool::from_definition(&row).map_err(|error| format!("{name}, line {number}: {error}"))?;
            rows.push(row);
        }
        println!("{name}: {} tools", rows.len());
        let rows: Vec<Row<'_>> = assess(&rows);
        if name == "annotated.jsonl" {
            report_reads(&rows, shows_misses);
        } else {
            is_safe &= report_categories(&rows, shows_misses);
        }
    }
    if measured == 0 {
        return Err("none of categories.jsonl, kestra.jsonl, annotated.jsonl is there".into());
    }
    Ok(is_safe)
}

/// A labeled tool and what the catalog says of it.
struct Row<'a> {
    tool: &'a Value,
    assessment: Assessment,
}

impl Row<'_> {
    fn text(&self, member: &str) -> &str {
        self.tool.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    fn show(&self, label: &str) {
        let evidence: Vec<String> = self
            .assessment
            .evidence()
            .iter()
            .map(|evidence| {
                let points_to = evidence.points_to().map_or("nothing", Category::as_str);
                format!("{} in {} `{}` {points_to}", evidence.clue(), evidence.part(), evidence.words())
            })
            .collect();
        println!(
            "    {} {}: {label}, called {} ({}): {}",
            self.text("server"),
            self.text("name"),
            self.assessment.category(),
            self.assessment.confidence(),
            evidence.join("; ")
        );
    }
}

fn assess(tools: &[Value]) -> Vec<Row<'_>> {
    let mut servers: BTreeMap<Option<&str>, Vec<&Value>> = BTreeMap::new();
    for tool in tools {
        servers.entry(tool.get("server").and_then(Value::as_str)).or_default().push(tool);
    }
    let mut rows = Vec::new();
    for values in servers.values() {
        let tools: Vec<Tool<'_>> =
            values.iter().filter_map(|value| Tool::from_definition(value).ok()).collect();
        let assessed = values.iter().zip(risk::assess_all(&tools));
        rows.extend(assessed.map(|(tool, assessment)| Row { tool, assessment }));
    }
    rows
}

fn report_categories(rows: &[Row<'_>], shows_misses: bool) -> bool {
    let mut answers: BTreeMap<(&str, Category), Share> = BTreeMap::new();
    let (mut hits, mut strict) = (Share::default(), Share::default());
    let mut called_read = Vec::new();
    for row in rows {
        let (label, answer) = (row.text("category"), row.assessment.category());
        let acceptable = row.tool.get("acceptable").and_then(Value::as_array);
        let is_hit = acceptable.is_some_and(|values| values.iter().any(|value| value == answer.as_str()));
        hits.count(is_hit);
        strict.count(label == answer.as_str());
        answers.entry((label, answer)).or_default().count(true);
        if answer == Category::Read && matches!(label, "destructive" | "financial") {
            called_read.push(row);
        }
        if shows_misses && !is_hit {
            row.show(label);
        } else if shows_misses && label != answer.as_str() {
            row.show(&format!("{label}, but acceptable"));
        }
    }
    println!("  hits   {hits}\n  strict {strict}");
    for label in Category::ALL {
        let called = |answer| answers.get(&(label.as_str(), answer)).map_or(0, |share| share.all);
        let called: Vec<String> =
            Category::ALL.iter().map(|answer| format!("{answer} {}", called(*answer))).collect();
        println!("  {:<12} called {}", label.as_str(), called.join(", "));
    }
    println!("  destructive or financial, and called read: {}", called_read.len());
    for row in &called_read {
        row.show("!");
    }
    called_read.is_empty()
}

fn report_reads(rows: &[Row<'_>], shows_misses: bool) {
    let mut servers: BTreeMap<&str, Share> = BTreeMap::new();
    let (mut all, mut reads, mut others) = (Share::default(), Share::default(), Share::default());
    let mut called_read = Vec::new();
    for row in rows {
        let label = row.text("label");
        let is_read = row.assessment.category() == Category::Read;
        let is_right = is_read == (label == "read");
        servers.entry(row.text("server")).or_default().count(is_right);
        all.count(is_right);
        if label == "read" { &mut reads } else { &mut others }.count(is_right);
        if is_read && label == "destructive" {
            called_read.push(row);
        }
        if shows_misses && !is_right {
            row.show(label);
        }
    }
    println!("  read against others {all}\n  reads called read {reads}\n  others not called read {others}");
    let sum: f64 = servers.values().map(Share::percent).sum();
    println!("  average of {} servers {:.2} %", servers.len(), sum / float(servers.len()));
    for (server, share) in servers.iter().filter(|(_, share)| share.hits < share.all) {
        println!("    {server:<32} {share}");
    }
    println!("  declared destructive, and called read: {}", called_read.len());
    for row in &called_read {
        row.show("!");
    }
}

#[derive(Default)]
struct Share {
    hits: usize,
    all: usize,
}

impl Share {
    fn count(&mut self, is_hit: bool) {
        self.hits = self.hits.saturating_add(usize::from(is_hit));
        self.all = self.all.saturating_add(1);
    }

    fn percent(&self) -> f64 {
        100.0 * float(self.hits) / float(self.all)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}, {:.2} %", self.hits, self.all, self.percent())
    }
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
