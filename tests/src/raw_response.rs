//! Prepared responses of a [`RawServer`](crate::RawServer): complete responses, and responses with connection faults.

use std::time::Duration;

/// The response of a [`RawServer`](crate::RawServer) to one request.
///
/// A string or byte vector converts to a response. The server writes it unchanged and then closes the connection.
///
/// ```
/// use qingstor_tests::RawResponse;
///
/// let complete = RawResponse::from("HTTP/1.1 204 No Content\r\n\r\n");
/// let stalled = RawResponse::from("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").then_stall();
/// let reset = RawResponse::connection_reset();
/// ```
#[derive(Clone, Debug)]
pub struct RawResponse {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ending: Ending,
    pub(crate) slow_reading: Option<SlowReading>,
}

/// The server's action after it has sent the bytes of a response.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Close,
    Reset,
    /// Serves the next request on the same connection.
    KeepAlive,
    /// Keeps the connection open until the client closes it.
    Stall,
    /// Sends more bytes one at a time, each after a pause.
    Trickle(Vec<u8>, Duration),
}

/// A server that reads a request body more slowly than the client can send it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlowReading {
    /// Maximum number of bytes that are read at once.
    pub(crate) chunk_size: usize,
    /// Pause after each chunk.
    pub(crate) pause: Duration,
}

impl RawResponse {
    /// Resets the connection after the request was read, without sending a byte.
    pub fn connection_reset() -> Self {
        Self { ending: Ending::Reset, ..Self::from("") }
    }

    /// Sends nothing and keeps the connection open until the client closes it.
    pub fn stalled() -> Self {
        Self::from("").then_stall()
    }

    /// Serves the next request on the same connection after this response, which must have a length.
    pub fn then_keep_alive(self) -> Self {
        Self { ending: Ending::KeepAlive, ..self }
    }

    /// Keeps the connection open after the bytes of this response, until the client closes it.
    pub fn then_stall(self) -> Self {
        Self { ending: Ending::Stall, ..self }
    }

    /// Sends `bytes` after the bytes of this response, one at a time, each after a pause.
    pub fn then_trickle(self, bytes: impl Into<Vec<u8>>, pause: Duration) -> Self {
        Self { ending: Ending::Trickle(bytes.into(), pause), ..self }
    }

    /// Reads the request body in chunks of at most `chunk_size` bytes, with a pause after each, before the response is
    /// sent.
    pub fn after_reading_slowly(self, chunk_size: usize, pause: Duration) -> Self {
        Self { slow_reading: Some(SlowReading { chunk_size, pause }), ..self }
    }
}

impl From<Vec<u8>> for RawResponse {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, ending: Ending::Close, slow_reading: None }
    }
}

impl From<String> for RawResponse {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for RawResponse {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}
