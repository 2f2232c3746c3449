//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

pub(crate) struct Options {
    pub(crate) policy: String,
    pub(crate) upstream: String,
    pub(crate) upstream_token: Option<String>,
    pub(crate) listen: SocketAddr,
    pub(crate) grants: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
    pub(crate) store: String,
    pub(crate) audit: Option<String>,
    pub(crate) audit_key: Option<String>,
    pub(crate) timeout: Duration,
}

impl Options {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let (mut policy, mut upstream, mut listen, mut grants) = (None, None, None, None);
        let (mut upstream_token, mut audit, mut audit_key) = (None, None, None);
        let (mut hosts, mut origins) = (Vec::new(), Vec::new());
        let mut store = "memory".to_owned();
        let mut timeout = Duration::from_secs(300);
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| usage(&format!("`{argument}` needs a value")));
            match argument.as_str() {
                "--audit" => audit = Some(value()?),
                "--audit-key" => audit_key = Some(value()?),
                "--grants" => grants = Some(value()?),
                "--host" => hosts.push(value()?.to_ascii_lowercase()),
                "--listen" => {
                    let address = value()?.parse::<SocketAddr>();
                    listen = Some(
                        address.map_err(|_| usage("`--listen` takes an address such as 127.0.0.1:8080"))?,
                    );
                }
                "--origin" => origins.push(value()?),
                "--store" => store = value()?,
                "--timeout" => {
                    let seconds = value()?.parse::<u32>().ok().filter(|seconds| *seconds > 0);
                    let seconds = seconds.ok_or_else(|| usage("`--timeout` takes seconds"))?;
                    timeout = Duration::from_secs(seconds.into());
                }
                "--upstream" => upstream = Some(value()?),
                "--upstream-token" => upstream_token = Some(value()?),
                "-h" | "--help" => return Err(usage("a policy in front of an MCP server that speaks HTTP")),
                option if option.starts_with('-') => {
                    return Err(usage(&format!("unknown option `{option}`")));
                }
                _ if policy.is_none() => policy = Some(argument),
                _ => return Err(usage("more than one policy")),
            }
        }
        Ok(Self {
            policy: policy.ok_or_else(|| usage("no policy"))?,
            upstream: upstream.ok_or_else(|| usage("no `--upstream`"))?,
            upstream_token,
            listen: listen.ok_or_else(|| usage("no `--listen`"))?,
            grants: grants.ok_or_else(|| usage("no `--grants`"))?,
            hosts,
            origins,
            store,
            audit,
            audit_key,
            timeout,
        })
    }
}

fn usage(problem: &str) -> String {
    format!("{problem}\n\n{USAGE}")
}

const USAGE: &str =
    "usage: http_gateway POLICY.json --upstream URL --listen ADDRESS --grants GRANTS.json [OPTION]...

  --upstream URL          where the MCP server is
  --upstream-token FILE   what the gateway itself shows there, as a bearer token
  --listen ADDRESS        where clients connect, such as 127.0.0.1:8080; they use the path /mcp
  --grants FILE           whose tokens are taken, as SHA-256 digests
  --host NAME             a name that clients know the gateway by, beside that of the loopback
  --origin ORIGIN         a web page that may connect, such as https://app.example; none may unless it is said
  --store STORE           where counters are kept: memory (the default), sqlite:PATH
                          or redis://HOST:PORT
  --audit FILE            a line for each call that is decided
  --audit-key FILE        signs the arguments in it with the key in this file
  --timeout SECONDS       how long the server may take over a request, 300 unless it is said";
