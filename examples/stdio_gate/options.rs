//! The command line.

use std::ffi::OsString;
use std::process::Command;

use mcp_policy::mcp::Identity;

pub(crate) struct Options {
    pub(crate) policy: String,
    pub(crate) identity: Identity,
    pub(crate) store: String,
    pub(crate) audit: Option<String>,
    pub(crate) audit_key: Option<String>,
    pub(crate) elicit: bool,
    pub(crate) command: Vec<OsString>,
}

impl Options {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter();
        let mut own = Vec::new();
        for argument in arguments.by_ref() {
            if argument == "--" {
                break;
            }
            own.push(argument.into_string().map_err(|_| usage("an option is not UTF-8"))?);
        }
        let command: Vec<OsString> = arguments.collect();
        if command.is_empty() {
            return Err(usage("no command: it comes after `--`"));
        }
        let mut options = Self {
            policy: String::new(),
            identity: Identity::new(),
            store: "memory".to_owned(),
            audit: None,
            audit_key: None,
            elicit: false,
            command,
        };
        options.read(own)?;
        Ok(options)
    }

    fn read(&mut self, arguments: Vec<String>) -> Result<(), String> {
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| usage(&format!("`{argument}` needs a value")));
            match argument.as_str() {
                "--agent" | "--grant" | "--server" | "--session" | "--tenant" | "--user" => {
                    let name = argument.trim_start_matches('-');
                    self.identity = std::mem::take(&mut self.identity).attribute(name, value()?);
                }
                "--attribute" => {
                    let pair = value()?;
                    let (name, value) =
                        pair.split_once('=').ok_or_else(|| usage("`--attribute` takes NAME=VALUE"))?;
                    self.identity = std::mem::take(&mut self.identity).attribute(name, value);
                }
                "--audit" => self.audit = Some(value()?),
                "--audit-key" => self.audit_key = Some(value()?),
                "--elicit" => self.elicit = true,
                "--store" => self.store = value()?,
                "-h" | "--help" => return Err(usage("a policy in front of an MCP server on standard input")),
                option if option.starts_with('-') => {
                    return Err(usage(&format!("unknown option `{option}`")));
                }
                _ if self.policy.is_empty() => self.policy = argument,
                _ => return Err(usage("more than one policy")),
            }
        }
        if self.policy.is_empty() {
            return Err(usage("no policy"));
        }
        Ok(())
    }

    /// The server, as it is to be started.
    pub(crate) fn command(&self) -> Command {
        let mut words = self.command.iter();
        let mut command = Command::new(words.next().cloned().unwrap_or_default());
        command.args(words);
        command
    }
}

fn usage(problem: &str) -> String {
    format!("{problem}\n\n{USAGE}")
}

const USAGE: &str = "usage: stdio_gate POLICY.json [OPTION]... -- COMMAND [ARGUMENT]...

  --grant NAME            who calls: what limits count by, unless they say otherwise
  --agent, --server, --session, --tenant, --user NAME
                          further attributes; the session is a random one unless it is said
  --attribute NAME=VALUE  any other
  --store STORE           where counters are kept: memory (the default), sqlite:PATH
                          or redis://HOST:PORT
  --audit FILE            a line for each call that is decided
  --audit-key FILE        signs the arguments in it with the key in this file
  --elicit                asks the person at the client for approvals";
