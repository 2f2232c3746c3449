//! Requests to scripts: which keys, and with what.

use redis::Cmd;

use crate::limit::{ApprovalUse, Charge, Charges, Pack, Reservation};
use crate::store::redis::message;

/// What a script is sent.
#[derive(Debug)]
pub(super) struct Request<'a> {
    prefix: &'a str,
    /// The keys without the prefix.
    keys: Vec<&'a str>,
    argument: Vec<u8>,
    fields: Vec<&'a str>,
}

impl<'a> Request<'a> {
    pub(super) fn new(prefix: &'a str, keys: Vec<&'a str>, argument: Pack, fields: Vec<&'a str>) -> Self {
        Self { prefix, keys, argument: argument.into_bytes(), fields }
    }

    /// For `peek.lua`.
    pub(super) fn peek(charges: &'a Charges, prefix: &'a str) -> Self {
        let (mut keys, fields): (Vec<_>, Vec<_>) =
            charges.charges().iter().map(|charge| place(charge.key())).unzip();
        keys.extend(charges.approval().map(ApprovalUse::key));
        Self { prefix, keys, argument: fields.len().to_string().into_bytes(), fields }
    }

    /// For `refund.lua`.
    pub(super) fn refund(reservation: &'a Reservation, prefix: &'a str) -> Self {
        let (keys, fields) = reservation.charged().iter().map(|charged| place(charged.key())).unzip();
        Self::new(prefix, keys, message::refund(reservation), fields)
    }

    /// Adds all of it.
    pub(super) fn write(&self, command: &mut Cmd) {
        command.arg(self.keys.len());
        let mut text = String::with_capacity(USUAL_LENGTH);
        for key in &self.keys {
            // In keys, braces are ours alone.
            let (namespace, rest) = key.split_at_checked(namespace(key).len()).unwrap_or((key, ""));
            text.clear();
            text.extend([self.prefix, "{", namespace, "}", rest]);
            command.arg(&text);
        }
        command.arg(&self.argument).arg(&self.fields);
    }
}

/// Where a counter is: the key of its limit's hash, and its field there. What comes behind name, window and algorithm is
/// the scopes with their values.
pub(super) fn place(key: &str) -> (&str, &str) {
    let scopes = key.match_indices('|').nth(3);
    scopes.and_then(|(at, _)| Some((key.get(..at)?, key.get(at..)?.strip_prefix('|')?))).unwrap_or((key, ""))
}

/// The namespace of a call: what has the same one is in the same slot of a cluster.
pub(super) fn namespace_of(charges: &Charges) -> &str {
    let approval = charges.approval().map(ApprovalUse::key);
    charges.charges().first().map(Charge::key).or(approval).map_or("", namespace)
}

fn namespace(key: &str) -> &str {
    key.split('|').next().unwrap_or(key)
}

/// Most keys are shorter.
const USUAL_LENGTH: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t30_a_counter_is_in_the_hash_of_its_limit() {
        for (key, hash, field) in [
            ("ns:a|counter:b|minute|fixed|grant:c", "ns:a|counter:b|minute|fixed", "grant:c"),
            ("ns:|rule:b|7|sliding|args.id=7|grant:c", "ns:|rule:b|7|sliding", "args.id=7|grant:c"),
            ("ns:|counter:b|day|fixed|global", "ns:|counter:b|day|fixed", "global"),
            ("ns:|counter:b|day|fixed", "ns:|counter:b|day|fixed", ""),
        ] {
            assert_eq!(place(key), (hash, field), "{key}");
            assert_eq!(namespace(key), key.split_at(key.find('|').unwrap()).0);
        }
    }
}
