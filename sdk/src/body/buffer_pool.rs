//! Memory for what is read of files, used again and again.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;

use super::aligned::AlignedBuffer;

/// Large enough that the hop to a blocking thread costs little, small enough that memory stays bounded. Measured: a quarter
/// of it takes a quarter more of CPU time for an upload, and twice as much is no better.
pub(crate) const PIECE: usize = 1024 * 1024;

/// What is read where it is used is still in the processor's cache when it is sent, if it is no more than this.
pub(super) const FRAME: usize = 256 * 1024;

static PIECES: LazyLock<Arc<PiecePool>> = LazyLock::new(|| PiecePool::keeping(16));

/// As many as eight uploads at the same time have on their way, and the hashing of sixteen parts takes.
static FRAMES: LazyLock<Arc<PiecePool>> = LazyLock::new(|| PiecePool::of(FRAME, 48));

/// Buffers that nobody has at the moment. Fresh memory of this size comes from the kernel page by page, which costs more
/// than reading into it.
pub(crate) struct PiecePool {
    kept: Mutex<Vec<AlignedBuffer>>,
    most_kept: usize,
    size: usize,
}

impl PiecePool {
    /// Keeps that many buffers of [`PIECE`] bytes for the next pieces, however many were there at once.
    pub(crate) fn keeping(most_kept: usize) -> Arc<Self> {
        Self::of(PIECE, most_kept)
    }

    fn of(size: usize, most_kept: usize) -> Arc<Self> {
        Arc::new(Self { kept: Mutex::default(), most_kept, size })
    }

    /// For whatever is read of files.
    pub(super) fn pieces() -> &'static Arc<Self> {
        &PIECES
    }

    /// For what is read of files without waiting, in buffers of [`FRAME`] bytes.
    pub(crate) fn frames() -> &'static Arc<Self> {
        &FRAMES
    }
}

impl fmt::Debug for PiecePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PiecePool").field("most_kept", &self.most_kept).finish_non_exhaustive()
    }
}

/// A buffer that goes back to its pool when nobody has it any more.
#[derive(Debug)]
pub(crate) struct Piece {
    buffer: Option<AlignedBuffer>,
    length: usize,
    pool: Arc<PiecePool>,
}

impl Piece {
    /// With room for `length` bytes, at most what the pool's buffers have, whose content is anything.
    pub(crate) fn of(length: u64, pool: &Arc<PiecePool>) -> Self {
        let kept = pool.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self {
            buffer: Some(kept.unwrap_or_else(|| AlignedBuffer::zeroed(pool.size))),
            length: usize::try_from(length).unwrap_or(pool.size).min(pool.size),
            pool: Arc::clone(pool),
        }
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], |buffer| &buffer.as_ref()[..self.length])
    }
}

impl AsMut<[u8]> for Piece {
    fn as_mut(&mut self) -> &mut [u8] {
        let length = self.length;
        self.buffer.as_mut().map_or(&mut [], |buffer| &mut buffer.as_mut()[..length])
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let mut kept = self.pool.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < self.pool.most_kept {
            kept.extend(self.buffer.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_as_long_as_was_asked_for_whoever_had_it_before() {
        let pool = PiecePool::keeping(1);
        for length in [PIECE as u64, 1, 0, 1000] {
            let mut piece = Piece::of(length, &pool);
            piece.as_mut().fill(7);
            assert_eq!(piece.into_bytes(), vec![7; length as usize]);
        }
        assert_eq!(Piece::of(u64::MAX, &pool).as_ref().len(), PIECE);
    }

    #[test]
    fn no_more_is_kept_than_was_said() {
        let pool = PiecePool::keeping(2);
        let pieces: Vec<Piece> = (0..3).map(|_| Piece::of(1, &pool)).collect();
        drop(pieces);
        assert_eq!(pool.kept.lock().unwrap().len(), 2);
    }
}
