//! Uploads over slow lines, here made faster together with what waits for them.
//!
//! Protects: an upload that moves as much within the limit on stalls as 12 KiB a second are in the default limit of 15 s is
//! finished at the first attempt, although neither the kernel nor the HTTP library asks for every byte; and one whose line was
//! fast before it became so slow, at the second at the latest.
//!
//! `QINGSTOR_SLOW_LINES` has lines of 8 KiB a second and the default limit instead, which takes five minutes.

#![cfg(unix)]

use std::time::Duration;
use std::{env, io};

use futures_util::future::join_all;
use qingstor_sdk::{QingStor, RetryConfig};
use qingstor_tests::{TestBucket, content};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, interval};

#[derive(Clone, Copy)]
struct Slowness {
    /// On stalls.
    limit: Duration,
    bytes_within_limit: u64,
}

/// With 8 KiB instead of 12 there would be nothing to spare where the machine is busy: the kernel's buffer is larger here than
/// it is for a line that has always been slow.
const MADE_FASTER: Slowness = Slowness { limit: Duration::from_secs(2), bytes_within_limit: 15 * (12 << 10) };
const AS_IT_IS: Slowness = Slowness { limit: Duration::from_secs(15), bytes_within_limit: 15 * (8 << 10) };

fn slowness() -> Slowness {
    if env::var_os("QINGSTOR_SLOW_LINES").is_some() { AS_IT_IS } else { MADE_FASTER }
}

/// What comes in one go.
const PACKET: usize = 2048;

/// How much comes through at once before that, so that the bytes that wait are in different places when the line becomes
/// slow.
const HEADS: [usize; 5] = [0, 4 << 10, 12 << 10, 24 << 10, 48 << 10];
/// So much that the kernel's buffer has grown, and asks for nothing within the limit.
const FAST_HEAD: usize = 256 << 10;

/// The endpoint of a line to a local port on which so many bytes come through in the limit, but for the first ones of the
/// first connection. The window is small, so that the kernel of who sends holds little of what it took over.
async fn line(to: u16, head: usize, slowness: Slowness) -> io::Result<String> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    SockRef::from(&socket).set_tcp_mss(1448)?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(16)?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        let mut head = head;
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, to, std::mem::take(&mut head), slowness));
        }
    });
    Ok(endpoint)
}

async fn carry(client: TcpStream, to: u16, head: usize, slowness: Slowness) -> io::Result<()> {
    let (mut from_server, mut to_server) = TcpStream::connect(("127.0.0.1", to)).await?.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut packet = [0; PACKET];
    let mut carried = 0;
    // What comes late because the machine is busy is made up for.
    let mut slowly = interval(slowness.limit.mul_f64(PACKET as f64 / slowness.bytes_within_limit as f64));
    loop {
        let read = from_client.read(&mut packet).await?;
        if read == 0 {
            return Ok(());
        }
        to_server.write_all(&packet[..read]).await?;
        carried += read;
        if carried > head {
            slowly.tick().await;
        } else {
            slowly.reset();
        }
    }
}

/// Uploads over such a line, and says how many attempts it took.
async fn upload(test: &TestBucket, size: usize, head: usize, slowness: Slowness) -> u32 {
    let bytes = content(size as u64, 1);
    let endpoint = line(test.emulator().port(), head, slowness).await.unwrap();
    let account = QingStor::new(test.config().endpoint(endpoint).retry(RetryConfig::default())).unwrap();
    let key = format!("after {head}");
    let begun = Instant::now();
    let upload = account.bucket(test.name(), test.zone()).upload(&key).bytes(bytes.clone());
    let sent = upload.stall_timeout(slowness.limit).send().await;
    let uploaded = sent.unwrap_or_else(|error| panic!("{key}: {error}"));
    assert!(begun.elapsed() > 3 * slowness.limit, "{key}: it was not slow: {:?}", begun.elapsed());
    assert!(test.read(&key).await.unwrap() == bytes, "{key}");
    uploaded.attempts
}

#[tokio::test]
async fn a_line_that_is_slow_is_no_stall() {
    let test = TestBucket::start().await.unwrap();
    let attempts = join_all(HEADS.map(|head| upload(&test, 1 << 20, head, slowness()))).await;
    assert_eq!(attempts, [1; HEADS.len()]);
}

#[tokio::test]
async fn a_line_that_becomes_slow_costs_at_most_one_more_attempt() {
    let test = TestBucket::start().await.unwrap();
    let attempts = upload(&test, 2 << 20, FAST_HEAD, slowness()).await;
    assert!((1..=2).contains(&attempts), "{attempts}");
}
