//! Memory for what is read of files, used again and again.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::aligned::AlignedBuffer;

/// Large enough that the hop to a blocking thread costs little, small enough that memory stays bounded. Measured: a quarter
/// of it takes a quarter more of CPU time for an upload.
pub(super) const PIECE: usize = 1024 * 1024;

/// What is kept for the next pieces, however many were there at once: 8 MiB.
const MOST_KEPT: usize = 16;

/// Fresh memory of this size comes from the kernel page by page, which costs more than reading into it.
static KEPT: Mutex<Vec<AlignedBuffer>> = Mutex::new(Vec::new());

/// A buffer of [`PIECE`] bytes that is kept when nobody has it any more.
pub(super) struct Piece {
    buffer: Option<AlignedBuffer>,
    length: usize,
}

impl Piece {
    /// With room for `length` bytes, at most [`PIECE`], whose content is anything.
    pub(super) fn of(length: usize) -> Self {
        let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { buffer: Some(kept.unwrap_or_else(|| AlignedBuffer::zeroed(PIECE))), length: length.min(PIECE) }
    }

    pub(super) fn as_mut(&mut self) -> &mut [u8] {
        let length = self.length;
        self.buffer.as_mut().map_or(&mut [], |buffer| &mut buffer.as_mut()[..length])
    }

    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], |buffer| &buffer.as_ref()[..self.length])
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST_KEPT {
            kept.extend(self.buffer.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_as_long_as_was_asked_for_whoever_had_it_before() {
        for length in [PIECE, 1, 0, 1000] {
            let mut piece = Piece::of(length);
            piece.as_mut().fill(7);
            assert_eq!(piece.into_bytes(), vec![7; length]);
        }
    }
}
