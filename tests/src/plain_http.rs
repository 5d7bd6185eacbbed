//! An HTTP client that knows nothing of QingStor, as those are that links are handed to.

use std::io;

use qingstor_sdk::PresignedRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request that is sent as it is written down here, every byte of the URL included.
///
/// Whatever its host is called, it goes to this machine: names such as `bucket.localhost` are resolved by few systems.
#[derive(Clone, Debug)]
pub struct PlainRequest {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct PlainResponse {
    /// `200`
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As many bytes as came before the connection was closed.
    pub body: Vec<u8>,
}

impl PlainRequest {
    /// Without headers of its own, and without a body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// What a link says that is to be sent.
    pub fn of(link: &PresignedRequest) -> Self {
        let headers = link.headers().iter();
        Self {
            method: link.method().to_string(),
            url: link.url().to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            body: link.body().map(|body| body.to_vec()).unwrap_or_default(),
        }
    }

    /// Sets a header, in the place of another of the name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it on a connection of its own.
    pub async fn send(&self) -> io::Result<PlainResponse> {
        let (_, rest) = self.url.split_once("://").ok_or_else(|| invalid("the URL has no scheme"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let port = port.ok_or_else(|| invalid("the URL has no port"))?;
        let mut head = format!("{} /{path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n", self.method);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n", self.body.len());

        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&self.body).await?;
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await?;
        PlainResponse::parse(received)
    }
}

impl PlainResponse {
    fn parse(mut received: Vec<u8>) -> io::Result<Self> {
        let end = received.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.ok_or_else(|| invalid("the answer has no end of its head"))?;
        let body = received.split_off(end + 4);
        let head = String::from_utf8_lossy(&received);
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Self { status: status.ok_or_else(|| invalid("the answer has no status"))?, headers, body })
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The body, where it is text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
