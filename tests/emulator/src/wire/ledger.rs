//! What belongs to which request of a connection. HTTP libraries say what they were given to send; how much of it has
//! been sent is only known below.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

use http::{Method, Response, StatusCode};
use http_body::Body;

use crate::access_log::{AccessLog, Entry};

/// The requests that have not ended, in the order of their arrival: their answers are sent in that order.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    exchanges: VecDeque<Exchange>,
}

impl Ledger {
    pub(super) fn begin(&mut self, exchange: Exchange) {
        self.exchanges.push_back(exchange);
    }

    pub(super) fn last(&mut self, tell: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = self.exchanges.back_mut() {
            tell(exchange);
        }
    }

    /// Takes note of what was sent, the first so many bytes of these pieces. Tells whether the connection is to be cut.
    pub(super) fn wrote(&mut self, pieces: &[IoSlice<'_>], mut bytes: usize) -> bool {
        for piece in pieces {
            let mut piece: &[u8] = piece;
            piece = &piece[..piece.len().min(bytes)];
            bytes -= piece.len();
            while let Some(exchange) = self.exchanges.front_mut() {
                piece = &piece[exchange.wrote(piece)..];
                if exchange.is_cut() {
                    return true;
                }
                if !exchange.is_over() {
                    break;
                }
                self.exchanges.pop_front();
            }
        }
        false
    }
}

/// A request and its answer. When it is dropped, it is over in whatever way, and logged.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) entry: Entry,
    log: Option<Arc<AccessLog>>,
    declared: Option<u64>,
    is_read: bool,
    answer: Option<Answer>,
    head: Head,
    cut_after: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    status: StatusCode,
    length: u64,
}

/// How far the head of the answer has been sent.
#[derive(Debug, Default)]
struct Head {
    bytes: usize,
    is_interim: bool,
    /// How much of the empty line that ends it.
    end: usize,
}

const HEAD_END: &[u8] = b"\r\n\r\n";
/// Where the status begins in `HTTP/1.1 200 OK`.
const STATUS: usize = 9;

impl Exchange {
    pub(super) fn new(entry: Entry, declared: Option<u64>, log: Option<Arc<AccessLog>>) -> Self {
        Self { entry, log, declared, is_read: false, answer: None, head: Head::default(), cut_after: None }
    }

    /// No more is counted than the body is long: behind a body that is passed over there may be anything.
    pub(super) fn receive(&mut self, bytes: usize) {
        let limit = self.declared.unwrap_or(u64::MAX);
        self.entry.bytes_received = self.entry.bytes_received.saturating_add(bytes as u64).min(limit);
    }

    pub(super) fn answer(&mut self, method: &Method, answer: &Response<impl Body>, is_read: bool) {
        let status = answer.status();
        let has_body = method != Method::HEAD && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let length = if has_body { answer.body().size_hint().exact().unwrap_or(u64::MAX) } else { 0 };
        self.answer = Some(Answer { status, length });
        self.is_read = is_read;
    }

    pub(super) fn cut_after(&mut self, bytes: u64) {
        self.cut_after = Some(bytes);
    }

    /// Takes note of what was sent, and tells how much of it belongs here.
    fn wrote(&mut self, bytes: &[u8]) -> usize {
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
        self.entry.status.is_some() && self.cut_after.is_some_and(|after| self.entry.bytes_sent >= after)
    }

    /// Whether everything was read and sent.
    fn is_over(&self) -> bool {
        let is_sent = self.answer.is_some_and(|answer| self.entry.bytes_sent == answer.length);
        self.entry.status.is_some() && is_sent && self.is_read
    }
}

impl Head {
    /// Goes on by one byte, and tells whether it was the last one.
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
#[path = "ledger_tests.rs"]
mod tests;
