//! The codes of diagnostics.

use crate::names::names;

names! {
    /// Which mistake a diagnostic is about. The names are stable.
    ///
    /// Each has an example below: a policy in which it is found, and what to write instead.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum DiagnosticCode {
        /// Limits that name one counter differ in what they must agree on: window, algorithm or scope.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {
        ///     "refund": {"limits": [{"counter": "payments", "window": "day", "max": 10}]},
        ///     "pay": {"limits": [{"counter": "payments", "window": "hour", "max": 10}]}
        ///   }
        /// }
        /// ```
        ///
        /// They would count in two places what is to be counted in one. Let them agree (`max` may differ), or give one of them a
        /// counter of another name.
        CounterConflict = "counter_conflict",

        /// A key occurs twice in one object.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "default": "allow"
        /// }
        /// ```
        ///
        /// One of the two would be ignored, and nobody sees which. Leave one out, or join them. Two spellings of one key, such as
        /// `tool` and `\u0074ool`, are the same key.
        DuplicateKey = "duplicate_key",

        /// Members that exclude each other stand together, or one stands where it could never matter.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "allow",
        ///   "tools": {"delete": {"action": "deny", "rate_limit": "1/day"}}
        /// }
        /// ```
        ///
        /// Leave out the one that is not meant.
        Excluded = "excluded",

        /// A value is of the right type and not one of those that are allowed.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"refund": {"limits": [{"counter": "refunds", "window": "day", "max": -1}]}}
        /// }
        /// ```
        ///
        /// The help says which values are allowed.
        InvalidValue = "invalid_value",

        /// A member that must be there is not.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "tools": {"read": {}}
        /// }
        /// ```
        ///
        /// Here it is `default`, which has no default of its own: what happens to a tool without a rule is always written down.
        MissingMember = "missing_member",

        /// A regular expression that cannot be compiled, or is too large when it is.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"merge": {"require": [{"conditions": [{"path": "args.branch", "op": "regex", "value": "^(?!main$)"}]}]}}
        /// }
        /// ```
        ///
        /// Patterns are those of RE2, which match in linear time: there is no look-around and there are no back-references.
        /// `not_regex`, `not` and several conditions say most of what look-around does.
        Regex = "regex",

        /// The text is not JSON.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        /// }
        /// ```
        ///
        /// JSON has no trailing commas, no comments and no single quotes. Only the first such mistake is reported: what follows
        /// one cannot be read.
        Syntax = "syntax",

        /// The document is nested deeper than [`MAX_DEPTH`](crate::policy::MAX_DEPTH).
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "name": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
        /// }
        /// ```
        ///
        /// Conditions in conditions can be said flatter: the conditions of a clause are an `all`, and the clauses of `deny_if` an `any`.
        TooDeep = "too_deep",

        /// The document is longer than [`MAX_BYTES`](crate::policy::MAX_BYTES), a key of it longer than
        /// [`MAX_KEY_BYTES`](crate::policy::MAX_KEY_BYTES), or a limit has too many scopes.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {
        ///     "query": {
        ///       "rate_limit": {
        ///         "max": 10,
        ///         "window": "day",
        ///         "scope": [
        ///           "grant", "session", "user", "agent", "server", "tenant", "tool", "global", "args.a", "args.b", "args.c",
        ///           "args.d", "args.e", "args.f", "args.g", "args.h", "args.i"
        ///         ]
        ///       }
        ///     }
        ///   }
        /// }
        /// ```
        ///
        /// Split a policy for several servers into one for each; write a pattern instead of many names.
        TooLarge = "too_large",

        /// A member that the language does not have.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "allow",
        ///   "tools": {"delete": {"denyIf": [{"conditions": []}]}}
        /// }
        /// ```
        ///
        /// It is never ignored: a policy with a typing error would allow more than it seems to. The help has the name that was
        /// probably meant, the place where the member belongs, or the members that there are.
        UnknownMember = "unknown_member",

        /// A word that the language does not have, where it has a closed list of them.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"delete": {"action": "block"}}
        /// }
        /// ```
        ///
        /// The help has the word that was probably meant, or the whole list.
        UnknownName = "unknown_name",

        /// Part of the language that this version of the crate does not support.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "validate_args": true
        /// }
        /// ```
        ///
        /// Leave it out, and mind that it is then not checked; or use a version of the crate that supports it.
        Unsupported = "unsupported",

        /// A value is of the wrong JSON type.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"refund": {"deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": "500"}]}]}}
        /// }
        /// ```
        ///
        /// Nothing is coerced: write the number without quotes, the string with them, and a list in brackets.
        WrongType = "wrong_type",
    }
}
