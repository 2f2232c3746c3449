//! The codes of diagnostics.

use crate::names::names;

names! {
    /// Which mistake a diagnostic is about. The names are stable.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum DiagnosticCode {
        /// Limits that name one counter differ in what they must agree on: window, algorithm or scope.
        CounterConflict = "counter_conflict",
        /// A key occurs twice in one object.
        DuplicateKey = "duplicate_key",
        /// Members that exclude each other stand together, or one stands where it could never matter.
        Excluded = "excluded",
        /// A value is of the right type and not one of those that are allowed.
        InvalidValue = "invalid_value",
        /// A member that must be there is not.
        MissingMember = "missing_member",
        /// A regular expression that cannot be compiled, or is too large when it is.
        Regex = "regex",
        /// The text is not JSON.
        Syntax = "syntax",
        /// The document is nested deeper than [`MAX_DEPTH`](crate::policy::MAX_DEPTH).
        TooDeep = "too_deep",
        /// The document is longer than [`MAX_BYTES`](crate::policy::MAX_BYTES), a key of it longer than
        /// [`MAX_KEY_BYTES`](crate::policy::MAX_KEY_BYTES), or a limit has too many scopes.
        TooLarge = "too_large",
        /// A member that the language does not have.
        UnknownMember = "unknown_member",
        /// A word that the language does not have, where it has a closed list of them.
        UnknownName = "unknown_name",
        /// Part of the language that this version of the crate does not support.
        Unsupported = "unsupported",
        /// A value is of the wrong JSON type.
        WrongType = "wrong_type",
    }
}
