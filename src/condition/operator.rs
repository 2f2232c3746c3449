//! Operators, by name.

use crate::json::Kind;
use crate::names::names;

names! {
    /// What a condition says of the value at its path.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "the operators are part of the language, version 1")]
    pub enum Operator {
        /// A string has the value as a substring; an array has an element that equals it.
        Contains = "contains",
        /// The string ends with the value.
        EndsWith = "ends_with",
        /// Deep equality; numbers by exact value.
        Eq = "eq",
        /// Whether something other than null is there.
        Exists = "exists",
        /// The number is greater.
        Gt = "gt",
        /// The number is greater or equal.
        Gte = "gte",
        /// The string is a URL whose host is in the list.
        HostIn = "host_in",
        /// The value is in the list.
        In = "in",
        /// Some element of the array is in the list.
        Intersects = "intersects",
        /// The number is less.
        Lt = "lt",
        /// The number is less or equal.
        Lte = "lte",
        /// The string has at most so many characters, the array so many elements.
        MaxLength = "max_length",
        /// The string has at least so many characters, the array so many elements.
        MinLength = "min_length",
        /// Not `eq`.
        Neq = "neq",
        /// Not `contains`.
        NotContains = "not_contains",
        /// Not `in`.
        NotIn = "not_in",
        /// Not `regex`.
        NotRegex = "not_regex",
        /// The string is a path that stays in one of the directories.
        PathWithin = "path_within",
        /// The regular expression is found in the string.
        Regex = "regex",
        /// The string starts with the value.
        StartsWith = "starts_with",
        /// Every element of the array is in the list.
        SubsetOf = "subset_of",
        /// The JSON type of the value.
        Type = "type",
    }
}

names! {
    /// The JSON types that `type` tells apart.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum JsonType {
        Array = "array",
        Boolean = "boolean",
        Integer = "integer",
        Number = "number",
        Object = "object",
        String = "string",
    }
}

impl Operator {
    /// Whether `value_from` may stand instead of `value`.
    pub(crate) fn takes_value_from(self) -> bool {
        !matches!(
            self,
            Self::Exists
                | Self::HostIn
                | Self::MaxLength
                | Self::MinLength
                | Self::NotRegex
                | Self::PathWithin
                | Self::Regex
                | Self::Type
        )
    }

    /// Whether it compares values of this type with something that `value_from` may find.
    pub(crate) fn compares(self, kind: Kind, ignore_case: bool) -> bool {
        match self {
            Self::Contains | Self::NotContains => matches!(kind, Kind::Array | Kind::Text),
            Self::SubsetOf | Self::Intersects => kind == Kind::Array,
            Self::Lt | Self::Lte | Self::Gt | Self::Gte => kind == Kind::Number,
            Self::StartsWith | Self::EndsWith => kind == Kind::Text,
            _ => !ignore_case || kind == Kind::Text,
        }
    }

    /// Whether it compares strings, so that `ignore_case` means something.
    pub(crate) fn takes_ignore_case(self) -> bool {
        match self {
            Self::Contains
            | Self::EndsWith
            | Self::Eq
            | Self::In
            | Self::Intersects
            | Self::Neq
            | Self::NotContains
            | Self::NotIn
            | Self::NotRegex
            | Self::Regex
            | Self::StartsWith
            | Self::SubsetOf => true,
            Self::Exists
            | Self::Gt
            | Self::Gte
            | Self::HostIn
            | Self::Lt
            | Self::Lte
            | Self::MaxLength
            | Self::MinLength
            | Self::PathWithin
            | Self::Type => false,
        }
    }
}
