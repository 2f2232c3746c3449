//! Audit records: what was decided, about which call of whom, and by which policy. Never a value of an argument.

mod key;
mod text;

use std::fmt;
use std::time::SystemTime;

pub use key::{AuditKey, MIN_KEY_BYTES, WeakKey};

use crate::audit::text::{write_cut, write_names};
use crate::call::ToolCall;
use crate::evaluator::Decision;
use crate::fingerprint::Fingerprint;
use crate::policy::{Denial, Stop};
use crate::timestamp::Timestamp;

/// One line for an audit trail: what became of one call.
///
/// `Display` writes it as an object of JSON on one line, without the line feed:
///
/// | member | is |
/// |---|---|
/// | `time` | the moment, RFC 3339 in UTC, to the microsecond |
/// | `decision` | `allow`, `deny`, `needs_approval`, or `declined` by whoever was asked |
/// | `code`, `rule` | why, and where in the policy, as a [`Denial`] says it; null where the call was allowed |
/// | `retry_after` | in seconds, where the call would pass later |
/// | `would` | in monitor mode: the decision that was not enforced; `code` and `rule` are its own |
/// | `uncharged` | true for a call that passed because the counter store did not answer |
/// | `policy` | the digest of the policy, `sha256:…`; null without one |
/// | `grant` | the grant; null without one |
/// | `agent`, `server`, `session`, `tenant`, `user` | those that the call has |
/// | `tool` | the tool, as the client named it |
/// | `arguments` | the names of the arguments, sorted |
/// | `more_arguments` | how many names were left out |
/// | `arguments_hmac` | what tells whether two calls had the same arguments, with an [`AuditKey`] |
///
/// Names come from the client and may be written to harm whoever reads the trail. What is not seen (control
/// characters, also those of terminals, and marks of direction) is escaped; what is long is cut, and ends in
/// `…` and its length.
///
/// ```
/// use std::time::SystemTime;
/// use mcp_policy::audit::AuditRecord;
/// use mcp_policy::{Context, Evaluator, MemoryStore, Policy, ToolCall};
/// use serde_json::json;
///
/// let policy: Policy = r#"{"version": "1", "default": "deny"}"#.parse()?;
/// let digest = policy.digest();
/// let evaluator = Evaluator::new(policy, MemoryStore::new());
///
/// let arguments = json!({"path": "/etc/passwd"});
/// let context = Context::new().grant("ci-runner");
/// let call = ToolCall::new("re\nad", &arguments).context(&context);
/// let now = SystemTime::UNIX_EPOCH;
/// let decision = evaluator.evaluate_at(&call, now);
/// let record = AuditRecord::new(&call, &decision, now).policy(digest);
/// assert_eq!(
///     record.to_string(),
///     format!(
///         r#"{{"time":"1970-01-01T00:00:00.000000Z","decision":"deny","code":"malformed_call","rule":null,"#,
///     ) + &format!(
///         r#""policy":"{digest}","grant":"ci-runner","tool":"re\nad","arguments":["path"]}}"#
///     )
/// );
/// # Ok::<(), mcp_policy::PolicyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AuditRecord {
    time: Timestamp,
    ruling: Ruling,
    policy: Option<Fingerprint>,
    /// The well-known attributes that the call has.
    caller: Vec<(&'static str, Box<str>)>,
    tool: Box<str>,
    arguments: Vec<Box<str>>,
    arguments_hmac: Option<Box<str>>,
}

impl AuditRecord {
    /// The record of a call and what became of it.
    #[must_use]
    pub fn new<S>(call: &ToolCall<'_>, decision: &Decision<S>, now: SystemTime) -> Self {
        let ruling = match decision {
            Decision::Allow(permit) => Ruling::allowed(permit.unenforced(), permit.degraded().is_some()),
            Decision::Deny(denial) => Ruling::denied(denial),
            Decision::NeedsApproval(request) => Ruling::unapproved("needs_approval", Some(request.rule())),
        };
        let names = call.argument_names().map(str::to_owned).collect();
        Self::of(call.tool(), names, ruling, now).caller(|name| call.attribute(name))
    }

    /// Adds the digest of the policy that was in force: [`Policy::digest`](crate::Policy::digest).
    #[must_use]
    pub fn policy(self, digest: impl Into<Option<Fingerprint>>) -> Self {
        Self { policy: digest.into(), ..self }
    }

    /// Adds what [`AuditKey::sign`] makes of the arguments.
    #[must_use]
    pub fn arguments_hmac(self, hmac: impl Into<Option<String>>) -> Self {
        Self { arguments_hmac: hmac.into().map(Into::into), ..self }
    }

    pub(crate) fn of(tool: &str, mut arguments: Vec<String>, ruling: Ruling, now: SystemTime) -> Self {
        arguments.sort_unstable();
        Self {
            time: now.into(),
            ruling,
            policy: None,
            caller: Vec::new(),
            tool: tool.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            arguments_hmac: None,
        }
    }

    /// Adds the well-known attributes of whoever calls.
    pub(crate) fn caller<'a>(mut self, attribute: impl Fn(&str) -> Option<&'a str>) -> Self {
        let known = |name: &'static str| Some((name, attribute(name)?.into()));
        self.caller = ATTRIBUTES.into_iter().filter_map(known).collect();
        self
    }
}

impl fmt::Display for AuditRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, ruling, policy, caller, tool, arguments, arguments_hmac } = self;
        write!(f, r#"{{"time":"{time}","decision":"{}""#, ruling.decision)?;
        write_member(f, "code", ruling.code)?;
        write_member(f, "rule", ruling.rule.as_deref())?;
        if let Some(seconds) = ruling.retry_after {
            write!(f, r#","retry_after":{seconds}"#)?;
        }
        if ruling.would.is_some() {
            write_member(f, "would", ruling.would)?;
        }
        if ruling.uncharged {
            f.write_str(r#","uncharged":true"#)?;
        }
        match policy {
            Some(digest) => write!(f, r#","policy":"{digest}""#)?,
            None => f.write_str(r#","policy":null"#)?,
        }
        if !caller.iter().any(|(name, _)| *name == "grant") {
            write_member(f, "grant", None)?;
        }
        for (name, value) in caller {
            write_member(f, name, Some(value))?;
        }
        write_member(f, "tool", Some(tool))?;
        f.write_str(r#","arguments":"#)?;
        let omitted = write_names(arguments, f)?;
        if omitted > 0 {
            write!(f, r#","more_arguments":{omitted}"#)?;
        }
        if arguments_hmac.is_some() {
            write_member(f, "arguments_hmac", arguments_hmac.as_deref())?;
        }
        f.write_str("}")
    }
}

/// What became of a call, in the words of a record.
#[derive(Clone, Debug)]
pub(crate) struct Ruling {
    decision: &'static str,
    code: Option<&'static str>,
    rule: Option<Box<str>>,
    retry_after: Option<u64>,
    would: Option<&'static str>,
    uncharged: bool,
}

impl Ruling {
    pub(crate) fn allowed(unenforced: Option<&Stop>, uncharged: bool) -> Self {
        let would = match unenforced {
            Some(Stop::Deny(denial)) => Some(Self::denied(denial)),
            Some(Stop::NeedsApproval(request)) => {
                Some(Self::unapproved("needs_approval", Some(request.rule())))
            }
            None => None,
        };
        match would {
            Some(would) => Self { decision: "allow", would: Some(would.decision), uncharged, ..would },
            None => Self { uncharged, ..Self::unapproved("allow", None) },
        }
    }

    pub(crate) fn denied(denial: &Denial) -> Self {
        Self {
            decision: "deny",
            code: Some(denial.code().as_str()),
            rule: denial.rule().map(Into::into),
            retry_after: denial.retry_after().map(|wait| wait.as_secs()),
            would: None,
            uncharged: false,
        }
    }

    /// A decision that has no code.
    pub(crate) fn unapproved(decision: &'static str, rule: Option<&str>) -> Self {
        Self {
            decision,
            code: None,
            rule: rule.map(Into::into),
            retry_after: None,
            would: None,
            uncharged: false,
        }
    }
}

fn write_member(f: &mut fmt::Formatter<'_>, name: &str, value: Option<&str>) -> fmt::Result {
    write!(f, ",\"{name}\":")?;
    match value {
        Some(text) => write_cut(text, f),
        None => f.write_str("null"),
    }
}

/// The attributes that a record bears, in the order in which it does.
const ATTRIBUTES: [&str; 6] = ["grant", "agent", "server", "session", "tenant", "user"];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::call::Context;
    use crate::evaluator::Evaluator;
    use crate::store::MemoryStore;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const LATER: Duration = Duration::from_millis(1_500);

    fn evaluator(policy: &Value) -> Evaluator<MemoryStore> {
        Evaluator::new(policy.to_string().parse().unwrap(), MemoryStore::new())
    }

    fn record(evaluator: &Evaluator<MemoryStore>, call: &ToolCall<'_>) -> Value {
        let now = NOW.checked_add(LATER).unwrap();
        let line = AuditRecord::new(call, &evaluator.evaluate_at(call, now), now).to_string();
        assert!(!line.chars().any(crate::json::is_invisible), "{line}");
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_record_says_what_became_of_the_call_and_never_a_value() {
        let evaluator = evaluator(&json!({"version": "1", "default": "deny", "tools": {
            "pay": {"limits": [{"counter": "c", "window": "minute", "max": 1}]},
            "wipe": {"action": "require_approval"}
        }}));
        let arguments = json!({"to": "4711-secret", "amount": 3});
        let context = Context::new().grant("g").user("u").attributes(&[("env", "hidden"), ("agent", "")]);
        let call = |tool| ToolCall::new(tool, &arguments).context(&context);
        let allowed = json!({"time": "1970-01-01T00:00:01.500000Z", "decision": "allow", "code": null, "rule": null,
            "policy": null, "grant": "g", "user": "u", "tool": "pay", "arguments": ["amount", "to"]});
        assert_eq!(record(&evaluator, &call("pay")), allowed);
        let denied = record(&evaluator, &call("pay"));
        assert_eq!(denied["decision"], "deny");
        assert_eq!(denied["code"], "limit_exceeded");
        assert_eq!(denied["rule"], "/tools/pay/limits/0");
        assert_eq!(denied["retry_after"], 59);
        let asked = record(&evaluator, &call("wipe"));
        assert_eq!(
            (&asked["decision"], &asked["rule"]),
            (&json!("needs_approval"), &json!("/tools/wipe/action"))
        );
        let nobody = record(&evaluator, &ToolCall::new("pay", None::<&Value>));
        assert_eq!((&nobody["code"], &nobody["grant"]), (&json!("scope_missing"), &Value::Null));
        assert_eq!(nobody["arguments"], json!([]));
    }

    #[test]
    fn what_monitor_mode_lets_pass_is_recorded_with_what_it_would_have_been() {
        let evaluator = evaluator(&json!({"version": "1", "default": "deny", "mode": "monitor"}));
        let record = record(&evaluator, &ToolCall::new("x", None::<&Value>));
        assert_eq!((&record["decision"], &record["would"]), (&json!("allow"), &json!("deny")));
        assert_eq!((&record["code"], &record["rule"]), (&json!("unlisted"), &json!("/default")));
    }

    #[test]
    fn t67_line_ends_terminal_codes_and_long_names_do_no_harm_to_whoever_reads_the_trail() {
        let evaluator = evaluator(&json!({"version": "1", "default": "deny"}));
        let hostile = "a\n{\"decision\":\"allow\"}\r\u{1b}[2J\u{9b}31m\u{202e}\u{2028}\u{0}\"\\\u{feff}é";
        let arguments = json!({ hostile: 1 });
        let seen = record(&evaluator, &ToolCall::new(hostile, &arguments));
        assert_eq!((&seen["tool"], &seen["arguments"]), (&json!(hostile), &json!([hostile])));

        let long = "\u{1b}".repeat(1 << 20);
        let many: Map<String, Value> =
            (0..50_000).map(|n| (format!("{n:05}{}", "é".repeat(200)), n.into())).collect();
        let line = {
            let call = ToolCall::new(&long, &many);
            AuditRecord::new(&call, &evaluator.evaluate_at(&call, NOW), NOW).to_string()
        };
        assert!(line.len() < 32 * 1024, "{}", line.len());
        let seen: Value = serde_json::from_str(&line).unwrap();
        assert!(seen["tool"].as_str().unwrap().ends_with("… (1048576 bytes)"));
        assert_eq!(seen["more_arguments"], 49_936);
    }
}
