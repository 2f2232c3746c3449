//! What is known of many tools of many servers, in little room.

use crate::fingerprint::Fingerprint;
use crate::risk::catalog::slots::Slots;
use crate::risk::catalog::texts::Texts;
use crate::risk::{Category, Classification, Confidence, Severity};

/// What a catalog keeps of a tool that a server listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogEntry {
    /// What the tool can do at worst.
    pub category: Category,
    /// How bad that is.
    pub severity: Severity,
    /// How sure that is.
    pub confidence: Confidence,
    /// The definition; `None` if it was listed more than once, or has no fingerprint.
    pub fingerprint: Option<Fingerprint>,
}

impl CatalogEntry {
    /// What the language asks for.
    #[must_use]
    pub const fn classification(&self) -> Classification {
        Classification { category: self.category, severity: self.severity }
    }
}

/// Entries by server and name. It is filled, then fitted, and then only read.
///
/// An entry takes 44 bytes and its place in the index six. Every name is kept once, and takes ten beyond its own.
#[derive(Debug, Default)]
pub(super) struct Table {
    servers: Texts,
    tools: Texts,
    /// INVARIANT: once fitted, sorted by server.
    rows: Vec<Row>,
    slots: Slots,
}

#[derive(Debug)]
pub(super) struct Row {
    server: u32,
    tool: u32,
    pub(super) entry: CatalogEntry,
}

/// Why an entry is not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAdded {
    /// There is no room for another: more than 4 GiB of names.
    Full,
    /// There is one with this name.
    Known,
}

impl Table {
    pub(super) fn add(&mut self, server: &str, tool: &str, entry: CatalogEntry) -> Result<(), NotAdded> {
        let server = self.servers.keep(server).ok_or(NotAdded::Full)?;
        let tool = self.tools.keep(tool).ok_or(NotAdded::Full)?;
        if self.row(server, tool).is_some() {
            return Err(NotAdded::Known);
        }
        self.rows.push(Row { server, tool, entry });
        let Self { tools, rows, slots, .. } = self;
        slots.push(|number| hash_of(tools, rows, number)).map(drop).ok_or(NotAdded::Full)
    }

    /// The table, in as little room as it needs.
    pub(super) fn fitted(mut self) -> Self {
        self.rows.sort_by_key(|row| row.server);
        self.rows.shrink_to_fit();
        self.servers.fit();
        self.tools.fit();
        let Self { tools, rows, slots, .. } = &mut self;
        slots.fit(|number| hash_of(tools, rows, number));
        self
    }

    pub(super) fn find(&self, server: &str, tool: &str) -> Option<CatalogEntry> {
        let row = self.row(self.servers.number_of(server)?, self.tools.number_of(tool)?)?;
        Some(row.entry)
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows of one server.
    pub(super) fn rows_of(&self, server: &str) -> &[Row] {
        let Some(server) = self.servers.number_of(server) else {
            return &[];
        };
        let start = self.rows.partition_point(|row| row.server < server);
        let rows = self.rows.get(start..).unwrap_or_default();
        rows.get(..rows.partition_point(|row| row.server == server)).unwrap_or_default()
    }

    pub(super) fn server_of(&self, row: &Row) -> &str {
        self.servers.get(row.server)
    }

    pub(super) fn tool_of(&self, row: &Row) -> &str {
        self.tools.get(row.tool)
    }

    fn row(&self, server: u32, tool: u32) -> Option<&Row> {
        let at = |number| usize::try_from(number).ok().and_then(|number| self.rows.get(number));
        let is = |number| at(number).is_some_and(|row| (row.server, row.tool) == (server, tool));
        self.slots.find(self.tools.hash((server, tool)), is).and_then(at)
    }
}

fn hash_of(tools: &Texts, rows: &[Row], number: u32) -> u64 {
    let row = usize::try_from(number).ok().and_then(|number| rows.get(number));
    tools.hash(row.map_or((0, 0), |row| (row.server, row.tool)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(category: Category) -> CatalogEntry {
        CatalogEntry {
            category,
            severity: category.severity(),
            confidence: Confidence::Low,
            fingerprint: None,
        }
    }

    #[test]
    fn an_entry_is_as_small_as_the_documentation_says() {
        assert_eq!(size_of::<Row>(), 44);
    }

    #[test]
    fn t51_an_entry_answers_for_its_own_server_alone() {
        let mut table = Table::default();
        let added = [
            ("a", "search", Category::Read),
            ("b", "search", Category::Write),
            ("a", "b", Category::Execute),
        ];
        for (server, tool, category) in added {
            table.add(server, tool, entry(category)).unwrap();
        }
        assert_eq!(table.add("a", "search", entry(Category::Read)), Err(NotAdded::Known));
        let table = table.fitted();
        for (server, tool, category) in added {
            assert_eq!(table.find(server, tool), Some(entry(category)), "{server} {tool}");
        }
        for (server, tool) in [("b", "b"), ("", "search"), ("search", "a"), ("a", ""), ("as", "earch")] {
            assert_eq!(table.find(server, tool), None, "{server} {tool}");
        }
        let names: Vec<_> = table.rows_of("a").iter().map(|row| table.tool_of(row)).collect();
        assert_eq!(names, ["search", "b"]);
        assert!(table.rows_of("c").is_empty());
    }
}
