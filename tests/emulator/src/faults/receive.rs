//! The body of a request as it comes in, with what goes wrong on the way.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::hit::OnReceive;
use crate::wire::Wire;

#[derive(Debug)]
pub(crate) struct Intake {
    incoming: Incoming,
    wire: Arc<Wire>,
    received: u64,
    fault: Option<OnReceive>,
}

impl Intake {
    pub(crate) fn new(incoming: Incoming, wire: Arc<Wire>) -> Self {
        Self { incoming, wire, received: 0, fault: None }
    }

    pub(crate) fn length(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.incoming.is_end_stream()
    }

    pub(crate) fn misbehave(&mut self, fault: Option<OnReceive>) {
        let shows_in_buffers = match &fault {
            Some(OnReceive::Pace(pacer)) => {
                self.wire.read_at_once(pacer.piece());
                pacer.is_slow()
            }
            Some(OnReceive::Stall { .. }) => true,
            _ => false,
        };
        if shows_in_buffers {
            self.wire.take_in_little();
        }
        self.fault = fault;
    }

    /// The next data, never empty; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            self.interrupt().await;
            let bytes = match self.incoming.frame().await? {
                Ok(frame) => frame.into_data().ok().filter(|bytes| !bytes.is_empty()),
                Err(error) => return Some(Err(error)),
            };
            if let Some(bytes) = bytes {
                let start = self.received;
                self.received += bytes.len() as u64;
                self.wire.received(bytes.len());
                let bytes = self.change(bytes, start).await;
                self.interrupt().await;
                return Some(Ok(bytes));
            }
        }
    }

    async fn interrupt(&mut self) {
        match &self.fault {
            Some(OnReceive::Reset { after }) if self.received >= *after => self.wire.reset().await,
            Some(OnReceive::Stall { after, lasts }) if self.received >= *after => {
                self.wire.stall(*lasts).await;
                self.fault = None;
            }
            _ => {}
        }
    }

    async fn change(&self, bytes: Bytes, start: u64) -> Bytes {
        match &self.fault {
            Some(OnReceive::Pace(pacer)) => pacer.pass(bytes.len()).await,
            Some(OnReceive::Flip { at, mask }) => return flipped(bytes, start, *at, *mask),
            _ => {}
        }
        bytes
    }
}

/// Data whose first byte is at `start`, with some bits of the byte at `at` changed, if that is in it.
pub(super) fn flipped(bytes: Bytes, start: u64, at: u64, mask: u8) -> Bytes {
    let Some(index) = at.checked_sub(start).filter(|index| *index < bytes.len() as u64) else {
        return bytes;
    };
    let mut changed = BytesMut::from(bytes);
    changed[index as usize] ^= mask;
    changed.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_is_changed_and_only_where_it_is() {
        let bytes = Bytes::from_static(b"abc");
        assert_eq!(flipped(bytes.clone(), 10, 9, 1), "abc");
        assert_eq!(flipped(bytes.clone(), 10, 10, 1), "`bc");
        assert_eq!(flipped(bytes.clone(), 10, 12, 1), "abb");
        assert_eq!(flipped(bytes, 10, 13, 1), "abc");
    }
}
