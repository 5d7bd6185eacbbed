//! A client's TCP connection, below HTTP. It counts the bytes that were transferred, and it stalls, cuts or resets the
//! connection for faults.

mod exchanges;

use std::future::pending;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BufMut;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::SetOnce;
use tokio::time::sleep;

use crate::access_log::{AccessLog, Entry};
pub(crate) use exchanges::ResponseHead;
use exchanges::{Exchange, Exchanges};

/// Interval between checks whether the client has closed a stalled connection.
const CLOSE_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Size of the kernel's receive buffer, in bytes, of a connection with a fault that a large buffer would hide.
const SMALL_RECEIVE_BUFFER: usize = 8 * 1024;

/// An early end of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ending {
    /// Closes the connection. Bytes that were sent before still arrive.
    Close,
    /// Sends RST, which discards bytes that have not arrived.
    Reset,
}

/// A client's connection, shared by the stream that hyper uses and the bodies on it.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    exchanges: Mutex<Exchanges>,
    log: Option<Arc<AccessLog>>,
    /// Set if the connection has to end before HTTP ends it.
    ending: SetOnce<Ending>,
    is_stalled_forever: AtomicBool,
    /// Maximum number of bytes that one read takes from the kernel.
    read_limit: AtomicUsize,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, log: Option<Arc<AccessLog>>) -> Arc<Self> {
        Arc::new(Self {
            stream,
            exchanges: Mutex::default(),
            log,
            ending: SetOnce::new(),
            is_stalled_forever: AtomicBool::new(false),
            read_limit: AtomicUsize::new(usize::MAX),
        })
    }

    /// Starts the exchange of a request whose body has `declared` bytes.
    pub(crate) fn begin(&self, entry: Entry, declared: Option<u64>) {
        self.limit_reads(usize::MAX);
        self.exchanges().begin(Exchange::new(entry, declared, self.log.clone()));
    }

    /// Changes the log entry of the latest request.
    pub(crate) fn update_entry(&self, update: impl FnOnce(&mut Entry)) {
        self.exchanges().latest(|exchange| update(&mut exchange.entry));
    }

    /// Counts received bytes of the latest request's body.
    pub(crate) fn count_received(&self, bytes: usize) {
        self.exchanges().latest(|exchange| exchange.count_received(bytes));
    }

    /// Records the response to the latest request, and whether the body of the request was read to its end.
    pub(crate) fn set_response(&self, head: ResponseHead, is_body_read: bool) {
        self.exchanges().latest(|exchange| exchange.set_response(head, is_body_read));
    }

    /// Closes the connection as soon as this number of bytes of the latest response's body has been sent.
    pub(crate) fn close_after(&self, bytes: u64) {
        self.exchanges().latest(|exchange| exchange.close_after = Some(bytes));
    }

    /// Limits the number of bytes that one read takes from the kernel, until the next request.
    pub(crate) fn limit_reads(&self, bytes: usize) {
        self.read_limit.store(bytes, Ordering::Relaxed);
    }

    /// Makes the kernel's receive buffer smaller. The client can still fill the window that the kernel has announced.
    pub(crate) fn shrink_receive_buffer(&self) {
        let _ = SockRef::from(&self.stream).set_recv_buffer_size(SMALL_RECEIVE_BUFFER);
    }

    /// Resets the connection. Never returns: the task that serves the connection drops this future.
    pub(crate) async fn reset<T>(&self) -> T {
        self.end(Ending::Reset);
        pending().await
    }

    /// Waits for `lasts`. If it is `None`, waits until the client closes the connection, and never returns.
    pub(crate) async fn stall(&self, lasts: Option<Duration>) {
        let Some(lasts) = lasts else {
            self.is_stalled_forever.store(true, Ordering::Relaxed);
            self.closed_by_client().await;
            return self.reset().await;
        };
        sleep(lasts).await;
    }

    /// Returns true if a stall without a duration has begun, so that no response will follow.
    pub(crate) fn is_stalled_forever(&self) -> bool {
        self.is_stalled_forever.load(Ordering::Relaxed)
    }

    /// Waits until the connection has to end before HTTP ends it.
    pub(crate) async fn ended(&self) -> Ending {
        *self.ending.wait().await
    }

    /// Makes the kernel send RST when the connection is dropped.
    pub(crate) fn close_with_reset(&self) {
        // An error means that the connection has ended already.
        let _ = self.stream.set_zero_linger();
    }

    fn end(&self, ending: Ending) {
        // An error means that another ending was set before. The first one counts.
        let _ = self.ending.set(ending);
    }

    /// Waits until the client has closed the connection. This polls, because the kernel reports no further event while
    /// there is unread data.
    async fn closed_by_client(&self) {
        while let Ok(ready) = self.stream.ready(Interest::READABLE | Interest::ERROR).await {
            if ready.is_read_closed() || ready.is_error() {
                break;
            }
            sleep(CLOSE_CHECK_INTERVAL).await;
        }
    }

    fn count_sent(&self, bytes: &[u8]) {
        if self.exchanges().count_sent(bytes) {
            self.end(Ending::Close);
        }
    }

    fn exchanges(&self) -> MutexGuard<'_, Exchanges> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection as hyper uses it.
#[derive(Debug)]
pub(crate) struct Socket(pub(crate) Arc<Connection>);

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = &self.0.stream;
        loop {
            ready!(stream.poll_read_ready(context))?;
            let limit = self.0.read_limit.load(Ordering::Relaxed);
            match stream.try_read_buf(&mut (&mut *buffer).limit(limit)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result.map(|_| ())),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let stream = &self.0.stream;
        loop {
            ready!(stream.poll_write_ready(context))?;
            match stream.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(written) => {
                    self.0.count_sent(&bytes[..written]);
                    return Poll::Ready(Ok(written));
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&self.0.stream).shutdown(Shutdown::Write))
    }
}
