//! Text to path.

use thiserror::Error;

use crate::json::{MAX_DEPTH, excerpt, pointer};
use crate::path::{Path, Root, Segment};

/// Why a text is no path. The texts are for policy authors.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum PathError {
    #[error("a `[` is not closed by `]`, or a `]` not opened by `[`")]
    Bracket,
    #[error("`[{0}]` is neither a position nor `[*]`")]
    BracketText(String),
    #[error("an attribute of the context has one name")]
    ContextDepth,
    #[error("the name of an attribute is missing after `context.`")]
    ContextName,
    #[error("`~` in a JSON pointer stands before `0` or `1`")]
    Escape,
    #[error("`{0}` alone has no value")]
    NameMissing(&'static str),
    #[error("a segment is empty")]
    SegmentEmpty,
    #[error("a `.` or `[` is missing after `]`")]
    Separator,
    #[error("it has more than {MAX_DEPTH} segments")]
    TooLong,
    #[error("a path begins with `args`, `context`, `now` or `tool`")]
    UnknownRoot(String),
    #[error("`{root}` has no `{name}`")]
    UnknownName { root: &'static str, name: String },
}

impl PathError {
    /// The paths that could have stood there.
    pub(crate) fn candidates(&self) -> &'static [&'static str] {
        match self {
            Self::UnknownRoot(_) => &["args", "context", "now", "tool"],
            Self::NameMissing("now") | Self::UnknownName { root: "now", .. } => {
                &["now.date", "now.hour", "now.weekday"]
            }
            Self::NameMissing(_) | Self::UnknownName { .. } => {
                &["tool.category", "tool.name", "tool.severity"]
            }
            _ => &[],
        }
    }
}

impl Path {
    /// A path of at most [`MAX_DEPTH`] segments: nothing deeper is followed.
    pub(crate) fn parse(text: &str) -> Result<Self, PathError> {
        let path = match text.strip_prefix('/') {
            Some(pointer) => parse_pointer(pointer),
            None => parse_dotted(text),
        }?;
        if path.segments.len() > MAX_DEPTH {
            return Err(PathError::TooLong);
        }
        Ok(path)
    }
}

fn parse_dotted(text: &str) -> Result<Path, PathError> {
    let end = text.find(['.', '[', ']']).unwrap_or(text.len());
    let (root, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    match root {
        "args" => Ok(Path { root: Root::Args, segments: dotted_segments(rest)? }),
        "context" => attribute(rest.strip_prefix('.').unwrap_or_default()),
        "now" | "tool" => named(root, rest.strip_prefix('.').unwrap_or(rest)),
        _ => Err(PathError::UnknownRoot(excerpt(root))),
    }
}

fn dotted_segments(mut rest: &str) -> Result<Box<[Segment]>, PathError> {
    let mut segments = Vec::new();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (position, after) = inside.split_once(']').ok_or(PathError::Bracket)?;
            segments.push(if position == "*" {
                Segment::Each
            } else {
                let index = index(position).ok_or_else(|| PathError::BracketText(excerpt(position)))?;
                Segment::Index(index)
            });
            rest = after;
        } else {
            // After the root and after a bracket a dot must follow, or a bracket.
            if rest.starts_with(']') {
                return Err(PathError::Bracket);
            }
            let key = rest.strip_prefix('.').ok_or(PathError::Separator)?;
            let end = key.find(['.', '[', ']']).unwrap_or(key.len());
            let (key, after) = key.split_at_checked(end).unwrap_or((key, ""));
            if key.is_empty() {
                return Err(PathError::SegmentEmpty);
            }
            segments.push(Segment::Key(key.into()));
            rest = after;
        }
    }
    Ok(segments.into())
}

fn parse_pointer(text: &str) -> Result<Path, PathError> {
    let mut tokens = text.split('/');
    let root = unescape(tokens.next().unwrap_or_default())?;
    match root.as_str() {
        "args" => {
            let segments = tokens.map(|token| {
                let key = unescape(token)?.into_boxed_str();
                Ok(match index(token) {
                    Some(index) => Segment::KeyOrIndex(key, index),
                    None => Segment::Key(key),
                })
            });
            Ok(Path { root: Root::Args, segments: segments.collect::<Result<_, PathError>>()? })
        }
        "context" => {
            let name = unescape(tokens.next().unwrap_or_default())?;
            if tokens.next().is_some() {
                return Err(PathError::ContextDepth);
            }
            attribute(&name)
        }
        "now" | "tool" => {
            let rest: Vec<_> = tokens.collect();
            named(&root, &unescape(&rest.join("/"))?)
        }
        _ => Err(PathError::UnknownRoot(excerpt(&root))),
    }
}

fn attribute(name: &str) -> Result<Path, PathError> {
    if name.is_empty() {
        return Err(PathError::ContextName);
    }
    Ok(Path { root: Root::Context(name.into()), segments: Box::default() })
}

fn named(root: &str, name: &str) -> Result<Path, PathError> {
    let root = match (root, name) {
        ("now", "date") => Root::NowDate,
        ("now", "hour") => Root::NowHour,
        ("now", "weekday") => Root::NowWeekday,
        ("tool", "category") => Root::ToolCategory,
        ("tool", "name") => Root::ToolName,
        ("tool", "severity") => Root::ToolSeverity,
        ("now", "") => return Err(PathError::NameMissing("now")),
        (_, "") => return Err(PathError::NameMissing("tool")),
        _ => {
            let root = if root == "now" { "now" } else { "tool" };
            return Err(PathError::UnknownName { root, name: excerpt(name) });
        }
    };
    Ok(Path { root, segments: Box::default() })
}

/// A position, as RFC 6901 writes it: digits without a leading zero.
fn index(text: &str) -> Option<usize> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

fn unescape(token: &str) -> Result<String, PathError> {
    pointer::read_token(token).ok_or(PathError::Escape)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(key: &str) -> Segment {
        Segment::Key(key.into())
    }

    #[test]
    fn dotted_paths_and_pointers_to_one_place_are_one_path() {
        for (dotted, pointer) in
            [("args", "/args"), ("args.a", "/args/a"), ("args.a.b", "/args/a/b"), ("tool.name", "/tool/name")]
        {
            assert_eq!(Path::parse(dotted), Path::parse(pointer));
            assert_eq!(Path::parse(pointer).unwrap().to_string(), dotted);
        }
    }

    #[test]
    fn t19_keys_with_dots_are_reached_by_a_pointer_only() {
        let segments = |text| Path::parse(text).unwrap().segments.into_vec();
        let zero = Segment::KeyOrIndex("0".into(), 0);
        assert_eq!(segments("/args/a.b/0/x~1y~0"), [key("a.b"), zero, key("x/y~")]);
        assert_eq!(segments("args.a.b"), [key("a"), key("b")]);
        assert_eq!(segments("args.__proto__"), [key("__proto__")]);
        assert_eq!(segments("/args/"), [key("")]);
        assert_eq!(segments("/args/01"), [key("01")]);
        assert_eq!(segments("/args/[*]"), [key("[*]")]);
    }

    #[test]
    fn an_attribute_has_one_name_dots_and_all() {
        let path = Path::parse("context.team.name").unwrap();
        assert_eq!(path.root(), &Root::Context("team.name".into()));
        assert_eq!(Path::parse("/context/team.name"), Ok(path));
        assert_eq!(Path::parse("context."), Err(PathError::ContextName));
        assert_eq!(Path::parse("context"), Err(PathError::ContextName));
        assert_eq!(Path::parse("/context/a/b"), Err(PathError::ContextDepth));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let root = "a path begins with `args`, `context`, `now` or `tool`";
        let bracket = "a `[` is not closed by `]`, or a `]` not opened by `[`";
        for (text, message) in [
            ("", root),
            ("amount", root),
            ("Args.a", root),
            ("args.", "a segment is empty"),
            ("args..a", "a segment is empty"),
            ("args.a]", bracket),
            ("args]", bracket),
            ("args.a[", bracket),
            ("args[0]x", "a `.` or `[` is missing after `]`"),
            ("args.a[]", "`[]` is neither a position nor `[*]`"),
            ("args.a[-1]", "`[-1]` is neither a position nor `[*]`"),
            ("args.a[01]", "`[01]` is neither a position nor `[*]`"),
            ("args.a[99999999999999999999]", "`[99999999999999999999]` is neither a position nor `[*]`"),
            ("/args/~2", "`~` in a JSON pointer stands before `0` or `1`"),
            ("tool.risk", "`tool` has no `risk`"),
            ("now", "`now` alone has no value"),
            ("/tool", "`tool` alone has no value"),
            ("now.hour.x", "`now` has no `hour.x`"),
        ] {
            assert_eq!(Path::parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn t10_a_path_is_not_followed_deeper_than_values_are() {
        let path = |segments| format!("args{}", "[*]".repeat(segments));
        assert!(Path::parse(&path(MAX_DEPTH)).is_ok());
        assert_eq!(Path::parse(&path(MAX_DEPTH + 1)), Err(PathError::TooLong));
        assert_eq!(Path::parse(&"/args".repeat(1_000)), Err(PathError::TooLong));
    }

    proptest! {
        #[test]
        fn a_path_is_written_as_it_is_read(text in "(args|/args|context|now|tool)[a-b./\\[\\]*0-1~]{0,12}") {
            if let Ok(path) = Path::parse(&text) {
                prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
            }
        }

        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = Path::parse(&text);
        }
    }
}
