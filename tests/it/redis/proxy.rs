//! A line between a store and a server that can be slow, or break at a chosen moment.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// What happens to the server's answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answers {
    Pass,
    /// So many milliseconds late.
    Late(u64),
    /// The connection breaks when there is one.
    Cut,
    /// So does the next connection that has one, and no other.
    CutOnce,
    /// They disappear, and nothing is said.
    Vanish,
}

#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    server: AtomicU16,
    /// How many bytes of requests are let through, before the connection breaks.
    requests: AtomicU64,
    /// How many after that.
    requests_then: AtomicU64,
    /// `Answers`, as a number.
    answers: AtomicU64,
}

impl Proxy {
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::new(Line {
            server: server.into(),
            requests: u64::MAX.into(),
            requests_then: 0.into(),
            answers: 0.into(),
        });
        let of_thread = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, line) = (client.unwrap(), Arc::clone(&of_thread));
                thread::spawn(move || line.serve(&client));
            }
        });
        Self { port, line }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn answers(&self, answers: Answers) {
        let number = match answers {
            Answers::Pass => 0,
            Answers::Cut => u64::MAX,
            Answers::Vanish => u64::MAX - 1,
            Answers::CutOnce => u64::MAX - 2,
            Answers::Late(millis) => millis,
        };
        self.line.answers.store(number, Ordering::SeqCst);
    }

    /// From now on so many bytes of requests are let through, and then connections break. `u64::MAX` for all.
    pub(crate) fn break_requests_after(&self, bytes: u64) {
        self.line.requests_then.store(0, Ordering::SeqCst);
        self.line.requests.store(bytes, Ordering::SeqCst);
    }

    /// The connection breaks after so many bytes of requests, and no other does.
    pub(crate) fn break_once_after(&self, bytes: u64) {
        self.line.requests_then.store(u64::MAX, Ordering::SeqCst);
        self.line.requests.store(bytes, Ordering::SeqCst);
    }

    /// New connections lead to another server.
    pub(crate) fn lead_to(&self, server: u16) {
        self.line.server.store(server, Ordering::SeqCst);
    }
}

impl Line {
    fn serve(self: Arc<Self>, client: &TcpStream) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.server.load(Ordering::SeqCst))) else {
            return;
        };
        let (asking, asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let line = Arc::clone(&self);
        thread::spawn(move || line.pass_requests(&asking, &asked));
        let (mut server, mut client) = (server, client);
        let mut buffer = [0; 8_192];
        while let Ok(length @ 1..) = server.read(&mut buffer) {
            match self.answers.load(Ordering::SeqCst) {
                u64::MAX => break,
                number if number == u64::MAX - 1 => continue,
                number if number == u64::MAX - 2 => {
                    self.answers.store(0, Ordering::SeqCst);
                    break;
                }
                millis => thread::sleep(Duration::from_millis(millis)),
            }
            if client.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    }
    fn pass_requests(&self, mut client: &TcpStream, mut server: &TcpStream) {
        let mut buffer = [0; 8_192];
        while let Ok(length @ 1..) = client.read(&mut buffer) {
            let rest = self.requests.load(Ordering::SeqCst);
            let passing = usize::try_from(rest).unwrap_or(usize::MAX).min(length);
            let is_last = passing < length;
            if is_last {
                self.requests.store(self.requests_then.load(Ordering::SeqCst), Ordering::SeqCst);
            } else if rest != u64::MAX {
                self.requests.store(rest - u64::try_from(passing).unwrap(), Ordering::SeqCst);
            }
            if server.write_all(&buffer[..passing]).is_err() || is_last {
                break;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    }
}
