//! Attacks that abuse the access that tools give.
//!
//! The sentences are ours. The sources describe the attacks: techniques of MITRE ATLAS, and weaknesses of the CWE list.

use crate::names::names;
use crate::risk::bearing::{EVERY, Row, table};
use crate::risk::{Assessment, Category, Signal};

names! {
    /// A way in which the access that a tool gives is abused. It bears on tools of the categories and on tools with the signals
    /// of its row.
    ///
    /// | | | categories | signals |
    /// |---|---|---|---|
    /// | `command_injection` | [Command injection](https://cwe.mitre.org/data/definitions/78.html) | – | code, shell |
    /// | `confused_deputy` | [Confused deputy](https://cwe.mitre.org/data/definitions/441.html) | execute, destructive, financial | secrets |
    /// | `context_poisoning` | [Context poisoning](https://atlas.mitre.org/techniques/AML.T0080) | write | – |
    /// | `credential_harvesting` | [Credential harvesting](https://atlas.mitre.org/techniques/AML.T0098) | – | secrets |
    /// | `data_destruction` | [Data destruction](https://atlas.mitre.org/techniques/AML.T0101) | destructive | bulk, force |
    /// | `exfiltration` | [Exfiltration by chaining](https://atlas.mitre.org/techniques/AML.T0086) | read | messages, secrets, url |
    /// | `financial_harm` | [Financial harm](https://atlas.mitre.org/techniques/AML.T0048.000) | financial | – |
    /// | `indirect_prompt_injection` | [Indirect prompt injection](https://atlas.mitre.org/techniques/AML.T0051.001) | read, execute, destructive, financial | html, messages, url |
    /// | `path_traversal` | [Path traversal](https://cwe.mitre.org/data/definitions/22.html) | – | path |
    /// | `phishing` | [Phishing in your name](https://atlas.mitre.org/techniques/AML.T0052) | – | messages |
    /// | `rug_pull` | [Rug pull](https://atlas.mitre.org/techniques/AML.T0109) | every | – |
    /// | `runaway_loop` | [Runaway loop](https://atlas.mitre.org/techniques/AML.T0034.002) | write, execute, financial | bulk |
    /// | `script_injection` | [Script and template injection](https://cwe.mitre.org/data/definitions/79.html) | – | html |
    /// | `server_side_request_forgery` | [Server-side request forgery](https://cwe.mitre.org/data/definitions/918.html) | – | url |
    /// | `sql_injection` | [SQL injection](https://cwe.mitre.org/data/definitions/89.html) | – | sql |
    /// | `tool_poisoning` | [Tool poisoning](https://atlas.mitre.org/techniques/AML.T0110) | every | – |
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum AttackPattern {
        /// An argument smuggles in a command or code of the attacker, and the server runs it.
        CommandInjection = "command_injection",
        /// The server acts with its own rights for whoever asks, so somebody gets done what they may not do themselves.
        ConfusedDeputy = "confused_deputy",
        /// What is written now is read again later, and steers whoever reads it.
        ContextPoisoning = "context_poisoning",
        /// The agent is led to look for keys and passwords in what its tools can read.
        CredentialHarvesting = "credential_harvesting",
        /// The agent deletes or overwrites what cannot be brought back, by mistake or because it was told to.
        DataDestruction = "data_destruction",
        /// One tool reads something private, and another, harmless by itself, carries it away.
        Exfiltration = "exfiltration",
        /// Money goes to the wrong place, in one large sum or in many small ones.
        FinancialHarm = "financial_harm",
        /// Instructions stand in a page, a ticket or a file that the agent reads, and it follows them.
        IndirectPromptInjection = "indirect_prompt_injection",
        /// A path with `..` or a link leads out of the directory that was meant.
        PathTraversal = "path_traversal",
        /// People get messages that come from an account that they trust, and were written by an attacker.
        Phishing = "phishing",
        /// The server is harmless when it is looked at, and changes the tool afterwards.
        RugPull = "rug_pull",
        /// The agent calls the tool again and again, because it does not see that this leads nowhere or because somebody wants it to.
        RunawayLoop = "runaway_loop",
        /// Markup or a template that the agent passes on runs where somebody looks at it.
        ScriptInjection = "script_injection",
        /// The server is made to open an address that only it can reach, such as that of an internal service.
        ServerSideRequestForgery = "server_side_request_forgery",
        /// A query reads or changes more than the task needs.
        SqlInjection = "sql_injection",
        /// The description of the tool tells the model to do something that the user never sees.
        ToolPoisoning = "tool_poisoning",
    }
}

table!(AttackPattern);

impl AttackPattern {
    /// What a policy can do about it, in one sentence.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::CommandInjection => {
                "Require that the argument is one of the commands that are needed, or ask a person."
            }
            Self::ConfusedDeputy => "Say in `require` who may call it, by `context.user` or `context.team`.",
            Self::ContextPoisoning => "Limit how much is written, and require where it may go.",
            Self::CredentialHarvesting => "Limit the calls, and deny names that look like credentials.",
            Self::DataDestruction => "Hide the tool, or ask a person about each call.",
            Self::Exfiltration => {
                "Keep tools that read what is private away from agents with tools that send, or ask a person before anything is sent."
            }
            Self::FinancialHarm => "Ask a person, and cap amounts with `increment_from`.",
            Self::IndirectPromptInjection => {
                "What the agent can be talked into must be harmless: allow no tool that the task does not need."
            }
            Self::PathTraversal => "Require `path_within` the directories that are meant.",
            Self::Phishing => "Ask a person before anything is sent, or require known recipients.",
            Self::RugPull => "Pin the definition: a call is denied once it has changed.",
            Self::RunawayLoop => "Limit the calls a minute: a loop then ends after a few.",
            Self::ScriptInjection => "Deny what looks like a script, and let the server escape the rest.",
            Self::ServerSideRequestForgery => "Require `host_in` the hosts that are meant.",
            Self::SqlInjection => {
                "Give the server an account that can only read, and deny statements that write."
            }
            Self::ToolPoisoning => "Read the description, and pin the definition.",
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: each row is short")]
    const fn row(self) -> Row {
        match self {
            Self::CommandInjection => Row {
                title: "Command injection",
                summary: "An argument smuggles in a command or code of the attacker, and the server runs it.",
                source: "https://cwe.mitre.org/data/definitions/78.html",
                categories: &[],
                signals: &[Signal::Code, Signal::Shell],
            },
            Self::ConfusedDeputy => Row {
                title: "Confused deputy",
                summary: "The server acts with its own rights for whoever asks, so somebody gets done what they may not do themselves.",
                source: "https://cwe.mitre.org/data/definitions/441.html",
                categories: &[Category::Execute, Category::Destructive, Category::Financial],
                signals: &[Signal::Secrets],
            },
            Self::ContextPoisoning => Row {
                title: "Context poisoning",
                summary: "What is written now is read again later, and steers whoever reads it.",
                source: "https://atlas.mitre.org/techniques/AML.T0080",
                categories: &[Category::Write],
                signals: &[],
            },
            Self::CredentialHarvesting => Row {
                title: "Credential harvesting",
                summary: "The agent is led to look for keys and passwords in what its tools can read.",
                source: "https://atlas.mitre.org/techniques/AML.T0098",
                categories: &[],
                signals: &[Signal::Secrets],
            },
            Self::DataDestruction => Row {
                title: "Data destruction",
                summary: "The agent deletes or overwrites what cannot be brought back, by mistake or because it was told to.",
                source: "https://atlas.mitre.org/techniques/AML.T0101",
                categories: &[Category::Destructive],
                signals: &[Signal::Bulk, Signal::Force],
            },
            Self::Exfiltration => Row {
                title: "Exfiltration by chaining",
                summary: "One tool reads something private, and another, harmless by itself, carries it away.",
                source: "https://atlas.mitre.org/techniques/AML.T0086",
                categories: &[Category::Read],
                signals: &[Signal::Messages, Signal::Secrets, Signal::Url],
            },
            Self::FinancialHarm => Row {
                title: "Financial harm",
                summary: "Money goes to the wrong place, in one large sum or in many small ones.",
                source: "https://atlas.mitre.org/techniques/AML.T0048.000",
                categories: &[Category::Financial],
                signals: &[],
            },
            Self::IndirectPromptInjection => Row {
                title: "Indirect prompt injection",
                summary: "Instructions stand in a page, a ticket or a file that the agent reads, and it follows them.",
                source: "https://atlas.mitre.org/techniques/AML.T0051.001",
                categories: &[Category::Read, Category::Execute, Category::Destructive, Category::Financial],
                signals: &[Signal::Html, Signal::Messages, Signal::Url],
            },
            Self::PathTraversal => Row {
                title: "Path traversal",
                summary: "A path with `..` or a link leads out of the directory that was meant.",
                source: "https://cwe.mitre.org/data/definitions/22.html",
                categories: &[],
                signals: &[Signal::Path],
            },
            Self::Phishing => Row {
                title: "Phishing in your name",
                summary: "People get messages that come from an account that they trust, and were written by an attacker.",
                source: "https://atlas.mitre.org/techniques/AML.T0052",
                categories: &[],
                signals: &[Signal::Messages],
            },
            Self::RugPull => Row {
                title: "Rug pull",
                summary: "The server is harmless when it is looked at, and changes the tool afterwards.",
                source: "https://atlas.mitre.org/techniques/AML.T0109",
                categories: EVERY,
                signals: &[],
            },
            Self::RunawayLoop => Row {
                title: "Runaway loop",
                summary: "The agent calls the tool again and again, because it does not see that this leads nowhere or because somebody wants it to.",
                source: "https://atlas.mitre.org/techniques/AML.T0034.002",
                categories: &[Category::Write, Category::Execute, Category::Financial],
                signals: &[Signal::Bulk],
            },
            Self::ScriptInjection => Row {
                title: "Script and template injection",
                summary: "Markup or a template that the agent passes on runs where somebody looks at it.",
                source: "https://cwe.mitre.org/data/definitions/79.html",
                categories: &[],
                signals: &[Signal::Html],
            },
            Self::ServerSideRequestForgery => Row {
                title: "Server-side request forgery",
                summary: "The server is made to open an address that only it can reach, such as that of an internal service.",
                source: "https://cwe.mitre.org/data/definitions/918.html",
                categories: &[],
                signals: &[Signal::Url],
            },
            Self::SqlInjection => Row {
                title: "SQL injection",
                summary: "A query reads or changes more than the task needs.",
                source: "https://cwe.mitre.org/data/definitions/89.html",
                categories: &[],
                signals: &[Signal::Sql],
            },
            Self::ToolPoisoning => Row {
                title: "Tool poisoning",
                summary: "The description of the tool tells the model to do something that the user never sees.",
                source: "https://atlas.mitre.org/techniques/AML.T0110",
                categories: EVERY,
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
    fn the_table_is_documented_as_it_is() {
        let source = include_str!("attack.rs").replace("    ///", "///");
        for pattern in AttackPattern::ALL {
            documented(&source, pattern.as_str(), &pattern.row());
            assert!(pattern.remedy().ends_with('.'));
        }
    }

    #[test]
    fn every_signal_that_attacks_make_use_of_is_in_a_row() {
        for signal in Signal::ALL.iter().filter(|signal| **signal != Signal::ManyParameters) {
            assert!(AttackPattern::ALL.iter().any(|pattern| pattern.signals().contains(signal)), "{signal}");
        }
        for category in Category::ALL {
            let bears = |pattern: &&AttackPattern| pattern.categories().contains(category);
            assert!(AttackPattern::ALL.iter().filter(bears).count() > 2, "{category}");
        }
    }
}
