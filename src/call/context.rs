//! Who calls: the attributes that the embedding program vouches for.

/// What the embedding program knows about the caller and vouches for. Nothing in it may come from the client
/// unchecked: not from `clientInfo`, not from `_meta`, not from a header that anybody can set.
///
/// Six attributes are well known: a limit's scope may name them. Any other can be added with
/// [`attributes`](Context::attributes). All values are text; an empty one is absent.
///
/// ```
/// use mcp_policy::Context;
///
/// let context = Context::new().grant("ci-runner").session("s-42").attributes(&[("env", "staging")]);
/// assert_eq!(context.attribute("grant"), Some("ci-runner"));
/// assert_eq!(context.attribute("env"), Some("staging"));
/// assert_eq!(context.attribute("user"), None);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    agent: Option<&'a str>,
    grant: Option<&'a str>,
    server: Option<&'a str>,
    session: Option<&'a str>,
    tenant: Option<&'a str>,
    user: Option<&'a str>,
    attributes: &'a [(&'a str, &'a str)],
}

impl<'a> Context<'a> {
    /// A context that knows nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            agent: None,
            grant: None,
            server: None,
            session: None,
            tenant: None,
            user: None,
            attributes: &[],
        }
    }

    /// The agent that calls, if there are several behind one grant.
    #[must_use]
    pub const fn agent(self, agent: &'a str) -> Self {
        Self { agent: Some(agent), ..self }
    }

    /// The grant: the permission that was given to a caller, such as an API key or an OAuth grant. The scope
    /// of a limit unless it says otherwise.
    #[must_use]
    pub const fn grant(self, grant: &'a str) -> Self {
        Self { grant: Some(grant), ..self }
    }

    /// The MCP server that the call goes to.
    #[must_use]
    pub const fn server(self, server: &'a str) -> Self {
        Self { server: Some(server), ..self }
    }

    /// The session of the conversation or connection.
    #[must_use]
    pub const fn session(self, session: &'a str) -> Self {
        Self { session: Some(session), ..self }
    }

    /// The tenant, where one gateway serves many.
    #[must_use]
    pub const fn tenant(self, tenant: &'a str) -> Self {
        Self { tenant: Some(tenant), ..self }
    }

    /// The person on whose behalf the agent calls. Where there is none, an empty text is the same as none.
    #[must_use]
    pub const fn user(self, user: &'a str) -> Self {
        Self { user: Some(user), ..self }
    }

    /// Further attributes by name, instead of any that were given here before. Of two with one name the first
    /// counts, and one that was set by its own method counts before all of these.
    #[must_use]
    pub const fn attributes(self, attributes: &'a [(&'a str, &'a str)]) -> Self {
        Self { attributes, ..self }
    }

    /// The attribute with this name; an empty one is absent.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        self.given(name).filter(|value| !value.is_empty())
    }

    fn given(&self, name: &str) -> Option<&'a str> {
        let own = match name {
            "agent" => self.agent,
            "grant" => self.grant,
            "server" => self.server,
            "session" => self.session,
            "tenant" => self.tenant,
            "user" => self.user,
            _ => None,
        };
        own.or_else(|| self.attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    }

    /// Every attribute that was given, each once, also those that are empty.
    pub(crate) fn all(&self) -> Vec<(&'a str, &'a str)> {
        let own = WELL_KNOWN.into_iter().filter_map(|name| Some((name, self.given(name)?)));
        let mut all: Vec<_> = own.chain(self.attributes.iter().copied()).collect();
        // Stable: of several with one name the first stays.
        all.sort_by_key(|(name, _)| *name);
        all.dedup_by_key(|(name, _)| *name);
        all
    }
}

/// Whether a scope may name this attribute without `context.`.
pub(crate) fn is_well_known(name: &str) -> bool {
    WELL_KNOWN.contains(&name)
}

/// The attributes that scopes name without `context.`.
pub(crate) const WELL_KNOWN: [&str; 6] = ["agent", "grant", "server", "session", "tenant", "user"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t57_the_first_of_two_attributes_counts_and_an_empty_one_is_absent() {
        let context = Context::new().user("u").session("").attributes(&[
            ("user", "admin"),
            ("team", "a"),
            ("team", "b"),
            ("agent", "bot"),
            ("session", "s"),
        ]);
        assert_eq!(context.attribute("user"), Some("u"));
        assert_eq!(context.attribute("team"), Some("a"));
        assert_eq!(context.attribute("agent"), Some("bot"));
        assert_eq!(context.attribute("session"), None);
        assert_eq!(context.all(), [("agent", "bot"), ("session", ""), ("team", "a"), ("user", "u")]);
    }
}
