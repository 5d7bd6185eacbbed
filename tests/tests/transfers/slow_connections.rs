//! Uploads over slow connections, with rates and limits scaled up to save time.
//!
//! Protects: a connection of 8 KiB/s is fast enough for the default idle timeout of 60 s, although hyper and the kernel take
//! bytes in steps. If it is slow from its first byte, the upload succeeds at the first attempt; if it becomes slow, at the
//! second at the latest.

#![cfg(unix)]

use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use qingstor_sdk::{QingStor, RetryConfig};
use qingstor_tests::{TestBucket, content};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, interval};

const IDLE_TIMEOUT: Duration = Duration::from_secs(2);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(4);
/// As many bytes within the idle timeout as 8 KiB/s are within the default.
const BYTES_PER_SECOND: usize = 60 * (8 << 10) / 2;
const PACKET: usize = 2048;

/// Bytes that pass at once before a connection becomes slow, so that the waiting bytes are in different places then.
const HEADS: [usize; 5] = [0, 4 << 10, 12 << 10, 24 << 10, 48 << 10];
/// So many bytes that the kernel's send buffer has grown.
const FAST_HEAD: usize = 256 << 10;

/// Starts a slow proxy for a local port and returns its endpoint. The first `head` bytes of the first connection pass at once.
///
/// The receive buffer is small, so that the sender's kernel holds only few of the bytes that it took over.
async fn slow_proxy(to: u16, head: usize) -> io::Result<String> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    SockRef::from(&socket).set_tcp_mss(1448)?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(16)?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        let mut head = head;
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(forward(client, to, std::mem::take(&mut head)));
        }
    });
    Ok(endpoint)
}

async fn forward(client: TcpStream, to: u16, head: usize) -> io::Result<()> {
    let (mut from_server, mut to_server) = TcpStream::connect(("127.0.0.1", to)).await?.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut packet = [0; PACKET];
    let mut forwarded = 0;
    // On a busy machine, late ticks are made up for.
    let mut ticks = interval(Duration::from_secs(1).mul_f64(PACKET as f64 / BYTES_PER_SECOND as f64));
    loop {
        let read = from_client.read(&mut packet).await?;
        if read == 0 {
            return Ok(());
        }
        to_server.write_all(&packet[..read]).await?;
        forwarded += read;
        if forwarded > head {
            ticks.tick().await;
        } else {
            ticks.reset();
        }
    }
}

/// Uploads `size` bytes through a slow proxy and returns the number of attempts.
async fn upload(test: &TestBucket, size: usize, head: usize) -> u32 {
    let bytes = content(size as u64, 1);
    let endpoint = slow_proxy(test.emulator().port(), head).await.unwrap();
    let config = test.config().endpoint(endpoint).retry(RetryConfig::default());
    let account = QingStor::new(config.idle_timeout(IDLE_TIMEOUT).response_timeout(RESPONSE_TIMEOUT)).unwrap();
    let key = format!("after {head}");
    let start = Instant::now();
    let sent = account.bucket(test.name(), test.zone()).upload(&key).bytes(bytes.clone()).send().await;
    let uploaded = sent.unwrap_or_else(|error| panic!("{key}: {error}"));
    assert!(start.elapsed() > 3 * IDLE_TIMEOUT, "{key}: not slow: {:?}", start.elapsed());
    assert!(test.read(&key).await.unwrap() == bytes, "{key}");
    uploaded.attempts
}

#[tokio::test]
async fn connection_that_is_slow_from_its_first_byte_needs_one_attempt() {
    let test = TestBucket::start().await.unwrap();
    let attempts = join_all(HEADS.map(|head| upload(&test, 2 << 20, head))).await;
    assert_eq!(attempts, [1; HEADS.len()]);
}

#[tokio::test]
async fn connection_that_becomes_slow_needs_at_most_two_attempts() {
    let test = TestBucket::start().await.unwrap();
    let attempts = upload(&test, 2 << 20, FAST_HEAD).await;
    assert!((1..=2).contains(&attempts), "{attempts}");
}
