//! Paths, scopes and rates as regular expressions of ECMA 262, which JSON Schema is written in.

use serde_json::{Value, json};

use crate::call::WELL_KNOWN;
use crate::limit::WindowName;

/// A position in an array.
const INDEX: &str = r"\[(?:0|[1-9][0-9]*)\]";
/// A key of a path with dots.
const KEY: &str = r"\.[^.\[\]]+";
/// A token of a JSON Pointer with its slash.
const TOKEN: &str = "/(?:[^~/]|~[01])*";
const NAMED: &str = r"now\.(?:date|hour|weekday)|/now/(?:date|hour|weekday)|tool\.(?:category|name|severity)|/tool/(?:category|name|severity)";
const CONTEXT: &str = r"context\.[\s\S]+|/context/(?:[^~/]|~[01])+";

/// A path that leads through every element of an array; it is one if it is a path.
pub(super) const MULTIPLE: &str = r"^args[\s\S]*\[\*\]";

/// SHA-256, as fingerprints are written.
pub(super) const FINGERPRINT: &str = "^sha256:[0-9a-f]{64}$";

/// Any path.
pub(super) fn path() -> String {
    format!(r"^(?:args(?:{KEY}|{INDEX}|\[\*\])*|/args(?:{TOKEN})*|{CONTEXT}|{NAMED})$")
}

/// A path without `[*]`.
pub(super) fn single_path() -> String {
    format!("^(?:args(?:{KEY}|{INDEX})*|/args(?:{TOKEN})*|{CONTEXT}|{NAMED})$")
}

/// A path to one argument.
pub(super) fn argument() -> String {
    format!("^(?:args(?:{KEY}|{INDEX})+|/args(?:{TOKEN})+)$")
}

/// A scope: a word, an attribute, or a path to one argument.
pub(super) fn scope() -> Value {
    let words: Vec<&str> = WELL_KNOWN.into_iter().chain(["tool", "global"]).collect();
    let descriptions: Vec<String> = words
        .iter()
        .map(|word| match *word {
            "tool" => "Each tool.".to_owned(),
            "global" => "One counter for all.".to_owned(),
            word => format!("Each {word}: that attribute of the call's context."),
        })
        .collect();
    let shadowed: Vec<String> = WELL_KNOWN.iter().map(|word| format!("context.{word}")).collect();
    let pattern = format!(r"^(?:context\.[\s\S]+|args{KEY}(?:{KEY}|{INDEX})*|/args(?:{TOKEN})+)$");
    json!({"anyOf": [
        {"type": "string", "enum": words, "enumDescriptions": descriptions},
        {"type": "string", "pattern": pattern, "not": {"enum": shadowed}},
    ]})
}

/// A rate in short.
pub(super) fn rate() -> String {
    let windows: Vec<&str> = WindowName::ALL.iter().map(|name| name.as_str()).collect();
    format!("^(?:[1-9][0-9]{{0,11}}|1000000000000)/(?:{})$", windows.join("|"))
}
