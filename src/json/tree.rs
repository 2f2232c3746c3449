//! A JSON value that knows where it stands in its text.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::json::{MAX_DEPTH, pointer};

/// A value and the bytes that it was read from; an empty range when there is no text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: NodeKind,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Array(Vec<Node>),
    Bool(bool),
    Null,
    Number(Number),
    Object(Vec<Member>),
    String(String),
}

/// One member of an object, in the order of the text. Keys may repeat: the reader reports them and goes on.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn into_value(self) -> Value {
        match self.kind {
            NodeKind::Array(elements) => elements.into_iter().map(Self::into_value).collect(),
            NodeKind::Bool(boolean) => Value::Bool(boolean),
            NodeKind::Null => Value::Null,
            NodeKind::Number(number) => Value::Number(number),
            NodeKind::Object(members) => {
                let members = members.into_iter().map(|member| (member.key, member.value.into_value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
            NodeKind::String(text) => Value::String(text),
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        self.clone().into_value()
    }

    /// Where the member is whose key is written there, as a JSON Pointer.
    pub(crate) fn pointer_to(&self, key: &Range<usize>) -> String {
        let mut pointer = String::new();
        let mut node = self;
        loop {
            let next = match &node.kind {
                NodeKind::Array(elements) => {
                    let index = elements.partition_point(|element| element.span.end <= key.start);
                    elements.get(index).map(|element| (index.to_string(), element, false))
                }
                NodeKind::Object(members) => {
                    let index = members.partition_point(|member| member.value.span.end <= key.start);
                    members.get(index).map(|member| {
                        let mut token = String::new();
                        // Writing to a string does not fail.
                        let _ = pointer::write_token(&member.key, &mut token);
                        (token, &member.value, member.key_span == *key)
                    })
                }
                _ => None,
            };
            let Some((token, inner, found)) = next else {
                return pointer;
            };
            pointer.push('/');
            pointer.push_str(&token);
            if found {
                return pointer;
            }
            node = inner;
        }
    }

    /// What a message calls it: `an array`.
    pub(crate) fn article(&self) -> &'static str {
        match self.kind {
            NodeKind::Array(_) => "an array",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Null => "null",
            NodeKind::Number(_) => "a number",
            NodeKind::Object(_) => "an object",
            NodeKind::String(_) => "a string",
        }
    }

    fn without_text(kind: NodeKind) -> Self {
        Self { span: 0..0, kind }
    }
}

/// Any serde format that describes itself; duplicate keys and too deep nesting are refused whoever
/// deserializes.
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Depth(0).deserialize(deserializer)
    }
}

struct Depth(usize);

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Depth {
    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        match self.0.checked_add(1) {
            Some(depth) if depth <= MAX_DEPTH => Ok(depth),
            _ => Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels"))),
        }
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Node, E> {
        Ok(Node::without_text(NodeKind::Bool(boolean)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::without_text(NodeKind::Number(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::without_text(NodeKind::Number(number.into())))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Node, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("number out of range"))?;
        Ok(Node::without_text(NodeKind::Number(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::without_text(NodeKind::String(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::without_text(NodeKind::String(text)))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::without_text(NodeKind::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::without_text(NodeKind::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let depth = self.deeper()?;
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element_seed(Depth(depth))? {
            elements.push(element);
        }
        Ok(Node::without_text(NodeKind::Array(elements)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let depth = self.deeper()?;
        let mut seen = std::collections::HashSet::new();
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                let key = super::excerpt(&key);
                return Err(A::Error::custom(format_args!("duplicate key `{key}`")));
            }
            let value = map.next_value_seed(Depth(depth))?;
            members.push(Member { key, key_span: 0..0, value });
        }
        Ok(Node::without_text(NodeKind::Object(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_keys_are_refused_whoever_deserializes() {
        let error = serde_json::from_str::<Node>(r#"{"a": {"b": 1, "\u0062": 2}}"#).unwrap_err();
        assert!(error.to_string().starts_with("duplicate key `b`"), "{error}");
    }

    #[test]
    fn a_value_comes_back_as_it_went() {
        let value = serde_json::json!({"a": [null, true, 1, -1, 0.5, "x", {"b": []}]});
        let node = serde_json::from_value::<Node>(value.clone()).unwrap();
        assert_eq!(node.into_value(), value);
    }
}
