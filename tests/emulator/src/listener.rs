//! The listening socket, which tests can close and reopen.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Size of the kernel's receive buffer, in bytes, for faults that a large buffer would hide. The default on the
/// loopback interface is several megabytes. The kernel would acknowledge them in such large steps that a slow
/// connection looks stalled.
const SMALL_BUFFER: usize = 16 * 1024;
/// Maximum size of a TCP segment, in bytes, for the same faults. The sender's kernel buffers at least ten segments, so
/// small segments make its buffer small.
#[cfg(unix)]
const SMALL_SEGMENT: u32 = 3000;

#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    small_buffers: bool,
    socket: Option<TcpListener>,
}

/// A command to the server to close or reopen its listener.
#[derive(Debug)]
pub(crate) struct ListenerCommand {
    pub(crate) open: bool,
    pub(crate) done: oneshot::Sender<io::Result<()>>,
}

impl Listener {
    pub(crate) async fn bind(address: &str, small_buffers: bool) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let mut listener = Self { address: socket.local_addr()?, small_buffers, socket: None };
        listener.use_socket(socket);
        Ok(listener)
    }

    /// Waits for the next connection. Waits forever while the listener is closed.
    pub(crate) async fn accept(&self) -> io::Result<TcpStream> {
        let Some(socket) = &self.socket else {
            return pending().await;
        };
        let (stream, _) = socket.accept().await?;
        // Nagle's algorithm would delay small responses. An error only makes them slower.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Opens or closes the socket and reports the result.
    pub(crate) async fn execute(&mut self, command: ListenerCommand) {
        let mut result = Ok(());
        if !command.open {
            self.socket = None;
        } else if self.socket.is_none() {
            result = TcpListener::bind(self.address).await.map(|socket| self.use_socket(socket));
        }
        // An error means that the caller no longer waits for the result.
        let _ = command.done.send(result);
    }

    fn use_socket(&mut self, socket: TcpListener) {
        if self.small_buffers {
            // Accepted connections inherit these settings. An error only makes faults less exact.
            let socket = SockRef::from(&socket);
            let _ = socket.set_recv_buffer_size(SMALL_BUFFER);
            #[cfg(unix)]
            let _ = socket.set_tcp_mss(SMALL_SEGMENT);
        }
        self.socket = Some(socket);
    }
}
