//! From what a server lists to what is kept of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::risk::catalog::table::{CatalogEntry, Table};
use crate::risk::{Assessment, Category, Confidence, Lexicon, Severity, Tool};

/// As many tools of one server are known. The rest of a longer list is as if it had not been listed, so that a hostile
/// server cannot fill the memory of a gateway.
pub const MAX_TOOLS: usize = 10_000;

/// As many bytes of the names of one server's tools are kept, 1 MiB. A tool whose name does not fit is as if it had not been
/// listed.
pub const MAX_NAMES_BYTES: usize = 1024 * 1024;

/// What is kept of a server's tools, and how many are not.
pub(super) fn table_of<'a>(
    server: &str,
    tools: impl IntoIterator<Item = Tool<'a>>,
    lexicon: &Lexicon,
) -> (Table, usize) {
    let mut listed = Listed::default();
    for tool in tools {
        listed.add(tool, lexicon);
    }
    let assessments = lexicon.assess_all(&listed.tools);
    let mut table = Table::default();
    for ((tool, assessment), again) in listed.tools.iter().zip(&assessments).zip(&listed.again) {
        let alone = entry(tool, assessment);
        let entry = again.map_or(alone, |again| CatalogEntry { fingerprint: None, ..worst(alone, again) });
        // Names are distinct and together far below the 4 GiB for which there is room.
        let _ = table.add(server, tool.name, entry);
    }
    (table.fitted(), listed.omitted)
}

#[derive(Default)]
struct Listed<'a> {
    by_name: HashMap<&'a str, usize>,
    /// Each name once.
    tools: Vec<Tool<'a>>,
    /// For each: the worst of the further definitions with its name, if there are any.
    again: Vec<Option<CatalogEntry>>,
    bytes: usize,
    repeated: usize,
    omitted: usize,
}

impl<'a> Listed<'a> {
    fn add(&mut self, tool: Tool<'a>, lexicon: &Lexicon) {
        let bytes = self.bytes.saturating_add(tool.name.len());
        match self.by_name.entry(tool.name) {
            Entry::Occupied(known) => {
                self.repeated = self.repeated.saturating_add(1);
                let is_read = self.repeated <= MAX_TOOLS;
                let own = if is_read { entry(&tool, &lexicon.assess(&tool)) } else { UNREAD };
                if let Some(again) = self.again.get_mut(*known.get()) {
                    *again = Some(again.map_or(own, |again| worst(again, own)));
                }
            }
            Entry::Vacant(_) if self.tools.len() >= MAX_TOOLS || bytes > MAX_NAMES_BYTES => {
                self.omitted = self.omitted.saturating_add(1);
            }
            Entry::Vacant(free) => {
                free.insert(self.tools.len());
                self.tools.push(tool);
                self.again.push(None);
                self.bytes = bytes;
            }
        }
    }
}

/// What a definition is taken for that is repeated in a list without end, where nobody reads on.
const UNREAD: CatalogEntry = CatalogEntry {
    category: Category::Financial,
    severity: Severity::Critical,
    confidence: Confidence::Low,
    fingerprint: None,
};

fn entry(tool: &Tool<'_>, assessment: &Assessment) -> CatalogEntry {
    CatalogEntry {
        category: assessment.category(),
        severity: assessment.severity(),
        confidence: assessment.confidence(),
        fingerprint: tool.fingerprint(),
    }
}

fn worst(a: CatalogEntry, b: CatalogEntry) -> CatalogEntry {
    CatalogEntry {
        category: a.category.max(b.category),
        severity: a.severity.max(b.severity),
        confidence: a.confidence.min(b.confidence),
        fingerprint: None,
    }
}
