//! Splits HTTP/1.1 messages into start line, header fields and body.

/// A request or response, whose body may be incomplete.
#[derive(Debug)]
pub(crate) struct Message {
    /// Request line or status line.
    pub(crate) start_line: String,
    /// Header fields in the order in which they were received, with names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The bytes after the header section.
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// Splits a message, or returns `None` if its header section is incomplete.
    pub(crate) fn parse(received: &[u8]) -> Option<Self> {
        let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&received[..end]);
        let mut lines = head.split("\r\n");
        let start_line = lines.next()?.to_owned();
        let fields = lines.filter_map(|line| line.split_once(':'));
        let headers = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        Some(Self { start_line, headers, body: received[end + 4..].to_vec() })
    }
}

/// Returns the value of the first header field called `name`. `name` must be in lower case.
pub(crate) fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}
