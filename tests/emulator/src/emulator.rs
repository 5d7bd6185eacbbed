//! A running emulator.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::Builder;
use crate::credentials::KeyPair;
use crate::faults::Faults;
use crate::listening::Order;

/// A QingStor object storage server on this machine, running until it is stopped or dropped.
///
/// ```
/// # async fn example() -> std::io::Result<()> {
/// let emulator = qingstor_emulator::Emulator::start().await?;
/// println!("{} {}", emulator.endpoint(), emulator.access_key_id());
/// emulator.stop().await;
/// # Ok(())
/// # }
/// ```
pub struct Emulator {
    address: SocketAddr,
    key_pair: KeyPair,
    zone: String,
    faults: Arc<Faults>,
    control: Control,
    /// Removed when this is dropped.
    _directory: Option<TempDir>,
}

/// What a running server is told its orders by.
pub(crate) struct Control {
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) running: JoinHandle<()>,
}

impl Emulator {
    /// Starts an emulator with the default settings: on a free port of 127.0.0.1, with its data in a temporary
    /// directory.
    ///
    /// # Errors
    ///
    /// If no port or no temporary directory is to be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Settings to start an emulator with.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(
        address: SocketAddr,
        key_pair: KeyPair,
        zone: String,
        faults: Arc<Faults>,
        control: Control,
        directory: Option<TempDir>,
    ) -> Self {
        Self { address, key_pair, zone, faults, control, _directory: directory }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The access key id of its first key pair.
    pub fn access_key_id(&self) -> &str {
        &self.key_pair.access_key_id
    }

    /// The secret access key of its first key pair.
    pub fn secret_access_key(&self) -> &str {
        &self.key_pair.secret_access_key
    }

    /// The zone of buckets that are made without naming one.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// Stops: no more requests are taken, those under way are finished if that takes no longer than two seconds.
    pub async fn stop(mut self) {
        let _ = self.control.stop.send(true);
        let _ = (&mut self.control.running).await;
    }

    /// How often each rule of the fault plan has hit a request, or a connection, in the order of the plan.
    pub fn faults_fired(&self) -> Vec<u64> {
        self.faults.fired()
    }

    /// Refuses connections from now on, as a machine does on which nothing runs. Those that were
    /// accepted stay. Returns when it is so.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # use tokio::net::TcpStream;
    /// let emulator = qingstor_emulator::Emulator::start().await?;
    /// emulator.stop_listening().await;
    /// assert!(TcpStream::connect(("127.0.0.1", emulator.port())).await.is_err());
    /// emulator.listen_again().await?;
    /// assert!(TcpStream::connect(("127.0.0.1", emulator.port())).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stop_listening(&self) {
        let (done, closed) = oneshot::channel();
        // A server that has ended does not listen either.
        if self.control.orders.send(Order::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }

    /// Takes connections again after [`stop_listening`](Self::stop_listening), at the same address. Nothing happens
    /// if it does.
    ///
    /// # Errors
    ///
    /// If someone else has taken the port in the meantime.
    pub async fn listen_again(&self) -> io::Result<()> {
        let (done, opened) = oneshot::channel();
        let ended = || io::Error::other("the emulator has ended");
        self.control.orders.send(Order::Open(done)).await.map_err(|_| ended())?;
        opened.await.map_err(|_| ended())?
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("endpoint", &self.endpoint())
            .field("key_pair", &self.key_pair)
            .field("zone", &self.zone)
            .finish_non_exhaustive()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.control.running.abort();
    }
}
