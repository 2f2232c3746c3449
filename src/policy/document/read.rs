//! How a document is read from a tree of JSON: everything at once, with the place of whatever is wrong.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use crate::diagnostic::{Diagnostic, DiagnosticCode, Place, Report};
use crate::json::{Member, Node, NodeKind, excerpt};
use crate::policy::document::object::{Object, wrong_scalar, wrong_type};
use crate::risk::Category;

/// A part of a document.
pub(crate) trait Read: Sized {
    /// Reads it. What is wrong goes to the report; then what comes back only stands in, so that reading can
    /// go on.
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self;

    /// What stands in for a part that is not there or cannot be read.
    fn stand_in() -> Self;
}

/// Defines a part of a document that is a JSON object: the type, how serde writes it, and how it is read.
///
/// An `optional` member may be left out, which means its default, and is not written when it has that. After
/// `or` stands a function that reads another way to write it.
macro_rules! members {
    (
        $(#[$($meta:tt)*])*
        pub struct $Name:ident $(or $short:path)? {
            $( $(#[$($fmeta:tt)*])* $need:ident $field:ident $(as $rename:literal)? : $Type:ty, )*
        }
    ) => {
        $(#[$($meta)*])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $Name {
            $(
                $(#[$($fmeta)*])*
                pub $field: $Type,
            )*
        }

        impl $Name {
            /// The names of the members.
            pub(crate) const MEMBERS: &'static [&'static str] =
                &[$( $crate::policy::document::read::name!($field $($rename)?) ),*];
        }

        impl $crate::policy::document::Read for $Name {
            fn read(
                node: &$crate::json::Node,
                place: &$crate::diagnostic::Place<'_>,
                report: &mut $crate::diagnostic::Report,
            ) -> Self {
                $(
                    if let Some(part) = $short(node, place, report) {
                        return part;
                    }
                )?
                let object =
                    $crate::policy::document::object::Object::of(node, place, Self::MEMBERS, report);
                let Some(object) = object else {
                    return Self::stand_in();
                };
                Self {
                    $(
                        $field: object.$need(
                            $crate::policy::document::read::name!($field $($rename)?),
                            report,
                        ),
                    )*
                }
            }

            fn stand_in() -> Self {
                Self { $( $field: $crate::policy::document::Read::stand_in(), )* }
            }
        }

        impl ::serde::Serialize for $Name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut object = serializer.serialize_map(None)?;
                $(
                    if $crate::policy::document::read::is_written!($need self.$field) {
                        let name = $crate::policy::document::read::name!($field $($rename)?);
                        ::serde::ser::SerializeMap::serialize_entry(&mut object, name, &self.$field)?;
                    }
                )*
                ::serde::ser::SerializeMap::end(object)
            }
        }

        /// As JSON that reads well: what is short stands on one line, and characters that are not shown are escaped.
        impl ::std::fmt::Display for $Name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let text = ::serde_json::to_string(self).map_err(|_| ::std::fmt::Error)?;
                $crate::json::layout(&text, f)
            }
        }

        $crate::policy::document::read::deserialize!($Name);

        #[cfg(feature = "schema")]
        $crate::policy::schema::described! {
            $Name [$( $crate::names::doc_line!($($meta)*) ),*]
            $(
                $need $crate::policy::document::read::name!($field $($rename)?), $Type,
                [$( $crate::names::doc_line!($($fmeta)*) ),*];
            )*
        }
    };
}

/// The name of a member.
macro_rules! name {
    ($field:ident $rename:literal) => {
        $rename
    };
    ($field:ident) => {
        stringify!($field)
    };
}

/// Whether a member is written.
macro_rules! is_written {
    (required $member:expr) => {
        true
    };
    (optional $member:expr) => {
        !$crate::policy::document::read::is_default(&$member)
    };
}

/// Lets serde read a part of a document the way the crate reads it. Duplicate keys are refused whoever
/// deserializes.
macro_rules! deserialize {
    ($Name:ty) => {
        impl<'de> ::serde::Deserialize<'de> for $Name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::policy::document::read::deserialize_with_report(deserializer)
            }
        }
    };
}

/// Lets types with names be read, with what stands in for them: that which allows least.
macro_rules! choices {
    ($( $Name:ident or $stand_in:expr, )*) => {
        $(
            impl $crate::policy::document::Read for $Name {
                fn read(
                    node: &$crate::json::Node,
                    place: &$crate::diagnostic::Place<'_>,
                    report: &mut $crate::diagnostic::Report,
                ) -> Self {
                    let names: Vec<&str> = Self::ALL.iter().map(|choice| choice.as_str()).collect();
                    $crate::policy::document::object::choice(node, place, report, &names)
                        .and_then(Self::from_name)
                        .unwrap_or($stand_in)
                }

                fn stand_in() -> Self {
                    $stand_in
                }
            }

            $crate::policy::document::read::deserialize!($Name);

            #[cfg(feature = "schema")]
            $crate::policy::schema::chosen!($Name);
        )*
    };
}

pub(super) use {choices, deserialize, is_written, members, name};

pub(super) fn is_default<T: Default + PartialEq>(member: &T) -> bool {
    *member == T::default()
}

pub(super) fn deserialize_with_report<'de, T: Read, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let node = <Node as serde::Deserialize>::deserialize(deserializer)?;
    let mut report = Report::default();
    let part = T::read(&node, &Place::Document, &mut report);
    match report.finish(None).0.first() {
        None => Ok(part),
        Some(diagnostic) if diagnostic.pointer().is_empty() => {
            Err(serde::de::Error::custom(diagnostic.message()))
        }
        Some(diagnostic) => {
            let pointer = excerpt(diagnostic.pointer());
            Err(serde::de::Error::custom(format_args!("{} at {pointer}", diagnostic.message())))
        }
    }
}

impl Read for String {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        if let NodeKind::String(text) = &node.kind {
            return text.clone();
        }
        wrong_type(node, place, "a string", report);
        Self::stand_in()
    }

    fn stand_in() -> Self {
        Self::new()
    }
}

impl Read for bool {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        if let NodeKind::Bool(boolean) = &node.kind {
            return *boolean;
        }
        let is_quoted = |text: &str| ["true", "false"].contains(&text);
        wrong_scalar(node, place, "a boolean", is_quoted, report);
        Self::stand_in()
    }

    fn stand_in() -> Self {
        false
    }
}

impl Read for Number {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        if let NodeKind::Number(number) = &node.kind {
            return number.clone();
        }
        let is_quoted = |text: &str| text.parse::<Self>().is_ok();
        wrong_scalar(node, place, "a number", is_quoted, report);
        Self::stand_in()
    }

    fn stand_in() -> Self {
        Self::from(0)
    }
}

impl Read for Value {
    fn read(node: &Node, _: &Place<'_>, _: &mut Report) -> Self {
        node.to_value()
    }

    fn stand_in() -> Self {
        Self::Null
    }
}

impl<T: Read> Read for Option<T> {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        Some(T::read(node, place, report))
    }

    fn stand_in() -> Self {
        None
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        let NodeKind::Array(elements) = &node.kind else {
            if !report.omit() {
                let message = format!("expected an array, found {}", node.article());
                let diagnostic = Diagnostic::new(DiagnosticCode::WrongType, message, place.to_string());
                let is_element = match &node.kind {
                    NodeKind::String(_) => true,
                    NodeKind::Object(members) => !members.is_empty(),
                    _ => false,
                };
                let diagnostic =
                    if is_element { diagnostic.with_help("write `[` and `]` around it") } else { diagnostic };
                report.broken(diagnostic, node.span.clone());
            }
            return Self::stand_in();
        };
        let read = |(index, element)| T::read(element, &place.element(index), report);
        elements.iter().enumerate().map(read).collect()
    }

    fn stand_in() -> Self {
        Self::new()
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        let NodeKind::Object(members) = &node.kind else {
            if !report.omit() {
                let message = format!("expected an object, found {}", node.article());
                let diagnostic = Diagnostic::new(DiagnosticCode::WrongType, message, place.to_string());
                let help = "write an object whose keys are the names of tools";
                report.broken(diagnostic.with_help(help), node.span.clone());
            }
            return Self::stand_in();
        };
        let read = |member: &Member| {
            (member.key.clone(), T::read(&member.value, &place.member(&member.key), report))
        };
        members.iter().map(read).collect()
    }

    fn stand_in() -> Self {
        Self::new()
    }
}

impl<T: Read> Read for BTreeMap<Category, T> {
    fn read(node: &Node, place: &Place<'_>, report: &mut Report) -> Self {
        let names: Vec<&'static str> = Category::ALL.iter().map(|choice| choice.as_str()).collect();
        let Some(Object { members, .. }) = Object::of(node, place, &names, report) else {
            return Self::stand_in();
        };
        let read = |member: &Member| {
            let rule = T::read(&member.value, &place.member(&member.key), report);
            Some((Category::from_name(&member.key)?, rule))
        };
        members.iter().filter_map(read).collect()
    }

    fn stand_in() -> Self {
        Self::new()
    }
}
