//! A TCP relay that pauses at a given byte, request or response.

use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// The point at which a [`Relay`] pauses. It pauses at most once.
///
/// The functions receive the request line of a request and return true if they select the request.
#[derive(Clone, Copy, Debug)]
pub enum PauseAt {
    /// After this number of request bytes on all connections together.
    RequestBytes(u64),
    /// After this number of response bytes on all connections together.
    ResponseBytes(u64),
    /// Before forwarding the first request that the function selects.
    BeforeRequest(fn(&str) -> bool),
    /// Before forwarding the response to the first request that the function selects.
    BeforeResponse(fn(&str) -> bool),
    /// The relay does not pause.
    Never,
}

/// A TCP relay between clients and a server on this machine.
///
/// While it is paused, it forwards nothing on any connection. Dropping it closes all connections.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// State that all connections of a relay share.
#[derive(Debug)]
struct Shared {
    pause_at: PauseAt,
    forwarded: Mutex<Forwarded>,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    BeforePause,
    Paused,
    Resumed,
}

/// Number of bytes that were forwarded on all connections.
#[derive(Debug, Default)]
struct Forwarded {
    request_bytes: u64,
    response_bytes: u64,
}

impl Relay {
    /// Starts a relay that listens on a free port and forwards to `server_port`.
    ///
    /// # Errors
    ///
    /// Returns an error if no port is free.
    pub async fn start(server_port: u16, pause_at: PauseAt) -> io::Result<Self> {
        Self::start_on(&Self::listener().await?, server_port, pause_at)
    }

    /// Returns a listener on a free port. Relays that are started on the same listener, one after another, have the
    /// same endpoint.
    ///
    /// # Errors
    ///
    /// Returns an error if no port is free.
    pub async fn listener() -> io::Result<Arc<TcpListener>> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map(Arc::new)
    }

    /// Starts a relay that accepts connections from a [`listener`](Self::listener) and forwards to `server_port`.
    ///
    /// # Errors
    ///
    /// Returns an error if the listener's address cannot be determined.
    pub fn start_on(listener: &Arc<TcpListener>, server_port: u16, pause_at: PauseAt) -> io::Result<Self> {
        let port = listener.local_addr()?.port();
        let state = watch::Sender::new(State::BeforePause);
        let shared = Arc::new(Shared { pause_at, forwarded: Mutex::default(), state });
        let task = tokio::spawn(serve(Arc::clone(listener), server_port, Arc::clone(&shared)));
        Ok(Self { port, shared, task })
    }

    /// Returns the URL of the relay, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the number of response bytes that were forwarded.
    pub fn response_bytes(&self) -> u64 {
        self.shared.forwarded.lock().unwrap_or_else(PoisonError::into_inner).response_bytes
    }

    /// Waits until the relay pauses.
    pub async fn wait_until_paused(&self) {
        self.shared.wait_for(State::Paused).await;
    }

    /// Forwards the bytes that were held back and everything that follows.
    pub fn resume(&self) {
        self.shared.state.send_replace(State::Resumed);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: Arc<TcpListener>, server_port: u16, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port)).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let is_selected = Arc::new(AtomicBool::new(false));
        connections.spawn(forward_requests(from_client, to_server, Arc::clone(&shared), Arc::clone(&is_selected)));
        connections.spawn(forward_responses(from_server, to_client, Arc::clone(&shared), is_selected));
        while connections.try_join_next().is_some() {}
    }
}

/// Forwards the requests of one connection. Sets `is_selected` once a request was selected by the function in
/// `pause_at`.
async fn forward_requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: Arc<Shared>,
    is_selected: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        let bytes = &buffer[..length];
        let is_selected_now = match shared.pause_at {
            PauseAt::BeforeRequest(selects) | PauseAt::BeforeResponse(selects) => {
                request_line(bytes).is_some_and(selects)
            }
            _ => false,
        };
        if is_selected_now && matches!(shared.pause_at, PauseAt::BeforeRequest(_)) {
            shared.pause().await;
        }
        is_selected.fetch_or(is_selected_now, Ordering::SeqCst);
        let limit = if let PauseAt::RequestBytes(limit) = shared.pause_at { Some(limit) } else { None };
        if shared.forward(bytes, &mut to, limit, |forwarded| &mut forwarded.request_bytes).await.is_err() {
            return;
        }
    }
}

/// Forwards the responses of one connection. Pauses before the next response if `is_selected` is set.
async fn forward_responses(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: Arc<Shared>,
    is_selected: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        if is_selected.load(Ordering::SeqCst) {
            shared.pause().await;
        }
        let limit = if let PauseAt::ResponseBytes(limit) = shared.pause_at { Some(limit) } else { None };
        let forwarded = shared.forward(&buffer[..length], &mut to, limit, |forwarded| &mut forwarded.response_bytes);
        if forwarded.await.is_err() {
            return;
        }
    }
}

impl Shared {
    /// Forwards `bytes`. If the number of bytes that `count` selects reaches `limit`, pauses and forwards the rest
    /// after the relay was resumed.
    async fn forward(
        &self,
        bytes: &[u8],
        to: &mut OwnedWriteHalf,
        limit: Option<u64>,
        count: impl Fn(&mut Forwarded) -> &mut u64,
    ) -> io::Result<()> {
        if *self.state.borrow() == State::Paused {
            self.wait_for(State::Resumed).await;
        }
        let allowed = {
            let mut forwarded = self.forwarded.lock().unwrap_or_else(PoisonError::into_inner);
            let count = count(&mut forwarded);
            let remaining = limit.map_or(u64::MAX, |limit| limit.saturating_sub(*count));
            let allowed = remaining.min(bytes.len() as u64);
            *count += allowed;
            usize::try_from(allowed).unwrap_or(usize::MAX)
        };
        to.write_all(&bytes[..allowed]).await?;
        if allowed < bytes.len() {
            self.pause().await;
            to.write_all(&bytes[allowed..]).await?;
        }
        Ok(())
    }

    /// Pauses the relay, unless it has paused before, and waits until it is resumed.
    async fn pause(&self) {
        self.state.send_if_modified(|state| {
            let is_first = *state == State::BeforePause;
            if is_first {
                *state = State::Paused;
            }
            is_first
        });
        self.wait_for(State::Resumed).await;
    }

    async fn wait_for(&self, wanted: State) {
        let mut state = self.state.subscribe();
        if state.wait_for(|state| *state == wanted).await.is_err() {
            pending().await
        }
    }
}

/// Returns the request line if `bytes` begin with one.
///
/// An HTTP/1.1 client without pipelining sends a request only after the previous response, so the bytes of one read
/// belong to one request.
fn request_line(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().position(|byte| *byte == b'\r')?;
    str::from_utf8(&bytes[..end]).ok().filter(|line| line.ends_with(" HTTP/1.1"))
}
