//! What a text is read into.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Number, Value};

use crate::json::{Bounds, Fault, Member, Node, NodeKind, read};

/// Makes values of what the reader finds. The ranges are the bytes of the text.
pub(crate) trait Build {
    type Value;
    type Members: Default;

    fn leaf(&mut self, leaf: Leaf, span: Range<usize>) -> Self::Value;

    fn array(&mut self, elements: Vec<Self::Value>, span: Range<usize>) -> Self::Value;

    /// Adds a member. An error ends the reading.
    fn member(
        &mut self,
        members: &mut Self::Members,
        key: String,
        key_span: Range<usize>,
        value: Self::Value,
    ) -> Result<(), String>;

    fn object(&mut self, members: Self::Members, span: Range<usize>) -> Self::Value;
}

/// A value that holds no other.
pub(crate) enum Leaf {
    Bool(bool),
    Null,
    Number(Number),
    Text(String),
}

/// Builds values without places. The first key that an object has twice ends the reading.
pub(crate) struct Values;

impl Build for Values {
    type Value = Value;
    type Members = Map<String, Value>;

    fn leaf(&mut self, leaf: Leaf, _: Range<usize>) -> Value {
        match leaf {
            Leaf::Bool(boolean) => Value::Bool(boolean),
            Leaf::Null => Value::Null,
            Leaf::Number(number) => Value::Number(number),
            Leaf::Text(text) => Value::String(text),
        }
    }

    fn array(&mut self, elements: Vec<Value>, _: Range<usize>) -> Value {
        Value::Array(elements)
    }

    fn member(
        &mut self,
        members: &mut Map<String, Value>,
        key: String,
        _: Range<usize>,
        value: Value,
    ) -> Result<(), String> {
        // What stands in a message may be a secret: the key is not quoted.
        match members.insert(key, value) {
            None => Ok(()),
            Some(_) => Err("a key occurs twice in one object".to_owned()),
        }
    }

    fn object(&mut self, members: Map<String, Value>, _: Range<usize>) -> Value {
        Value::Object(members)
    }
}

/// What came of a text. There is a root unless there is a fault.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) root: Option<Node>,
    /// Where reading stopped, and why.
    pub(crate) fault: Option<Fault>,
    /// Every key that an object has more than once; those of inner objects first.
    pub(crate) duplicates: Vec<Duplicate>,
}

#[derive(Debug)]
pub(crate) struct Duplicate {
    pub(crate) key: String,
    pub(crate) first: Range<usize>,
    pub(crate) second: Range<usize>,
}

/// Reads a text into a tree with the place of everything, and goes on after a duplicate key.
pub(crate) fn parse_tree(text: &str, bounds: Bounds) -> Parsed {
    let mut tree = Tree::default();
    let (root, fault) = match read(text, bounds, &mut tree) {
        Ok(root) => (Some(root), None),
        Err(fault) => (None, Some(fault)),
    };
    Parsed { root, fault, duplicates: tree.duplicates }
}

#[derive(Default)]
struct Tree {
    duplicates: Vec<Duplicate>,
}

impl Build for Tree {
    type Value = Node;
    type Members = Vec<Member>;

    fn leaf(&mut self, leaf: Leaf, span: Range<usize>) -> Node {
        let kind = match leaf {
            Leaf::Bool(boolean) => NodeKind::Bool(boolean),
            Leaf::Null => NodeKind::Null,
            Leaf::Number(number) => NodeKind::Number(number),
            Leaf::Text(text) => NodeKind::String(text),
        };
        Node { span, kind }
    }

    fn array(&mut self, elements: Vec<Node>, span: Range<usize>) -> Node {
        Node { span, kind: NodeKind::Array(elements) }
    }

    fn member(
        &mut self,
        members: &mut Vec<Member>,
        key: String,
        key_span: Range<usize>,
        value: Node,
    ) -> Result<(), String> {
        members.push(Member { key, key_span, value });
        Ok(())
    }

    fn object(&mut self, members: Vec<Member>, span: Range<usize>) -> Node {
        self.find_duplicates(&members);
        Node { span, kind: NodeKind::Object(members) }
    }
}

impl Tree {
    fn find_duplicates(&mut self, members: &[Member]) {
        // Most objects are small, and comparing a few keys is faster than hashing them.
        let small = members.len() <= 8;
        let mut seen = HashMap::with_capacity(if small { 0 } else { members.len() });
        for (index, member) in members.iter().enumerate() {
            let first = if small {
                members.iter().take(index).find(|earlier| earlier.key == member.key)
            } else {
                let first = *seen.entry(member.key.as_str()).or_insert(member);
                (!std::ptr::eq(first, member)).then_some(first)
            };
            if let Some(first) = first {
                self.duplicates.push(Duplicate {
                    key: member.key.clone(),
                    first: first.key_span.clone(),
                    second: member.key_span.clone(),
                });
            }
        }
    }
}
