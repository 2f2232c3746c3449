//! Where in a document something is, kept on the stack and written out only when something is wrong.

use std::fmt;

use crate::json::pointer;

/// A place: the document itself, or a member or element of another place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    Document,
    Element(&'a Place<'a>, usize),
    Member(&'a Place<'a>, &'a str),
}

impl<'a> Place<'a> {
    pub(crate) fn member(&'a self, key: &'a str) -> Self {
        Self::Member(self, key)
    }

    pub(crate) fn element(&'a self, index: usize) -> Self {
        Self::Element(self, index)
    }
}

/// As a JSON Pointer (RFC 6901).
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => Ok(()),
            Self::Element(parent, index) => write!(f, "{parent}/{index}"),
            Self::Member(parent, key) => {
                write!(f, "{parent}/")?;
                pointer::write_token(key, f)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_json_pointers() {
        let tools = Place::Document.member("tools");
        let tool = tools.member("a/b~c*");
        assert_eq!(tool.member("limits").element(0).to_string(), "/tools/a~1b~0c*/limits/0");
        assert_eq!(Place::Document.to_string(), "");
    }
}
