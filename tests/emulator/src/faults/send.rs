//! The body of an answer as it goes out, with what goes wrong on the way.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::hit::OnSend;
use super::receive::flipped;
use crate::body::ResponseBody;
use crate::wire::Wire;

pub(crate) struct Outgoing {
    body: ResponseBody,
    wire: Arc<Wire>,
    fault: Option<OnSend>,
    sent: u64,
    /// What was read and not sent.
    rest: Bytes,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// How much has been waited for, on a line of a certain speed.
    passed: usize,
}

impl Outgoing {
    pub(crate) fn new(body: ResponseBody, wire: Arc<Wire>, fault: Option<OnSend>) -> Self {
        if let Some(OnSend::Cut { after }) = fault
            && body.size_hint().exact().is_some_and(|length| after < length)
        {
            wire.cut_after(after);
        }
        Self { body, wire, fault, sent: 0, rest: Bytes::new(), waiting: None, passed: 0 }
    }

    /// How much may go now; 0 to ask again after waiting, `None` for no more at all.
    fn allow(&mut self) -> Option<usize> {
        let left = |after: u64| (after > self.sent).then(|| (after - self.sent) as usize);
        match &self.fault {
            // The connection is closed below, as soon as this has really been sent.
            Some(OnSend::Cut { after }) => left(*after),
            Some(OnSend::Stall { after, lasts }) => Some(match left(*after) {
                Some(left) => left,
                None => {
                    let (wire, lasts) = (Arc::clone(&self.wire), *lasts);
                    self.waiting = Some(Box::pin(async move { wire.stall(lasts).await }));
                    self.fault = None;
                    0
                }
            }),
            Some(OnSend::Pace(pacer)) if self.passed == 0 => {
                self.passed = pacer.piece().min(self.rest.len());
                let (pacer, bytes) = (Arc::clone(pacer), self.passed);
                self.waiting = Some(Box::pin(async move { pacer.pass(bytes).await }));
                Some(0)
            }
            Some(OnSend::Pace(_)) => Some(std::mem::take(&mut self.passed)),
            _ => Some(usize::MAX),
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        loop {
            if let Some(waiting) = &mut this.waiting {
                ready!(waiting.as_mut().poll(context));
                this.waiting = None;
            }
            if this.rest.is_empty() && !this.body.is_end_stream() {
                match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                    Some(Ok(frame)) => this.rest = frame.into_data().unwrap_or_default(),
                    end => return Poll::Ready(end),
                }
            }
            if this.rest.is_empty() {
                return Poll::Ready(None);
            }
            let Some(allowed) = this.allow() else {
                return Poll::Pending;
            };
            if allowed == 0 {
                continue;
            }
            let piece = this.rest.split_to(allowed.min(this.rest.len()));
            let start = this.sent;
            this.sent += piece.len() as u64;
            let piece = match &this.fault {
                Some(OnSend::Flip { at, mask }) => flipped(piece, start, *at, *mask),
                _ => piece,
            };
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let mut hint = self.body.size_hint();
        hint.set_upper(hint.upper().unwrap_or(u64::MAX).saturating_add(rest));
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("fault", &self.fault).field("sent", &self.sent).finish_non_exhaustive()
    }
}
