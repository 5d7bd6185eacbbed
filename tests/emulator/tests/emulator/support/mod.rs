//! HTTP clients for the tests. They sign requests with the signature module of the emulator.

pub(crate) mod process;

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use md5::{Digest, Md5};
use qingstor_emulator::{Builder, Emulator, signature};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const MIB: usize = 1024 * 1024;

/// A client that signs its requests.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    endpoint: String,
    access_key_id: String,
    secret_access_key: String,
}

pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{text}");
        self
    }
}

impl Client {
    pub(crate) fn new(emulator: &Emulator) -> Self {
        Self::at(&emulator.endpoint(), emulator.access_key_id(), emulator.secret_access_key())
    }

    pub(crate) fn at(endpoint: &str, access_key_id: &str, secret_access_key: &str) -> Self {
        Self::trusting("", endpoint, access_key_id, secret_access_key)
    }

    /// Returns a client that trusts the authorities in `pem`.
    pub(crate) fn trusting(pem: &str, endpoint: &str, access_key_id: &str, secret_access_key: &str) -> Self {
        Self {
            http: http_client(pem),
            endpoint: endpoint.to_owned(),
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
        }
    }

    pub(crate) async fn get(&self, target: &str) -> Response {
        self.send("GET", target, &[], "").await
    }

    pub(crate) async fn put(&self, target: &str, body: impl Into<Vec<u8>>) -> Response {
        self.send("PUT", target, &[], body).await
    }

    pub(crate) async fn delete(&self, target: &str) -> Response {
        self.send("DELETE", target, &[], "").await
    }

    pub(crate) async fn post(&self, target: &str, body: impl Into<Vec<u8>>) -> Response {
        self.send("POST", target, &[], body).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Response {
        let headers = self.sign(method, target, None, headers);
        self.send_as_is(method, target, headers, body).await
    }

    /// Sends a request with these headers only, without a signature.
    pub(crate) async fn send_as_is(
        &self,
        method: &str,
        target: &str,
        headers: HeaderMap,
        body: impl Into<Vec<u8>>,
    ) -> Response {
        self.exchange(method, target, headers, body.into()).await.unwrap()
    }

    /// Sends a request that may fail without a response.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> reqwest::Result<Response> {
        let headers = self.sign(method, target, None, headers);
        self.exchange(method, target, headers, body.into()).await
    }

    async fn exchange(
        &self,
        method: &str,
        target: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> reqwest::Result<Response> {
        let request = self.http.request(method.parse().unwrap(), format!("{}{target}", self.endpoint));
        let response = request.headers(headers).body(body).send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Response { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// Returns the headers with a date and the signature. `host_bucket` is the bucket if the host names it.
    pub(crate) fn sign(
        &self,
        method: &str,
        target: &str,
        host_bucket: Option<&str>,
        headers: &[(&str, &str)],
    ) -> HeaderMap {
        let mut headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                let name: HeaderName = name.parse().unwrap();
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect();
        if !headers.contains_key("date") {
            headers.insert("date", http_date(0).parse().unwrap());
        }
        let text = signature::string_to_sign(method, target, host_bucket, &headers, None);
        let signature = signature::sign(&self.secret_access_key, &text);
        let authorization = format!("QS {}:{signature}", self.access_key_id);
        headers.insert("authorization", authorization.parse().unwrap());
        headers
    }

    pub(crate) async fn initiate(&self, path: &str) -> String {
        let response = self.post(&format!("{path}?uploads"), "").await.expect(200);
        response.json()["upload_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn part(&self, path: &str, upload: &str, number: u32, data: Vec<u8>) -> Response {
        let target = format!("{path}?part_number={number}&upload_id={upload}");
        self.put(&target, data).await
    }

    pub(crate) async fn complete(&self, path: &str, upload: &str, numbers: &[u32]) -> Response {
        let parts: Vec<Value> = numbers.iter().map(|number| serde_json::json!({ "part_number": number })).collect();
        let body = serde_json::json!({ "object_parts": parts }).to_string();
        self.post(&format!("{path}?upload_id={upload}"), body).await
    }
}

/// Starts an emulator with the default settings and the bucket `b`.
pub(crate) async fn start() -> (Emulator, Client) {
    start_with(Emulator::builder()).await
}

/// Starts an emulator with these settings and the bucket `b`.
pub(crate) async fn start_with(builder: Builder) -> (Emulator, Client) {
    let emulator = builder.bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    (emulator, client)
}

/// Returns the current time plus `offset` seconds, as in the header `Date`.
pub(crate) fn http_date(offset: i64) -> String {
    let now = i64::try_from(epoch()).unwrap() + offset;
    let timestamp = jiff::Timestamp::from_second(now).unwrap();
    timestamp.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Returns the current time in seconds since 1970.
pub(crate) fn epoch() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn md5_hex(data: &[u8]) -> String {
    Md5::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn md5_base64(data: &[u8]) -> String {
    STANDARD.encode(Md5::digest(data))
}

/// Returns pseudorandom data.
pub(crate) fn data(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect()
}

/// A connection on which the test writes and reads every byte.
pub(crate) struct RawConnection {
    stream: TcpStream,
}

impl From<TcpStream> for RawConnection {
    fn from(stream: TcpStream) -> Self {
        Self { stream }
    }
}

impl RawConnection {
    pub(crate) async fn connect(emulator: &Emulator) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", emulator.port())).await.unwrap();
        Self { stream }
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Writes the head of a request.
    pub(crate) async fn write_head(&mut self, method: &str, target: &str, headers: &HeaderMap) {
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        head.push_str("\r\n");
        self.write(head).await;
    }

    /// Writes a signed request with a body.
    pub(crate) async fn write_request(&mut self, client: &Client, method: &str, target: &str, body: &[u8]) {
        let length = body.len().to_string();
        let mut headers = client.sign(method, target, None, &[("content-length", &length)]);
        headers.insert("host", "localhost".parse().unwrap());
        self.write_head(method, target, &headers).await;
        self.write(body).await;
    }

    /// Reads until the server closes the connection.
    pub(crate) async fn read_to_end(&mut self) -> std::io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await?;
        Ok(rest)
    }

    /// Reads until the bytes that were read end with `end`.
    pub(crate) async fn read_until(&mut self, end: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end) {
            bytes.push(self.stream.read_u8().await.unwrap());
        }
        bytes
    }

    /// Writes until the kernel accepts no more bytes, and returns their number.
    pub(crate) fn write_until_full(&mut self) -> usize {
        // Otherwise the kernel lets the send buffer grow, and the result depends on how busy the machine is.
        SockRef::from(&self.stream).set_send_buffer_size(16 * 1024).unwrap();
        let mut written = 0;
        while let Ok(bytes) = self.stream.try_write(&[0; 64 * 1024]) {
            written += bytes;
        }
        written
    }

    pub(crate) async fn finish_writing(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Reads the head of a response, and its body if it has a length.
    pub(crate) async fn read_response(&mut self, method: &str) -> Response {
        let head = String::from_utf8(self.read_until(b"\r\n\r\n").await).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers: HeaderMap = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| {
                let name: HeaderName = name.parse().unwrap();
                (name, value.parse().unwrap())
            })
            .collect();
        let length = headers.get("content-length").map_or(0, |length| length.to_str().unwrap().parse().unwrap());
        let mut body = vec![0; if method == "HEAD" { 0 } else { length }];
        self.stream.read_exact(&mut body).await.unwrap();
        Response { status: status.parse().unwrap(), headers, body }
    }
}

/// Creates a client without a proxy that trusts the authorities in `pem`. It needs a TLS configuration even if `pem` is
/// empty, because another crate of the workspace enables TLS.
fn http_client(pem: &str) -> reqwest::Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Another package of the workspace enables unpacking of responses. The tests compare the bytes that the emulator
    // sends.
    let builder = reqwest::Client::builder().no_gzip().no_brotli().no_zstd().no_deflate();
    builder.tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}
