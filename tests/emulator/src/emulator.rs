//! A running emulator.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::Builder;
use crate::authenticate::KeyPair;
use crate::faults::FaultInjector;
use crate::listener::ListenerCommand;

/// A running emulator of QingStor object storage. It runs until it is stopped or dropped.
///
/// ```
/// # async fn example() -> std::io::Result<()> {
/// let emulator = qingstor_emulator::Emulator::start().await?;
/// println!("{} {}", emulator.endpoint(), emulator.access_key_id());
/// emulator.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Emulator {
    pub(crate) address: SocketAddr,
    pub(crate) key_pair: KeyPair,
    pub(crate) zone: String,
    pub(crate) faults: Arc<FaultInjector>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) commands: mpsc::Sender<ListenerCommand>,
    pub(crate) server: JoinHandle<()>,
    /// The temporary data directory, which is deleted when the emulator is dropped. `None` if the data is kept.
    pub(crate) _directory: Option<TempDir>,
}

impl Emulator {
    /// Starts an emulator with the default settings: on a free port of 127.0.0.1, with its data in a temporary
    /// directory.
    ///
    /// # Errors
    ///
    /// If there is no free port, or if the temporary directory cannot be created.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the endpoint, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the port on which the emulator listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the access key id of the first key pair.
    pub fn access_key_id(&self) -> &str {
        &self.key_pair.access_key_id
    }

    /// Returns the secret access key of the first key pair.
    pub fn secret_access_key(&self) -> &str {
        &self.key_pair.secret_access_key
    }

    /// Returns the zone of a new bucket if the request that creates it names none.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// Stops the emulator. Waits up to two seconds for requests in progress to finish.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.server).await;
    }

    /// Returns the number of requests or connections that each rule of the fault plan has hit, in the order of the
    /// plan.
    pub fn faults_fired(&self) -> Vec<u64> {
        self.faults.hits()
    }

    /// Closes the listening port and returns when it is closed. The operating system then refuses new connections.
    /// Accepted connections stay open.
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
        // An error means that the server has ended, so its port is already closed.
        let _ = self.command_listener(false).await;
    }

    /// Accepts connections again at the same address, after [`stop_listening`](Self::stop_listening). Does nothing if
    /// the emulator is listening.
    ///
    /// # Errors
    ///
    /// If another process has taken the port in the meantime.
    pub async fn listen_again(&self) -> io::Result<()> {
        self.command_listener(true).await
    }

    async fn command_listener(&self, open: bool) -> io::Result<()> {
        let (done, result) = oneshot::channel();
        let ended = || io::Error::other("cannot open or close the port: the emulator has ended");
        self.commands.send(ListenerCommand { open, done }).await.map_err(|_| ended())?;
        result.await.map_err(|_| ended())?
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}
