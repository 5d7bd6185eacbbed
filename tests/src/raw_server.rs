//! An HTTP server that records requests byte for byte and sends prepared responses.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::RawResponse;
use crate::http_message::{Message, header};
use crate::raw_response::{Ending, SlowReading};

/// A request as the server received it.
#[derive(Clone, Debug)]
pub struct RawRequest {
    /// HTTP method, for example `PUT`.
    pub method: String,
    /// Path and query of the request line, still percent-encoded.
    pub target: String,
    /// Header fields in the order in which they were received, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whose length is that of the header `content-length`.
    pub body: Vec<u8>,
}

impl RawRequest {
    /// Returns the value of a header field. `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// A server that sends its prepared responses in order, one for each request. It repeats the last one for all further
/// requests. It serves one request on each connection, unless the response
/// [keeps it alive](RawResponse::then_keep_alive).
#[derive(Debug)]
pub struct RawServer {
    port: u16,
    endpoint: String,
    log: watch::Sender<Log>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Log {
    /// Number of accepted connections.
    connections: usize,
    /// Number of requests whose header section was received. It is the index of the next response.
    started: usize,
    /// Requests that were received completely.
    requests: Vec<RawRequest>,
    /// Number of stalled connections that the client closed.
    closed_by_client: usize,
}

impl RawServer {
    /// Starts a server on a free port.
    pub async fn start(responses: impl IntoIterator<Item = impl Into<RawResponse>>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = watch::Sender::default();
        let responses: Vec<RawResponse> = responses.into_iter().map(Into::into).collect();
        let task = tokio::spawn(serve(listener, responses.into(), log.clone()));
        Ok(Self { port, endpoint, log, task })
    }

    /// Returns the URL of the server, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the port of the server.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the number of accepted connections.
    pub fn connections(&self) -> usize {
        self.log.borrow().connections
    }

    /// Returns the completely received requests, in the order in which the server received their last bytes.
    pub fn requests(&self) -> Vec<RawRequest> {
        self.log.borrow().requests.clone()
    }

    /// Waits until `count` requests were received completely.
    pub async fn wait_for_requests(&self, count: usize) {
        self.wait_until(|log| log.requests.len() >= count).await;
    }

    /// Waits until the client has closed `count` connections on which the server [stalled](RawResponse::then_stall).
    pub async fn wait_until_client_closed(&self, count: usize) {
        self.wait_until(|log| log.closed_by_client >= count).await;
    }

    async fn wait_until(&self, condition: impl FnMut(&Log) -> bool) {
        // `self` owns a sender, so the channel cannot be closed.
        let _ = self.log.subscribe().wait_for(condition).await;
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, responses: Arc<[RawResponse]>, log: watch::Sender<Log>) {
    // Aborting this task drops the set, which closes all connections.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (responses, log) = (Arc::clone(&responses), log.clone());
        log.send_modify(|log| log.connections += 1);
        // Some tests make the client close the connection early, so connection errors are expected.
        connections.spawn(async move { drop(serve_connection(stream, &responses, &log).await) });
    }
}

async fn serve_connection(
    mut stream: TcpStream,
    responses: &[RawResponse],
    log: &watch::Sender<Log>,
) -> io::Result<()> {
    while serve_request(&mut stream, responses, log).await? {}
    Ok(())
}

/// Serves one request. Returns true if the connection is kept alive for the next one.
async fn serve_request(
    stream: &mut TcpStream,
    responses: &[RawResponse],
    log: &watch::Sender<Log>,
) -> io::Result<bool> {
    let mut request = read_head(stream).await?;
    let mut number = 0;
    log.send_modify(|log| {
        number = log.started;
        log.started += 1;
    });
    let Some(response) = responses.get(number).or(responses.last()) else {
        return Ok(false);
    };
    read_body(stream, &mut request, response.slow_reading).await?;
    log.send_modify(|log| log.requests.push(request));

    stream.write_all(&response.bytes).await?;
    match &response.ending {
        Ending::KeepAlive => return Ok(true),
        Ending::Close => stream.shutdown().await?,
        Ending::Reset => stream.set_zero_linger()?,
        Ending::Stall => {
            while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
            log.send_modify(|log| log.closed_by_client += 1);
        }
        Ending::Trickle(bytes, interval) => {
            for byte in bytes {
                pause(*interval).await;
                stream.write_all(&[*byte]).await?;
            }
            stream.shutdown().await?;
        }
    }
    Ok(false)
}

/// Reads the header section of a request, and as much of its body as arrives with it.
pub(crate) async fn read_head(stream: &mut TcpStream) -> io::Result<RawRequest> {
    let mut received = Vec::new();
    let Message { start_line, headers, body } = loop {
        if let Some(message) = Message::parse(&received) {
            break message;
        }
        if stream.read_buf(&mut received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut words = start_line.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Ok(RawRequest { method, target, headers, body })
}

async fn read_body(stream: &mut TcpStream, request: &mut RawRequest, slow: Option<SlowReading>) -> io::Result<()> {
    let length: usize = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut chunk = vec![0; slow.map_or(64 * 1024, |slow| slow.chunk_size)];
    while request.body.len() < length {
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        request.body.extend_from_slice(&chunk[..read]);
        if let Some(slow) = slow {
            pause(slow.pause).await;
        }
    }
    Ok(())
}

/// Sleeps on a blocking thread, because a test may have paused tokio's clock.
async fn pause(duration: Duration) {
    // The blocking task fails only if the runtime shuts down, which also drops this future.
    let _ = tokio::task::spawn_blocking(move || std::thread::sleep(duration)).await;
}
