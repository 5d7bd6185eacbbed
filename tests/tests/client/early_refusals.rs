//! Servers that refuse an upload before they have received it, and close the connection.
//!
//! Data that the server has not read makes the kernel reset the connection. The client's write then fails, which must
//! neither hide the response nor make the client send the whole body several times.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{bucket, quick_retries};

const SIZE: usize = 24 << 20;
/// Maximum number of bytes of the body that the second attempt sends before the server has answered.
const MAX_SENT_AGAIN: u64 = 8 * 1024;

/// A server that reads one byte of each request, sends its response and closes the connection.
struct RefusingServer {
    endpoint: String,
    task: JoinHandle<()>,
}

impl RefusingServer {
    async fn start(status: &'static str, code: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let body = format!(r#"{{"code":"{code}","message":"refused"}}"#);
        let response =
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                // The client may have closed the connection.
                if stream.read(&mut [0]).await.is_ok() {
                    let _ = stream.write_all(response.as_bytes()).await;
                }
            }
        });
        Self { endpoint, task }
    }
}

impl Drop for RefusingServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn error_has_the_status_and_at_most_one_frame_is_sent_again() {
    let content = Bytes::from(vec![7; SIZE]);
    for (status, code) in [("403 Forbidden", "permission_denied"), ("413 Payload Too Large", "entity_too_large")] {
        let server = RefusingServer::start(status, code).await;
        let bucket = bucket(&server.endpoint, quick_retries());
        for upload in 0..50 {
            let sent = Arc::new(AtomicU64::new(0));
            let sent_in_last_attempt = Arc::clone(&sent);
            let error = bucket
                .upload("key")
                .bytes(content.clone())
                .part_size(SIZE as u64)
                .checksum(None)
                .on_progress(move |progress| sent_in_last_attempt.store(progress.bytes, Ordering::Relaxed))
                .send()
                .await
                .unwrap_err();
            assert_eq!(error.code(), Some(code), "upload {upload}: {error}");
            assert!(error.status().is_some_and(|found| status.starts_with(found.as_str())), "upload {upload}: {error}");
            assert!(error.attempts() <= 2, "upload {upload}: {error}");
            if error.attempts() == 2 {
                assert!(sent.load(Ordering::Relaxed) <= MAX_SENT_AGAIN, "upload {upload}: {sent:?} bytes: {error}");
            }
        }
    }
}
