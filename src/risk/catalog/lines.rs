//! A catalog as JSON lines.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::fingerprint::Fingerprint;
use crate::risk::catalog::overrides::Overrides;
use crate::risk::catalog::table::{CatalogEntry, NotAdded, Row, Table};
use crate::risk::catalog::texts::Texts;
use crate::risk::line::{LineError, Members, each_line};
use crate::risk::{Category, Classification, Confidence, Severity};

/// What lines say, beside what was loaded before.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) table: Table,
    /// The servers that the lines name.
    pub(super) servers: Texts,
    /// By server and pattern.
    pub(super) overrides: BTreeMap<(Option<String>, String), Classification>,
}

/// Reads lines, and keeps what was loaded before of the servers that they do not name.
pub(super) fn read<T: AsRef<str>>(
    lines: impl IntoIterator<Item = T>,
    before: &Table,
) -> Result<Loaded, LineError> {
    let mut loaded = Loaded::default();
    let mut count = 0_usize;
    each_line(lines, |text| {
        count = count.saturating_add(1);
        read_line(text, &mut loaded)
    })?;
    for row in before.rows() {
        let server = before.server_of(row);
        if loaded.servers.number_of(server).is_none() {
            let added = loaded.table.add(server, before.tool_of(row), row.entry);
            added.map_err(|error| LineError::new(count, message(error).to_owned()))?;
        }
    }
    loaded.table = loaded.table.fitted();
    Ok(loaded)
}

fn read_line(text: &str, loaded: &mut Loaded) -> Result<(), String> {
    let line = Members::read(text, &MEMBERS)?;
    let server = line.optional_text("server")?;
    let category = line.category()?;
    let severity = line.severity()?.unwrap_or(category.severity());
    if line.has("override") {
        if let Some(beside) =
            ["name", "confidence", "fingerprint", "evidence"].iter().find(|name| line.has(name))
        {
            return Err(format!("`{beside}` never matters beside `override`"));
        }
        let key = (server.map(str::to_owned), line.text("override")?.to_owned());
        let said = Classification { category, severity };
        return match loaded.overrides.insert(key, said) {
            None => Ok(()),
            Some(_) => Err("the same override stands on an earlier line".to_owned()),
        };
    }
    // For people, and not kept.
    if line.has("evidence") && !line.value("evidence").is_ok_and(Value::is_array) {
        return Err("`evidence` is not an array".to_owned());
    }
    let confidence = line.confidence()?.unwrap_or(Confidence::Low);
    let entry = CatalogEntry { category, severity, confidence, fingerprint: line.fingerprint()? };
    let (server, name) = (server.unwrap_or_default(), line.text("name")?);
    let added = loaded.servers.keep(server).ok_or(NotAdded::Full);
    let added = added.and_then(|_| loaded.table.add(server, name, entry));
    added.map_err(|error| message(error).to_owned())
}

fn message(error: NotAdded) -> &'static str {
    match error {
        NotAdded::Full => "there are more names than a catalog holds",
        NotAdded::Known => "the same tool of the same server stands on an earlier line",
    }
}

/// Every override, sorted.
pub(super) fn of_overrides(overrides: &Overrides) -> Vec<String> {
    let lines = overrides.sorted().into_iter();
    lines.map(|(server, pattern, said)| override_line(server, pattern, said)).collect()
}

/// Every tool, sorted by server and name. Of a server that was learned nothing counts that was loaded.
pub(super) fn of_tools(
    loaded: &Arc<Table>,
    learned: &HashMap<Box<str>, Arc<Table>>,
) -> impl Iterator<Item = String> + use<> {
    let counts = |row: &&Row| !learned.contains_key(loaded.server_of(row));
    let mut rows: Vec<(Arc<Table>, usize)> = Vec::new();
    let counting = loaded.rows().iter().enumerate().filter(|(_, row)| counts(row));
    rows.extend(counting.map(|(index, _)| (Arc::clone(loaded), index)));
    for table in learned.values() {
        rows.extend((0..table.rows().len()).map(|index| (Arc::clone(table), index)));
    }
    rows.sort_unstable_by(|a, b| names(a).cmp(&names(b)));
    rows.into_iter().filter_map(|(table, index)| {
        let row = table.rows().get(index)?;
        Some(entry_line(table.server_of(row), table.tool_of(row), row.entry))
    })
}

/// The names of a row's server and tool.
fn names((table, index): &(Arc<Table>, usize)) -> Option<(&str, &str)> {
    let row = table.rows().get(*index)?;
    Some((table.server_of(row), table.tool_of(row)))
}

/// The line of a tool.
fn entry_line(server: &str, name: &str, entry: CatalogEntry) -> String {
    let CatalogEntry { category, severity, confidence, fingerprint } = entry;
    let server = Some(server).filter(|server| !server.is_empty());
    written(&EntryLine { server, name, category, severity, confidence, fingerprint })
}

/// The line of an override.
fn override_line(server: Option<&str>, pattern: &str, said: Classification) -> String {
    let Classification { category, severity } = said;
    written(&OverrideLine { pattern, server, category, severity })
}

#[derive(Serialize)]
struct EntryLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    name: &'a str,
    category: Category,
    severity: Severity,
    confidence: Confidence,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Fingerprint>,
}

#[derive(Serialize)]
struct OverrideLine<'a> {
    #[serde(rename = "override")]
    pattern: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    category: Category,
    severity: Severity,
}

/// What has nothing but texts in it is always written.
fn written(line: &impl Serialize) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

const MEMBERS: [&str; 8] =
    ["server", "name", "override", "category", "severity", "confidence", "fingerprint", "evidence"];
