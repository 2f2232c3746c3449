//! `host_in`: URLs whose host is in a list.

use std::collections::HashSet;
use std::net::Ipv6Addr;

use url::{Host, Url};

/// Host names and addresses, normalized as the URL standard normalizes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    exact: HashSet<Host>,
    /// `.example.com` for `*.example.com`.
    suffixes: Vec<Box<str>>,
}

impl Hosts {
    /// The index of the first text that is neither a host, nor `*.` and a domain.
    pub(crate) fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, usize> {
        let mut hosts = Self::default();
        for (index, text) in texts.into_iter().enumerate() {
            hosts.add(text).ok_or(index)?;
        }
        Ok(hosts)
    }

    fn add(&mut self, text: &str) -> Option<()> {
        if let Some(domain) = text.strip_prefix("*.") {
            let Host::Domain(domain) = Host::parse(domain).ok()? else {
                return None;
            };
            if domain.contains('*') {
                return None;
            }
            self.suffixes.push(format!(".{domain}").into());
            return Some(());
        }
        let host = match text.parse::<Ipv6Addr>() {
            Ok(address) => Host::Ipv6(address),
            Err(_) => Host::parse(text).ok()?,
        };
        // `*` is no character of a host, though the URL standard lets it pass.
        if matches!(&host, Host::Domain(domain) if domain.contains('*')) {
            return None;
        }
        self.exact.insert(host);
        Some(())
    }

    /// Whether a text is a URL to one of the hosts.
    ///
    /// False for everything that readers of URLs disagree about: user information, backslashes, white space,
    /// control characters, and a scheme that is not followed by `//` and a host.
    pub(crate) fn contain(&self, url: &str) -> bool {
        let doubtful =
            |character: char| character == '\\' || character.is_whitespace() || character.is_control();
        if url.contains(doubtful) {
            return false;
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return false;
        };
        if !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return false;
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() || authority.contains('@') {
            return false;
        }
        let Ok(url) = Url::parse(url) else {
            return false;
        };
        match url.host() {
            Some(Host::Domain(domain)) => {
                self.exact.contains(&Host::Domain(domain.to_owned()))
                    || self.suffixes.iter().any(|suffix| is_below(domain, suffix))
            }
            Some(Host::Ipv4(address)) => self.exact.contains(&Host::Ipv4(address)),
            Some(Host::Ipv6(address)) => self.exact.contains(&Host::Ipv6(address)),
            None => false,
        }
    }
}

fn is_below(domain: &str, suffix: &str) -> bool {
    domain.strip_suffix(suffix).is_some_and(|below| !below.is_empty())
}

const SCHEMES: [&str; 4] = ["http", "https", "ws", "wss"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t18_hosts_are_compared_as_the_url_standard_normalizes_them() {
        let hosts =
            Hosts::new(["api.example.com", "*.trusted.example", "127.0.0.1", "::1", "bücher.example"])
                .unwrap();
        for url in [
            "https://api.example.com",
            "HTTPS://API.Example.COM:8443/x?y#z",
            "wss://api.example.com/",
            "http://api%2Eexample.com/",
            "http://a.trusted.example",
            "http://a.b.trusted.example",
            "http://127.0.0.1:80/",
            "http://0x7f.1/",
            "http://2130706433",
            "http://[::1]/",
            "http://[0:0::0:1]:8080/",
            "https://xn--bcher-kva.example/",
            "https://BÜCHER.example/",
        ] {
            assert!(hosts.contain(url), "{url}");
        }
        for url in [
            "",
            "api.example.com",
            "//api.example.com",
            "https:api.example.com",
            "https:/api.example.com",
            "https:///api.example.com",
            "https://",
            "ftp://api.example.com/",
            "file://api.example.com/x",
            "https://api.example.com@evil.test/",
            "https://@api.example.com/",
            "https://user:x@api.example.com/",
            "https://evil.test/@api.example.com",
            "https://evil.test#@api.example.com",
            "https://api.example.com\\@evil.test/",
            "https:\\\\api.example.com/",
            " https://api.example.com/",
            "https://api.example.com /",
            "https://api.exam\tple.com/",
            "https://api.example.com\u{a0}/",
            "https://api.example.com./",
            "https://api.example.com.evil.test/",
            "https://trusted.example/",
            "https://eviltrusted.example/",
            "https://.trusted.example/",
            "https://127.0.0.1.evil.test/",
            "javascript://api.example.com/%0aalert(1)",
        ] {
            assert!(!hosts.contain(url), "{url:?}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in ["", "*", "*.", "*.127.0.0.1", "a b", "https://a", "a/b", "a:80", "a.*.b", "*.*.a", "u@a"]
        {
            assert!(Hosts::new(["a", text]).err() == Some(1), "{text:?}");
        }
    }
}
