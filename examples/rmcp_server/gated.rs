//! A policy around any server that is written with rmcp.

use std::time::SystemTime;

use mcp_policy::mcp::{Gate, Identity};
use mcp_policy::{CounterStore, Decision, Outcome};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResponse, CallToolResult, ClientNotification,
    ClientRequest, ErrorCode, ProtocolVersion, ServerResult,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, Service};
use rmcp::{ErrorData, ServerHandler};
use serde_json::Value;

/// A server that does what the policy lets it.
///
/// It stands around the whole server and not around `call_tool` alone, and goes by what *may pass*. That is the
/// point: what rmcp cannot read as a call of a tool (`"arguments": []`, a member twice, `"inputResponses": 5`)
/// it hands on as a `CustomRequest` with the method `tools/call`. A wrapper that looks at calls only, and lets
/// everything else through, lets these through too; a proxy behind it sends them to a server that runs them.
///
/// What the server asks of the client by itself, through its peer, does not come by here.
pub(crate) struct Gated<H, S> {
    server: H,
    gate: Gate<S>,
    caller: Identity,
}

impl<H: ServerHandler, S: CounterStore + Send + Sync + 'static> Gated<H, S> {
    /// Of a server, for one caller: who that is the program has found out by its own authentication.
    pub(crate) fn new(server: H, gate: Gate<S>, caller: Identity) -> Self {
        Self { server, gate, caller }
    }

    async fn call(
        &self,
        request: CallToolRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let CallToolRequestParams { name, arguments, .. } = &request.params;
        let arguments = arguments.clone().map(Value::Object);
        match self.gate.decide_async_at(name, arguments.as_ref(), &self.caller, now()).await {
            Decision::Allow(permit) => {
                // What was judged is what goes on: the same value.
                let answer =
                    self.server.handle_request(ClientRequest::CallToolRequest(request), context).await;
                // A charge that cannot be given back stays.
                let _ = permit.settle_async(outcome(&answer)).await;
                answer
            }
            Decision::Deny(denial) => answer(self.gate.denied(&denial)),
            Decision::NeedsApproval(request) => answer(self.gate.unapproved(&request)),
        }
    }
}

impl<H: ServerHandler, S: CounterStore + Send + Sync + 'static> Service<RoleServer> for Gated<H, S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        match request {
            ClientRequest::CallToolRequest(call) => self.call(call, context).await,
            ClientRequest::ListToolsRequest(_) => {
                let mut answer = self.server.handle_request(request, context).await?;
                if let ServerResult::ListToolsResult(list) = &mut answer {
                    list.tools.retain(|tool| self.gate.shows(&tool.name));
                }
                Ok(answer)
            }
            other if self.gate.lets_pass(other.method()) => self.server.handle_request(other, context).await,
            _ => Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "this method does not pass", None)),
        }
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if let ClientNotification::CustomNotification(custom) = &notification
            && !self.gate.lets_pass(&custom.method)
        {
            return Ok(());
        }
        self.server.handle_notification(notification, context).await
    }

    fn get_info(&self) -> rmcp::model::ServerConfig {
        ServerHandler::get_info(&self.server)
    }

    fn supported_protocol_versions(&self) -> std::borrow::Cow<'static, [ProtocolVersion]> {
        ServerHandler::supported_protocol_versions(&self.server)
    }
}

/// What a call came to, for its charge.
fn outcome(answer: &Result<ServerResult, ErrorData>) -> Outcome {
    match answer {
        Ok(ServerResult::CallToolResult(result)) if result.is_error == Some(true) => Outcome::Failed,
        Ok(_) => Outcome::Succeeded,
        Err(_) => Outcome::Failed,
    }
}

/// A result in the server's place.
fn answer(result: serde_json::Map<String, Value>) -> Result<ServerResult, ErrorData> {
    let result: CallToolResult = serde_json::from_value(Value::Object(result))
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    Ok(ServerResult::from(CallToolResponse::from(result)))
}

#[expect(clippy::disallowed_methods, reason = "a server has a clock, and the core takes its time")]
fn now() -> SystemTime {
    SystemTime::now()
}
