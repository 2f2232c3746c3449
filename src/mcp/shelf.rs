//! A bounded place for what callers have begun and not ended.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

/// Values by key, each of one principal and until a time. It is bounded: a principal that has too many loses
/// its own oldest, and never another's.
#[derive(Debug)]
pub(crate) struct Shelf<V> {
    entries: BTreeMap<Box<str>, Entry<V>>,
    /// INVARIANT: the keys of each principal's entries, the oldest first, and perhaps of some that are gone.
    order: BTreeMap<Arc<str>, VecDeque<Box<str>>>,
}

#[derive(Debug)]
struct Entry<V> {
    principal: Arc<str>,
    expires_at: SystemTime,
    value: V,
}

impl<V> Default for Shelf<V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), order: BTreeMap::new() }
    }
}

impl<V> Shelf<V> {
    /// Keeps a value, unless there is no room, or another principal has something under the key.
    pub(crate) fn put(
        &mut self,
        principal: &Arc<str>,
        key: &str,
        value: V,
        expires_at: SystemTime,
        now: SystemTime,
    ) {
        if key.len() > MAX_KEY_BYTES
            || self.entries.get(key).is_some_and(|entry| entry.principal != *principal)
        {
            return;
        }
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.retain(|_, entry| entry.expires_at > now);
            let entries = &self.entries;
            self.order.retain(|_, keys| {
                keys.retain(|key| entries.contains_key(key));
                !keys.is_empty()
            });
            if self.entries.len() >= MAX_ENTRIES {
                return;
            }
        }
        let keys = self.order.entry(Arc::clone(principal)).or_default();
        keys.retain(|known| **known != *key);
        if keys.len() >= MAX_PER_PRINCIPAL
            && let Some(oldest) = keys.pop_front()
        {
            self.entries.remove(&oldest);
        }
        keys.push_back(key.into());
        self.entries.insert(key.into(), Entry { principal: Arc::clone(principal), expires_at, value });
    }

    /// The value under a key, if it is this principal's and not too old.
    pub(crate) fn find(&mut self, principal: &str, key: &str, now: SystemTime) -> Option<&mut V> {
        let entry = self.entries.get_mut(key)?;
        (*entry.principal == *principal && entry.expires_at > now).then_some(&mut entry.value)
    }

    /// Takes the value under a key away, if it is this principal's and not too old.
    pub(crate) fn take(&mut self, principal: &str, key: &str, now: SystemTime) -> Option<V> {
        self.find(principal, key, now)?;
        let entry = self.entries.remove(key)?;
        if let Some(keys) = self.order.get_mut(principal) {
            keys.retain(|known| **known != *key);
            if keys.is_empty() {
                self.order.remove(principal);
            }
        }
        Some(entry.value)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.len()
    }
}

/// The most that one principal may have: it could begin without end.
const MAX_PER_PRINCIPAL: usize = 256;
/// The most of all principals together.
const MAX_ENTRIES: usize = 65_536;
/// The longest key: a server chooses those of tasks.
const MAX_KEY_BYTES: usize = 512;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn later(seconds: u64) -> SystemTime {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn t61_what_is_one_principals_is_nobody_elses() {
        let mut shelf = Shelf::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        shelf.put(&a, "k", 1, later(10), NOW);
        shelf.put(&b, "k", 2, later(10), NOW);
        assert_eq!(shelf.find("b", "k", NOW), None);
        assert_eq!(shelf.find("a", "k", later(10)), None);
        assert_eq!(shelf.take("b", "k", NOW), None);
        assert_eq!(shelf.take("a", "k", NOW), Some(1));
        assert_eq!(shelf.take("a", "k", NOW), None);
    }

    #[test]
    fn one_principal_that_has_too_many_loses_its_own_oldest() {
        let mut shelf = Shelf::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        shelf.put(&b, "b", 0, later(10), NOW);
        for n in 0..1_000 {
            shelf.put(&a, &n.to_string(), n, later(10), NOW);
        }
        assert_eq!(shelf.len(), MAX_PER_PRINCIPAL + 1);
        assert_eq!(shelf.find("a", "0", NOW), None);
        assert_eq!(shelf.find("a", "999", NOW), Some(&mut 999));
        assert_eq!(shelf.find("b", "b", NOW), Some(&mut 0));
    }

    #[test]
    fn what_is_too_old_makes_room_and_otherwise_there_is_none() {
        let mut shelf = Shelf::default();
        for n in 0..MAX_ENTRIES {
            shelf.put(&Arc::from(format!("p{}", n / 200)), &n.to_string(), n, later(10), NOW);
        }
        let new: Arc<str> = "new".into();
        shelf.put(&new, "x", 0, later(10), NOW);
        assert_eq!(shelf.find("new", "x", NOW), None);
        shelf.put(&new, "x", 0, later(30), later(20));
        assert_eq!(shelf.find("new", "x", later(20)), Some(&mut 0));
        assert_eq!(shelf.len(), 1);
    }
}
