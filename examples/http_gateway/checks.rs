//! What is looked at before a body is read.

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};

/// Which names and pages are let in.
pub(crate) struct Doors {
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
}

impl Doors {
    /// A page in a browser can make the name that it was loaded from mean the loopback, and then talk to
    /// whatever listens there: so the name is looked at, and so is the page.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let host = only(headers, &HOST)?.map(|host| without_port(host).to_ascii_lowercase());
        if !host.is_some_and(|host| self.hosts.contains(&host)) {
            return Err(StatusCode::FORBIDDEN);
        }
        match only(headers, &ORIGIN)? {
            Some(origin) if !self.origins.iter().any(|known| known == origin) => Err(StatusCode::FORBIDDEN),
            _ => Ok(()),
        }
    }
}

/// The bearer token.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = only(headers, &AUTHORIZATION).ok()??.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The body is JSON as it is: not of another type, not in another character set, not compressed.
pub(crate) fn check_body(headers: &HeaderMap) -> Result<(), StatusCode> {
    let unsupported = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let kind = only(headers, &CONTENT_TYPE).map_err(|_| unsupported)?.ok_or(unsupported)?;
    let (kind, parameter) = kind.split_once(';').map_or((kind, None), |(kind, rest)| (kind, Some(rest)));
    let is_utf8 = parameter.is_none_or(|parameter| {
        let parameter = parameter.trim().to_ascii_lowercase();
        parameter == "charset=utf-8" || parameter == "charset=\"utf-8\""
    });
    let is_plain = match only(headers, &CONTENT_ENCODING) {
        Ok(encoding) => encoding.is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity")),
        Err(_) => false,
    };
    if kind.trim().eq_ignore_ascii_case("application/json") && is_utf8 && is_plain {
        Ok(())
    } else {
        Err(unsupported)
    }
}

/// The client takes all of these types: the server chooses between them.
pub(crate) fn check_accept(headers: &HeaderMap, wanted: &[&str]) -> Result<(), StatusCode> {
    let accepted: Vec<_> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let takes = |wanted: &&str| {
        let kind = wanted.split('/').next().unwrap_or_default();
        accepted.iter().flat_map(|value| value.split(',')).any(|range| {
            let range = range.split(';').next().unwrap_or_default().trim();
            range == "*/*" || range.eq_ignore_ascii_case(wanted) || range == format!("{kind}/*")
        })
    };
    if wanted.iter().all(takes) { Ok(()) } else { Err(StatusCode::NOT_ACCEPTABLE) }
}

/// The value of a header that may occur once.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, StatusCode> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| StatusCode::BAD_REQUEST),
        (Some(_), Some(_)) => Err(StatusCode::BAD_REQUEST),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
