//! The arguments of a tool, from its input schema: which paths there are.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The paths below `args` that the input schema of a tool tells of.
pub(super) struct Arguments {
    /// Each with what is below it. The first is `args` itself.
    paths: Vec<Known>,
    /// The names of the top-level arguments.
    names: Vec<String>,
}

/// What may still be spent on the arguments of tools, however many there are.
pub(super) struct Budget {
    /// Parts of schemas that are looked at.
    nodes: usize,
    /// Bytes of paths and patterns.
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { nodes: 20_000, bytes: 2_097_152 }
    }
}

struct Known {
    text: String,
    /// As a regular expression: any position where the text has `[*]`.
    pattern: String,
    /// Whether anything may lie below, because the schema does not say what does.
    is_open: bool,
}

impl Arguments {
    /// Walks an input schema. Every part that is looked at costs one of the budget; where none is left, the arguments
    /// are open.
    pub(super) fn of(schema: &Value, budget: &mut Budget) -> Self {
        let mut arguments = Self { paths: Vec::new(), names: Vec::new() };
        let mut walk = Walk { root: schema, budget, bytes: MAX_BYTES };
        let mut shape = Shape::default();
        walk.shape(schema, MAX_REFERENCES, &mut shape);
        arguments.names =
            shape.properties.iter().map(|(name, _)| (*name).to_owned()).take(MAX_PATHS).collect();
        arguments.names.sort_unstable();
        arguments.names.dedup();
        // An object, whatever else it says.
        shape.elements.clear();
        if shape.properties.len() > MAX_PATHS {
            shape.is_open = true;
        }
        if shape.is_open {
            arguments.names.clear();
        }
        arguments.add("args", "args", &shape, MAX_DEPTH, &mut walk);
        arguments
    }

    fn add<'a>(&mut self, text: &str, pattern: &str, shape: &Shape<'a>, depth: usize, walk: &mut Walk<'a>) {
        let at = self.paths.len();
        walk.spend(text.len().saturating_add(pattern.len()));
        self.paths.push(Known { text: text.to_owned(), pattern: pattern.to_owned(), is_open: shape.is_open });
        let mut is_open = shape.is_open;
        for (name, schema) in &shape.properties {
            if name.is_empty() || name.contains(['.', '[', ']']) {
                // Only a JSON Pointer leads there, and pointers are not looked at.
                continue;
            }
            let mut inner = Shape::default();
            if !self.has_room(depth, name.len().saturating_add(text.len()), walk) {
                is_open = true;
                break;
            }
            walk.shape(schema, MAX_REFERENCES, &mut inner);
            let below = (format!("{text}.{name}"), format!(r"{pattern}\.{}", escaped(name)));
            self.add(&below.0, &below.1, &inner, depth.saturating_sub(1), walk);
        }
        if !shape.elements.is_empty() {
            if self.has_room(depth, text.len(), walk) {
                let mut inner = Shape::default();
                for schema in &shape.elements {
                    walk.shape(schema, MAX_REFERENCES, &mut inner);
                }
                let below = (format!("{text}[*]"), format!(r"{pattern}\[(?:\*|\d+)\]"));
                self.add(&below.0, &below.1, &inner, depth.saturating_sub(1), walk);
            } else {
                is_open = true;
            }
        }
        if let Some(known) = self.paths.get_mut(at) {
            known.is_open = is_open;
        }
    }

    fn has_room(&self, depth: usize, bytes: usize, walk: &Walk<'_>) -> bool {
        // A pattern is at most twice as long as its text, but for its positions.
        let bytes = bytes.saturating_mul(4).saturating_add(64);
        depth > 0 && self.paths.len() < MAX_PATHS && walk.bytes.min(walk.budget.bytes) >= bytes
    }

    /// The names of the arguments; `None` if there may be others.
    pub(super) fn names(&self) -> Option<&[String]> {
        let is_open = self.paths.first().is_none_or(|args| args.is_open);
        if is_open { None } else { Some(&self.names) }
    }

    /// The schema of a path: one of these, or one that is not about arguments.
    pub(super) fn path(&self) -> Value {
        let texts: BTreeSet<&str> = self.paths.iter().map(|known| known.text.as_str()).skip(1).collect();
        let patterns = self.paths.iter().map(|known| {
            let rest = if known.is_open { r"(?:[.\[][\s\S]*)?" } else { "" };
            format!("{}{rest}", known.pattern)
        });
        let patterns: Vec<String> = patterns.collect();
        let other = r"^(?!args(?:[.\[]|$))";
        json!({"anyOf": [
            {"type": "string", "enum": texts},
            {"type": "string", "pattern": format!("{other}|^(?:{})$", patterns.join("|"))},
        ]})
    }
}

/// What a schema says of a value, of all the schemas that it is made of.
#[derive(Default)]
struct Shape<'a> {
    properties: Vec<(&'a str, &'a Value)>,
    elements: Vec<&'a Value>,
    is_open: bool,
}

struct Walk<'a> {
    root: &'a Value,
    budget: &'a mut Budget,
    /// How many bytes the paths of this tool may still have.
    bytes: usize,
}

impl<'a> Walk<'a> {
    fn spend(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.budget.bytes = self.budget.bytes.saturating_sub(bytes);
    }

    fn shape(&mut self, schema: &'a Value, references: usize, shape: &mut Shape<'a>) {
        let Some(left) = self.budget.nodes.checked_sub(1).filter(|_| references > 0) else {
            shape.is_open = true;
            return;
        };
        self.budget.nodes = left;
        let Value::Object(members) = schema else {
            shape.is_open = true;
            return;
        };
        let references = references.saturating_sub(1);
        let mut says = false;
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            says = true;
            // A long one costs much to follow, and is no name that anybody gave.
            let pointer = reference.strip_prefix('#').filter(|pointer| pointer.len() <= MAX_REFERENCE_BYTES);
            match pointer.and_then(|pointer| self.root.pointer(pointer)) {
                Some(schema) => self.shape(schema, references, shape),
                None => shape.is_open = true,
            }
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            if let Some(schemas) = members.get(word).and_then(Value::as_array) {
                says = true;
                for schema in schemas {
                    self.shape(schema, references, shape);
                }
            }
        }
        if let Some(properties) = members.get("properties").and_then(Value::as_object) {
            says = true;
            for (name, schema) in properties {
                let Some(left) = self.budget.nodes.checked_sub(1) else {
                    shape.is_open = true;
                    return;
                };
                self.budget.nodes = left;
                shape.properties.push((name, schema));
            }
        }
        match members.get("items") {
            Some(schema @ Value::Object(_)) if !members.contains_key("prefixItems") => {
                says = true;
                shape.elements.push(schema);
            }
            _ => {}
        }
        let more = |word| !matches!(members.get(word), None | Some(Value::Bool(false)));
        let has_more = more("additionalProperties") || more("patternProperties");
        if has_more || !(says || is_scalar(members.get("type"))) {
            shape.is_open = true;
        }
    }
}

/// Whether nothing can lie below a value of this type.
fn is_scalar(kind: Option<&Value>) -> bool {
    let scalar =
        |kind: &Value| matches!(kind.as_str(), Some("boolean" | "integer" | "null" | "number" | "string"));
    match kind {
        Some(Value::Array(kinds)) => kinds.iter().all(scalar),
        Some(kind) => scalar(kind),
        None => false,
    }
}

/// A name as a regular expression of ECMA 262 that matches it and nothing else.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for character in name.chars() {
        if "\\^$.*+?()[]{}|/".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The longest reference that is followed.
const MAX_REFERENCE_BYTES: usize = 512;

/// How many paths of one tool are told.
const MAX_PATHS: usize = 300;
/// How many bytes the paths of one tool may have.
const MAX_BYTES: usize = 32_768;
/// How deep arguments are followed.
const MAX_DEPTH: usize = 8;
/// How many references and combinations are followed from one value, so that a schema that refers to itself ends.
const MAX_REFERENCES: usize = 8;
