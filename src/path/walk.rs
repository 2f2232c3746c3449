//! Following a path through the arguments.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::json::Item;
use crate::path::{Path, Segment};

/// What is at the end of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    /// Nothing, or `null`.
    Absent,
    /// A value, never `null`.
    Item(Item<'a>),
    /// The way leads through something that is neither an object nor an array where it needs one.
    Mistyped,
    /// Nothing, or `null`, where `[*]` needs an array.
    NoArray,
}

impl Path {
    /// Follows the segments from the arguments and hands over each value that they lead to, until told to
    /// stop.
    ///
    /// Without `[*]` that is one; with it, one for each element, or one that says why there are none.
    pub(crate) fn walk<'a>(
        &self,
        arguments: Option<&'a Map<String, Value>>,
        visit: &mut dyn FnMut(Found<'a>) -> ControlFlow<()>,
    ) {
        // Arguments that are absent are an empty object.
        let _stopped = match arguments {
            Some(arguments) => walk(Item::Object(arguments), &self.segments, visit),
            None => walk(Item::Object(&EMPTY), &self.segments, visit),
        };
    }

    /// What a path without `[*]` leads to.
    pub(crate) fn find<'a>(&self, arguments: Option<&'a Map<String, Value>>) -> Found<'a> {
        let mut found = Found::Absent;
        self.walk(arguments, &mut |here| {
            found = here;
            ControlFlow::Break(())
        });
        found
    }
}

static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// It recurses once for each `[*]` of the path, and a path has at most `MAX_DEPTH` segments.
fn walk<'a>(
    mut item: Item<'a>,
    segments: &[Segment],
    visit: &mut dyn FnMut(Found<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut rest = segments;
    while let Some((segment, after)) = rest.split_first() {
        if item.is_null() {
            return visit(nothing(rest));
        }
        let next = match (segment, item) {
            (Segment::Each, Item::Array(elements)) => {
                return elements.iter().try_for_each(|element| walk(element.into(), after, visit));
            }
            (Segment::Index(index) | Segment::KeyOrIndex(_, index), Item::Array(elements)) => {
                elements.get(*index)
            }
            (Segment::Key(key) | Segment::KeyOrIndex(key, _), Item::Object(members)) => members.get(&**key),
            _ => return visit(Found::Mistyped),
        };
        rest = after;
        match next {
            Some(value) => item = value.into(),
            None => return visit(nothing(rest)),
        }
    }
    visit(if item.is_null() { Found::Absent } else { Found::Item(item) })
}

fn nothing<'a>(rest: &[Segment]) -> Found<'a> {
    if rest.contains(&Segment::Each) { Found::NoArray } else { Found::Absent }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(path: &str, arguments: &Value) -> Vec<String> {
        let mut all = Vec::new();
        Path::parse(path).unwrap().walk(arguments.as_object(), &mut |found| {
            all.push(match found {
                Found::Absent => "absent".to_owned(),
                Found::Item(item) => {
                    let mut text = String::new();
                    crate::json::write_canonical(item, &mut text).unwrap();
                    text
                }
                Found::Mistyped => "mistyped".to_owned(),
                Found::NoArray => "no array".to_owned(),
            });
            ControlFlow::Continue(())
        });
        all
    }

    #[test]
    fn the_way_must_be_walkable() {
        let arguments = json!({"a": {"b": [1, null]}, "s": "{\"b\":1}", "n": null});
        for (path, expected) in [
            ("args.a.b[0]", "1"),
            ("args.a.b[1]", "absent"),
            ("args.a.b[2]", "absent"),
            ("args.a.c", "absent"),
            ("args.n.x.y", "absent"),
            ("args.s.b", "mistyped"),
            ("args.a.b.c", "mistyped"),
            ("args.a[0]", "mistyped"),
            ("/args/a/b/0", "1"),
            ("/args/a/b/-", "mistyped"),
            ("args.b[*]", "no array"),
            ("args.n[*].x", "no array"),
            ("args.a[*]", "mistyped"),
        ] {
            assert_eq!(found(path, &arguments), [expected], "{path}");
        }
        assert_eq!(found("args", &json!(null)), ["{}"]);
        assert_eq!(found("args.a", &json!(null)), ["absent"]);
    }

    #[test]
    fn t19_dots_in_keys_do_not_stand_in_for_nesting() {
        let arguments = json!({"a.b": 1, "a": {"b": 2}, "": 3, "0": 4, "~/": 5, "__proto__": 6, "$ref": 7});
        for (path, expected) in [
            ("args.a.b", "2"),
            ("/args/a.b", "1"),
            ("/args/", "3"),
            ("/args/0", "4"),
            ("args.0", "4"),
            ("/args/~0~1", "5"),
            ("args.__proto__", "6"),
            ("args.constructor", "absent"),
            ("args.$ref", "7"),
        ] {
            assert_eq!(found(path, &arguments), [expected], "{path}");
        }
        assert_eq!(found("args.a.b", &json!({"a.b": 1})), ["absent"]);
    }

    #[test]
    fn stars_yield_one_list_and_each_element_speaks_for_itself() {
        let arguments = json!({"items": [{"tags": ["x", "y"]}, {"tags": []}, {}, {"tags": 5}, null, 7]});
        assert_eq!(
            found("args.items[*].tags[*]", &arguments),
            ["\"x\"", "\"y\"", "no array", "mistyped", "no array", "mistyped"]
        );
        assert!(found("args.items[*].id", &json!({"items": []})).is_empty());
    }
}
