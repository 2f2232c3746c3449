//! Assessing a tool by its definition.

use crate::risk::{Assessment, Category, Clue, Confidence, Evidence, Part, Signals, Tool};

/// What a tool can do at worst, by its own definition alone.
///
/// It is deterministic, and asks nobody: no model, no network.
#[must_use]
pub fn assess(tool: &Tool<'_>) -> Assessment {
    assess_beside(tool, &[])
}

/// What each tool of a server can do at worst, in the same order. The others are the context of a name that is vague.
#[must_use]
pub fn assess_all(tools: &[Tool<'_>]) -> Vec<Assessment> {
    tools.iter().map(|tool| assess_beside(tool, tools)).collect()
}

fn assess_beside(tool: &Tool<'_>, _siblings: &[Tool<'_>]) -> Assessment {
    let category = Category::Write;
    Assessment {
        category,
        severity: category.severity(),
        confidence: Confidence::Low,
        evidence: vec![Evidence::new(Clue::Nothing, Part::Name, tool.name, Some(category))],
        signals: Signals::default(),
        actions: None,
    }
}
