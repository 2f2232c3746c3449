//! Paths: where in a call a condition, an amount or a scope looks.

mod parse;
mod walk;

use std::fmt;

pub(crate) use parse::PathError;
pub(crate) use walk::Found;

use crate::json::pointer;

/// A parsed path such as `args.items[*].price`, `/args/a.b/0`, `context.user` or `now.hour`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    root: Root,
    /// INVARIANT: empty unless the root is `Args`.
    segments: Box<[Segment]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Root {
    Args,
    /// The name of an attribute, dots and all.
    Context(Box<str>),
    NowDate,
    NowHour,
    NowWeekday,
    ToolCategory,
    ToolName,
    ToolSeverity,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// `[*]`: every element.
    Each,
    /// `[0]`: an element of an array.
    Index(usize),
    /// A member of an object.
    Key(Box<str>),
    /// A token of a JSON pointer that is a number: an element of an array, or a member of an object.
    KeyOrIndex(Box<str>, usize),
}

impl Path {
    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    /// Whether the path yields many values.
    pub(crate) fn is_multiple(&self) -> bool {
        self.segments.contains(&Segment::Each)
    }

    /// The name of the top-level argument that the path leads to or into.
    pub(crate) fn argument(&self) -> Option<&str> {
        match self.segments.first()? {
            Segment::Key(name) | Segment::KeyOrIndex(name, _) => Some(name),
            Segment::Each | Segment::Index(_) => None,
        }
    }

    /// Whether the path leads to an argument, and not to the arguments as a whole.
    pub(crate) fn is_below_args(&self) -> bool {
        !self.segments.is_empty()
    }
}

/// One spelling for each path: dotted where that is possible, else a JSON pointer.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.root {
            Root::Args => f.write_str(if self.is_dotted() { "args" } else { "/args" })?,
            Root::Context(name) => return write!(f, "context.{name}"),
            Root::NowDate => return f.write_str("now.date"),
            Root::NowHour => return f.write_str("now.hour"),
            Root::NowWeekday => return f.write_str("now.weekday"),
            Root::ToolCategory => return f.write_str("tool.category"),
            Root::ToolName => return f.write_str("tool.name"),
            Root::ToolSeverity => return f.write_str("tool.severity"),
        }
        let dotted = self.is_dotted();
        for segment in &self.segments {
            match segment {
                Segment::Each => f.write_str("[*]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if dotted => write!(f, ".{key}")?,
                Segment::Key(key) | Segment::KeyOrIndex(key, _) => {
                    f.write_str("/")?;
                    pointer::write_token(key, f)?;
                }
            }
        }
        Ok(())
    }
}

impl Path {
    fn is_dotted(&self) -> bool {
        self.segments.iter().all(|segment| match segment {
            Segment::Each | Segment::Index(_) => true,
            Segment::Key(key) => !key.is_empty() && !key.contains(['.', '[', ']']),
            Segment::KeyOrIndex(..) => false,
        })
    }
}
