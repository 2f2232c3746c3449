//! Who is at the other end of a connection.

/// Who a client is: what the embedding program has found out by its own authentication, and vouches for.
///
/// It becomes the [`Context`](crate::Context) of every call of a session. Nothing that a client says changes
/// it: not `clientInfo`, not `_meta`, not a header.
///
/// ```
/// use mcp_policy::mcp::Identity;
///
/// let identity = Identity::new().grant("ci-runner").session("s-42").attribute("env", "staging");
/// assert_eq!(identity.value("grant"), Some("ci-runner"));
/// assert_eq!(identity.value("user"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// INVARIANT: sorted by name, and no name twice.
    attributes: Vec<(Box<str>, Box<str>)>,
}

impl Identity {
    /// Nobody in particular: whatever counts by who calls is denied. All of whom no more is known are one caller,
    /// and get at each other's tasks: give them [sessions](Self::session) at least.
    #[must_use]
    pub const fn new() -> Self {
        Self { attributes: Vec::new() }
    }

    /// The agent that calls, if there are several behind one grant.
    #[must_use]
    pub fn agent(self, agent: impl Into<String>) -> Self {
        self.attribute("agent", agent)
    }

    /// The grant: the permission that was given to a caller. The scope of a limit unless it says otherwise.
    #[must_use]
    pub fn grant(self, grant: impl Into<String>) -> Self {
        self.attribute("grant", grant)
    }

    /// The MCP server that calls go to.
    #[must_use]
    pub fn server(self, server: impl Into<String>) -> Self {
        self.attribute("server", server)
    }

    /// The session: a text of its own for each connection or conversation. Tasks that were begun in another
    /// session are still the same caller's, if anything but the session and the server is known of it.
    #[must_use]
    pub fn session(self, session: impl Into<String>) -> Self {
        self.attribute("session", session)
    }

    /// The tenant, where one gateway serves many.
    #[must_use]
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        self.attribute("tenant", tenant)
    }

    /// The person on whose behalf the agent calls.
    #[must_use]
    pub fn user(self, user: impl Into<String>) -> Self {
        self.attribute("user", user)
    }

    /// Any attribute by its name, instead of one of that name that was given before.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into().into_boxed_str(), value.into().into_boxed_str());
        let place = self.attributes.binary_search_by(|(other, _)| other.cmp(&name));
        match place {
            Ok(place) => {
                if let Some((_, known)) = self.attributes.get_mut(place) {
                    *known = value;
                }
            }
            Err(place) => self.attributes.insert(place, (name, value)),
        }
        self
    }

    /// The attribute with this name; an empty one is absent.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| **known == *name);
        found.map(|(_, value)| &**value).filter(|value| !value.is_empty())
    }

    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.attributes.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    /// What tells this caller from every other, whatever the session; of a caller of whom nothing else is known,
    /// the session.
    pub(crate) fn principal(&self) -> String {
        let says_who = |(name, value): &(Box<str>, Box<str>)| {
            !matches!(&**name, "server" | "session") && !value.is_empty()
        };
        let is_known = self.attributes.iter().any(says_who);
        let mut principal = String::new();
        for (name, value) in self.attributes.iter().filter(|(name, _)| !is_known || **name != *"session") {
            for part in [name, value] {
                // The length keeps the parts apart, whatever is in them.
                principal.push_str(&part.len().to_string());
                principal.push(':');
                principal.push_str(part);
            }
        }
        principal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t66_two_callers_are_one_principal_only_if_all_but_the_session_is_equal() {
        let base = Identity::new().grant("a").user("b");
        assert_eq!(base.principal(), Identity::new().user("b").grant("a").session("s").principal());
        for other in [
            Identity::new().grant("a"),
            Identity::new().grant("a").user("B"),
            Identity::new().grant("a").user("b").tenant("t"),
            Identity::new().grant("a4:user1:b"),
            Identity::new().grant("b").user("a"),
        ] {
            assert_ne!(base.principal(), other.principal());
        }
    }

    #[test]
    fn t57_callers_of_whom_only_the_session_is_known_are_not_one_principal() {
        let principal = |session| Identity::new().server("s").user("").session(session).principal();
        assert_ne!(principal("1"), principal("2"));
        assert_eq!(principal("1"), principal("1"));
    }
}
