//! Continues the body of a response after its connection broke, with a request for the rest of the same object.

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::Client;
use super::send::{CHECK_ENDPOINT, Call};
use crate::body::{Rest, Resume};
use crate::error::{Error, Result};
use crate::operation::ResponseDecoder;
use crate::operation::spec::ResponseKind;
use crate::value::{ByteRange, ContentRange, escape, etag_value, if_match};

impl Client {
    /// Sends the call as [`send`](Self::send) does, within the retry policy. If the operation allows it, the body of the
    /// response continues after its connection broke.
    ///
    /// # Errors
    ///
    /// Also if the operation allows it and the response contains other bytes of the object than the requested ones.
    pub(super) async fn send_resumable(self: &Arc<Self>, call: Box<Call>) -> Result<ResponseDecoder> {
        let mut attempts = self.attempts();
        let mut response = self.send(&call, &mut attempts).await?;
        let failed = attempts.failed();
        if call.spec.response == ResponseKind::Resumable {
            self.make_resumable(call, failed, &mut response)?;
        }
        Ok(response)
    }

    fn make_resumable(self: &Arc<Self>, call: Box<Call>, failed: u32, response: &mut ResponseDecoder) -> Result<()> {
        let (status, headers) = response.head();
        let content = content_of(status, headers);
        if let Ok(content) = &content {
            let requested = text_of(&call.request.headers, header::RANGE).map_or((0..).into(), ByteRange::from);
            if !requested.selects(content) {
                let message =
                    format!("the response contains {content}, but {requested} was requested; {CHECK_ENDPOINT}");
                return Err(response.unexpected(message));
            }
        }
        let if_match = text_of(headers, header::ETAG).and_then(if_match).ok_or("the response has no strong ETag");
        let content = match self.config.retry.can_resume() {
            true => if_match.and_then(|if_match| Ok((if_match, content?))),
            false => Err("the retry settings switch it off"),
        };
        let Some(body) = response.stream() else { return Ok(()) };
        match content {
            Ok((if_match, content)) => {
                let length = content.bytes.end - content.bytes.start;
                let client = Arc::clone(self);
                let resume = Continuation { client, call, if_match, content, received: 0, failed };
                body.set_resumable(Box::new(resume), length);
            }
            Err(reason) => body.set_not_resumable(reason),
        }
        Ok(())
    }
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Returns the part of the object that the response contains, or the reason for which it is unknown.
fn content_of(status: StatusCode, headers: &HeaderMap) -> Result<ContentRange, &'static str> {
    let length: Option<u64> = text_of(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if status == StatusCode::PARTIAL_CONTENT {
        let range = text_of(headers, header::CONTENT_RANGE).and_then(ContentRange::parse);
        let range = range.ok_or("the response has no valid Content-Range")?;
        return match length {
            Some(length) if length != range.bytes.end - range.bytes.start => {
                Err("its Content-Range contradicts its length")
            }
            _ => Ok(range),
        };
    }
    let length = length.ok_or("the length of the response is unknown")?;
    Ok(ContentRange { bytes: 0..length, size: Some(length) })
}

/// Requests the rest of a body. It owns everything that is needed, because the body may outlive the handles.
struct Continuation {
    client: Arc<Client>,
    /// The call of the first response.
    call: Box<Call>,
    /// Value of `If-Match`: the strong ETag of the object in quotes.
    if_match: String,
    /// Part of the object that the whole body contains.
    content: ContentRange,
    /// Number of bytes of the body that were received before the latest request.
    received: u64,
    /// Number of failed attempts since bytes were received.
    failed: u32,
}

impl Resume for Continuation {
    fn resume(mut self: Box<Self>, received: u64, error: Error) -> Pin<Box<dyn Future<Output = Result<Rest>> + Send>> {
        Box::pin(async move {
            if received > self.received {
                self.received = received;
                self.failed = 0;
            }
            let client = Arc::clone(&self.client);
            let mut attempts = client.attempts_after(self.failed);
            attempts.pause(error).await?;
            self.set_headers()?;
            let mut response = client.send(&self.call, &mut attempts).await?;
            self.failed = attempts.failed();
            if let Some(mismatch) = self.mismatch(&response) {
                let message = format!("the response is not the rest of the body: {}", escape(mismatch));
                return Err(response.unexpected(message));
            }
            Ok(Rest { body: response.body(), resume: self })
        })
    }
}

impl Continuation {
    /// Returns the bytes of the object that are still missing.
    fn rest(&self) -> Range<u64> {
        self.content.bytes.start + self.received..self.content.bytes.end
    }

    /// Makes the call a request for the rest of the same object. Customer keys and the version remain.
    fn set_headers(&mut self) -> Result<()> {
        let range = ByteRange::from(self.rest()).to_string();
        let headers = &mut self.call.request.headers;
        // The object has been returned already, so these conditions were met.
        headers.remove(header::IF_NONE_MATCH);
        headers.remove(header::IF_MODIFIED_SINCE);
        for (name, text) in [(header::RANGE, &range), (header::IF_MATCH, &self.if_match)] {
            let value = HeaderValue::from_str(text).map_err(|error| {
                Error::unexpected_response("the ETag of the response cannot be sent in If-Match").with_source(error)
            })?;
            headers.insert(name, value);
        }
        Ok(())
    }

    /// Describes why a response is not the rest of the body. Returns `None` if it is.
    fn mismatch(&self, response: &ResponseDecoder) -> Option<String> {
        let (status, headers) = response.head();
        if status != StatusCode::PARTIAL_CONTENT {
            return Some(format!("its status is {} and not 206", status.as_u16()));
        }
        let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let (if_match, rest) = (&self.if_match, self.rest());
        match text(header::ETAG) {
            Some(etag) if etag_value(&etag) == etag_value(if_match) => {}
            Some(etag) => return Some(format!("its ETag is {etag} and not {if_match}")),
            None => return Some(format!("it has no ETag instead of {if_match}")),
        }
        let found = text(header::CONTENT_RANGE);
        let range = found.as_deref().and_then(ContentRange::parse);
        let is_rest = |range: ContentRange| {
            range.bytes == rest && (range.size == self.content.size || self.content.size.is_none())
        };
        if !range.is_some_and(is_rest) {
            let found = found.map_or("missing".into(), |found| found.into_owned());
            let expected = ContentRange { bytes: rest, size: self.content.size };
            return Some(format!("its Content-Range is {found} and not {expected}"));
        }
        let length = rest.end - rest.start;
        text(header::CONTENT_LENGTH)
            .filter(|found| found.trim() != length.to_string())
            .map(|found| format!("its length is {found} bytes and not {length}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_from_the_headers() {
        let part = |bytes: Range<u64>, size| Ok(ContentRange { bytes, size });
        for (status, length, range, expected) in [
            (200, "10", "", part(0..10, Some(10))),
            (200, "0", "", part(0..0, Some(0))),
            (200, "10", "bytes 0-1/2", part(0..10, Some(10))),
            (206, "3", "bytes 7-9/10", part(7..10, Some(10))),
            (206, "", "bytes 7-9/*", part(7..10, None)),
            (200, "", "", Err("the length of the response is unknown")),
            (206, "3", "", Err("the response has no valid Content-Range")),
            (206, "3", "bytes 9-7/10", Err("the response has no valid Content-Range")),
            (206, "4", "bytes 7-9/10", Err("its Content-Range contradicts its length")),
        ] {
            let named = [(header::CONTENT_LENGTH, length), (header::CONTENT_RANGE, range)];
            let present = named.into_iter().filter(|(_, text)| !text.is_empty());
            let headers = present.map(|(name, text)| (name, HeaderValue::from_static(text))).collect();
            let found = content_of(StatusCode::from_u16(status).unwrap(), &headers);
            assert_eq!(found, expected, "{status} {length} {range}");
        }
    }
}
