//! Uploads over slow connections.
//!
//! A connection of 8 KiB/s is fast enough for the default idle timeout of 60 s, although hyper and the kernel accept
//! bytes in large steps. The tests use a higher rate and shorter timeouts to save time.

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
/// Rate of the proxy. In 2 s (the idle timeout here), it forwards as many bytes as 8 KiB/s in 60 s (the default).
const BYTES_PER_SECOND: usize = 60 * (8 << 10) / 2;
/// Number of bytes that the proxy forwards at once.
const PACKET: usize = 2048;

/// Numbers of bytes that the proxy forwards before it becomes slow. With each of them, the next bytes wait in other
/// buffers of hyper and the kernel.
const FAST_BYTES: [usize; 5] = [0, 4 << 10, 12 << 10, 24 << 10, 48 << 10];
/// Number of bytes after which the kernel has enlarged its send buffer.
const BYTES_UNTIL_LARGE_BUFFER: usize = 256 << 10;

/// Starts a slow proxy for a local port and returns its endpoint. The first `fast_bytes` of the first connection are
/// not slowed down.
///
/// The receive buffer is small, so that few bytes are in the buffers of the kernel.
async fn slow_proxy(to: u16, fast_bytes: usize) -> io::Result<String> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    SockRef::from(&socket).set_tcp_mss(1448)?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(16)?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        let mut fast_bytes = fast_bytes;
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(forward(client, to, std::mem::take(&mut fast_bytes)));
        }
    });
    Ok(endpoint)
}

async fn forward(client: TcpStream, to: u16, fast_bytes: usize) -> io::Result<()> {
    let (mut from_server, mut to_server) = TcpStream::connect(("127.0.0.1", to)).await?.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut packet = [0; PACKET];
    let mut forwarded = 0;
    // On a busy machine, the interval makes up for late ticks.
    let mut ticks = interval(Duration::from_secs(1).mul_f64(PACKET as f64 / BYTES_PER_SECOND as f64));
    loop {
        let read = from_client.read(&mut packet).await?;
        if read == 0 {
            return Ok(());
        }
        to_server.write_all(&packet[..read]).await?;
        forwarded += read;
        if forwarded > fast_bytes {
            ticks.tick().await;
        } else {
            ticks.reset();
        }
    }
}

/// Uploads `size` bytes through a slow proxy and returns the number of attempts.
async fn upload(test: &TestBucket, size: usize, fast_bytes: usize) -> u32 {
    let bytes = content(size as u64, 1);
    let endpoint = slow_proxy(test.emulator().port(), fast_bytes).await.unwrap();
    let config = test.config().endpoint(endpoint).retry(RetryConfig::default());
    let account = QingStor::new(config.idle_timeout(IDLE_TIMEOUT).response_timeout(RESPONSE_TIMEOUT)).unwrap();
    let key = format!("slow after {fast_bytes} bytes");
    let start = Instant::now();
    let sent = account.bucket(test.name(), test.zone()).upload(&key).bytes(bytes.clone()).send().await;
    let uploaded = sent.unwrap_or_else(|error| panic!("{key}: {error}"));
    assert!(start.elapsed() > 3 * IDLE_TIMEOUT, "{key}: not slow: {:?}", start.elapsed());
    assert!(test.read(&key).await.unwrap() == bytes, "{key}");
    uploaded.attempts
}

#[tokio::test]
async fn upload_over_a_slow_connection_needs_one_attempt() {
    let test = TestBucket::start().await.unwrap();
    let attempts = join_all(FAST_BYTES.map(|fast_bytes| upload(&test, 2 << 20, fast_bytes))).await;
    assert_eq!(attempts, [1; FAST_BYTES.len()]);
}

#[tokio::test]
async fn upload_over_a_connection_that_becomes_slow_needs_at_most_two_attempts() {
    let test = TestBucket::start().await.unwrap();
    let attempts = upload(&test, 2 << 20, BYTES_UNTIL_LARGE_BUFFER).await;
    assert!((1..=2).contains(&attempts), "{attempts}");
}
