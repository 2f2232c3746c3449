//! JSON lines, read strictly: one object a line, every member known.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::diagnostic::nearest;
use crate::fingerprint::Fingerprint;
use crate::json::{self, excerpt};
use crate::risk::{Category, Confidence, Severity};

/// A line that is not as it should be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {message}")]
pub struct LineError {
    line: usize,
    message: String,
}

impl LineError {
    pub(crate) fn new(line: usize, message: String) -> Self {
        Self { line, message }
    }

    /// Which line it is, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// What is wrong with it, in one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Reads lines one after the other, up to the first that is wrong.
pub(crate) fn each_line<T: AsRef<str>>(
    lines: impl IntoIterator<Item = T>,
    mut read: impl FnMut(&str) -> Result<(), String>,
) -> Result<(), LineError> {
    let numbered = (1..).zip(lines);
    for (line, text) in numbered {
        read(text.as_ref()).map_err(|message| LineError::new(line, message))?;
    }
    Ok(())
}

/// The members of a line.
pub(crate) struct Members(Map<String, Value>);

impl Members {
    /// Reads a line that is an object with no members but these.
    pub(crate) fn read(text: &str, names: &[&str]) -> Result<Self, String> {
        let value =
            json::parse(text).map_err(|error| format!("{} at column {}", error.message(), error.column()))?;
        let Value::Object(members) = value else {
            return Err("not an object".to_owned());
        };
        match members.keys().find(|name| !names.contains(&name.as_str())) {
            None => Ok(Self(members)),
            Some(unknown) => {
                let quoted = excerpt(unknown);
                Err(match nearest(unknown, names) {
                    Some(near) => format!("unknown member `{quoted}`; did you mean `{near}`?"),
                    None => format!("unknown member `{quoted}`"),
                })
            }
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value of a member, which there must be.
    pub(crate) fn value(&self, name: &str) -> Result<&Value, String> {
        self.0.get(name).ok_or_else(|| format!("missing member `{name}`"))
    }

    /// The text of a member, which there must be.
    pub(crate) fn text(&self, name: &str) -> Result<&str, String> {
        self.value(name)?.as_str().ok_or_else(|| format!("`{name}` is not a string"))
    }

    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&str>, String> {
        self.has(name).then(|| self.text(name)).transpose()
    }

    pub(crate) fn category(&self) -> Result<Category, String> {
        word("category", self.text("category")?, Category::ALL, Category::as_str)
    }

    pub(crate) fn severity(&self) -> Result<Option<Severity>, String> {
        let read = |text| word("severity", text, Severity::ALL, Severity::as_str);
        self.optional_text("severity")?.map(read).transpose()
    }

    pub(crate) fn confidence(&self) -> Result<Option<Confidence>, String> {
        let read = |text| word("confidence", text, Confidence::ALL, Confidence::as_str);
        self.optional_text("confidence")?.map(read).transpose()
    }

    pub(crate) fn fingerprint(&self) -> Result<Option<Fingerprint>, String> {
        let read = |text: &str| text.parse().map_err(|_| format!("`{}` is not a fingerprint", excerpt(text)));
        self.optional_text("fingerprint")?.map(read).transpose()
    }
}

/// A word of a closed list.
fn word<T: Copy>(member: &str, text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    if let Some(found) = all.iter().find(|word| name(**word) == text) {
        return Ok(*found);
    }
    let names: Vec<&str> = all.iter().map(|word| name(*word)).collect();
    let help = match nearest(text, &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of `{}`", names.join("`, `")),
    };
    Err(format!("unknown {member} `{}`; {help}", excerpt(text)))
}
