//! The socket that connections come in by. It can be closed for a while, so that they are refused.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What the kernel may take in for whoever does not read. On the loopback interface it is megabytes otherwise, and
/// moves in steps so large that what is slow looks like what stands still.
const SMALL_BUFFER: usize = 16 * 1024;
/// A sender keeps ten segments or more at hand for each that may be under way, so there should be few of them.
const SMALL_SEGMENT: u32 = 3000;

#[derive(Debug)]
pub(crate) struct Listening {
    address: SocketAddr,
    small_buffers: bool,
    listener: Option<TcpListener>,
}

/// What a server is told about its socket, and where it says that it was done.
#[derive(Debug)]
pub(crate) enum Order {
    Close(oneshot::Sender<()>),
    Open(oneshot::Sender<io::Result<()>>),
}

impl Listening {
    pub(crate) async fn on(address: &str, small_buffers: bool) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let mut listening = Self { address: listener.local_addr()?, small_buffers, listener: None };
        listening.take(listener);
        Ok(listening)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection. While it is closed, none.
    pub(crate) async fn accept(&self) -> io::Result<TcpStream> {
        let Some(listener) = &self.listener else {
            return pending().await;
        };
        let (stream, _) = listener.accept().await?;
        // Without it small answers would wait for acknowledgements. Nothing depends on it.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    pub(crate) async fn obey(&mut self, order: Order) {
        // Who does not wait for the answer does not need it.
        match order {
            Order::Close(done) => {
                self.listener = None;
                let _ = done.send(());
            }
            Order::Open(done) => {
                let _ = done.send(self.open().await);
            }
        }
    }

    async fn open(&mut self) -> io::Result<()> {
        if self.listener.is_none() {
            let listener = TcpListener::bind(self.address).await?;
            self.take(listener);
        }
        Ok(())
    }

    fn take(&mut self, listener: TcpListener) {
        if self.small_buffers {
            // Connections have what the listener has. Where that cannot be set, things go wrong in larger steps.
            let socket = SockRef::from(&listener);
            let _ = socket.set_recv_buffer_size(SMALL_BUFFER);
            let _ = set_segment(&socket);
        }
        self.listener = Some(listener);
    }
}

#[cfg(unix)]
fn set_segment(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_mss(SMALL_SEGMENT)
}

#[cfg(not(unix))]
fn set_segment(_: &SockRef<'_>) -> io::Result<()> {
    Ok(())
}
