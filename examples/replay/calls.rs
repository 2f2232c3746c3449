//! Lines of a file of calls.

use std::time::SystemTime;

use mcp_policy::{Context, Outcome, ToolCall, json};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::output::Line;
use crate::player::Player;

/// Plays one line. A call leads to a line of output.
pub(crate) fn play(text: &str, number: u64, player: &mut Player) -> Result<Option<Line>, String> {
    // The strict reading: a key that occurs twice is an error, and numbers are exact.
    let line =
        json::parse(text).map_err(|error| format!("{} at column {}", error.message(), error.column()))?;
    let line = line.as_object().ok_or("not an object")?;
    let now = moment(line, "at")?;
    if line.contains_key("settles") {
        only(line, &["at", "settles", "outcome"])?;
        let outcome = text_of(line, "outcome")?;
        let outcome = Outcome::from_name(outcome)
            .ok_or_else(|| format!("`{outcome}` is not `succeeded`, `failed` or `unsent`"))?;
        player.settle(earlier(line, "settles", number)?, outcome);
        return Ok(None);
    }
    if line.contains_key("approves") {
        only(line, &["at", "approves", "expires_at"])?;
        let expires_at = moment(line, "expires_at")?;
        player.approve(number, earlier(line, "approves", number)?, expires_at);
        return Ok(None);
    }
    only(line, &["at", "tool", "arguments", "context", "approval"])?;
    let attributes = attributes(line)?;
    let context = Context::new().attributes(&attributes);
    let call = ToolCall::new(text_of(line, "tool")?, line.get("arguments")).context(&context);
    let decision = if line.contains_key("approval") {
        let approval = player.approval(earlier(line, "approval", number)?);
        player.call(number, &call.approval(&approval), now)
    } else {
        player.call(number, &call, now)
    };
    Ok(Some(decision))
}

fn only(line: &Map<String, Value>, names: &[&str]) -> Result<(), String> {
    match line.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("unknown member `{name}` beside `{}`", names.join("`, `"))),
        None => Ok(()),
    }
}

fn text_of<'a>(line: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    let value = line.get(name).ok_or_else(|| format!("`{name}` is missing"))?;
    value.as_str().ok_or_else(|| format!("`{name}` is not a string"))
}

fn moment(line: &Map<String, Value>, name: &str) -> Result<SystemTime, String> {
    let text = text_of(line, name)?;
    let moment = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|error| format!("`{name}` is not a time such as 2026-11-22T10:00:00Z: {error}"))?;
    Ok(moment.into())
}

fn earlier(line: &Map<String, Value>, name: &str, number: u64) -> Result<u64, String> {
    line.get(name)
        .and_then(Value::as_u64)
        .filter(|earlier| *earlier < number)
        .ok_or_else(|| format!("`{name}` is not the number of an earlier line"))
}

fn attributes(line: &Map<String, Value>) -> Result<Vec<(&str, &str)>, String> {
    let Some(context) = line.get("context") else {
        return Ok(Vec::new());
    };
    let context = context.as_object().ok_or("`context` is not an object")?;
    let attribute = |(name, value): (&'_ String, &'_ Value)| match value {
        Value::String(_) => Ok(()),
        _ => Err(format!("the attribute `{name}` is not a string")),
    };
    context.iter().try_for_each(attribute)?;
    Ok(context.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect())
}
