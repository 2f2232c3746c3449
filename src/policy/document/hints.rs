//! What authors write who come from another language, and what they meant: it is asked before any word that is merely
//! near.

mod tables;

use crate::diagnostic::nearest;
use crate::fingerprint::Fingerprint;
use crate::json::{Member, Node, NodeKind};
use crate::limit::{Window, WindowName};
use crate::path::Path;
use crate::policy::document::hints::tables::{CONDITION, ELSEWHERE, GROUPS, MEMBERS, PREFIXES, WORDS};

/// What to say about an unknown member.
pub(super) enum Hint {
    /// It was meant to be this one.
    Meant(&'static str),
    /// It belongs elsewhere, or is not needed.
    Help(&'static str),
    /// One sentence for all of these together, which are parts of one thing.
    Together(&'static str),
}

/// What to say about an unknown member, beside which these names could stand.
pub(super) fn member(key: &str, names: &[&'static str]) -> Option<Hint> {
    let has = |name: &str| names.contains(&name);
    let elsewhere = ELSEWHERE
        .iter()
        .find(|(written, there, missing, _)| written.contains(&key) && has(there) && !has(missing));
    if let Some((.., help)) = elsewhere {
        let is_condition = CONDITION.contains(&key) && has("deny_if");
        return Some(if is_condition { Hint::Together(help) } else { Hint::Help(help) });
    }
    let renamed = MEMBERS.iter().filter(|(written, _)| written.contains(&key));
    let renamed = renamed.map(|(_, meant)| *meant).find(|meant| has(meant));
    // No name of the language has a capital letter or a hyphen.
    let spelled = || {
        let spelled = snake_case(key)?;
        names.iter().copied().find(|name| *name == spelled)
    };
    renamed.or_else(spelled).map(Hint::Meant)
}

/// Whether an unknown member belongs to the clause that its place seems to be. It needs no words of its own.
pub(super) fn is_of_clause(key: &str) -> bool {
    key == "on_deny"
}

/// The word of a closed list that another was meant to be.
pub(super) fn word<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let known = WORDS.iter().filter(|(written, _)| written.contains(&lower.as_str()));
    let meant = known.map(|(_, meant)| *meant).chain(window(&lower).and_then(window_name));
    let mut meant = meant.filter_map(|meant| names.iter().copied().find(|name| *name == meant));
    meant.next().or_else(|| nearest(word, names))
}

/// The word for a condition of several that another was meant to be.
pub(super) fn group(members: &[Member]) -> Option<(&Member, &'static str)> {
    let meant = |key: &str| GROUPS.iter().find(|(written, _)| written.contains(&key));
    members.iter().find_map(|member| Some((member, meant(&member.key)?.1)))
}

/// What to write instead of a value that is no rule.
pub(super) fn rule(node: &Node) -> Option<&'static str> {
    match &node.kind {
        NodeKind::Bool(true) | NodeKind::Null => Some("write `{}` to allow the tool"),
        NodeKind::Bool(false) => Some("write `{\"action\": \"deny\"}`"),
        NodeKind::String(action) => match word(action, &["allow", "deny", "require_approval"])? {
            "allow" => Some("write `{}` to allow the tool"),
            "deny" => Some("write `{\"action\": \"deny\"}`"),
            _ => Some("write `{\"action\": \"require_approval\"}`"),
        },
        _ => None,
    }
}

/// What to write where a member is missing.
pub(super) fn missing(name: &str, names: &[&'static str]) -> Option<&'static str> {
    let in_condition = names.contains(&"op");
    match name {
        "version" => Some("write `\"version\": \"1\"`"),
        "default" => {
            Some("write `\"default\": \"deny\"`, or `\"allow\"`: what happens to a tool without a rule")
        }
        "path" if in_condition => Some("write what is compared, such as `\"path\": \"args.amount\"`"),
        "op" if in_condition => Some("write how it is compared, such as `\"op\": \"eq\"`"),
        "conditions" => Some("write `\"conditions\": [...]`"),
        "counter" => Some("write a name for what is counted, such as `\"counter\": \"refunds\"`"),
        "window" => Some("write how long a call counts, such as `\"window\": \"minute\"`"),
        "max" => Some("write the most that one window allows, such as `\"max\": 10`"),
        _ => None,
    }
}

/// What to write instead of a duration, such as `90s`, that no window has as its name.
pub(super) fn seconds(text: &str) -> Option<String> {
    let window = window(&text.to_lowercase())?;
    match window {
        Window::Seconds(seconds) => Some(format!("write `{seconds}`, the number of seconds without quotes")),
        _ => None,
    }
}

/// What to write instead of a text that is no fingerprint: the one that was probably meant, or what one is.
pub(super) fn fingerprint(text: &str) -> String {
    const LONGEST: usize = 80;
    let meant = || {
        let lower = text.trim().to_lowercase();
        let digits = ["sha256", "sha-256"].iter().find_map(|prefix| lower.strip_prefix(prefix));
        let digits = digits.unwrap_or(&lower).trim_start_matches([':', '-', '=', ' ']);
        format!("sha256:{digits}").parse::<Fingerprint>().ok()
    };
    match (text.len() <= LONGEST).then(meant).flatten() {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "write `sha256:` and 64 hexadecimal digits in lower case".to_owned(),
    }
}

/// The path that a text was meant to be which does not begin as one.
pub(crate) fn path(text: &str) -> Option<String> {
    let rest = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
    let path = match rest {
        Some(rest) => format!("args.{rest}"),
        None if text.starts_with('/') => format!("/args{text}"),
        None => format!("args.{text}"),
    };
    Path::parse(&path).is_ok().then_some(path)
}

/// A window that is written as a number with a unit: `60s`, `1 min`, `2h`.
fn window(text: &str) -> Option<Window> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let (count, unit) = text.split_at_checked(digits)?;
    let count: u32 = count.parse().ok()?;
    let unit = match unit.trim_start() {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        _ => return None,
    };
    let seconds = count.checked_mul(unit)?;
    let possible = (1..=Window::MAX_SECONDS).contains(&seconds);
    // A week is meant, though the seconds of one begin on another day.
    let named = if seconds == 604_800 { Window::Week } else { Window::Seconds(seconds).canonical() };
    possible.then_some(named)
}

fn window_name(window: Window) -> Option<&'static str> {
    let mut names = WindowName::ALL.iter().filter(|name| Window::from(**name) == window);
    names.next().map(|name| name.as_str())
}

/// `denyIf` and `deny-if` as the language would write them; nothing for what has neither.
fn snake_case(key: &str) -> Option<String> {
    if key.len() > LONGEST
        || !key.contains(|character: char| character.is_ascii_uppercase() || character == '-')
    {
        return None;
    }
    let mut snake = String::new();
    for character in key.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.push(if character == '-' { '_' } else { character.to_ascii_lowercase() });
    }
    Some(snake)
}

/// No word of these tables is half as long.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::Operator;
    use crate::policy::document::{AllTools, Clause, Comparison, DefaultAction, Limit, Mode, PolicyDocument};
    use crate::policy::document::{RateLimit, Rule, RuleAction};

    fn places() -> [&'static [&'static str]; 7] {
        [
            PolicyDocument::MEMBERS,
            AllTools::MEMBERS,
            Rule::MEMBERS,
            Clause::MEMBERS,
            Limit::MEMBERS,
            RateLimit::MEMBERS,
            Comparison::MEMBERS,
        ]
    }

    #[test]
    fn every_row_about_members_can_be_reached() {
        let has = |names: &[&str], name: &&str| names.contains(name);
        for (written, meant) in MEMBERS {
            for key in written {
                let reached = places().into_iter().any(|names| {
                    !has(names, key) && matches!(member(key, names), Some(Hint::Meant(name)) if name == meant)
                });
                assert!(reached, "{key} -> {meant}");
            }
        }
        for (written, .., help) in ELSEWHERE {
            for key in written {
                let reached = places().into_iter().any(|names| match member(key, names) {
                    Some(Hint::Help(said) | Hint::Together(said)) => !has(names, key) && said == help,
                    _ => false,
                });
                assert!(reached, "{key}: {help}");
            }
        }
    }

    #[test]
    fn every_row_about_words_can_be_reached_and_none_is_a_word_of_the_language_there() {
        let lists: Vec<Vec<&str>> = vec![
            Operator::ALL.iter().map(|name| name.as_str()).collect(),
            WindowName::ALL.iter().map(|name| name.as_str()).collect(),
            RuleAction::ALL.iter().map(|name| name.as_str()).collect(),
            DefaultAction::ALL.iter().map(|name| name.as_str()).collect(),
            Mode::ALL.iter().map(|name| name.as_str()).collect(),
            crate::condition::JsonType::ALL.iter().map(|name| name.as_str()).collect(),
        ];
        for (written, meant) in WORDS {
            for wrong in written {
                let reached =
                    lists.iter().any(|names| !names.contains(wrong) && word(wrong, names) == Some(meant));
                assert!(reached, "{wrong} -> {meant}");
            }
        }
    }

    #[test]
    fn durations_are_windows() {
        let names: Vec<_> = WindowName::ALL.iter().map(|name| name.as_str()).collect();
        for (text, name) in
            [("60s", "minute"), ("1m", "minute"), ("1 hour", "hour"), ("24h", "day"), ("7d", "week")]
        {
            assert_eq!(word(text, &names), Some(name), "{text}");
        }
        assert_eq!(seconds("90s").as_deref(), Some("write `90`, the number of seconds without quotes"));
        for text in ["", "s", "60", "0s", "99999999999s", "400d", "1y", "é"] {
            assert_eq!((window(text), seconds(text)), (None, None), "{text}");
        }
    }

    #[test]
    fn paths_of_other_languages_are_arguments() {
        for (text, meant) in [
            ("amount", Some("args.amount")),
            ("$.amount", Some("args.amount")),
            ("arguments.items[0].n", Some("args.items[0].n")),
            ("metadata.key", Some("args.metadata.key")),
            ("/amount", Some("/args/amount")),
            ("$.", None),
            ("", None),
            ("a b..c", None),
        ] {
            assert_eq!(path(text).as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn camel_case_is_spelled_as_the_language_does() {
        for (key, names, meant) in [
            ("denyIf", Rule::MEMBERS, "deny_if"),
            ("rate-limit", Rule::MEMBERS, "rate_limit"),
            ("OnDeny", Clause::MEMBERS, "on_deny"),
        ] {
            assert!(matches!(member(key, names), Some(Hint::Meant(name)) if name == meant), "{key}");
        }
        assert!(member(&"X".repeat(1_000_000), Rule::MEMBERS).is_none());
    }
}
