//! The tools of a list, each name once and in one order.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::risk::{Assessment, Tool};

/// Sorts tools so that the order in which a server lists them is forgotten.
pub(super) fn sort(tools: &mut [Tool<'_>]) {
    tools.sort_by(compare);
}

/// Each name once. Where the definitions of a name differ, nobody knows which one a call meets: the worse assessment
/// counts, and nothing of the schemas.
pub(super) fn gather<'a>(assessed: &[(Tool<'a>, Assessment)]) -> Vec<(Tool<'a>, Assessment)> {
    let mut sorted: Vec<&(Tool<'a>, Assessment)> = assessed.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| compare(a, b));
    let mut gathered: Vec<(Tool<'a>, Assessment)> = Vec::new();
    for (tool, assessment) in sorted {
        match gathered.last_mut() {
            Some((last, worse)) if last.name == tool.name => {
                let is_same = *worse == *assessment && last.input_schema == tool.input_schema;
                if !is_same {
                    *worse = merged(worse, assessment);
                    *last = Tool::new(tool.name);
                }
            }
            _ => gathered.push((*tool, assessment.clone())),
        }
    }
    gathered
}

fn merged(a: &Assessment, b: &Assessment) -> Assessment {
    let is_worse = (a.category, a.severity) >= (b.category, b.severity);
    let mut worse = if is_worse { a.clone() } else { b.clone() };
    worse.severity = a.severity.max(b.severity);
    for signal in a.signals.iter().chain(b.signals.iter()) {
        worse.signals.insert(signal);
    }
    worse.actions = None;
    worse
}

/// By name, and by everything else where the names are the same.
fn compare(a: &Tool<'_>, b: &Tool<'_>) -> Ordering {
    a.name.cmp(b.name).then_with(|| text(a).cmp(&text(b)))
}

fn text(tool: &Tool<'_>) -> String {
    let schema = tool.input_schema.unwrap_or(&Value::Null);
    json!([tool.title, tool.description, schema, tool.annotations, tool.definition]).to_string()
}
