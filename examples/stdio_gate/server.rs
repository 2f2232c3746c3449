//! The server: a process that was started, and is not ended before its time.

use std::io;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    #[cfg(unix)]
    signals: signal_hook::iterator::Signals,
}

impl Server {
    /// Starts it. What it writes to standard error goes where ours does.
    pub(crate) fn start(command: &mut Command) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        #[cfg(unix)]
        let signals = {
            use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
            signal_hook::iterator::Signals::new([SIGCHLD, SIGHUP, SIGINT, SIGTERM])?
        };
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let missing = || io::Error::other("the server has no standard input or output");
        let (input, output) =
            (child.stdin.take().ok_or_else(missing)?, child.stdout.take().ok_or_else(missing)?);
        let server = Self {
            child,
            #[cfg(unix)]
            signals,
        };
        Ok((server, input, output))
    }

    /// Waits until it has ended. A signal that should end us goes to the server, and to nobody else: it knows
    /// what to finish first.
    #[cfg(unix)]
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            // The process is not reaped elsewhere, so its number is its own as long as this says nothing.
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            for signal in self.signals.wait() {
                if let Some(signal) = rustix::process::Signal::from_named_raw(signal)
                    && signal != rustix::process::Signal::CHILD
                {
                    // It may have ended just now.
                    let _ =
                        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal);
                }
            }
        }
    }

    /// Waits until it has ended.
    #[cfg(not(unix))]
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// The status that a shell would give: of a server that a signal has ended, 128 and the signal.
pub(crate) fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or_else(|| signal.and_then(|signal| signal.checked_add(128)));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
