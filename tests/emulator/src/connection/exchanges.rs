//! Attributes the bytes of a connection to its requests. hyper does not report how many bytes of an answer were sent, so
//! they are counted at the socket.

use std::collections::VecDeque;
use std::sync::Arc;

use http::{Method, StatusCode};

use crate::access_log::{AccessLog, Entry};

/// The requests of a connection that have not ended, in the order of their arrival. Answers are sent in that order.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    exchanges: VecDeque<Exchange>,
}

impl Exchanges {
    pub(super) fn begin(&mut self, exchange: Exchange) {
        self.exchanges.push_back(exchange);
    }

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

/// A request and its answer. It is logged when it is dropped, whatever ended it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) entry: Entry,
    log: Option<Arc<AccessLog>>,
    declared: Option<u64>,
    is_read: bool,
    answer: Option<AnswerHead>,
    head: HeadProgress,
    pub(super) close_after: Option<u64>,
}

/// Status of an answer, and the number of bytes that its body occupies on the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnswerHead {
    status: StatusCode,
    length: u64,
}

impl AnswerHead {
    pub(crate) fn new(method: &Method, status: StatusCode, length: u64) -> Self {
        let has_body = method != Method::HEAD && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        Self { status, length: if has_body { length } else { 0 } }
    }
}

/// Progress in sending the head of an answer.
#[derive(Debug, Default)]
struct HeadProgress {
    bytes: usize,
    is_interim: bool,
    /// Bytes sent of the empty line that ends the head.
    end: usize,
}

const HEAD_END: &[u8] = b"\r\n\r\n";
/// Position of the status in `HTTP/1.1 200 OK`.
const STATUS: usize = 9;

impl Exchange {
    pub(super) fn new(entry: Entry, declared: Option<u64>, log: Option<Arc<AccessLog>>) -> Self {
        let head = HeadProgress::default();
        Self { entry, log, declared, is_read: false, answer: None, head, close_after: None }
    }

    /// Counts received bytes, at most the declared length: other data may follow a body that is skipped.
    pub(super) fn count_received(&mut self, bytes: usize) {
        let limit = self.declared.unwrap_or(u64::MAX);
        self.entry.bytes_received = self.entry.bytes_received.saturating_add(bytes as u64).min(limit);
    }

    pub(super) fn answer(&mut self, head: AnswerHead, is_read: bool) {
        self.answer = Some(head);
        self.is_read = is_read;
    }

    /// Counts sent bytes and returns how many of them belong to this exchange.
    fn count_sent(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while self.entry.status.is_none() {
            let Some(byte) = bytes.get(taken) else {
                return taken;
            };
            taken += 1;
            if self.head.ends_with(*byte) {
                let was_interim = std::mem::take(&mut self.head).is_interim;
                self.entry.status = self.answer.filter(|_| !was_interim).map(|answer| answer.status.as_u16());
            }
        }
        let length = self.answer.map_or(0, |answer| answer.length);
        let left = length - self.entry.bytes_sent.min(length);
        let body = left.min((bytes.len() - taken) as u64);
        self.entry.bytes_sent += body;
        taken + body as usize
    }

    fn is_cut(&self) -> bool {
        self.entry.status.is_some() && self.close_after.is_some_and(|after| self.entry.bytes_sent >= after)
    }

    /// Returns true if the request was read and the answer sent, both completely.
    fn is_complete(&self) -> bool {
        let is_sent = self.answer.is_some_and(|answer| self.entry.bytes_sent == answer.length);
        self.entry.status.is_some() && is_sent && self.is_read
    }
}

impl HeadProgress {
    /// Advances by one byte and returns true if it was the last one.
    fn ends_with(&mut self, byte: u8) -> bool {
        self.is_interim |= self.bytes == STATUS && byte == b'1';
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
