//! What the operator says of tools, whatever their definitions say.

use std::collections::BTreeMap;

use crate::pattern::PatternMap;
use crate::risk::Classification;

/// Classifications by name or pattern, for one server or for all.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    for_all: PatternMap<Classification>,
    by_server: BTreeMap<Box<str>, PatternMap<Classification>>,
}

impl Overrides {
    /// What is said of a tool: for its server before for all, and within these in the order of the language.
    pub(super) fn find(&self, server: &str, tool: &str) -> Option<Classification> {
        let own = self.by_server.get(server).and_then(|own| own.find(tool));
        own.or_else(|| self.for_all.find(tool)).copied()
    }

    pub(super) fn insert(
        &mut self,
        server: Option<&str>,
        pattern: &str,
        classification: Classification,
    ) -> Option<Classification> {
        let overrides = match server {
            Some(server) => self.by_server.entry(server.into()).or_default(),
            None => &mut self.for_all,
        };
        overrides.insert(pattern, classification)
    }

    pub(super) fn remove(&mut self, server: Option<&str>, pattern: &str) -> Option<Classification> {
        let Some(server) = server else {
            return self.for_all.remove(pattern);
        };
        let own = self.by_server.get_mut(server)?;
        let removed = own.remove(pattern);
        if own.is_empty() {
            self.by_server.remove(server);
        }
        removed
    }

    /// All of them, those for all servers first, sorted by server and pattern.
    pub(super) fn sorted(&self) -> Vec<(Option<&str>, &str, Classification)> {
        let for_all = self.for_all.iter().map(|(pattern, said)| (None, pattern, *said));
        let by_server = self
            .by_server
            .iter()
            .flat_map(|(server, own)| own.iter().map(|(pattern, said)| (Some(&**server), pattern, *said)));
        let mut all: Vec<_> = for_all.chain(by_server).collect();
        all.sort_unstable_by_key(|(server, pattern, _)| (*server, *pattern));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::Category;

    #[test]
    fn the_more_specific_server_is_asked_first_and_then_the_more_specific_name() {
        let mut overrides = Overrides::default();
        for (server, pattern, category) in [
            (None, "purge_cache", Category::Read),
            (None, "*", Category::Write),
            (Some("a"), "purge_*", Category::Execute),
            (Some("a"), "purge_all*", Category::Financial),
        ] {
            assert_eq!(overrides.insert(server, pattern, category.into()), None);
        }
        for (server, tool, category) in [
            ("a", "purge_cache", Category::Execute),
            ("a", "purge_all_users", Category::Financial),
            ("a", "list", Category::Write),
            ("b", "purge_cache", Category::Read),
            ("b", "purge_all", Category::Write),
            ("", "purge_cache", Category::Read),
        ] {
            assert_eq!(overrides.find(server, tool), Some(category.into()), "{server} {tool}");
        }
        assert_eq!(overrides.insert(None, "*", Category::Read.into()), Some(Category::Write.into()));
        assert_eq!(overrides.remove(Some("a"), "purge_*"), Some(Category::Execute.into()));
        assert_eq!(overrides.remove(Some("b"), "purge_*"), None);
        assert_eq!(overrides.remove(Some("a"), "purge_all*"), Some(Category::Financial.into()));
        assert_eq!(overrides.remove(None, "*"), Some(Category::Read.into()));
        let left: Vec<_> =
            overrides.sorted().into_iter().map(|(server, pattern, _)| (server, pattern)).collect();
        assert_eq!(left, [(None, "purge_cache")]);
    }
}
