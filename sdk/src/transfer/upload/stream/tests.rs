use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncRead;

use super::*;
use crate::Body;

/// The content, in pieces that are no divisor of any other.
struct Pieces(Vec<u8>);

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let length = buffer.remaining().min(self.0.len()).min(70_001);
        buffer.put_slice(&self.0[..length]);
        self.0.drain(..length);
        Poll::Ready(Ok(()))
    }
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|place| (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

/// Parts of which none has room in memory.
fn on_disk(content: &[u8], part: usize) -> Parts {
    Parts {
        reader: Box::pin(Pieces(content.to_vec())),
        first: part as u64,
        next: 0,
        memory: Arc::new(Semaphore::new(0)),
        budget: 0,
        pool: BufferPool::new(CHUNK_SIZE, 0),
        disk: Arc::new(Semaphore::new(MAX_PARTS_ON_DISK)),
        meter: Meter::new(None, None),
        read: 0,
        is_at_end: false,
    }
}

#[tokio::test]
async fn parts_on_disk_hold_the_bytes_that_were_read() {
    for part in [2 * CHUNK_SIZE, 2 * CHUNK_SIZE + 777, 777] {
        for size in [0, 1, part - 1, part, part + 1, 3 * part - 5, 3 * part] {
            let content = content(size);
            let mut parts = on_disk(&content, part);
            // A reader that gives nothing has a part, too.
            if size == 0 {
                assert_eq!(Body::from_source(parts.next().await.unwrap().unwrap().region).sent().await, content);
            }
            for (number, bytes) in content.chunks(part).enumerate() {
                let read = parts.next().await.unwrap().unwrap();
                let file = read.region.clone();
                assert!(file.path().is_some());
                assert_eq!(file.fingerprint().unwrap().size, bytes.len() as u64, "nothing else is in its file");
                assert_eq!((read.number as usize, read.region.len()), (number, bytes.len() as u64));
                assert!(
                    Body::from_source(read.region).sent().await == bytes,
                    "part {number} of {size} bytes in parts of {part}"
                );
            }
            assert!(parts.next().await.unwrap().is_none(), "{size} bytes in parts of {part}");
            assert_eq!(parts.read, size as u64);
        }
    }
}

#[tokio::test]
async fn at_most_two_parts_are_on_disk() {
    let mut parts = on_disk(&content(3 * CHUNK_SIZE), CHUNK_SIZE);
    let first = parts.next().await.unwrap().unwrap();
    let _second = parts.next().await.unwrap().unwrap();
    assert_eq!(parts.disk.available_permits(), 0);
    drop(first);
    assert_eq!(parts.next().await.unwrap().unwrap().number, 2);
}
