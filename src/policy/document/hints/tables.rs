//! The tables of known mistakes: what is written, and what is meant.

/// The members of a condition and of a clause, as they stand in a rule by mistake: all of them are one mistake.
pub(super) const CONDITION: [&str; 10] =
    ["conditions", "path", "op", "operator", "value", "value_from", "any", "all", "not", "absent_as"];

/// Members that are right in another place: the names, a member that the place has, one that it does not have, and
/// what to write.
pub(super) const ELSEWHERE: [(&[&str], &str, &str, &str); 15] = [
    (
        &CONDITION,
        "deny_if",
        "path",
        "conditions stand in a clause: write `\"require\": [{\"conditions\": [...]}]`, or `deny_if` or `approve_if`",
    ),
    (
        &["on_deny"],
        "action",
        "counter",
        "a rule says `reason`, beside its `action`; `on_deny` stands in a clause or a limit",
    ),
    (&["on_deny"], "deny_if", "action", "write it into the clause or limit that denies"),
    (&["on_deny"], "path", "conditions", "write it beside `conditions`, in the clause"),
    (
        &["on_deny", "counter", "algorithm", "increment", "increment_from", "refund"],
        "window",
        "counter",
        "a `rate_limit` is the short form: write a limit in `limits`, which has this member",
    ),
    (&["require_approval"], "action", "version", "write `\"action\": \"require_approval\"`, or `approve_if`"),
    (
        &["rate_limit", "rate_limits"],
        "deny_if",
        "action",
        "here stand only limits with a counter: write `limits`",
    ),
    (
        &["only_args", "action", "reason"],
        "deny_if",
        "action",
        "it stands only in a rule of `tools` or `categories`",
    ),
    (&["action", "deny_if", "require", "approve_if", "limits"], "version", "deny_if", IN_A_RULE),
    (&["rate_limit", "only_args", "rateLimit", "denyIf"], "version", "deny_if", IN_A_RULE),
    (&["all_tools", "hide", "default"], "action", "version", "it stands at the top of the document"),
    (
        &["rules", "policies", "permissions"],
        "version",
        "deny_if",
        "did you mean `tools`? A rule stands there under the name of its tool: `\"tools\": {\"read_*\": {}}`",
    ),
    (
        &["rules"],
        "action",
        "version",
        "a tool has one rule: write `require`, `deny_if` and `limits` here, without a list",
    ),
    (&["allow"], "action", "version", "leave it out: a rule allows what its clauses do not deny"),
    (
        &["tool"],
        "path",
        "conditions",
        "write what is compared in `path`, such as `args.amount` or `tool.name`",
    ),
];

const IN_A_RULE: &str = "it stands in a rule of `tools`, or for every tool in `all_tools`";

/// Members by other names, and the ones that were meant, where the place has them.
pub(super) const MEMBERS: [(&[&str], &str); 21] = [
    (&["tool", "tool_rules"], "tools"),
    (&["default_action", "defaultAction", "default_policy", "defaultPolicy", "fallback"], "default"),
    (&["hidden", "hide_tools", "hidden_tools", "exclude"], "hide"),
    (&["global", "*", "defaults", "every_tool"], "all_tools"),
    (&["deny", "block", "block_if", "deny_when", "forbid", "reject_if"], "deny_if"),
    (&["allow_if", "allow_when", "requires", "must"], "require"),
    (&["ask", "ask_if", "approve", "approval", "confirm_if", "require_approval_if"], "approve_if"),
    (&["rate_limits", "rateLimits", "ratelimit", "throttle", "rate"], "rate_limit"),
    (&["quota", "quotas"], "limits"),
    (&["allowed_args", "allowedArgs"], "only_args"),
    (&["condition", "when", "if"], "conditions"),
    (&["reason", "message", "error", "on_fail"], "on_deny"),
    (&["message", "error", "deny_message"], "reason"),
    (&["operator", "operation", "comparator", "cmp"], "op"),
    (&["field", "arg", "argument", "param", "attribute", "key", "property"], "path"),
    (&["values", "val", "expected", "operand", "equals", "than"], "value"),
    (&["period", "interval", "per", "duration", "window_seconds"], "window"),
    (&["limit", "maximum", "max_calls", "count", "quota"], "max"),
    (&["name", "id"], "counter"),
    (&["cost", "weight"], "increment"),
    (&["case_insensitive", "ignorecase", "caseInsensitive"], "ignore_case"),
];

/// Words by other names. One word can mean another thing in another list.
pub(super) const WORDS: [(&[&str], &str); 29] = [
    (&["block", "blocked", "forbid", "reject", "refuse", "denied", "false"], "deny"),
    (&["permit", "accept", "pass", "allowed", "true"], "allow"),
    (&["ask", "approve", "approval", "confirm", "prompt", "review", "require-approval"], "require_approval"),
    (&["audit", "dry_run", "dry-run", "log", "report", "shadow", "warn"], "monitor"),
    (&["on", "block", "enforced", "enforcing"], "enforce"),
    (&["=", "==", "===", "equals", "equal", "is"], "eq"),
    (&["!=", "!==", "<>", "ne", "not_equals", "not_equal", "not_eq", "noteq", "is_not"], "neq"),
    (&[">", "greater_than", "greater", "more_than"], "gt"),
    (&[">=", "ge", "greater_than_or_equal", "greater_or_equal", "at_least"], "gte"),
    (&["<", "less_than", "less", "below"], "lt"),
    (&["<=", "le", "less_than_or_equal", "less_or_equal", "at_most"], "lte"),
    (&["matches", "match", "=~", "~", "regexp", "re", "pattern", "like"], "regex"),
    (&["!~", "not_matches", "not_match", "not_like"], "not_regex"),
    (&["one_of", "any_of"], "in"),
    (&["none_of", "not_one_of", "nin", "!in", "not in"], "not_in"),
    (&["includes", "has", "substring"], "contains"),
    (&["startswith", "prefix", "begins_with", "has_prefix"], "starts_with"),
    (&["endswith", "suffix", "has_suffix"], "ends_with"),
    (&["present", "defined", "is_set"], "exists"),
    (&["sec", "secs", "s", "per_second"], "second"),
    (&["min", "mins", "m", "per_minute", "minutely"], "minute"),
    (&["hr", "hrs", "h", "per_hour", "hourly"], "hour"),
    (&["d", "daily", "per_day"], "day"),
    (&["w", "weekly", "per_week"], "week"),
    (&["monthly", "per_month"], "month"),
    (&["forever", "ever", "always", "total", "infinite"], "lifetime"),
    (&["int"], "integer"),
    (&["float", "double", "decimal"], "number"),
    (&["text", "str"], "string"),
];

/// What other languages call `any` and `all`.
pub(super) const GROUPS: [(&[&str], &str); 2] = [
    (&["or", "anyOf", "any_of", "oneOf", "one_of", "$or", "||"], "any"),
    (&["and", "allOf", "all_of", "$and", "&&"], "all"),
];

/// What other languages write before the name of an argument.
pub(super) const PREFIXES: [&str; 14] = [
    "$.args.",
    "$.arguments.",
    "$.params.arguments.",
    "$.",
    "params.arguments.",
    "arguments.",
    "argument.",
    "params.",
    "parameters.",
    "input.",
    "inputs.",
    "request.",
    "call.args.",
    ".",
];
