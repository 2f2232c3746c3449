//! The server that the gateway stands in front of.

use std::time::Duration;

use mcp_policy::mcp::{Limits, Message, headers_of};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};

use crate::connections::{Connection, lock};

pub(crate) struct Upstream {
    client: Client,
    url: Url,
    token: Option<HeaderValue>,
}

/// What the server has answered.
pub(crate) enum Reply {
    /// Nothing, and it need not.
    Accepted,
    /// One message, perhaps, and the name of a session that begins with it.
    Body(StatusCode, Vec<u8>, Option<String>),
    /// Messages, one after the other.
    Stream(Response, Option<String>),
    /// Nothing that could be used.
    Unusable(StatusCode),
    /// It was not reached: nothing was sent.
    Unreached,
    /// It was reached, and then lost.
    Lost,
}

impl Upstream {
    pub(crate) fn new(url: &str, token: Option<&str>) -> Result<Self, String> {
        // It is the only one: a second would be refused, and does not matter.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url: Url = url.parse().map_err(|error| format!("`--upstream` is no URL: {error}"))?;
        let client = Client::builder()
            .user_agent("mcp-policy")
            .connect_timeout(Duration::from_secs(10))
            // Where the server would send us the policy was not written for, and the token is not meant for.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| format!("no client: {error}"))?;
        let token = token.map(read_token).transpose()?;
        Ok(Self { client, url, token })
    }

    /// Sends a message, written anew from what was judged.
    pub(crate) async fn post(
        &self,
        message: &Message,
        connection: &Connection,
        version: Option<&str>,
    ) -> Reply {
        let mut request = self
            .request(Method::POST, connection, version)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/event-stream");
        let mut own = HeaderMap::new();
        for (name, value) in headers_of(message) {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                own.insert(name, value);
            }
        }
        // They replace the version that was put there for an older revision.
        request = request.headers(own).body(message.to_line());
        match request.send().await {
            Ok(response) => reply(response).await,
            Err(error) if error.is_connect() || error.is_builder() => Reply::Unreached,
            Err(_) => Reply::Lost,
        }
    }

    /// Opens the stream of what the server says unasked, behind the last event that the client has seen.
    pub(crate) async fn listen(
        &self,
        connection: &Connection,
        version: Option<&str>,
        last: Option<&str>,
    ) -> Reply {
        let mut request = self.request(Method::GET, connection, version).header(ACCEPT, "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        match request.send().await {
            Ok(response) => reply(response).await,
            Err(_) => Reply::Unreached,
        }
    }

    /// Ends a session.
    pub(crate) async fn end(&self, connection: &Connection, version: Option<&str>) -> Option<StatusCode> {
        let sent = self.request(Method::DELETE, connection, version).send().await;
        sent.ok().map(|response| response.status())
    }

    /// Nothing of what the client has sent goes on but the body: not its token, and no other header.
    fn request(&self, method: Method, connection: &Connection, version: Option<&str>) -> RequestBuilder {
        let mut request = self.client.request(method, self.url.clone());
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        if let Some(name) = lock(&connection.upstream).as_deref() {
            request = request.header("mcp-session-id", name);
        }
        match version {
            Some(version) => request.header("mcp-protocol-version", version),
            None => request,
        }
    }
}

async fn reply(response: Response) -> Reply {
    let status = response.status();
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let session = text("mcp-session-id").map(str::to_owned);
    let kind = text(CONTENT_TYPE.as_str()).and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if response.headers().contains_key(CONTENT_ENCODING) {
        return Reply::Unusable(status);
    }
    if status == StatusCode::ACCEPTED || status == StatusCode::NO_CONTENT {
        return Reply::Accepted;
    }
    if status.is_success() && kind.eq_ignore_ascii_case("text/event-stream") {
        return Reply::Stream(response, session);
    }
    if !kind.eq_ignore_ascii_case("application/json") {
        return Reply::Unusable(status);
    }
    match whole(response).await {
        Some(body) => Reply::Body(status, body, session),
        None => Reply::Lost,
    }
}

/// The body, unless it is too large or is cut.
async fn whole(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.ok()? {
        if body.len().saturating_add(bytes.len()) > Limits::SERVER.bytes {
            return None;
        }
        body.extend_from_slice(&bytes);
    }
    Some(body)
}

fn read_token(path: &str) -> Result<HeaderValue, String> {
    let token = std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.trim()))
        .map_err(|_| format!("{path} has no token that a header can bear"))?;
    value.set_sensitive(true);
    Ok(value)
}
