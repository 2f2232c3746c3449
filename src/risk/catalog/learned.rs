//! What is new in what a server listed.

use std::fmt;
use std::sync::Arc;

use crate::risk::catalog::table::{CatalogEntry, Row, Table};

/// What a catalog has learned from a server's list, compared with what it knew before. It is compared when it is asked for.
///
/// What has changed inside a definition a [`PinnedTools`](crate::risk::PinnedTools) tells, which keeps the definitions.
#[derive(Clone)]
pub struct Learned {
    server: Box<str>,
    before: Arc<Table>,
    after: Arc<Table>,
    omitted: usize,
}

/// A tool that is known otherwise than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolChange<'a> {
    /// The name of the tool.
    pub name: &'a str,
    /// What was known of it before.
    pub before: CatalogEntry,
    /// What is known of it now.
    pub after: CatalogEntry,
}

impl ToolChange<'_> {
    /// Whether the tool can do worse than before, or it is worse when it does.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.after.category > self.before.category || self.after.severity > self.before.severity
    }
}

impl Learned {
    pub(super) fn new(server: Box<str>, before: Arc<Table>, after: Arc<Table>, omitted: usize) -> Self {
        Self { server, before, after, omitted }
    }

    /// The tools that are listed and were not known before.
    pub fn added(&self) -> impl Iterator<Item = &str> {
        missing(&self.server, &self.after, &self.before)
    }

    /// The tools that were known before and are not listed any more.
    pub fn removed(&self) -> impl Iterator<Item = &str> {
        missing(&self.server, &self.before, &self.after)
    }

    /// The tools that are listed with another definition than before, or are classed otherwise because of their siblings. A
    /// tool of which only the class was known before has changed if that has.
    pub fn changed(&self) -> impl Iterator<Item = ToolChange<'_>> {
        self.after.rows().iter().filter_map(|row| {
            let name = self.after.tool_of(row);
            let before = self.before.find(&self.server, name)?;
            let change = ToolChange { name, before, after: row.entry };
            let is_another = before.fingerprint.is_some() && before.fingerprint != row.entry.fingerprint;
            (is_another || before.classification() != row.entry.classification()).then_some(change)
        })
    }

    /// How many of the listed tools are not known, because there are more than the catalog keeps of one server.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

/// The tools of a server in one table that are not in another.
fn missing<'a>(server: &'a str, of: &'a Table, from: &'a Table) -> impl Iterator<Item = &'a str> {
    let names = of.rows_of(server).iter().map(|row: &Row| of.tool_of(row));
    names.filter(move |name| from.find(server, name).is_none())
}

impl fmt::Debug for Learned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learned")
            .field("server", &self.server)
            .field("tools", &self.after.rows().len())
            .field("omitted", &self.omitted)
            .finish_non_exhaustive()
    }
}
