//! Lines of a recorded MCP exchange.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use mcp_policy::{Context, Outcome, ToolCall, json};
use serde_json::{Map, Value};

use crate::output::Line;
use crate::player::Player;

/// An exchange with an MCP server. It carries no times: it begins at the Unix epoch, and a line takes a
/// second.
pub(crate) struct Exchange<'a> {
    context: &'a [(String, String)],
    /// By the id of the request: the line of the call.
    waiting: HashMap<String, u64>,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(context: &'a [(String, String)]) -> Self {
        Self { context, waiting: HashMap::new() }
    }

    /// Plays one line. A `tools/call` leads to a line of output; the server's answer settles it.
    pub(crate) fn play(
        &mut self,
        text: &str,
        number: u64,
        player: &mut Player,
    ) -> Result<Option<Line>, String> {
        let text = text.trim();
        let (direction, message) = text.split_at_checked(1).unwrap_or((text, ""));
        let message = json::parse(message).map_err(|error| error.message().to_owned())?;
        let message = message.as_object().ok_or("not one JSON-RPC message")?;
        match direction {
            ">" => Ok(self.sent(message, number, player)),
            "<" => {
                self.received(message, player);
                Ok(None)
            }
            _ => Err("begins with neither `>` nor `<`".to_owned()),
        }
    }

    fn sent(&mut self, message: &Map<String, Value>, number: u64, player: &mut Player) -> Option<Line> {
        if message.get("method").and_then(Value::as_str) != Some("tools/call") {
            return None;
        }
        let params = message.get("params");
        let member = |name| params.and_then(|params| params.get(name));
        // A name that is not text is the name of no tool.
        let tool = member("name").and_then(Value::as_str).unwrap_or_default();
        let attributes: Vec<_> =
            self.context.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let context = Context::new().attributes(&attributes);
        let call = ToolCall::new(tool, member("arguments")).context(&context);
        let now = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(number))?;
        if let Some(id) = message.get("id") {
            self.waiting.insert(id.to_string(), number);
        }
        Some(player.call(number, &call, now))
    }

    fn received(&mut self, message: &Map<String, Value>, player: &mut Player) {
        if message.contains_key("method") {
            return;
        }
        if let Some(call) = message.get("id").and_then(|id| self.waiting.remove(&id.to_string())) {
            player.settle(call, Outcome::of(&Value::Object(message.clone())));
        }
    }
}
