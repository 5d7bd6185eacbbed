//! A running emulator.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Builder;
use crate::credentials::KeyPair;

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
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
    /// Removed when this is dropped.
    _directory: Option<TempDir>,
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
        stop: watch::Sender<bool>,
        server: JoinHandle<()>,
        directory: Option<TempDir>,
    ) -> Self {
        Self { address, key_pair, zone, stop, server: Some(server), _directory: directory }
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
        let _ = self.stop.send(true);
        if let Some(server) = self.server.take() {
            let _ = server.await;
        }
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
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}
