//! The body of a request, with the injected fault.

use std::sync::Arc;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::injected_fault::BodyFault;
use crate::connection::Connection;

#[derive(Debug)]
pub(crate) struct IncomingBody {
    incoming: Incoming,
    connection: Arc<Connection>,
    received: u64,
    fault: Option<BodyFault>,
}

impl IncomingBody {
    pub(crate) fn new(incoming: Incoming, connection: Arc<Connection>) -> Self {
        Self { incoming, connection, received: 0, fault: None }
    }

    /// Returns the length, unless the body is chunked.
    pub(crate) fn length(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.incoming.is_end_stream()
    }

    pub(crate) fn inject(&mut self, fault: Option<BodyFault>) {
        if let Some(BodyFault::Limit(limiter)) = &fault {
            self.connection.limit_reads(limiter.chunk_size());
        }
        // Kernel buffers would hide these faults.
        let needs_small_buffer = match &fault {
            Some(BodyFault::Limit(limiter)) => limiter.is_slow(),
            Some(BodyFault::Stall { .. }) => true,
            _ => false,
        };
        if needs_small_buffer {
            self.connection.shrink_receive_buffer();
        }
        self.fault = fault;
    }

    /// Returns the next bytes, which are not empty, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            self.interrupt().await;
            let bytes = match self.incoming.frame().await? {
                Ok(frame) => frame.into_data().ok().filter(|bytes| !bytes.is_empty()),
                Err(error) => return Some(Err(error)),
            };
            if let Some(mut bytes) = bytes {
                let start = self.received;
                self.received += bytes.len() as u64;
                self.connection.count_received(bytes.len());
                match &self.fault {
                    Some(BodyFault::Limit(limiter)) => limiter.transfer(bytes.len()).await,
                    Some(fault) => bytes = fault.flip_bit(bytes, start),
                    None => {}
                }
                self.interrupt().await;
                return Some(Ok(bytes));
            }
        }
    }

    async fn interrupt(&mut self) {
        match &self.fault {
            Some(BodyFault::End { after }) if self.received >= *after => self.connection.reset().await,
            Some(BodyFault::Stall { after, lasts }) if self.received >= *after => {
                self.connection.stall(*lasts).await;
                self.fault = None;
            }
            _ => {}
        }
    }
}
