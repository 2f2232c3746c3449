//! Scripts: sent by their hash, and as a whole to a server that does not know it.

use std::time::Duration;

use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value, cmd};

use crate::store::redis::link::{Link, Wire};
use crate::store::redis::request::Request;

/// A script.
#[derive(Debug)]
pub(super) struct Script {
    text: &'static str,
    hash: Box<str>,
}

impl Script {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text).get_hash().into() }
    }

    /// Runs the script once, or not at all.
    ///
    /// It is sent again only after an answer which says that it was not run: the server does not know it, or is
    /// not the one that has the keys, or not yet. Whoever waits says for how long.
    pub(super) async fn run(
        &self,
        link: &std::sync::Arc<Link>,
        request: &Request<'_>,
    ) -> Result<Value, RedisError> {
        let command = |name: &str, script: &str| {
            let mut command = cmd(name);
            command.arg(script);
            request.write(&mut command);
            command
        };
        let by_hash = command("EVALSHA", &self.hash);
        let mut pause = Duration::from_millis(2);
        loop {
            let wire = link.wire().await?;
            let mut answer = wire.send(&by_hash).await;
            if matches!(&answer, Err(error) if error.kind() == kind(ServerErrorKind::NoScript)) {
                answer = wire.send(&command("EVAL", self.text)).await;
            }
            link.answered(&wire, &answer);
            match answer {
                Err(error) if wire.is_cluster() && was_not_run(&error) => {
                    if let Some(answer) = self.follow(&wire, &error, &command).await {
                        return answer;
                    }
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                }
                answer => return answer,
            }
        }
    }

    /// Asks the node that a slot is moving to. `None` if the answer was not that.
    async fn follow(
        &self,
        wire: &Wire,
        error: &RedisError,
        command: &(dyn Fn(&str, &str) -> Cmd + Sync),
    ) -> Option<Result<Value, RedisError>> {
        if error.kind() != kind(ServerErrorKind::Ask) {
            return None;
        }
        let (address, _) = error.redirect_node()?;
        let answer = wire.ask(address, command("EVAL", self.text)).await;
        match answer {
            Err(error) if was_not_run(&error) => None,
            answer => Some(answer),
        }
    }
}

/// Whether the answer of a cluster says that nothing was done, and that it may be done elsewhere or soon.
fn was_not_run(error: &RedisError) -> bool {
    let ErrorKind::Server(kind) = error.kind() else {
        return error.kind() == ErrorKind::ClusterConnectionNotFound;
    };
    matches!(
        kind,
        ServerErrorKind::Ask
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::Moved
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::TryAgain
    )
}

fn kind(kind: ServerErrorKind) -> ErrorKind {
    ErrorKind::Server(kind)
}

const LONGEST_PAUSE: Duration = Duration::from_millis(50);
