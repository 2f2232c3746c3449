//! The OWASP MCP Top 10 (2025) and the OWASP Top 10 for Agentic Applications (2026): which entries bear on a tool.
//!
//! Identifiers and titles are those of OWASP; the sentences are ours, and so is the choice of what an entry bears on. A few
//! entries are about what no definition of a tool shows, and bear on none.

use crate::names::names;
use crate::risk::bearing::{EVERY, Row, table};
use crate::risk::{Assessment, Category, Signal};

names! {
    /// An entry of the [OWASP MCP Top 10](https://owasp.org/www-project-mcp-top-10/), 2025. It bears on tools of the categories
    /// and on tools with the signals of its row.
    ///
    /// | | | categories | signals |
    /// |---|---|---|---|
    /// | `MCP01` | [Token Mismanagement & Secret Exposure](https://owasp.org/www-project-mcp-top-10/2025/MCP01-2025-Token-Mismanagement-and-Secret-Exposure) | – | secrets |
    /// | `MCP02` | [Privilege Escalation via Scope Creep](https://owasp.org/www-project-mcp-top-10/2025/MCP02-2025%E2%80%93Privilege-Escalation-via-Scope-Creep) | execute, destructive, financial | bulk, force |
    /// | `MCP03` | [Tool Poisoning](https://owasp.org/www-project-mcp-top-10/2025/MCP03-2025%E2%80%93Tool-Poisoning) | every | – |
    /// | `MCP04` | [Software Supply Chain Attacks & Dependency Tampering](https://owasp.org/www-project-mcp-top-10/2025/MCP04-2025%E2%80%93Software-Supply-Chain-Attacks&Dependency-Tampering) | – | – |
    /// | `MCP05` | [Command Injection & Execution](https://owasp.org/www-project-mcp-top-10/2025/MCP05-2025%E2%80%93Command-Injection&Execution) | – | code, shell, sql |
    /// | `MCP06` | [Intent Flow Subversion](https://owasp.org/www-project-mcp-top-10/2025/MCP06-2025%E2%80%93Intent-Flow-Subversion) | read, execute, destructive, financial | html, messages, url |
    /// | `MCP07` | [Insufficient Authentication & Authorization](https://owasp.org/www-project-mcp-top-10/2025/MCP07-2025%E2%80%93Insufficient-Authentication&Authorization) | execute, destructive, financial | secrets |
    /// | `MCP08` | [Lack of Audit and Telemetry](https://owasp.org/www-project-mcp-top-10/2025/MCP08-2025%E2%80%93Lack-of-Audit-and-Telemetry) | execute, destructive, financial | – |
    /// | `MCP09` | [Shadow MCP Servers](https://owasp.org/www-project-mcp-top-10/2025/MCP09-2025%E2%80%93Shadow-MCP-Servers) | – | – |
    /// | `MCP10` | [Context Injection & Over-Sharing](https://owasp.org/www-project-mcp-top-10/2025/MCP10-2025%E2%80%93ContextInjection&OverSharing) | read | messages, secrets |
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum OwaspMcp {
        /// Tokens and keys that a tool returns stay in the context of the model, in logs and in memory, where others can find them.
        TokenMismanagement = "MCP01",
        /// Rights that were given for one task stay and add up, until an agent may do far more than anybody decided.
        ScopeCreep = "MCP02",
        /// The definition of a tool, which the model reads and people seldom do, is changed so that an innocent call does something else.
        ToolPoisoning = "MCP03",
        /// Software that a server is built of is replaced or tampered with, which no definition of a tool shows.
        SupplyChain = "MCP04",
        /// What an agent writes into an argument is run as a command, code or a query, and the agent may have been told what to write.
        CommandInjection = "MCP05",
        /// Text that a tool brings back carries instructions, and the agent follows them instead of the person who asked.
        IntentFlowSubversion = "MCP06",
        /// Nobody checks who is behind a call, so whoever reaches the server can do what its most trusted user can.
        InsufficientAuthorization = "MCP07",
        /// What was done, by whom and why is not recorded, so that an attack is neither seen nor understood.
        LackOfAudit = "MCP08",
        /// Servers run that nobody has approved, which no definition of a tool shows.
        ShadowServers = "MCP09",
        /// What one task has read is seen by another task, user or agent, because they share a context or a memory.
        OverSharing = "MCP10",
    }
}

table!(OwaspMcp);

impl OwaspMcp {
    const fn row(self) -> Row {
        match self {
            Self::TokenMismanagement => Row {
                title: "Token Mismanagement & Secret Exposure",
                summary: "Tokens and keys that a tool returns stay in the context of the model, in logs and in memory, where others can find them.",
                source: "https://owasp.org/www-project-mcp-top-10/2025/MCP01-2025-Token-Mismanagement-and-Secret-Exposure",
                categories: &[],
                signals: &[Signal::Secrets],
            },
            Self::ScopeCreep => Row {
                title: "Privilege Escalation via Scope Creep",
                summary: "Rights that were given for one task stay and add up, until an agent may do far more than anybody decided.",
                source: "https://owasp.org/www-project-mcp-top-10/2025/MCP02-2025%E2%80%93Privilege-Escalation-via-Scope-Creep",
                categories: &[Category::Execute, Category::Destructive, Category::Financial],
                signals: &[Signal::Bulk, Signal::Force],
            },
            Self::ToolPoisoning => Row {
                title: "Tool Poisoning",
                summary: "The definition of a tool, which the model reads and people seldom do, is changed so that an innocent call does something else.",
                source: "https://owasp.org/www-project-mcp-top-10/2025/MCP03-2025%E2%80%93Tool-Poisoning",
                categories: EVERY,
                signals: &[],
            },
            Self::SupplyChain => Row {
                title: "Software Supply Chain Attacks & Dependency Tampering",
                summary: "Software that a server is built of is replaced or tampered with, which no definition of a tool shows.",
                source: "https://owasp.org/www-project-mcp-top-10/2025/MCP04-2025%E2%80%93Software-Supply-Chain-Attacks&Dependency-Tampering",
                categories: &[],
                signals: &[],
            },
            Self::CommandInjection => Row {
                title: "Command Injection & Execution",
                summary: "What an agent writes into an argument is run as a command, code or a query, and the agent may have been told what to write.",
                source: "https://owasp.org/www-project-mcp-top-10/2025/MCP05-2025%E2%80%93Command-Injection&Execution",
                categories: &[],
                signals: &[Signal::Code, Signal::Shell, Signal::Sql],
            },
            Self::IntentFlowSubversion => Row {
                title: "Intent Flow Subversion",
                summary: "Text that a tool brings back carries instructions, and the agent follows them instead of the person who asked.",
                source: "https://owasp.org/www-project-mcp-top-10/2025/MCP06-2025%E2%80%93Intent-Flow-Subversion",
                categories: &[Category::Read, Category::Execute, Category::Destructive, Category::Financial],
                signals: &[Signal::Html, Signal::Messages, Signal::Url],
            },
            Self::InsufficientAuthorization => Row {
                title: "Insufficient Authentication & Authorization",
                summary: "Nobody checks who is behind a call, so whoever reaches the server can do what its most trusted user can.",
                source: "https://owasp.org/www-project-mcp-top-10/2025/MCP07-2025%E2%80%93Insufficient-Authentication&Authorization",
                categories: &[Category::Execute, Category::Destructive, Category::Financial],
                signals: &[Signal::Secrets],
            },
            Self::LackOfAudit => Row {
                title: "Lack of Audit and Telemetry",
                summary: "What was done, by whom and why is not recorded, so that an attack is neither seen nor understood.",
                source: "https://owasp.org/www-project-mcp-top-10/2025/MCP08-2025%E2%80%93Lack-of-Audit-and-Telemetry",
                categories: &[Category::Execute, Category::Destructive, Category::Financial],
                signals: &[],
            },
            Self::ShadowServers => Row {
                title: "Shadow MCP Servers",
                summary: "Servers run that nobody has approved, which no definition of a tool shows.",
                source: "https://owasp.org/www-project-mcp-top-10/2025/MCP09-2025%E2%80%93Shadow-MCP-Servers",
                categories: &[],
                signals: &[],
            },
            Self::OverSharing => Row {
                title: "Context Injection & Over-Sharing",
                summary: "What one task has read is seen by another task, user or agent, because they share a context or a memory.",
                source: "https://owasp.org/www-project-mcp-top-10/2025/MCP10-2025%E2%80%93ContextInjection&OverSharing",
                categories: &[Category::Read],
                signals: &[Signal::Messages, Signal::Secrets],
            },
        }
    }
}

names! {
    /// An entry of the [OWASP Top 10 for Agentic
    /// Applications](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/), 2026. It bears on tools
    /// of the categories and on tools with the signals of its row.
    ///
    /// | | | categories | signals |
    /// |---|---|---|---|
    /// | `ASI01` | [Agent Goal Hijack](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/) | read | html, messages, url |
    /// | `ASI02` | [Tool Misuse and Exploitation](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/) | write, execute, destructive, financial | bulk, force, many_parameters |
    /// | `ASI03` | [Identity and Privilege Abuse](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/) | execute, destructive, financial | secrets |
    /// | `ASI04` | [Agentic Supply Chain Vulnerabilities](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/) | every | – |
    /// | `ASI05` | [Unexpected Code Execution (RCE)](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/) | – | code, html, shell, sql |
    /// | `ASI06` | [Memory & Context Poisoning](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/) | write | html |
    /// | `ASI07` | [Insecure Inter-Agent Communication](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/) | – | – |
    /// | `ASI08` | [Cascading Failures](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/) | execute, destructive | bulk |
    /// | `ASI09` | [Human-Agent Trust Exploitation](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/) | destructive, financial | messages |
    /// | `ASI10` | [Rogue Agents](https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/) | execute, destructive, financial | – |
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum OwaspAgentic {
        /// Content from outside gives the agent another goal, and all of its tools with it.
        GoalHijack = "ASI01",
        /// A legitimate tool is used in a way that nobody meant: too often, on too much, or with arguments that were never checked.
        ToolMisuse = "ASI02",
        /// The agent acts with rights of its own or of somebody else that the one who asks does not have.
        PrivilegeAbuse = "ASI03",
        /// Tools, their definitions and other parts are loaded while the agent runs, from places that may have changed since they were trusted.
        SupplyChain = "ASI04",
        /// Text that a model has written is run as code, and nobody has read it.
        CodeExecution = "ASI05",
        /// What is stored now is read later as if it were true, by this agent or by another.
        ContextPoisoning = "ASI06",
        /// Agents believe messages of other agents without knowing who sent them, which no definition of a tool shows.
        InterAgentCommunication = "ASI07",
        /// One mistake starts others, faster than anybody can step in.
        CascadingFailures = "ASI08",
        /// People approve or believe what an agent tells them, because it sounds right.
        TrustExploitation = "ASI09",
        /// An agent goes on doing harm in small steps that each look allowed.
        RogueAgents = "ASI10",
    }
}

table!(OwaspAgentic);

impl OwaspAgentic {
    const fn row(self) -> Row {
        match self {
            Self::GoalHijack => Row {
                title: "Agent Goal Hijack",
                summary: "Content from outside gives the agent another goal, and all of its tools with it.",
                source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
                categories: &[Category::Read],
                signals: &[Signal::Html, Signal::Messages, Signal::Url],
            },
            Self::ToolMisuse => Row {
                title: "Tool Misuse and Exploitation",
                summary: "A legitimate tool is used in a way that nobody meant: too often, on too much, or with arguments that were never checked.",
                source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
                categories: &[Category::Write, Category::Execute, Category::Destructive, Category::Financial],
                signals: &[Signal::Bulk, Signal::Force, Signal::ManyParameters],
            },
            Self::PrivilegeAbuse => Row {
                title: "Identity and Privilege Abuse",
                summary: "The agent acts with rights of its own or of somebody else that the one who asks does not have.",
                source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
                categories: &[Category::Execute, Category::Destructive, Category::Financial],
                signals: &[Signal::Secrets],
            },
            Self::SupplyChain => Row {
                title: "Agentic Supply Chain Vulnerabilities",
                summary: "Tools, their definitions and other parts are loaded while the agent runs, from places that may have changed since they were trusted.",
                source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
                categories: EVERY,
                signals: &[],
            },
            Self::CodeExecution => Row {
                title: "Unexpected Code Execution (RCE)",
                summary: "Text that a model has written is run as code, and nobody has read it.",
                source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
                categories: &[],
                signals: &[Signal::Code, Signal::Html, Signal::Shell, Signal::Sql],
            },
            Self::ContextPoisoning => Row {
                title: "Memory & Context Poisoning",
                summary: "What is stored now is read later as if it were true, by this agent or by another.",
                source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
                categories: &[Category::Write],
                signals: &[Signal::Html],
            },
            Self::InterAgentCommunication => Row {
                title: "Insecure Inter-Agent Communication",
                summary: "Agents believe messages of other agents without knowing who sent them, which no definition of a tool shows.",
                source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
                categories: &[],
                signals: &[],
            },
            Self::CascadingFailures => Row {
                title: "Cascading Failures",
                summary: "One mistake starts others, faster than anybody can step in.",
                source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
                categories: &[Category::Execute, Category::Destructive],
                signals: &[Signal::Bulk],
            },
            Self::TrustExploitation => Row {
                title: "Human-Agent Trust Exploitation",
                summary: "People approve or believe what an agent tells them, because it sounds right.",
                source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
                categories: &[Category::Destructive, Category::Financial],
                signals: &[Signal::Messages],
            },
            Self::RogueAgents => Row {
                title: "Rogue Agents",
                summary: "An agent goes on doing harm in small steps that each look allowed.",
                source: "https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/",
                categories: &[Category::Execute, Category::Destructive, Category::Financial],
                signals: &[],
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::bearing::documented;

    #[test]
    fn the_tables_are_documented_as_they_are() {
        let source = include_str!("owasp.rs").replace("    ///", "///");
        for entry in OwaspMcp::ALL {
            documented(&source, entry.as_str(), &entry.row());
        }
        for entry in OwaspAgentic::ALL {
            documented(&source, entry.as_str(), &entry.row());
        }
    }

    #[test]
    fn both_lists_are_whole_and_in_order() {
        let expected =
            |prefix: &str| (1..=10).map(|number| format!("{prefix}{number:02}")).collect::<Vec<_>>();
        assert_eq!(OwaspMcp::ALL.iter().map(|entry| entry.as_str()).collect::<Vec<_>>(), expected("MCP"));
        assert_eq!(OwaspAgentic::ALL.iter().map(|entry| entry.as_str()).collect::<Vec<_>>(), expected("ASI"));
    }
}
