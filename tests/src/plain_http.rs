//! An HTTP client without any knowledge of QingStor, as used by the recipient of a presigned request.

use std::io;

use qingstor_sdk::PresignedRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http_message::{Message, header};

/// A request that is sent unchanged: the client neither normalises the URL nor adds a signature.
///
/// It is sent to this machine, whatever its host name is, because few systems resolve names such as `bucket.localhost`.
#[derive(Clone, Debug)]
pub struct PlainRequest {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The response to a [`PlainRequest`].
#[derive(Clone, Debug)]
pub struct PlainResponse {
    /// HTTP status code, for example 200.
    pub status: u16,
    /// Header fields, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes that were received before the server closed the connection.
    pub body: Vec<u8>,
}

impl PlainRequest {
    /// Creates a request without header fields and body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// Creates a request with method, URL, header fields and body of a presigned request.
    pub fn of(presigned: &PresignedRequest) -> Self {
        let headers = presigned.headers().iter();
        Self {
            method: presigned.method().to_string(),
            url: presigned.url().to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            body: presigned.body().map(|body| body.to_vec()).unwrap_or_default(),
        }
    }

    /// Creates a request for the URL of a presigned request, but without query, header fields and body.
    pub fn without_signature(presigned: &PresignedRequest) -> Self {
        let url = presigned.url().split('?').next().unwrap_or_default();
        Self::new(presigned.method().to_string(), url)
    }

    /// Sets a header field and replaces its previous value.
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

    /// Sends the request on a new connection and returns the response.
    pub async fn send(&self) -> io::Result<PlainResponse> {
        let (_, rest) = self.url.split_once("://").ok_or_else(|| self.invalid("the URL has no scheme"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let port = port.ok_or_else(|| self.invalid("the URL has no port"))?;
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
        let Message { start_line, headers, body } = Message::parse(&received)
            .ok_or_else(|| self.invalid("the header section of the response is incomplete"))?;
        let status = start_line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| self.invalid("the response has no status code"))?;
        Ok(PlainResponse { status, headers, body })
    }

    /// Sends the request to the host of its URL with `client`, which supports HTTPS and proxies.
    ///
    /// # Errors
    ///
    /// Returns an error if the request cannot be sent or the response cannot be read. It does not contain the URL,
    /// because a presigned URL is a secret.
    pub async fn send_with(&self, client: &reqwest::Client) -> io::Result<PlainResponse> {
        let method = self.method.parse::<reqwest::Method>().map_err(io::Error::other)?;
        let request = client.request(method, &self.url).body(self.body.clone());
        Self::receive(self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))).await
    }

    /// Like [`send_with`](Self::send_with), but with a chunked body, whose length is not announced.
    ///
    /// # Errors
    ///
    /// See [`send_with`](Self::send_with).
    pub async fn send_chunked_with(&self, client: &reqwest::Client) -> io::Result<PlainResponse> {
        let method = self.method.parse::<reqwest::Method>().map_err(io::Error::other)?;
        let chunks = futures_util::stream::iter([io::Result::Ok(self.body.clone())]);
        Self::receive(client.request(method, &self.url).body(reqwest::Body::wrap_stream(chunks))).await
    }

    async fn receive(request: reqwest::RequestBuilder) -> io::Result<PlainResponse> {
        let response = request.send().await.map_err(|error| io::Error::other(error.without_url()))?;
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let (status, headers) = (response.status().as_u16(), headers.collect());
        let body = response.bytes().await.map_err(|error| io::Error::other(error.without_url()))?.to_vec();
        Ok(PlainResponse { status, headers, body })
    }

    fn invalid(&self, problem: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("{} {}: {problem}", self.method, self.url))
    }
}

/// Returns an HTTP client for [`PlainRequest::send_with`]. It follows no redirects.
///
/// # Errors
///
/// Returns an error if the system's certificates cannot be used.
pub fn http_client() -> io::Result<reqwest::Client> {
    // An error means that the process has a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().map_err(io::Error::other)
}

impl PlainResponse {
    /// Returns the value of a header field. `name` must be in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
