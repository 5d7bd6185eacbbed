//! Counts the bytes of each request and response of a connection. hyper does not report how many bytes of a response
//! were sent, so they are counted at the socket.

use std::collections::VecDeque;
use std::sync::Arc;

use http::{Method, StatusCode};

use crate::access_log::{AccessLog, Entry};

/// The exchanges in progress on a connection, in the order in which their requests arrived. Responses are sent in the
/// same order.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    exchanges: VecDeque<Exchange>,
}

impl Exchanges {
    /// Adds the exchange of a new request.
    pub(super) fn begin(&mut self, exchange: Exchange) {
        self.exchanges.push_back(exchange);
    }

    /// Changes the exchange of the latest request.
    pub(super) fn latest(&mut self, update: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = self.exchanges.back_mut() {
            update(exchange);
        }
    }

    /// Counts bytes that the kernel accepted. Returns true if the connection has to be closed now.
    pub(super) fn count_sent(&mut self, mut sent: &[u8]) -> bool {
        while let Some(exchange) = self.exchanges.front_mut() {
            sent = &sent[exchange.count_sent(sent)..];
            if exchange.is_cut() {
                return true;
            }
            if !exchange.is_complete() {
                break;
            }
            self.exchanges.pop_front();
        }
        false
    }
}

/// A request and its response. Dropping it writes its log entry, so that an exchange that is cut off is logged too.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) entry: Entry,
    log: Option<Arc<AccessLog>>,
    /// Length of the request's body. `None` for a chunked body.
    declared: Option<u64>,
    /// True if the request's body was read to its end.
    is_body_read: bool,
    response: Option<ResponseHead>,
    head: HeadProgress,
    /// Number of bytes of the response's body after which the connection is closed.
    pub(super) close_after: Option<u64>,
}

/// Status of a response, and the number of bytes of its body that are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponseHead {
    status: StatusCode,
    length: u64,
}

impl ResponseHead {
    pub(crate) fn new(method: &Method, status: StatusCode, length: u64) -> Self {
        let has_body = method != Method::HEAD && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        Self { status, length: if has_body { length } else { 0 } }
    }
}

/// Progress in sending the head of a response.
#[derive(Debug, Default)]
struct HeadProgress {
    bytes: usize,
    /// True for a response such as `100 Continue`, which another response follows.
    is_interim: bool,
    /// Number of bytes of [`HEAD_END`] that the last sent bytes match.
    end: usize,
}

/// The end of a head: the last line break, and an empty line.
const HEAD_END: &[u8] = b"\r\n\r\n";
/// Offset of the status in `HTTP/1.1 200 OK`.
const STATUS_OFFSET: usize = 9;

impl Exchange {
    pub(super) fn new(entry: Entry, declared: Option<u64>, log: Option<Arc<AccessLog>>) -> Self {
        let head = HeadProgress::default();
        Self { entry, log, declared, is_body_read: false, response: None, head, close_after: None }
    }

    /// Counts received bytes, up to the declared length. If the emulator does not read a body, the bytes that it
    /// discards may include the next request.
    pub(super) fn count_received(&mut self, bytes: usize) {
        let limit = self.declared.unwrap_or(u64::MAX);
        self.entry.bytes_received = self.entry.bytes_received.saturating_add(bytes as u64).min(limit);
    }

    /// Records the response, and whether the request's body was read to its end.
    pub(super) fn set_response(&mut self, head: ResponseHead, is_body_read: bool) {
        self.response = Some(head);
        self.is_body_read = is_body_read;
    }

    /// Counts sent bytes and returns how many of them belong to this exchange.
    fn count_sent(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while self.entry.status.is_none() {
            let Some(byte) = bytes.get(taken) else {
                return taken;
            };
            taken += 1;
            if self.head.advance(*byte) {
                let was_interim = std::mem::take(&mut self.head).is_interim;
                self.entry.status = self.response.filter(|_| !was_interim).map(|response| response.status.as_u16());
            }
        }
        let length = self.response.map_or(0, |response| response.length);
        let left = length - self.entry.bytes_sent.min(length);
        let body = left.min((bytes.len() - taken) as u64);
        self.entry.bytes_sent += body;
        taken + body as usize
    }

    /// Returns true if the connection has to be closed now.
    fn is_cut(&self) -> bool {
        self.entry.status.is_some() && self.close_after.is_some_and(|after| self.entry.bytes_sent >= after)
    }

    /// Returns true if the whole request was read and the whole response was sent.
    fn is_complete(&self) -> bool {
        let is_sent = self.response.is_some_and(|response| self.entry.bytes_sent == response.length);
        self.entry.status.is_some() && is_sent && self.is_body_read
    }
}

impl HeadProgress {
    /// Advances by one byte and returns true if it was the last byte of the head.
    fn advance(&mut self, byte: u8) -> bool {
        self.is_interim |= self.bytes == STATUS_OFFSET && byte == b'1';
        self.bytes += 1;
        self.end = match byte {
            byte if byte == HEAD_END[self.end] => self.end + 1,
            b'\r' => 1,
            _ => 0,
        };
        self.end == HEAD_END.len()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(log) = &self.log {
            log.write(&self.entry);
        }
    }
}

#[cfg(test)]
#[path = "exchanges_tests.rs"]
mod tests;
