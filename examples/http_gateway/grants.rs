//! Whose tokens are taken, and who that is.

use std::collections::BTreeMap;

use mcp_policy::json;
use mcp_policy::mcp::Identity;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Everybody who may connect. The file has digests of tokens, and no token:
///
/// ```json
/// {"grants": [{"token_sha256": "9f86d0…", "grant": "ci-runner", "user": "ann", "attributes": {"env": "staging"}}]}
/// ```
pub(crate) struct Grants {
    grants: Vec<([u8; 32], Caller)>,
}

/// Somebody who has shown a token.
#[derive(Clone)]
pub(crate) struct Caller {
    /// Who it is, without a session.
    pub(crate) identity: Identity,
    /// What tells this token from the others, and says nothing of it.
    pub(crate) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    grants: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    token_sha256: String,
    grant: String,
    agent: Option<String>,
    tenant: Option<String>,
    user: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

impl Grants {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // Strictly: of two entries for one key the last would count without a word.
        let value = json::parse(text).map_err(|error| error.to_string())?;
        let document: Document = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let mut grants: Vec<([u8; 32], Caller)> = Vec::new();
        for entry in document.grants {
            let digest = format!("sha256:{}", entry.token_sha256.to_ascii_lowercase());
            let digest: mcp_policy::Fingerprint = digest.parse().map_err(|_| {
                "`token_sha256` is the SHA-256 digest of a token, in 64 hexadecimal digits".to_owned()
            })?;
            let digest = *digest.as_bytes();
            if entry.grant.is_empty() {
                return Err("`grant` is empty".to_owned());
            }
            if grants.iter().any(|(known, _)| *known == digest) {
                return Err("two grants have one `token_sha256`".to_owned());
            }
            let mut identity = Identity::new();
            for (name, value) in entry.attributes {
                identity = identity.attribute(name, value);
            }
            identity = identity.grant(entry.grant);
            for (name, value) in [("agent", entry.agent), ("tenant", entry.tenant), ("user", entry.user)] {
                if let Some(value) = value {
                    identity = identity.attribute(name, value);
                }
            }
            let name = entry.token_sha256.to_ascii_lowercase().chars().take(16).collect();
            grants.push((digest, Caller { identity, name }));
        }
        Ok(Self { grants })
    }

    /// Who has this token. Every grant is compared with, in a time that says nothing of where they differ.
    pub(crate) fn find(&self, token: &str) -> Option<&Caller> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for (known, caller) in &self.grants {
            if bool::from(known.ct_eq(&digest)) {
                found = Some(caller);
            }
        }
        found
    }
}
