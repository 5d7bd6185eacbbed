//! A server that parses nothing more than it must, so that tests see what really went over the wire.

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::Answer;
use crate::answer::{End, Pace};

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct RawRequest {
    /// `PUT`
    pub method: String,
    /// Path and query, as on the request line.
    pub target: String,
    /// In the order in which they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// As many bytes as `content-length` said.
    pub body: Vec<u8>,
}

impl RawRequest {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Answers every request from a list of prepared answers, the last of them again and again, and closes the connection.
///
/// Requests are counted when their head has come, and shown when their body has come too.
#[derive(Debug)]
pub struct RawServer {
    endpoint: String,
    log: Arc<Log>,
    serving: JoinHandle<()>,
}

/// What has happened so far, and who waits for more to happen.
#[derive(Debug, Default)]
struct Log(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    begun: usize,
    requests: Vec<RawRequest>,
    departures: usize,
    waiting: Vec<Waker>,
}

impl RawServer {
    /// Listens on a free port. Each answer is written as it is: status line, headers, body.
    pub async fn start(answers: impl IntoIterator<Item = impl Into<Answer>>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let log = Arc::new(Log::default());
        let answers: Vec<Answer> = answers.into_iter().map(Into::into).collect();
        let serving = tokio::spawn(serve(listener, answers.into(), Arc::clone(&log)));
        Ok(Self { endpoint, log, serving })
    }

    /// `http://127.0.0.1:PORT`
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What has come in so far.
    pub fn requests(&self) -> Vec<RawRequest> {
        self.log.entries().requests.clone()
    }

    /// Waits until so many requests have come in.
    pub async fn received(&self, count: usize) {
        self.log.until(|log| log.requests.len() >= count).await;
    }

    /// Waits until a client has gone away from so many connections that an [`Answer`] keeps open.
    pub async fn abandoned(&self, count: usize) {
        self.log.until(|log| log.departures >= count).await;
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Log {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, change: impl FnOnce(&mut Entries)) {
        let mut entries = self.entries();
        change(&mut entries);
        entries.waiting.drain(..).for_each(Waker::wake);
    }

    async fn until(&self, holds: impl Fn(&Entries) -> bool) {
        poll_fn(|context: &mut Context<'_>| {
            let mut entries = self.entries();
            if holds(&entries) {
                return Poll::Ready(());
            }
            entries.waiting.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

async fn serve(listener: TcpListener, answers: Arc<[Answer]>, log: Arc<Log>) {
    // Dropped with this future, and with it every connection.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
        // A client that has gone is what some tests are about.
        connections.spawn(async move { drop(converse(stream, &answers, &log).await) });
    }
}

async fn converse(mut stream: TcpStream, answers: &[Answer], log: &Log) -> io::Result<()> {
    let mut request = read_head(&mut stream).await?;
    let mut number = 0;
    log.note(|log| {
        number = log.begun;
        log.begun += 1;
    });
    let Some(answer) = answers.get(number).or(answers.last()) else {
        return Ok(());
    };
    read_body(&mut stream, &mut request, answer.reading).await?;
    log.note(|log| log.requests.push(request));

    stream.write_all(&answer.bytes).await?;
    match &answer.end {
        End::Close => stream.shutdown().await,
        End::Reset => stream.set_zero_linger(),
        End::Wait => {
            while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
            log.note(|log| log.departures += 1);
            Ok(())
        }
        End::Drip(bytes, interval) => {
            for byte in bytes {
                pause(*interval).await;
                stream.write_all(&[*byte]).await?;
            }
            stream.shutdown().await
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> io::Result<RawRequest> {
    let mut received = Vec::new();
    let end = loop {
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut request_line = lines.next().unwrap_or_default().split(' ');
    Ok(RawRequest {
        method: request_line.next().unwrap_or_default().to_owned(),
        target: request_line.next().unwrap_or_default().to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: received.split_off(end + 4),
    })
}

async fn read_body(stream: &mut TcpStream, request: &mut RawRequest, pace: Option<Pace>) -> io::Result<()> {
    let length: usize = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut piece = vec![0; pace.map_or(64 * 1024, |pace| pace.piece)];
    while request.body.len() < length {
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        request.body.extend_from_slice(&piece[..read]);
        if let Some(pace) = pace {
            pause(pace.pause).await;
        }
    }
    Ok(())
}

/// On a thread of its own, so that it depends on no clock that a test may have stopped.
async fn pause(duration: Duration) {
    // An error means that the runtime is being shut down, and this future with it.
    let _ = tokio::task::spawn_blocking(move || std::thread::sleep(duration)).await;
}
