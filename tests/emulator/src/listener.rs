//! The listening socket. It can be closed for a while, so that the kernel refuses connections.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Size of the kernel's receive buffer, in bytes, for faults that large buffers would hide. On the loopback interface it
/// is megabytes by default, and moves in steps so large that a slow connection looks stalled.
const SMALL_BUFFER: usize = 16 * 1024;
/// Maximum TCP segment for the same purpose: the sender's kernel buffers at least ten segments for each in flight.
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

    /// Returns the next connection. While the listener is closed, there is none.
    pub(crate) async fn accept(&self) -> io::Result<TcpStream> {
        let Some(socket) = &self.socket else {
            return pending().await;
        };
        let (stream, _) = socket.accept().await?;
        // With Nagle's algorithm, small responses would wait for acknowledgements. Correctness does not depend on it.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    pub(crate) async fn execute(&mut self, command: ListenerCommand) {
        let mut result = Ok(());
        if !command.open {
            self.socket = None;
        } else if self.socket.is_none() {
            result = TcpListener::bind(self.address).await.map(|socket| self.use_socket(socket));
        }
        // The caller may have stopped waiting.
        let _ = command.done.send(result);
    }

    fn use_socket(&mut self, socket: TcpListener) {
        if self.small_buffers {
            // Connections inherit these settings. If they fail, faults act in larger steps.
            let socket = SockRef::from(&socket);
            let _ = socket.set_recv_buffer_size(SMALL_BUFFER);
            #[cfg(unix)]
            let _ = socket.set_tcp_mss(SMALL_SEGMENT);
        }
        self.socket = Some(socket);
    }
}
