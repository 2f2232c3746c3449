//! A server to be wrapped: it keeps notes, as long as it runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CustomRequest, CustomResult,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler};
use serde_json::{Map, Value, json};

#[derive(Default)]
pub(crate) struct Notes {
    notes: Mutex<BTreeMap<String, String>>,
}

impl Notes {
    fn run(&self, tool: &str, arguments: &Map<String, Value>) -> Result<CallToolResult, ErrorData> {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match tool {
            "read_note" => notes.get(text("title")).cloned().unwrap_or_default(),
            "write_note" => {
                notes.insert(text("title").to_owned(), text("text").to_owned());
                "written".to_owned()
            }
            "delete_notes" => {
                notes.clear();
                "deleted".to_owned()
            }
            _ => return Err(ErrorData::invalid_params("there is no such tool", None)),
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(answer)]))
    }
}

impl ServerHandler for Notes {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tool = |name: &'static str, description: &'static str, properties: Value| {
            let schema = json!({"type": "object", "properties": properties});
            Tool::new(name, description, Arc::new(schema.as_object().cloned().unwrap_or_default()))
        };
        let text = json!({"type": "string"});
        Ok(ListToolsResult::with_all_items(vec![
            tool("read_note", "Reads a note.", json!({"title": text})),
            tool("write_note", "Writes a note.", json!({"title": text, "text": text})),
            tool("delete_notes", "Deletes all notes.", json!({})),
        ]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.run(&request.name, &request.arguments.unwrap_or_default()).map(Into::into)
    }

    /// Does what a proxy does with methods that it does not know: it sends them on, and whoever gets them reads
    /// them in its own way. Here that is the last of two names, and no arguments where they are no object.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let params = request.params.unwrap_or_default();
        let tool = params.get("name").and_then(Value::as_str).unwrap_or_default();
        let arguments = params.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default();
        let result = self.run(tool, &arguments)?;
        serde_json::to_value(result)
            .map(CustomResult)
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))
    }
}
