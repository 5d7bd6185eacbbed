//! Reusable page-aligned buffers for the bytes of files.
//!
//! For new memory of this size, the kernel has to map every page, which takes longer than reading a file into the
//! buffer.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;

/// Size of the chunks in which files are read from a disk, in bytes.
///
/// In measurements, an upload took 25 % more CPU time with chunks of 256 KiB, and chunks of 2 MiB were not faster.
pub(crate) const CHUNK_SIZE: usize = 1024 * 1024;

/// Maximum size of an HTTP body frame, and of a read from the page cache, in bytes.
///
/// A frame is small enough to be still in the processor's cache when it is sent.
pub(super) const FRAME_SIZE: usize = 256 * 1024;

/// Alignment of buffers. The kernel copies into a page-aligned buffer twice as fast as into an unaligned one.
const PAGE: usize = 4096;

static CHUNKS: LazyLock<Arc<BufferPool>> = LazyLock::new(|| BufferPool::new(CHUNK_SIZE, 16));

/// The pool has enough frames for eight uploads and for the hashing of sixteen parts.
static FRAMES: LazyLock<Arc<BufferPool>> = LazyLock::new(|| BufferPool::new(FRAME_SIZE, 48));

/// A pool of unused buffers of one size.
pub(crate) struct BufferPool {
    free: Mutex<Vec<AlignedMemory>>,
    max_free: usize,
    buffer_size: usize,
}

impl BufferPool {
    /// Creates a pool that keeps at most `max_free` unused buffers of `buffer_size` bytes.
    pub(crate) fn new(buffer_size: usize, max_free: usize) -> Arc<Self> {
        Arc::new(Self { free: Mutex::default(), max_free, buffer_size })
    }

    /// Returns the shared pool of buffers of [`CHUNK_SIZE`] bytes.
    pub(crate) fn chunks() -> &'static Arc<Self> {
        &CHUNKS
    }

    /// Returns the shared pool of buffers of [`FRAME_SIZE`] bytes.
    pub(crate) fn frames() -> &'static Arc<Self> {
        &FRAMES
    }

    /// Returns a buffer of `length` bytes or, if that is less, the size of the pool's buffers. Its content is
    /// arbitrary.
    pub(crate) fn buffer(self: &Arc<Self>, length: u64) -> PooledBuffer {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        PooledBuffer {
            memory: Some(free.unwrap_or_else(|| AlignedMemory::new(self.buffer_size))),
            length: usize::try_from(length).unwrap_or(self.buffer_size).min(self.buffer_size),
            pool: Arc::clone(self),
        }
    }
}

/// A buffer that is returned to its pool when it is dropped.
pub(crate) struct PooledBuffer {
    memory: Option<AlignedMemory>,
    length: usize,
    pool: Arc<BufferPool>,
}

impl PooledBuffer {
    /// Returns the buffer as bytes, without a copy.
    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for PooledBuffer {
    fn as_ref(&self) -> &[u8] {
        self.memory.as_ref().map_or(&[], |memory| &memory.bytes[memory.start..memory.start + self.length])
    }
}

impl AsMut<[u8]> for PooledBuffer {
    fn as_mut(&mut self) -> &mut [u8] {
        let length = self.length;
        self.memory.as_mut().map_or(&mut [], |memory| &mut memory.bytes[memory.start..memory.start + length])
    }
}

impl Drop for PooledBuffer {
    fn drop(&mut self) {
        let mut free = self.pool.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < self.pool.max_free {
            free.extend(self.memory.take());
        }
    }
}

struct AlignedMemory {
    bytes: Vec<u8>,
    /// Index of the first byte that is the start of a page.
    start: usize,
}

impl AlignedMemory {
    fn new(length: usize) -> Self {
        let bytes = vec![0; length + PAGE];
        // `align_offset` may fail. The buffer is then not aligned.
        let start = Some(bytes.as_ptr().align_offset(PAGE)).filter(|padding| *padding < PAGE).unwrap_or(0);
        Self { bytes, start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_has_the_requested_length_after_reuse() {
        let pool = BufferPool::new(CHUNK_SIZE, 1);
        for length in [CHUNK_SIZE as u64, 1, 0, 1000] {
            let mut buffer = pool.buffer(length);
            buffer.as_mut().fill(7);
            assert_eq!(buffer.into_bytes(), vec![7; length as usize]);
        }
        assert_eq!(pool.buffer(u64::MAX).as_ref().len(), CHUNK_SIZE);
    }

    #[test]
    fn pool_keeps_at_most_max_free_buffers() {
        let pool = BufferPool::new(CHUNK_SIZE, 2);
        let buffers: Vec<_> = (0..3).map(|_| pool.buffer(1)).collect();
        drop(buffers);
        assert_eq!(pool.free.lock().unwrap().len(), 2);
    }
}
