//! A wire between a client and a server that stands still at a moment to the byte.

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

/// When a relay stops passing on what it gets.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// When it has passed on so many bytes of requests.
    Sent(u64),
    /// When it has passed on so many bytes of answers.
    Answered(u64),
    /// Before a request that is meant by this, given its first line.
    Before(fn(&str) -> bool),
    /// When such a request was passed on, and before its answer is.
    Unanswered(fn(&str) -> bool),
    /// It never does.
    Never,
}

/// Passes on what comes, whichever way, until its [`Moment`]; then nothing, on any connection, until it is told to
/// [go on](Relay::go_on). Dropping it closes all connections.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    wire: Arc<Wire>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Wire {
    moment: Moment,
    passed_on: Mutex<PassedOn>,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Its moment has not come.
    Waiting,
    Still,
    /// Its moment is over.
    GoingOn,
}

#[derive(Debug, Default)]
struct PassedOn {
    sent: u64,
    answered: u64,
}

impl Relay {
    /// Listens on a free port, for a server on this one.
    ///
    /// # Errors
    ///
    /// If there is no free port.
    pub async fn start(to: u16, moment: Moment) -> io::Result<Self> {
        Self::on(&Self::listener().await?, to, moment)
    }

    /// What relays listen on that take one another's place, and have the same endpoint.
    ///
    /// # Errors
    ///
    /// If there is no free port.
    pub async fn listener() -> io::Result<Arc<TcpListener>> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map(Arc::new)
    }

    /// Listens there, for a server on this port.
    ///
    /// # Errors
    ///
    /// If the system does not tell the listener's port.
    pub fn on(listener: &Arc<TcpListener>, to: u16, moment: Moment) -> io::Result<Self> {
        let port = listener.local_addr()?.port();
        let wire = Arc::new(Wire { moment, passed_on: Mutex::default(), state: watch::Sender::new(State::Waiting) });
        let serving = tokio::spawn(serve(Arc::clone(listener), to, Arc::clone(&wire)));
        Ok(Self { port, wire, serving })
    }

    /// `http://127.0.0.1:PORT`
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many bytes of answers it has passed on.
    pub fn answered(&self) -> u64 {
        self.wire.passed_on.lock().unwrap_or_else(PoisonError::into_inner).answered
    }

    /// Waits until it stands still.
    pub async fn stands_still(&self) {
        self.wire.until(State::Still).await;
    }

    /// Passes on what it held back, and all that comes from now on.
    pub fn go_on(&self) {
        self.wire.state.send_replace(State::GoingOn);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: Arc<TcpListener>, to: u16, wire: Arc<Wire>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else { return };
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let is_meant = Arc::new(AtomicBool::new(false));
        connections.spawn(requests(from_client, to_server, Arc::clone(&wire), Arc::clone(&is_meant)));
        connections.spawn(answers(from_server, to_client, Arc::clone(&wire), is_meant));
        while connections.try_join_next().is_some() {}
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: Arc<Wire>, is_meant: Arc<AtomicBool>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        let bytes = &buffer[..length];
        let is_asked_for = match wire.moment {
            Moment::Before(means) | Moment::Unanswered(means) => first_line(bytes).is_some_and(means),
            _ => false,
        };
        if is_asked_for && matches!(wire.moment, Moment::Before(_)) {
            wire.stop().await;
        }
        is_meant.fetch_or(is_asked_for, Ordering::SeqCst);
        let limit = if let Moment::Sent(limit) = wire.moment { Some(limit) } else { None };
        if wire.pass_on(bytes, &mut to, limit, |passed_on| &mut passed_on.sent).await.is_none() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: Arc<Wire>, is_meant: Arc<AtomicBool>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        if is_meant.load(Ordering::SeqCst) {
            wire.stop().await;
        }
        let limit = if let Moment::Answered(limit) = wire.moment { Some(limit) } else { None };
        if wire.pass_on(&buffer[..length], &mut to, limit, |passed_on| &mut passed_on.answered).await.is_none() {
            return;
        }
    }
}

impl Wire {
    /// As many of these bytes as may be passed on, and the others when it goes on. `None` if nobody takes them.
    async fn pass_on(
        &self,
        bytes: &[u8],
        to: &mut OwnedWriteHalf,
        limit: Option<u64>,
        count: impl Fn(&mut PassedOn) -> &mut u64,
    ) -> Option<()> {
        if *self.state.borrow() == State::Still {
            self.until(State::GoingOn).await;
        }
        let allowed = {
            let mut passed_on = self.passed_on.lock().unwrap_or_else(PoisonError::into_inner);
            let count = count(&mut passed_on);
            let room = limit.map_or(u64::MAX, |limit| limit.saturating_sub(*count));
            let allowed = room.min(bytes.len() as u64);
            *count += allowed;
            usize::try_from(allowed).unwrap_or(usize::MAX)
        };
        to.write_all(&bytes[..allowed]).await.ok()?;
        if allowed < bytes.len() {
            self.stop().await;
            to.write_all(&bytes[allowed..]).await.ok()?;
        }
        Some(())
    }

    /// Passes nothing on until it is to go on. Its moment comes once.
    async fn stop(&self) {
        self.state.send_if_modified(|state| {
            let is_time = *state == State::Waiting;
            if is_time {
                *state = State::Still;
            }
            is_time
        });
        self.until(State::GoingOn).await;
    }

    async fn until(&self, wanted: State) {
        let mut state = self.state.subscribe();
        if state.wait_for(|state| *state == wanted).await.is_err() {
            pending().await
        }
    }
}

/// Clients send a request when the one before it is answered, so what they write at once is of one request.
fn first_line(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().position(|byte| *byte == b'\r')?;
    str::from_utf8(&bytes[..end]).ok().filter(|line| line.ends_with(" HTTP/1.1"))
}
