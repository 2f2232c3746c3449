//! What the methods of MCP carry: the members of their params, in all revisions up to 2026-07-28.

use serde_json::{Map, Value};

/// Why params are not what their method carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misshape {
    /// A key that some reader may take for a known one.
    Lookalike,
    /// A member that must be there.
    Missing,
    /// A member of another type.
    Type,
}

/// Checks the params of a method; those of a method that MCP does not know may hold anything.
pub(crate) fn check(method: &str, params: Option<&Map<String, Value>>) -> Result<(), Misshape> {
    let Some(members) = members_of(method) else {
        return Ok(());
    };
    let empty = Map::new();
    let params = params.unwrap_or(&empty);
    for (key, value) in params {
        match members.iter().find(|member| member.name == key) {
            Some(member) if member.kind.fits(value) => {}
            Some(_) => return Err(Misshape::Type),
            None if looks_like_one_of(key, members.iter().map(|member| member.name)) => {
                return Err(Misshape::Lookalike);
            }
            None => {}
        }
    }
    let is_there = |member: &Member| !member.required || params.contains_key(member.name);
    if members.iter().all(is_there) { Ok(()) } else { Err(Misshape::Missing) }
}

/// Whether some reader may take a key for one of these, which it is not: by ignoring case, by writing
/// `request_state` for `requestState`, or by folding what is not visible ASCII. No key of MCP is anything
/// else, so such a key is always suspect.
pub(crate) fn looks_like_one_of<'a>(key: &str, mut names: impl Iterator<Item = &'a str>) -> bool {
    !key.bytes().all(|byte| byte.is_ascii_graphic()) || names.any(|name| same_letters(key, name))
}

/// Whether two keys are equal but for case, `_` and `-`.
fn same_letters(a: &str, b: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = u8> {
        text.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase())
    }
    letters(a).eq(letters(b))
}

/// Whether it is a request in MCP: without an identifier it is no message.
pub(crate) fn is_known_request(method: &str) -> bool {
    !method.starts_with("notifications/") && members_of(method).is_some()
}

/// Whether some server may take a method for `tools/call`.
pub(crate) fn is_call_like(method: &str) -> bool {
    let letters = method.bytes().filter(u8::is_ascii_alphabetic).map(|byte| byte.to_ascii_lowercase());
    letters.eq(*b"toolscall")
}

#[derive(Clone, Copy)]
struct Member {
    name: &'static str,
    kind: Kind,
    required: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Any,
    Array,
    Object,
    Text,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::Text => value.is_string(),
        }
    }
}

const fn any(name: &'static str) -> Member {
    Member { name, kind: Kind::Any, required: false }
}

const fn array(name: &'static str) -> Member {
    Member { name, kind: Kind::Array, required: false }
}

const fn object(name: &'static str) -> Member {
    Member { name, kind: Kind::Object, required: false }
}

const fn text(name: &'static str) -> Member {
    Member { name, kind: Kind::Text, required: false }
}

const fn required(member: Member) -> Member {
    Member { required: true, ..member }
}

fn members_of(method: &str) -> Option<&'static [Member]> {
    METHODS.iter().find(|(methods, _)| methods.contains(&method)).map(|(_, members)| *members)
}

const META: Member = object("_meta");
const NAME: Member = required(text("name"));
const TASK_ID: Member = required(text("taskId"));
const URI: Member = required(text("uri"));
const ARGUMENTS: Member = object("arguments");
const RESPONSES: Member = object("inputResponses");
const STATE: Member = text("requestState");
const TASK: Member = object("task");

/// Those that are called most come first.
const METHODS: [(&[&str], &[Member]); 21] = [
    (&["tools/call"], &[NAME, ARGUMENTS, META, RESPONSES, STATE, TASK]),
    (
        &["tools/list", "prompts/list", "resources/list", "resources/templates/list", "tasks/list"],
        &[text("cursor"), META],
    ),
    (&["ping", "server/discover", "roots/list"], &[META]),
    (&["initialize"], &[text("protocolVersion"), object("capabilities"), object("clientInfo"), META]),
    (
        &["notifications/progress"],
        &[any("progressToken"), any("progress"), any("total"), text("message"), META],
    ),
    (&["notifications/cancelled"], &[any("requestId"), text("reason"), META]),
    (&["notifications/initialized"], &[META]),
    (&["tasks/get", "tasks/result", "tasks/cancel"], &[TASK_ID, META]),
    (&["tasks/update"], &[TASK_ID, RESPONSES, META]),
    (
        &["notifications/tasks", "notifications/tasks/status"],
        &[TASK_ID, any("status"), object("inputRequests"), META],
    ),
    (&["prompts/get"], &[NAME, ARGUMENTS, META, RESPONSES, STATE]),
    (&["resources/read"], &[URI, META, RESPONSES, STATE]),
    (&["resources/subscribe", "resources/unsubscribe"], &[URI, META]),
    (&["resources/directory/read"], &[URI, text("cursor"), META]),
    (
        &["completion/complete"],
        &[required(object("ref")), required(object("argument")), object("context"), META],
    ),
    (&["logging/setLevel"], &[required(text("level")), META]),
    (&["subscriptions/listen"], &[required(object("notifications")), META]),
    (&["skills/list"], &[text("cursor"), META]),
    (&["skills/get"], &[any("name"), any("uri"), META]),
    (
        &["sampling/createMessage"],
        &[
            required(array("messages")),
            any("modelPreferences"),
            any("systemPrompt"),
            any("includeContext"),
            any("temperature"),
            any("maxTokens"),
            any("stopSequences"),
            any("metadata"),
            any("tools"),
            any("toolChoice"),
            TASK,
            META,
        ],
    ),
    (
        &["elicitation/create"],
        &[
            text("message"),
            text("mode"),
            object("requestedSchema"),
            text("url"),
            text("elicitationId"),
            TASK,
            META,
        ],
    ),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_json(method: &str, params: &Value) -> Result<(), Misshape> {
        check(method, params.as_object())
    }

    #[test]
    fn t03_a_key_that_some_reader_takes_for_another_is_a_lookalike() {
        for key in [
            "Name",
            "NAME",
            "n_ame",
            "name ",
            "name\u{0}",
            "na\u{200b}me",
            "ｎame",
            "ARGUMENTS",
            "request_state",
            "meta",
        ] {
            let params = json!({"name": "read", key: "delete"});
            assert_eq!(check_json("tools/call", &params), Err(Misshape::Lookalike), "{key:?}");
        }
        let unknown = json!({"name": "read", "x-vendor": 1, "names": []});
        assert_eq!(check_json("tools/call", &unknown), Ok(()));
        assert_eq!(check_json("vendor/method", &json!({"Name": 1, "é": 2})), Ok(()));
    }

    #[test]
    fn every_method_is_in_the_table_once_and_no_two_members_look_alike() {
        let mut seen = std::collections::BTreeSet::new();
        for (methods, members) in METHODS {
            for method in methods {
                assert!(seen.insert(*method), "{method}");
            }
            for (index, member) in members.iter().enumerate() {
                let others = members.iter().take(index).map(|other| other.name);
                assert!(!looks_like_one_of(member.name, others), "{}", member.name);
            }
        }
    }
}
