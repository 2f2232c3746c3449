//! Open connections: to one server, or to the nodes of a cluster.

use std::io;
use std::time::Duration;

#[cfg(feature = "redis-tls")]
use redis::TlsCertificates;
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::SingleNodeRoutingInfo;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, PushInfo,
    PushKind, RedisError, Value, cmd, pipe,
};
#[cfg(feature = "redis-tls")]
use rustls::pki_types::CertificateDer;
#[cfg(feature = "redis-tls")]
use rustls::pki_types::pem::PemObject as _;

/// Where the servers are.
pub(super) struct Address {
    nodes: Vec<ConnectionInfo>,
    response_timeout: Duration,
    #[cfg(feature = "redis-tls")]
    certificates: Option<TlsCertificates>,
}

impl Address {
    pub(super) fn new(urls: &[String], response_timeout: Duration) -> Result<Self, RedisError> {
        let node = |url: &String| {
            let info = url.as_str().into_connection_info()?;
            // By the newer protocol it is told at once that a server has gone, and not by the call that comes next.
            let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            let tcp = TcpSettings::default().set_nodelay(true);
            Ok(info.set_redis_settings(redis).set_tcp_settings(tcp))
        };
        let nodes: Vec<_> = urls.iter().map(node).collect::<Result<_, RedisError>>()?;
        #[cfg(feature = "redis-tls")]
        choose_cryptography(&nodes);
        Ok(Self {
            nodes,
            response_timeout,
            #[cfg(feature = "redis-tls")]
            certificates: None,
        })
    }

    #[cfg(feature = "redis-tls")]
    pub(super) fn with_certificates(self, certificates: TlsCertificates) -> Result<Self, RedisError> {
        let TlsCertificates { client_tls, root_cert } = &certificates;
        let own = client_tls.iter().map(|client| &client.client_cert);
        // The crate would take a text without certificates for none.
        if root_cert.iter().chain(own).any(|pem| CertificateDer::pem_slice_iter(pem).next().is_none()) {
            let error = "what was said to be a certificate holds none";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error).into());
        }
        let with =
            |node| Ok(Client::build_with_tls(node, certificates.clone())?.get_connection_info().clone());
        let nodes = self.nodes.into_iter().map(with).collect::<Result<_, RedisError>>()?;
        Ok(Self { nodes, certificates: Some(certificates), ..self })
    }

    /// Opens a connection to the first server that can be reached; to the whole cluster, if that is one of its nodes.
    pub(super) async fn open(
        &self,
        number: u64,
        on_end: impl Fn() + Clone + Send + Sync + 'static,
    ) -> Result<Wire, RedisError> {
        let mut failure = RedisError::from(io::Error::from(io::ErrorKind::NotFound));
        for node in &self.nodes {
            match self.open_one(node, on_end.clone()).await {
                Ok((_, Topology::Cluster)) => {
                    let connection = self.open_cluster().await?;
                    return Ok(Wire { number, connection: Connection::Cluster(connection) });
                }
                Ok((connection, Topology::Single)) => {
                    return Ok(Wire { number, connection: Connection::Single(connection) });
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn open_one(
        &self,
        node: &ConnectionInfo,
        on_end: impl Fn() + Send + Sync + 'static,
    ) -> Result<(MultiplexedConnection, Topology), RedisError> {
        let on_push = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                on_end();
            }
            Ok::<_, ()>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(NODE_TIMEOUT))
            // Whoever asks says how long to wait.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(WAITING)
            .set_push_sender(on_push);
        let client = Client::open(node.clone())?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let hello = connection.send_packed_command(&cmd("HELLO")).await.and_then(Value::extract_error);
        // One that does not let its users ask counts as single: if it is not, it refuses what belongs elsewhere.
        let topology = match hello {
            Ok(Value::Map(members)) if members.iter().any(is_cluster) => Topology::Cluster,
            Err(error) if error.is_io_error() => return Err(error),
            Ok(_) | Err(_) => Topology::Single,
        };
        Ok((connection, topology))
    }

    async fn open_cluster(&self) -> Result<ClusterConnection, RedisError> {
        // No retries: it would send again also what may have been done.
        let builder = ClusterClient::builder(self.nodes.clone())
            .retries(0)
            .connection_timeout(NODE_TIMEOUT)
            .response_timeout(self.response_timeout)
            .tcp_settings(TcpSettings::default().set_nodelay(true));
        #[cfg(feature = "redis-tls")]
        let builder = match &self.certificates {
            Some(certificates) => builder.certs(certificates.clone()),
            None => builder,
        };
        builder.build()?.get_async_connection().await
    }
}

/// An open connection. Clones are the same connection.
#[derive(Clone)]
pub(in crate::store::redis) struct Wire {
    number: u64,
    connection: Connection,
}

#[derive(Clone)]
enum Connection {
    Cluster(ClusterConnection),
    Single(MultiplexedConnection),
}

impl Wire {
    /// Which of a link's connections it is.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(in crate::store::redis) fn is_cluster(&self) -> bool {
        matches!(self.connection, Connection::Cluster(_))
    }

    pub(in crate::store::redis) async fn send(&self, command: &Cmd) -> Result<Value, RedisError> {
        let answer = match &self.connection {
            Connection::Cluster(connection) => {
                let mut connection = connection.clone();
                redis::aio::ConnectionLike::req_packed_command(&mut connection, command).await
            }
            Connection::Single(connection) => connection.clone().send_packed_command(command).await,
        };
        answer.and_then(refusal)
    }

    /// Sends to a node of a cluster what it has not taken over yet.
    pub(in crate::store::redis) async fn ask(
        &self,
        address: &str,
        command: Cmd,
    ) -> Result<Value, RedisError> {
        let (Connection::Cluster(connection), Some((host, port))) =
            (&self.connection, address.rsplit_once(':'))
        else {
            return Err(RedisError::from(io::Error::from(io::ErrorKind::InvalidInput)));
        };
        let port = port.parse().map_err(io::Error::other)?;
        let route = SingleNodeRoutingInfo::ByAddress { host: host.to_owned(), port };
        let mut pipeline = pipe();
        pipeline.cmd("ASKING").ignore().add_command(command);
        let mut answers = connection.clone().route_pipeline(pipeline, 0, 2, route).await?;
        refusal(answers.pop().unwrap_or(Value::Nil))
    }
}

/// An answer that is an error. One within an answer is for whoever reads that.
fn refusal(answer: Value) -> Result<Value, RedisError> {
    match answer {
        Value::ServerError(error) => Err(error.into()),
        answer => Ok(answer),
    }
}

enum Topology {
    Cluster,
    Single,
}

fn is_cluster((name, value): &(Value, Value)) -> bool {
    let is = |value: &Value, text: &str| match value {
        Value::BulkString(bytes) => bytes == text.as_bytes(),
        Value::SimpleString(string) => string == text,
        _ => false,
    };
    is(name, "mode") && is(value, "cluster")
}

/// Rustls panics where two providers of cryptography are compiled in and none was chosen. Where the program has chosen
/// one, that is used.
#[cfg(feature = "redis-tls")]
fn choose_cryptography(nodes: &[ConnectionInfo]) {
    let asks_for_tls = nodes.iter().any(|node| matches!(node.addr(), redis::ConnectionAddr::TcpTls { .. }));
    if asks_for_tls && rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails if another thread has chosen meanwhile, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// How long a node may take to accept a connection.
const NODE_TIMEOUT: Duration = Duration::from_secs(2);

/// So many calls may wait to be sent.
const WAITING: usize = 1_024;
