//! A server's list of tools, put together from its pages.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::fingerprint::Fingerprint;
use crate::mcp::message::write::write_object;
use crate::risk::Tool;

/// The list as it is known: the pages that came last, each in its place.
///
/// A client may read the first page only, or several may read at once. So a page replaces the one in its
/// place as soon as it comes, and the others stay until theirs come, or the list ends before them. A tool
/// that has moved from one page to another can be in the list twice for that time.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pages: Vec<Page>,
}

#[derive(Debug)]
struct Page {
    tools: Vec<Value>,
    /// What the next page is asked for by.
    next: Option<Fingerprint>,
    bytes: usize,
}

impl Listing {
    /// Takes a page in; false if nobody knows where it belongs, or the list is too large to be kept.
    pub(crate) fn add(&mut self, cursor: Option<Fingerprint>, result: &Map<String, Value>) -> bool {
        let Some(place) = self.place_of(cursor) else {
            return false;
        };
        let Some(Value::Array(tools)) = result.get("tools") else {
            return false;
        };
        let next = result.get("nextCursor").and_then(Value::as_str).map(cursor_of);
        let mut text = String::new();
        write_object(result, &mut text);
        let page = Page { tools: tools.clone(), next, bytes: text.len() };
        if next.is_none() {
            self.pages.truncate(place.saturating_add(1));
        }
        let others = self.pages.iter().enumerate().filter(|(index, _)| *index != place);
        let bytes = others.fold(page.bytes, |sum, (_, page)| sum.saturating_add(page.bytes));
        if bytes > MAX_BYTES {
            // What came before is kept, and what follows cannot be in place.
            self.pages.truncate(place);
            return true;
        }
        match self.pages.get_mut(place) {
            Some(known) => *known = page,
            None => self.pages.push(page),
        }
        true
    }

    pub(crate) fn tools(&self) -> Vec<Tool<'_>> {
        let definitions = self.pages.iter().flat_map(|page| &page.tools);
        definitions.filter_map(|definition| Tool::from_definition(definition).ok()).collect()
    }

    fn place_of(&self, cursor: Option<Fingerprint>) -> Option<usize> {
        let Some(cursor) = cursor else {
            return Some(0);
        };
        let before = self.pages.iter().position(|page| page.next == Some(cursor))?;
        before.checked_add(1)
    }
}

/// What stands for a cursor, which may be long.
pub(crate) fn cursor_of(cursor: &str) -> Fingerprint {
    Fingerprint::from_bytes(Sha256::digest(cursor).into())
}

/// The most bytes of all pages together. What a server lists beyond is not known: it keeps no pin.
const MAX_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn add(listing: &mut Listing, cursor: Option<&str>, names: &[&str], next: Option<&str>) -> bool {
        let tools: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
        let mut result = json!({"tools": tools});
        if let Some(next) = next {
            result["nextCursor"] = json!(next);
        }
        listing.add(cursor.map(cursor_of), result.as_object().unwrap())
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.tools().iter().map(|tool| tool.name).collect()
    }

    #[test]
    fn t52_pages_make_one_list_and_each_replaces_the_one_in_its_place() {
        let mut listing = Listing::default();
        assert!(add(&mut listing, None, &["a", "b"], Some("2")));
        assert!(add(&mut listing, Some("2"), &["c"], Some("3")));
        assert!(add(&mut listing, Some("3"), &["d"], None));
        assert_eq!(names(&listing), ["a", "b", "c", "d"]);
        // Another client reads the first page only, and the others are still known.
        assert!(add(&mut listing, None, &["a", "x"], Some("2'")));
        assert_eq!(names(&listing), ["a", "x", "c", "d"]);
        assert!(!add(&mut listing, Some("2"), &["evil"], None));
        assert!(add(&mut listing, Some("2'"), &["c"], None));
        assert_eq!(names(&listing), ["a", "x", "c"]);
        assert!(add(&mut listing, None, &[], None));
        assert!(names(&listing).is_empty());
    }

    #[test]
    fn a_list_without_end_is_kept_up_to_a_bound() {
        let mut listing = Listing::default();
        let long = "x".repeat(1 << 20);
        for page in 0..40 {
            let cursor = (page > 0).then(|| page.to_string());
            let next = (page + 1).to_string();
            let _ = add(&mut listing, cursor.as_deref(), &[&long], Some(&next));
        }
        let bytes: usize = listing.pages.iter().map(|page| page.bytes).sum();
        assert!(bytes <= MAX_BYTES && listing.pages.len() > 10, "{bytes}");
    }
}
