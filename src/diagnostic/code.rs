//! The codes of diagnostics.

use crate::diagnostic::Severity;
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

        /// A warning: one of several conditions, of which one is enough, holds for every value.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"push": {"require": [{"conditions": [{"any": [{"path": "args.branch", "op": "neq", "value": "main"}, {"path": "args.branch", "op": "neq", "value": "master"}]}]}]}}
        /// }
        /// ```
        ///
        /// `{"any": [{"path": "args.branch", "op": "neq", "value": "main"}, {"path": "args.branch", "op": "neq", "value":
        /// "master"}]}` holds for every branch, `main` too, for that is not `master`. The same goes for two clauses of
        /// `deny_if` that say so: together they deny every branch.
        ///
        /// The cure: `not_in` with both values, or the conditions beside each other in one clause.
        AlwaysHolds = "always_holds",

        /// A warning: a pattern of `hide` covers a key of `tools`, whose rule is never looked at.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "hide": ["delete_*"],
        ///   "tools": {"delete_flow": {"rate_limit": "1/day"}}
        /// }
        /// ```
        ///
        /// `"hide": ["delete_*"], "tools": {"delete_flow": {"rate_limit": "1/day"}}`
        ///
        /// The cure: leave the rule out, or hide less.
        HiddenRule = "hidden_rule",

        /// A warning: what is compared with is none of the values that there can be.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"deploy": {"deny_if": [{"conditions": [{"path": "now.weekday", "op": "in", "value": ["sat", "sunday"]}]}]}}
        /// }
        /// ```
        ///
        /// `{"path": "now.weekday", "op": "in", "value": ["sat", "sunday"]}`: Sunday is `sun`.
        ///
        /// The cure: one of the values that the help lists.
        ImpossibleValue = "impossible_value",

        /// A warning: one call costs more than the limit lets through in a window, so it denies every call.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"deploy": {"limits": [{"counter": "c", "window": "day", "max": 0}]}}
        /// }
        /// ```
        ///
        /// `{"counter": "c", "window": "day", "max": 0}`, and `"max": 5` beside `"increment": 10`.
        ///
        /// The cure: a larger `max`, or `"action": "deny"` where no call is to be let through.
        IncrementAboveMax = "increment_above_max",

        /// A warning: a counter that never starts over, for each value of an argument.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"merge": {"limits": [{"counter": "c", "window": "lifetime", "max": 3, "scope": ["user", "args.repo"]}]}}
        /// }
        /// ```
        ///
        /// `{"counter": "c", "window": "lifetime", "max": 3, "scope": ["user", "args.repo"]}`: the agent makes a counter with
        /// each value that it writes, and none of them is ever dropped. Nothing is said where `require` asks the argument to
        /// be one of certain values.
        ///
        /// The cure: a window that ends, a scope that the agent does not choose, or a clause of `require` with `in`.
        LifetimePerArgument = "lifetime_per_argument",

        /// A warning: conditions that must hold together never do, or one that holds for no value.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"pay": {"require": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 10}, {"path": "args.amount", "op": "lt", "value": 5}]}]}}
        /// }
        /// ```
        ///
        /// `{"path": "args.amount", "op": "gt", "value": 10}` beside `{"path": "args.amount", "op": "lt", "value": 5}`. In
        /// `require` this denies every call, in `deny_if` it denies none but for arguments of an unexpected type.
        ///
        /// The cure: `{"any": [...]}` around them if one is enough; else other values.
        NeverHolds = "never_holds",

        /// A warning: a text for the agent that nobody ever reads.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"deploy": {"reason": "ask the release manager", "rate_limit": "1/day"}}
        /// }
        /// ```
        ///
        /// `"reason"` on a rule whose `action` is `allow`: the rule denies by its clauses and limits alone, and each of them
        /// has an `on_deny`.
        ///
        /// The cure: `on_deny`, or `description` for what is meant for people.
        NeverTold = "never_told",

        /// A warning: a clause denies, or asks for approval, unless an argument is as it should be, and lets the call pass if
        /// the argument is left out.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"apply": {"deny_if": [{"conditions": [{"path": "args.dry_run", "op": "neq", "value": true}]}]}}
        /// }
        /// ```
        ///
        /// `"deny_if": [{"conditions": [{"path": "args.dry_run", "op": "neq", "value": true}]}]` means "only dry runs". A
        /// call without `dry_run` passes. Only `neq`, `not_in`, `not_regex` and a `not` around an operator that names
        /// good values (`eq`, `in`, `path_within`, …) are looked at, for there the author named what is allowed; a clause such as `{"path": "args.force", "op": "eq", "value": true}`
        /// names what is dangerous, and to leave that out is as safe as it looks. Nothing is said in `all_tools`, as most
        /// tools have no such argument, nor where a clause of `require`, or an `exists`, speaks of the same argument.
        ///
        /// The cure: `absent_as` with the value that the server uses where the argument is absent; or the opposite in
        /// `require`, which denies what is absent.
        PassesWhenAbsent = "passes_when_absent",

        /// A warning against the tools of a server: a tool is pinned to another definition than the server lists, or the
        /// server lists it more than once. See [`against_tools`](crate::lint::against_tools).
        ///
        /// `"pins": {"restart_execution": "sha256:…"}` where the server has another description, schema or hint by now. Every
        /// call to the tool is denied (`definition_changed`).
        ///
        /// The cure: look at what has changed, and pin the new definition if it is as harmless as the old one was.
        PinDiffers = "pin_differs",

        /// A warning: a limit that never matters beside a stricter one with the same counter.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"deploy": {"limits": [{"counter": "c", "window": "day", "max": 5}, {"counter": "c", "window": "day", "max": 10}]}}
        /// }
        /// ```
        ///
        /// `[{"counter": "c", "window": "day", "max": 5}, {"counter": "c", "window": "day", "max": 10}]`: one call is charged
        /// once, against 5. The stricter one may stand in `all_tools`.
        ///
        /// The cure: leave it out, or name another counter.
        RedundantLimit = "redundant_limit",

        /// A warning: the agent chooses every scope of a limit, and so gets a new counter whenever it writes a new value.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"deploy": {"limits": [{"counter": "c", "window": "day", "max": 5, "scope": "args.note"}]}}
        /// }
        /// ```
        ///
        /// `{"counter": "c", "window": "day", "max": 5, "scope": "args.note"}`. Nothing is said where the call has another
        /// limit that the agent cannot get around, or where `require` asks the argument to be one of certain values.
        ///
        /// The cure: a second scope does not help, as its counter is one for each value too. Add a limit with the scope
        /// `grant` or `user`, or ask the argument to be one of certain values.
        ScopeByAgent = "scope_by_agent",

        /// A warning: a pattern that can never matter, because another covers all of its names and comes first.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "hide": ["delete_*", "delete_flow"]
        /// }
        /// ```
        ///
        /// `"hide": ["delete_*", "delete_flow"]`; and in `tools` or `classify` `"a*"` beside `"*a*"`, which has as many literal
        /// characters and sorts first.
        ///
        /// The cure: leave one of the two out.
        Shadowed = "shadowed",

        /// A warning: a regular expression says what is let through, and lets through more than it seems, for other text may
        /// stand before or after it.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"rename": {"require": [{"conditions": [{"path": "args.name", "op": "regex", "value": "[a-z]+"}]}]}}
        /// }
        /// ```
        ///
        /// `{"path": "args.name", "op": "regex", "value": "[a-z]+"}` in `require` holds for `X; rm -rf /`. Nothing is said about
        /// an end that is open on purpose: `.*`, `\b`, or, where the other end is anchored, a sign such as the dot of
        /// `^shop\.` or `\.txt$`. In `deny_if` the same is said of `not_regex`.
        ///
        /// The cure: `^` and `$` around all alternatives, `^(?:a|b)$`; or `.*` where other text is allowed.
        Unanchored = "unanchored",

        /// A warning against the tools of a server: an argument that the tool does not know. See
        /// [`against_tools`](crate::lint::against_tools).
        ///
        /// `{"path": "args.exection_id", "op": "exists", "value": true}` in the rule of a tool whose input schema has an
        /// `execution_id`. Nothing is said where the schema leaves open what else there may be.
        ///
        /// The cure: the name as the server lists it.
        UnknownArgument = "unknown_argument",

        /// A warning against the tools of a server: a name or a pattern that fits none of them. See
        /// [`against_tools`](crate::lint::against_tools).
        ///
        /// `"tools": {"restart_executions": {}}` where the tool is called `restart_execution`.
        ///
        /// The cure: the name as the server lists it.
        UnknownTool = "unknown_tool",

        /// A warning: a pattern in `tools` or `classify` that fits no name, for no name has more than 128 characters, white
        /// space or letters beyond ASCII.
        ///
        /// ```json
        /// {
        ///   "version": "1",
        ///   "default": "deny",
        ///   "tools": {"delete *": {}}
        /// }
        /// ```
        ///
        /// `"delete *"`
        ///
        /// The cure: the name as the server lists it.
        Unmatchable = "unmatchable",
    }
}

impl DiagnosticCode {
    /// Whether what has this code makes a policy wrong. Only warnings can be silenced.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::AlwaysHolds
            | Self::HiddenRule
            | Self::ImpossibleValue
            | Self::IncrementAboveMax
            | Self::LifetimePerArgument
            | Self::NeverHolds
            | Self::NeverTold
            | Self::PassesWhenAbsent
            | Self::PinDiffers
            | Self::RedundantLimit
            | Self::ScopeByAgent
            | Self::Shadowed
            | Self::Unanchored
            | Self::UnknownArgument
            | Self::UnknownTool
            | Self::Unmatchable => Severity::Warning,
            _ => Severity::Error,
        }
    }
}
