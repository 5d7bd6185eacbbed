//! How a [`RawServer`](crate::RawServer) treats one request: well, or in one of the ways that servers fail in.

use std::time::Duration;

/// What is done with one request. Text and bytes are an answer that is written as it is, before the connection is
/// closed in good order.
///
/// ```
/// use qingstor_tests::Answer;
///
/// let good = Answer::from("HTTP/1.1 204 No Content\r\n\r\n");
/// let stalled = Answer::from("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").then_wait();
/// let lost = Answer::reset();
/// ```
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
    pub(crate) reading: Option<Pace>,
}

#[derive(Clone, Debug)]
pub(crate) enum End {
    Close,
    Reset,
    Wait,
    Drip(Vec<u8>, Duration),
}

/// So many bytes at most, and then a pause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) piece: usize,
    pub(crate) pause: Duration,
}

impl Answer {
    /// The connection breaks once the request has been read, before anything was answered.
    pub fn reset() -> Self {
        Self { end: End::Reset, ..Self::from("") }
    }

    /// Nothing is answered, and the connection stays open until the client closes it.
    pub fn silence() -> Self {
        Self::from("").then_wait()
    }

    /// What comes after the bytes is waited for in vain: the connection stays open until the client closes it.
    pub fn then_wait(self) -> Self {
        Self { end: End::Wait, ..self }
    }

    /// More bytes follow, one at a time, each after a pause.
    pub fn then_drip(self, bytes: impl Into<Vec<u8>>, pause: Duration) -> Self {
        Self { end: End::Drip(bytes.into(), pause), ..self }
    }

    /// The request's body is read in pieces of at most so many bytes, with a pause after each.
    pub fn after_reading_slowly(self, piece: usize, pause: Duration) -> Self {
        Self { reading: Some(Pace { piece, pause }), ..self }
    }
}

impl From<Vec<u8>> for Answer {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, end: End::Close, reading: None }
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}
