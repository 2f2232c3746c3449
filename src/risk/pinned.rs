//! Pinned tools: the definitions that somebody has looked at, and what became of them.

mod change;
mod parameters;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

pub use change::{DefinitionChange, ParameterChange};

use crate::fingerprint::Fingerprint;
use crate::json::excerpt;
use crate::risk::line::{LineError, Members, each_line};
use crate::risk::{Category, Classification, Severity, Tool, assess_all, by_name};

/// The tools of one server as they were when somebody looked at them and said yes.
///
/// It gives a policy its [`pins`](Self::pins), and tells later what the server has changed since: which tools, what in them,
/// and whether they can do worse. It keeps the definitions whole, so that a person can compare the words too.
///
/// ```
/// use mcp_policy::risk::{self, PinnedTools};
/// use serde_json::json;
///
/// let answer = json!({"tools": [{"name": "search", "description": "Search.", "annotations": {"readOnlyHint": false}}]});
/// let pinned = PinnedTools::new(risk::listed_tools(&answer).unwrap())?;
/// assert!(pinned.pins()["search"].to_string().starts_with("sha256:"));
///
/// let answer = json!({"tools": [{"name": "search", "description": "Find.", "annotations": {"readOnlyHint": true}}]});
/// let drift = pinned.compare(risk::listed_tools(&answer).unwrap());
/// assert_eq!(
///     drift.to_string(),
///     "`search` has changed\n  the hint `readOnlyHint` was false and is true\n  the description is another\n"
/// );
/// # Ok::<(), mcp_policy::risk::PinError>(())
/// ```
///
/// # As JSON lines
///
/// [`to_lines`](Self::to_lines) writes one object a line, and [`from_lines`](Self::from_lines) reads it:
///
/// | member | is |
/// |---|---|
/// | `fingerprint` | that of the definition: a line in which it is another is wrong |
/// | `category`, `severity` | what the tool was taken for when it was pinned |
/// | `definition` | the definition as it was listed |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedTools {
    tools: BTreeMap<Box<str>, Pinned>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pinned {
    fingerprint: Fingerprint,
    classification: Classification,
    definition: Map<String, Value>,
}

impl PinnedTools {
    /// The tools of a server as it lists them now: all of them, every page.
    ///
    /// # Errors
    ///
    /// [`PinError`] for a tool that cannot be pinned: its name is listed more than once, or its definition has no
    /// fingerprint. A tool that was left out would not be watched, and nobody would notice.
    pub fn new<'a>(tools: impl IntoIterator<Item = Tool<'a>>) -> Result<Self, PinError> {
        let mut listed = Vec::new();
        for (name, tool) in by_name(tools) {
            let tool = tool.ok_or_else(|| PinError(Unpinnable::Repeated, name.into()))?;
            let known = tool.fingerprint().zip(tool.definition);
            let (fingerprint, definition) =
                known.ok_or_else(|| PinError(Unpinnable::Unknown, name.into()))?;
            listed.push((tool, fingerprint, definition));
        }
        let alone: Vec<Tool<'_>> = listed.iter().map(|(tool, ..)| *tool).collect();
        let pinned =
            listed.iter().zip(assess_all(&alone)).map(|((tool, fingerprint, definition), assessment)| {
                let classification = assessment.classification();
                let definition = (*definition).clone();
                (tool.name.into(), Pinned { fingerprint: *fingerprint, classification, definition })
            });
        Ok(Self { tools: pinned.collect() })
    }

    /// The tools that lines tell of, in the format that the type describes.
    ///
    /// # Errors
    ///
    /// [`LineError`] for the first line that is wrong.
    pub fn from_lines<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> Result<Self, LineError> {
        let mut tools = BTreeMap::new();
        each_line(lines, |text| {
            let (name, pinned) = read(text)?;
            match tools.insert(name, pinned) {
                None => Ok(()),
                Some(_) => Err("a tool with the same name stands on an earlier line".to_owned()),
            }
        })?;
        Ok(Self { tools })
    }

    /// The tools as lines in the format that the type describes, without line ends, sorted by name.
    pub fn to_lines(&self) -> impl Iterator<Item = String> {
        self.tools.values().map(|pinned| {
            let Pinned { fingerprint, classification: Classification { category, severity }, definition } =
                pinned;
            let line =
                Line { fingerprint: *fingerprint, category: *category, severity: *severity, definition };
            // What was read as JSON, or listed as JSON, is written as JSON.
            serde_json::to_string(&line).unwrap_or_default()
        })
    }

    /// The fingerprints by name, as [`PolicyDocument::pins`](crate::policy::document::PolicyDocument::pins) has them. A name
    /// with `*` is not among them: a policy cannot name such a tool.
    #[must_use]
    pub fn pins(&self) -> BTreeMap<String, Fingerprint> {
        let exact = self.tools.iter().filter(|(name, _)| !name.contains('*'));
        exact.map(|(name, pinned)| (name.to_string(), pinned.fingerprint)).collect()
    }

    /// What the server has changed since: its tools as it lists them now, all of them, against these.
    #[must_use]
    pub fn compare<'a>(&self, tools: impl IntoIterator<Item = Tool<'a>>) -> Drift {
        let mut drift = Drift::default();
        let listed = by_name(tools);
        let once: Vec<Tool<'_>> = listed.values().copied().flatten().collect();
        for (tool, assessment) in once.iter().zip(assess_all(&once)) {
            let after = assessment.classification();
            let Some(pinned) = self.tools.get(tool.name) else {
                drift.added.push(AddedTool { name: tool.name.to_owned(), classification: after });
                continue;
            };
            match tool.fingerprint().zip(tool.definition) {
                None => drift.unclear.push(tool.name.to_owned()),
                Some((fingerprint, _)) if fingerprint == pinned.fingerprint => {}
                Some((_, definition)) => drift.changed.push(ChangedTool {
                    name: tool.name.to_owned(),
                    before: pinned.classification,
                    after,
                    changes: change::between(&pinned.definition, definition),
                }),
            }
        }
        drift
            .unclear
            .extend(listed.iter().filter(|(_, tool)| tool.is_none()).map(|(name, _)| (*name).to_owned()));
        drift.unclear.sort_unstable();
        let names = self.tools.keys().map(|name| &**name);
        let gone = names.filter(|name| !listed.contains_key(name));
        drift.removed = gone.map(str::to_owned).collect();
        drift
    }
}

/// What a server has changed since its tools were pinned. `Display` writes it for people, a tool a paragraph; what it says
/// the names of are the server's words, shortened and without control characters.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Drift {
    /// Tools that were not pinned.
    pub added: Vec<AddedTool>,
    /// Tools that are listed with another definition.
    pub changed: Vec<ChangedTool>,
    /// Tools that are not listed any more.
    pub removed: Vec<String>,
    /// Tools that are listed more than once, or with a definition that has no fingerprint: pins of them are not kept.
    pub unclear: Vec<String>,
}

/// A tool that was not pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddedTool {
    /// Its name.
    pub name: String,
    /// What it can do at worst.
    pub classification: Classification,
}

/// A tool that is listed with another definition than it was pinned with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ChangedTool {
    /// Its name.
    pub name: String,
    /// What it was taken for when it was pinned.
    pub before: Classification,
    /// What it can do at worst now.
    pub after: Classification,
    /// What has changed; there is at least one.
    pub changes: Vec<DefinitionChange>,
}

impl Drift {
    /// Whether the server lists what was pinned, and nothing else.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty() && self.unclear.is_empty()
    }
}

impl ChangedTool {
    /// Whether it can do worse than what it was taken for, or it is worse when it does.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.after.category > self.before.category || self.after.severity > self.before.severity
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for AddedTool { name, classification: Classification { category, severity } } in &self.added {
            writeln!(f, "`{}` is new: {category}, {severity}", excerpt(name))?;
        }
        for tool in &self.changed {
            write!(f, "`{}` has changed", excerpt(&tool.name))?;
            let (before, after) = (tool.before, tool.after);
            if before != after {
                let verb = if tool.is_raised() { ", and its risk rose" } else { "" };
                write!(f, "{verb}: was {}, {}", before.category, before.severity)?;
                write!(f, ", is {}, {}", after.category, after.severity)?;
            }
            writeln!(f)?;
            tool.changes.iter().try_for_each(|change| writeln!(f, "  {change}"))?;
        }
        for name in &self.removed {
            writeln!(f, "`{}` is not listed any more", excerpt(name))?;
        }
        for name in &self.unclear {
            writeln!(
                f,
                "`{}` is listed more than once, or with a definition that has no fingerprint",
                excerpt(name)
            )?;
        }
        Ok(())
    }
}

/// A tool that cannot be pinned.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{}` cannot be pinned: {}", excerpt(.1), .0.why())]
pub struct PinError(Unpinnable, Box<str>);

impl PinError {
    /// The name of the tool.
    #[must_use]
    pub fn tool(&self) -> &str {
        &self.1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unpinnable {
    Repeated,
    Unknown,
}

impl Unpinnable {
    fn why(self) -> &'static str {
        match self {
            Self::Repeated => "it is listed more than once",
            Self::Unknown => "its definition has no fingerprint",
        }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    fingerprint: Fingerprint,
    category: Category,
    severity: Severity,
    definition: &'a Map<String, Value>,
}

fn read(text: &str) -> Result<(Box<str>, Pinned), String> {
    let line = Members::read(text, &["fingerprint", "category", "severity", "definition"])?;
    let category = line.category()?;
    let severity = line.severity()?.unwrap_or(category.severity());
    let stated = line.fingerprint()?.ok_or("missing member `fingerprint`")?;
    let tool =
        Tool::from_definition(line.value("definition")?).map_err(|error| format!("`definition`: {error}"))?;
    let known = tool.fingerprint().zip(tool.definition);
    let (fingerprint, definition) = known
        .filter(|(fingerprint, _)| *fingerprint == stated)
        .ok_or("`fingerprint` is not that of the definition")?;
    let classification = Classification { category, severity };
    Ok((tool.name.into(), Pinned { fingerprint, classification, definition: definition.clone() }))
}
