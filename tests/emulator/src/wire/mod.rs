//! One connection below HTTP: what has really gone over it, and ways to end it that HTTP does not have.

mod ledger;
mod socket;

use std::future::pending;
use std::io::IoSlice;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Method, Response};
use http_body::Body;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::access_log::{AccessLog, Entry};
use ledger::{Exchange, Ledger};
pub(crate) use socket::Socket;

/// How often it is looked whether a client is gone that is not read from.
const LOOK: Duration = Duration::from_millis(100);

const LITTLE: usize = 8 * 1024;

/// How a connection ends before its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ending {
    /// With what was sent so far, and no more.
    Close,
    /// With a RST.
    Reset,
}

#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    ledger: Mutex<Ledger>,
    log: Option<Arc<AccessLog>>,
    ending: Mutex<Option<Ending>>,
    ends: Notify,
    stands_still: AtomicBool,
    /// How much is read from the kernel at a time.
    read_at_once: AtomicUsize,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, log: Option<Arc<AccessLog>>) -> Arc<Self> {
        Arc::new(Self {
            stream,
            ledger: Mutex::default(),
            log,
            ending: Mutex::default(),
            ends: Notify::new(),
            stands_still: AtomicBool::new(false),
            read_at_once: AtomicUsize::new(usize::MAX),
        })
    }

    pub(crate) fn begin(&self, entry: Entry, declared: Option<u64>) {
        self.read_at_once.store(usize::MAX, Ordering::Relaxed);
        self.ledger().begin(Exchange::new(entry, declared, self.log.clone()));
    }

    /// Says what the last request turned out to be.
    pub(crate) fn identify(&self, operation: Option<&'static str>) {
        self.ledger().last(|exchange| exchange.entry.operation = operation);
    }

    /// Says what goes wrong with the last request.
    pub(crate) fn blame(&self, fault: &'static str) {
        self.ledger().last(|exchange| exchange.entry.fault = Some(fault));
    }

    /// Counts what was read of the last request's body.
    pub(crate) fn received(&self, bytes: usize) {
        self.ledger().last(|exchange| exchange.receive(bytes));
    }

    /// Says what the last request is answered with, and whether its body was read to the end.
    pub(crate) fn answer(&self, method: &Method, answer: &Response<impl Body>, is_read: bool) {
        self.ledger().last(|exchange| exchange.answer(method, answer, is_read));
    }

    /// Closes the connection once so much of the last request's answer has been sent.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.ledger().last(|exchange| exchange.cut_after(bytes));
    }

    pub(crate) fn read_at_once(&self, bytes: usize) {
        self.read_at_once.store(bytes, Ordering::Relaxed);
    }

    /// Lets the kernel take in less from now on than connections have from the listener. What it said it would take in
    /// is not taken back.
    pub(crate) fn take_in_little(&self) {
        let _ = SockRef::from(&self.stream).set_recv_buffer_size(LITTLE);
    }

    /// Ends the connection. Whoever serves it is dropped together with it.
    pub(crate) async fn reset<T>(&self) -> T {
        self.end(Ending::Reset);
        pending().await
    }

    /// Does nothing for a while, or until the client is gone, and then the connection as well.
    pub(crate) async fn stall(&self, lasts: Option<Duration>) {
        let Some(lasts) = lasts else {
            self.stands_still.store(true, Ordering::Relaxed);
            self.client_gone().await;
            return self.reset().await;
        };
        sleep(lasts).await;
    }

    /// Whether nothing will be answered any more.
    pub(crate) fn stands_still(&self) -> bool {
        self.stands_still.load(Ordering::Relaxed)
    }

    /// Waits for the connection to be ended.
    pub(crate) async fn ended(&self) -> Ending {
        loop {
            let notified = self.ends.notified();
            if let Some(ending) = *self.ending.lock().unwrap_or_else(PoisonError::into_inner) {
                return ending;
            }
            notified.await;
        }
    }

    pub(crate) fn close_with_reset(&self) {
        // A connection that is gone already cannot be told.
        let _ = self.stream.set_zero_linger();
    }

    fn end(&self, ending: Ending) {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(ending);
        self.ends.notify_one();
    }

    /// There is no event for it while something is left to be read, so it is asked for.
    async fn client_gone(&self) {
        while let Ok(ready) = self.stream.ready(Interest::READABLE | Interest::ERROR).await {
            if ready.is_read_closed() || ready.is_error() {
                break;
            }
            sleep(LOOK).await;
        }
    }

    fn wrote(&self, pieces: &[IoSlice<'_>], bytes: usize) {
        if self.ledger().wrote(pieces, bytes) {
            self.end(Ending::Close);
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
