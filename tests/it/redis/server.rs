//! Redis servers for tests and benchmarks: on loopback, without persistence, gone when the test is.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ::redis::{Client, Connection, FromRedisValue};

/// A server. It is killed when this is dropped, and also when this process dies: the shell that started it waits for the
/// end of its input.
#[derive(Debug)]
pub(crate) struct Server {
    shell: Child,
    process: String,
    port: u16,
    options: Vec<String>,
}

impl Server {
    /// Starts a server on a free port.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with further options, as on its command line.
    pub(crate) fn with(options: &[&str]) -> Self {
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        // Another process may take the port before the server does.
        for _ in 0..5 {
            if let Some(server) = Self::start_on(free_port(), options.clone()) {
                return server;
            }
        }
        panic!("no server could be started");
    }

    /// Starts a node of a cluster that has no slots yet, with further options.
    pub(crate) fn node(options: &[&str]) -> Self {
        let bus = free_port().to_string();
        let cluster = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port", &bus];
        Self::with(&[&cluster[..], &["--cluster-replica-validity-factor", "0"], options].concat())
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A command by a connection of its own.
    pub(crate) fn run<T: FromRedisValue>(&self, command: &str) -> T {
        self.try_run(command).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    pub(crate) fn try_run<T: FromRedisValue>(&self, command: &str) -> Result<T, ::redis::RedisError> {
        let mut words = command.split(' ');
        let mut redis = ::redis::cmd(words.next().unwrap_or_default());
        redis.arg(words.collect::<Vec<_>>());
        redis.query(&mut self.connection()?)
    }

    pub(crate) fn connection(&self) -> Result<Connection, ::redis::RedisError> {
        let mut url = self.url();
        if let Some(at) = self.options.iter().position(|option| option == "--requirepass") {
            url = url.replace("redis://", &format!("redis://:{}@", self.options[at + 1]));
        }
        Client::open(url)?.get_connection_with_timeout(Duration::from_secs(5))
    }

    /// Waits until a replica has received everything.
    pub(crate) fn replicate(&self, key: &str) {
        let mut connection = self.connection().unwrap();
        // It waits for what this connection has written, and so for all that was written before.
        ::redis::cmd("SET").arg(&[key, "thing", "PX", "1"]).exec(&mut connection).unwrap();
        let received: u32 = ::redis::cmd("WAIT").arg(&["1", "5000"]).query(&mut connection).unwrap();
        assert_eq!(received, 1);
    }

    /// Stops the process without a word to anybody, or lets it go on.
    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.process]).status();
        assert!(status.unwrap().success(), "kill {signal}");
    }

    /// Kills the server. What it held is lost.
    pub(crate) fn kill(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().unwrap();
    }

    /// Starts another on the same port, which is empty.
    pub(crate) fn start_again(&mut self) {
        self.kill();
        *self = Self::start_on(self.port, self.options.clone()).unwrap();
    }

    /// `None` if the port was taken.
    fn start_on(port: u16, options: Vec<String>) -> Option<Self> {
        let (program, folder) = (program(), new_folder());
        let text = folder.to_str().unwrap();
        let mut shell = Command::new("sh")
            .args(["-c", SHELL, &program, text, "--port", &port.to_string()])
            .args(["--bind", "127.0.0.1", "--dir", text, "--save", "", "--appendonly", "no"])
            .args(["--logfile", "log", "--repl-diskless-sync-delay", "0"])
            .args(&options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut process = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut process).unwrap();
        let process = process.trim().to_owned();
        let server = Self { shell, process, port, options };
        let begin = now();
        loop {
            let info: Result<String, _> = server.try_run("INFO server");
            match info {
                Ok(info) if info.contains(&format!("process_id:{}\r", server.process)) => {
                    return Some(server);
                }
                Ok(_) => return None,
                Err(_) if begin.elapsed() < Duration::from_secs(10) => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(error) => {
                    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                    panic!("the server does not answer: {error}\n{log}");
                }
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Whatever comes of it: this may run because a test has failed.
        let _ = self.shell.wait();
    }
}

/// Three masters that share the slots, and the number of replicas of the first.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) masters: Vec<Server>,
    pub(crate) replicas: Vec<Server>,
}

impl Cluster {
    pub(crate) fn start(replicas: usize) -> Self {
        let nodes = |count| (0..count).map(|_| Server::node(&[])).collect();
        Self::of(nodes(3), nodes(replicas))
    }

    /// Makes a cluster of these nodes, of which three are to be masters.
    pub(crate) fn of(masters: Vec<Server>, replicas: Vec<Server>) -> Self {
        for (node, slots) in masters.iter().zip(["0 5460", "5461 10922", "10923 16383"]) {
            node.run::<()>(&format!("CLUSTER ADDSLOTSRANGE {slots}"));
        }
        let cluster = Self { masters, replicas };
        let bus = |node: &Server| {
            node.options[node.options.iter().position(|option| option == "--cluster-port").unwrap() + 1]
                .clone()
        };
        let first = &cluster.masters[0];
        for node in cluster.nodes().skip(1) {
            node.run::<()>(&format!("CLUSTER MEET 127.0.0.1 {} {}", first.port, bus(first)));
        }
        cluster.wait("cluster_state:ok");
        let count = cluster.nodes().count();
        cluster.wait(&format!("cluster_known_nodes:{count}\r"));
        let id: String = first.run("CLUSTER MYID");
        for replica in &cluster.replicas {
            let begin = now();
            while replica.try_run::<()>(&format!("CLUSTER REPLICATE {id}")).is_err() {
                assert!(begin.elapsed() < Duration::from_secs(10), "the replica knows its master");
                thread::sleep(Duration::from_millis(20));
            }
            wait_for(|| replica.run::<String>("INFO replication").contains("master_link_status:up"));
        }
        cluster
    }

    pub(crate) fn url(&self) -> String {
        self.masters[0].url()
    }

    fn nodes(&self) -> impl Iterator<Item = &Server> {
        self.masters.iter().chain(&self.replicas)
    }

    fn wait(&self, state: &str) {
        wait_for(|| self.nodes().all(|node| node.run::<String>("CLUSTER INFO").contains(state)));
    }
}

/// Waits for something that comes without our doing, for ten seconds at most.
pub(crate) fn wait_for(mut event: impl FnMut() -> bool) {
    let begin = now();
    while !event() {
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not happen");
        thread::sleep(Duration::from_millis(5));
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a real server takes")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The server to start: what the variable says, a name or a path, or what is there.
fn program() -> String {
    let folders: Vec<_> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    // A path that is absolute replaces the folder, and so it is looked for as it is.
    let is_there = |program: &str| folders.iter().any(|folder| folder.join(program).is_file());
    if let Some(chosen) = env::var_os(PROGRAM) {
        let chosen = chosen.into_string().unwrap();
        assert!(
            is_there(&chosen),
            "{PROGRAM} names no program in PATH, and no file by its whole path: {chosen}"
        );
        return chosen;
    }
    let found = ["redis-server", "valkey-server"].into_iter().find(|program| is_there(program));
    let found = found.unwrap_or_else(|| {
        panic!(
            "these tests need a Redis or Valkey server, version 7 or later: install `redis-server` (Debian, Ubuntu: \
             `apt-get install redis-server`; macOS: `brew install redis`) or `valkey-server`, so that it is in PATH, \
             or say where it is with {PROGRAM}"
        )
    });
    found.to_owned()
}

fn new_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("mcp-policy-redis-{}-{count}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Names the server to run the tests on, where several are installed.
const PROGRAM: &str = "MCP_POLICY_REDIS_SERVER";

/// `$0` is the server, `$1` its folder, the rest are its options.
const SHELL: &str = r#"folder=$1; shift
"$0" "$@" </dev/null >/dev/null 2>&1 &
echo $!
read -r _
kill -9 $!
wait
rm -rf "$folder""#;
