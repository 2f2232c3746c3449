//! Answers to `tools/list`.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::mcp::session::Session;
use crate::mcp::session::pending::PendingList;

impl<S> Session<S> {
    /// Leaves what is not hidden in a list of tools; false if it is none.
    ///
    /// What has no name, or a name for a second time, is left out: nobody could say which of them a call
    /// means. What the server says of a tool that stays is kept as it is.
    pub(super) fn filter_list(&self, result: &mut Map<String, Value>, list: PendingList) -> bool {
        if !result.get("tools").is_some_and(Value::is_array) {
            return false;
        }
        self.gate.learn(list.cursor, result);
        let Some(Value::Array(tools)) = result.get_mut("tools") else {
            return false;
        };
        let Some(policy) = self.gate.evaluator().policy() else {
            tools.clear();
            return true;
        };
        let before = tools.len();
        let mut seen = HashSet::new();
        tools.retain(|tool| match tool.get("name") {
            Some(Value::String(name)) if !policy.hides(name) => seen.insert(name.clone()),
            _ => false,
        });
        // A list that is this caller's must not be kept for another. Before revision 2026-07-28 nobody keeps
        // lists, and one from which nothing was taken stays as it is.
        let was_cut = tools.len() != before;
        if was_cut || list.modern || result.contains_key("cacheScope") || result.contains_key("ttlMs") {
            result.insert("cacheScope".to_owned(), "private".into());
        }
        true
    }
}
