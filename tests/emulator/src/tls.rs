//! HTTPS: a certificate authority for tests, and a front that terminates TLS.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use socket2::SockRef;
use tokio::io::{AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

/// A certificate authority for tests. Its key exists only in memory.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// use qingstor_emulator::{CertificateAuthority, Emulator, TlsFront};
///
/// let emulator = Emulator::start().await?;
/// let authority = CertificateAuthority::new("my tests")?;
/// let certificate = authority.certificate(&["localhost", "127.0.0.1"])?;
/// let front = TlsFront::start("127.0.0.1:0", emulator.port(), &certificate).await?;
/// println!("trust {} and send requests to {}", authority.pem(), front.endpoint());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CertificateAuthority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its private key, for a [`TlsFront`].
#[derive(Clone, Debug)]
pub struct ServerCertificate(Arc<ServerConfig>);

impl CertificateAuthority {
    /// Creates an authority with this name and a new key.
    ///
    /// # Errors
    ///
    /// If the system has no random numbers.
    pub fn new(name: &str) -> io::Result<Self> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().map_err(io::Error::other)?;
        CertifiedIssuer::self_signed(parameters, key).map(Self).map_err(io::Error::other)
    }

    /// Returns the certificate of the authority, in PEM. Clients have to trust it.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Issues a certificate for these host names and IP addresses.
    ///
    /// # Errors
    ///
    /// If a name contains characters that a certificate cannot contain.
    pub fn certificate(&self, names: &[impl AsRef<str>]) -> io::Result<ServerCertificate> {
        self.issue(names, false)
    }

    /// Issues a certificate that expired in 2020.
    ///
    /// # Errors
    ///
    /// As for [`certificate`](Self::certificate).
    pub fn expired_certificate(&self, names: &[impl AsRef<str>]) -> io::Result<ServerCertificate> {
        self.issue(names, true)
    }

    fn issue(&self, names: &[impl AsRef<str>], is_expired: bool) -> io::Result<ServerCertificate> {
        let names: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
        let mut parameters = CertificateParams::new(names).map_err(io::Error::other)?;
        parameters.distinguished_name.push(DnType::CommonName, "qingstor-emulator");
        parameters.use_authority_key_identifier_extension = true;
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if is_expired {
            parameters.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = parameters.signed_by(&key, &self.0).map_err(io::Error::other)?;
        let chain: Vec<CertificateDer<'static>> = vec![certificate.into()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        // The provider is not installed for the process, because that would affect the program under test.
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key.into()))
            .map_err(io::Error::other)?;
        Ok(ServerCertificate(Arc::new(config)))
    }
}

/// A server that accepts TLS connections and forwards their bytes to an HTTP server on this machine.
///
/// It closes and resets connections as the HTTP server does. Dropping it closes all connections.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl TlsFront {
    /// Starts a front that listens on `listen` (`host:port`, where port 0 is a free port) and forwards to `server_port`
    /// of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If the address cannot be used.
    pub async fn start(listen: &str, server_port: u16, certificate: &ServerCertificate) -> io::Result<Self> {
        Self::start_with(listen, server_port, certificate, true).await
    }

    /// Starts a front as [`start`](Self::start) does. It closes connections without the TLS message `close_notify`, as
    /// some servers and load balancers do.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub async fn start_without_close_notify(
        listen: &str,
        server_port: u16,
        certificate: &ServerCertificate,
    ) -> io::Result<Self> {
        Self::start_with(listen, server_port, certificate, false).await
    }

    async fn start_with(
        listen: &str,
        server_port: u16,
        certificate: &ServerCertificate,
        sends_close_notify: bool,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(Arc::clone(&certificate.0));
        let connections = Arc::new(AtomicUsize::new(0));
        let accepted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            // Aborting this task drops the set, which closes all connections.
            let mut connections = JoinSet::new();
            loop {
                let Ok((client, _)) = listener.accept().await else {
                    // The process has probably run out of file descriptors. Other connections may end before the next
                    // attempt.
                    sleep(Duration::from_millis(50)).await;
                    continue;
                };
                accepted.fetch_add(1, Ordering::Relaxed);
                connections.spawn(forward(acceptor.clone(), client, server_port, sends_close_notify));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, connections, task })
    }

    /// Returns the endpoint, such as `https://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Returns the number of connections that were accepted, including those whose TLS handshake failed.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Returns the port on which the front listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Forwards the bytes of one connection. Errors end the connection, so they are not reported.
async fn forward(
    acceptor: TlsAcceptor,
    client: TcpStream,
    server_port: u16,
    sends_close_notify: bool,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    // A second handle, because the first one becomes part of the TLS stream.
    let socket = SockRef::from(&client).try_clone()?;
    let (mut from_client, mut to_client) = split(acceptor.accept(client).await?);
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port)).await?;
    server.set_nodelay(true)?;
    let (mut from_server, mut to_server) = server.split();
    let requests = async {
        // A client that breaks the connection looks to the server like one that closes it.
        let _ = copy(&mut from_client, &mut to_server).await;
        let _ = to_server.shutdown().await;
        Ok(())
    };
    let responses = async {
        if let Err(error) = copy(&mut from_server, &mut to_client).await {
            socket.set_linger(Some(Duration::ZERO))?;
            return Err(error);
        }
        match sends_close_notify {
            true => to_client.shutdown().await,
            false => socket.shutdown(Shutdown::Write),
        }
    };
    // After an error, both halves of the connection are dropped.
    tokio::try_join!(requests, responses).map(|_| ())
}
