//! What an input schema says of arguments, as conditions that let through whatever the schema allows.

use regex_syntax::hir::{HirKind, Look};
use serde_json::{Map, Number, Value, json};

use crate::json::{is_invisible, pointer};
use crate::path::Path;
use crate::policy::document::{Condition, Operator};
use crate::risk::Tool;

/// The conditions on the arguments of a tool: at most one for each.
pub(super) fn bounds(tool: &Tool<'_>) -> Vec<Condition> {
    let Some(schema) = tool.input_schema.and_then(Value::as_object) else {
        return Vec::new();
    };
    let required = schema.get("required").and_then(Value::as_array);
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|required| required == name));
    let properties = schema.get("properties").and_then(Value::as_object);
    let condition = |(name, property): (&String, &Value)| {
        let path = argument_path(name)?;
        let shape = Shape::of(property, tool.input_schema?)?;
        Some(shape.condition(&path, is_required(name)))
    };
    properties.into_iter().flatten().filter_map(condition).take(MAX_BOUNDS).collect()
}

/// How the schema restricts the argument that says what is done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Listed<'a> {
    /// To these words.
    Words(Vec<&'a str>),
    /// Not at all: any text.
    AnyText,
}

/// How the schema restricts an argument; `None` where it may be something else than a text, or nobody knows.
pub(super) fn listed<'a>(tool: &Tool<'a>, name: &str) -> Option<Listed<'a>> {
    let root = tool.input_schema?;
    let property = root.get("properties")?.get(name)?.as_object()?;
    let (schema, _) = not_null(resolved(property, root)?)?;
    let schema = resolved(schema, root)?;
    let is_text = Kinds::of(schema)?.are(&["string"]);
    match choices(schema) {
        Some(words) if is_text || schema.get("type").is_none() => Some(Listed::Words(words)),
        _ => (is_text && !schema.contains_key("enum")).then_some(Listed::AnyText),
    }
}

/// The path of a top-level argument; `None` where it cannot be written so that a person knows which one is meant.
pub(super) fn argument_path(name: &str) -> Option<String> {
    if name.is_empty() || name.chars().count() > LONGEST || name.chars().any(is_invisible) {
        return None;
    }
    let path = if name.contains(['.', '[', ']']) {
        let mut pointer = "/args/".to_owned();
        pointer::write_token(name, &mut pointer).ok()?;
        pointer
    } else {
        format!("args.{name}")
    };
    let parsed = Path::parse(&path).ok()?;
    (parsed.argument() == Some(name) && !parsed.is_multiple()).then_some(path)
}

/// What a schema says of one argument.
struct Shape<'a> {
    bound: Bound<'a>,
    /// Whether null is allowed, which counts as absent.
    is_nullable: bool,
    default: Option<&'a Value>,
}

enum Bound<'a> {
    AtMost(&'a Number),
    LessThan(&'a Number),
    Length(u64),
    OneOf(Vec<&'a str>),
    /// A path or a URL that begins so.
    Start(String),
}

impl<'a> Shape<'a> {
    fn of(property: &'a Value, root: &'a Value) -> Option<Self> {
        let property = property.as_object()?;
        let default = property.get("default").filter(|default| !default.is_null());
        let (schema, is_union) = not_null(resolved(property, root)?)?;
        let schema = resolved(schema, root)?;
        let kinds = Kinds::of(schema)?;
        let bound = choices(schema)
            .map(Bound::OneOf)
            .or_else(|| number(schema, &kinds))
            .or_else(|| length(schema, &kinds))
            .or_else(|| start(schema, &kinds).map(Bound::Start))?;
        let has_null =
            |word| schema.get(word).and_then(Value::as_array).is_some_and(|list| list.contains(&Value::Null));
        Some(Self { bound, is_nullable: is_union || kinds.null || has_null("enum"), default })
    }

    /// Absence passes where the schema allows it.
    fn condition(&self, path: &str, is_required: bool) -> Condition {
        let (op, value) = match &self.bound {
            Bound::AtMost(max) => (Operator::Lte, json!(max)),
            Bound::LessThan(max) => (Operator::Lt, json!(max)),
            Bound::Length(max) => (Operator::MaxLength, json!(max)),
            Bound::OneOf(values) => (Operator::In, json!(values)),
            Bound::Start(start) => (Operator::StartsWith, json!(start)),
        };
        let condition = Condition::new(path, op, value);
        if is_required && !self.is_nullable {
            return condition;
        }
        if let Some(default) = self.default.filter(|default| self.allows(default)) {
            let mut comparison = crate::policy::document::Comparison::new(path, op);
            if let Condition::Compare(inner) = condition {
                comparison = *inner;
            }
            comparison.absent_as = Some(default.clone());
            return comparison.into();
        }
        Condition::any(vec![Condition::new(path, Operator::Exists, false), condition])
    }

    /// Whether a default of the schema is one that the condition lets through.
    fn allows(&self, default: &Value) -> bool {
        match &self.bound {
            Bound::OneOf(values) => default.as_str().is_some_and(|default| values.contains(&default)),
            Bound::AtMost(_) | Bound::LessThan(_) | Bound::Length(_) | Bound::Start(_) => false,
        }
    }
}

/// The JSON types that a schema allows.
struct Kinds<'a> {
    names: Vec<&'a str>,
    null: bool,
}

impl<'a> Kinds<'a> {
    /// `None` where the types are not said in a way that is understood.
    fn of(schema: &'a Map<String, Value>) -> Option<Self> {
        let all: Vec<&str> = match schema.get("type") {
            None => Vec::new(),
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().map(Value::as_str).collect::<Option<_>>()?,
            Some(_) => return None,
        };
        let null = all.contains(&"null");
        Some(Self { names: all.into_iter().filter(|name| *name != "null").collect(), null })
    }

    fn are(&self, wanted: &[&str]) -> bool {
        !self.names.is_empty() && self.names.iter().all(|name| wanted.contains(name))
    }
}

/// The words that `enum` or `const` lists, if all are words.
fn choices(schema: &Map<String, Value>) -> Option<Vec<&str>> {
    let list: Vec<&Value> = match (schema.get("enum"), schema.get("const")) {
        (Some(Value::Array(list)), _) => list.iter().filter(|value| !value.is_null()).collect(),
        (None, Some(only)) => vec![only],
        _ => return None,
    };
    let is_readable = |word: &str| word.chars().count() <= LONGEST && !word.chars().any(is_invisible);
    let mut words: Vec<&str> = list
        .into_iter()
        .map(|value| value.as_str().filter(|word| is_readable(word)))
        .collect::<Option<_>>()?;
    let mut seen = std::collections::HashSet::new();
    words.retain(|word| seen.insert(*word));
    (1..=MAX_CHOICES).contains(&words.len()).then_some(words)
}

fn number<'a>(schema: &'a Map<String, Value>, kinds: &Kinds<'_>) -> Option<Bound<'a>> {
    if !kinds.are(&["integer", "number"]) {
        return None;
    }
    let limit = |word: &str| match schema.get(word) {
        Some(Value::Number(number)) => number.as_f64().filter(|max| max.abs() < LARGEST).map(|_| number),
        _ => None,
    };
    limit("maximum").map(Bound::AtMost).or_else(|| limit("exclusiveMaximum").map(Bound::LessThan))
}

fn length<'a>(schema: &'a Map<String, Value>, kinds: &Kinds<'_>) -> Option<Bound<'a>> {
    let max = schema.get("maxItems").and_then(Value::as_u64).filter(|max| *max <= MAX_LENGTH)?;
    kinds.are(&["array"]).then_some(Bound::Length(max))
}

/// How a path or a URL must begin, by a `pattern` that is anchored and begins with plain text.
fn start(schema: &Map<String, Value>, kinds: &Kinds<'_>) -> Option<String> {
    let pattern = schema.get("pattern")?.as_str().filter(|pattern| pattern.len() <= MAX_PATTERN)?;
    let hir = regex_syntax::parse(pattern).ok().filter(|_| kinds.are(&["string"]))?;
    let HirKind::Concat(parts) = hir.kind() else {
        return None;
    };
    let [anchor, literal, ..] = parts.as_slice() else {
        return None;
    };
    let (HirKind::Look(Look::Start), HirKind::Literal(literal)) = (anchor.kind(), literal.kind()) else {
        return None;
    };
    let start = std::str::from_utf8(&literal.0).ok().filter(|start| !start.chars().any(is_invisible))?;
    let is_place = start.contains("://") || (start.starts_with('/') && start.len() > 1);
    is_place.then(|| start.to_owned())
}

/// The schema that a reference within the same schema leads to; the schema itself if it is none.
fn resolved<'a>(schema: &'a Map<String, Value>, root: &'a Value) -> Option<&'a Map<String, Value>> {
    let mut schema = schema;
    for _ in 0..MAX_REFERENCES {
        let Some(reference) = schema.get("$ref") else {
            return Some(schema);
        };
        let pointer =
            reference.as_str()?.strip_prefix('#').filter(|pointer| pointer.len() <= MAX_REFERENCE)?;
        schema = root.pointer(pointer)?.as_object()?;
    }
    None
}

/// The one alternative beside null of `anyOf` or `oneOf`, and whether there were alternatives.
fn not_null(schema: &Map<String, Value>) -> Option<(&Map<String, Value>, bool)> {
    let Some(list) = schema.get("anyOf").or_else(|| schema.get("oneOf")) else {
        return Some((schema, false));
    };
    let is_null = |schema: &&Value| schema.get("type").is_some_and(|kind| kind == "null");
    let mut others = list.as_array()?.iter().filter(|schema| !is_null(schema));
    match (others.next()?.as_object(), others.next()) {
        (Some(only), None) => Some((only, true)),
        _ => None,
    }
}

/// The longest name or word, in characters.
const LONGEST: usize = 128;
/// Larger maxima bound nothing.
const LARGEST: f64 = 1e9;
/// Longer arrays are not bounded by their schema.
const MAX_LENGTH: u64 = 1_000_000;
/// More conditions are not readable.
const MAX_BOUNDS: usize = 16;
/// Longer lists of words are not repeated.
const MAX_CHOICES: usize = 64;
/// The longest pattern that is read, in bytes.
const MAX_PATTERN: usize = 512;
/// How many references are followed from one argument, so that one that leads to itself ends.
const MAX_REFERENCES: usize = 4;
/// The longest reference that is followed, in bytes.
const MAX_REFERENCE: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(property: &Value, required: &Value) -> Value {
        let schema = json!({
            "type": "object", "properties": {"a": property}, "required": required,
            "$defs": {"state": {"enum": ["on", "off"]}, "loop": {"$ref": "#/$defs/loop"}},
        });
        let found = bounds(&Tool::new("run").input_schema(&schema));
        assert!(found.len() <= 1);
        found.first().map_or(Value::Null, |condition| serde_json::to_value(condition).unwrap())
    }

    #[test]
    fn what_a_schema_lists_becomes_a_condition() {
        let one = |op: &str, value: Value| json!({"path": "args.a", "op": op, "value": value});
        for (property, expected) in [
            (json!({"type": "string", "enum": ["x", "y", "x"]}), one("in", json!(["x", "y"]))),
            (json!({"const": "x"}), one("in", json!(["x"]))),
            (json!({"$ref": "#/$defs/state"}), one("in", json!(["on", "off"]))),
            (json!({"type": "integer", "maximum": 100}), one("lte", json!(100))),
            (json!({"type": ["integer", "number"], "exclusiveMaximum": 0.5}), one("lt", json!(0.5))),
            (json!({"type": "array", "maxItems": 20}), one("max_length", json!(20))),
            (
                json!({"type": "string", "pattern": r"^https:\/\/api\.example\.com/v\d+"}),
                one("starts_with", json!("https://api.example.com/v")),
            ),
            (json!({"type": "string", "pattern": "^/data/"}), one("starts_with", json!("/data/"))),
        ] {
            assert_eq!(bound(&property, &json!(["a"])), expected, "{property}");
            let absent = json!({"path": "args.a", "op": "exists", "value": false});
            assert_eq!(bound(&property, &json!([])), json!({"any": [absent, expected]}), "{property}");
            // Null counts as absent.
            let nullable = json!({"anyOf": [property, {"type": "null"}]});
            assert_eq!(bound(&nullable, &json!(["a"])), json!({"any": [absent, expected]}), "{property}");
        }
        let with_default = json!({"enum": ["x", "y"], "default": "y"});
        let expected = json!({"path": "args.a", "op": "in", "value": ["x", "y"], "absent_as": "y"});
        assert_eq!(bound(&with_default, &json!([])), expected);
    }

    #[test]
    fn what_would_not_let_all_through_that_the_schema_allows_becomes_none() {
        for property in [
            json!({"enum": ["x", 1]}),
            json!({"enum": [null]}),
            json!({"enum": []}),
            json!({"maximum": 5}),
            json!({"type": ["integer", "string"], "maximum": 5}),
            json!({"type": "string", "maximum": 5}),
            json!({"type": "integer", "maximum": "5"}),
            json!({"type": "integer", "maximum": 1e18}),
            json!({"type": ["array", "string"], "maxItems": 5}),
            json!({"anyOf": [{"enum": ["x"]}, {"type": "string"}]}),
            json!({"$ref": "#/$defs/loop"}),
            json!({"$ref": "https://example.com/schema"}),
            json!({"type": "string", "pattern": "^/data/|^/tmp/"}),
            json!({"type": "string", "pattern": "/data/"}),
            json!({"type": "string", "pattern": "^(?i)/data"}),
            json!({"type": "string", "pattern": "^[a-z]+$"}),
            json!({"pattern": "^/data/"}),
            json!({"type": 5, "enum": ["x"]}),
            json!(true),
        ] {
            assert_eq!(bound(&property, &json!(["a"])), Value::Null, "{property}");
        }
    }

    #[test]
    fn an_argument_is_looked_up_by_exactly_its_name() {
        for (name, path) in [
            ("amount", Some("args.amount")),
            ("a.b", Some("/args/a.b")),
            ("a[*]", Some("/args/a[*]")),
            ("~.x/y", Some("/args/~0.x~1y")),
            ("a/b", Some("args.a/b")),
            ("0", Some("args.0")),
            ("", None),
            ("a\u{200b}", None),
        ] {
            assert_eq!(argument_path(name).as_deref(), path, "{name}");
        }
    }
}
