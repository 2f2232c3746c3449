//! What goes back and forth between client and server, and through the session.

use std::io::{self, BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use mcp_policy::mcp::{Actions, Event, Limits, Message, Session};

use crate::lines::read_line;
use crate::stores::Store;
use crate::trail::Trail;

/// One client and one server. Two threads read, one from each; a third writes what the server is told in
/// answer to its own messages, so that reading from it never waits for writing to it.
pub(crate) struct Relay<C, P> {
    session: Mutex<Session<Store>>,
    client: Mutex<C>,
    /// None once there is nothing more to say.
    server: Mutex<Option<P>>,
    to_server_later: SyncSender<String>,
    trail: Trail,
    is_busy: AtomicBool,
}

/// The other side is gone, and nothing more can be done.
pub(crate) struct Over;

impl<C: Write, P: Write> Relay<C, P> {
    pub(crate) fn new(
        session: Session<Store>,
        client: C,
        server: P,
        to_server_later: SyncSender<String>,
        trail: Trail,
    ) -> Self {
        Self {
            session: Mutex::new(session),
            client: Mutex::new(client),
            server: Mutex::new(Some(server)),
            to_server_later,
            trail,
            is_busy: AtomicBool::new(false),
        }
    }

    /// Until the client has said everything, or is not to be told anything more.
    pub(crate) fn listen_to_client(&self, mut input: impl BufRead) {
        let mut line = Vec::new();
        while let Ok(true) = read_line(&mut input, Limits::CLIENT.bytes, &mut line) {
            let Ok(mut session) = self.session.lock() else { break };
            let now = clock();
            let actions = session.from_client(&line, now);
            if self.carry_out(session, actions, now).is_err() {
                break;
            }
        }
        // The server sees the end of its input, and ends by itself.
        if let Ok(mut server) = self.server.lock() {
            *server = None;
        }
    }

    /// Until the server has said everything.
    pub(crate) fn listen_to_server(&self, mut output: impl BufRead) {
        let mut line = Vec::new();
        while let Ok(true) = read_line(&mut output, Limits::SERVER.bytes, &mut line) {
            self.is_busy.store(true, Ordering::Release);
            let Ok(mut session) = self.session.lock() else { break };
            let actions = session.from_server(&line, clock());
            drop(session);
            if self.tell(&actions).is_err() {
                break;
            }
            self.is_busy.store(false, Ordering::Release);
        }
        self.is_busy.store(false, Ordering::Release);
    }

    /// Until there is nobody who could say something to the server later.
    pub(crate) fn to_server_later(&self, lines: &Receiver<String>) {
        while let Ok(line) = lines.recv() {
            // If it is gone the other threads see it.
            let _ = self.send(&line);
        }
    }

    /// The server is gone: whoever waits for it is told.
    pub(crate) fn server_closed(&self) {
        if let Ok(mut session) = self.session.lock() {
            let actions = session.server_closed();
            drop(session);
            let _ = self.tell(&actions);
        }
    }

    /// Whether a message of the server is on its way.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Acquire)
    }

    /// Does what a message of the client led to. Its call is recorded before it is sent.
    fn carry_out(
        &self,
        session: MutexGuard<'_, Session<Store>>,
        mut actions: Actions<Store>,
        now: SystemTime,
    ) -> Result<(), Over> {
        let evaluator = session.gate().evaluator().clone();
        let recorded = self.trail.record(&actions.events, session.identity(), &evaluator, now);
        drop(session);
        if let Err(error) = &recorded {
            eprintln!("stdio_gate: the audit trail cannot be written, and calls are not sent: {error}");
        }
        for message in std::mem::take(&mut actions.to_server) {
            if recorded.is_ok() && self.send(&message.to_line()).is_ok() {
                continue;
            }
            let not_sent = self.session.lock().map_err(|_| Over)?.not_sent(&message);
            self.tell(&not_sent)?;
        }
        self.tell(&actions)
    }

    /// Says what is to be said to the client, and later to the server.
    fn tell(&self, actions: &Actions<Store>) -> Result<(), Over> {
        actions.events.iter().for_each(report);
        for message in &actions.to_server {
            // A server that does not read what it is answered is not waited for.
            self.to_server_later.try_send(message.to_line()).map_err(|_| Over)?;
        }
        if actions.to_client.is_empty() {
            return Ok(());
        }
        let mut client = self.client.lock().map_err(|_| Over)?;
        let mut write = |message: &Message| write_line(&mut *client, &message.to_line());
        actions.to_client.iter().try_for_each(&mut write).map_err(|_| Over)
    }

    fn send(&self, line: &str) -> Result<(), Over> {
        let mut server = self.server.lock().map_err(|_| Over)?;
        let server = server.as_mut().ok_or(Over)?;
        write_line(server, line).map_err(|_| Over)
    }
}

fn write_line(output: &mut impl Write, line: &str) -> io::Result<()> {
    output.write_all(format!("{line}\n").as_bytes())?;
    output.flush()
}

/// Tells the operator what does not go by itself. What client and server wrote is not repeated: it may be
/// written to harm a terminal.
fn report(event: &Event) {
    match event {
        Event::DroppedFromServer(what) => eprintln!("stdio_gate: dropped, from the server: {what}"),
        Event::RefusedFromClient { error, .. } => eprintln!("stdio_gate: refused, from the client: {error}"),
        Event::RefusedFromServer { error, .. } => eprintln!("stdio_gate: refused, from the server: {error}"),
        Event::Unsettled(error) => eprintln!("stdio_gate: a charge was not given back: {error}"),
        _ => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "a gate has a clock, and the core takes its time")]
fn clock() -> SystemTime {
    SystemTime::now()
}
